package words

import (
	"slices"
	"strconv"
	"strings"
)

// concerned returns the kinds of message in which words of the operator's own are
// said: the others are as they ship, and were checked before they did.
func (l *language) concerned() []Kind {
	own := make(map[string]bool) // by part: it is one, or includes one
	var says func(name string, on []string) bool
	says = func(name string, on []string) bool {
		if known, is := own[name]; is || slices.Contains(on, name) {
			return known
		}
		t := l.parts.Lookup(name)
		if t == nil {
			return false
		}
		found := l.own[name]
		for _, n := range includes(t.Tree) {
			found = says(n.Name, append(on, name)) || found
		}
		if len(on) == 0 { // below others, what includes itself is not whole
			own[name] = found
		}
		return found
	}
	for name := range l.own {
		if strings.HasPrefix(name, grammar) { // how it speaks is in all of them
			return Kinds()
		}
	}
	var all []Kind
	for _, o := range occasions() {
		if slices.Contains(all, o.Kind) {
			continue
		}
		for _, part := range parts(o) {
			if slices.ContainsFunc(l.told(part.name, o), func(name string) bool { return says(name, nil) }) {
				all = append(all, o.Kind)
				if joins(o) && !slices.Contains(all, Combined) {
					all = append(all, Combined)
				}
				break
			}
		}
	}
	return all
}

// told returns the names under which a part is said on an occasion: several where it
// has several phrasings.
func (l *language) told(part string, f *facts) (names []string) {
	for _, name := range candidates(part, f) {
		for n := range l.turns[name] {
			names = append(names, name+"."+strconv.Itoa(n+1))
		}
		if len(names) > 0 {
			return names
		}
		if l.parts.Lookup(name) != nil {
			return []string{name}
		}
	}
	return nil
}
