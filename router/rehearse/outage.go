package rehearse

import (
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// span is a stretch of time; a zero end is one that goes on.
type span struct{ from, to time.Time }

// course is what happens to one service.
type course struct {
	service string
	firing  []span
	bouts   []*bout
	alerts  map[string]bool
}

// bout is one outage of it: an incident, or its relapse.
type bout struct {
	id     string
	start  time.Time // its clocks start
	ended  time.Time // and stop; zero: never
	phases []phase
}

type phase struct {
	span
	name incident.Phase
}

// courses reads them out of the facts, in the order in which services come up.
func courses(facts []incident.Fact) []*course {
	var all []*course
	byName := map[string]*course{}
	for _, f := range facts {
		if f.Service == "" { // a watchdog's
			continue
		}
		c := byName[f.Service]
		if c == nil {
			c = &course{service: f.Service, alerts: map[string]bool{}}
			byName[f.Service] = c
			all = append(all, c)
		}
		c.take(f)
	}
	return all
}

func (c *course) take(f incident.Fact) {
	var last *bout
	if n := len(c.bouts); n > 0 {
		last = c.bouts[n-1]
	}
	switch {
	case f.Fired() != nil:
		if len(c.alerts) == 0 {
			c.firing = append(c.firing, span{from: f.Fired().Alert.StartsAt})
		}
		c.alerts[f.Fired().Alert.Fingerprint] = true
	case f.Ceased() != nil:
		delete(c.alerts, f.Ceased().Fingerprint)
		if n := len(c.firing); len(c.alerts) == 0 && n > 0 {
			c.firing[n-1].to = f.Ceased().EndsAt
		}
	case f.Opened() != nil:
		c.begin(f, f.Opened().StartedAt)
	case f.Reopened() != nil:
		c.begin(f, f.Reopened().StartedAt)
	case last == nil:
	case f.Phased() != nil:
		last.phase(f.At, f.Phased().To)
	case f.Resolved() != nil:
		last.phase(f.At, "")
		last.ended = f.Resolved().EndedAt
	}
}

func (c *course) begin(f incident.Fact, start time.Time) {
	b := &bout{id: f.Incident, start: start}
	b.phase(f.At, incident.Investigating)
	c.bouts = append(c.bouts, b)
}

// phase ends the phase before, and begins one that has a name.
func (b *bout) phase(at time.Time, name incident.Phase) {
	if n := len(b.phases); n > 0 && b.phases[n-1].to.IsZero() {
		b.phases[n-1].to = at
	}
	if name != "" {
		b.phases = append(b.phases, phase{span{from: at}, name})
	}
}

const rowHeight = 19.0

// outage draws a service: its alerts, phases and clocks. It returns how high
// that is.
func (d *drawing) outage(c *course, y float64) float64 {
	var svc *policies.Service
	for _, s := range d.stage.Policy.Services {
		if s.Name == c.service {
			svc = s
		}
	}
	name := c.service
	if svc != nil {
		name = svc.Title.In("en") // as all else in the drawing
	}
	d.text("lane", 24, y+13, clip(name, 14, width/2))
	rows := y + rowHeight
	d.text("small end", d.left-10, rows+12, "alerts")
	for _, s := range c.firing {
		x, w := d.between(s.from, d.ends(s.to))
		d.rect("firing", x, rows+3, max(w, 1.5), 10, 2, "alerts fire "+d.stretch(s))
	}
	if len(c.bouts) == 0 {
		return rows + rowHeight + 8 - y
	}
	rows += rowHeight
	d.text("small end", d.left-10, rows+12, "phase")
	for _, b := range c.bouts {
		for _, p := range b.phases {
			x, w := d.between(p.from, d.ends(p.to))
			d.rect("phase "+string(p.name), x, rows+1, max(w-1, .5), 15, 2, b.id+" "+string(p.name)+" "+d.stretch(p.span))
			d.text("inside", x+5, rows+12.5, clip(string(p.name), 11, w-12))
		}
	}
	if svc == nil {
		return rows + rowHeight + 8 - y
	}
	for _, clock := range []policies.Clock{policies.Expected, policies.Agreed} {
		if svc.SLA.Limit(clock) > 0 {
			rows += rowHeight
			d.clock(c, svc.SLA, clock, rows)
		}
	}
	return rows + rowHeight + 8 - y
}

// clock draws how much of an SLA clock is used, and where it runs out.
func (d *drawing) clock(c *course, sla *policies.SLA, clock policies.Clock, y float64) {
	limit := brief(sla.Limit(clock))
	d.text("small end", d.left-10, y+12, string(clock)+" "+limit)
	for _, b := range c.bouts {
		out, ever := sla.Moment(b.start, clock, 1)
		if !ever {
			out = d.to
		}
		ended := d.ends(b.ended)
		x, w := d.between(b.start, out)
		d.rect("track", x, y+3, w, 10, 2, "")
		d.used(b, sla, earliest(out, ended), y)
		if !out.Before(ended) || out.After(d.to) {
			continue
		}
		x, w = d.between(out, ended)
		d.rect("over", x, y+3, w, 10, 2, b.id+" takes longer than the "+string(clock)+" "+limit+" from "+d.stamp(out)+" on")
		d.line("breach", x, y-1, x, y+17)
	}
}

// used draws the part of a clock that has run, paler where it stands still.
func (d *drawing) used(b *bout, sla *policies.SLA, until time.Time, y float64) {
	x, w := d.between(b.start, until)
	if sla.Counted == nil {
		d.rect("used", x, y+3, w, 10, 2, "")
		return
	}
	d.rect("idle", x, y+6, w, 4, 0, "the clock stands still")
	step := d.to.Sub(d.from) / 1000
	for at := b.start; at.Before(until); {
		next, ok := sla.Counted.Next(at)
		if !ok || !next.Before(until) {
			return
		}
		end := next
		for end.Before(until) && sla.Counted.Contains(end) {
			end = end.Add(max(step, time.Second))
		}
		end = earliest(end, until)
		x, w := d.between(next, end)
		d.rect("used", x, y+3, w, 10, 1, "the clock runs")
		at = end.Add(time.Second)
	}
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
