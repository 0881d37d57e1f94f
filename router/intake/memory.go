package intake

import (
	"sync"
	"time"

	"sitrep/router/incident"
)

// Memory knows what was stored of each alert lately, so that repeats (every
// group_interval, from each of a pair of Alertmanagers) need not be stored
// again. It only ever leaves out what could not change anything: what was
// stored last of that alert, said again.
type Memory struct {
	mu   sync.Mutex
	last map[string]told
}

type told struct {
	startsAt, endsAt time.Time
	firing           bool
	changed          time.Time // when this was first said
	stored           time.Time // when this was last stored
}

const (
	// settle is how long after a change repeats are stored all the same: a
	// firing that overtook its resolved is judged by its age.
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
		if ok && t.same(o) && now.Sub(t.changed) > settle && now.Sub(t.stored) < refresh {
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
	if m.last == nil || len(m.last) > maxMemory {
		m.last = map[string]told{}
	}
	for _, o := range alerts {
		t := told{o.StartsAt, o.EndsAt, o.Firing, now, now}
		if was, ok := m.last[o.Fingerprint]; ok && was.same(o) {
			t.changed = was.changed
		}
		m.last[o.Fingerprint] = t
	}
}

func (t told) same(o incident.Observation) bool {
	return t.firing == o.Firing && t.startsAt.Equal(o.StartsAt) && t.endsAt.Equal(o.EndsAt)
}
