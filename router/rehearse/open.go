package rehearse

import (
	"strings"
	"time"

	"sitrep/router/incident"
)

// Open is a person who opens an incident.
type Open struct {
	Service  string
	Severity string
	Since    time.Duration // how long it is out by then; 0: since its first alert, or the line
	Title    *string
	Account  incident.Account
	Reason   string
}

func (a *arguments) open(s *Step) (ok bool) {
	o := &Open{}
	s.Open = o
	t, more := a.next()
	if !more || strings.Contains(t.head, "=") {
		return a.bad(a.command, "expected a service after %s", a.command.head)
	}
	o.Service = t.text
	if !t.quoted {
		o.Service = t.head
	}
	said := &Set{}
	for t, more = a.next(); more; t, more = a.next() {
		name, value, pair := t.pair()
		switch {
		case t.quoted && t.head == "":
			o.Reason = t.text
			if !a.none() {
				return false
			}
		case !pair:
			return a.bad(t, "expected name=value, not %s", t.shown())
		case name == "severity":
			o.Severity = value
		case name == "title":
			o.Title = &value
		case name == "since":
			if o.Since, ok = a.duration(token{column: t.column, head: value}, "expected: "+a.usage); !ok {
				return false
			}
		default:
			known, ok := a.told(said, t, name, value)
			if !known {
				return a.bad(t, "expected severity, since, title, summary, impact, workaround, known, ruled_out or doing, not %s", name)
			}
			if !ok {
				return false
			}
		}
	}
	if o.Severity == "" {
		return a.bad(a.command, "expected severity=…")
	}
	o.Account = said.Account
	return true
}

// open does what a line with open says.
func (p *player) open(s Step) error {
	o := s.Open
	in := incident.Input{Reason: o.Reason, Open: &incident.Open{Service: o.Service, Severity: o.Severity, Account: o.Account}}
	if o.Since > 0 {
		in.Open.StartedAt = s.At.UTC().Add(-o.Since)
	}
	if o.Title != nil {
		in.Open.Title = map[string]string{"": *o.Title}
	}
	return p.give(s, in)
}
