package rehearse

import "time"

// axis turns moments into places, from left to right.
type axis struct {
	from, to    time.Time
	left, right float64
	zone        *time.Location
}

func (a axis) x(at time.Time) float64 {
	share := float64(at.Sub(a.from)) / float64(a.to.Sub(a.from))
	return a.left + min(max(share, 0), 1)*(a.right-a.left)
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
	perHour := (a.right - a.left) / a.to.Sub(a.from).Hours()
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
		if at.Before(a.from) || minutes%(24*60) == 0 {
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
		c.line("day", x, top-16, x, bottom)
		if label := at.Format("Mon 2 Jan"); n%every == 0 && x >= free && x+wide(label, 12) < a.right+20 {
			c.text("date", x+4, top-22, label)
			free = x + wide(label, bold)
		}
	}
}
