package casebook

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sitrep/router/incident"
)

// later moves an event in time.
func later(e event, d time.Duration) event {
	e.at, e.in.At = e.at.Add(d), e.in.At.Add(d)
	if e.in.Alerts != nil {
		e.in.Alerts = slices.Clone(e.in.Alerts)
		for n := range e.in.Alerts {
			o := &e.in.Alerts[n]
			o.StartsAt = o.StartsAt.Add(d)
			if !o.EndsAt.IsZero() {
				o.EndsAt = o.EndsAt.Add(d)
			}
		}
	}
	if c := e.in.Steer; c != nil && !c.HoldUntil.IsZero() {
		own := *c
		own.HoldUntil = c.HoldUntil.Add(d)
		e.in.Steer = &own
	}
	if c := e.in.Set; c != nil && c.Estimate != nil {
		own, at := *c, c.Estimate.Add(d)
		own.Estimate = &at
		e.in.Set = &own
	}
	return e
}

// forgetful compares what is remembered after forgetting with what a replay of the
// facts that are left comes to, and with what was known before.
func forgetful(t rapid.TB, b *Book, p Policy, facts []incident.Fact, before, now time.Time) (gone map[string]bool, left []incident.Fact) {
	was := map[string]*Case{}
	for id, c := range b.ids {
		was[id] = c
	}
	remains := NewRemains(p)
	for _, f := range facts {
		remains.Take(f)
	}
	gone = b.Forgettable(before, now)
	left = append([]incident.Fact{b.Forgotten(gone, now)}, remains.Left(gone, before)...)
	b.Forget(gone)
	n := enrolled(p)
	for _, f := range left {
		n.Remember(f)
	}
	n.Wind(now)
	if n.opened != b.opened || n.forgotten != b.forgotten {
		t.Fatalf("after a replay of what is left %d were opened and %d forgotten, not %d and %d", n.opened, n.forgotten, b.opened, b.forgotten)
	}
	for id, c := range was {
		same := n.Incident(id)
		if gone[id] {
			if same != nil || b.Incident(id) != nil {
				t.Fatalf("%s is not forgotten", id)
			}
			continue
		}
		c.State.Labels()
		if same == nil {
			t.Fatalf("%s is forgotten, and was not to be", id)
		}
		same.State.Labels()
		if c.watchdog == nil && (!reflect.DeepEqual(c.State, same.State) || !reflect.DeepEqual(c.Timeline, same.Timeline)) {
			t.Fatalf("without the others it is another one:\n%+v\n%+v", c.State, same.State)
		}
	}
	return gone, left
}

// playForgetting plays events, and forgets what ended before a moment at each
// restart.
func playForgetting(t rapid.TB, p Policy, events []event, before time.Time, forgot, kept *int) *post {
	return playWith(t, p, events, false, func(s *post, t rapid.TB, b *Book, p Policy, now time.Time) *Book {
		gone, left := forgetful(t, b, p, s.facts, before, now)
		*forgot += len(gone)
		*kept += len(b.ids) - len(b.dogs)
		n := enrolled(p)
		for _, f := range left {
			n.Remember(f)
		}
		n.Wind(now)
		s.book = n
		return n
	})
}

// TestForgettingChangesNothingElse: after incidents were forgotten, the same
// happens to all others, and is told to the same people, as if they were not; and
// a replay of the facts that are left comes to what a replay of all came to.
func TestForgettingChangesNothingElse(t *testing.T) {
	policy := town(t)
	forgot, kept := 0, 0
	drawn(t, func(rt *rapid.T) {
		events := slices.DeleteFunc(script(rt), func(e event) bool { return e.restart })
		pause := rapid.SampledFrom([]time.Duration{20 * time.Hour, 50 * time.Hour, 200 * time.Hour}).Draw(rt, "pause")
		end := noon
		if len(events) > 0 {
			end = events[len(events)-1].at
		}
		var second []event
		for _, e := range script(rt) {
			// Nobody can ask for anything by the id of what is forgotten.
			if !e.restart && !e.over && e.in.Merge == nil && e.in.Split == nil {
				second = append(second, later(e, end.Add(pause).Sub(noon)))
			}
		}
		before := end.Add(rapid.SampledFrom([]time.Duration{-5 * time.Hour, 0, pause}).Draw(rt, "before"))
		first := slices.Concat(events, []event{{at: end.Add(pause), restart: true}}, second)
		a, b := play(rt, policy, first, false), playForgetting(rt, policy, first, before, &forgot, &kept)
		if len(a.facts) != len(b.facts) {
			story(rt, a)
			rt.Log("--")
			story(rt, b)
			rt.Fatalf("%d facts, and %d", len(a.facts), len(b.facts))
		}
		for n := range a.facts {
			if !reflect.DeepEqual(a.facts[n], b.facts[n]) {
				rt.Fatalf("fact %d:\n%v\n%v", n, a.facts[n], b.facts[n])
			}
		}
		if !slices.Equal(got(a), got(b)) {
			rt.Fatal("other people were told")
		}
	}, func() []string {
		if forgot == 0 || kept == 0 {
			return []string{"something that was forgotten, and something that was kept"}
		}
		return nil
	})
	t.Logf("%d were forgotten, %d kept", forgot, kept)
}

// An alert that was muted by hand and fires on is known for as long as it does,
// whichever incident it was of.
func TestAMutedAlertIsNotForgotten(t *testing.T) {
	policy := town(t)
	at := noon
	fire := func(name string, d time.Duration) event {
		return event{at: at.Add(d), in: incident.Input{At: at.Add(d), Alerts: []incident.Observation{alert("mail", name, true, at, time.Time{})}}}
	}
	end := func(d time.Duration, id int) event {
		return event{at: at.Add(d), open: true, in: incident.Input{At: at.Add(d), ID: fmt.Sprint("end", id), By: "oncall", Resolve: &incident.Resolve{}}}
	}
	s := play(t, policy, []event{fire("A0", 0), end(time.Hour, 1)}, false)
	now := s.now
	gone, _ := forgetful(t, s.book, policy, s.facts, now, now)
	if gone["SR-1"] {
		t.Fatal("the muted alert is forgotten with its incident")
	}
	if _, _, err := s.book.Take(incident.Input{At: now, Alerts: []incident.Observation{alert("mail", "A0", true, at, time.Time{})}}, s); err != nil {
		t.Fatal(err)
	}
	if err := s.book.Tick(now.Add(time.Hour), s); err != nil {
		t.Fatal(err)
	}
	if s.book.opened != 1 {
		t.Error("it opened another incident")
	}
}
