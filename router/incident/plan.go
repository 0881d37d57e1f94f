package incident

import (
	"slices"
	"time"
)

// Plan is what is to be done, and when.
type Plan struct {
	Title    map[string]string `json:"title"`              // by language; "" is for every reader
	Services []string          `json:"services,omitempty"` // that it touches
	Start    time.Time         `json:"start"`
	End      time.Time         `json:"end"`
	Decide   time.Time         `json:"decide,omitzero"` // go on, or roll back; zero: nobody decides
	Lead     string            `json:"lead,omitempty"`
	Severity string            `json:"severity"` // that policies match on
	// UID names it in calendars, worldwide; empty where it was not read from one.
	UID string `json:"uid,omitempty"`
	// Entry is what the entry of a calendar or the silence that it was read from said
	// last, whatever people decided since; nil where it was read from none.
	Entry *Entry `json:"entry,omitempty"`
}

// Entry is what a calendar, or a silence, says of a change.
type Entry struct {
	Source   string    `json:"source"` // its name in the configuration
	Title    string    `json:"title"`
	Services []string  `json:"services,omitempty"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	Decide   time.Time `json:"decide,omitzero"`
	Lead     string    `json:"lead,omitempty"`
}

// Equal reports whether two entries say the same.
func (e *Entry) Equal(o *Entry) bool {
	if e == nil || o == nil {
		return e == o
	}
	return e.Source == o.Source && e.Title == o.Title && slices.Equal(e.Services, o.Services) && e.Start.Equal(o.Start) && e.End.Equal(o.End) && e.Decide.Equal(o.Decide) && e.Lead == o.Lead
}

// Course is how whoever leads a change says that it goes.
type Course string

const (
	OnCourse    Course = "on_course"
	Later       Course = "later"
	RollingBack Course = "rolling_back"
)

// Courses are all of them.
var Courses = []Course{OnCourse, Later, RollingBack}

// Work is a planned change as it stands.
type Work struct {
	Plan
	Revision   int       // how often its times changed
	MovedAt    time.Time // when they did last; zero: never
	MovedBy    string
	TouchedAt  time.Time // when it was changed last what it touches
	TouchedBy  string
	Begun      time.Time // zero: not yet
	Over       bool      // its planned end is past
	Overran    bool      // it was, at some time: it is an incident
	Course     Course    // empty: nobody said
	SaidAt     time.Time // when somebody did
	SaidBy     string
	RolledBack bool
	CalledOff  bool
	Done       time.Time // completed, rolled back or called off; zero: it is not
}

// Knows is what an audience was told of a planned change.
type Knows struct {
	Revision   int
	Start, End time.Time
	Services   []string
	Begun      bool
	Over       bool // that it takes longer than it was to, by then
	Overran    bool // that it did, at some time
	Course     Course
}

// Schedule asks to plan a change.
type Schedule struct{ Plan }

// Reschedule asks to plan it otherwise. Nil leaves a thing as it is.
type Reschedule struct {
	Incident string             `json:"incident"`
	Title    *map[string]string `json:"title,omitempty"`
	Services *[]string          `json:"services,omitempty"`
	Start    *time.Time         `json:"start,omitempty"`
	End      *time.Time         `json:"end,omitempty"`
	Decide   *time.Time         `json:"decide,omitempty"` // zero: nobody decides any more
	Lead     *string            `json:"lead,omitempty"`
	// Entry is what the calendar says, for its next reading to be compared with.
	Entry *Entry `json:"entry,omitempty"`
}

// Step is what a person says of a change.
type Step string

const (
	StepStart    Step = "start"
	StepComplete Step = "complete"
	StepRollBack Step = "roll_back" // it is rolled back, and that is done
	StepCallOff  Step = "cancel"
	StepCourse   Step = "decide" // how it goes: Course
)

// Conduct says that a change begins, is done, or how it goes.
type Conduct struct {
	Incident string `json:"incident"`
	Step     Step   `json:"step"`
	Course   Course `json:"course,omitempty"`
}

// Scheduled: a change was planned.
type Scheduled struct {
	Plan
	ClocksFrom time.Time `json:"clocks_from"`        // its SLA clocks run from then on
	Overlaps   []string  `json:"overlaps,omitempty"` // changes of one of its services at the same time
}

// Rescheduled: it is planned otherwise.
type Rescheduled struct {
	Plan
	ClocksFrom time.Time `json:"clocks_from"`
	Overlaps   []string  `json:"overlaps,omitempty"`
	Was        *Window   `json:"was,omitempty"`  // its times before, where they changed
	Left       []string  `json:"left,omitempty"` // services that it touched until then, and does not any more
	// Noted says that only its entry in a calendar changed, and nothing of the plan.
	Noted bool `json:"noted,omitempty"`
}

// Window is from when to when something is planned.
type Window struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Begun: a change began, by the clock or since a person says so.
type Begun struct{}

// Overran: its planned end is past, and nobody said that it is done.
type Overran struct {
	End time.Time `json:"end"`
}

// Reported: somebody said how a change goes.
type Reported struct {
	Course Course `json:"course"`
}

// Finished: somebody said that a change is done, or rolled back.
type Finished struct {
	Begun      time.Time `json:"begun"`
	RolledBack bool      `json:"rolled_back,omitempty"`
}

// CalledOff: a change does not take place.
type CalledOff struct{}

// Turned: alerts of its services still fired when a change was done, and it is an
// outage of the first of them from then on.
type Turned struct {
	Service   string    `json:"service"`
	Severity  string    `json:"severity"`
	StartedAt time.Time `json:"started_at"`
	Alerts    []Alert   `json:"alerts"` // that fire
}

// Crew is what the operator's rules say of a planned change.
type Crew struct {
	Overlaps func(p Plan) []string // changes that touch its services at the same time
	Counts   func(p Plan) bool     // its SLA clocks run within the window
	// Fires returns the first of its services that is out by its threshold but for
	// how long it fires, and what of it fires; "": none is.
	Fires func() (service string, alerts []Alert)
}

// Running reports whether a planned change has begun and is not done.
func (s *State) Running() bool { return s.Kind == Change && s.Open() && !s.Work.Begun.IsZero() }

// Since is when a change began, or is to: by the clock where nobody said it before, and
// whenever that was seen.
func (w *Work) Since() time.Time {
	if w.Begun.IsZero() || w.Begun.After(w.Start) {
		return w.Start
	}
	return w.Begun
}

// knows is what somebody knows of a change who is told now.
func (w *Work) knows() *Knows {
	return &Knows{Revision: w.Revision, Start: w.Start, End: w.End, Services: w.Services, Begun: !w.Begun.IsZero(), Over: w.Over, Overran: w.Over, Course: w.Course}
}

// Moved reports whether a change has other times than those that were told, and Touches
// whether it touches other services: who was told is told so. What is again as it was told
// is no news.
func (k *Knows) Moved(w *Work) bool {
	return k.Revision != w.Revision && !(k.Start.Equal(w.Start) && k.End.Equal(w.End))
}

func (k *Knows) Touches(w *Work) bool {
	return k.Revision != w.Revision && !alike(k.Services, w.Services)
}

// alike reports whether two lists name the same, in whatever order.
func alike(a, b []string) bool {
	within := func(a, b []string) bool {
		return !slices.ContainsFunc(a, func(name string) bool { return !slices.Contains(b, name) })
	}
	return within(a, b) && within(b, a)
}

// WorkLabels are the labels that policies match a planned change by as it stands.
func (s *State) WorkLabels() []map[string]string { return s.Work.Labels(s.Severity) }

// Labels are the labels that policies match a plan by: a set for each of its services,
// and one without where it touches none.
func (p Plan) Labels(severity string) []map[string]string {
	services := p.Services
	if len(services) == 0 {
		services = []string{""}
	}
	var all []map[string]string
	for _, name := range services {
		all = append(all, map[string]string{"kind": string(Change), "severity": severity, "service": name})
	}
	return all
}

// Overlaps reports whether another plan touches one of the services at the same time.
func (p Plan) Overlaps(o Plan) bool {
	return o.Start.Before(p.End) && p.Start.Before(o.End) && slices.ContainsFunc(p.Services, func(name string) bool { return slices.Contains(o.Services, name) })
}

// With is the plan as a person wants it. A decision time that nobody speaks of moves with
// the start.
func (w *Work) With(c *Reschedule) Plan {
	p := w.Plan
	if c.Title != nil {
		p.Title = *c.Title
	}
	if c.Services != nil {
		p.Services = *c.Services
	}
	if c.Start != nil {
		p.Start = c.Start.UTC()
	}
	if c.End != nil {
		p.End = c.End.UTC()
	}
	if c.Decide != nil {
		p.Decide = *c.Decide
	} else if !p.Decide.IsZero() {
		p.Decide = p.Decide.Add(p.Start.Sub(w.Start))
	}
	if c.Lead != nil {
		p.Lead = *c.Lead
	}
	if c.Entry != nil {
		p.Entry = c.Entry
	}
	return p
}
