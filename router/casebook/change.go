package casebook

import (
	"cmp"
	"slices"
	"time"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// schedule plans a change, and what is due of it. It is not known where the
// configuration lacks one of its services, or the severity, or where one of its name in
// calendars is known.
func (b *Book) schedule(in incident.Input, s Scribe) (known bool, unmatched int, err error) {
	if slices.ContainsFunc(in.Schedule.Services, func(name string) bool { return b.Service(name) == nil }) {
		return false, 0, nil
	}
	if uid := in.Schedule.UID; uid != "" && b.uid(uid) {
		return false, 0, nil // it is planned already, or was
	}
	c := &Case{State: incident.NewState(""), place: -1}
	if facts := incident.Decide(b.rulesOf(c), c.State, in); facts[0].Scheduled() == nil {
		return false, 0, nil // there is no change whose fact that could be
	}
	var t touched
	b.decide(c, in, s, &t)
	return true, 0, b.settle(&t, in.At, true, s)
}

// uid reports whether a change is known by a name in calendars, whatever became of it:
// the same reading of a calendar twice plans nothing twice.
func (b *Book) uid(name string) bool {
	for _, c := range b.ids {
		if w := c.State.Work; w != nil && w.UID == name {
			return true
		}
	}
	return false
}

// noteChange keeps the list of planned changes.
func (b *Book) noteChange(c *Case, f incident.Fact) {
	switch {
	case f.Scheduled() != nil:
		b.ids[f.Incident] = c
		b.opened = max(b.opened, Number(f.Incident))
		b.changes = append(b.changes, c)
	case f.Finished() != nil, f.CalledOff() != nil:
		b.changes = slices.DeleteFunc(b.changes, func(other *Case) bool { return other == c })
		b.excuse(c, c.State.Work.Services, f.At)
	case f.Rescheduled() != nil:
		b.excuse(c, f.Rescheduled().Left, f.At)
	case f.Turned() != nil: // what of it fired has its history here from now on
		if was := b.services[f.Turned().Service]; was != nil && was != c {
			b.wakes.set(was, time.Time{})
		}
		b.services[f.Turned().Service] = c
		b.became = append(b.became, c)
	}
}

// excuse notes until when alerts of some services were to be expected: until a change
// was done, or was planned to be.
func (b *Book) excuse(c *Case, services []string, at time.Time) {
	w := c.State.Work
	if w.Begun.IsZero() {
		return
	}
	if w.End.Before(at) {
		at = w.End
	}
	for _, name := range services {
		if at.After(b.excused[name]) {
			b.excused[name] = at
		}
	}
}

// Changes returns the planned changes that are not over, in the order of their
// numbers.
func (b *Book) Changes() []*Case { return b.changes }

// Planned returns the change that an input planned; nil where none did.
func (b *Book) Planned(input string) *Case {
	for _, c := range slices.Backward(b.changes) {
		if len(c.Timeline) > 0 && c.Timeline[0].Input == input {
			return c
		}
	}
	return nil
}

// Burning returns what fires of the services of a change while it runs, oldest first.
func (b *Book) Burning(c *Case) (all []incident.Alert) {
	if !c.State.Running() {
		return nil
	}
	for _, name := range c.State.Work.Services {
		if one := b.services[name]; one != nil {
			for _, a := range one.State.Alerts {
				if a.Firing() {
					all = append(all, *a)
				}
			}
		}
	}
	slices.SortFunc(all, func(x, y incident.Alert) int {
		return cmp.Or(x.StartsAt.Compare(y.StartsAt), cmp.Compare(x.Fingerprint, y.Fingerprint))
	})
	return all
}

// Window returns the change that runs and touches a service; "": none does.
func (b *Book) Window(service string) string { return b.window(service, nil) }

// window looks at the changes but for one.
func (b *Book) window(service string, but *Case) string {
	for _, c := range b.changes {
		if c != but && c.State.Running() && slices.Contains(c.State.Work.Services, service) {
			return c.State.ID
		}
	}
	return ""
}

// crew adds the rules of a planned change.
func (b *Book) crew(c *Case, r *incident.Rules) {
	r.Crew = &incident.Crew{
		Overlaps: func(p incident.Plan) []string { return b.overlaps(c, p) },
		Counts:   func(p incident.Plan) bool { return b.counts(c, p) },
		Fires:    func() (string, []incident.Alert) { return b.fires(c) },
	}
	if c.State.Work != nil {
		r.SLA = b.tightest(c.State.Work.Services)
	}
}

// overlaps names the changes that touch one of the same services at the same time.
func (b *Book) overlaps(c *Case, p incident.Plan) (ids []string) {
	for _, other := range b.changes {
		if other != c && p.Overlaps(other.State.Work.Plan) {
			ids = append(ids, other.State.ID)
		}
	}
	return ids
}

// counts reports whether the policy in force for a plan says that its window counts.
func (b *Book) counts(c *Case, p incident.Plan) bool {
	for _, labels := range p.Labels(cmp.Or(c.State.Severity, p.Severity)) {
		i := slices.IndexFunc(b.rules.Policies, func(p *policies.Policy) bool { return p.Covers(labels) })
		if i >= 0 && b.rules.Policies[i].WindowCounts {
			return true
		}
	}
	return false
}

// tightest is the SLA of some services by which people expect the most.
func (b *Book) tightest(services []string) *policies.SLA { return Tightest(services, b.Service) }

// Tightest is the same, where services are found by their names.
func Tightest(services []string, called func(name string) *policies.Service) (sla *policies.SLA) {
	for _, name := range services {
		svc := called(name)
		if svc == nil || svc.SLA == nil {
			continue
		}
		limit, least := svc.SLA.Limit(policies.Expected), sla.Limit(policies.Expected)
		if sla == nil || limit > 0 && (least == 0 || limit < least) {
			sla = svc.SLA
		}
	}
	return sla
}

// fires returns the service of a change that would be out if its alerts had fired for
// longer, and what fires of it; of several the gravest that depends on none of the others.
// An incident of it that there is goes on by itself, and what another change touches yet
// is that one's.
func (b *Book) fires(c *Case) (service string, alerts []incident.Alert) {
	burning := map[string][]incident.Alert{}
	for _, name := range c.State.Work.Services {
		if b.window(name, c) == "" {
			burning[name] = b.burning(name)
		}
	}
	grave := -1
	for _, name := range c.State.Work.Services {
		if len(burning[name]) == 0 || slices.ContainsFunc(b.rules.needs[name], func(on string) bool { return len(burning[on]) > 0 }) {
			continue
		}
		worst := 0
		for _, a := range burning[name] {
			rank, _ := b.rules.Severities.Rank(a.Severity)
			worst = max(worst, rank)
		}
		if worst > grave {
			service, alerts, grave = name, burning[name], worst
		}
	}
	return service, alerts
}

// burning returns what fires of a service that is out but for how long it fires, and that
// no incident tells of.
func (b *Book) burning(service string) []incident.Alert {
	one := b.services[service]
	if one == nil || one.State.Open() || one.State.Under != "" || b.Service(service) == nil {
		return nil
	}
	return incident.Burning(b.rules.rules(service, 0), one.State)
}

// tellTouched looks at the services of a change that began, ended or was planned
// otherwise: their alerts count again, or no more. What it became an outage of is looked
// at with the rules of that one.
func (b *Book) tellTouched(c *Case, facts []incident.Fact, in incident.Input, s Scribe, t *touched) {
	looked, became := false, false
	var names []string
	for _, f := range facts {
		looked = looked || f.Begun() != nil || f.Finished() != nil || f.CalledOff() != nil || f.Rescheduled() != nil
		became = became || f.Turned() != nil
		if f.Rescheduled() != nil {
			names = append(names, f.Rescheduled().Left...)
		}
	}
	if !looked || c.State.Work == nil {
		return
	}
	if became {
		b.decide(c, incident.Input{At: in.At}, s, t)
	}
	for _, name := range append(names, c.State.Work.Services...) {
		b.tellWaiting(name, t)
		if one := b.services[name]; one != nil && one != c {
			b.decide(one, incident.Input{At: in.At}, s, t)
		}
	}
}

// remains returns the open incident that a change became whose service this is too, where
// it fires since before that was done: they are told of together.
func (b *Book) remains(c *Case) (id, service string) {
	b.became = slices.DeleteFunc(b.became, func(other *Case) bool { return !other.State.Open() })
	since := c.State.Since()
	if len(b.became) == 0 || since.IsZero() || c.State.Open() {
		return "", ""
	}
	for _, other := range b.became {
		if w := other.State.Work; other != c && slices.Contains(w.Services, c.State.Service) && since.Before(w.Done) {
			if root := b.root(other); root != c && root.State.Open() {
				return root.State.ID, root.State.Service
			}
		}
	}
	return "", ""
}

// work adds what an update says of a planned change.
func (b *Book) work(v *words.View, c *Case, d schedule.Due, told *incident.Told) {
	s := c.State
	w := s.Work
	if s.Kind != incident.Change {
		if w != nil && told != nil && told.Work != nil && !told.Heard { // it became an outage
			v.After, v.Reverted = w.Title, w.RolledBack
		}
		v.Meanwhile = b.meanwhile(c)
		return
	}
	if len(s.Title) == 0 {
		v.Service = w.Title
	}
	v.Since, v.Phase = w.Since(), ""
	of := &words.Change{Start: w.Start, End: w.End, Decide: w.Decide, RolledBack: w.RolledBack, Course: string(w.Course)}
	if !w.Begun.IsZero() && w.Begun.Before(w.Start) {
		of.Start = w.Begun
	}
	for _, name := range w.Services {
		of.Services = append(of.Services, b.title(name))
	}
	if t := told; t != nil && t.Work != nil && t.Work.Revision != w.Revision {
		of.StartBefore, of.EndBefore = t.Work.Start, t.Work.End
		if of.Touched = t.Work.Touches(w); of.Touched {
			for _, name := range t.Work.Services {
				of.ServicesBefore = append(of.ServicesBefore, b.title(name))
			}
		}
	}
	if a := b.Audience(d.Audience); a != nil && a.Calendar && !d.Team {
		of.UID, of.Revision = w.UID, w.Revision
		if of.UID == "" {
			of.UID = b.entry(s.ID)
		}
	}
	v.Change = of
	v.Firing, v.FiringBefore, v.CameBack = 0, 0, 0
	v.Alerts, v.MoreAlerts = nil, 0
	for _, name := range w.Services {
		if one := b.services[name]; one != nil && one.State.Firing() > 0 {
			list, more := alerts(one.State)
			v.Alerts, v.MoreAlerts = append(v.Alerts, list...), v.MoreAlerts+more
		}
	}
}

// entry is how a reader's calendar knows a change that no calendar named.
func (b *Book) entry(id string) string {
	if b.called == nil { // it goes into nobody's
		return id + "@sitrep"
	}
	return b.called(id)
}

// meanwhile are the titles of the changes that run while something else is out.
func (b *Book) meanwhile(c *Case) (titles []map[string]string) {
	for _, other := range b.changes {
		if other != c && other.State.Running() {
			titles = append(titles, other.State.Work.Title)
		}
	}
	return titles
}
