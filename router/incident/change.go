package incident

import (
	"maps"
	"slices"
	"time"
)

// A planned change is a case from the day on that it is planned. It begins by the
// clock, and never ends by it: that it is done a person says, or whatever speaks for
// him by the API.
//
//	           planned             its start             its planned end, and nobody said
//	(nothing) ────────> planned ─────────────> running ───────────────────────────> over
//	                     │   ^ moved            │   ^ extended                       │
//	                     │   └──┘               │   └────────────────────────────────┤
//	                     v                      v                                    v
//	                 called off         completed, or rolled back          completed, or rolled back
//	                                            │                                    │
//	                                            └── alerts of its services fire ─────┴──> outage
//
// While it runs, alerts of its services open nothing: see Rules.Window. Once it is over
// time it is an incident, told by the cadence of its policy from the planned end on.
// Those alerts that fire yet when it is completed make it an outage of the first of its
// services, under the same number and to the same audiences: see Turned.

// clocksFrom is when the SLA clocks of a change begin.
func (d *decision) clocksFrom(p Plan) time.Time {
	if d.r.Crew.Counts(p) {
		return p.Start
	}
	return p.End
}

// sound refuses a plan that cannot be. What takes longer is decided on when it can be.
func (d *decision) sound(p Plan) bool {
	w := d.s.Work
	over := w != nil && w.Over && p.End.Equal(w.End)
	switch {
	case over && !p.Decide.IsZero() && !p.Decide.After(d.in.At):
		d.refuse("the decision time %s is past", stamp(p.Decide))
	case over:
		return true
	case !p.End.After(p.Start):
		d.refuse("the end %s is not after the start %s", stamp(p.End), stamp(p.Start))
	case !p.End.After(d.in.At):
		d.refuse("the end %s is past", stamp(p.End))
	case !p.Decide.IsZero() && (p.Decide.Before(p.Start) || p.Decide.After(p.End)):
		d.refuse("the decision time %s is not between the start and the end", stamp(p.Decide))
	default:
		return true
	}
	return false
}

func (d *decision) schedule() {
	p := d.in.Schedule.Plan
	if rank, known := d.r.Severities.Rank(p.Severity); p.Severity != "" && !known {
		d.refuse("severity %q is none of %v", p.Severity, d.r.Severities)
		return
	} else {
		p.Severity = d.r.Severities.Name(rank)
	}
	if !d.sound(p) {
		return
	}
	d.emit(Fact{Body: &Scheduled{Plan: p, ClocksFrom: d.clocksFrom(p), Overlaps: d.r.Crew.Overlaps(p)}})
	d.facts[0].Incident = d.r.number()
}

// finished refuses what comes after the end of a change.
func (d *decision) finished() bool {
	w := d.s.Work
	switch {
	case d.s.Kind != Change && w != nil && w.RolledBack: // see Turned
		d.refuse("%s was rolled back at %s, and is an outage since", d.s.ID, stamp(w.Done))
	case d.s.Kind != Change && w != nil:
		d.refuse("%s was completed at %s, and is an outage since", d.s.ID, stamp(w.Done))
	case d.s.Kind != Change:
		d.refuse("%s is no planned change", d.s.ID)
	case d.s.Open():
		return false
	case w.CalledOff:
		d.refuse("%s was called off at %s", d.s.ID, stamp(d.s.ResolvedAt))
	case w.RolledBack:
		d.refuse("%s was rolled back at %s", d.s.ID, stamp(d.s.ResolvedAt))
	default:
		d.refuse("%s was completed at %s", d.s.ID, stamp(d.s.ResolvedAt))
	}
	return true
}

func (d *decision) reschedule() {
	if d.finished() {
		return
	}
	w := d.s.Work
	p := w.With(d.in.Reschedule)
	if !w.Begun.IsZero() && !p.Start.Equal(w.Start) {
		d.refuse("%s has begun at %s, and its start cannot be changed any more", d.s.ID, stamp(w.Begun))
		return
	}
	moved := !p.Start.Equal(w.Start) || !p.End.Equal(w.End)
	same := !moved && p.Decide.Equal(w.Decide) && p.Lead == w.Lead && slices.Equal(p.Services, w.Services) && maps.Equal(p.Title, w.Title)
	switch {
	case same && p.Entry.Equal(w.Entry):
		return
	case (moved || !p.Decide.Equal(w.Decide)) && !d.sound(p):
		return
	}
	f := &Rescheduled{Plan: p, ClocksFrom: d.clocksFrom(p), Noted: same}
	if moved || !slices.Equal(p.Services, w.Services) {
		f.Overlaps = d.r.Crew.Overlaps(p)
	}
	if moved {
		f.Was = &Window{w.Start, w.End}
	}
	for _, name := range w.Services {
		if !slices.Contains(p.Services, name) {
			f.Left = append(f.Left, name)
		}
	}
	d.emit(Fact{Body: f})
}

func (d *decision) conduct() {
	if d.finished() {
		return
	}
	w, c := d.s.Work, d.in.Conduct
	begun := !w.Begun.IsZero()
	switch {
	case c.Step == StepStart && begun:
		d.refuse("%s began at %s", d.s.ID, stamp(w.Begun))
	case c.Step == StepStart:
		d.emit(Fact{Body: &Begun{}})
	case c.Step == StepCallOff && begun:
		d.refuse("%s has begun; it can be completed, or rolled back", d.s.ID)
	case c.Step == StepCallOff:
		d.emit(Fact{Body: &CalledOff{}})
	case (c.Step == StepComplete || c.Step == StepRollBack) && !begun:
		d.refuse("%s has not begun; it can be started, or called off", d.s.ID)
	case c.Step == StepComplete, c.Step == StepRollBack:
		d.emit(Fact{Body: &Finished{Begun: w.Begun, RolledBack: c.Step == StepRollBack}})
		if service, alerts := d.r.Crew.Fires(); service != "" {
			d.emit(Fact{Body: d.turned(service, alerts)})
		}
	case c.Step == StepCourse && !slices.Contains(Courses, c.Course):
		d.refuse("%q is none of %v", c.Course, Courses)
	case c.Step == StepCourse && !begun:
		d.refuse("%s has not begun; it can be started, moved, or called off", d.s.ID)
	case c.Step == StepCourse && c.Course == w.Course:
		if asked := d.s.SoundedAt; asked.After(w.SaidAt) { // it is so yet
			d.emit(Fact{Body: &Reported{Course: c.Course}})
		}
	case c.Step == StepCourse:
		d.emit(Fact{Body: &Reported{Course: c.Course}})
	default:
		d.refuse("nobody can %q a change", c.Step)
	}
}

// turned makes an outage of alerts that fire when a change is done. What fired within
// the window was to be expected: the outage begins when that was over, as those of its
// other services do (see Rules.Excused).
func (d *decision) turned(service string, alerts []Alert) *Turned {
	t := &Turned{Service: service, Alerts: alerts}
	best := 0
	for _, a := range alerts {
		best = max(best, d.rank(a.Severity))
		if t.StartedAt.IsZero() || a.StartsAt.Before(t.StartedAt) {
			t.StartedAt = a.StartsAt
		}
	}
	t.Severity = d.r.Severities.Name(best)
	expected := d.in.At
	if d.s.Work.End.Before(expected) {
		expected = d.s.Work.End
	}
	if t.StartedAt.Before(expected) {
		t.StartedAt = expected
	}
	return t
}

// ofWork refuses what a planned change has no part in.
func (d *decision) ofWork() bool {
	if d.s.Kind != Change {
		return false
	}
	switch {
	case d.in.Resolve != nil:
		d.refuse("%s is a planned change: it is completed, rolled back or called off", d.s.ID)
	case d.in.Reopen != nil:
		d.refuse("%s is a planned change: plan another", d.s.ID)
	case d.in.Merge != nil, d.in.Split != nil:
		d.refuse("%s is a planned change, and no part of an outage", d.s.ID)
	case d.in.Set != nil && d.in.Set.Phase != nil, d.in.Say != nil && d.in.Say.Phase != "":
		d.refuse("%s is a planned change, which has no phases", d.s.ID)
	default:
		return false
	}
	return true
}

// work says what the time makes true of a planned change: that it began, and that it
// takes longer. Never that it is done.
func (d *decision) work() {
	w := d.s.Work
	if !d.s.Open() {
		return
	}
	if w.Begun.IsZero() && !w.Start.After(d.in.At) {
		d.emit(Fact{Body: &Begun{}})
		return
	}
	if !w.Over && !w.Begun.IsZero() && !w.End.After(d.in.At) {
		d.emit(Fact{Body: &Overran{End: w.End}})
	}
	d.breaches()
}

// wake returns when the time makes the next thing true of a planned change; zero where
// it does not.
func (w *Work) wake() time.Time {
	switch {
	case w.Begun.IsZero():
		return w.Start
	case !w.Over:
		return w.End
	}
	return time.Time{}
}
