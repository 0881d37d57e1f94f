package schedule

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sitrep/policies"
	"sitrep/router/incident"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// town is a small organisation: one service, three audiences, a policy for
// critical outages and one for the rest.
func town() (incident.Rules, Rules) {
	svc := &policies.Service{
		Name: "mail", SLA: gold, ResolvedAfter: 5 * time.Minute,
		Threshold: []policies.Threshold{{FiringFor: 5 * time.Minute, Alerts: 1}},
	}
	audience := func(name string) *policies.Audience { return &policies.Audience{Name: name} }
	it, management, board := audience("it"), audience("management"), audience("board")
	return incident.Rules{Service: svc, Severities: policies.Severities{"info", "warning", "critical"}, Next: 1},
		Rules{
			Services:  map[string]*policies.Service{"mail": svc},
			Audiences: map[string]*policies.Audience{"it": it, "management": management, "board": board},
			Policies: []*policies.Policy{
				{Name: "critical", Matchers: nil, Updates: []policies.Updates{
					{Audience: it, Cadence: []policies.Row{age(0, 30*time.Minute)}},
					{Audience: management, Cadence: []policies.Row{age(5*time.Minute, time.Hour), part(1, policies.Expected, 30*time.Minute)}},
					{Audience: board, Cadence: []policies.Row{age(15*time.Minute, time.Hour), part(1, policies.Expected, 30*time.Minute), part(.75, policies.Agreed, 15*time.Minute)}},
				}},
			},
		}
}

// simulation plays inputs through the pure core as the router does: it wakes
// when something is due, and every update is accepted at once.
type simulation struct {
	ir    incident.Rules
	sr    Rules
	s     *incident.State
	now   time.Time
	facts []incident.Fact
	sent  []incident.Fact
	fail  func(string, ...any)
}

func (m *simulation) input(in incident.Input) {
	m.facts = append(m.facts, incident.Advance(m.ir, m.s, in)...)
	for range 10 {
		due, _, _ := Plan(m.sr, m.s, in.At)
		if len(due) == 0 {
			return
		}
		for _, d := range due {
			p := incident.Planned{
				Update: m.s.Updates + 1, Audience: d.Audience, Kind: d.Kind, Number: 1, DueAt: d.At, NextAt: d.Next, NextWhy: d.NextWhy, PromiseAt: d.Promise,
				Channels: channelsOf(m.sr, d), Behind: d.Behind, CatchUp: d.CatchUp, Roster: []string{"r"}, Deliveries: 1, Parts: 1, Words: d.Words, Why: d.Why, Policy: d.Policy, Late: d.Late, Account: d.Account,
			}
			if t := m.s.Told[d.Audience]; t != nil {
				p.Number, p.First, p.Previous, p.Promised = t.Count+1, t.First, t.Last, t.PromiseAt
			}
			f := incident.Fact{At: in.At, Service: "mail", Incident: m.s.ID, Body: &p}
			incident.Apply(m.s, f)
			m.facts, m.sent = append(m.facts, f), append(m.sent, f)
			receipt := incident.Input{At: in.At, Receipt: &incident.Receipt{Incident: m.s.ID, Delivered: incident.Delivered{
				Update: p.Update, Part: fmt.Sprintf("%s.%d.0.email", m.s.ID, p.Update), Accepted: 1, LastAt: in.At,
			}}}
			m.facts = append(m.facts, incident.Advance(m.ir, m.s, receipt)...)
		}
	}
	m.fail("planning at %v does not come to an end", in.At)
}

func channelsOf(r Rules, d Due) []string {
	if d.Channels != nil {
		return d.Channels
	}
	return r.Audiences[d.Audience].Channels
}

// until lets time pass, waking when the core asks for it.
func (m *simulation) until(end time.Time) {
	for range 10_000 {
		_, _, wake := Plan(m.sr, m.s, m.now)
		if at := incident.Wake(m.ir, m.s); wake.IsZero() || (!at.IsZero() && at.Before(wake)) {
			wake = at
		}
		if wake.IsZero() || wake.After(end) {
			m.now = end
			return
		}
		if !wake.After(m.now) {
			m.fail("a wake-up at %v, which is not after %v", wake, m.now)
			return
		}
		m.now = wake
		m.input(incident.Input{At: m.now})
	}
	m.fail("it never comes to rest before %v", end)
}

func firing(name, severity string, starts time.Time, on bool, ends time.Time) incident.Observation {
	return incident.Observation{
		Fingerprint: name, Firing: on, StartsAt: starts, EndsAt: ends,
		Labels: map[string]string{"alertname": name, "severity": severity, "service": "mail"},
	}
}

// TestNobodyIsForgotten: whatever alerts and people do, nobody is told twice at
// a time, every promise is kept, everyone who was told hears of the end, once,
// and replaying the facts gives the live state.
func TestNobodyIsForgotten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ir, sr := town()
		m := &simulation{ir: ir, sr: sr, s: incident.NewState("mail"), now: noon, fail: rt.Fatalf}
		starts := map[string]time.Time{}
		for n := range rapid.IntRange(1, 25).Draw(rt, "steps") {
			m.until(m.now.Add(time.Duration(rapid.IntRange(1, 5400).Draw(rt, "seconds")) * time.Second))
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0, 1, 2:
				name := rapid.SampledFrom([]string{"A", "B", "C"}).Draw(rt, "alert")
				since, on := starts[name]
				if on = !on; on {
					since = m.now
					starts[name] = since
				} else {
					delete(starts, name)
				}
				severity := rapid.SampledFrom([]string{"warning", "critical"}).Draw(rt, "severity")
				m.input(incident.Input{At: m.now, Alerts: []incident.Observation{firing(name, severity, since, on, m.now)}})
			case 3:
				if m.s.ID != "" {
					say := &incident.Say{Incident: m.s.ID, Texts: map[string]string{"": "words"}}
					if rapid.Bool().Draw(rt, "to the board") {
						say.Audiences = []string{"board"}
					}
					say.Phase = rapid.SampledFrom([]incident.Phase{"", incident.Identified}).Draw(rt, "phase")
					m.input(incident.Input{At: m.now, ID: fmt.Sprint(n), By: "oncall", Say: say})
				}
			case 4:
				if m.s.ID != "" && rapid.IntRange(0, 3).Draw(rt, "resolve") == 0 {
					m.input(incident.Input{At: m.now, ID: fmt.Sprint(n), By: "oncall", Resolve: &incident.Resolve{Incident: m.s.ID}})
				}
			}
		}
		for name, since := range starts { // it ends at last
			m.input(incident.Input{At: m.now, Alerts: []incident.Observation{firing(name, "warning", since, false, m.now)}})
		}
		m.until(m.now.Add(3 * time.Hour))

		if m.s.Open() {
			rt.Fatalf("nothing fires, and it is still open")
		}
		open := map[string]bool{}
		last := map[string]time.Time{}
		for _, f := range m.facts {
			switch {
			case f.Broken() != nil:
				rt.Fatalf("%v", f)
			case f.Planned() != nil:
				a := f.Planned().Audience
				if f.Planned().Kind == incident.Closing {
					if !open[a] {
						rt.Fatalf("%s is told of the end, and knows of nothing: %v", a, f)
					}
					open[a] = false
					continue
				}
				if !f.At.After(last[a]) && f.Planned().Words == 0 {
					rt.Fatalf("%s is told twice at %v", a, f.At)
				}
				if f.Planned().Late {
					rt.Fatalf("late with nothing in the way: %v", f)
				}
				open[a], last[a] = true, f.At
			}
		}
		for a, still := range open {
			if still {
				rt.Fatalf("%s never hears that it is over", a)
			}
		}
		for name, told := range m.s.Told {
			if told.Made != told.Kept || told.Broken != 0 || len(told.Promises) != 0 {
				rt.Fatalf("%s: %d promises made, %d kept, %d broken", name, told.Made, told.Kept, told.Broken)
			}
		}
		replayed := incident.NewState("mail")
		for _, f := range m.facts {
			incident.Apply(replayed, f)
		}
		m.s.Labels()
		replayed.Labels()
		if !reflect.DeepEqual(m.s, replayed) {
			rt.Fatalf("replay gives another state")
		}
	})
}

// TestAfternoon is one outage told as its audiences hear it.
func TestAfternoon(t *testing.T) {
	ir, sr := town()
	m := &simulation{ir: ir, sr: sr, s: incident.NewState("mail"), now: noon, fail: t.Fatalf}
	m.input(incident.Input{At: noon, Alerts: []incident.Observation{firing("A", "critical", noon, true, time.Time{})}})
	m.until(noon.Add(20 * time.Minute))
	m.input(incident.Input{At: m.now, ID: "1", By: "oncall", Say: &incident.Say{Incident: "SR-1", Texts: map[string]string{"": "disk"}, Phase: incident.Identified}})
	m.until(noon.Add(70 * time.Minute))
	m.input(incident.Input{At: m.now, Alerts: []incident.Observation{firing("A", "critical", noon, false, m.now)}})
	m.until(noon.Add(3 * time.Hour))
	var got []string
	for _, f := range m.sent {
		p := f.Planned()
		line := fmt.Sprintf("%s %s to %s", f.At.Format("15:04"), p.Kind, p.Audience)
		if !p.PromiseAt.IsZero() {
			line += p.PromiseAt.Format(", next before 15:04")
		}
		got = append(got, line)
	}
	want := []string{
		"12:05 first to it, next before 12:40",
		"12:05 first to management, next before 13:05",
		"12:15 first to board, next before 13:05",
		"12:20 progress to it, next before 12:55", // words reset the clock
		"12:20 progress to management, next before 13:05",
		"12:20 progress to board, next before 13:05",
		"12:50 holding to it, next before 13:25",
		"13:00 overdue to management, next before 13:35", // the expected hour is over
		"13:00 overdue to board, next before 13:35",
		"13:15 closing to board",
		"13:15 closing to it",
		"13:15 closing to management",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// BenchmarkPlan plans one incident with ten audiences.
func BenchmarkPlan(b *testing.B) {
	ir, sr := town()
	for n := range 7 {
		a := &policies.Audience{Name: fmt.Sprintf("a%d", n)}
		sr.Audiences[a.Name] = a
		sr.Policies[0].Updates = append(sr.Policies[0].Updates, policies.Updates{Audience: a, Cadence: []policies.Row{age(0, time.Hour), part(1, policies.Expected, 30*time.Minute)}})
	}
	m := &simulation{ir: ir, sr: sr, s: incident.NewState("mail"), now: noon, fail: b.Fatalf}
	m.input(incident.Input{At: noon, Alerts: []incident.Observation{firing("A", "critical", noon, true, time.Time{})}})
	m.until(noon.Add(time.Hour))
	b.ReportAllocs()
	for b.Loop() {
		Plan(sr, m.s, m.now.Add(time.Second))
	}
}
