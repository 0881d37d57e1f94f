package rehearse

import (
	"slices"
	"time"
)

// axis turns moments into places, from left to right.
type axis struct {
	from, to    time.Time
	left, right float64
	zone        *time.Location
	waits       []span // in which nothing happens: they are cut short, in their order
}

// cutWidth is how wide a wait is on the paper.
const cutWidth = 34.0

func (a axis) x(at time.Time) float64 {
	at = earliest(at, a.to)
	if at.Before(a.from) {
		at = a.from
	}
	run, x := at.Sub(a.from), a.left
	for _, w := range a.waits {
		if gone := earliest(at, w.to).Sub(w.from); gone > 0 {
			run -= gone
			x += cutWidth * float64(gone) / float64(w.to.Sub(w.from))
		}
	}
	return x + run.Hours()*a.perHour()
}

// perHour is how wide an hour is beside the waits.
func (a axis) perHour() float64 {
	room, shown := a.right-a.left-cutWidth*float64(len(a.waits)), a.to.Sub(a.from)
	for _, w := range a.waits {
		shown -= w.to.Sub(w.from)
	}
	return room / shown.Hours()
}

// waiting reports whether a moment is in a wait.
func (a axis) waiting(at time.Time) bool {
	return slices.ContainsFunc(a.waits, func(w span) bool { return !at.Before(w.from) && !at.After(w.to) })
}

// between returns the place of a stretch of time.
func (a axis) between(from, to time.Time) (x, width float64) {
	x = a.x(from)
	return x, max(a.x(to)-x, 0)
}

// ticks are what a reader of clocks expects between two lines.
var ticks = []time.Duration{
	time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

// draw draws the lines of hours and days between top and bottom, and names them
// above. Where there is no room for hours, only days or weeks are named.
func (a axis) draw(c *canvas, top, bottom float64) {
	const least = 62 // pixels between two ticks
	perHour := a.perHour()
	step := time.Duration(0)
	for _, t := range ticks {
		if t.Hours()*perHour >= least {
			step = t
			break
		}
	}
	if step > 0 {
		a.hours(c, step, top, bottom)
	}
	a.days(c, max(1, int(least*1.3/(24*perHour))+1), top, bottom)
}

// hours follow the clock on the wall, also over a change of it.
func (a axis) hours(c *canvas, step time.Duration, top, bottom float64) {
	from := a.from.In(a.zone)
	y, m, d := from.Date()
	for n := 0; ; n++ {
		minutes := n * int(step/time.Minute)
		at := time.Date(y, m, d, 0, minutes, 0, 0, a.zone)
		if at.After(a.to) {
			return
		}
		if at.Before(a.from) || minutes%(24*60) == 0 || a.waiting(at) {
			continue
		}
		c.line("grid", a.x(at), top, a.x(at), bottom)
		c.text("tick", a.x(at), top-6, at.Format("15:04"))
	}
}

// bold is how large the name of a day counts, with the space after it.
const bold = 16.0

// days draws every midnight that there is room for, and names each so many.
func (a axis) days(c *canvas, every int, top, bottom float64) {
	from := a.from.In(a.zone)
	y, m, d := from.Date()
	free := a.left
	if first := "Mon 2 Jan"; a.x(time.Date(y, m, d+1, 0, 0, 0, 0, a.zone)) > a.left+wide(first, bold) || a.to.Sub(a.from) < 12*time.Hour {
		c.text("date", a.left, top-22, from.Format(first))
		free += wide(first, bold)
	}
	for n := 1; ; n++ {
		at := time.Date(y, m, d+n, 0, 0, 0, 0, a.zone)
		if at.After(a.to) {
			return
		}
		if n%every != 0 && every > 7 {
			continue
		}
		x := a.x(at)
		if !a.waiting(at) {
			c.line("day", x, top-16, x, bottom)
		}
		if label := at.Format("Mon 2 Jan"); n%every == 0 && x >= free && x+wide(label, 12) < a.right+20 {
			c.text("date", x+4, top-22, label)
			free = x + wide(label, bold)
		}
	}
}

// waits are stretches before the work in which nothing happens, as between the planning of
// a change and its start: the better part of a drawing would be empty for them.
func (t *Transcript) waits(from, to time.Time) []span {
	var begin time.Time
	moments := []time.Time{from}
	for _, f := range t.facts {
		if f.Fired() != nil || f.Opened() != nil || f.Begun() != nil {
			begin = f.At
			break
		}
		moments = append(moments, f.At)
	}
	if begin.IsZero() {
		return nil
	}
	moments = append(moments, begin)
	for _, s := range t.Script.Steps {
		moments = append(moments, s.At)
	}
	for _, u := range t.Updates {
		moments = append(moments, u.At)
	}
	slices.SortFunc(moments, time.Time.Compare)
	var all []span
	for n := 1; n < len(moments) && !moments[n].After(begin); n++ {
		if gap := moments[n].Sub(moments[n-1]); gap > 6*time.Hour && gap > to.Sub(from)/4 {
			all = append(all, span{moments[n-1].Add(time.Hour), moments[n].Add(-time.Hour)})
		}
	}
	return all
}

// cuts draws the waits over all that lies in them.
func (d *drawing) cuts(bottom float64) {
	for _, w := range d.axis.waits {
		x, wide := d.between(w.from, w.to)
		long := brief(w.to.Sub(w.from).Round(time.Minute))
		d.rect("cut", x, d.head+1, wide, bottom-d.head-1, 0, "nothing happens for "+long)
		d.line("cutedge", x, d.head, x, bottom)
		d.line("cutedge", x+wide, d.head, x+wide, bottom)
		d.text("tick", x+wide/2, d.head-6, long)
	}
}
