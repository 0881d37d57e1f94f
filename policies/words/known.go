package words

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sitrep/policies"
)

// spoken is a part that the composer says.
type spoken struct {
	name string
	must bool // of every message in which it has a place
	// place reports whether a message has one for it; nil: every message has.
	place func(*facts) bool
}

// composed are all parts that the composer says; a template that is none of
// them, and that none includes, is never heard.
var composed = []spoken{
	{name: "subject", must: true}, {name: "preheader", must: true}, {name: "state", must: true},
	{name: "headline", must: true}, {name: "opening", must: true}, {name: "chain"},
	{name: "drill.mark", must: true}, {name: "drill.note", must: true},
	{name: "label.words", must: true}, {name: "label.known", must: true}, {name: "account"}, {name: "body"},
	{name: "next", must: true}, {name: "label.ask", must: true, place: asks}, {name: "asks.more", must: true, place: asks},
	{name: "how"}, {name: "command"}, {name: "facts"}, {name: "expected"}, {name: "agreed"},
	{name: "label.alerts", must: true}, {name: "alert.firing", must: true}, {name: "alert.stopped", must: true}, {name: "alerts.more", must: true},
	{name: "label.answer", must: true, place: answered}, {name: "label.link", must: true}, {name: "foot", must: true},
	{name: "phrase.late", must: true}, {name: "phrase.missed", must: true},
	{name: "title", place: joins}, {name: "piece.next", place: joins}, {name: "item", must: true, place: joins}, {name: "items.more", must: true, place: joined},
	{name: "sms.head", must: true}, {name: "sms.missed", must: true}, {name: "sms.chain"}, {name: "sms.body"}, {name: "sms.next", must: true}, {name: "sms.sign"},
	{name: "event.title", must: true, place: dated},
}

// asks reports whether updates that fall due are quoted, answered whether its reader
// may answer it, joined whether it is
// about several incidents, joins whether it may be a piece of such a message, and
// dated whether it comes with an entry for a calendar.
func asks(f *facts) bool     { return f.Kind == Nudge }
func answered(f *facts) bool { return f.ToTeam() }
func joined(f *facts) bool   { return f.Kind == Combined }
func joins(f *facts) bool {
	return f.Kind == Nudge || slices.Contains(kinds, f.Kind) && !slices.Contains(alone, f.Kind)
}
func dated(f *facts) bool { return f.Change != nil && slices.Contains(withEvent, f.Kind) }

// parts are those of the composed ones that a message has a place for.
func parts(f *facts) []spoken {
	return slices.DeleteFunc(slices.Clone(composed), func(part spoken) bool { return part.place != nil && !part.place(f) })
}

// occasions are all kinds of message, as all who read them, as the parts are
// looked for by them: those of planned changes too.
func occasions() []*facts {
	var all []*facts
	add := func(kind Kind, reads string, change *plannedWork) {
		all = append(all, &facts{Kind: kind, Reads: reads, Number: 1, Change: change})
	}
	for _, kind := range slices.Concat(kinds, teamKinds) {
		for _, reads := range readersOf(kind) {
			if !slices.Contains(ofChange, kind) {
				add(kind, reads, nil)
			}
			if !kind.own() && !slices.Contains(neverOfChange, kind) {
				add(kind, reads, &plannedWork{})
			}
		}
	}
	for _, reads := range slices.Concat([]string{""}, audiences, teams) {
		add(Combined, reads, nil)
	}
	return all
}

// heard returns the names of the parts that are said on some occasion, and those
// of all that could be.
func (l *language) heard() (said map[string]bool, could []string) {
	said = make(map[string]bool)
	for _, o := range occasions() {
		for _, part := range parts(o) {
			names := candidates(part.name, o)
			could = append(could, names...)
			for _, name := range names {
				if l.turns[name] > 0 || l.parts.Lookup(name) != nil {
					said[name] = true
					break
				}
			}
		}
	}
	slices.Sort(could)
	return said, slices.Compact(could)
}

// idle finds own parts that nothing says and no other part includes, and what
// parts include that is not there.
func (l *language) idle() error {
	var faults []error
	included := make(map[string]bool)
	for _, t := range l.all() {
		for _, n := range includes(t.Tree) {
			if n.Name != t.Name() {
				included[n.Name] = true
			}
			if l.parts.Lookup(n.Name) == nil {
				faults = append(faults, fmt.Errorf("%s: %q includes %q, and there is no such part%s", place(t.Tree, n), t.Name(), n.Name, meant(n.Name, l.names())))
			}
		}
	}
	said, could := l.heard()
	for _, t := range l.all() {
		name := unnumbered(t.Name())
		switch {
		case !l.own[t.Name()] || said[name] || included[t.Name()] || strings.HasPrefix(name, grammar):
		case slices.Contains(could, name):
			if by := l.eclipsed(name); by != "" {
				faults = append(faults, fmt.Errorf("%s: %q is never said: %s that ship are more special\n    hint: define those that are to say something else", place(t.Tree, t.Root), name, by))
			}
		default:
			faults = append(faults, fmt.Errorf("%s: no message says %q, and no part includes it%s", place(t.Tree, t.Root), name, meant(name, could)))
		}
	}
	return errors.Join(faults...)
}

// eclipsed says which parts that ship are found before one of the operator's own,
// that is never found; nothing where his own are.
func (l *language) eclipsed(name string) string {
	var before []string
	for _, o := range occasions() {
		for _, part := range parts(o) {
			names := candidates(part.name, o)
			i := slices.Index(names, name)
			if i < 0 {
				continue
			}
			for _, special := range names[:i] {
				if l.ships(special) {
					before = append(before, special)
				}
				if l.turns[special] > 0 || l.parts.Lookup(special) != nil {
					break
				}
			}
		}
	}
	slices.Sort(before)
	before = slices.Compact(before)
	const shown = 3
	if more := len(before) - shown; more > 0 {
		before = append(before[:shown:shown], fmt.Sprintf("%d more", more))
	}
	return strings.Join(before, ", ")
}

// ships reports whether a part is one of those that ship.
func (l *language) ships(name string) bool {
	if l.turns[name] > 0 {
		name += ".1"
	}
	return l.parts.Lookup(name) != nil && !l.own[name]
}

// unfinished finds what a language that does not ship lacks to say every message.
func (l *language) unfinished() error {
	lacks, asked := make(map[string][]string), make(map[string]int)
	var order []string
	for _, o := range occasions() {
		for _, part := range parts(o) {
			if !part.must {
				continue
			}
			asked[part.name]++
			if l.find(part.name, o) == nil {
				if lacks[part.name] == nil {
					order = append(order, part.name)
				}
				lacks[part.name] = append(lacks[part.name], string(o.Kind))
			}
		}
	}
	var faults []error
	for _, name := range order {
		if kinds := slices.Compact(lacks[name]); len(lacks[name]) < asked[name] {
			name += fmt.Sprintf(" (of %s)", strings.Join(kinds, ", "))
		}
		faults = append(faults, fmt.Errorf("%s: the language %q lacks the part %s", l.folder, l.code, name))
	}
	return errors.Join(faults...)
}

func (l *language) names() []string {
	var all []string
	for _, t := range l.all() {
		all = append(all, t.Name())
	}
	return all
}

// meant is a hint at the known word that a wrong one may have been meant as;
// empty where there is none.
func meant(word string, known []string) string {
	if s := policies.Nearest(word, known); s != "" {
		return fmt.Sprintf("\n    hint: did you mean %q?", s)
	}
	return ""
}
