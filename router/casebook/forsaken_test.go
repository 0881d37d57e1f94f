package casebook

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// TestWhatNobodyApprovesIsGivenUp: an end, and what takes back an update, wait for a yes
// for a week, and the incident stays for it; then nothing of it waits, nobody can say
// yes any more, and the incident may be forgotten.
func TestWhatNobodyApprovesIsGivenUp(t *testing.T) {
	m := func(n float64) time.Time { return noon.Add(time.Duration(n * float64(time.Minute))) }
	yes := func(at time.Time, update int, no bool) incident.Input {
		return incident.Input{At: at, ID: fmt.Sprint("answer", at), By: "bert", Approve: &incident.Approve{Incident: "SR-1", Update: update, No: no}}
	}
	for name, c := range map[string]struct {
		rule          policies.Unapproved
		correct, no   bool
		late          time.Duration // when somebody says yes after all; 0: nobody does
		closed, given bool          // the end went out, something was given up
	}{
		"an end that is held":               {policies.Hold, false, false, 0, false, true},
		"an end that was rejected":          {policies.Hold, false, true, 0, false, true},
		"an end that is approved days late": {policies.Hold, false, false, 6 * 24 * time.Hour, true, false},
		"a plain end":                       {policies.SendHolding, false, false, 0, true, false},
		"a correction":                      {policies.SendHolding, true, false, 0, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy(t)
			p.Audiences[0].Approval, p.Audiences[0].Unapproved = true, c.rule
			p.Audiences[0].Recipients = []policies.Recipient{{Email: "it@example.org"}}
			events := []event{
				{at: m(0), in: incident.Input{At: m(0), Alerts: []incident.Observation{alert("mail", "A1", true, m(0), time.Time{})}}},
				{at: m(3), in: yes(m(3), 1, false)},
			}
			if c.correct {
				events = append(events, event{at: m(20), in: incident.Input{At: m(20), ID: "say", By: "anna", Say: &incident.Say{Incident: "SR-1", Texts: map[string]string{"": "no"}, Corrects: 2}}})
			}
			events = append(events, event{at: m(100), in: ends("mailA1", m(0), m(100))})
			s := play(t, p, events, true) // to four days after
			one := s.book.Incident("SR-1")
			drafts := waiting(one.State)
			days := func(n float64) time.Time { return one.State.ResolvedAt.Add(time.Duration(n * 24 * float64(time.Hour))) }
			pass := func(to time.Time) {
				for wake := s.book.Next(to); wake.Before(to); wake = s.book.Next(to) {
					s.now = wake
					if err := s.book.Tick(wake, s); err != nil {
						t.Fatal(err)
					}
					s.report(s.book)
				}
				s.now = to
			}
			if c.no || c.late > 0 {
				at := days(4)
				if c.late > 0 {
					at = one.State.ResolvedAt.Add(c.late)
				}
				pass(at)
				if _, _, err := s.book.Take(yes(at, drafts[0].Update, c.no), s); err != nil {
					t.Fatal(err)
				}
				s.report(s.book)
			}
			pass(days(6.9))
			if forgettable := s.book.Forgettable(s.now, s.now)["SR-1"]; forgettable == c.given {
				t.Errorf("within the week it is forgettable: %v", forgettable)
			}
			pass(days(7.1))
			given := slices.ContainsFunc(s.facts, func(f incident.Fact) bool { return f.Lapsed() != nil && f.Lapsed().Final })
			closed := slices.ContainsFunc(s.facts, func(f incident.Fact) bool { return f.Planned() != nil && f.Planned().Kind == incident.Closing })
			if given != c.given || closed != c.closed {
				t.Errorf("given up: %v; the end went out: %v", given, closed)
			}
			if !s.book.Forgettable(s.now, s.now)["SR-1"] || len(waiting(one.State))+len(one.State.Corrections) > 0 {
				t.Errorf("after a week it is not over: %+v", waiting(one.State))
			}
			for _, d := range drafts {
				if _, _, err := s.book.Take(yes(s.now, d.Update, false), s); err != nil {
					t.Fatal(err)
				}
				if last := s.facts[len(s.facts)-1]; last.Refused() == nil {
					t.Errorf("a yes after that: %v", last)
				}
			}
			s.again(t, s.book, p, s.now) // a start knows the same
			if t.Failed() {
				for _, f := range s.facts {
					t.Log(f.At.Format("02 15:04:05"), f)
				}
			}
		})
	}
}

// waiting are the drafts that nobody answered, by their number.
func waiting(s *incident.State) (all []*incident.Draft) {
	for _, n := range slices.Sorted(maps.Keys(s.Drafts)) {
		if d := s.Drafts[n]; d.Waits() {
			all = append(all, d)
		}
	}
	return all
}
