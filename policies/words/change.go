package words

import (
	"slices"
	"strings"
	"time"
)

// plannedWork is a planned change, as a template says it. It is before, within or
// past its window: not Running, Running, or Late.
type plannedWork struct {
	Services               *series
	Start, End, Decide     moment
	StartBefore, EndBefore moment // where they are others than now
	Planned                string // from when to when, as far as that is known
	// Ends and EndsBrief say the end after the start was said: the day only where it
	// is another.
	Ends, EndsBrief                      string
	Overrun                              string // how far it is past its planned end
	RolledBack, Running, Late, Postponed bool
	// Touched says that it touches other services than were told before, ServicesBefore.
	Touched        bool
	ServicesBefore *series
	// Counted says that the clocks of the SLA run from its start, and not from its end.
	Counted bool
	Course  string
}

// newPlannedWork returns nil where there is no planned change.
func newPlannedWork(v View, language string, l *tongue, at func(time.Time) moment, clean func(string, int) string) *plannedWork {
	c := v.Change
	if c == nil {
		return nil
	}
	until := v.Now
	if v.Kind.final() && !v.Ended.IsZero() {
		until = v.Ended
	}
	other := func(before, now time.Time) moment {
		if before.Equal(now) {
			return at(time.Time{})
		}
		return at(before)
	}
	w := &plannedWork{
		Services: newSeries(titles(c.Services, language, clean), l),
		Start:    at(c.Start), End: at(c.End), Decide: at(c.Decide),
		StartBefore: other(c.StartBefore, c.Start), EndBefore: other(c.EndBefore, c.End),
		Planned:    l.period(at(c.Start).t, at(c.End).t, at(v.Now).t),
		RolledBack: c.RolledBack, Course: choose(slices.Contains(courses, c.Course), c.Course, ""),
		Running:   !c.Start.After(until),
		Postponed: !c.EndBefore.IsZero() && c.End.After(c.EndBefore),
	}
	if c.Start.IsZero() {
		w.Running = v.Kind != Announced && v.Kind != Cancelled
	}
	w.Late = w.Running && w.End.Set() && !until.Before(c.End) && v.Kind != Cancelled
	w.Overrun = l.lasted(until.Sub(c.End))
	if w.Touched = c.Touched; w.Touched {
		w.ServicesBefore = newSeries(titles(c.ServicesBefore, language, clean), l)
	}
	w.Counted = max(v.Expected.Used, v.Agreed.Used) > max(until.Sub(c.End), 0)
	if w.Ends, w.EndsBrief = w.End.At(), w.End.Brief(); w.End.Set() && w.Start.Set() && daysBetween(w.Start.t, w.End.t) == 0 {
		w.Ends, w.EndsBrief = put(l.at, slotTime, w.End.Clock()), w.End.Clock()
	}
	return w
}

// brief returns it with at most that many services in their brief form.
func (w *plannedWork) brief(most int) *plannedWork {
	b := *w
	b.Services, b.ServicesBefore = w.Services.brief(most, sureName), w.ServicesBefore.brief(most, sureName)
	return &b
}

// courses are how a change may be said to go.
var courses = []string{"on_course", "later", "rolling_back"}

// ofChange are the kinds that only a planned change has.
var ofChange = []Kind{Announced, Moved, Cancelled, Started, Overrunning, Completed}

// alsoOfChange are those of an outage that a planned change has too.
var alsoOfChange = []Kind{First, Progress, Holding, Overdue, Correction, Nudge}

// neverOfChange are those that it never has: it ends with a person's word, and no
// measurement says whether it is still going on.
var neverOfChange = []Kind{Closing, Unknown, Reopened, Question}

// flavour is what the names of parts for a planned change begin with.
const flavour = "change"

// final reports whether nothing more is promised after a message of this kind.
func (k Kind) final() bool { return k == Closing || k == Completed || k == Cancelled }

// withEvent are those that come with an entry for a calendar.
var withEvent = []Kind{Announced, Moved, Cancelled}

// Event is an entry for a calendar.
type Event struct {
	UID         string
	Revision    int
	Title, Text string
	Start, End  time.Time
	Cancelled   bool
}

// event returns the entry that goes with what is said about a planned change's
// times; nil where there is none. It tells what the message tells, but is read on
// any day: its days have dates.
func (p *Pack) event(v View, r Reader) (*Event, error) {
	c := v.Change
	if c == nil || c.UID == "" || !slices.Contains(withEvent, v.Kind) {
		return nil, nil
	}
	l := p.languages[r.Language]
	dated := *l.tongue
	dated.dated = true
	f, err := newFacts(v, r, &dated, p.options.Hosts)
	if err != nil {
		return nil, err
	}
	if l, err = l.at(f.Now.t); err != nil {
		return nil, err
	}
	s := &speaker{language: l, facts: f}
	text := append([]string{line(s.must("opening"))}, paragraphs(s.may("chain"))...)
	// Of what does not come nobody notices anything.
	if known := texts(rows(s.may("account"))); len(known) > 0 && v.Kind != Cancelled {
		text = append(text, strings.Join(known, "\n"))
	}
	e := &Event{
		UID: c.UID, Revision: c.Revision, Start: c.Start.UTC(), End: c.End.UTC(), Cancelled: v.Kind == Cancelled,
		Title: s.stamp() + line(s.must("event.title")), Text: strings.Join(append(text, paragraphs(s.may("body"))...), "\n\n"),
	}
	if e.Cancelled { // calendars heed what is newer than what they have (RFC 5546, section 3.2.5)
		e.Revision++
	}
	return e, s.err
}
