package casebook

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sitrep/policies"
	"sitrep/router/incident"
)

// done is how a person ends a change that has begun, or has not.
func done(w *incident.Work) incident.Step {
	if w.Begun.IsZero() {
		return incident.StepCallOff
	}
	return incident.StepComplete
}

// fewChanges is how many scripts with changes are played by themselves.
const fewChanges = 30

// works are planned changes among what happens, and what people say of them.
func works(rt *rapid.T) (all []event) {
	services := []string{"web", "mail", "network", "permits", "storage"}
	within := func(most int, name string) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(rt, name)) * time.Minute
	}
	for n := range rapid.IntRange(1, 3).Draw(rt, "changes") {
		at := noon.Add(within(10*60, "planned"))
		p := incident.Plan{Title: map[string]string{"": fmt.Sprint("change ", n)}, Start: at.Add(within(20*60, "start")), Lead: rapid.SampledFrom([]string{"", "engineer", "Spokesman", "nobody of them"}).Draw(rt, "lead")}
		p.End = p.Start.Add(time.Minute + within(9*60, "takes"))
		for _, name := range services {
			if rapid.IntRange(0, 2).Draw(rt, "touches") == 0 {
				p.Services = append(p.Services, name)
			}
		}
		if rapid.Bool().Draw(rt, "decided") {
			p.Decide = p.Start.Add(p.End.Sub(p.Start) * 3 / 4)
		}
		all = append(all, event{at: at, in: incident.Input{At: at, ID: fmt.Sprint("plan", n), By: "oncall", Schedule: &incident.Schedule{Plan: p}}})
		for i := range rapid.IntRange(0, 5).Draw(rt, "steps") {
			at := at.Add(within(30*60, "step"))
			in := incident.Input{At: at, ID: fmt.Sprint("step", n, ".", i), By: "oncall", Role: incident.RoleResolution}
			id := fmt.Sprint("SR-", rapid.IntRange(1, 3).Draw(rt, "which"))
			switch what := rapid.IntRange(0, 9).Draw(rt, "what"); what {
			case 0, 1:
				end := at.Add(time.Minute + within(5*60, "end"))
				in.Reschedule = &incident.Reschedule{Incident: id, End: &end}
			case 2, 3, 4:
				in.Conduct = &incident.Conduct{Incident: id, Step: incident.StepCourse, Course: incident.Courses[what-2]}
			case 5:
				lead := "engineer"
				in.Set = &incident.Set{Incident: id, Lead: &lead}
			default:
				in.Conduct = &incident.Conduct{Incident: id, Step: []incident.Step{incident.StepStart, incident.StepComplete, incident.StepRollBack, incident.StepCallOff}[what-6]}
			}
			all = append(all, event{at: at, in: in})
		}
	}
	return all
}

// TestWhatPeopleGetOfChanges plays random scripts with planned changes among them over all
// of a town, and looks at what every single person got, of them and of all else.
func TestWhatPeopleGetOfChanges(t *testing.T) {
	policy := town(t)
	of := func(n int) *policies.Audience { return policy.Audiences[n] }
	hourly := []policies.Row{{Every: time.Hour}}
	policy.Policies = append([]*policies.Policy{{Name: "planned", Matchers: matcher(t, "kind", "change"), Updates: []policies.Updates{
		{Audience: of(0), Announce: []policies.Announcement{{At: policies.AtStart}, {At: policies.AtDecision}, {At: policies.AtEnd}}, Cadence: []policies.Row{{Every: 30 * time.Minute}}},
		{Audience: of(1), Announce: []policies.Announcement{{Before: time.Hour}, {At: policies.AtEnd}}, Cadence: hourly},
		{Audience: of(2), Announce: []policies.Announcement{{Before: 5 * time.Hour}}, Cadence: hourly, Active: daytime(t)},
	}}}, policy.Policies...)
	seen, played := map[incident.UpdateKind]int{}, 0
	drawn(t, func(rt *rapid.T) {
		events := append(script(rt), works(rt)...)
		if played++; (played-1)%100 >= fewChanges && flag.Lookup("rapid.checks").Value.String() == "100" {
			return // each is days of messages; more are played where more are asked for
		}
		slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
		s := play(rt, policy, events, rapid.Bool().Draw(rt, "time first"))
		defer func() {
			if rt.Failed() {
				story(rt, s)
			}
		}()
		once(rt, s)
		told(rt, s)
		toldOfChanges(rt, s, seen)
		calm(rt, s)
		for _, f := range s.facts {
			if f.Broken() != nil && f.Broken().Held == "" {
				rt.Fatalf("%v %v", f.At, f)
			}
		}
	}, func() (missing []string) {
		for _, kind := range []incident.UpdateKind{incident.Announced, incident.Moved, incident.Started, incident.Overrunning, incident.Completed, incident.Nudge} {
			if seen[kind] == 0 {
				missing = append(missing, string(kind))
			}
		}
		return missing
	})
}

// toldOfChanges: nobody is told that a change is done, or does not take place, before a
// person said so, nor twice; and whoever was told that it takes longer hears of its end.
func toldOfChanges(rt *rapid.T, s *post, seen map[incident.UpdateKind]int) {
	said := map[string]time.Time{} // by whom it was ended, and when
	turned, joined := map[string]bool{}, map[string]bool{}
	changes := map[string]bool{}
	for _, f := range s.facts {
		switch {
		case f.Scheduled() != nil:
			changes[f.Incident] = true
		case f.Finished() != nil, f.CalledOff() != nil:
			if said[f.Incident] = f.At; f.By == "" {
				rt.Fatalf("nobody said so: %v", f)
			}
		case f.Turned() != nil:
			turned[f.Incident] = true
		case f.Joined() != nil: // as an outage it may be part of another, which tells of both
			joined[f.Incident] = true
		case f.Planned() != nil && f.Planned().Alone != "" && f.Planned().Deliveries > 1:
			rt.Fatalf("not he alone is asked: %v", f)
		}
	}
	type reader struct{ address, audience, incident string }
	last := map[reader]letter{}
	longer := map[reader]bool{}
	for _, l := range s.letters {
		if !changes[l.incident] {
			continue
		}
		seen[l.kind]++
		if l.team {
			continue
		}
		r := reader{l.address, l.audience, l.incident}
		at, over := said[l.incident]
		if l.kind.Ends() && (!over || l.at.Before(at)) {
			rt.Fatalf("nobody said so by then: %+v", l)
		}
		if l.kind.Ends() && last[r].kind.Ends() && !l.catchUp && !turned[l.incident] {
			rt.Fatalf("told of the end twice: %+v", l)
		}
		longer[r] = longer[r] || l.kind == incident.Overrunning
		last[r] = l
	}
	for r, l := range last {
		if longer[r] && !l.kind.Ends() && !(turned[r.incident] && joined[r.incident]) {
			rt.Fatalf("was told that it takes longer, and never of the end: %+v", l)
		}
	}
}

// TestNoOutageIsPartOfAChange: who was told of an outage would never hear of its end.
func TestNoOutageIsPartOfAChange(t *testing.T) {
	for _, c := range []struct{ merge, into string }{{"SR-2", "SR-1"}, {"SR-1", "SR-2"}} {
		fires := alert("web", "A0", true, noon, time.Time{})
		at := func(d time.Duration) time.Time { return noon.Add(d) }
		s := play(t, town(t), []event{
			{at: noon, in: incident.Input{At: noon, ID: "plan", By: "oncall", Schedule: &incident.Schedule{Plan: incident.Plan{Title: map[string]string{"": "x"}, Start: at(time.Hour), End: at(2 * time.Hour)}}}},
			{at: noon, in: incident.Input{At: noon, Alerts: []incident.Observation{fires}}},
			{at: at(10 * time.Minute), in: incident.Input{At: at(10 * time.Minute), ID: "merge", By: "oncall", Merge: &incident.Merge{Incident: c.merge, Into: c.into}}},
			{at: at(time.Hour), in: ends("webA0", noon, at(time.Hour))},
		}, false)
		refused, over := false, false
		for _, f := range s.facts {
			refused = refused || f.Refused() != nil && strings.Contains(f.Refused().Reason, "is a planned change")
			over = over || f.Planned() != nil && f.Incident == "SR-2" && f.Planned().Kind == incident.Closing
		}
		if !refused || !over {
			t.Errorf("%s into %s: refused %v, and its end is told %v", c.merge, c.into, refused, over)
		}
	}
}
