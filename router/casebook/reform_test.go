package casebook

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sitrep/policies"
	"sitrep/router/incident"
)

// TestReform: an alert that belonged to no service is found by a policy that has it; a
// watchdog that stays keeps what it heard, one that is gone wakes nobody, and a new
// one waits as after a start.
func TestReform(t *testing.T) {
	p := policy(t)
	dog := func(name string) policies.Watchdog {
		return policies.Watchdog{Matchers: matcher(t, "alertname", name), AbsentFor: 10 * time.Minute}
	}
	p.Watchdogs = []policies.Watchdog{dog("A"), dog("B")}
	b, n := New(p), &notes{}
	b.Wind(noon)
	stray := alert("printing", "P", true, noon, time.Time{})
	if _, unmatched, err := b.Take(incident.Input{At: noon, Alerts: []incident.Observation{stray}}, n); err != nil || unmatched != 1 {
		t.Fatal(unmatched, err)
	}
	b.Take(incident.Input{At: noon.Add(4 * time.Minute), Alerts: []incident.Observation{{Fingerprint: "a", Firing: true, StartsAt: noon, Labels: map[string]string{"alertname": "A"}}}}, n)

	next := policy(t)
	next.Services = append(next.Services, &policies.Service{Name: "printing", Matchers: matcher(t, "service", "printing"), ResolvedAfter: 5 * time.Minute, Threshold: []policies.Threshold{{FiringFor: time.Minute, Alerts: 1}}})
	next.Watchdogs = []policies.Watchdog{dog("A"), dog("C")}
	now := noon.Add(5 * time.Minute)
	found := b.Reform(next, now)
	if len(found) != 1 || found[0].Fingerprint != "printingP" {
		t.Fatalf("found %v", found)
	}
	if all, changed := b.Strays(); !changed || len(all) != 0 {
		t.Errorf("strays %v, %v", all, changed)
	}
	b.Take(incident.Input{At: now, Alerts: found}, n)
	for at := now; at.Before(noon.Add(30 * time.Minute)); at = at.Add(time.Second) {
		if !b.Next(at).After(at) || b.Next(at).Equal(at) {
			b.Tick(at, n)
		}
	}
	var opened string
	silent := map[string]time.Time{}
	for _, f := range n.facts {
		if f.Opened() != nil {
			opened = f.Service
		}
		if f.Silent() != nil {
			silent[f.Silent().Watchdog] = f.At
		}
	}
	if opened != "printing" {
		t.Errorf("opened %q: %v", opened, n.facts)
	}
	if a, c := silent[`alertname="A"`], silent[`alertname="C"`]; len(silent) != 2 || a.Sub(noon).Round(time.Minute) != 14*time.Minute || c.Sub(noon).Round(time.Minute) != 10*time.Minute {
		t.Errorf("silent: %v", silent)
	}
}

// TestReformIsAStart: where another policy comes into force while things go on, people
// get what they would get after a start with it; and where it is the same policy, what
// they would get without.
func TestReformIsAStart(t *testing.T) {
	was, next := town(t), town(t)
	for n, p := range next.Policies { // told twice as often, and one of them not at all
		for i := range p.Updates {
			p.Updates[i].Cadence = slices.Clone(p.Updates[i].Cadence)
			for row := range p.Updates[i].Cadence {
				p.Updates[i].Cadence[row].Every /= 2
			}
		}
		if n == 0 && len(p.Updates) > 1 {
			p.Updates = p.Updates[1:]
		}
	}
	type again = func(*post, rapid.TB, *Book, Policy, time.Time) *Book
	reform := func(to Policy) again {
		return func(_ *post, _ rapid.TB, b *Book, _ Policy, now time.Time) *Book {
			b.Reform(to, now)
			return b
		}
	}
	start := func(p *post, _ rapid.TB, _ *Book, _ Policy, now time.Time) *Book {
		n := enrolled(next)
		for _, f := range p.facts {
			n.Remember(f)
		}
		n.Wind(now)
		p.book = n
		return n
	}
	nothing := func(_ *post, _ rapid.TB, b *Book, _ Policy, _ time.Time) *Book { return b }
	rapid.Check(t, func(rt *rapid.T) {
		events := script(rt)
		middle := rapid.IntRange(0, len(events)).Draw(rt, "when")
		at := noon
		if middle > 0 {
			at = events[middle-1].at.Add(time.Second)
		}
		if middle < len(events) && at.After(events[middle].at) {
			at = events[middle].at
		}
		events = slices.Insert(events, middle, event{at: at, restart: true})
		for _, c := range []struct {
			what     string
			one, two again
		}{{"the same policy", reform(was), nothing}, {"another", reform(next), start}} {
			a, b := playWith(rt, was, events, false, c.one), playWith(rt, was, events, false, c.two)
			if one, two := got(a), got(b); !slices.Equal(one, two) {
				story(rt, a)
				story(rt, b)
				rt.Fatalf("%s: %d letters, and %d:\n%s\n\n%s", c.what, len(one), len(two), strings.Join(one, "\n"), strings.Join(two, "\n"))
			}
		}
	})
}
