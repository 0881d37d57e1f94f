package casebook

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"pgregory.net/rapid"

	"sitrep/router/incident"
)

// What every single person got, by the letters of the post.

// once: nobody gets an update twice.
func once(rt *rapid.T, s *post) {
	seen := map[string]letter{}
	for _, l := range s.letters {
		key := fmt.Sprint(l.address, l.incident, l.update)
		if before, twice := seen[key]; twice {
			rt.Fatalf("twice:\n%+v\n%+v", before, l)
		}
		seen[key] = l
	}
}

// told: whoever was told of something is told that it is over, once, by the
// incident that told him or the one that took it over.
func told(rt *rapid.T, s *post) {
	heir := map[string]string{} // incident, to the one that took it over last
	for _, f := range s.facts {
		switch {
		case f.Joined() != nil && f.Incident != "":
			heir[f.Incident] = f.Joined().Incident
		case f.Parted() != nil && f.Incident != "" && !f.Parted().Over:
			delete(heir, f.Incident)
		}
	}
	for _, f := range s.facts { // what outlasts its cause is told of to its end
		if f.Parted() == nil || f.Parted().Over {
			continue
		}
		for _, h := range f.Parted().Heirs {
			if !slices.ContainsFunc(s.letters, func(l letter) bool {
				return l.audience == h.Audience && l.kind == incident.Closing && (l.at.After(f.At) || l.at.Equal(f.At) && l.incident != f.Parted().Incident)
			}) {
				rt.Fatalf("%v: %s never heard of its end", f, h.Audience)
			}
		}
	}
	changes := map[string]bool{} // of those see toldOfChanges; what became an outage may end another
	for _, f := range s.facts {
		changes[f.Incident] = changes[f.Incident] || f.Scheduled() != nil
	}
	type reader struct{ address, audience, incident string }
	last := map[reader]letter{}
	for _, l := range s.letters {
		if l.team {
			continue
		}
		r := reader{l.address, l.audience, l.incident}
		// By mail, which waited for hours or was out, an end may follow an end: the
		// relapse between them was told by SMS alone. And what was told by another incident
		// ends with the one that took it over.
		took := func(f incident.Fact) bool {
			return !f.At.Before(last[r].at) && (f.Joined() != nil && f.Joined().Incident == l.incident || f.Parted() != nil && f.Incident == l.incident)
		}
		elsewhere := func(m letter) bool {
			return m.audience == l.audience && m.incident == l.incident && m.kind != incident.Closing && m.address != l.address &&
				m.at.After(last[r].at) && !m.at.After(l.at)
		}
		if !changes[l.incident] && l.kind == incident.Closing && last[r].kind == incident.Closing && !l.catchUp && !slices.ContainsFunc(s.letters, elsewhere) && !slices.ContainsFunc(s.facts, took) {
			rt.Fatalf("told of the end twice: %+v", l)
		}
		last[r] = l
	}
	for r, l := range last {
		if l.kind == incident.Closing || changes[r.incident] {
			continue
		}
		over := false
		for by := heir[r.incident]; by != "" && !over; by = heir[by] {
			over = last[reader{r.address, r.audience, by}].kind == incident.Closing
		}
		if !over {
			rt.Fatalf("never told of the end: %+v", l)
		}
	}
}

// calm: nobody gets two scheduled updates within a minute, unless something
// happened between them that nobody could foresee.
func calm(rt *rapid.T, s *post) {
	letters := slices.Clone(s.letters)
	sort.SliceStable(letters, func(i, j int) bool { return letters[i].at.Before(letters[j].at) })
	last := map[string]letter{}
	for _, l := range letters {
		if !l.scheduled {
			continue
		}
		key := l.address
		if l.team {
			key += " asked"
		}
		before, any := last[key]
		last[key] = l
		if !any || l.at.Sub(before.at) >= time.Minute || before.combined && l.combined && before.at.Equal(l.at) ||
			!l.due.Before(before.planned.Add(ahead)) { // too far ahead to know when that was planned
			continue
		}
		if !slices.ContainsFunc(s.facts, func(f incident.Fact) bool { return turn(f, before, l) }) {
			rt.Fatalf("within a minute:\n%+v\n%+v", before, l)
		}
	}
}

// turn reports whether a fact between two letters changed when the second comes.
func turn(f incident.Fact, before, l letter) bool {
	switch {
	case f.At.Before(before.planned) || f.At.After(l.at):
		return false
	case f.By != "" && f.At.Equal(before.planned): // what a person decides is told by itself
		return true
	case f.Incident != l.incident && (f.Incident != before.incident || f.At.Equal(before.planned) && l.planned.After(before.planned)):
		return false
	}
	return f.Conducted() || f.Added() != nil || f.Removed() != nil || f.Estimated() != nil || f.Steered() != nil || f.Opened() != nil || f.Reopened() != nil || f.Escalated() != nil || f.Phased() != nil || f.Said() != nil ||
		f.Caused() != nil || f.Eased() != nil || f.Parted() != nil || f.Joined() != nil || f.Fired() != nil || f.Ceased() != nil
}
