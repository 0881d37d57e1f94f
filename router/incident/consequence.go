package incident

// join makes the outage a consequence of the incident that it depends on.
func (d *decision) join() { d.joins(d.r.Parent, d.r.ParentService) }

// joins makes it part of an incident.
func (d *decision) joins(incident, service string) {
	severity, starts := d.s.Severity, d.s.StartedAt
	if !d.s.Open() {
		severity, starts = d.outage()
	}
	labels := d.s.Labels()
	labels["severity"] = severity
	d.emit(Fact{Body: &Joined{
		Incident: incident, Service: service, Severity: severity, StartedAt: starts, Labels: labels, Heirs: d.s.heirs(), Lists: d.s.Lists(),
	}})
}

// consequence follows an outage that another incident tells of.
func (d *decision) consequence() {
	severity, starts := d.outage()
	out := d.s.firing > 0
	if d.s.byHand() {
		severity, starts, out = d.s.Severity, d.s.StartedAt, true
	}
	d.breaches()
	switch {
	case d.quiet() && d.s.ID == "":
		d.emit(Fact{Body: &Passed{Under: d.s.Under}})
	case d.quiet() && d.s.Open():
		d.emit(Fact{Body: d.end()})
	case d.quiet():
		d.emit(Fact{Body: &Parted{Incident: d.s.Under, Service: d.r.ParentService, Over: true}})
	case !out:
	case d.r.Parent == "":
		p := &Parted{Incident: d.s.Under, Service: d.r.ParentService}
		if d.r.Heirs != nil {
			p.Heirs, p.Lists = d.r.Heirs()
		}
		d.emit(Fact{Body: p})
	case d.r.Parent != d.s.Under: // that one is a consequence itself by now, or over
		labels, heirs, lists := d.s.Labels(), d.s.heirs(), d.s.Lists()
		if d.r.Heirs != nil && d.r.Orphan {
			more, also := d.r.Heirs()
			heirs = append(heirs, more...)
			lists.Added, lists.Removed = append(lists.Added, also.Added...), append(lists.Removed, also.Removed...)
		}
		d.emit(Fact{Body: &Joined{
			Incident: d.r.Parent, Service: d.r.ParentService, Severity: d.s.Severity, StartedAt: starts, Labels: labels, Heirs: heirs, Lists: lists,
		}})
	case d.rank(severity) > d.known():
		d.emit(Fact{Body: &Escalated{From: d.s.Severity, To: severity}})
	}
}

// kin notes what an outage that depends on this one has become.
func (d *decision) kin() {
	k := d.in.Consequence
	known := d.s.Consequences[k.Service]
	switch {
	case k.Gone && known != nil:
		d.emit(Fact{Body: &Eased{Service: k.Service, Out: k.Out, Split: k.Split}})
	case !k.Gone && (known == nil || known.Severity != k.Severity || known.Breaches != k.Breaches):
		d.emit(Fact{Body: &Caused{Consequence: k.Consequence, Heirs: k.Heirs, Lists: k.Lists}})
	}
}
