package casebook

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sitrep/router/incident"
)

// event is a line of a random script.
type event struct {
	at time.Time
	in incident.Input
	// say and end name no incident: they are about the one that is open and was
	// opened last.
	open    bool
	over    bool // likewise, the one that is over
	restart bool
}

// script draws what happens in two days, and ends all of it.
func script(rt *rapid.T) []event {
	services := []string{"web", "mail", "network", "permits", "storage"}
	severities := []string{"warning", "critical", "none", ""}
	var all []event
	firing := map[string]time.Time{}
	at := noon
	for n := range rapid.IntRange(1, 25).Draw(rt, "lines") {
		// Many things happen in one moment, or within a minute; sometimes hours pass.
		gap := rapid.SampledFrom([]time.Duration{0, 0, 10 * time.Second, 30 * time.Second, 2 * time.Minute, 7 * time.Minute, time.Hour, 5 * time.Hour}).Draw(rt, "gap")
		at = at.Add(gap)
		switch rapid.IntRange(0, 20).Draw(rt, "what") {
		case 0, 1, 2, 3:
			service := rapid.SampledFrom(services).Draw(rt, "service")
			var alerts []incident.Observation
			for i := range rapid.IntRange(1, 3).Draw(rt, "alerts") {
				o := alert(service, fmt.Sprint("A", i), true, at, time.Time{})
				o.Labels["severity"] = rapid.SampledFrom(severities).Draw(rt, "severity")
				if rapid.IntRange(0, 3).Draw(rt, "says something") == 0 {
					o.Account = incident.Account{incident.Impact: {"": rapid.SampledFrom([]string{"all", "half"}).Draw(rt, "impact")}, incident.Summary: {"nl": "uit"}}
				}
				if since, fires := firing[o.Fingerprint]; fires {
					o.StartsAt = since
				}
				firing[o.Fingerprint] = o.StartsAt
				alerts = append(alerts, o)
			}
			all = append(all, event{at: at, in: incident.Input{At: at, Alerts: alerts}})
		case 4, 5, 6:
			var fires []string
			for f := range firing {
				fires = append(fires, f)
			}
			slices.Sort(fires)
			if len(fires) == 0 {
				continue
			}
			f := rapid.SampledFrom(fires).Draw(rt, "which")
			all = append(all, event{at: at, in: ends(f, firing[f], at)})
			delete(firing, f)
		case 7:
			say := &incident.Say{Texts: map[string]string{"": "words"}, Phase: rapid.SampledFrom([]incident.Phase{"", incident.Identified}).Draw(rt, "phase")}
			if rapid.Bool().Draw(rt, "to one") {
				say.Audiences = []string{rapid.SampledFrom([]string{"it", "management", "board", "staff"}).Draw(rt, "audience")}
			}
			all = append(all, event{at: at, open: true, in: incident.Input{At: at, ID: fmt.Sprint("say", n), By: "oncall", Say: say}})
		case 8:
			all = append(all, event{at: at, open: true, in: incident.Input{At: at, ID: fmt.Sprint("end", n), By: "oncall", Resolve: &incident.Resolve{}}})
		case 9:
			all = append(all, event{at: at, restart: true})
		case 10, 11:
			c := &incident.Steer{
				Audience: rapid.SampledFrom([]string{"it", "management", "board", "staff"}).Draw(rt, "audience"),
				Paused:   rapid.IntRange(0, 3).Draw(rt, "paused") == 0,
				Every:    rapid.SampledFrom([]time.Duration{0, 0, 10 * time.Minute, 3 * time.Hour}).Draw(rt, "every"),
			}
			if d := rapid.SampledFrom([]time.Duration{0, 30 * time.Second, 20 * time.Minute, 9 * time.Hour}).Draw(rt, "hold"); d > 0 {
				c.HoldUntil = at.Add(d)
			}
			all = append(all, event{at: at, open: true, in: incident.Input{At: at, ID: fmt.Sprint("steer", n), By: "oncall", Steer: c}})
		case 12:
			c := &incident.Set{}
			switch rapid.IntRange(0, 2).Draw(rt, "set") {
			case 0:
				estimate := at.Add(time.Hour)
				c.Estimate = &estimate
			case 1:
				c.Account = incident.Account{rapid.SampledFrom(incident.Things).Draw(rt, "thing"): rapid.SampledFrom([]map[string]string{nil, {"": "this"}, {"en": "that"}}).Draw(rt, "texts")}
			default:
				severity := rapid.SampledFrom([]string{"info", "warning", "critical"}).Draw(rt, "severity")
				c.Severity = &severity
			}
			all = append(all, event{at: at, open: true, in: incident.Input{At: at, ID: fmt.Sprint("set", n), By: "oncall", Set: c}})
		case 14:
			o := &incident.Open{Service: rapid.SampledFrom(services).Draw(rt, "service"), Severity: rapid.SampledFrom([]string{"info", "warning", "critical"}).Draw(rt, "severity")}
			if rapid.Bool().Draw(rt, "since long") {
				o.StartedAt = at.Add(-3 * time.Hour)
			}
			all = append(all, event{at: at, in: incident.Input{At: at, ID: fmt.Sprint("open", n), By: "oncall", Open: o}})
		case 15:
			send := &incident.Send{}
			if rapid.Bool().Draw(rt, "to one") {
				send.Audiences = []string{rapid.SampledFrom([]string{"it", "management", "board", "staff"}).Draw(rt, "audience")}
			}
			all = append(all, event{at: at, open: rapid.IntRange(0, 3).Draw(rt, "open") > 0, over: true, in: incident.Input{At: at, ID: fmt.Sprint("send", n), By: "oncall", Send: send}})
		case 16:
			all = append(all, event{at: at, open: true, in: incident.Input{At: at, ID: fmt.Sprint("cancel", n), By: "oncall", Cancel: &incident.Cancel{Update: rapid.IntRange(1, 8).Draw(rt, "update")}}})
		case 17:
			all = append(all, event{at: at, open: true, in: incident.Input{At: at, ID: fmt.Sprint("merge", n), By: "oncall", Merge: &incident.Merge{Into: fmt.Sprint("SR-", rapid.IntRange(1, 4).Draw(rt, "into"))}}})
		case 18:
			all = append(all, event{at: at, in: incident.Input{At: at, ID: fmt.Sprint("split", n), By: "oncall", Split: &incident.Split{
				Incident: fmt.Sprint("SR-", rapid.IntRange(1, 4).Draw(rt, "of")), Service: rapid.SampledFrom(services).Draw(rt, "service"),
			}}})
		case 19, 20:
			all = append(all, enlists(rt, at, fmt.Sprint("enlist", n)))
		case 13:
			all = append(all, event{at: at, over: true, in: incident.Input{At: at, ID: fmt.Sprint("reopen", n), By: "oncall", Reopen: &incident.Reopen{}}})
		}
	}
	at = at.Add(rapid.SampledFrom([]time.Duration{time.Minute, 3 * time.Hour, 20 * time.Hour}).Draw(rt, "last"))
	for _, f := range slices.Sorted(keys(firing)) {
		all = append(all, event{at: at, in: ends(f, firing[f], at)})
	}
	return all
}

// play plays events, and lets time go on for three days after the last. What time
// alone makes due at a moment comes after all that happens at it, or before.
func play(t rapid.TB, p Policy, events []event, timeFirst bool) *post {
	return playWith(t, p, events, timeFirst, (*post).again)
}

// playWith plays events, with a way to be the same after a restart.
func playWith(t rapid.TB, p Policy, events []event, timeFirst bool, again func(*post, rapid.TB, *Book, Policy, time.Time) *Book) *post {
	b := enrolled(p)
	s := &post{t: t, book: b, now: noon}
	b.Wind(noon)
	live := func(at time.Time) {
		for {
			wake := b.Next(at)
			for _, r := range s.receipts {
				if r.at.Before(wake) {
					wake = r.at
				}
			}
			if wake.Before(s.now) {
				t.Fatalf("at %v it wakes at %v", s.now, wake)
			}
			if !wake.Before(at) {
				break
			}
			s.now = wake
			s.report(b)
			if err := b.Beat(wake, s); err != nil {
				t.Fatal(err)
			}
			if err := b.Tick(wake, s); err != nil {
				t.Fatal(err)
			}
			s.report(b)
			s.awake(t, b, wake)
		}
		s.now = at
	}
	for n, e := range events {
		if timeFirst && (n == 0 || e.at.After(events[n-1].at)) {
			live(e.at.Add(1))
			s.now = e.at
		}
		live(e.at)
		if e.restart {
			b = again(s, t, b, p, e.at)
			continue
		}
		in := e.in
		if e.open || e.over {
			last := ""
			for _, c := range b.Cases() {
				if c.State.ID != "" && c.watchdog == nil && c.State.Open() == e.open && Number(c.State.ID) > Number(last) {
					last = c.State.ID
				}
			}
			if last == "" {
				continue
			}
			in = in.About(last)
			if a := in.Approve; a != nil && a.Update == 0 { // of what waits
				waiting := b.Waiting(b.Incident(last), e.at)
				if len(waiting) == 0 {
					continue
				}
				a.Update = waiting[0].Update
			}
		}
		if _, _, err := b.Take(in, s); err != nil {
			t.Fatal(err)
		}
		s.report(b)
	}
	live(s.now.Add(24 * time.Hour))
	all := b.Cases()
	slices.SortFunc(all, func(x, y *Case) int { return Number(x.State.ID) - Number(y.State.ID) })
	for _, c := range all { // what a person opened, a person ends
		if c.State.Open() {
			in := incident.Input{At: s.now, ID: "end " + c.State.ID, By: "oncall", Resolve: &incident.Resolve{Incident: c.State.ID}}
			if c.State.Kind == incident.Change {
				in.Resolve, in.Conduct = nil, &incident.Conduct{Incident: c.State.ID, Step: done(c.State.Work)}
			}
			if _, _, err := b.Take(in, s); err != nil {
				t.Fatal(err)
			}
			s.report(b)
		}
	}
	live(s.now.Add(72 * time.Hour))
	return s
}

// report takes what the channels accepted back in, within the same second.
func (p *post) report(b *Book) {
	for n := 0; n < len(p.receipts); {
		r := p.receipts[n]
		if r.at.After(p.now) {
			n++
			continue
		}
		p.receipts = slices.Delete(p.receipts, n, n+1)
		if _, _, err := b.Take(incident.Input{At: p.now, Receipt: &r.Receipt}, p); err != nil {
			p.t.Fatal(err)
		}
	}
}

// awake: after a moment was judged, the book wakes no later than anything is due
// next, and nothing is due any more.
func (p *post) awake(t rapid.TB, b *Book, now time.Time) {
	for _, c := range b.Cases() {
		for _, d := range b.Coming(c, now) {
			if next := b.Next(d.At.Add(1)); next.After(d.At) {
				t.Fatalf("at %v the book sleeps until %v; %s is due a word of %s at %v", now, next, d.Audience, c.State.ID, d.At)
			}
		}
	}
}

// again is a book that knows what the facts say, which is what the other knew.
func (p *post) again(t rapid.TB, b *Book, policy Policy, now time.Time) *Book {
	n := enrolled(policy)
	for _, f := range p.facts {
		n.Remember(f)
	}
	n.Wind(now)
	p.book = n
	for _, c := range b.Cases() {
		var same *Case
		if c.State.ID != "" {
			same = n.Incident(c.State.ID)
		} else {
			same = n.services[c.State.Service]
		}
		if c.State.ID == "" && same != nil && same.State.ID != "" {
			continue // a day after an incident something came in that was of no account
		}
		if same == nil && c.State.ID == "" && len(c.State.Alerts) == 0 {
			continue // what came in was of no account, which the moment's end would have shown
		}
		if same == nil {
			t.Fatalf("after a replay there is no %s%s", c.State.ID, c.State.Service)
		}
		c.State.Labels()
		same.State.Labels()
		if !reflect.DeepEqual(c.State, same.State) {
			t.Fatalf("after a replay it is another one:\n%+v\n%+v", c.State, same.State)
		}
	}
	return n
}

// TestWhatPeopleGet plays random scripts over all of a town and looks at what
// every single person got.
func TestWhatPeopleGet(t *testing.T) {
	policy := town(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := play(rt, policy, script(rt), rapid.Bool().Draw(rt, "time first"))
		defer func() {
			if rt.Failed() {
				story(rt, s)
			}
		}()
		once(rt, s)
		told(rt, s)
		calm(rt, s)
		listings(rt, s)
		noNews(rt, s)
		for _, f := range s.facts {
			if f.Broken() != nil && f.Broken().Held == "" { // everything was accepted within a second
				rt.Fatalf("%v %v", f.At, f)
			}
		}
	})
}

func story(rt *rapid.T, s *post) {
	for _, f := range s.facts {
		rt.Log(f.At.Format("02 15:04:05"), f)
	}
}

// TestTheOrderOfAMomentDoesNotMatter: what happens at one moment may come in any
// order.
func TestTheOrderOfAMomentDoesNotMatter(t *testing.T) {
	policy := town(t)
	rapid.Check(t, func(rt *rapid.T) {
		var events []event
		for _, e := range script(rt) {
			if !e.in.Override() && !e.restart {
				events = append(events, e)
			}
		}
		shuffled := slices.Clone(events)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		for from := 0; from < len(shuffled); {
			to := from
			for to < len(shuffled) && shuffled[to].at.Equal(shuffled[from].at) {
				to++
			}
			some := shuffled[from:to]
			if apart(some) {
				r.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
			}
			from = to
		}
		a, b := play(rt, policy, events, true), play(rt, policy, shuffled, true)
		one, two := got(a), got(b)
		defer func() {
			if rt.Failed() { // both stories
				story(rt, a)
				story(rt, b)
			}
		}()
		if !slices.Equal(one, two) {
			for i := range min(len(one), len(two)) {
				if one[i] != two[i] {
					rt.Fatalf("letter %d:\n%s\n%s", i, one[i], two[i])
				}
			}
			rt.Fatalf("%d letters, and %d", len(one), len(two))
		}
	})
}

// apart reports whether events are about different alerts: what is said twice of
// one in one moment does depend on the order.
func apart(events []event) bool {
	seen := map[string]bool{}
	for _, e := range events {
		for _, o := range e.in.Alerts {
			if seen[o.Fingerprint] {
				return false
			}
			seen[o.Fingerprint] = true
		}
	}
	return true
}

// got lists what everybody got; incidents that opened in one moment may have
// each other's number.
func got(s *post) []string {
	var all []string
	for _, l := range s.letters {
		all = append(all, fmt.Sprint(l.at.Format(time.RFC3339), " ", l.address, " ", l.service, " ", l.audience, " ", l.kind))
	}
	slices.Sort(all)
	return all
}

// drawn looks at what is drawn until it was all that must be seen, which is rare in some
// scripts: a few times as many as otherwise.
func drawn(t *testing.T, look func(*rapid.T), missing func() []string) {
	t.Helper()
	for range 8 {
		if rapid.Check(t, look); fewDraws || len(missing()) == 0 || t.Failed() {
			return
		}
	}
	t.Errorf("no script had: %s", strings.Join(missing(), ", "))
}

// fewDraws says that too little is drawn here to see everything that may happen.
var fewDraws bool
