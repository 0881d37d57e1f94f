package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"sitrep/policies"
	"sitrep/router/incident"
)

// Rules are what the operator says about telling.
type Rules struct {
	Policies  []*policies.Policy
	Audiences map[string]*policies.Audience
	Services  map[string]*policies.Service
	// Margin is twice the time that the slowest channel needs for everybody of
	// an audience; nil: a minute is enough.
	Margin func(audience string) time.Duration
}

// Due is one update that is due now, or will be.
type Due struct {
	At       time.Time
	Audience string
	Kind     incident.UpdateKind
	// Next is when the one after it is foreseen, and Promise what is said of
	// that; zero in a closing update.
	Next, Promise time.Time
	Words         int    // number of the words it carries; 0: none
	Why           string // policy and row, or whose words
	Policy        string // whose rows the next one follows
	Late          bool   // after the moment promised
}

// Plan returns the updates that are due at now, in the order of their due
// times, and those that come next. Wake is the earliest of the latter; zero
// where nothing comes.
func Plan(r Rules, s *incident.State, now time.Time) (due, next []Due, wake time.Time) {
	for _, d := range r.all(s, now) {
		if !d.At.After(now) {
			due = append(due, d)
			continue
		}
		next = append(next, d)
		if wake.IsZero() || d.At.Before(wake) {
			wake = d.At
		}
	}
	byTime := func(a, b Due) int { return a.At.Compare(b.At) }
	slices.SortStableFunc(due, byTime)
	slices.SortStableFunc(next, byTime)
	return due, next, wake
}

func (r Rules) all(s *incident.State, now time.Time) []Due {
	if s.ID == "" {
		return nil
	}
	if !s.Open() {
		return closing(s, now)
	}
	policy := r.inForce(s)
	var all []Due
	seen := map[string]bool{}
	if policy != nil {
		for _, u := range policy.Updates {
			seen[u.Audience.Name] = true
			if d, ok := r.update(s, policy.Name, u.Audience.Name, u.Cadence, now); ok {
				all = append(all, d)
			}
		}
	}
	// Who was told goes on being told, also where the policy in force no longer
	// names him, by the rows he was told by last; and words go to whoever they
	// are for.
	for _, name := range heard(s) {
		if seen[name] || r.Audiences[name] == nil {
			continue
		}
		seen[name] = true
		p, cadence := r.lastRows(s, name)
		if d, ok := r.update(s, p, name, cadence, now); ok {
			all = append(all, d)
		}
	}
	for _, w := range s.Words {
		for _, name := range w.Audiences {
			if !seen[name] && r.Audiences[name] != nil {
				seen[name] = true
				p, cadence := r.lastRows(s, name)
				if d, ok := r.update(s, p, name, cadence, now); ok {
					all = append(all, d)
				}
			}
		}
	}
	return all
}

// heard lists the audiences that were told, by name.
func heard(s *incident.State) []string {
	var names []string
	for name, t := range s.Told {
		if t.First > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func closing(s *incident.State, now time.Time) []Due {
	var all []Due
	for _, name := range heard(s) {
		t := s.Told[name]
		if t.Closed || !t.Heard {
			continue
		}
		d := Due{At: s.ResolvedAt, Audience: name, Kind: incident.Closing, Why: "it is over", Late: late(t, now)}
		if w, ok := s.Fresh(name); ok {
			d.Words = w.Number
		}
		all = append(all, d)
	}
	return all
}

func late(t *incident.Told, now time.Time) bool {
	return t != nil && !t.PromiseAt.IsZero() && now.After(t.PromiseAt)
}

// inForce returns the policy of an incident: the first whose matchers hold.
func (r Rules) inForce(s *incident.State) *policies.Policy {
	labels := s.Labels()
	for _, p := range r.Policies {
		if p.Covers(labels) {
			return p
		}
	}
	return nil
}

// lastRows returns the rows of the policy that told an audience last; where
// that is gone, those of the first policy that names it.
func (r Rules) lastRows(s *incident.State, audience string) (policy string, cadence []policies.Row) {
	last := ""
	if t := s.Told[audience]; t != nil {
		last = t.Policy
	}
	for _, p := range r.Policies {
		for _, u := range p.Updates {
			if u.Audience.Name == audience && (cadence == nil || p.Name == last) {
				policy, cadence = p.Name, u.Cadence
			}
		}
	}
	return policy, cadence
}

func (r Rules) update(s *incident.State, policy, audience string, cadence []policies.Row, now time.Time) (Due, bool) {
	var sla *policies.SLA
	if svc := r.Services[s.Service]; svc != nil {
		sla = svc.SLA
	}
	begins := rows(cadence, sla, s.StartedAt)
	t := s.Told[audience]
	d := Due{Audience: audience, Policy: policy}
	var row policies.Row
	ok := false
	switch {
	case t == nil || t.First == 0 || !t.Heard:
		if len(begins) > 0 {
			d.At, row, ok = begins[0].at, begins[0].row, true
			if began := s.BeganAt(); d.At.Before(began) {
				d.At = began
			}
			if t != nil && t.LastAt.After(d.At) { // it was due, and nobody could be reached
				d.At = t.LastAt.Add(row.Every)
			}
		}
	default:
		d.At, row, ok = after(begins, t.LastAt)
	}
	if ok {
		d.Why = why(policy, row)
	}
	if w, fresh := s.Fresh(audience); fresh {
		d.Words = w.Number
		if !ok || w.At.Before(d.At) {
			d.At, ok = w.At, true
			d.Why = "words of " + w.By
		}
	}
	if !ok {
		return Due{}, false
	}
	d.Kind = kind(s, t, d.Words > 0)
	d.Late = late(t, now)
	at := d.At
	if at.Before(now) {
		at = incident.Clock(d.At, now)
	}
	if next, by, ok := after(begins, at); ok {
		var margin time.Duration
		if r.Margin != nil {
			margin = r.Margin(audience)
		}
		d.Next, d.Promise = next, promise(next, by.Every, margin)
	}
	return d, true
}

// kind says what an update is to its audience: news only where something
// changed that it was not told.
func kind(s *incident.State, t *incident.Told, words bool) incident.UpdateKind {
	switch {
	case t == nil || t.First == 0:
		return incident.First
	case !t.Heard:
		return incident.Reopening
	case words || t.Phase != s.Phase || t.Severity != s.Severity:
		return incident.Progress
	}
	return incident.Holding
}

// why names the policy and the row, as the configuration writes them.
func why(policy string, row policies.Row) string {
	from := model.Duration(row.From.Age).String()
	if row.From.Clock != "" {
		from = strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", row.From.Share*100), "0"), ".") + "% " + string(row.From.Clock)
	}
	return fmt.Sprintf("%s: from %s, every %s", policy, from, model.Duration(row.Every))
}
