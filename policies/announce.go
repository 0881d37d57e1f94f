package policies

import (
	"cmp"
	"slices"
	"time"
)

// Announcement is a moment at which an audience hears of a planned change by itself,
// whether there is anything new or not.
type Announcement struct {
	At     Point
	Before time.Duration // of the start; where At is BeforeStart
	Line   int           // of the file, from 1
}

// Point is which moment of a planned change it is.
type Point string

const (
	BeforeStart Point = ""
	AtStart     Point = "start"
	// AtDecision is when somebody said how it goes, asked at the decision time; not
	// that time itself.
	AtDecision Point = "decision"
	// AtEnd is when a person said that it is done; not the planned end, at which
	// nothing is done.
	AtEnd Point = "end"
)

// maxAhead is how long ahead a change may be announced.
const maxAhead = 365 * 24 * time.Hour

// Announces reports whether the audience hears at a point.
func (u Updates) Announces(at Point) bool {
	return slices.ContainsFunc(u.Announce, func(a Announcement) bool { return a.At == at })
}

// announce reads when an audience hears of a planned change: [1d, 1h, start, end].
func (l *loader) announce(p *Policy, v value) (all []Announcement) {
	if v.absent() {
		return nil
	}
	if w := (written{Policy: p}); !w.takes("kind", "change") {
		l.fail(v.at, "match kind=\"change\", or remove it", "only planned changes are announced, and policy %q takes none", p.Name)
		return nil
	}
	const hint = "durations before the start, such as 1d or 1h, and start, decision, end"
	for _, item := range l.someOf(v, hint) {
		s, ok := l.text(item)
		if !ok {
			continue
		}
		a := Announcement{At: Point(s), Line: item.at.line}
		if !slices.Contains([]Point{AtStart, AtDecision, AtEnd}, a.At) {
			a.At = BeforeStart
			if a.Before, ok = l.durationOf(item, s, false); !ok {
				continue
			}
			if a.Before > maxAhead {
				l.fail(item.at, "a year at most", "%s is too long before a change", s)
				continue
			}
		}
		if slices.ContainsFunc(all, func(b Announcement) bool { return a.At == b.At && a.Before == b.Before }) {
			l.fail(item.at, "remove one", "%s appears twice", s)
			continue
		}
		all = append(all, a)
	}
	if len(all) > 0 && !slices.ContainsFunc(all, func(a Announcement) bool { return a.At == BeforeStart || a.At == AtStart }) {
		l.fail(v.at, "add start, or how long before, such as 1d", "who is not told that a change comes or begins is not told of its %s either", all[0].At)
	}
	slices.SortStableFunc(all, func(a, b Announcement) int { return cmp.Compare(b.Before, a.Before) })
	return all
}

// windowCounts reads from when the SLA clocks of a planned change run.
func (l *loader) windowCounts(p *Policy, v value) bool {
	counts := l.boolean(v, false)
	if w := (written{Policy: p}); counts && !w.takes("kind", "change") {
		l.fail(v.at, "match kind=\"change\", or remove it", "only planned changes have a window, and policy %q takes none", p.Name)
	}
	return counts
}
