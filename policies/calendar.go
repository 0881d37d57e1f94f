package policies

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/timeinterval"
)

// Calendar is a set of time intervals, as Alertmanager's time_intervals with
// ranges over midnight and date lists besides. A nil Calendar is always.
//
// Ranges are wall-clock times of the interval's location, UTC where it has
// none, to the minute. Where the clock is changed, time is what really passes:
// a night with a missing hour is an hour shorter, and a doubled hour counts
// twice. The part of a range after midnight belongs to the day on which the
// range began.
//
// Days are counted as the calendar on the wall does. In this it differs from
// Alertmanager in one case: that takes March for 30 days where summer time
// begins, so its day -1 is the 30th.
type Calendar struct {
	Name      string
	intervals []interval
}

const (
	minutesOfDay = 24 * 60
	secondsOfDay = 24 * 60 * 60
	// horizon is how far Add and Next look: past the rarest day, 29 February.
	horizon = 5 * 366 * 24 * time.Hour
	// stride is how much is looked at in one go.
	stride = 7 * 24 * time.Hour
)

// interval is one time interval. Its day filters are those of TimeInterval,
// which has neither times nor location here.
type interval struct {
	days  timeinterval.TimeInterval
	times []minutes   // none: never
	dates []dateRange // none: any
	loc   *time.Location
}

// minutes is a range of minutes since midnight, without its end, which is more
// than a day for a range over midnight.
type minutes struct{ start, end int }

// day counts days from 1 January 1970 by the calendar on the wall.
type day int

// dateRange includes both ends.
type dateRange struct{ first, last day }

// span is a piece of time without its end.
type span struct{ start, end time.Time }

// NewCalendar returns the calendar of Alertmanager's intervals. A time range
// that ends before it starts goes over midnight.
func NewCalendar(name string, intervals []timeinterval.TimeInterval) *Calendar {
	c := &Calendar{Name: name}
	for _, ti := range intervals {
		c.intervals = append(c.intervals, newInterval(ti))
	}
	return c
}

func newInterval(ti timeinterval.TimeInterval) interval {
	in := interval{days: ti, loc: time.UTC}
	if ti.Location != nil && ti.Location.Location != nil {
		in.loc = ti.Location.Location
	}
	in.days.Times, in.days.Location = nil, nil
	if ti.Times == nil {
		in.times = []minutes{{0, minutesOfDay}}
	}
	for _, r := range ti.Times {
		m := minutes{r.StartMinute, r.EndMinute}
		if m.end < m.start {
			m.end += minutesOfDay
		}
		in.times = append(in.times, m)
	}
	return in
}

// dayOf returns the day of the date that t shows in its own zone.
func dayOf(t time.Time) day {
	y, m, d := t.Date()
	return dayAt(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix())
}

// dayAt returns the day of a wall clock, given in seconds since 1970.
func dayAt(wall int64) day {
	d := wall / secondsOfDay
	if wall%secondsOfDay < 0 {
		d--
	}
	return day(d)
}

// has reports whether ranges may begin on a day.
func (in interval) has(d day) bool {
	if in.dates != nil && !slices.ContainsFunc(in.dates, func(r dateRange) bool { return r.first <= d && d <= r.last }) {
		return false
	}
	return in.days.ContainsTime(time.Unix(int64(d)*secondsOfDay, 0).UTC())
}

func (in interval) contains(t time.Time) bool {
	t = t.In(in.loc)
	d, minute := dayOf(t), t.Hour()*60+t.Minute()
	for _, m := range in.times {
		if m.start <= minute && minute < m.end && in.has(d) {
			return true
		}
		if minute+minutesOfDay < m.end && in.has(d-1) {
			return true
		}
	}
	return false
}

// spans adds the interval's pieces between two moments, in any order. Within a
// stretch of one UTC offset, wall clock and time differ by that offset alone.
func (in interval) spans(from, to time.Time, found []span) []span {
	for from.Before(to) {
		until := to
		if _, end := from.In(in.loc).ZoneBounds(); !end.IsZero() {
			if !end.After(from) {
				// Package time counts 365 days in any year after its tables end
				// (2037), so on 31 December of a leap year the bound has passed.
				end = from.Add(24 * time.Hour)
			}
			until = earlier(end, to)
		}
		_, offset := from.In(in.loc).Zone()
		at := func(d day, minute int) time.Time {
			return time.Unix(int64(d)*secondsOfDay+int64(minute)*60-int64(offset), 0)
		}
		first := dayAt(from.Unix()+int64(offset)) - 1 // the night before reaches into the first day
		last := dayAt(until.Unix() + int64(offset))
		for d := first; d <= last; d++ {
			if !in.has(d) {
				continue
			}
			for _, m := range in.times {
				s := span{later(at(d, m.start), from), earlier(at(d, m.end), until)}
				if s.start.Before(s.end) {
					found = append(found, s)
				}
			}
		}
		from = until
	}
	return found
}

// spans returns the open pieces between two moments in order. They do not
// overlap, but one may begin where another ends.
func (c *Calendar) spans(from, to time.Time) iter.Seq[span] {
	return func(yield func(span) bool) {
		var found []span
		for from.Before(to) {
			until := earlier(from.Add(stride), to)
			found = found[:0]
			for _, in := range c.intervals {
				found = in.spans(from, until, found)
			}
			slices.SortFunc(found, func(a, b span) int {
				return cmp.Or(a.start.Compare(b.start), a.end.Compare(b.end))
			})
			reached := from
			for _, s := range found {
				s.start = later(s.start, reached)
				if !s.start.Before(s.end) {
					continue
				}
				if !yield(s) {
					return
				}
				reached = s.end
			}
			from = until
		}
	}
}

// Contains reports whether t lies in the calendar.
func (c *Calendar) Contains(t time.Time) bool {
	return c == nil || slices.ContainsFunc(c.intervals, func(in interval) bool { return in.contains(t) })
}

// Between returns how much of the time from start to end lies in the calendar;
// where end is before start, how much from end to start, negative.
func (c *Calendar) Between(start, end time.Time) time.Duration {
	if c == nil {
		return end.Sub(start)
	}
	if end.Before(start) {
		return -c.Between(end, start)
	}
	var sum time.Duration
	for s := range c.spans(start.Round(0), end.Round(0)) {
		sum += s.end.Sub(s.start)
	}
	return sum
}

// Add returns the first moment at which d of the calendar's time has passed
// since start, in start's zone; ok is false where that takes more than five
// years. A d of zero or less is start itself.
func (c *Calendar) Add(start time.Time, d time.Duration) (at time.Time, ok bool) {
	if d <= 0 {
		return start, true
	}
	if c == nil {
		return start.Add(d), true
	}
	from := start.Round(0)
	for s := range c.spans(from, from.Add(horizon)) {
		open := s.end.Sub(s.start)
		if open >= d {
			return s.start.Add(d).In(start.Location()), true
		}
		d -= open
	}
	return time.Time{}, false
}

// Next returns the first moment at or after t that lies in the calendar, in
// t's zone; ok is false where there is none within five years.
func (c *Calendar) Next(t time.Time) (at time.Time, ok bool) {
	if c.Contains(t) {
		return t, true
	}
	from := t.Round(0)
	for s := range c.spans(from, from.Add(horizon)) {
		return s.start.In(t.Location()), true
	}
	return time.Time{}, false
}

// occurs reports whether the interval ever comes.
func (in interval) occurs() bool {
	for _, r := range in.candidates() {
		for d := r.first; d <= r.last; d++ {
			if !in.has(d) {
				continue
			}
			noon := time.Unix(int64(d)*secondsOfDay+secondsOfDay/2, 0)
			if len(in.spans(noon.AddDate(0, 0, -2), noon.AddDate(0, 0, 2), nil)) > 0 {
				return true
			}
		}
	}
	return false
}

// candidates returns days of which one must serve where any does. Weekdays and
// leap days repeat every 400 years, so no range need be longer.
func (in interval) candidates() []dateRange {
	const cycle = 400
	newYear := func(year int) day { return dayOf(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)) }
	var all []dateRange
	switch {
	case in.dates != nil:
		for _, r := range in.dates {
			all = append(all, dateRange{r.first, min(r.last, r.first+cycle*366)})
		}
	case in.days.Years != nil:
		for _, y := range in.days.Years {
			if y.Begin >= 1 && y.Begin <= 9999 {
				all = append(all, dateRange{newYear(y.Begin), newYear(min(y.End, y.Begin+cycle)+1) - 1})
			}
		}
	default:
		all = []dateRange{{newYear(2001), newYear(2001+cycle) - 1}}
	}
	return all
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
