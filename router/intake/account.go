package intake

import (
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"

	"sitrep/router/incident"
)

// Most text of an alert is for technical readers: whoever can fire alerts chooses
// it. The annotations of incident.Annotation are written by those who write rules
// for alerts, for every reader, and nothing else of an alert goes to all. They are
// data all the same: cleaned, and cut.

const (
	// maxAccount is how many of them an alert may bring.
	maxAccount = 16
	// maxUnknown is how many names of a webhook are told that look like theirs.
	maxUnknown = 10
)

// account reads what an alert says to every reader; nil where it says nothing.
// Names that only look like those of incident.Annotation are added to unknown.
func account(annotations map[string]string, unknown *[]string) incident.Account {
	var names []string
	for name := range annotations {
		if strings.HasPrefix(name, incident.Annotated) {
			names = append(names, name)
		}
	}
	if names == nil {
		return nil
	}
	// The same alert always keeps the same ones. What is for all languages comes
	// first, since it serves for each.
	slices.SortFunc(names, func(a, b string) int {
		if n := strings.Count(a, "_") - strings.Count(b, "_"); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	var all incident.Account
	kept := 0
	for _, name := range names {
		thing, lang, ok := incident.Annotation(name)
		if !ok {
			notice(unknown, name)
			continue
		}
		text := shorten(clean(annotations[name], len(annotations[name])), incident.MaxText)
		if _, taken := all[thing][lang]; taken || text == "" || kept == maxAccount {
			continue
		}
		if all == nil {
			all = incident.Account{}
		}
		if all[thing] == nil {
			all[thing] = map[string]string{}
		}
		all[thing][lang] = text
		kept++
	}
	return all
}

// notice notes a name, once.
func notice(unknown *[]string, name string) {
	if name = clean(name, maxName); len(*unknown) < maxUnknown && !slices.Contains(*unknown, name) {
		*unknown = append(*unknown, name)
	}
}

// shorten cuts clean text to so many characters, of which the last then says that
// it was cut.
func shorten(s string, limit int) string {
	if len(s) <= limit || utf8.RuneCountInString(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n++; n == limit {
			return strings.TrimSpace(s[:i]) + "…"
		}
	}
	return s
}

// sizeOfAccount is how large it is at most, encoded.
func sizeOfAccount(a incident.Account) int {
	n := 0
	for thing, texts := range a {
		n += encoded(string(thing)) + 4
		for l, text := range texts {
			n += encoded(l) + encoded(text) + 2
		}
	}
	return n
}

var seed = maphash.MakeSeed()

// sumOf tells what an alert says to every reader from what it said before, without
// remembering that.
func sumOf(a incident.Account) (sum uint64) {
	type passage struct {
		thing          incident.Thing
		language, text string
	}
	for thing, texts := range a {
		for l, text := range texts {
			sum += maphash.Comparable(seed, passage{thing, l, text})
		}
	}
	return sum
}
