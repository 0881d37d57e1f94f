package incident

import (
	"maps"
	"slices"
	"time"
)

// What a person decides wins over what is automatic, is a fact with his name,
// and ends with the incident. Most of it sends nothing by itself, and goes
// with the next update.
//
//	Say      words, at once; the audience's clock starts again
//	Set      phase, severity, estimate, lead, title, and what is told of it
//	Steer    one audience: not before a moment, not until told otherwise, so often
//	Send     the next update, at once; see hasten.go
//	Enlist   one more or less of an audience; see recipient.go
//	Cancel   an update that has not gone out to everybody; see cancel.go
//	Merge    it is part of another incident; Split: it is not; see merge.go
//	Resolve  it is over, whatever fires; Reopen: it is not
//	Open     a service is out, whatever fires; see open.go

// Set asks to change what is said of an incident. Nil leaves a thing as it is.
type Set struct {
	Incident string             `json:"incident"`
	Phase    *Phase             `json:"phase,omitempty"`
	Severity *string            `json:"severity,omitempty"`
	Estimate *time.Time         `json:"estimate,omitempty"` // zero: there is none any more
	Lead     *string            `json:"lead,omitempty"`     // empty: nobody
	Title    *map[string]string `json:"title,omitempty"`    // by language; empty: the service's
	// Account holds the things that a person says something of; one without texts
	// is taken back, and what the alerts or the service say is told again.
	Account Account `json:"account,omitempty"`
}

// Steer asks to change when an audience hears. It takes the place of what was
// asked before: what is zero is as the policy says.
type Steer struct {
	Incident  string        `json:"incident"`
	Audience  string        `json:"audience"`
	HoldUntil time.Time     `json:"hold_until,omitzero"` // nothing by itself before it, the end included
	Paused    bool          `json:"paused,omitempty"`    // nothing by itself but the end
	Every     time.Duration `json:"every,omitempty"`     // so often instead of the cadence's own
}

// Reopen asks to open a resolved incident again.
type Reopen struct {
	Incident string `json:"incident"`
}

// Estimated: a person gave an estimate of when it is over, or took it back.
type Estimated struct {
	At time.Time `json:"at,omitzero"` // zero: taken back
}

// Led: somebody leads, or nobody does any more.
type Led struct {
	Lead string `json:"lead,omitempty"`
}

// Titled: messages call it by another name, or by the service's again.
type Titled struct {
	Title map[string]string `json:"title,omitempty"` // by language
}

// Steered: a person changed when an audience hears.
type Steered struct {
	Steer
	// Breaks is the moment promised to the audience that this goes past, if it
	// stays; zero where there is none.
	Breaks time.Time `json:"breaks,omitzero"`
}

// Steering is what a person decided for one audience.
type Steering struct {
	Steer
	By string `json:"by"`
	// Inherited says that it was decided for an outage that is part of this one
	// now, or that this one was part of.
	Inherited bool `json:"inherited,omitempty"`
}

// resolution is the team that solves, and RoleResolution what somebody of it comes in
// as.
const (
	resolution     = "resolution"
	RoleResolution = "team " + resolution
)

// minEvery is the least time between two updates that a person may ask for.
const minEvery = time.Minute

// settled reports whether an override comes too late, or belongs elsewhere, and
// refuses it.
func (d *decision) settled() bool {
	switch {
	case !d.s.Open():
		d.refuse("%s is resolved", d.s.ID)
	case d.s.Under != "":
		d.refuse("%s is a consequence of %s, which tells of both; do it there", d.s.ID, d.s.Under)
	default:
		return false
	}
	return true
}

func (d *decision) set() {
	if d.settled() {
		return
	}
	c := d.in.Set
	if c.Phase != nil && !slices.Contains(Phases, *c.Phase) {
		d.refuse("phase %q is none of %v", *c.Phase, Phases)
		return
	}
	if c.Severity != nil {
		if _, known := d.r.Severities.Rank(*c.Severity); !known {
			d.refuse("severity %q is none of %v", *c.Severity, d.r.Severities)
			return
		}
	}
	if c.Estimate != nil && !c.Estimate.IsZero() && !c.Estimate.After(d.in.At) {
		d.refuse("the estimate %s is not in the future", stamp(*c.Estimate))
		return
	}
	if c.Phase != nil && *c.Phase != d.s.Phase {
		d.emit(Fact{Body: &Phased{From: d.s.Phase, To: *c.Phase}})
	}
	if c.Severity != nil && *c.Severity != d.s.Severity {
		d.emit(Fact{Body: &Escalated{From: d.s.Severity, To: *c.Severity, Over: d.r.Severities.Name(d.gravest())}})
	}
	if c.Estimate != nil && !c.Estimate.Equal(d.s.Estimate) {
		d.emit(Fact{Body: &Estimated{At: *c.Estimate}})
	}
	if c.Lead != nil && *c.Lead != d.s.Lead {
		d.emit(Fact{Body: &Led{Lead: *c.Lead}})
	}
	if c.Title != nil && !maps.Equal(*c.Title, d.s.Title) {
		d.emit(Fact{Body: &Titled{Title: *c.Title}})
	}
	for _, t := range Things {
		if texts, given := c.Account[t]; given && !maps.Equal(texts, d.s.Given[t].Texts) {
			d.emit(Fact{Body: &Accounted{Thing: t, Texts: texts}})
		}
	}
}

func (d *decision) steer() {
	if d.settled() {
		return
	}
	c := *d.in.Steer
	was := d.s.Steered(c.Audience)
	if !c.HoldUntil.After(d.in.At) && c.HoldUntil.Equal(was.HoldUntil) {
		c.HoldUntil = time.Time{} // it has run out
	}
	switch {
	case !c.HoldUntil.IsZero() && !c.HoldUntil.After(d.in.At):
		d.refuse("%s is not in the future", stamp(c.HoldUntil))
		return
	case c.Every != 0 && c.Every < minEvery:
		d.refuse("an update every %s is more than anyone reads; a minute is the least", short(c.Every))
		return
	}
	if was.HoldUntil.Equal(c.HoldUntil) && was.Paused == c.Paused && was.Every == c.Every {
		return
	}
	c.Incident = "" // the fact names it
	f := &Steered{Steer: c}
	if t := d.s.Told[c.Audience]; t != nil {
		for _, p := range t.Promises {
			if p.By == 0 && !p.Broken && c.passes(p.At) && (f.Breaks.IsZero() || p.At.Before(f.Breaks)) {
				f.Breaks = p.At
			}
		}
	}
	d.emit(Fact{Body: f})
}

// passes reports whether nothing comes before a moment.
func (c Steer) passes(at time.Time) bool { return c.Paused || !c.HoldUntil.Before(at) }

func (d *decision) reopen() {
	switch {
	case d.s.Open():
		d.refuse("%s is open", d.s.ID)
		return
	case d.r.Newer != "":
		d.refuse("%s is the newer incident of %s; reopen that, or tell of it there", d.r.Newer, d.s.Service)
		return
	case d.s.Detached(d.in.At):
		d.refuse("%s has been over for more than a day; what happens now is another incident", d.s.ID)
		return
	}
	d.emit(Fact{Body: &Reopened{Severity: d.s.Severity, StartedAt: d.s.StartedAt, Alerts: d.s.anyMuted(), Row: "by hand"}})
}

// anyMuted counts alerts that fire and were muted by resolving by hand.
func (s *State) anyMuted() int {
	n := 0
	for _, a := range s.Alerts {
		if a.Firing() && a.Muted {
			n++
		}
	}
	return n
}

// Steered returns what a person decided for an audience; all zero where nothing.
func (s *State) Steered(audience string) Steering {
	if c := s.Steers[audience]; c != nil {
		return *c
	}
	return Steering{}
}

func (s *State) steer(c *Steered, by string) {
	if t := s.Told[c.Audience]; t != nil {
		for _, p := range t.Promises {
			if p.By == 0 && !p.Broken {
				p.Held = choose(c.passes(p.At), by, "")
			}
		}
	}
	if c.HoldUntil.IsZero() && !c.Paused && c.Every == 0 {
		delete(s.Steers, c.Audience)
		return
	}
	s.steerings()[c.Audience] = &Steering{Steer: c.Steer, By: by}
}

func (s *State) steerings() map[string]*Steering {
	if s.Steers == nil {
		s.Steers = map[string]*Steering{}
	}
	return s.Steers
}

// unsteer lets the automatic take over again at the end: what was held stays so
// until its moment.
func (s *State) unsteer(at time.Time) {
	for name, c := range s.Steers {
		if c.Paused, c.Every = false, 0; !c.HoldUntil.After(at) {
			delete(s.Steers, name)
		}
	}
}

// Carry takes over the alerts that fire and were muted by resolving an earlier
// incident by hand: they stay so until they have resolved once.
func (s *State) Carry(from *State) {
	for _, id := range sortedKeys(from.Alerts) {
		if a := from.Alerts[id]; a.Firing() && a.Muted {
			own := *a
			own.speaks = s.speaks(a.Account)
			s.Alerts[id] = &own
		}
	}
}

// unmute lets alerts count again that were muted by resolving by hand.
func (s *State) unmute() {
	for _, a := range s.Alerts {
		if a.Firing() && a.Muted {
			a.Muted = false
			s.burns(a, 1)
			s.commonStale, s.commonGrows = true, false
		}
	}
}
