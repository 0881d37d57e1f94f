package incident

import "time"

// What belongs together is not always what the configuration says. A person may fold
// an incident into another, and take out again what is part of one:
//
//	Merge ──> Joined, by him: as a consequence joins the incident that it follows from.
//	          It is told of by that alone, and so are its later alerts; it sends no end of
//	          its own, and whoever was told of it hears on from there
//	Split ──> Split of the incident, and Parted, by him, of what was part of it: it is
//	          an incident of its own, and does not join that one again by itself as
//	          long as it lasts

// Merge asks to fold an incident into another.
type Merge struct {
	Incident string `json:"incident"`
	Into     string `json:"into"`
}

// Split asks to take a service out of an incident that it is part of.
type Split struct {
	Incident string `json:"incident"`
	Service  string `json:"service"`
}

// Taken: a service is out of an incident that it was part of, by a person's word.
type Taken struct {
	Service string `json:"service"`
}

// Apart tells an outage that a person takes it out of the incident that tells of it.
// It is never stored: it follows from that one's fact.
type Apart struct {
	From    string // that incident
	Service string // of it
	By      Input  // the override
}

// follow takes in what a person just made part of another, or of none: the rules are
// from before.
func (r *Rules) follow(facts []Fact) {
	for _, f := range facts {
		switch {
		case f.Joined() != nil && f.By != "":
			r.Parent, r.ParentService = f.Joined().Incident, f.Joined().Service
		case f.Parted() != nil && f.Parted().Split:
			r.Parent, r.ParentService = "", ""
		}
	}
}

func (d *decision) merge() {
	into := d.in.Merge.Into
	if d.settled() {
		return
	}
	if into == d.s.ID {
		d.refuse("%s cannot be folded into itself", into)
		return
	}
	service, why := d.r.Into(into)
	if why != "" {
		d.refuse("%s", why)
		return
	}
	d.joins(into, service)
}

func (d *decision) split() {
	if d.settled() {
		return
	}
	service := d.in.Split.Service
	if d.s.Consequences[service] == nil {
		d.refuse("%s is no part of %s", service, d.s.ID)
		return
	}
	if why := d.r.Split(service); why != "" {
		d.refuse("%s", why)
		return
	}
	d.emit(Fact{Body: &Taken{Service: service}})
}

// apart lets an outage stand on its own.
func (d *decision) apart() {
	a := d.in.Apart
	if d.s.Under != a.From {
		return
	}
	p := &Parted{Incident: a.From, Service: a.Service, Split: true}
	if d.r.Heirs != nil {
		p.Heirs, p.Lists = d.r.Heirs()
	}
	d.emit(Fact{By: a.By.By, Role: a.By.Role, Reason: a.By.Reason, Body: p})
}

// stands remembers that a person took it out of an incident.
func (s *State) stands(p *Parted, at time.Time) {
	s.Under, s.Apart = "", p.Incident
	why := "it is no part of " + p.Incident + " any more"
	for _, t := range s.Told {
		if t.Away {
			t.Away, t.Heir, t.NextAt, t.NextWhy = false, true, at, why
		}
	}
	s.inheritLists(p.Lists)
	s.inherit(p.Heirs, "", why, at)
}
