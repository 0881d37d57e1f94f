package casebook

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sitrep/policies"
	"sitrep/router/incident"
)

// TestNothingGoesWithoutAYes plays random scripts in which the board and the staff hear
// what is new only with the yes of a second person, who gives it now and then: what goes
// to them was approved, by somebody else than who wrote it, or says nothing new. The
// promises to the board are kept all the same; those to the staff are broken by the rule.
func TestNothingGoesWithoutAYes(t *testing.T) {
	policy := town(t)
	gated := map[string]policies.Unapproved{"board": policies.SendHolding, "staff": policies.Hold}
	for n, a := range policy.Audiences {
		if rule, is := gated[a.Name]; is {
			policy.Audiences[n].Approval, policy.Audiences[n].Unapproved = true, rule
		}
	}
	seen := map[string]int{}
	drawn(t, func(rt *rapid.T) {
		var events []event
		for n, e := range script(rt) {
			events = append(events, e)
			if what := rapid.IntRange(0, 5).Draw(rt, "answer"); what < 4 {
				by := []string{"second", "second", "second", "oncall"}[what]
				over := rapid.IntRange(0, 3).Draw(rt, "over") == 0
				events = append(events, event{at: e.at, open: !over, over: over, in: incident.Input{
					At: e.at, ID: fmt.Sprint("answer", n), By: by, Approve: &incident.Approve{No: rapid.IntRange(0, 4).Draw(rt, "no") == 0},
				}})
			}
		}
		s := play(rt, policy, events, rapid.Bool().Draw(rt, "time first"))
		defer func() {
			if rt.Failed() {
				story(rt, s)
			}
		}()
		type name struct {
			incident string
			update   int
		}
		drafts, yes, over := map[name]*incident.Awaited{}, map[name]bool{}, map[string]bool{}
		for _, f := range s.facts {
			bad := func(what string) { rt.Errorf("%s: %v %v", what, f.At, f) }
			switch {
			case f.Resolved() != nil:
				over[f.Incident] = true
			case f.Reopened() != nil:
				over[f.Incident] = false
			case f.Awaited() != nil:
				drafts[name{f.Incident, f.Awaited().Update}] = f.Awaited()
				seen["awaits "+string(f.Awaited().Kind)]++
			case f.Rejected() != nil:
				yes[name{f.Incident, f.Rejected().Update}] = false
				seen["rejected"]++
			case f.Approved() != nil:
				n := name{f.Incident, f.Approved().Update}
				yes[n] = true
				seen["approved"]++
				if slices.Contains(drafts[n].Authors, f.By) {
					bad("who wrote it approved it")
				}
			case f.Lapsed() != nil:
				seen["lapsed"]++
			case f.Broken() != nil && f.Broken().Held == "":
				bad("a promise is broken by nobody")
			}
			p := f.Planned()
			if p == nil || gated[p.Audience] == "" || p.Team || p.For > 0 {
				continue
			}
			d := drafts[name{f.Incident, p.Draft}]
			switch {
			case p.Neutral && (p.Words > 0 || p.Draft > 0):
				bad("something neutral has words")
			case p.Neutral && p.Kind != incident.Holding && p.Kind != incident.Closing && !p.CatchUp:
				bad("something neutral is news")
			case p.Neutral && (p.Kind == incident.Closing) != over[f.Incident]:
				bad("it says that it goes on when it is over, or the other way round")
			case p.Neutral && !p.CatchUp && gated[p.Audience] == policies.Hold:
				bad("it is not to go out without a yes")
			case p.Neutral:
				seen["neutral "+string(p.Kind)]++
			case d == nil || !yes[name{f.Incident, p.Draft}]:
				bad("nobody approved it")
			case d.Audience != p.Audience || d.Kind != p.Kind || d.Words != p.Words:
				bad("something else was approved")
			default:
				seen["sent "+string(p.Kind)]++
			}
		}
	}, func() []string {
		return slices.DeleteFunc([]string{"awaits first", "awaits progress", "awaits closing", "rejected", "approved", "lapsed", "neutral holding", "neutral closing", "sent first", "sent progress", "sent closing"},
			func(must string) bool { return seen[must] > 0 })
	})
	t.Log(seen)
}

// TestAYes is what one audience hears, with and without a yes.
func TestAYes(t *testing.T) {
	m := func(n float64) time.Time { return noon.Add(time.Duration(n * float64(time.Minute))) }
	say := event{at: m(20), open: true, in: incident.Input{At: m(20), ID: "say", By: "anna", Say: &incident.Say{Texts: map[string]string{"": "words"}, Audiences: []string{"it"}}}}
	later := m(300)
	set := event{at: m(20), open: true, in: incident.Input{At: m(20), ID: "set", By: "anna", Set: &incident.Set{Estimate: &later}}}
	answer := func(at float64, by string, no bool) event {
		return event{at: m(at), open: true, over: at >= 200, in: incident.Input{At: m(at), ID: fmt.Sprint("answer", at), By: by, Approve: &incident.Approve{No: no}}}
	}
	fire := event{at: m(0), in: incident.Input{At: m(0), Alerts: []incident.Observation{alert("mail", "A1", true, m(0), time.Time{})}}}
	end := event{at: m(100), in: ends("mailA1", m(0), m(100))}
	for name, c := range map[string]struct {
		rule   policies.Unapproved
		events []event
		want   []string
	}{
		"without any yes, nothing":                  {policies.SendHolding, []event{fire, end}, nil},
		"the first word approved, then nothing new": {policies.SendHolding, []event{fire, answer(3, "anna", false), end}, []string{"12:03 first", "13:03 holding neutral", "14:03 closing neutral"}},
		"words without a yes":                       {policies.SendHolding, []event{fire, answer(3, "anna", false), say, end}, []string{"12:03 first", "13:03 holding neutral", "14:03 closing neutral"}},
		"words that who gave them approves":         {policies.SendHolding, []event{fire, answer(3, "anna", false), say, answer(21, "anna", false), end}, []string{"12:03 first", "13:03 holding neutral", "14:03 closing neutral"}},
		"words with a yes":                          {policies.SendHolding, []event{fire, answer(3, "anna", false), say, answer(21, "bert", false), end}, []string{"12:03 first", "12:21 progress words 1", "13:21 holding neutral", "14:21 closing neutral"}},
		"words with a no":                           {policies.SendHolding, []event{fire, answer(3, "anna", false), say, answer(21, "bert", true), end}, []string{"12:03 first", "13:03 holding neutral", "14:03 closing neutral"}},
		"an estimate that who gave it approves":     {policies.SendHolding, []event{fire, answer(3, "anna", false), set, answer(58, "anna", false), end}, []string{"12:03 first", "13:03 holding neutral", "14:03 closing neutral"}},
		"an estimate with a yes":                    {policies.SendHolding, []event{fire, answer(3, "anna", false), set, answer(58, "bert", false), end}, []string{"12:03 first", "12:58 progress", "13:58 closing neutral"}},
		"an end with a yes":                         {policies.SendHolding, []event{fire, answer(3, "anna", false), end, {at: m(106), over: true, in: answer(106, "bert", false).in}}, []string{"12:03 first", "13:03 holding neutral", "13:46 closing"}},
		"hold: nothing":                             {policies.Hold, []event{fire, answer(3, "anna", false), end}, []string{"12:03 first", "lapsed 13:03", "broken: without_approval: hold"}},
		"hold: with a yes":                          {policies.Hold, []event{fire, answer(3, "anna", false), answer(55, "bert", false), end}, []string{"12:03 first", "12:55 holding", "broken: without_approval: hold"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy(t)
			p.Audiences[0].Approval, p.Audiences[0].Unapproved = true, c.rule
			p.Audiences[0].Recipients = []policies.Recipient{{Email: "it@example.org"}}
			s := play(t, p, c.events, true)
			var got []string
			for _, f := range s.facts {
				switch p := f.Planned(); {
				case p != nil:
					line := f.At.Format("15:04 ") + string(p.Kind)
					if p.Words > 0 {
						line += fmt.Sprint(" words ", p.Words)
					}
					if p.Neutral {
						line += " neutral"
					}
					got = append(got, line)
				case f.Lapsed() != nil && f.Lapsed().DueAt.Before(m(100)):
					got = append(got, "lapsed "+f.Lapsed().DueAt.Format("15:04"))
				case f.Broken() != nil:
					got = append(got, "broken: "+f.Broken().Held)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
				for _, f := range s.facts {
					t.Log(f.At.Format("15:04:05"), f)
				}
			}
		})
	}
}
