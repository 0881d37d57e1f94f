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
	NextWhy       string // policy and row that make it so
	Words         int    // number of the words it carries; 0: none
	// Channels are the only ones that it goes out by, and Behind those that wait
	// for the audience's hours; nil: all at once.
	Channels, Behind []string
	CatchUp          bool          // to those that waited; the audience's clock stays
	Why              string        // policy and row, or whose words
	Policy           string        // whose rows the next one follows
	Every            time.Duration // of the row in force; 0: none is
	Late             bool          // after the moment promised
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
	var all []Due
	add := func(d Due, ok bool) {
		if ok {
			all = append(all, d)
		}
	}
	if !s.Open() {
		for _, name := range heard(s) {
			add(r.closing(s, name, now))
		}
		return all
	}
	seen := map[string]bool{}
	if policy := r.inForce(s); policy != nil {
		for _, u := range policy.Updates {
			seen[u.Audience.Name] = true
			add(r.update(s, section{policy.Name, u.Audience, u.Cadence, u.Active}, now))
		}
	}
	// Who was told goes on being told, also where the policy in force no longer
	// names him, by the rows he was told by last; and words go to whoever they
	// are for.
	names := heard(s)
	for _, w := range s.Words {
		names = append(names, w.Audiences...)
	}
	for _, name := range names {
		if !seen[name] && r.Audiences[name] != nil {
			seen[name] = true
			add(r.update(s, r.lastSection(s, name), now))
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

// section is one audience's part of a policy.
type section struct {
	policy   string
	audience *policies.Audience
	cadence  []policies.Row
	active   *policies.Calendar
}

// lastSection returns the section of the policy that told an audience last; where
// that is gone, of the first policy that names it.
func (r Rules) lastSection(s *incident.State, audience string) section {
	last := ""
	if t := s.Told[audience]; t != nil {
		last = t.Policy
	}
	out := section{audience: r.Audiences[audience]}
	for _, p := range r.Policies {
		for _, u := range p.Updates {
			if u.Audience.Name == audience && (out.cadence == nil || p.Name == last) {
				out.policy, out.cadence, out.active = p.Name, u.Cadence, u.Active
			}
		}
	}
	return out
}

// why names the policy and the row, as the configuration writes them.
func why(policy string, row policies.Row) string {
	from := model.Duration(row.From.Age).String()
	if row.From.Clock != "" {
		from = strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", row.From.Share*100), "0"), ".") + "% " + string(row.From.Clock)
	}
	return fmt.Sprintf("%s: from %s, every %s", policy, from, model.Duration(row.Every))
}
