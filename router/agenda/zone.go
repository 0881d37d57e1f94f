package agenda

import (
	"slices"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/teambition/rrule-go"
)

// local is a time of a clock on a wall somewhere. The wall's time is held as if it were
// UTC, so that days and recurrences are reckoned by the wall.
type local struct {
	wall time.Time
	zone zone
	day  bool // it is a day, from its midnight on
}

// zone says what time it is when the clock on its walls shows one.
type zone interface {
	moment(wall time.Time) time.Time
}

func (l local) moment() time.Time          { return l.zone.moment(l.wall) }
func (l local) at(wall time.Time) local    { l.wall = wall; return l }
func (l local) plus(d time.Duration) local { return l.at(l.wall.Add(d)) }

// in is the same moment by the clocks of a place.
func (l local) in(p place) local {
	w := l.moment().In(p.Location)
	return local{zone: p, day: l.day, wall: time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, time.UTC)}
}

// place is a zone of the time zone database.
type place struct{ *time.Location }

func (p place) moment(w time.Time) time.Time {
	return time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, p.Location).UTC()
}

// described zones are those that a calendar describes itself, as Outlook does: each of the
// changes of its clocks, in their order, with the offset from then on.
type described struct {
	before  time.Duration // the offset until the first
	changes []change
}

type change struct {
	wall   time.Time
	offset time.Duration
}

func (z described) moment(w time.Time) time.Time {
	offset := z.before
	for _, c := range z.changes {
		if c.wall.After(w) {
			break
		}
		offset = c.offset
	}
	return w.Add(-offset)
}

const (
	// maxZones is how many a calendar may describe, and maxRules how many rules one has.
	maxZones, maxRules = 100, 100
	// firstYear is from when on the changes of clocks are reckoned.
	firstYear = 1970
)

// zones finds them by name.
type zones struct {
	otherwise zone
	own       map[string]zone
	known     map[string]zone
}

// readZones takes in those that a calendar describes.
func readZones(cal *ics.Calendar, otherwise *time.Location, now time.Time) *zones {
	z := &zones{otherwise: place{otherwise}, own: map[string]zone{}, known: map[string]zone{}}
	for _, p := range cal.CalendarProperties {
		if p.IANAToken == "X-WR-TIMEZONE" {
			if l, ok := database(p.Value); ok {
				z.otherwise = l
			}
		}
	}
	for _, c := range cal.Components {
		t, is := c.(*ics.VTimezone)
		if !is || len(z.own) == maxZones {
			continue
		}
		if id := t.GetProperty(ics.ComponentPropertyTzid); id != nil {
			if own, ok := describe(t, now); ok {
				z.own[id.Value] = own
			}
		}
	}
	return z
}

// named returns a zone; one of the database is what that says.
func (z *zones) named(id string) (zone, bool) {
	if known, is := z.known[id]; is {
		return known, known != nil
	}
	if l, ok := database(id); ok {
		z.known[id] = l
	} else if own, is := z.own[id]; is {
		z.known[id] = own
	} else {
		z.known[id] = nil
	}
	return z.known[id], z.known[id] != nil
}

func database(name string) (zone, bool) {
	if name == "" || name == "Local" || len(name) > 100 {
		return nil, false
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	return place{l}, true
}

// describe reckons when the clocks of a zone change, until after what is looked at.
func describe(t *ics.VTimezone, now time.Time) (described, bool) {
	var z described
	end := now.Add(farthest + ahead)
	first := time.Time{}
	for n, c := range t.Components {
		var base *ics.ComponentBase
		switch c := c.(type) {
		case *ics.Standard:
			base = &c.ComponentBase
		case *ics.Daylight:
			base = &c.ComponentBase
		default:
			continue
		}
		from, ok1 := offset(base.GetProperty(ics.ComponentProperty(ics.PropertyTzoffsetfrom)))
		to, ok2 := offset(base.GetProperty(ics.ComponentProperty(ics.PropertyTzoffsetto)))
		start := base.GetProperty(ics.ComponentPropertyDtStart)
		if !ok1 || !ok2 || start == nil || n >= maxRules {
			return z, false
		}
		at, err := time.Parse("20060102T150405", start.Value)
		if err != nil {
			return z, false
		}
		if first.IsZero() || at.Before(first) {
			first, z.before = at, from
		}
		onsets := []time.Time{at}
		if rule := base.GetProperty(ics.ComponentPropertyRrule); rule != nil {
			if onsets, ok1 = clockChanges(rule.Value, at, end); !ok1 {
				return z, false
			}
		}
		for _, w := range onsets {
			z.changes = append(z.changes, change{w, to})
		}
		for _, p := range base.GetProperties(ics.ComponentPropertyRdate) {
			if w, err := time.Parse("20060102T150405", p.Value); err == nil {
				z.changes = append(z.changes, change{w, to})
			}
		}
	}
	slices.SortStableFunc(z.changes, func(a, b change) int { return a.wall.Compare(b.wall) })
	return z, len(z.changes) > 0
}

// clockChanges are the moments of a yearly rule. Outlook's begin in 1601.
func clockChanges(rule string, at, end time.Time) ([]time.Time, bool) {
	o, err := option(rule)
	if err != nil || o.Freq != rrule.YEARLY {
		return nil, false
	}
	if at.Year() < firstYear && o.Count == 0 && o.Interval <= 1 {
		at = at.AddDate(firstYear-at.Year(), 0, 0)
	}
	if o.Dtstart = at; o.Until.IsZero() || o.Until.After(end) {
		o.Until = end
	}
	if o.Until.Before(at) {
		return []time.Time{at}, true
	}
	r, err := rrule.NewRRule(*o)
	if err != nil {
		return nil, false
	}
	return r.All(), true
}

// offset reads +0100 or -023000.
func offset(p *ics.IANAProperty) (time.Duration, bool) {
	if p == nil || len(p.Value) != 5 && len(p.Value) != 7 || !strings.ContainsAny(p.Value[:1], "+-") {
		return 0, false
	}
	var d time.Duration
	for n, unit := range []time.Duration{time.Hour, time.Minute, time.Second} {
		if digits := p.Value[1:]; 2*n < len(digits) {
			v, err := strconv.ParseUint(digits[2*n:2*n+2], 10, 8)
			if err != nil || v > 59 {
				return 0, false
			}
			d += time.Duration(v) * unit
		}
	}
	if p.Value[0] == '-' {
		d = -d
	}
	return d, true
}
