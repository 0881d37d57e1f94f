package incident

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// cloneOf copies a state, so that a test can try several inputs on it.
func cloneOf(s *State) *State {
	c := *s
	c.Alerts = map[string]*Alert{}
	for k, v := range s.Alerts {
		a := *v
		c.Alerts[k] = &a
	}
	c.Told = map[string]*Told{}
	for k, v := range s.Told {
		t := *v
		t.Promises = nil
		for _, p := range v.Promises {
			q := *p
			t.Promises = append(t.Promises, &q)
		}
		c.Told[k] = &t
	}
	c.Flights = map[int]*Flight{}
	for k, v := range s.Flights {
		f := *v
		f.Done = map[string]bool{}
		for d := range v.Done {
			f.Done[d] = true
		}
		c.Flights[k] = &f
	}
	c.severities = maps.Clone(s.severities)
	c.Arrived = maps.Clone(s.Arrived)
	c.Landed = maps.Clone(s.Landed)
	c.Orders = maps.Clone(s.Orders)
	c.Corrected = maps.Clone(s.Corrected)
	c.Corrections = slices.Clone(s.Corrections)
	c.Falls = slices.Clone(s.Falls)
	c.Totals = map[string]*Totals{}
	for k, v := range s.Totals {
		n := *v
		c.Totals[k] = &n
	}
	c.Words = append([]Words(nil), s.Words...)
	c.Given = maps.Clone(s.Given)
	if s.Cancelled != nil {
		c.Cancelled = map[int]*Withdrawn{}
		for k, v := range s.Cancelled {
			w := *v
			c.Cancelled[k] = &w
		}
	}
	c.Hastened = maps.Clone(s.Hastened)
	c.Added, c.Removed = slices.Clone(s.Added), slices.Clone(s.Removed)
	if s.Steers != nil {
		c.Steers = map[string]*Steering{}
		for k, v := range s.Steers {
			n := *v
			c.Steers[k] = &n
		}
	}
	return &c
}

// steps turns choices into inputs: time goes on by up to some minutes, and one
// of a few alerts, a person or a worker does something. Everything that a
// script of inputs can hold is in it.
func steps(next func(n int) int, more func() bool) []Input {
	at := noon
	var all []Input
	for more() {
		at = at.Add(time.Duration(next(400)) * time.Second)
		switch next(17) {
		case 16:
			who := []string{"mayor's mail", "mayor's phone", "deputy's mail", "deputy's phone"}[next(4)]
			all = append(all, enlisted(at, next(2) == 0, "board", []string{"mayor", "deputy"}[next(2)], who))
		case 0, 1, 2, 3:
			var alerts []Observation
			for range 1 + next(3) {
				o := obs(fmt.Sprintf("A%d", next(4)), next(3) > 0, at.Add(-time.Duration(next(300))*time.Second))
				o = with(o, []string{"info", "warning", "critical", "none", "odd", ""}[next(6)])
				if next(3) == 0 {
					o.StartsAt = noon // a repeat, or one that was overtaken
				}
				o.Account = []Account{nil, nil, {Summary: {"": "out"}}, {Impact: {"nl": "uit"}, Summary: {"en": "out"}}}[next(4)]
				alerts = append(alerts, o)
			}
			all = append(all, in(at, alerts...))
		case 4:
			say := &Say{Incident: "SR-7", Texts: map[string]string{"": "hello"}}
			if next(2) == 0 {
				say.Audiences = []string{"board"}
			}
			say.Phase = []Phase{"", Investigating, Identified, Monitoring, "odd"}[next(5)]
			if next(3) == 0 {
				say.Corrects = 1 + next(6)
			}
			all = append(all, Input{At: at, ID: fmt.Sprint(len(all)), By: "oncall", Say: say})
		case 5:
			if next(3) == 0 {
				all = append(all, Input{At: at, ID: fmt.Sprint(len(all)), By: "oncall", Resolve: &Resolve{Incident: "SR-7"}})
			}
		case 6:
			n := 1 + next(5)
			all = append(all, Input{At: at, Receipt: &Receipt{Incident: "SR-7", Delivered: Delivered{
				Update: n, Part: fmt.Sprintf("SR-7.%d.0.email", n), Accepted: 2, Unreached: next(2), LastAt: at,
			}}})
		case 7:
			all = append(all, randomSet(at, fmt.Sprint(len(all)), next))
		case 8:
			c := &Steer{Incident: "SR-7", Audience: "board", Paused: next(3) == 0, Every: time.Duration(next(3)) * 10 * time.Minute}
			if next(2) == 0 {
				c.HoldUntil = at.Add(time.Duration(next(200)-20) * time.Minute)
			}
			all = append(all, Input{At: at, ID: fmt.Sprint(len(all)), By: "oncall", Steer: c})
		case 9:
			n := 1 + next(5)
			after := &Aftermath{Incident: "SR-7", Update: n, Part: fmt.Sprintf("SR-7.%d.0.email", n), Audience: "board", Delivered: next(3), Undelivered: next(3)}
			for range after.Undelivered {
				if row := next(4); next(2) == 0 {
					after.Fell = append(after.Fell, row)
				} else {
					after.Again = append(after.Again, row)
				}
			}
			all = append(all, Input{At: at, Aftermath: after})
		case 10:
			o := &Open{Service: "mail", Severity: []string{"info", "critical", "odd"}[next(3)]}
			if next(2) == 0 {
				o.StartedAt = at.Add(time.Duration(next(200)-190) * time.Minute)
			}
			all = append(all, Input{At: at, ID: fmt.Sprint(len(all)), By: "oncall", Open: o})
		case 11:
			send := &Send{Incident: "SR-7"}
			if next(2) == 0 {
				send.Audiences = []string{[]string{"board", "staff"}[next(2)]}
			}
			all = append(all, Input{At: at, ID: fmt.Sprint(len(all)), By: "oncall", Send: send})
		case 12:
			all = append(all, Input{At: at, ID: fmt.Sprint(len(all)), By: "oncall", Cancel: &Cancel{Incident: "SR-7", Update: next(6)}})
		default:
			all = append(all, Input{At: at})
		}
	}
	return all
}

// randomSet is a person who says how it is, or reopens it.
func randomSet(at time.Time, id string, next func(n int) int) Input {
	in := Input{At: at, ID: id, By: "oncall"}
	set := &Set{Incident: "SR-7"}
	switch next(6) {
	case 4:
		set.Account = Account{Things[next(len(Things))]: {"": []string{"this", "that"}[next(2)]}, Things[next(len(Things))]: nil}
	case 0:
		set.Severity = &[]string{"info", "warning", "critical", "odd"}[next(4)]
	case 1:
		set.Phase = &[]Phase{Investigating, Identified, Monitoring, "odd"}[next(4)]
	case 2:
		estimate := at.Add(time.Duration(next(200)-20) * time.Minute)
		set.Estimate = &estimate
	case 3:
		set.Lead, set.Title = &[]string{"", "Fatima"}[next(2)], &map[string]string{}
	default:
		in.Reopen = &Reopen{Incident: "SR-7"}
		return in
	}
	in.Set = set
	return in
}

// check plays inputs, and holds what must hold after each.
func check(t interface{ Fatalf(string, ...any) }, inputs []Input) {
	r := rules()
	live := NewState("mail")
	var facts []Fact
	opened, ended := 0, 0
	for _, i := range inputs {
		before := cloneOf(live)
		Decide(r, live, i)
		before.Labels() // may settle what is cached
		live.Labels()
		if !reflect.DeepEqual(before, live) {
			t.Fatalf("Decide changed the state")
		}
		got := Advance(r, live, i)
		if live.Open() && i.Alerts != nil && live.Updates < 5 { // as the plan would
			f := planned(live.Updates+1, i.At.Add(time.Hour))
			f.At, f.Planned().DueAt = i.At, i.At
			Apply(live, f)
			got = append(got, f)
		}
		facts = append(facts, got...)
		for _, f := range got {
			if f.Opened() != nil {
				opened++
			}
			if f.Resolved() != nil {
				ended++
			}
			if f.Reopened() != nil {
				ended--
			}
			if f.At != i.At {
				t.Fatalf("fact %v is of another time than its input %v", f, i.At)
			}
		}
		if opened > 1 || ended > opened || ended < 0 {
			t.Fatalf("opened %d times, ended %d times", opened, ended)
		}
		if again := Advance(r, cloneOf(live), Input{At: i.At}); len(again) > 0 {
			t.Fatalf("after %v more followed at the same moment: %v", i, again)
		}
		if i.Alerts != nil && !forgot(got) { // alerts are state: the same webhook again changes nothing
			if again := Advance(r, cloneOf(live), i); len(again) > 0 && !flips(i) {
				t.Fatalf("the webhook %v again made %v", i, again)
			}
		}
		firing, severities := 0, map[string]int{}
		for _, a := range live.Alerts {
			if a.Firing() && !a.Muted {
				firing++
				severities[a.Severity]++
			}
		}
		if !maps.Equal(severities, live.severities) {
			t.Fatalf("of the severities %v fire, and %v are counted", severities, live.severities)
		}
		if common := commonTo(live); live.Firing() > 0 && !maps.Equal(common, commonOf(live)) {
			t.Fatalf("%v is common, and %v is said to be", common, commonOf(live))
		}
		if firing != live.Firing() {
			t.Fatalf("%d alerts fire, and %d are counted", firing, live.Firing())
		}
		if wake := Wake(r, live); !wake.IsZero() && !wake.After(i.At) {
			t.Fatalf("wakes at %v, which is not after %v", wake, i.At)
		}
		for name, told := range live.Told {
			if open := openPromises(told); told.Made != told.Kept+told.Broken+open {
				t.Fatalf("%s: made %d, kept %d, broken %d, open %d", name, told.Made, told.Kept, told.Broken, open)
			}
		}
	}
	// The facts as they are stored give the same state.
	replayed := NewState("mail")
	for _, f := range facts {
		data, err := json.Marshal(f)
		if err != nil {
			t.Fatalf("%v", err)
		}
		var read Fact
		if err := json.Unmarshal(data, &read); err != nil {
			t.Fatalf("%v", err)
		}
		Apply(replayed, read)
	}
	live.Labels()
	replayed.Labels()
	if !reflect.DeepEqual(live, replayed) {
		t.Fatalf("replay differs\nlive     %+v\nreplayed %+v", live, replayed)
	}
}

// commonTo is what the firing alerts have in common, looked at anew.
func commonTo(s *State) map[string]string {
	var common map[string]string
	for _, a := range s.Alerts {
		if a.Firing() && !a.Muted {
			common = intersect(common, a.Labels)
		}
	}
	return common
}

func commonOf(s *State) map[string]string {
	s.Labels()
	return s.common
}

// flips reports whether a webhook says two things of one alert; the first
// holds, and after it the second would be news.
func flips(i Input) bool {
	seen := map[string]bool{}
	for _, o := range i.Alerts {
		if seen[o.Fingerprint] {
			return true
		}
		seen[o.Fingerprint] = true
	}
	return false
}

// forgot reports whether alerts were forgotten at the end of something: one
// that comes after it is news, however old.
func forgot(facts []Fact) bool {
	for _, f := range facts {
		if f.Passed() != nil || f.Resolved() != nil {
			return true
		}
	}
	return false
}

func openPromises(t *Told) int {
	n := 0
	for _, p := range t.Promises {
		if !p.Broken {
			n++
		}
	}
	return n
}

func TestWhateverComesInHolds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		left := rapid.IntRange(0, 60).Draw(rt, "inputs")
		check(rt, steps(
			func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "choice") },
			func() bool { left--; return left >= 0 },
		))
	})
}

// FuzzInputs is the same with bytes that the fuzzer chooses.
func FuzzInputs(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 1, 0, 1, 2, 0, 1, 44, 8, 0, 200, 1, 0, 3, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 2000)] // longer ones only take longer
		next := func(n int) int {
			if len(data) < 2 {
				return 0
			}
			v := int(binary.LittleEndian.Uint16(data))
			data = data[2:]
			return v % n
		}
		check(t, steps(next, func() bool { return len(data) >= 2 }))
	})
}

// TestOrderOfSimultaneousAlertsDoesNotMatter: alerts are state.
func TestOrderOfSimultaneousAlertsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var alerts []Observation
		for n := range rapid.IntRange(1, 6).Draw(rt, "alerts") {
			o := obs(fmt.Sprintf("A%d", n), true, noon.Add(-time.Duration(rapid.IntRange(0, 600).Draw(rt, "age"))*time.Second))
			alerts = append(alerts, with(o, rapid.SampledFrom([]string{"info", "warning", "critical"}).Draw(rt, "severity")))
		}
		one, two := NewState("mail"), NewState("mail")
		for _, o := range alerts {
			Advance(rules(), one, in(noon, o))
		}
		for _, o := range rapid.Permutation(alerts).Draw(rt, "order") {
			Advance(rules(), two, in(noon, o))
		}
		one.Labels()
		two.Labels()
		one.Version, two.Version = 0, 0 // it may have risen at once, or in steps
		if !reflect.DeepEqual(one, two) {
			rt.Fatalf("in one order %+v\nin another %+v", one, two)
		}
	})
}
