package incident

import (
	"slices"
	"time"
)

// An outage of a service that depends on another one's is a consequence: while
// the incident of that one is open, it joins it, and is told of by it alone.
// Both sides have a fact of it:
//
//	the outage itself    the incident it belongs to
//	Joined               Caused      it is out because of that one
//	Escalated            Caused      it got worse
//	Parted               Eased, Out  that one is over, and this is not
//	Joined another       Eased, Out  that one is a consequence itself
//	Passed, Resolved,    Eased       this is over
//	Parted with Over
//	Joined, by a person  Caused      he folded it into that one; see merge.go
//	Parted, Split        Eased, Out  he took it out again
//
// Who was told of one hears on from the other: they are its heirs.

// Joined: the outage is a consequence of an open incident, and told of by it.
type Joined struct {
	Incident  string            `json:"incident"` // that it joined
	Service   string            `json:"service"`  // of that incident
	Severity  string            `json:"severity"`
	StartedAt time.Time         `json:"started_at"`
	Labels    map[string]string `json:"labels"` // that policies match on
	Heirs     []Heir            `json:"heirs,omitempty"`
	Lists     Lists             `json:"lists,omitzero"`
}

// Parted: the incident that the outage was a consequence of is over, or a person took
// it out of that.
type Parted struct {
	Incident string `json:"incident"` // that it belonged to
	Service  string `json:"service"`  // of that incident
	Over     bool   `json:"over,omitempty"`
	Split    bool   `json:"split,omitempty"` // by a person, and that one is not over
	Heirs    []Heir `json:"heirs,omitempty"`
	Lists    Lists  `json:"lists,omitzero"`
}

// Caused: an outage of another service is a consequence of the incident, or
// got worse.
type Caused struct {
	Consequence
	Heirs []Heir `json:"heirs,omitempty"`
	Lists Lists  `json:"lists,omitzero"`
}

// Consequence is an outage that an open incident brought about.
type Consequence struct {
	Service   string            `json:"service"`
	Incident  string            `json:"incident,omitempty"` // its own, where it had one
	Severity  string            `json:"severity"`
	StartedAt time.Time         `json:"started_at"`
	Labels    map[string]string `json:"labels"`
	Breaches  int               `json:"breaches,omitempty"` // of its SLA clocks
}

// Eased: a consequence is none any more.
type Eased struct {
	Service string `json:"service"`
	Out     bool   `json:"out,omitempty"`   // it is still out, and told of by another
	Split   bool   `json:"split,omitempty"` // since a person took it out
}

// Heir is an audience that was told of an outage by one incident, and hears on
// from another.
type Heir struct {
	Audience  string    `json:"audience"`
	Policy    string    `json:"policy,omitempty"`    // that told it last
	NextAt    time.Time `json:"next_at,omitzero"`    // when its next word was due; zero: now
	PromiseAt time.Time `json:"promise_at,omitzero"` // promised and not answered yet; zero: nothing
	Channels  []string  `json:"channels,omitempty"`  // it was told by
	Rosters   []string  `json:"rosters,omitempty"`   // of the people who were told
	Fell      []string  `json:"fell,omitempty"`      // fallbacks that it was told by
	Steering  *Steering `json:"steering,omitempty"`  // what a person decided for it
}

// steering returns a copy of what a person decided for an audience, for a fact.
func (s *State) steering(audience string) *Steering {
	if c := s.Steers[audience]; c != nil {
		own := *c
		return &own
	}
	return nil
}

// heirs are the audiences that were told of this outage and not of its end.
func (s *State) heirs() []Heir {
	var all []Heir
	for _, name := range sortedKeys(s.Told) {
		t := s.Told[name]
		if t.Closed || !t.Heard && !t.Heir {
			continue // one who is told by another incident hears on from that
		}
		h := Heir{Steering: s.steering(name), Audience: name, Policy: t.Policy, NextAt: t.NextAt, Channels: t.Channels, Fell: t.Fell, Rosters: t.Rosters}
		for _, p := range t.Promises {
			if p.By == 0 && !p.Broken {
				h.PromiseAt = p.At
			}
		}
		all = append(all, h)
	}
	return all
}

// Heirs are the audiences that this incident told of a consequence, for when
// that stands on its own.
func (s *State) Heirs(service string) []Heir {
	var all []Heir
	for _, name := range sortedKeys(s.Told) {
		if t := s.Told[name]; slices.Contains(t.Services, service) || slices.Contains(t.Folded, service) {
			all = append(all, Heir{Steering: s.steering(name), Audience: name, Policy: t.Policy, Channels: t.Channels, Fell: t.Fell, Rosters: t.Rosters})
		}
	}
	return all
}

// join makes the outage a consequence. Its audiences are another incident's to
// tell, and so are the promises that nothing has answered yet.
func (s *State) join(j *Joined) {
	s.Under, s.Severity, s.Falls, s.Drafts = j.Incident, j.Severity, nil, nil
	if s.Apart == j.Incident { // a person thinks better of it
		s.Apart = ""
	}
	if s.ID == "" {
		s.StartedAt = j.StartedAt
	} else if !s.ResolvedAt.IsZero() {
		s.relapsedAt, s.Breached = j.StartedAt, nil
	}
	for _, t := range s.Told {
		if t.Closed || !t.Heard && !t.Heir {
			continue
		}
		t.Away, t.Heard, t.Heir, t.Behind, t.Unheard = true, false, false, nil, false
		t.NextAt, t.NextWhy, t.PromiseAt = time.Time{}, "", time.Time{}
		t.Promises = slices.DeleteFunc(t.Promises, func(p *Pending) bool {
			if p.By == 0 && !p.Broken {
				t.Made--
				return true
			}
			return false
		})
	}
}

// part lets the outage stand on its own, or ends it.
func (s *State) part(p *Parted, at time.Time) {
	s.Under = ""
	if p.Over {
		s.QuietSince = time.Time{}
		s.forgetCalm(at)
		return
	}
	if p.Split {
		s.stands(p, at)
	} else {
		s.outlive(p, at)
	}
	if s.ID != "" && s.ResolvedAt.IsZero() {
		s.reopenedAt = at
	}
}

// outlive remembers which service is over, while this one is not.
func (s *State) outlive(p *Parted, at time.Time) {
	s.Outlived = p.Service
	why := p.Service + " is over, and this is not"
	for _, t := range s.Told {
		if t.Away {
			t.Away, t.Heir, t.NextAt, t.NextWhy = false, true, at, why
		}
	}
	s.inheritLists(p.Lists)
	s.inherit(p.Heirs, "", why, at)
}

// cause notes a consequence, and who was told of it.
func (s *State) cause(c *Caused, at time.Time) {
	if s.Consequences == nil {
		s.Consequences = map[string]*Consequence{}
	}
	one := c.Consequence
	if known := s.Consequences[c.Service]; known != nil {
		s.Overran += max(c.Breaches-known.Breaches, 0)
	}
	s.Consequences[c.Service] = &one
	s.Loosed = slices.DeleteFunc(slices.Clone(s.Loosed), func(name string) bool { return name == c.Service })
	s.inheritLists(c.Lists)
	s.inherit(c.Heirs, c.Service, "it was told of "+c.Service, at)
}

// inherit takes over who was told elsewhere; folded is the service that another
// incident told them of, and why the reason of their next update.
func (s *State) inherit(heirs []Heir, folded, why string, at time.Time) {
	for _, h := range heirs {
		t := s.told(h.Audience)
		next := h.NextAt
		if next.IsZero() {
			next = at
		}
		s.inheritSteering(h, t, at)
		if !t.Heard || t.Closed {
			t.Heard = false
			if !t.Heir || next.Before(t.NextAt) {
				t.NextAt, t.NextWhy = next, why
			}
			t.Heir, t.doubted, t.Closed = true, false, false
		} else if !t.NextAt.IsZero() && next.Before(t.NextAt) {
			t.NextAt, t.NextWhy = next, why
		}
		if t.Policy == "" {
			t.Policy = h.Policy
		}
		if t.Channels == nil {
			t.Channels = h.Channels
		}
		t.Fell = union(t.Fell, h.Fell)
		for _, r := range h.Rosters {
			if !slices.Contains(t.Rosters, r) {
				t.Rosters = append(t.Rosters, r)
			}
		}
		if folded != "" && !slices.Contains(t.Folded, folded) {
			t.Folded = append(t.Folded, folded)
		}
		if !h.PromiseAt.IsZero() {
			t.Made++
			p := &Pending{At: h.PromiseAt}
			if c := s.Steers[h.Audience]; c != nil && c.passes(p.At) {
				p.Held = c.By
			}
			t.Promises = append(t.Promises, p)
			if t.PromiseAt.IsZero() || h.PromiseAt.Before(t.PromiseAt) {
				t.PromiseAt = h.PromiseAt
			}
		}
	}
}

// inheritSteering goes on holding, pausing or pacing an audience that hears of
// nothing else here; where it does, or is not steered elsewhere, it is not to be
// silenced by what a person decided for one outage.
func (s *State) inheritSteering(h Heir, t *Told, at time.Time) {
	open := slices.ContainsFunc(t.Promises, func(p *Pending) bool { return p.By == 0 && !p.Broken })
	own := s.Steers[h.Audience]
	switch c := h.Steering; {
	case c == nil && own != nil && own.Inherited:
		s.steer(&Steered{Steer: Steer{Audience: h.Audience}}, "")
	case c != nil && own == nil && !t.Heard && !open && (c.Paused || c.Every > 0 || c.HoldUntil.After(at)):
		s.steerings()[h.Audience] = &Steering{Steer: c.Steer, By: c.By, Inherited: true}
	}
}

// Services lists the consequences, by name.
func (s *State) Services() []string { return sortedKeys(s.Consequences) }
