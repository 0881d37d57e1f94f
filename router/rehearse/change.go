package rehearse

import (
	"slices"
	"strings"
	"time"

	"sitrep/router/incident"
)

// Plan is a person who plans a change.
type Plan struct {
	Title    string
	Services []string
	From     time.Duration // after the line; 0: at once
	Until    time.Duration // after its start
	Decide   time.Duration // after its start; 0: nobody decides
	Lead     string
	Severity string // "": the lowest
}

// Conduct is a person who says how it goes with a change.
type Conduct struct {
	Incident string // "": the only one that is not over
	Do       string // begin, complete, roll-back, call-off, decide, extend or move
	By       time.Duration
	Course   incident.Course
}

func (a *arguments) plan(s *Step) (ok bool) {
	p := &Plan{}
	s.Plan = p
	t, more := a.next()
	if !more || !t.quoted || t.head != "" || strings.TrimSpace(t.text) == "" {
		return a.bad(a.command, "expected what is to be done, in quotes")
	}
	p.Title = t.text
	if len(a.rest) > 0 && !a.rest[0].quoted && !slices.Contains([]string{"from", "until", "decide"}, a.rest[0].head) && !strings.Contains(a.rest[0].head, "=") {
		t, _ := a.next()
		p.Services = audiences(t)
	}
	for len(a.rest) > 0 {
		switch t := a.rest[0]; {
		case t.head == "from" && !t.quoted:
			p.From, ok = a.plus("from")
		case t.head == "until" && !t.quoted:
			p.Until, ok = a.plus("until")
		case t.head == "decide" && !t.quoted:
			p.Decide, ok = a.plus("decide")
		default:
			var name, value string
			a.next()
			if name, value, ok = t.pair(); !ok || name != "lead" && name != "severity" {
				return a.bad(t, "expected from, until, decide, lead=… or severity=…, not %s", t.shown())
			}
			if name == "lead" {
				p.Lead = value
			} else {
				p.Severity = value
			}
		}
		if !ok {
			return false
		}
	}
	switch {
	case p.Until == 0:
		return a.bad(a.command, "expected until and how long it takes, such as until +6h")
	case p.Decide > p.Until:
		return a.bad(a.command, "the decision time comes after the end")
	}
	return true
}

// plus takes a word and an offset: until +6h.
func (a *arguments) plus(word string) (time.Duration, bool) {
	if len(a.rest) > 1 && !a.rest[1].quoted {
		a.rest[1].head = strings.TrimPrefix(a.rest[1].head, "+")
	}
	return a.after(word)
}

func (a *arguments) conduct(s *Step) (ok bool) {
	c := &Conduct{Incident: a.incident(), Do: a.command.head}
	s.Conduct = c
	switch c.Do {
	case "extend", "move":
		t, more := a.next()
		if !more || t.quoted {
			return a.bad(a.command, "expected by how much, such as +2h or -30m")
		}
		earlier := strings.HasPrefix(t.head, "-")
		t.head = strings.TrimLeft(t.head, "+-")
		if c.By, ok = a.duration(t, "expected: "+a.usage); !ok {
			return false
		}
		if earlier {
			c.By = -c.By
		}
	case "decide":
		t, _ := a.next()
		c.Course = incident.Course(strings.ReplaceAll(t.head, "-", "_"))
		if !slices.Contains(incident.Courses, c.Course) {
			return a.bad(a.command, "expected on-course, later or rolling-back")
		}
	}
	return a.none()
}

// plan does what a line with change says.
func (p *player) plan(s Step) error {
	c := s.Plan
	start := s.At.UTC().Add(c.From)
	plan := incident.Plan{
		Title: map[string]string{"": c.Title}, Services: c.Services, Start: start, End: start.Add(c.Until), Lead: c.Lead, Severity: c.Severity,
	}
	if c.Decide > 0 {
		plan.Decide = start.Add(c.Decide)
	}
	return p.give(s, incident.Input{Schedule: &incident.Schedule{Plan: plan}})
}

// steps are what the words of a script ask for.
var steps = map[string]incident.Step{
	"begin": incident.StepStart, "complete": incident.StepComplete, "roll-back": incident.StepRollBack, "call-off": incident.StepCallOff, "decide": incident.StepCourse,
}

// conduct does what a line about a change says.
func (p *player) conduct(s Step) error {
	c := s.Conduct
	id := c.Incident
	if id == "" {
		var ids []string
		for _, of := range p.book.Changes() {
			ids = append(ids, of.State.ID)
		}
		switch len(ids) {
		case 0:
			p.out.warn(p.now, s, "no change is planned")
			return nil
		case 1:
			id = ids[0]
		default:
			p.out.warn(p.now, s, "more than one change is planned; name one of "+strings.Join(ids, ", "))
			return nil
		}
	}
	if step, is := steps[c.Do]; is {
		return p.override(s, id, incident.Input{Conduct: &incident.Conduct{Step: step, Course: c.Course}})
	}
	of := p.book.Incident(id)
	if of == nil || of.State.Work == nil {
		p.out.warn(p.now, s, "there is no change "+id)
		return nil
	}
	r := &incident.Reschedule{}
	start, end := of.State.Work.Start.Add(c.By), of.State.Work.End.Add(c.By)
	if r.End = &end; c.Do == "move" {
		r.Start = &start
	}
	return p.override(s, id, incident.Input{Reschedule: r})
}

// conducted says what became of a change.
func (t *Transcript) conducted(f incident.Fact) string {
	at := func(m time.Time) string { return t.clock(m, f.At) }
	plan := func(p incident.Plan) string {
		s := "from " + at(p.Start) + " to " + t.clock(p.End, p.Start)
		if !p.Decide.IsZero() {
			s += ", decided at " + t.clock(p.Decide, p.Start)
		}
		if len(p.Services) > 0 {
			s += ", touches " + strings.Join(p.Services, ", ")
		}
		return s
	}
	beside := func(ids []string) string {
		if len(ids) == 0 {
			return ""
		}
		return ", at the same time as " + strings.Join(ids, " and ")
	}
	switch {
	case f.Scheduled() != nil:
		return f.Incident + " planned: " + inLanguages(f.Scheduled().Title) + ", " + plan(f.Scheduled().Plan) + beside(f.Scheduled().Overlaps)
	case f.Rescheduled() != nil:
		return f.Incident + " planned otherwise: " + plan(f.Rescheduled().Plan) + beside(f.Rescheduled().Overlaps)
	case f.Overran() != nil:
		return f.Incident + " takes longer than planned"
	case f.Finished() != nil:
		done := " completed: it took from "
		if f.Finished().RolledBack {
			done = " rolled back: it took from "
		}
		return f.Incident + done + at(f.Finished().Begun) + " to " + at(f.At)
	}
	return strings.TrimPrefix(f.String(), "change ")
}
