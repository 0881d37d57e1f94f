package incident

import (
	"maps"
	"slices"
	"time"

	"sitrep/policies"
)

// decides reports whether an incident is another one by a fact, to somebody who
// is about to decide something about it himself.
func (f Fact) decides() bool {
	return f.Opened() != nil || f.Escalated() != nil || f.Phased() != nil || f.Said() != nil || f.Resolved() != nil || f.Reopened() != nil ||
		f.Unconfirmed() != nil || f.Confirmed() != nil || f.Joined() != nil || f.Parted() != nil ||
		f.Estimated() != nil || f.Led() != nil || f.Titled() != nil || f.Steered() != nil || f.Accounted() != nil || f.Hastened() != nil || f.Cancelled() != nil || f.Taken() != nil || f.Approved() != nil || f.Rejected() != nil || f.Added() != nil || f.Removed() != nil || f.Conducted()
}

// NewState returns the state of a service of which nothing is known.
func NewState(service string) *State {
	return &State{
		Service: service,
		Kind:    Outage,
		Alerts:  map[string]*Alert{},
		Told:    map[string]*Told{},
		Flights: map[int]*Flight{},
		Totals:  map[string]*Totals{},
	}
}

// Apply remembers a fact. It judges nothing: the same facts give the same
// state, whatever the configuration says by now.
func Apply(s *State, f Fact) {
	if f.decides() {
		s.Version++
	}
	s.credit(f)
	if f.By != "" && (f.Phased() != nil || f.Estimated() != nil || f.Accounted() != nil) {
		if s.AnsweredAt = f.At; f.Role == RoleResolution {
			s.NewsAt = f.At
		}
	}
	switch {
	case f.Fired() != nil:
		s.fire(f.Fired().Alert)
		s.HeardAt = f.At
	case f.Retold() != nil:
		s.retell(f.Retold())
	case f.Heard() != nil:
		s.HeardAt = f.At
	case f.Unconfirmed() != nil:
		s.Unconfirmed = true
	case f.Confirmed() != nil:
		s.Unconfirmed, s.Questioned, s.HeardAt = false, nil, f.At
	case f.Ceased() != nil:
		s.cease(f.Ceased(), f.At)
	case f.Passed() != nil:
		*s = *NewState(s.Service)
	case f.Opened() != nil:
		s.ID, s.Kind, s.OpenedAt = f.Incident, f.Opened().Kind, f.At
		s.begin(f.Opened().Severity, f.Opened().StartedAt)
	case f.Joined() != nil:
		s.join(f.Joined())
	case f.Parted() != nil:
		s.part(f.Parted(), f.At)
	case f.Caused() != nil:
		s.cause(f.Caused(), f.At)
	case f.Eased() != nil:
		delete(s.Consequences, f.Eased().Service)
		if f.Eased().Split {
			s.Loosed = append(s.Loosed, f.Eased().Service)
		} else if f.Eased().Out {
			s.Left = append(s.Left, f.Eased().Service)
		}
	case f.Silent() != nil:
		s.SilentSince, s.Alarmed, s.Unheard = &f.Silent().Since, nil, f.Silent().Unheard
	case f.Returned() != nil:
		s.SilentSince = nil
	case f.Ailment() != nil:
		s.ails(f.Ailment())
	case f.Reopened() != nil:
		s.reopen(f.Reopened(), f.By != "", f.At)
	case f.Escalated() != nil:
		s.Severity, s.Overruled = f.Escalated().To, f.Escalated().Over
	case f.Estimated() != nil:
		s.Estimate = f.Estimated().At
	case f.Led() != nil:
		s.Lead = f.Led().Lead
	case f.Titled() != nil:
		s.Title = f.Titled().Title
	case f.Accounted() != nil:
		s.give(f.Accounted(), f.By, f.At)
	case f.Steered() != nil:
		s.steer(f.Steered(), f.By)
	case f.Hastened() != nil:
		s.hasten(f.Hastened(), f.By, f.At)
	case f.Cancelled() != nil:
		s.cancel(f.Cancelled(), f.By, f.At)
	case f.Awaited() != nil:
		s.await(f.Awaited(), f.At)
	case f.Approved() != nil:
		s.approve(f.Approved(), f.By, f.At)
	case f.Rejected() != nil:
		s.reject(f.Rejected(), f.By)
	case f.Lapsed() != nil:
		s.lapse(f.Lapsed())
	case f.Added() != nil:
		s.add(Listing{*f.Added(), f.By, f.At})
	case f.Removed() != nil:
		s.remove(f.Removed(), f.By, f.At)
	case f.Phased() != nil:
		s.before, s.chosen, s.meant = "", f.By != "" && s.firing == 0, f.By != "" && s.firing > 0
		if f.Phased().To == Monitoring {
			s.before, s.calmAt = f.Phased().From, f.At
		}
		s.Phase = f.Phased().To
	case f.Said() != nil:
		s.Words = append(s.Words, Words{Number: f.Said().Number, At: f.At, Texts: f.Said().Texts, Audiences: f.Said().Audiences, By: f.By, Corrects: f.Said().Corrects})
		if of := s.Orders[f.Said().Corrects]; of != nil {
			s.Corrections = append(s.Corrections, &Correction{Words: f.Said().Number, Of: of})
		}
	case f.Conducted():
		s.change(f)
	case f.Planned() != nil:
		s.plan(f.Planned(), f.At)
	case f.Fell() != nil:
		s.fall(f.Fell(), f.At)
	case f.Arrived() != nil:
		s.arrive(f.Arrived())
	case f.Delivered() != nil:
		s.deliver(f.Delivered())
	case f.Kept() != nil:
		t := s.told(f.Kept().Audience)
		t.Kept++
		if f.Kept().Late {
			t.Broken--
			if f.Kept().Held != "" {
				t.Held--
			}
		}
		t.Promises = slices.DeleteFunc(t.Promises, f.Kept().is)
	case f.Broken() != nil:
		t := s.told(f.Broken().Audience)
		t.Broken++
		if f.Broken().Held != "" {
			t.Held++
		}
		for _, p := range t.Promises {
			if f.Broken().is(p) {
				p.Broken = true
			}
		}
		t.sweep()
	case f.Breached() != nil:
		s.Breached = append(s.Breached, policies.Clock(f.Breached().Clock))
		s.Overran++
	case f.Resolved() != nil:
		s.resolve(f.Resolved(), f.At)
	case f.Unrostered() != nil:
		t := s.told(f.Unrostered().Audience)
		s.sent(f.Unrostered().Audience)
		if f.Unrostered().CatchUp { // nobody was behind; its clock stays
			t.Behind, t.Unheard = nil, false
			t.Closed = t.Closed || t.Kind.Ends() && !s.Open()
			return
		}
		t.LastAt, t.NextAt, t.PromiseAt = f.At, time.Time{}, time.Time{}
		t.Closed, t.Words = !s.Open(), len(s.Words)
		t.Behind, t.Unheard = nil, false
	}
}

// reopen takes the end back. After a relapse it is another outage of the same
// incident: its clocks start anew, and each audience hears when its cadence says.
// A person says that it never was over: all goes on as it was, and whoever was
// told of the end hears so at once.
func (s *State) reopen(r *Reopened, byHand bool, at time.Time) {
	estimate, given := s.Estimate, s.Given
	s.ResolvedAt, s.EndedAt, s.reopenedAt = time.Time{}, time.Time{}, at
	s.Drafts = nil
	s.begin(r.Severity, r.StartedAt)
	s.Consequences, s.Left, s.Loosed = nil, nil, nil
	s.unsteer(at)
	if byHand {
		s.unmute()
		s.Estimate, s.Given, s.doubted = estimate, given, at
	} else {
		s.Breached, s.Overran = nil, 0
	}
	for _, t := range s.Told {
		if !byHand {
			t.Breaches, t.Fell = 0, nil
		}
		if t.Heard && !t.Closed && !t.Kind.Ends() {
			continue // the end waited for its hours: to them it never was over
		}
		if byHand && t.Heard {
			t.Heir, t.doubted, t.NextAt, t.NextWhy = true, true, at, "it is not over"
		}
		t.Heard, t.Closed, t.Services = false, false, nil
		if !t.Kind.Ends() { // the end is still owed to channels that waited
			t.Behind = nil
		}
	}
}

func (s *State) begin(severity string, started time.Time) {
	s.Severity, s.StartedAt, s.Phase, s.before = severity, started, Investigating, ""
	s.chosen, s.meant, s.Under = false, false, ""
	s.Overruled, s.Estimate, s.QuietSince = "", time.Time{}, time.Time{}
	s.Given = nil
}

func (s *State) fire(a Alert) {
	known := s.Alerts[a.Fingerprint]
	again := known != nil && known.Firing() && !known.Muted
	if again {
		s.burns(known, -1)
	}
	s.burns(&a, 1)
	switch {
	case s.firing == 1:
		s.common, s.commonStale, s.commonGrows = intersect(nil, a.Labels), false, false
	case again: // it may bring other labels than it had
		s.commonStale, s.commonGrows = true, false
	case s.commonStale:
		s.commonGrows = false
	default:
		s.common = intersect(s.common, a.Labels)
	}
	a.speaks = s.speaks(a.Account)
	s.Alerts[a.Fingerprint] = &a
	s.QuietSince, s.chosen = time.Time{}, false
	if s.Open() && a.StartsAt.Before(s.StartedAt) {
		s.StartedAt = a.StartsAt
	}
}

// burns counts an alert that fires and is not muted, or does not count it any more:
// a storm brings thousands, and nobody is to go over all of them for each.
func (s *State) burns(a *Alert, n int) {
	if s.severities == nil {
		s.severities = map[string]int{}
	}
	s.firing += n
	if s.severities[a.Severity] += n; s.severities[a.Severity] == 0 {
		delete(s.severities, a.Severity)
	}
}

func (s *State) cease(c *Ceased, at time.Time) {
	a := s.Alerts[c.Fingerprint]
	if a == nil || !a.Firing() {
		return
	}
	if !a.Muted {
		s.burns(a, -1)
		s.commonGrows = s.firing > 0 && (!s.commonStale || s.commonGrows)
		s.commonStale = s.firing > 0
	}
	muted := a.Muted
	a.EndsAt, a.CeasedAt, a.Muted = c.EndsAt, at, false
	if s.firing == 0 && !muted {
		s.last(at)
	}
	if c.EndsAt.After(s.lastEnd) {
		s.lastEnd = c.EndsAt
	}
	if s.firing == 0 {
		s.meant = false
		s.Unconfirmed, s.Questioned = false, nil
		if muted && s.Open() { // it was opened by hand since: the alert has no part in it
			return
		}
		s.QuietSince = at
		if c.EndsAt.After(at) {
			s.QuietSince = c.EndsAt
		}
	}
}

// last keeps what was common to the last alerts: those that ceased together.
func (s *State) last(at time.Time) {
	var common map[string]string
	for _, a := range s.Alerts {
		if !a.Firing() && at.Sub(a.CeasedAt) <= reorder {
			common = intersect(common, a.Labels)
		}
	}
	s.common, s.commonStale, s.commonGrows = common, false, false
	if s.ResolvedAt.IsZero() { // later ones have no part in what is over
		s.calm(func(a *Alert) bool { return !a.Firing() && at.Sub(a.CeasedAt) <= reorder })
	}
}

func (s *State) resolve(r *Resolved, at time.Time) {
	s.ResolvedAt, s.EndedAt, s.Phase, s.before = at, r.EndedAt, PhaseResolved, ""
	s.QuietSince, s.Unconfirmed, s.Questioned = time.Time{}, false, nil
	s.Under, s.Outlived, s.Apart = "", "", ""
	s.Drafts = nil
	s.unsteer(at)
	for _, t := range s.Told {
		if t.Away { // another incident tells him of the end
			t.Away, t.Closed = false, true
		}
		if t.doubted { // to him it never was not over
			t.Heir, t.doubted, t.Closed = false, false, len(t.Behind) == 0
		}
	}
	if s.firing > 0 {
		s.calm(func(a *Alert) bool { return a.Firing() && !a.Muted })
	}
	for _, a := range s.Alerts {
		if a.Firing() && !a.Muted {
			s.Labels() // what was common before they were muted
			a.Muted = true
			s.burns(a, -1)
			s.commonStale, s.commonGrows = false, false
		}
	}
	s.forgetCalm(at)
}

// forgetCalm forgets alerts that nothing on the way can be about any more.
func (s *State) forgetCalm(at time.Time) {
	for id, a := range s.Alerts {
		if !a.Firing() && at.Sub(a.CeasedAt) > 2*reorder {
			delete(s.Alerts, id)
		}
	}
}

func (s *State) told(audience string) *Told {
	t := s.Told[audience]
	if t == nil {
		t = &Told{}
		s.Told[audience] = t
	}
	return t
}

// totals of an audience; made on first use.
func (s *State) totals(audience string) *Totals {
	t := s.Totals[audience]
	if t == nil {
		t = &Totals{}
		s.Totals[audience] = t
	}
	return t
}

// Clock returns the moment from which the next update is counted: when this one
// was due, so that a busy second does not make a schedule drift; the moment
// itself where it came later than that.
func Clock(due, at time.Time) time.Time {
	if at.Sub(due) < 10*time.Second {
		return due
	}
	return at
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
