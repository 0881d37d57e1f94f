package casebook

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"

	"sitrep/policies"
	"sitrep/router/incident"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func matcher(t testing.TB, name, value string) labels.Matchers {
	m, err := labels.NewMatcher(labels.MatchEqual, name, value)
	if err != nil {
		t.Fatal(err)
	}
	return labels.Matchers{m}
}

// policy has two services and one audience that is told everything at once.
func policy(t testing.TB) Policy {
	it := &policies.Audience{Name: "it", Channels: []string{"email"}}
	service := func(name string) *policies.Service {
		return &policies.Service{Name: name, Matchers: matcher(t, "service", name), ResolvedAfter: 5 * time.Minute, Threshold: []policies.Threshold{{FiringFor: time.Minute, Alerts: 1}}}
	}
	return Policy{
		Severities: policies.Severities{"info", "critical"},
		Services:   []*policies.Service{service("mail"), service("network")},
		Audiences:  []*policies.Audience{it},
		Policies:   []*policies.Policy{{Name: "all", Updates: []policies.Updates{{Audience: it, Cadence: []policies.Row{{Every: time.Hour}}}}}},
	}
}

// notes is a scribe that keeps the facts, and orders updates of one delivery.
type notes struct {
	facts []incident.Fact
	rests int
}

func (n *notes) Order(c *Case, o Order, now time.Time) (incident.Fact, error) {
	p := Numbered(c, o)
	p.Channels, p.Roster, p.Parts, p.Deliveries = []string{"email"}, []string{"r"}, 1, 1
	return incident.Fact{At: now, Service: c.State.Service, Incident: c.State.ID, Body: &p}, nil
}
func (n *notes) Combine(c *Case, m Combined, now time.Time) (incident.Fact, error) {
	p := m.Planned
	p.Roster, p.Parts, p.Deliveries = []string{"r"}, 1, len(m.People)
	return incident.Fact{At: now, Service: c.State.Service, Incident: c.State.ID, Body: &p}, nil
}
func (n *notes) Decided(_ *Case, f incident.Fact) { n.facts = append(n.facts, f) }
func (n *notes) Rest() error                      { n.rests++; return nil }

func alert(service, name string, firing bool, starts, ends time.Time) incident.Observation {
	return incident.Observation{Fingerprint: service + name, Firing: firing, StartsAt: starts, EndsAt: ends,
		Labels: map[string]string{"alertname": name, "service": service, "severity": "critical"}}
}

func TestOneWebhookManyServices(t *testing.T) {
	b, n := New(policy(t)), &notes{}
	_, unmatched, err := b.Take(incident.Input{At: noon, Alerts: []incident.Observation{
		alert("mail", "A", true, noon, time.Time{}), alert("network", "B", true, noon, time.Time{}), alert("", "C", true, noon, time.Time{}),
	}}, n)
	if err != nil || unmatched != 1 {
		t.Fatalf("unmatched %d, %v", unmatched, err)
	}
	if strays, changed := b.Strays(); !changed || len(strays) != 1 || strays[0].Fingerprint != "C" {
		t.Errorf("strays %v, %v", strays, changed)
	}
	if _, changed := b.Strays(); changed {
		t.Error("strays changed by being looked at")
	}
	if wake := b.Next(noon.Add(time.Hour)); !wake.Equal(noon) {
		t.Fatalf("what came in at noon is judged at %v", wake)
	}
	if err := b.Tick(noon, n); err != nil {
		t.Fatal(err)
	}
	wake := b.Next(noon.Add(time.Hour))
	if !wake.Equal(noon.Add(time.Minute)) {
		t.Fatalf("the next wake-up is at %v", wake)
	}
	if err := b.Tick(wake, n); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"SR-1", "SR-2"} {
		if c := b.Incident(id); c == nil || !c.State.Open() {
			t.Errorf("%s is not open", id)
		}
	}
	if b.Incident("SR-1").State.Service == b.Incident("SR-2").State.Service {
		t.Error("one service has both")
	}
	_, unmatched, _ = b.Take(incident.Input{At: wake, Alerts: []incident.Observation{alert("", "C", false, noon, wake)}}, n)
	if strays, changed := b.Strays(); !changed || len(strays) != 0 || unmatched != 1 {
		t.Errorf("after it stopped: strays %v, %v", strays, changed)
	}
}

// TestAnIncidentOfItsOwnAfterADay: within a day an outage of the same service is
// a relapse; later it is a new incident.
func TestAnIncidentOfItsOwnAfterADay(t *testing.T) {
	b, n := New(policy(t)), &notes{}
	play := func(at time.Time) {
		for _, in := range []incident.Input{
			{At: at, Alerts: []incident.Observation{alert("mail", "A", true, at, time.Time{})}},
			{At: at.Add(2 * time.Minute), Alerts: []incident.Observation{alert("mail", "A", false, at, at.Add(2*time.Minute))}},
		} {
			for wake := b.Next(in.At); wake.Before(in.At); wake = b.Next(in.At) {
				if err := b.Tick(wake, n); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := b.Take(in, n); err != nil {
				t.Fatal(err)
			}
		}
		end := at.Add(10 * time.Minute)
		for wake := b.Next(end); wake.Before(end); wake = b.Next(end) {
			if err := b.Tick(wake, n); err != nil {
				t.Fatal(err)
			}
		}
	}
	play(noon)
	play(noon.Add(3 * time.Hour))
	if b.Incident("SR-2") != nil || b.Incident("SR-1") == nil {
		t.Error("a relapse within a day is the same incident")
	}
	play(noon.Add(48 * time.Hour))
	if c := b.Incident("SR-2"); c == nil || c.State.Open() {
		t.Error("two days later it is another one, and over by now")
	}

	// What the facts say is all there is.
	again := New(policy(t))
	for _, f := range n.facts {
		again.Remember(f)
	}
	again.Wind(noon.Add(49 * time.Hour))
	for _, id := range []string{"SR-1", "SR-2"} {
		live, replayed := b.Incident(id), again.Incident(id)
		live.State.Labels()
		replayed.State.Labels()
		if !reflect.DeepEqual(live.State, replayed.State) || !reflect.DeepEqual(live.Timeline, replayed.Timeline) {
			t.Errorf("%s is another one after a replay", id)
		}
	}
	if !b.Next(noon.Add(1000 * time.Hour)).Equal(again.Next(noon.Add(1000 * time.Hour))) {
		t.Error("it wakes at another time after a replay")
	}
}

// TestWhatWasMutedStaysMuted: an alert that fires on for days after a person ended
// its incident opens nothing, whatever else opens and closes; once it has
// resolved, it counts again.
func TestWhatWasMutedStaysMuted(t *testing.T) {
	b, n := New(policy(t)), &notes{}
	now := noon
	take := func(in incident.Input) {
		for wake := b.Next(in.At); wake.Before(in.At); wake = b.Next(in.At) {
			if err := b.Tick(wake, n); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := b.Take(in, n); err != nil {
			t.Fatal(err)
		}
		if err := b.Tick(in.At, n); err != nil {
			t.Fatal(err)
		}
		now = in.At
	}
	webhook := func(at time.Time, o incident.Observation) {
		take(incident.Input{At: at, Alerts: []incident.Observation{o}})
	}
	webhook(noon, alert("mail", "A", true, noon, time.Time{}))
	webhook(noon.Add(time.Hour), alert("mail", "A", true, noon, time.Time{}))
	take(incident.Input{At: noon.Add(2 * time.Hour), ID: "1", By: "oncall", Resolve: &incident.Resolve{Incident: "SR-1"}})
	for day := range 4 { // repeats
		webhook(now.Add(20*time.Hour), alert("mail", "A", true, noon, time.Time{}))
		if len(b.ids) != 1 || b.Incident("SR-1").State.Open() {
			t.Fatalf("day %d: it opened something", day)
		}
	}
	began := now.Add(time.Hour)
	webhook(began, alert("mail", "B", true, began, time.Time{}))
	webhook(began.Add(time.Hour), alert("mail", "B", true, began, time.Time{}))
	if c := b.Incident("SR-2"); c == nil || c.State.Firing() != 1 {
		t.Fatalf("three days later another alert is an incident of its own, with that alone")
	}
	ends := now.Add(time.Hour)
	webhook(ends, alert("mail", "A", false, noon, ends))
	webhook(ends.Add(time.Hour), alert("mail", "A", true, ends.Add(time.Minute), time.Time{}))
	if c := b.Incident("SR-2"); c.State.Firing() != 2 {
		t.Errorf("%d alerts fire", c.State.Firing())
	}
	again := New(policy(t))
	for _, f := range n.facts {
		again.Remember(f)
	}
	again.Wind(now)
	b.Incident("SR-2").State.Labels()
	again.Incident("SR-2").State.Labels()
	if !reflect.DeepEqual(b.Incident("SR-2").State, again.Incident("SR-2").State) {
		t.Error("after a replay it is another one")
	}
}

// TestAnOverrideIsNotCutInTwo: a webhook may be stored service by service, for
// deciding it again changes nothing; words that were stored by halves would be
// said twice.
func TestAnOverrideIsNotCutInTwo(t *testing.T) {
	b, n := New(policy(t)), &notes{}
	if _, _, err := b.Take(incident.Input{At: noon, Alerts: []incident.Observation{
		alert("mail", "A", true, noon.Add(-time.Hour), time.Time{}), alert("network", "B", true, noon, time.Time{}),
	}}, n); err != nil || n.rests != 2 {
		t.Errorf("%d rests for two services, %v", n.rests, err)
	}
	if err := b.Tick(noon, n); err != nil {
		t.Fatal(err)
	}
	n.rests = 0
	say := &incident.Say{Incident: "SR-1", Texts: map[string]string{"": "words"}}
	if known, _, err := b.Take(incident.Input{At: noon.Add(time.Second), ID: "1", By: "oncall", Say: say}, n); !known || err != nil || n.rests != 0 {
		t.Errorf("%d rests within an override, known %v, %v", n.rests, known, err)
	}
}

// TestAClockThatSteps: where the clock of the machine jumps an hour ahead, what is
// due by then is told once; where it jumps back, nobody is told again, and what
// comes in with an earlier time than what was before does no harm.
func TestAClockThatSteps(t *testing.T) {
	for _, step := range []time.Duration{time.Hour, -time.Hour, 10 * time.Hour, -10 * time.Hour} {
		p := town(t)
		b := New(p)
		s := &post{t: t, book: b, now: noon}
		b.Wind(noon)
		clock := func(from, to time.Duration) {
			for at := noon.Add(from); !at.After(noon.Add(to)); at = at.Add(30 * time.Second) {
				s.now = at
				if err := b.Beat(at, s); err != nil {
					t.Fatal(err)
				}
				if err := b.Tick(at, s); err != nil {
					t.Fatal(err)
				}
				s.report(b)
			}
		}
		fires := alert("mail", "A", true, noon, time.Time{})
		if _, _, err := b.Take(incident.Input{At: noon, Alerts: []incident.Observation{fires}}, s); err != nil {
			t.Fatal(err)
		}
		clock(0, 90*time.Minute)
		before := len(s.letters)
		moved := 90*time.Minute + step
		clock(moved, moved+time.Minute)
		after := map[string]int{}
		for _, l := range s.letters[before:] {
			if after[l.address+l.audience]++; !l.team && after[l.address+l.audience] > 1 {
				t.Errorf("by %v: told twice at once: %+v", step, l)
			}
		}
		if step < 0 && len(after) > 0 {
			t.Errorf("by %v: told %v", step, after)
		}
		if step > 0 && len(after) == 0 {
			t.Errorf("by %v: nobody was told", step)
		}
		// It ends, by the clock as it is now; and everybody hears so, once.
		over := noon.Add(moved + 2*time.Minute)
		s.now = over
		end := alert("mail", "A", false, noon, over)
		if _, _, err := b.Take(incident.Input{At: over, Alerts: []incident.Observation{end}}, s); err != nil {
			t.Fatal(err)
		}
		clock(moved+2*time.Minute, moved+48*time.Hour)
		told, ended := map[string]bool{}, map[string]int{}
		for _, l := range s.letters {
			if l.team {
				continue
			}
			told[l.address+l.audience] = true
			if l.kind == incident.Closing {
				ended[l.address+l.audience]++
			}
		}
		for who := range told {
			if ended[who] != 1 {
				t.Errorf("by %v: %s was told %d times that it is over", step, who, ended[who])
			}
		}
		if len(told) == 0 {
			t.Errorf("by %v: nobody was told of anything", step)
		}
	}
}

func TestWhetherAPolicyIsForACase(t *testing.T) {
	p := policy(t)
	p.Policies[0].Matchers = matcher(t, "severity", "info")
	b, n := New(p), &notes{}
	b.Take(incident.Input{At: noon, Alerts: []incident.Observation{alert("mail", "A", true, noon.Add(-time.Hour), time.Time{})}}, n)
	if err := b.Tick(noon, n); err != nil {
		t.Fatal(err)
	}
	if c := b.Incident("SR-1"); c == nil || b.Covered(c) {
		t.Error("a critical incident is covered by a policy for info")
	}
	p.Policies[0].Matchers = matcher(t, "severity", "critical")
	if !b.Covered(b.Incident("SR-1")) {
		t.Error("it is not covered by a policy for critical")
	}
}

func TestAnUnknownIncident(t *testing.T) {
	known, _, err := New(policy(t)).Take(incident.Input{At: noon, Resolve: &incident.Resolve{Incident: "SR-9"}}, &notes{})
	if known || err != nil {
		t.Errorf("known %v, %v", known, err)
	}
}

// BenchmarkTake is the cost of one input that changes something, judged and
// planned, with so many open incidents: it must not grow with their number.
func BenchmarkTake(b *testing.B) {
	for _, open := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(open), func(b *testing.B) {
			p := policy(b)
			p.Services = nil
			for n := range open {
				name := fmt.Sprintf("s%d", n)
				p.Services = append(p.Services, &policies.Service{Name: name, Matchers: matcher(b, "service", name), ResolvedAfter: 5 * time.Minute, Threshold: []policies.Threshold{{Alerts: 1}}})
			}
			book, n := New(p), &notes{}
			take := func(at time.Time, i int, name string, firing bool) {
				n.facts = n.facts[:0]
				if _, unmatched, err := book.Take(incident.Input{At: at, Alerts: []incident.Observation{alert(fmt.Sprint("s", i), name, firing, noon, at)}}, n); unmatched > 0 || err != nil {
					b.Fatal(unmatched, err)
				}
				if err := book.Tick(at, n); err != nil {
					b.Fatal(err)
				}
			}
			for i := range open {
				take(noon.Add(time.Duration(i)*time.Millisecond), i, "A", true)
			}
			// The same few incidents, however many there are, so that the figure is
			// that of the work and not of memory that is no longer in the cache.
			at := noon.Add(20 * time.Second)
			firing := true
			for turn := 0; b.Loop(); turn++ {
				i := turn % 10
				take(at, i*(open/10), "B", firing)
				if i == 9 {
					firing = !firing
				}
				at = at.Add(time.Microsecond)
			}
			if len(book.Cases()) != open {
				b.Fatalf("%d incidents are open", len(book.Cases()))
			}
		})
	}
}
