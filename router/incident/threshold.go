package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sitrep/policies"
)

// outage returns the highest severity of the firing alerts and the earliest
// moment that one of them began.
func (d *decision) outage() (severity string, starts time.Time) {
	best := -1
	for _, a := range d.s.Alerts {
		if !a.Firing() || a.Muted {
			continue
		}
		if starts.IsZero() || a.StartsAt.Before(starts) {
			starts = a.StartsAt
		}
		best = max(best, d.rank(a.Severity))
	}
	if starts.Before(d.r.Excused) && !starts.IsZero() {
		starts = d.r.Excused
	}
	return d.r.Severities.Name(max(best, 0)), starts
}

// threshold reports whether a row holds, and says it in words.
func (d *decision) threshold() (row string, holds bool) {
	if d.r.Service == nil || d.r.Window != "" {
		return "", false
	}
	if d.s.Outlived != "" && d.s.firing > 0 { // people were told of it
		return "still out after " + d.s.Outlived, true
	}
	if d.s.Apart != "" && d.s.firing > 0 {
		return "taken out of " + d.s.Apart, true
	}
	for _, t := range d.r.Service.Threshold {
		at, ok := d.r.holdsAt(d.s, t)
		if !ok || at.After(d.in.At) {
			continue
		}
		what := strings.TrimSpace(t.Severity + " alert")
		return fmt.Sprintf("%s firing for %s", count(max(t.Alerts, 1), what), short(t.FiringFor)), true
	}
	return "", false
}

// holdsAt returns when a threshold row holds if nothing changes until then.
func (r Rules) holdsAt(s *State, t policies.Threshold) (time.Time, bool) {
	need := max(t.Alerts, 1)
	if s.firing < need {
		return time.Time{}, false
	}
	least, _ := r.Severities.Rank(t.Severity)
	var starts []time.Time
	for _, a := range s.Alerts {
		rank, _ := r.Severities.Rank(a.Severity)
		if a.Firing() && !a.Muted && rank >= least {
			starts = append(starts, a.StartsAt)
		}
	}
	if len(starts) < need {
		return time.Time{}, false
	}
	slices.SortFunc(starts, time.Time.Compare)
	return starts[need-1].Add(t.FiringFor), true
}

// Burning returns the alerts of a service that fire, where they are as many and as grave
// as one of its threshold rows wants, however long they do; oldest first.
func Burning(r Rules, s *State) (all []Alert) {
	if !slices.ContainsFunc(r.Service.Threshold, func(t policies.Threshold) bool { _, ok := r.holdsAt(s, t); return ok }) {
		return nil
	}
	for _, id := range sortedKeys(s.Alerts) {
		if a := s.Alerts[id]; a.Firing() && !a.Muted {
			all = append(all, *a)
		}
	}
	slices.SortStableFunc(all, func(a, b Alert) int { return a.StartsAt.Compare(b.StartsAt) })
	return all
}
