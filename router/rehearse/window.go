package rehearse

import (
	"slices"
	"time"

	"sitrep/policies"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// work is what became of a planned change.
type work struct {
	id, title string
	windows   []planned // each as it was planned, until it was planned otherwise
	begun     time.Time // zero: it never was
	done      time.Time // completed, rolled back or called off; zero: it never was
	called    bool      // off
	services  []string
	clocks    time.Time // its SLA clocks run from then on
}

// planned is a window, and from when on it was the one.
type planned struct {
	incident.Window
	decide time.Time // zero: nobody decides
	since  time.Time
}

// works reads the planned changes out of the facts, in the order of their planning.
func works(facts []incident.Fact, language string) []*work {
	var all []*work
	by := map[string]*work{}
	for _, f := range facts {
		w := by[f.Incident]
		switch {
		case f.Scheduled() != nil:
			p := f.Scheduled().Plan
			w = &work{id: f.Incident, title: title(p.Title, language), windows: []planned{{incident.Window{Start: p.Start, End: p.End}, p.Decide, f.At}}, services: p.Services, clocks: f.Scheduled().ClocksFrom}
			by[f.Incident], all = w, append(all, w)
		case w == nil:
		case f.Rescheduled() != nil && f.Rescheduled().Was == nil:
			w.services = f.Rescheduled().Services
			w.windows[len(w.windows)-1].decide = f.Rescheduled().Decide
		case f.Rescheduled() != nil:
			p := f.Rescheduled().Plan
			w.services, w.clocks = p.Services, f.Rescheduled().ClocksFrom
			w.windows = append(w.windows, planned{incident.Window{Start: p.Start, End: p.End}, p.Decide, f.At})
		case f.Begun() != nil:
			w.begun = f.At
		case f.Finished() != nil:
			w.done = f.At
		case f.CalledOff() != nil:
			w.done, w.called = f.At, true
		}
	}
	return all
}

// title is a text in a language, or in the one that there is.
func title(texts map[string]string, language string) string {
	for _, l := range []string{language, ""} {
		if s := texts[l]; s != "" {
			return s
		}
	}
	for _, s := range texts {
		return s
	}
	return ""
}

// work draws a planned change: the window as it was planned at first and last, and how
// long it took, past the planned end in another colour, and its SLA clocks where they ran.
// It returns how high that is.
func (d *drawing) work(w *work, y float64) float64 {
	d.text("lane", 24, y+13, clip(w.title, 14, width/2))
	rows := y + rowHeight
	d.text("small end", d.left-10, rows+12, "planned")
	for n, p := range w.windows {
		x, wide := d.between(p.Start, d.ends(p.End))
		class := "idle"
		if n == len(w.windows)-1 && !w.called {
			class = "track"
		}
		d.rect(class, x, rows+3, max(wide, 1.5), 10, 2, w.id+" planned "+d.stretch(span{p.Start, p.End}))
	}
	for _, p := range w.windows[:len(w.windows)-1] { // what it was before lies below what it is
		if x := d.x(p.End); !p.End.After(d.to) {
			d.line("was", x, rows, x, rows+16)
		}
	}
	if p := w.windows[len(w.windows)-1]; !p.decide.IsZero() && !p.decide.After(d.to) {
		d.decision(d.x(p.decide), rows+8, w.id+" is decided whether to go on "+d.stamp(p.decide))
	}
	rows += rowHeight
	d.text("small end", d.left-10, rows+12, "takes")
	if w.begun.IsZero() {
		return rows + rowHeight + 8 - y
	}
	done := d.ends(w.done)
	for at := w.begun; at.Before(done); { // stretches within and past what was planned by then
		end, to := w.planAt(at), done
		for _, p := range w.windows {
			if p.since.After(at) && p.since.Before(to) {
				to = p.since
			}
		}
		class, what := "work", "within what was planned"
		if !end.After(at) {
			class, what = "over", "longer than planned"
		} else if end.Before(to) {
			to = end
		}
		x, wide := d.between(at, to)
		d.rect(class, x, rows+3, max(wide, .5), 10, 1, w.id+" takes "+what+" "+d.stretch(span{at, to}))
		if class == "over" && at.Equal(end) {
			d.line("breach", x, rows-1, x, rows+17)
		}
		at = to
	}
	sla := casebook.Tightest(w.services, func(name string) *policies.Service {
		if i := slices.IndexFunc(d.stage.Policy.Services, func(s *policies.Service) bool { return s.Name == name }); i >= 0 {
			return d.stage.Policy.Services[i]
		}
		return nil
	})
	for _, clock := range []policies.Clock{policies.Expected, policies.Agreed} {
		if sla.Limit(clock) > 0 && w.clocks.Before(done) {
			rows += rowHeight
			d.clock(&course{bouts: []*bout{{id: w.id, start: w.clocks, ended: w.done}}}, sla, clock, rows)
		}
	}
	return rows + rowHeight + 8 - y
}

// decision marks when it is decided whether a change goes on.
func (d *drawing) decision(x, y float64, title string) {
	d.polygon("decide", title, x, y-6, x+6, y, x, y+6, x-6, y)
}

// planAt returns the planned end as it was known at a moment.
func (w *work) planAt(at time.Time) (end time.Time) {
	for _, p := range w.windows {
		if !p.since.After(at) {
			end = p.End
		}
	}
	return end
}

// label names what a person says of a change.
func (c Conduct) label() string {
	what := map[string]string{
		"begin": "it begins", "complete": "completed", "roll-back": "rolled back", "call-off": "called off",
		"decide": string(c.Course), "extend": "extended by " + brief(c.By), "move": "moved by " + brief(c.By),
	}[c.Do]
	if c.Course == incident.OnCourse {
		what = "on course"
	} else if c.Course == incident.RollingBack {
		what = "rolling back"
	}
	if c.Incident != "" {
		return c.Incident + ": " + what
	}
	return what
}
