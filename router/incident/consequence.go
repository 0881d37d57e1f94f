package incident

// join makes the outage a consequence of the incident that it depends on.
func (d *decision) join() {
	severity, starts := d.s.Severity, d.s.StartedAt
	if !d.s.Open() {
		severity, starts = d.outage()
	}
	labels := d.s.Labels()
	labels["severity"] = severity
	d.emit(Fact{Joined: &Joined{
		Incident: d.r.Parent, Service: d.r.ParentService, Severity: severity, StartedAt: starts, Labels: labels, Heirs: d.s.heirs(),
	}})
}

// consequence follows an outage that another incident tells of.
func (d *decision) consequence() {
	severity, starts := d.outage()
	d.breaches()
	switch {
	case d.quiet() && d.s.ID == "":
		d.emit(Fact{Passed: &Passed{Under: d.s.Under}})
	case d.quiet() && d.s.Open():
		d.emit(Fact{Resolved: d.end("")})
	case d.quiet():
		d.emit(Fact{Parted: &Parted{Incident: d.s.Under, Service: d.r.ParentService, Over: true}})
	case d.s.firing == 0:
	case d.r.Parent == "":
		p := &Parted{Incident: d.s.Under, Service: d.r.ParentService}
		if d.r.Heirs != nil {
			p.Heirs = d.r.Heirs()
		}
		d.emit(Fact{Parted: p})
	case d.r.Parent != d.s.Under: // that one is a consequence itself by now, or over
		labels, heirs := d.s.Labels(), d.s.heirs()
		if d.r.Heirs != nil && d.r.Orphan {
			heirs = append(heirs, d.r.Heirs()...)
		}
		d.emit(Fact{Joined: &Joined{
			Incident: d.r.Parent, Service: d.r.ParentService, Severity: d.s.Severity, StartedAt: starts, Labels: labels, Heirs: heirs,
		}})
	case d.rank(severity) > d.known():
		d.emit(Fact{Escalated: &Escalated{From: d.s.Severity, To: severity}})
	}
}

// kin notes what an outage that depends on this one has become.
func (d *decision) kin() {
	k := d.in.Consequence
	known := d.s.Consequences[k.Service]
	switch {
	case k.Gone && known != nil:
		d.emit(Fact{Eased: &Eased{Service: k.Service, Out: k.Out}})
	case !k.Gone && (known == nil || known.Severity != k.Severity || known.Breaches != k.Breaches):
		d.emit(Fact{Caused: &Caused{Consequence: k.Consequence, Heirs: k.Heirs}})
	}
}
