package incident

import (
	"slices"
	"time"

	"sitrep/policies"
)

// Wake returns when the next thing becomes true by time alone; zero where
// nothing will.
func Wake(r Rules, s *State) time.Time {
	var next time.Time
	earliest := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if s.Own() {
		if r.Watchdog != nil && s.SilentSince == nil {
			return r.HeardAt.Add(r.Watchdog.AbsentFor)
		}
		return time.Time{}
	}
	if s.Kind == Change && s.Open() {
		if at := s.Work.wake(); !at.IsZero() {
			earliest(at)
		}
	}
	if !s.Open() && s.Under == "" && r.Service != nil && r.Window == "" {
		for _, t := range r.Service.Threshold {
			if at, ok := r.holdsAt(s, t); ok {
				earliest(at)
			}
		}
	}
	if s.firing == 0 && !s.QuietSince.IsZero() && (s.Open() || s.Under != "" || s.ID == "") {
		earliest(s.QuietSince.Add(r.resolvedAfter()))
	}
	if s.Open() && s.Under == "" {
		if at, ok := r.unconfirmed(s); ok {
			earliest(at)
		}
	}
	if s.Open() || s.Under != "" {
		for _, c := range clocks {
			if at, ok := r.breach(s, c); ok {
				earliest(at)
			}
		}
	}
	for _, t := range s.Told {
		for _, p := range t.Promises {
			if !p.Broken {
				earliest(p.broken())
			}
		}
	}
	return next
}

// unconfirmed returns when an open incident becomes unconfirmed, if no webhook
// comes until then.
func (r Rules) unconfirmed(s *State) (time.Time, bool) {
	if s.Unconfirmed || s.firing == 0 {
		return time.Time{}, false
	}
	return s.HeardAt.Add(r.unconfirmedAfter()), true
}

var clocks = []policies.Clock{policies.Expected, policies.Agreed}

// breach returns when an SLA clock of an open incident or a consequence runs out,
// if it has not.
func (r Rules) breach(s *State, c policies.Clock) (time.Time, bool) {
	sla := r.sla()
	if sla == nil || slices.Contains(s.Breached, c) || s.Kind == Change && !s.Running() {
		return time.Time{}, false
	}
	start := s.StartedAt
	if s.Under != "" && !s.ResolvedAt.IsZero() { // a relapse that another incident tells of
		start = s.relapsedAt
	}
	return sla.Moment(start, c, 1)
}

// broken is when a promise counts as broken if nothing more is heard.
func (p *Pending) broken() time.Time {
	if p.By == 0 {
		return p.At
	}
	return p.At.Add(grace)
}
