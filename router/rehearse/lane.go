package rehearse

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sitrep/router/incident"
)

const laneHeight = 48.0

// lane draws what one audience hears: each update as a mark, and from it a bar
// to the moment before which the next was promised. Every other bar lies lower,
// since a promise goes on a little after it was kept.
func (d *drawing) lane(audience string, y float64) {
	d.text("lane", 24, y+22, clip(audience, 14, d.left-40))
	var own []int
	counts := map[string]int{} // by incident
	for i, u := range d.Updates {
		if u.Audience == audience && !u.Team && u.Kind != incident.Combined && !u.gone {
			own = append(own, i)
		}
	}
	middle := y + laneHeight/2
	switch len(own) {
	case 0:
		d.text("small", 24, y+37, "hears nothing")
		return
	case 1:
		d.text("small", 24, y+37, "1 update")
	default:
		d.text("small", 24, y+37, fmt.Sprintf("%d updates", len(own)))
	}
	for n, i := range own {
		u := d.Updates[i]
		if u.Promise.IsZero() {
			continue
		}
		broken := d.brokenBy(u, own[n+1:])
		class := ""
		if broken {
			class = " broken"
		}
		bar := middle - 7
		if counts[u.Incident]++; counts[u.Incident]%2 == 0 {
			bar = middle + 1
		}
		x, w := d.between(u.At, u.Promise)
		d.rect("promise"+class, x, bar, w, 6, 1, fmt.Sprintf("next promised before %s", d.stamp(u.Promise)))
		if !u.Promise.After(d.to) && w > 14 {
			d.line("until"+class, x+w, bar-2, x+w, bar+8)
		}
	}
	for n, i := range own {
		u := d.Updates[i]
		at := middle
		if n > 0 { // of another incident, at nearly the same moment
			if before := d.Updates[own[n-1]]; before.Incident != u.Incident && d.x(u.At)-d.x(before.At) < 9 {
				at += 13
			}
		}
		d.mark(u.Kind, d.x(u.At), at, fmt.Sprintf("%s %s: %s to %s by %s\n%s", d.stamp(u.At), u.Incident, u.Kind, u.Audience, u.by(), u.Short))
	}
}

// teams are those that are asked for something, in the order in which they are.
func (t *Transcript) teams() []string {
	var names []string
	for _, u := range t.Updates {
		if u.Team && u.Kind != incident.Combined && !slices.Contains(names, u.Audience) {
			names = append(names, u.Audience)
		}
	}
	return names
}

// asked draws what a team is asked.
func (d *drawing) asked(team string, y float64) {
	d.text("lane", 24, y+22, clip(team, 14, d.left-40))
	n := 0
	for _, u := range d.Updates {
		if u.Team && u.Kind != incident.Combined && u.Audience == team {
			n++
			d.mark(u.Kind, d.x(u.At), y+laneHeight/2, fmt.Sprintf("%s %s: %s to team %s by %s\n%s", d.stamp(u.At), u.Incident, u.Kind, team, u.by(), u.Short))
		}
	}
	if n == 1 {
		d.text("small", 24, y+37, "asked once")
	} else {
		d.text("small", 24, y+37, fmt.Sprintf("asked %d times", n))
	}
}

// brokenBy reports whether a promise was broken: by the update that came next,
// or by none.
func (d *drawing) brokenBy(u Update, later []int) bool {
	for _, i := range later {
		if next := d.Updates[i]; next.Incident == u.Incident && next.Kept != nil {
			return !*next.Kept
		}
	}
	return d.unmet[pair{u.Incident, u.Audience}] && u.Promise.Before(d.Script.End)
}

// kinds are those that the legend explains, in its order; those of one sign together.
var kinds = [][]incident.UpdateKind{
	{incident.First, incident.Announced, incident.Started}, {incident.Progress, incident.Moved}, {incident.Holding},
	{incident.Overdue, incident.Overrunning}, {incident.Unknown}, {incident.Reopening},
	{incident.Closing, incident.Completed, incident.Withheld},
}

// mark draws an update by its kind, so that it can be told without colours too.
func (d *drawing) mark(kind incident.UpdateKind, x, y float64, title string) {
	class := "mark " + string(kind)
	switch kind {
	case incident.First, incident.Announced, incident.Started:
		d.circle(class, x, y, 7.5, title)
	case incident.Progress, incident.Moved:
		d.polygon(class, title, x, y-8, x+8, y, x, y+8, x-8, y)
	case incident.Holding:
		d.circle(class, x, y, 4.5, title)
	case incident.Overdue, incident.Overrunning:
		d.polygon(class, title, x, y-8, x+8, y+6, x-8, y+6)
	case incident.Unknown:
		d.polygon(class, title, x-7, y-6, x+7, y-6, x, y+8)
	case incident.Reopening:
		d.polygon(class, title, x-6, y-8, x+8, y, x-6, y+8)
	case incident.Closing, incident.Completed, incident.Withheld:
		d.rect(class, x-6.5, y-6.5, 13, 13, 2, title)
	default: // a team is asked for something
		d.circle("mark other", x, y, 4.5, title)
	}
}

// legend explains the marks that are there, and returns how low it goes.
func (d *drawing) legend(y float64, changes []*work, outages []*course) float64 {
	there := map[incident.UpdateKind]bool{}
	broken := false
	for _, u := range d.Updates {
		there[u.Kind] = true
		broken = broken || u.Kept != nil && !*u.Kept
	}
	x := d.left
	item := func(width float64, label string, draw func(x float64)) {
		if x+width+6+wide(label, 11) > d.right {
			x, y = d.left, y+22
		}
		draw(x + width/2)
		d.text("small", x+width+6, y+4, label)
		x += width + 6 + wide(label, 11) + 22
	}
	for _, alike := range kinds {
		var names []string
		for _, kind := range alike {
			if there[kind] {
				names = append(names, string(kind))
			}
		}
		if len(names) > 0 {
			item(16, strings.Join(names, ", "), func(x float64) { d.mark(alike[0], x, y, "") })
		}
	}
	if len(d.teams()) > 0 {
		item(9, "a team is asked", func(x float64) { d.mark(incident.Nudge, x, y, "") })
	}
	bar := func(class, label string, height float64) {
		item(26, label, func(x float64) { d.rect(class, x-13, y-height/2, 26, height, 1, "") })
	}
	bar("promise", "until when the next was promised", 6)
	if broken || len(d.unmet) > 0 {
		bar("promise broken", "broken", 6)
	}
	if len(changes) > 0 {
		bar("work", "work within what was planned", 10)
	}
	if slices.ContainsFunc(changes, func(w *work) bool { return len(w.windows) > 1 }) {
		item(4, "planned end before", func(x float64) { d.line("was", x, y-8, x, y+8) })
	}
	if slices.ContainsFunc(changes, func(w *work) bool { return !w.windows[len(w.windows)-1].decide.IsZero() }) {
		item(12, "decision time", func(x float64) { d.decision(x, y, "") })
	}
	if slices.ContainsFunc(outages, func(c *course) bool { return len(c.bouts) > 0 }) {
		bar("used", "SLA time used", 10)
	}
	bar("over", "over", 10)
	return y
}

// stamp writes a moment beside a mark.
func (d *drawing) stamp(at time.Time) string { return d.when(at) }
