package schedule

import (
	"fmt"
	"maps"
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
	// Severities say which alert is the gravest.
	Severities policies.Severities
	// Margin is twice the time that the slowest channel needs for everybody of
	// an audience; nil: a minute is enough.
	Margin func(s *incident.State, audience string) time.Duration
	// People returns who is in an audience of an incident; nil: those of the
	// configuration.
	People func(s *incident.State, a *policies.Audience) []policies.Recipient
	// Out reports whether a channel is not to be trusted now; nil: all work.
	Out func(channel string) bool
	// Teams are those that somebody can be reached of, by name; a nudge_before
	// of zero asks for no words.
	Teams map[string]*policies.Team
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
	// Gated says that nothing new goes to the audience without a second person's yes.
	// Neutral goes out without; Pending says that something new waits meanwhile. A
	// Draft is not sent: it waits, from then on, until its Deadline, if it has one. Of
	// is the draft's number, where it has one. Instead says that something neutral goes
	// out at a draft's Deadline where it has no yes by then. Lapses says that nothing
	// goes out, and Final that nothing more ever does.
	Gated, Neutral, Pending, Draft, Instead, Lapses, Final bool

	Deadline time.Time
	Of       int
	Says     string // of a draft
	Account  string // digest of what it tells beyond the state

	// Team says that Audience is a team, which is asked for something; About are
	// the updates that it is asked to give words for.
	Team  bool
	About []Due
	// Course says that a team is asked how a change goes; Alone is the only one of it
	// who is, since he leads it: empty where all are.
	Course bool
	Alone  string
	// Falls are what failed for good of one update, and goes by another way.
	Falls []*incident.Fall
	// Corrects is the order of the update that it takes back; nil: it takes back
	// none.
	Corrects *incident.Planned
}

// Plan returns the updates that are due at now, in the order of their due
// times, and those that come next; what the teams are asked is among them. Wake
// is the earliest of the latter; zero where nothing comes.
func Plan(r Rules, s *incident.State, now time.Time) (due, next []Due, wake time.Time) {
	all := risen(r.gated(s, r.all(s, now), now), now)
	all = append(all, r.teams(s, all, now)...)
	all = slices.DeleteFunc(all, written)
	for _, d := range all {
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
	if s.ID == "" || s.Under != "" || s.Own() {
		return nil
	}
	all := append(falls(s), corrections(s)...)
	if !s.Open() {
		for _, name := range heard(s) {
			d, ok := r.closing(s, name, now)
			if g, closed := r.gateOf(s, name, now); ok && closed {
				all = append(all, g.end(d)...)
			} else if ok {
				all = append(all, d)
			}
		}
		return append(all, r.forsaken(s, now)...)
	}
	var names []string
	told := map[string][]section{}
	tell := func(labels map[string]string, service string, since time.Time) {
		policy := r.inForce(labels)
		if policy == nil {
			return
		}
		var sla *policies.SLA
		if svc := r.Services[service]; svc != nil {
			sla = svc.SLA
		}
		for _, u := range policy.Updates {
			name := u.Audience.Name
			if told[name] == nil {
				names = append(names, name)
			}
			told[name] = append(told[name], section{policy: policy.Name, audience: r.audience(s, u.Audience), cadence: u.Cadence, announce: u.Announce, active: u.Active, sla: sla, start: since})
		}
	}
	if s.Kind == incident.Change {
		for _, labels := range s.WorkLabels() {
			tell(labels, labels["service"], s.StartedAt)
		}
	} else {
		tell(s.Labels(), s.Service, s.StartedAt)
	}
	// Who would be told of a consequence hears of it here, no later than by the
	// clocks that it has.
	for _, name := range s.Services() {
		c := s.Consequences[name]
		tell(c.Labels, c.Service, c.StartedAt)
	}
	// Who was told goes on being told, also where the policy in force no longer
	// names him, by the rows he was told by last; and words go to whoever they
	// are for.
	also := append(heard(s), slices.Sorted(maps.Keys(s.Hastened))...)
	for _, w := range s.Words {
		also = append(also, w.Audiences...)
	}
	for _, name := range also {
		if told[name] == nil && r.Audiences[name] != nil {
			names = append(names, name)
			told[name] = []section{r.lastSection(s, name)}
		}
	}
	account := s.Account(r.Severities, r.Services[s.Service])
	digests := map[policies.Reads]string{}
	for _, name := range names {
		reads := told[name][0].audience.Reads
		if _, known := digests[reads]; !known {
			digests[reads] = incident.Digest(account, reads)
		}
		account := digests[reads]
		for _, d := range r.updates(s, told[name], account, now) {
			d.Account = account
			all = append(all, d)
		}
	}
	return all
}

// falls are due at once, those of one update together; at whatever hour, since
// the update itself went out.
func falls(s *incident.State) []Due {
	var all []Due
	for _, f := range s.Falls {
		p := f.Order
		together := func(d Due) bool { return d.Falls[0].Order.Update == p.Update && d.Falls[0].Again == f.Again }
		if n := slices.IndexFunc(all, together); n >= 0 {
			all[n].Falls = append(all[n].Falls, f)
			continue
		}
		d := Due{
			At: f.At, Audience: p.Audience, Kind: p.Kind, Channels: p.Fallback, CatchUp: true,
			Why: strings.Join(p.Channels, " and ") + " failed for good", Falls: []*incident.Fall{f},
		}
		if f.Again != "" {
			d.Channels, d.Why = []string{f.Again}, "it did not arrive by "+f.Again
		}
		all = append(all, d)
	}
	return all
}

// corrections are due at once, whatever the hours: what they take back was said at
// such an hour.
func corrections(s *incident.State) []Due {
	var all []Due
	for _, c := range s.Corrections {
		t, w := s.Told[c.Of.Audience], s.Words[c.Words-1]
		all = append(all, Due{
			At: w.At, Audience: c.Of.Audience, Kind: incident.Correcting, Words: c.Words, Corrects: c.Of, CatchUp: true,
			Channels: c.Of.Channels, Next: t.NextAt, NextWhy: t.NextWhy, Promise: t.PromiseAt, Why: "correction by " + w.By,
		})
	}
	return all
}

// risen leaves out what goes by another way where a newer update to the same
// audience is due as well.
func risen(all []Due, now time.Time) []Due {
	newer := map[string]bool{}
	for _, d := range all {
		newer[d.Audience] = newer[d.Audience] || !d.Team && !d.CatchUp && !d.Draft && !d.Lapses && !d.At.After(now)
	}
	return slices.DeleteFunc(all, func(d Due) bool { return d.Falls != nil && newer[d.Audience] })
}

// heard lists the audiences that were told, here or elsewhere, by name.
func heard(s *incident.State) []string {
	var names []string
	for name, t := range s.Told {
		if t.First > 0 || t.Heir {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// inForce returns the policy for labels: the first whose matchers hold.
func (r Rules) inForce(labels map[string]string) *policies.Policy {
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
	announce []policies.Announcement
	active   *policies.Calendar
	sla      *policies.SLA
	start    time.Time // of the outage that the cadence follows
	begins   []begun   // its rows; see updates
}

// audience returns an audience as it is for an incident.
func (r Rules) audience(s *incident.State, a *policies.Audience) *policies.Audience {
	if a == nil || r.People == nil || len(s.Added)+len(s.Removed) == 0 {
		return a
	}
	own := *a
	own.Recipients = r.People(s, a)
	return &own
}

// lastSection returns the section of the policy that told an audience last; where
// that is gone, of the first policy that names it.
func (r Rules) lastSection(s *incident.State, audience string) section {
	last := ""
	if t := s.Told[audience]; t != nil {
		last = t.Policy
	}
	out := section{audience: r.audience(s, r.Audiences[audience]), start: s.StartedAt}
	if svc := r.Services[s.Service]; svc != nil {
		out.sla = svc.SLA
	}
	for _, p := range r.Policies {
		for _, u := range p.Updates {
			if u.Audience.Name == audience && (out.cadence == nil || p.Name == last) {
				out.policy, out.cadence, out.announce, out.active = p.Name, u.Cadence, u.Announce, u.Active
			}
		}
	}
	return out
}

// duration says how long, as the configuration writes it.
func duration(d time.Duration) string { return model.Duration(d).String() }

// why names the policy and the row, as the configuration writes them, or who
// wanted another every.
func why(policy string, b begun) string {
	row := b.row
	if b.once {
		return b.why
	}
	if b.by != "" {
		return fmt.Sprintf("every %s, by %s", model.Duration(row.Every), b.by)
	}
	from := model.Duration(row.From.Age).String()
	if row.From.Clock != "" {
		from = strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", row.From.Share*100), "0"), ".") + "% " + string(row.From.Clock)
	}
	return fmt.Sprintf("%s: from %s, every %s", policy, from, model.Duration(row.Every))
}
