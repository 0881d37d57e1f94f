package rehearse

// Merge is a person who folds an incident into another.
type Merge struct{ Incident, Into string }

// Split is a person who takes a service out of an incident.
type Split struct {
	Incident string // "": the only one that is open
	Service  string
}

func (a *arguments) merge(s *Step) bool {
	s.Merge = &Merge{Incident: a.incident()}
	if s.Merge.Incident == "" {
		return a.bad(a.command, "expected an incident after %s", a.command.head)
	}
	if t, more := a.next(); !more || t.shown() != "into" {
		return a.bad(a.command, "expected into and another incident")
	}
	if s.Merge.Into = a.incident(); s.Merge.Into == "" {
		return a.bad(a.command, "expected an incident after into")
	}
	return a.none()
}

func (a *arguments) split(s *Step) bool {
	s.Split = &Split{Incident: a.incident()}
	t, more := a.next()
	if !more || t.head == "" {
		return a.bad(a.command, "expected a service")
	}
	s.Split.Service = t.head
	return a.none()
}
