package rehearse

import (
	"fmt"
	"io"
	"time"

	"sitrep/policies"
)

const (
	width = 1280.0
	head  = 118.0 // title, one row of events and the names of hours
	foot  = 28.0  // below the legend
)

// drawing is a transcript on its way to paper.
type drawing struct {
	*Transcript
	axis
	canvas
	labels []label // of what people and the world do
	head   float64 // where what is drawn begins
}

// Draw draws the transcript as SVG: time from left to right, what happens to
// each service, and below that a lane for each audience, and for each team that
// is asked for something.
func (t *Transcript) Draw(w io.Writer) error {
	from, to := t.Script.Start, t.last()
	pad := max(to.Sub(from)/40, time.Minute)
	d := &drawing{Transcript: t, axis: axis{from: from.Add(-pad / 2), to: to.Add(pad), left: 176, right: width - 28, zone: t.zone}}
	all := courses(t.facts)
	d.axis.waits = t.waits(d.axis.from, d.axis.to)
	d.head = head + labelHeight*float64(d.name())

	// How high it is follows from what is drawn, so the middle is drawn first.
	y := d.head + 8
	changes := works(t.facts, t.stage.Global.Language)
	for _, w := range changes {
		y += d.work(w, y)
	}
	for _, c := range all {
		y += d.outage(c, y)
	}
	lanes := y
	for n, a := range t.Sums {
		d.lane(a.Audience, lanes+float64(n)*laneHeight)
	}
	teams := t.teams()
	for n, name := range teams {
		d.asked(name, lanes+float64(len(t.Sums)+n)*laneHeight)
	}
	bottom := lanes + float64(len(t.Sums)+len(teams))*laneHeight + 6
	low := d.legend(bottom+30, changes, all)
	middle := d.b.String()
	d.b.Reset()

	height := low + foot
	fmt.Fprintf(&d.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img">`+"\n", width, height, width, height)
	title := orElse(t.Script.Title, t.Script.Name)
	fmt.Fprintf(&d.b, "<title>%s</title>\n<style>%s\n</style>\n", escape(title), style)
	d.rect("paper", 0, 0, width, height, 0, "")
	for n := range len(t.Sums) + len(teams) {
		if n%2 == 0 {
			d.rect("stripe", 12, lanes+float64(n)*laneHeight, width-24, laneHeight, 4, "")
		}
	}
	d.text("title", 24, 34, clip(title, 19, width-48))
	d.text("sub", 24, 54, d.caption())
	d.axis.draw(&d.canvas, d.head, bottom)
	d.line("rule", 12, d.head, width-12, d.head)
	if len(all)+len(changes) > 0 {
		d.line("rule", 12, lanes, width-12, lanes)
	}
	d.events(bottom)
	d.b.WriteString(middle)
	d.cuts(bottom)
	d.b.WriteString("</svg>\n")
	_, err := io.WriteString(w, d.b.String())
	return err
}

// last is the last moment worth drawing: nothing happens after it.
func (t *Transcript) last() time.Time {
	at := t.Script.Start.Add(10 * time.Minute)
	later := func(u time.Time) {
		if u.After(at) {
			at = u
		}
	}
	if len(t.Open) > 0 {
		later(t.Script.End)
	}
	for _, u := range t.Updates {
		later(u.At)
	}
	for _, n := range t.Notes {
		later(n.At)
	}
	return at
}

// ends returns where a stretch of time ends on the paper.
func (d *drawing) ends(to time.Time) time.Time {
	if to.IsZero() || to.After(d.to) {
		return d.to
	}
	return to
}

func (d *drawing) stretch(s span) string {
	out := "from " + d.stamp(s.from)
	if !s.to.IsZero() {
		out += " to " + d.stamp(s.to)
	}
	return out
}

// caption says when, and how it went.
func (d *drawing) caption() string {
	made, broken, updates := 0, 0, 0
	for _, s := range d.Sums {
		made, broken, updates = made+s.Made, broken+s.Broken, updates+s.Updates
	}
	from, to := d.Script.Start.In(d.axis.zone), d.last().In(d.axis.zone)
	when := from.Format("Monday 2 January 2006")
	if last := to.Format("Monday 2 January 2006"); last != when {
		when += " to " + last
	}
	out := fmt.Sprintf("%s, times in %s. %s, %s", when, d.place(), plural(updates, "update"), plural(made, "promise"))
	if broken > 0 {
		return out + fmt.Sprintf(", %d of them broken", broken)
	}
	return out + ", none broken"
}

// events draws what people and the world do besides alerts: a line through all
// lanes, named above them, and a shade while sitrep is deaf or down.
func (d *drawing) events(bottom float64) {
	for _, l := range d.labels {
		y := 80 + labelHeight*float64(l.row)
		d.line("eventline", l.at, y-6, l.at, bottom)
		if l.left {
			d.text("event end", l.at-4, y, l.text)
		} else if l.text != "" {
			d.text("event", l.at+4, y, l.text)
		}
	}
	var lost time.Time
	for _, s := range d.Script.Steps {
		if s.At.After(d.to) {
			break
		}
		switch {
		case s.Restart != nil:
			d.shade(s.At, s.At.Add(s.Restart.For), bottom, "sitrep is down")
		case s.Lose != nil:
			lost = s.At
		case s.Find != nil && !lost.IsZero():
			d.shade(lost, s.At, bottom, "webhooks are lost")
			lost = time.Time{}
		}
	}
	if !lost.IsZero() {
		d.shade(lost, d.to, bottom, "webhooks are lost")
	}
}

func (d *drawing) shade(from, to time.Time, bottom float64, title string) {
	x, w := d.between(from, to)
	d.rect("gap", x, d.head, w, bottom-d.head, 0, title)
}

// label names a step on the paper.
func (s Step) label() string {
	switch {
	case s.Say != nil:
		return "“" + policies.Texts(s.Say.Texts).In("") + "”"
	case s.End != nil:
		return "resolved by hand"
	case s.Reopen != nil:
		return "reopened by hand"
	case s.Open != nil:
		return s.Open.Service + ": opened by hand"
	}
	return s.sentence()
}
