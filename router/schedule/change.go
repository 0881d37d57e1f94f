package schedule

import (
	"slices"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// A planned change is told at its announcements, and by the cadence once its planned
// end is past and nobody said that it is done:
//
//	announcements of the policy         its start       its planned end
//	        │           │                   │                 │
//	     announced   announced           started         overrunning ── holding, progress, … by the cadence
//
//	moved:      at once, to who was told of other times; then by the new ones
//	completed:  to who wants to hear of the end, who was promised a next word, and who
//	            was told that it takes longer
//	called off: to everybody who was told
//
// Every word promises the next one, the last before the planned end one at that.

// near is how soon before an announcement another word makes it needless.
const near = 10 * time.Minute

// change returns when the rows of a section begin, for a planned change: each
// announcement once, and the cadence from the planned end on.
func (p section) change(s *incident.State, cadence []policies.Row) []begun {
	w := s.Work
	var all []begun
	add := func(b begun) {
		i := len(all)
		for i > 0 && all[i-1].at.After(b.at) {
			i--
		}
		all = slices.Insert(all, i, b)
	}
	for _, a := range p.announce {
		b := begun{at: w.Start, once: true, why: p.policy + ": announced at its start"}
		switch a.At {
		case policies.AtStart:
			if !w.Begun.IsZero() && w.Begun.Before(w.Start) { // by the clock it begins a moment after it
				b.at = w.Begun
			}
		case policies.BeforeStart:
			b.at, b.needless = w.Start.Add(-a.Before), near
			b.why = p.policy + ": announced " + duration(a.Before) + " before its start"
			if !w.Begun.IsZero() && b.at.After(w.Begun) { // instead of what it can announce no more
				b = begun{at: w.Begun, once: true, why: p.policy + ": it began early"}
			}
		default:
			continue
		}
		add(b)
	}
	rows := rows(cadence, p.sla, w.End)
	for n, b := range rows {
		if b.row.From.Clock != "" { // the clocks may run from another moment on
			b.at, _ = p.sla.Moment(s.StartedAt, b.row.From.Clock, b.row.From.Share)
		}
		if b.at.Before(w.End) {
			b.at = w.End
		}
		rows[n] = b
		add(b)
	}
	over := begun{at: w.End, once: true, why: p.policy + ": its planned end is past"}
	switch {
	case len(rows) > 0: // whenever the word before it came
		for n, b := range rows {
			if n == 0 || b.at.Before(over.at) {
				over.at = b.at
			}
		}
		if over.at.After(w.End) {
			over.why = why(p.policy, rows[0])
		}
		add(over)
	case p.announces(policies.AtEnd):
		add(over)
	}
	return all
}

func (p section) announces(at policies.Point) bool {
	return slices.ContainsFunc(p.announce, func(a policies.Announcement) bool { return a.At == at })
}

// news returns what is due at once of a planned change: other times than an audience was
// told, or how it goes, where it wants to hear that.
func (p section) news(s *incident.State, t *incident.Told) (Due, bool) {
	w := s.Work
	if s.Kind != incident.Change || t == nil || t.Work == nil || !t.Heard {
		return Due{}, false
	}
	// What says nothing new to who waits for a yes leaves him as he was; to others a thing
	// of the very moment of their last word is news.
	since := func(at time.Time) bool { return at.After(t.LastAt) || at.Equal(t.LastAt) && !p.audience.Approval }
	if t.Work.Moved(w) && since(w.MovedAt) {
		return Due{At: w.MovedAt, Why: "its times were changed by " + w.MovedBy}, true
	}
	if t.Work.Touches(w) && since(w.TouchedAt) {
		return Due{At: w.TouchedAt, Why: "what it touches was changed by " + w.TouchedBy}, true
	}
	if p.announces(policies.AtDecision) && w.Course != t.Work.Course && since(w.SaidAt) {
		return Due{At: w.SaidAt, Why: "how it goes, by " + w.SaidBy}, true
	}
	return Due{}, false
}

// changeKind says what an update on a planned change is to its audience.
func changeKind(s *incident.State, t *incident.Told, words bool, account string) incident.UpdateKind {
	w := s.Work
	first := t == nil || t.First == 0 || s.Cancelled[t.First] != nil && t.Last == t.First || t.Work == nil
	switch {
	case first && w.Begun.IsZero():
		return incident.Announced
	case first && w.Over:
		return incident.First
	case !first && (t.Work.Moved(w) || t.Work.Touches(w)):
		return incident.Moved
	case first:
		return incident.Started
	case words:
		return incident.Progress
	case s.Overran > t.Breaches:
		return incident.Overdue
	case w.Over && !t.Work.Over:
		return incident.Overrunning
	case !w.Begun.IsZero() && !t.Work.Begun:
		return incident.Started
	case t.Severity != s.Severity || !t.Estimate.Equal(s.Estimate) || t.Account != account || t.Work.Course != w.Course:
		if !w.Begun.IsZero() {
			return incident.Progress
		}
		return incident.Announced
	case w.Begun.IsZero():
		return incident.Announced
	}
	return incident.Holding
}

// ending is what the end of a case is.
func ending(s *incident.State) incident.UpdateKind {
	switch {
	case s.Kind != incident.Change:
		return incident.Closing
	case s.Work.CalledOff:
		return incident.Withheld
	}
	return incident.Completed
}

// owed reports whether an audience hears that a change is done.
func (p section) owed(s *incident.State, t *incident.Told) bool {
	return s.Kind != incident.Change || s.Work.CalledOff || p.announces(policies.AtEnd) || !t.PromiseAt.IsZero() || t.Work != nil && t.Work.Overran || t.Heir
}

// opening is the first word that an audience gets by some channel.
func opening(s *incident.State) incident.UpdateKind {
	if s.Kind == incident.Change {
		return changeKind(s, nil, false, "")
	}
	return incident.First
}

// foretold reports whether all that an update says was planned: nobody is asked for
// words for it.
func foretold(k incident.UpdateKind) bool {
	return k == incident.Announced || k == incident.Started || k == incident.Moved
}
