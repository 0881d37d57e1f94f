package schedule

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// TestKinds is every situation of an audience: what it is due, when, and why.
// The audience is the board: first row from 15m every 1h, from 100% of the
// expected hour every 30m.
func TestKinds(t *testing.T) {
	const m = time.Minute
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	fire := func(d time.Duration, severity string) incident.Input {
		return incident.Input{At: at(d), Alerts: []incident.Observation{firing("A", severity, noon, true, time.Time{})}}
	}
	calm := func(d time.Duration) incident.Input {
		return incident.Input{At: at(d), Alerts: []incident.Observation{firing("A", "warning", noon, false, at(d))}}
	}
	say := func(d time.Duration, phase incident.Phase, audiences ...string) incident.Input {
		return incident.Input{At: at(d), ID: "x", By: "oncall", Say: &incident.Say{Incident: "SR-1", Texts: map[string]string{"": "words"}, Phase: phase, Audiences: audiences}}
	}
	account := func(d time.Duration, ruledOut string) incident.Input {
		texts := map[string]string{"": ruledOut}
		if ruledOut == "" {
			texts = nil
		}
		return incident.Input{At: at(d), ID: "x", By: "oncall", Set: &incident.Set{Incident: "SR-1", Account: incident.Account{incident.RuledOut: texts}}}
	}
	for _, c := range []struct {
		name   string
		play   func(s *simulation)
		change func(r *Rules)
		now    time.Duration
		want   string
	}{
		{"no incident yet", func(s *simulation) { s.input(fire(0, "warning")) }, nil, 4 * m, ""},
		{"open, before its first row", func(s *simulation) { s.input(fire(0, "warning")); s.until(at(6 * m)) }, nil, 6 * m,
			"12:15 first, promises 13:05 (critical: from 15m, every 1h)"},
		{"open after its first row began", func(s *simulation) { s.input(fire(20*m, "warning")) }, func(r *Rules) {}, 20 * m,
			"13:00 holding, promises 13:35 (critical: from 100% expected, every 30m)"},
		{"nothing changed", func(s *simulation) { s.input(fire(0, "warning")); s.until(at(16 * m)) }, nil, 20 * m,
			"13:00 holding, promises 13:35 (critical: from 100% expected, every 30m)"},
		{"the severity rose", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(16 * m))
			b := firing("B", "critical", at(17*m), true, time.Time{})
			s.input(incident.Input{At: at(17 * m), Alerts: []incident.Observation{b}})
		}, nil, 20 * m,
			"13:00 progress, promises 13:35 (critical: from 100% expected, every 30m)"},
		{"it calmed down", func(s *simulation) { s.input(fire(0, "warning")); s.until(at(16 * m)); s.input(calm(17 * m)) }, nil, 20 * m,
			"13:00 progress, promises 13:35 (critical: from 100% expected, every 30m)"},
		{"an alert says something new of it", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(16 * m))
			a := firing("A", "warning", noon, true, time.Time{})
			a.Account = incident.Account{incident.Impact: {"": "Nobody can mail."}}
			s.input(incident.Input{At: at(17 * m), Alerts: []incident.Observation{a}})
		}, nil, 20 * m,
			"13:00 progress, promises 13:35 (critical: from 100% expected, every 30m)"},
		{"a person says something of it", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(16 * m))
			s.input(account(17*m, "No attack."))
		}, nil, 20 * m,
			"13:00 progress, promises 13:35 (critical: from 100% expected, every 30m)"},
		{"a person says something that this audience is not shown", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(16 * m))
			s.input(account(17*m, "No attack."))
		}, func(r *Rules) {
			board := *r.Audiences["board"]
			board.Reads = policies.Staff
			for _, p := range r.Policies {
				for i := range p.Updates {
					if p.Updates[i].Audience.Name == "board" {
						p.Updates[i].Audience = &board
					}
				}
			}
		}, 20 * m,
			"13:00 holding, promises 13:35 (critical: from 100% expected, every 30m)"},
		{"and it was told so", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(10 * m))
			s.input(account(12*m, "No attack."))
			s.until(at(16 * m))
		}, nil, 20 * m,
			"13:00 holding, promises 13:35 (critical: from 100% expected, every 30m)"},
		{"and took it back before it was told", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(16 * m))
			s.input(account(17*m, "No attack."))
			s.input(account(18*m, ""))
		}, nil, 20 * m,
			"13:00 holding, promises 13:35 (critical: from 100% expected, every 30m)"},
		{"the operator says something else of the service", func(s *simulation) { s.input(fire(0, "warning")); s.until(at(16 * m)) }, func(r *Rules) {
			own := *r.Services["mail"]
			own.Impact = policies.Texts{"": "Nobody can mail."}
			r.Services = map[string]*policies.Service{"mail": &own}
		}, 20 * m,
			"13:00 progress, promises 13:35 (critical: from 100% expected, every 30m)"},
		{"words for it", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(16 * m))
			incident.Advance(s.ir, s.s, say(20*m, "", "board"))
		}, nil, 20 * m,
			"12:20 progress, promises 13:05 (words of oncall) words 1"},
		{"words for it before its first row", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(6 * m))
			incident.Advance(s.ir, s.s, say(7*m, "", "board"))
		}, nil, 7 * m,
			"12:07 first, promises 13:05 (words of oncall) words 1"},
		{"words for others", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(16 * m))
			s.input(say(20*m, "", "it"))
		}, nil, 20 * m,
			"13:00 holding, promises 13:35 (critical: from 100% expected, every 30m)"},
		{"a phase that others were told", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(16 * m))
			s.input(say(20*m, incident.Identified, "it"))
		}, nil, 20 * m,
			"13:00 progress, promises 13:35 (critical: from 100% expected, every 30m)"},
		{"over, and it was told", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(16 * m))
			s.input(calm(17 * m))
			incident.Advance(s.ir, s.s, incident.Input{At: at(22 * m)})
		}, nil, 22 * m,
			"12:22 closing (it is over)"},
		{"over, and it never heard of it", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(6 * m))
			s.input(calm(7 * m))
			s.until(at(20 * m))
		}, nil, 20 * m, ""},
		{"over, and it was told so", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(16 * m))
			s.input(calm(17 * m))
			s.until(at(30 * m))
		}, nil, 30 * m, ""},
		{"a relapse", func(s *simulation) {
			s.input(fire(0, "warning"))
			s.until(at(16 * m))
			s.input(calm(17 * m))
			s.until(at(30 * m))
			s.input(incident.Input{At: at(40 * m), Alerts: []incident.Observation{firing("A", "warning", at(40*m), true, time.Time{})}})
			s.until(at(46 * m))
		}, nil, 46 * m,
			"12:55 reopened, promises 13:45 (critical: from 15m, every 1h)"},
		{"the policy names it no more", func(s *simulation) { s.input(fire(0, "warning")); s.until(at(16 * m)) }, func(r *Rules) {
			only := *r.Policies[0]
			only.Updates = only.Updates[:1]
			old := *r.Policies[0]
			old.Name = "old"
			r.Policies = []*policies.Policy{&only, &old}
		}, 20 * m,
			"13:00 holding, promises 13:35 (critical: from 100% expected, every 30m)"}, // as it was foreseen
		{"the configuration knows it no more", func(s *simulation) { s.input(fire(0, "warning")); s.until(at(16 * m)) }, func(r *Rules) {
			only := *r.Policies[0]
			only.Updates = only.Updates[:1]
			r.Policies = []*policies.Policy{&only}
			r.Audiences = map[string]*policies.Audience{"it": r.Audiences["it"]}
		}, 20 * m, ""},
		{"sitrep was away", func(s *simulation) { s.input(fire(0, "warning")); s.until(at(16 * m)) }, nil, 150 * m,
			"13:00 holding, promises 15:05 (critical: from 100% expected, every 30m) late"},
		{"no policy is for it", func(s *simulation) { s.input(fire(0, "warning")); s.until(at(6 * m)) }, func(r *Rules) { r.Policies = nil }, 6 * m, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			ir, sr := town()
			s := &simulation{ir: ir, sr: sr, s: incident.NewState("mail"), now: noon, fail: t.Fatalf}
			c.play(s)
			if c.change != nil {
				c.change(&sr)
			}
			due, next, wake := Plan(sr, s.s, at(c.now))
			var got []string
			for _, d := range append(due, next...) {
				if d.Audience != "board" {
					continue
				}
				line := fmt.Sprintf("%s %s", d.At.Format("15:04"), d.Kind)
				if !d.Promise.IsZero() {
					line += d.Promise.Format(", promises 15:04")
				}
				line += " (" + d.Why + ")"
				if d.Words > 0 {
					line += fmt.Sprintf(" words %d", d.Words)
				}
				if d.Late {
					line += " late"
				}
				got = append(got, line)
				if d.At.After(at(c.now)) && wake.After(d.At) {
					t.Errorf("the wake-up at %v is later than what is due at %v", wake, d.At)
				}
			}
			if strings.Join(got, "\n") != c.want {
				t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n"), c.want)
			}
		})
	}
}
