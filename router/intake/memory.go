package intake

import (
	"cmp"
	"sync"
	"time"

	"sitrep/router/incident"
)

// Memory knows what was stored of each alert lately, so that repeats (with every
// change of their group, from each of a pair of Alertmanagers) need not be
// stored again. It only ever leaves out what could not change anything: what was
// stored last of that alert, said again. The zero value is ready.
//
// Reading it and storing are not one step: of two webhooks that arrive together,
// the one remembered last may not be the one stored last. So nothing is left
// out until the same has been stored once more after a while of no change.
type Memory struct {
	mu    sync.Mutex
	last  map[string]told
	bound int // 0: maxMemory
}

type told struct {
	startsAt, endsAt time.Time
	firing           bool
	account          uint64    // sum of what it says to every reader
	changed          time.Time // when this was first said
	stored           time.Time // when this was last stored
}

const (
	// settle is how long after a change a repeat must have been stored before
	// the next ones are left out: a firing that overtook its resolved is judged
	// by its age, so the same words may mean something a minute later.
	settle = 3 * time.Minute
	// refresh is how often a repeat is stored all the same: it says that the
	// webhooks of that alert still come.
	refresh = 5 * time.Minute
	// maxMemory bounds the alerts that are remembered; past it, all are
	// forgotten and told once more.
	maxMemory = 200_000
)

// News returns the observations that may change something.
func (m *Memory) News(alerts []incident.Observation, now time.Time) []incident.Observation {
	m.mu.Lock()
	defer m.mu.Unlock()
	var news []incident.Observation
	for _, o := range alerts {
		t, ok := m.last[o.Fingerprint]
		if ok && t.same(o) && t.stored.Sub(t.changed) > settle && now.Sub(t.stored) < refresh {
			continue
		}
		news = append(news, o)
	}
	return news
}

// Stored remembers observations that were stored durably.
func (m *Memory) Stored(alerts []incident.Observation, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	bound := cmp.Or(m.bound, maxMemory)
	for _, o := range alerts {
		t := told{o.StartsAt, o.EndsAt, o.Firing, sumOf(o.Account), now, now}
		was, known := m.last[o.Fingerprint]
		if known && was.same(o) {
			t.changed = was.changed
		}
		if m.last == nil || (!known && len(m.last) == bound) {
			m.last = map[string]told{}
		}
		m.last[o.Fingerprint] = t
	}
}

// Heard takes in what was stored of alerts, by whomever, in its order. Of what is
// known already nothing changes.
func (m *Memory) Heard(alerts []incident.Observation, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range alerts {
		if t, known := m.last[o.Fingerprint]; known && !t.same(o) {
			m.last[o.Fingerprint] = told{o.StartsAt, o.EndsAt, o.Firing, sumOf(o.Account), at, at}
		}
	}
}

// Doubted forgets observations of which nobody knows whether they were stored.
func (m *Memory) Doubted(alerts []incident.Observation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range alerts {
		delete(m.last, o.Fingerprint)
	}
}

func (t told) same(o incident.Observation) bool {
	return t.firing == o.Firing && t.startsAt.Equal(o.StartsAt) && t.endsAt.Equal(o.EndsAt) && t.account == sumOf(o.Account)
}
