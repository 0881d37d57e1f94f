package rehearse

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"sitrep/router/incident"
)

// repeatEvery is how often Alertmanager says again that alerts fire: its usual
// repeat_interval.
const repeatEvery = 4 * time.Hour

// monitoring is the world before sitrep: alerts, and the webhooks that tell of
// them. Alerts of one name are one group of Alertmanager's.
type monitoring struct {
	groups map[string]*group
	// firing are the groups that have a firing alert, so that a long rehearsal
	// does not look at all there ever were.
	firing map[string]*group
	lost   bool
	behind map[string]*group // of which a webhook was lost
}

type group struct {
	name   string
	alerts []*alert
	told   time.Time // when its last webhook came
	last   Fire      // as it fired last
}

type alert struct {
	incident.Observation
	known bool // the last webhook said that it fires
}

func newMonitoring() *monitoring {
	return &monitoring{groups: map[string]*group{}, firing: map[string]*group{}, behind: map[string]*group{}}
}

// fire makes alerts fire since a moment. Those that fire already go on.
func (m *monitoring) fire(f Fire, since time.Time) *group {
	g := m.groups[f.Name]
	if g == nil {
		g = &group{name: f.Name}
		m.groups[f.Name] = g
	}
	g.last = f
	for n := range max(f.Count, 1) {
		labels := maps.Clone(f.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		if f.Count > 0 {
			labels["instance"] += strconv.Itoa(n + 1)
		}
		labels[model.AlertNameLabel] = f.Name
		g.begin(labels, f, since)
	}
	m.firing[g.name] = g
	return g
}

// begin makes an alert fire. One that fires already only says what it says now.
func (g *group) begin(labels map[string]string, f Fire, since time.Time) {
	set := make(model.LabelSet, len(labels))
	for k, v := range labels {
		if v != "" { // an empty label is none
			set[model.LabelName(k)] = model.LabelValue(v)
		}
	}
	print := set.Fingerprint().String()
	for _, a := range g.alerts {
		if a.Fingerprint == print {
			a.Account = f.Account
			if !a.Firing {
				a.Firing, a.StartsAt, a.EndsAt = true, since, time.Time{}
			}
			return
		}
	}
	g.alerts = append(g.alerts, &alert{Observation: incident.Observation{
		Fingerprint: print, Labels: labels, Summary: f.Summary, Account: f.Account, StartsAt: since, Firing: true,
	}})
}

// resolve ends the firing alerts that have these labels; n is how many those
// were.
func (m *monitoring) resolve(r Resolve, at time.Time) (g *group, n int) {
	g = m.groups[r.Name]
	if g == nil {
		return nil, 0
	}
	left := false
	for _, a := range g.alerts {
		has := a.Firing
		for k, v := range r.Labels {
			has = has && a.Labels[k] == v
		}
		if has {
			a.Firing, a.EndsAt = false, at
			n++
		}
		left = left || a.Firing
	}
	if !left {
		delete(m.firing, g.name)
	}
	return g, n
}

// webhook is what Alertmanager says of a group now; nil where that is lost, or
// nothing is to be said.
func (m *monitoring) webhook(g *group, now time.Time) []incident.Observation {
	g.told = now // where it is lost, Alertmanager tries again at the next repeat
	if m.lost {
		m.behind[g.name] = g
		return nil
	}
	var all []incident.Observation
	for _, a := range g.alerts {
		if a.Firing || a.known {
			all = append(all, a.Observation)
		}
		a.known = a.Firing
	}
	// What resolved and was told is forgotten, as Alertmanager does.
	if len(g.alerts) > 2*maxAlerts {
		g.alerts = slices.DeleteFunc(g.alerts, func(a *alert) bool { return !a.Firing })
	}
	return all
}

// repeat returns when the next webhook comes although nothing changed.
func (m *monitoring) repeat() (at time.Time, ok bool) {
	for _, g := range m.firing {
		if next := g.told.Add(repeatEvery); !ok || next.Before(at) {
			at, ok = next, true
		}
	}
	return at, ok
}

// repeats returns the groups that are told again by now, by name.
func (m *monitoring) repeats(now time.Time) []*group {
	var due []*group
	for _, name := range slices.Sorted(maps.Keys(m.firing)) {
		if g := m.firing[name]; !g.told.Add(repeatEvery).After(now) {
			due = append(due, g)
		}
	}
	return due
}

// find lets webhooks arrive again, and returns the groups of which some were
// lost: Alertmanager tells those at once.
func (m *monitoring) find() []*group {
	m.lost = false
	var due []*group
	for _, name := range slices.Sorted(maps.Keys(m.behind)) {
		due = append(due, m.behind[name])
	}
	clear(m.behind)
	return due
}
