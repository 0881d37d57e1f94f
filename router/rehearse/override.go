package rehearse

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// Set is a person who says how it is.
type Set struct {
	Incident string // "": the only one that is open
	Phase    *incident.Phase
	Severity *string
	Lead     *string
	Title    *string
	Account  incident.Account // things that he says something of; without texts: taken back
	// Estimate is how long after the line it is thought to be over; 0: there is no
	// estimate any more.
	Estimate *time.Duration
}

// Steer is a person who changes when audiences hear.
type Steer struct {
	Incident  string
	Audiences []string
	Do        string        // hold, pause, every or resume
	For       time.Duration // of hold and every
}

// Send is a person who wants what is due next at once.
type Send struct {
	Incident  string
	Audiences []string // none: all
}

// Cancel is a person who wants an update to go to nobody else. Since channels accept
// all at once here, that is too late but for one that waits for its moment.
type Cancel struct {
	Incident string
	Update   int
}

// Approve is a second person who says yes or no to what waits for him.
type Approve struct {
	Incident string
	Update   int
	No       bool
}

// Reopen is a person who opens an incident again.
type Reopen struct {
	Incident string // "": the one that was over last
	Reason   string
}

func (a *arguments) set(s *Step) bool {
	set := &Set{Incident: a.incident()}
	s.Set = set
	seen := map[string]bool{}
	for t, more := a.next(); more; t, more = a.next() {
		name, value, ok := t.pair()
		switch {
		case !ok:
			return a.bad(t, "expected name=value, not %s", t.shown())
		case seen[name]:
			return a.bad(t, "%s appears twice", name)
		}
		seen[name] = true
		switch name {
		case "phase":
			phase := incident.Phase(value)
			if !slices.Contains(incident.Phases, phase) {
				return a.bad(t, "phase %q is none of %v", value, incident.Phases)
			}
			set.Phase = &phase
		case "severity":
			set.Severity = &value
		case "lead":
			set.Lead = &value
		case "title":
			set.Title = &value
		case "estimate":
			var in time.Duration
			if value != "none" {
				if in, ok = a.duration(token{column: t.column, head: value}, "expected: "+a.usage); !ok {
					return false
				}
				if in <= 0 {
					return a.bad(t, "an estimate lies in the future")
				}
			}
			set.Estimate = &in
		default:
			known, ok := a.told(set, t, name, value)
			if !known {
				return a.bad(t, "expected phase, severity, estimate, lead, title, summary, impact, workaround, known, ruled_out or doing, not %s", name)
			}
			if !ok {
				return false
			}
		}
	}
	if len(seen) == 0 {
		return a.bad(a.command, "expected what to set")
	}
	return true
}

func (a *arguments) steer(s *Step) (ok bool) {
	c := &Steer{Incident: a.incident(), Do: a.command.shown()}
	s.Steer = c
	t, more := a.next()
	if !more || t.quoted {
		return a.bad(a.command, "expected an audience after %s", c.Do)
	}
	c.Audiences = audiences(t)
	switch c.Do {
	case "hold":
		if c.For, ok = a.after("for"); !ok {
			return false
		}
	case "every":
		d, more := a.next()
		if !more {
			return a.bad(t, "expected a duration after %s", t.shown())
		}
		if c.For, ok = a.duration(d, "expected: "+a.usage); !ok {
			return false
		}
	}
	return a.none()
}

// audiences are named with commas between them.
func audiences(t token) (names []string) {
	for name := range strings.SplitSeq(t.head, ",") {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (a *arguments) send(s *Step) bool {
	s.Send = &Send{Incident: a.incident()}
	if len(a.rest) > 0 && !a.rest[0].quoted {
		t, _ := a.next()
		s.Send.Audiences = audiences(t)
	}
	return a.none()
}

func (a *arguments) cancel(s *Step) bool {
	s.Cancel = &Cancel{Incident: a.incident()}
	t, more := a.next()
	n, err := strconv.Atoi(t.head)
	if !more || t.quoted || err != nil || n < 1 {
		return a.bad(a.command, "expected the number of an update after %s", a.command.head)
	}
	s.Cancel.Update = n
	return a.none()
}

func (a *arguments) approve(s *Step) bool {
	s.Approve = &Approve{Incident: a.incident(), No: a.command.head == "reject"}
	t, more := a.next()
	n, err := strconv.Atoi(t.head)
	if !more || t.quoted || err != nil || n < 1 {
		return a.bad(a.command, "expected the number of an update after %s", a.command.head)
	}
	s.Approve.Update = n
	return a.none()
}

func (a *arguments) reopen(s *Step) bool {
	s.Reopen = &Reopen{Incident: a.incident()}
	if len(a.rest) > 0 && a.rest[0].quoted && a.rest[0].head == "" {
		t, _ := a.next()
		s.Reopen.Reason = t.text
	}
	return a.none()
}

// set does what a line with set says.
func (p *player) set(s Step) error {
	c := s.Set
	in := incident.Input{Set: &incident.Set{Phase: c.Phase, Severity: c.Severity, Lead: c.Lead, Account: c.Account}}
	if c.Estimate != nil {
		var at time.Time
		if *c.Estimate > 0 {
			at = s.At.UTC().Add(*c.Estimate)
		}
		in.Set.Estimate = &at
	}
	if c.Title != nil {
		title := map[string]string{"": *c.Title}
		if *c.Title == "" {
			title = nil
		}
		in.Set.Title = &title
	}
	return p.override(s, c.Incident, in)
}

// steer does what a line with hold, pause, every or resume says. What was decided
// for an audience before stays, but for resume.
func (p *player) steer(s Step) error {
	id, ok := p.which(s, s.Steer.Incident)
	if !ok {
		return nil
	}
	for n, name := range s.Steer.Audiences {
		c := incident.Steer{}
		if of := p.book.Incident(id); of != nil && s.Steer.Do != "resume" {
			c = of.State.Steered(name).Steer
		}
		c.Audience = name
		switch s.Steer.Do {
		case "hold":
			c.HoldUntil = s.At.UTC().Add(s.Steer.For)
		case "pause":
			c.Paused = true
		case "every":
			c.Every = s.Steer.For
		}
		in := incident.Input{Steer: &c, ID: fmt.Sprintf("line %d.%d", s.Line, n)}
		if err := p.override(s, id, in); err != nil {
			return err
		}
	}
	return nil
}

// reopen does what a line with reopen says.
func (p *player) reopen(s Step) error {
	id := s.Reopen.Incident
	if id == "" {
		var last *incident.State
		for _, c := range p.book.Cases() {
			over := c.State.ResolvedAt
			if !over.IsZero() && (last == nil || over.After(last.ResolvedAt) ||
				over.Equal(last.ResolvedAt) && casebook.Number(c.State.ID) > casebook.Number(last.ID)) {
				last = c.State
			}
		}
		if last == nil {
			p.out.warn(p.now, s, "no incident is over")
			return nil
		}
		id = last.ID
	}
	in := incident.Input{Reason: s.Reopen.Reason, Reopen: &incident.Reopen{}}
	return p.override(s, id, in)
}

// which returns the incident that a line is about: the one that it names, or the
// only one that is open.
func (p *player) which(s Step, id string) (string, bool) {
	if id != "" {
		return id, true
	}
	var open []string
	for _, c := range p.book.Cases() {
		if c.State.Open() && c.State.Under == "" { // another tells of it otherwise
			open = append(open, c.State.ID)
		}
	}
	slices.SortFunc(open, func(a, b string) int { return casebook.Number(a) - casebook.Number(b) })
	switch len(open) {
	case 0:
		p.out.warn(p.now, s, "no incident is open")
	case 1:
		return open[0], true
	default:
		p.out.warn(p.now, s, "more than one incident is open; name one of "+strings.Join(open, ", "))
	}
	return "", false
}

// override lets a person do something to an incident.
func (p *player) override(s Step, id string, in incident.Input) error {
	id, ok := p.which(s, id)
	if !ok {
		return nil
	}
	return p.give(s, in.About(id))
}

// give lets a person decide something.
func (p *player) give(s Step, in incident.Input) error {
	in.At = p.now.UTC()
	if in.By == "" {
		in.By = speaker
	}
	if in.ID == "" {
		in.ID = fmt.Sprintf("line %d", s.Line)
	}
	isKnown, _, err := p.book.Take(in, p.scribe)
	if err != nil {
		return err
	}
	if !isKnown {
		p.out.warn(p.now, s, "there is no incident "+in.Target())
	}
	return p.receipts()
}
