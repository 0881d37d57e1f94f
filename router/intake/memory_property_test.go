package intake

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sitrep/policies"
	"sitrep/router/incident"
)

// judge is the judgement of one service, driven as the router drives it: what
// time makes true comes at its moment, an input at its own.
type judge struct {
	s     *incident.State
	rules incident.Rules
	facts []string
}

func newJudge() *judge {
	return &judge{s: incident.NewState("mail"), rules: incident.Rules{
		Service: &policies.Service{
			Name: "mail", ResolvedAfter: 5 * time.Minute,
			UnconfirmedAfter: 24 * time.Hour, // longer than the stories: when it was last heard is known roughly
			Threshold:        []policies.Threshold{{FiringFor: 5 * time.Minute, Alerts: 1}, {FiringFor: time.Minute, Alerts: 2, Severity: "critical"}},
		},
		Severities: policies.Severities{"info", "warning", "critical"},
		Next:       1,
	}}
}

func (j *judge) until(at time.Time) {
	for wake := incident.Wake(j.rules, j.s); !wake.IsZero() && !wake.After(at); wake = incident.Wake(j.rules, j.s) {
		j.input(incident.Input{At: wake})
	}
}

func (j *judge) input(in incident.Input) {
	for _, f := range incident.Advance(j.rules, j.s, in) {
		j.facts = append(j.facts, f.At.Format("15:04:05 ")+f.String())
	}
}

// hook is one webhook, at the moment it arrives.
type hook struct {
	at     time.Time
	alerts []incident.Observation
}

// story draws what a pair of Alertmanagers sends of one group of alerts: each
// alert fires and ends some times, and may say something else meanwhile; either of the two may hear of it late or lose
// Prometheus for a while, each tells its group when something changed in it and
// when its repeat is due, and what they send is delayed on the way.
func story(t *rapid.T) []hook {
	d := func(label string, from, to time.Duration) time.Duration {
		return time.Duration(rapid.Int64Range(int64(from/time.Second), int64(to/time.Second)).Draw(t, label)) * time.Second
	}
	type change struct {
		at time.Time
		o  incident.Observation
	}
	const length = 90 * time.Minute
	interval := d("group_interval", 30*time.Second, 10*time.Minute)
	repeat := d("repeat_interval", 4*time.Minute, time.Hour)
	twins := rapid.IntRange(1, 2).Draw(t, "alertmanagers")
	heard := make([][]change, twins)
	for n := range rapid.IntRange(1, 3).Draw(t, "alerts") {
		name := fmt.Sprintf("A%d", n)
		for at := intakeAt.Add(d("begins", 0, 30*time.Minute)); at.Before(intakeAt.Add(length)); {
			ends := at.Add(d("lasts", 10*time.Second, 40*time.Minute))
			for twin := range twins {
				late := d("heard late", 0, time.Minute)
				heard[twin] = append(heard[twin],
					change{at.Add(late), firing(name, at)},
					change{ends.Add(late), resolved(name, at, ends)})
				if rapid.IntRange(0, 2).Draw(t, "it says something else") == 0 {
					other := firing(name, at)
					other.Account = incident.Account{incident.Impact: {"": rapid.SampledFrom([]string{"all", "half"}).Draw(t, "impact")}}
					heard[twin] = append(heard[twin], change{at.Add(d("says it after", 0, ends.Sub(at))), other})
				}
				if rapid.IntRange(0, 4).Draw(t, "Prometheus is lost") == 0 && ends.Sub(at) > 10*time.Minute {
					lost := at.Add(d("lost after", 2*time.Minute, 6*time.Minute))
					found := lost.Add(d("found after", 10*time.Second, 3*time.Minute))
					heard[twin] = append(heard[twin],
						change{lost, resolved(name, at, lost)},
						change{found, firing(name, at)})
				}
			}
			at = ends.Add(d("quiet", 10*time.Second, 40*time.Minute))
		}
	}
	var hooks []hook
	for twin := range twins {
		slices.SortStableFunc(heard[twin], func(a, b change) int { return a.at.Compare(b.at) })
		known := map[string]incident.Observation{}
		var told time.Time
		next := 0
		offset := d("offset", 0, interval)
		for at := intakeAt.Add(offset); at.Before(intakeAt.Add(length + 30*time.Minute)); at = at.Add(interval) {
			changed := false
			for ; next < len(heard[twin]) && !heard[twin][next].at.After(at); next++ {
				known[heard[twin][next].o.Fingerprint], changed = heard[twin][next].o, true
			}
			if len(known) == 0 || !changed && at.Sub(told) < repeat {
				continue
			}
			told = at
			h := hook{at: at.Add(d("under way", 0, 20*time.Second))}
			names := make([]string, 0, len(known))
			for name := range known {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				h.alerts = append(h.alerts, known[name])
				if !known[name].Firing { // told once
					delete(known, name)
				}
			}
			hooks = append(hooks, h)
		}
	}
	slices.SortStableFunc(hooks, func(a, b hook) int { return a.at.Compare(b.at) })
	return hooks
}

// TestMemoryChangesNothing: what is left out would have made no fact, neither
// then nor later, and nothing comes at another moment.
func TestMemoryChangesNothing(t *testing.T) {
	left, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		hooks := story(t)
		byHand := rapid.IntRange(-20, 60).Draw(t, "resolved by hand")
		with, without := newJudge(), newJudge()
		var m Memory
		for n, h := range hooks {
			with.until(h.at)
			without.until(h.at)
			if n == byHand {
				end := incident.Input{ID: "x", At: h.at, By: "oncall", Resolve: &incident.Resolve{Incident: "SR-1"}}
				with.input(end)
				without.input(end)
			}
			for _, in := range Inputs(h.alerts, h.at) {
				without.input(in)
			}
			news := m.News(h.alerts, h.at)
			for _, in := range Inputs(news, h.at) {
				with.input(in)
			}
			m.Stored(news, h.at)
			left, all = left+len(h.alerts)-len(news), all+len(h.alerts)
			if !slices.Equal(with.facts, without.facts) {
				t.Fatalf("after webhook %d, at %v:\nwith memory    %q\nwithout memory %q", n, h.at, with.facts, without.facts)
			}
		}
		end := intakeAt.Add(6 * time.Hour)
		with.until(end)
		without.until(end)
		if !slices.Equal(with.facts, without.facts) {
			t.Fatalf("in the end:\nwith memory    %q\nwithout memory %q", with.facts, without.facts)
		}
	})
	t.Logf("%d of %d alerts were left out", left, all)
	if left == 0 {
		t.Error("nothing was ever left out: this says nothing")
	}
}

// TestRepeatsThatAreLeftOutAreNoSilence: an alert that is said again and again
// does not become unconfirmed.
func TestRepeatsThatAreLeftOutAreNoSilence(t *testing.T) {
	for _, after := range []time.Duration{15 * time.Minute, time.Hour, 5 * time.Hour} {
		for _, every := range []time.Duration{10 * time.Second, time.Minute, 4 * time.Minute, 5*time.Minute - time.Second, 5 * time.Minute} {
			j := newJudge()
			j.rules.Service.UnconfirmedAfter = after
			var m Memory
			a := []incident.Observation{firing("A", intakeAt)}
			left := 0
			for at := intakeAt; at.Before(intakeAt.Add(12 * time.Hour)); at = at.Add(every) {
				j.until(at)
				news := m.News(a, at)
				left += len(a) - len(news)
				for _, in := range Inputs(news, at) {
					j.input(in)
				}
				m.Stored(news, at)
				if j.s.Unconfirmed {
					t.Errorf("said every %v, it was unconfirmed after %v: %q", every, after, j.facts)
					break
				}
			}
			if every < refresh && left == 0 {
				t.Errorf("said every %v, none was left out", every)
			}
		}
	}
}
