package incident

import (
	"slices"

	"sitrep/policies"
)

// What a person set is told to each audience with the next update to it, and is his
// until then: to an audience that wants a second person's yes, he may not approve it
// himself.
//
//	his      words, and what he set of phase, severity, estimate, title and account,
//	         also where he took it back; that it is out, by opening it or opening it
//	         again; that it is over; what is planned, and how it goes
//	nobody's what sitrep changed by itself since: anybody may approve that
//
// It is counted by the state's version, which each of these moves on: in one moment a
// thing may be told, and set anew.

// setting is who set something last, and at which version.
type setting struct {
	by      string
	version int
}

// What may be set, beside the things of an account.
const (
	aboutOutage   = "outage"
	aboutPhase    = "phase"
	aboutSeverity = "severity"
	aboutEstimate = "estimate"
	aboutTitle    = "title"
	aboutPlan     = "plan"
)

// credit remembers who set what a fact changes, or that nobody did.
func (s *State) credit(f Fact) {
	what := ""
	switch {
	case f.Opened() != nil, f.Resolved() != nil, f.Finished() != nil, f.CalledOff() != nil:
		what = aboutOutage
	case f.Reopened() != nil:
		what = aboutOutage
		delete(s.authors, aboutPhase)
		if f.By == "" { // it is another outage, of which nobody said anything yet
			for about := range s.authors {
				if about != aboutTitle {
					delete(s.authors, about)
				}
			}
		}
	case f.Scheduled() != nil, f.Rescheduled() != nil, f.Reported() != nil:
		what = aboutPlan
	case f.Phased() != nil:
		what = aboutPhase
	case f.Escalated() != nil:
		what = aboutSeverity
	case f.Estimated() != nil:
		what = aboutEstimate
	case f.Titled() != nil:
		what = aboutTitle
	case f.Accounted() != nil:
		what = string(f.Accounted().Thing)
	default:
		return
	}
	if f.By == "" {
		delete(s.authors, what)
		return
	}
	mark(&s.authors, what, setting{f.By, s.Version})
}

// Authors are the people who wrote or set what an audience that reads so has not been
// told yet, the words with that number among it; 0: it carries none.
func (s *State) Authors(audience string, reads policies.Reads, words int) (all []string) {
	if words > 0 {
		all = append(all, s.Words[words-1].By)
	}
	t := s.Told[audience]
	for _, about := range sortedKeys(s.authors) {
		one := s.authors[about]
		if (t == nil || one.version > t.known) && s.fresh(about, t, reads) {
			all = union(all, []string{one.by})
		}
	}
	return all
}

// fresh reports whether an update says something of a thing that its audience does not
// know. What a person set to what they were told is no news.
func (s *State) fresh(about string, t *Told, reads policies.Reads) bool {
	knows := t != nil && t.Heard && t.First > 0
	switch about {
	case aboutOutage, aboutTitle, aboutPlan:
		return true
	case aboutSeverity:
		return !knows || t.Severity != s.Severity
	case aboutPhase:
		return s.Open() && (!knows || t.Phase != s.Phase)
	case aboutEstimate:
		return s.Open() && (!knows || !t.Estimate.Equal(s.Estimate))
	}
	thing := Thing(about)
	p, given := s.Given[thing]
	return slices.Contains(Shown(reads), thing) && (!given || !s.over() || thing.lasts() || s.sinceCalm(p))
}
