package intake

import (
	"fmt"
	"testing"
	"time"

	"sitrep/router/incident"
)

func firing(name string, starts time.Time) incident.Observation {
	return incident.Observation{
		Fingerprint: name, Firing: true, StartsAt: starts,
		Labels: map[string]string{"alertname": name, "service": "mail", "severity": "critical"},
	}
}

func resolved(name string, starts, ends time.Time) incident.Observation {
	o := firing(name, starts)
	o.Firing, o.EndsAt = false, ends
	return o
}

// webhooks plays alerts through a memory, and says after how long which were
// stored.
type webhooks struct {
	t *testing.T
	m Memory
}

func (w *webhooks) at(age time.Duration, want int, alerts ...incident.Observation) {
	w.t.Helper()
	now := intakeAt.Add(age)
	news := w.m.News(alerts, now)
	if len(news) != want {
		w.t.Errorf("after %v: %d of %d alerts are news, want %d", age, len(news), len(alerts), want)
	}
	w.m.Stored(news, now)
}

func TestRepeatsAreLeftOutOnceTheyHaveSettled(t *testing.T) {
	w := webhooks{t: t}
	a, b := firing("A", intakeAt), firing("B", intakeAt)
	w.at(0, 2, a, b)
	w.at(time.Minute, 2, a, b)               // it may mean something else by now
	w.at(3*time.Minute, 2, a, b)             // still
	w.at(3*time.Minute+time.Second, 2, a, b) // stored once more, after a while of no change
	w.at(4*time.Minute, 0, a, b)
	w.at(8*time.Minute, 0, b, a)
	w.at(8*time.Minute, 1, a, firing("C", intakeAt), b)
}

func TestRepeatsAreRefreshed(t *testing.T) {
	w := webhooks{t: t}
	a := firing("A", intakeAt)
	w.at(0, 1, a)
	w.at(4*time.Minute, 1, a)
	w.at(9*time.Minute-1, 0, a)
	w.at(9*time.Minute, 1, a)
	w.at(10*time.Minute, 0, a)
	w.at(14*time.Minute, 1, a)
	w.at(5*time.Hour, 1, a)
	w.at(5*time.Hour+time.Minute, 0, a)
}

func TestARepeatAfterALongTimeIsStored(t *testing.T) {
	w := webhooks{t: t}
	a := firing("A", intakeAt)
	w.at(0, 1, a)
	w.at(4*time.Hour, 1, a)
}

func TestEveryChangeIsNews(t *testing.T) {
	w := webhooks{t: t}
	a := firing("A", intakeAt)
	over := resolved("A", intakeAt, intakeAt.Add(20*time.Minute))
	w.at(0, 1, a)
	w.at(10*time.Minute, 1, a)
	w.at(11*time.Minute, 0, a)
	w.at(20*time.Minute, 1, over)
	w.at(20*time.Minute+10*time.Second, 1, a) // overtaken, or firing again: not ours to judge
	w.at(24*time.Minute, 1, a)                // said again when it had settled
	w.at(25*time.Minute, 0, a)
	w.at(26*time.Minute, 1, over)
	w.at(27*time.Minute, 1, resolved("A", intakeAt, intakeAt.Add(21*time.Minute))) // another end
	w.at(28*time.Minute, 1, firing("A", intakeAt.Add(28*time.Minute)))             // another beginning
	w.at(29*time.Minute, 1, firing("A", intakeAt.Add(28*time.Minute)))
}

func TestOtherTextsAreNews(t *testing.T) {
	says := func(account incident.Account) incident.Observation {
		o := firing("A", intakeAt)
		o.Account = account
		return o
	}
	w := webhooks{t: t}
	all := incident.Account{incident.Impact: {"nl": "alles", "en": "all"}, incident.Summary: {"": "out"}}
	w.at(0, 1, says(all))
	w.at(4*time.Minute, 1, says(all))
	w.at(5*time.Minute, 0, says(incident.Account{incident.Summary: {"": "out"}, incident.Impact: {"en": "all", "nl": "alles"}}))
	w.at(6*time.Minute, 1, says(incident.Account{incident.Impact: {"nl": "all", "en": "alles"}, incident.Summary: {"": "out"}}))
	w.at(7*time.Minute, 1, says(incident.Account{incident.Impact: {"": "out"}, incident.Summary: {"nl": "all", "en": "alles"}}))
	w.at(8*time.Minute, 1, says(nil))
	w.at(12*time.Minute, 1, says(incident.Account{}))
	w.at(13*time.Minute, 0, says(nil))
}

func TestSameMomentInAnotherZoneIsARepeat(t *testing.T) {
	w := webhooks{t: t}
	zone := time.FixedZone("CET", 3600)
	w.at(0, 1, firing("A", intakeAt))
	w.at(4*time.Minute, 1, firing("A", intakeAt.In(zone)))
	w.at(5*time.Minute, 0, firing("A", intakeAt.In(zone)))
}

func TestTwinsThatAgreeAreOne(t *testing.T) {
	w := webhooks{t: t}
	a := firing("A", intakeAt)
	for age := time.Duration(0); age < 4*time.Minute; age += time.Minute {
		w.at(age, 1, a)
		w.at(age+15*time.Second, 1, a) // the other one
	}
	w.at(4*time.Minute, 0, a)
	w.at(4*time.Minute+15*time.Second, 0, a)
}

func TestTwinsThatDisagreeAreBothHeard(t *testing.T) {
	w := webhooks{t: t}
	for age := time.Duration(0); age < time.Hour; age += 5 * time.Minute {
		w.at(age, 1, firing("A", intakeAt))
		w.at(age+time.Minute, 1, resolved("A", intakeAt, intakeAt.Add(time.Minute)))
	}
}

func TestWhatMayNotBeStoredIsNotRemembered(t *testing.T) {
	w := webhooks{t: t}
	a, b := firing("A", intakeAt), firing("B", intakeAt)
	w.at(0, 2, a, b)
	w.at(4*time.Minute, 2, a, b)
	w.at(5*time.Minute, 0, a, b)
	w.m.Doubted([]incident.Observation{resolved("A", intakeAt, intakeAt.Add(5*time.Minute))})
	w.at(6*time.Minute, 1, a, b)
	var empty Memory
	empty.Doubted([]incident.Observation{a})
}

func TestMemoryIsBounded(t *testing.T) {
	const bound = 1000
	alerts := func(from, to int) (all []incident.Observation) {
		for n := from; n < to; n++ {
			all = append(all, incident.Observation{Fingerprint: fmt.Sprint(n), Firing: true, StartsAt: intakeAt})
		}
		return all
	}
	m := Memory{bound: bound}
	for n := 0; n < 3*bound; n += 300 {
		m.Stored(alerts(n, n+300), intakeAt)
		m.Stored(alerts(n, n+300), intakeAt.Add(4*time.Minute))
		if len(m.last) > bound {
			t.Fatalf("it remembers %d alerts", len(m.last))
		}
	}
	if news := m.News(alerts(0, 1), intakeAt.Add(5*time.Minute)); len(news) != 1 {
		t.Error("what was forgotten was left out")
	}
	// At the bound, an alert that is known takes no place.
	full := Memory{bound: bound}
	full.Stored(alerts(0, bound), intakeAt)
	full.Stored(alerts(0, bound), intakeAt.Add(4*time.Minute))
	if news := full.News(alerts(0, bound), intakeAt.Add(5*time.Minute)); len(news) != 0 {
		t.Errorf("%d repeats of %d were news", len(news), bound)
	}
}
