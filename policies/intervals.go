package policies

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/timeinterval"
)

func (l *loader) timeIntervals(v value) {
	l.calendars = map[string]*Calendar{}
	seen := map[string]place{}
	for _, item := range l.list(v) {
		o, ok := l.object(item, "name", "time_intervals")
		if !ok {
			continue
		}
		name, _ := l.named(o.need("name", "give the interval a name"), "time intervals", seen)
		c := &Calendar{Name: name}
		for _, part := range l.someOf(o.need("time_intervals", "say when it is"), "say when it is") {
			l.interval(c, part)
		}
		l.calendars[name] = c
	}
}

// interval adds one of Alertmanager's intervals, or one with dates, to a
// calendar.
func (l *loader) interval(c *Calendar, v value) {
	o, ok := l.object(v, "times", "weekdays", "days_of_month", "months", "years", "location", "dates")
	if !ok {
		return
	}
	before := len(l.problems)
	var ti timeinterval.TimeInterval
	for _, item := range l.someOf(o.get("times"), intervalHint) {
		if r, ok := l.timeRange(item); ok {
			ti.Times = append(ti.Times, r)
		}
	}
	ti.Weekdays = ranges(l, o.get("weekdays"), "weekdays look like monday:friday or sunday; a range begins at the earlier day, counted from sunday",
		func(r *timeinterval.WeekdayRange) unmarshal { return r.UnmarshalYAML })
	ti.DaysOfMonth = ranges(l, o.get("days_of_month"), "days look like 1:15, 31 or -1 for the last",
		func(r *timeinterval.DayOfMonthRange) unmarshal { return r.UnmarshalYAML })
	ti.Months = ranges(l, o.get("months"), "months look like january, 3:5 or june:august",
		func(r *timeinterval.MonthRange) unmarshal { return r.UnmarshalYAML })
	ti.Years = ranges(l, o.get("years"), "years look like 2026 or 2026:2028",
		func(r *timeinterval.YearRange) unmarshal { return r.UnmarshalYAML })
	if loc := l.zone(o.get("location")); loc != nil {
		ti.Location = &timeinterval.Location{Location: loc}
	}
	in := newInterval(ti)
	for _, item := range l.someOf(o.get("dates"), intervalHint) {
		if r, ok := l.dateRange(item); ok {
			in.dates = append(in.dates, r)
		}
	}
	if len(l.problems) == before && !in.occurs() {
		l.fail(o.at, "check dates, days, months and years against each other", "this part of time interval %q never occurs", c.Name)
	}
	c.intervals = append(c.intervals, in)
}

const intervalHint = "name at least one, or remove the key"

type unmarshal = func(func(any) error) error

// ranges parses a list with Alertmanager's own parser, so that every range
// means what it means there.
func ranges[R any](l *loader, v value, hint string, parser func(*R) unmarshal) []R {
	var all []R
	for _, item := range l.someOf(v, intervalHint) {
		s, ok := l.text(item)
		if !ok {
			continue
		}
		var r R
		err := parser(&r)(func(target any) error {
			*target.(*string) = s
			return nil
		})
		if err != nil || hasBadMonth(r) {
			l.fail(item.at, hint, "bad range %q in %q", s, v.name())
			continue
		}
		all = append(all, r)
	}
	return all
}

// hasBadMonth finds a month by number that there is not: Alertmanager's parser
// lets it pass.
func hasBadMonth(r any) bool {
	m, ok := r.(timeinterval.MonthRange)
	return ok && (m.Begin < 1 || m.End > 12)
}

// timeRange returns a range within a day; one over midnight ends before it
// starts, which newInterval takes for what it is.
func (l *loader) timeRange(v value) (timeinterval.TimeRange, bool) {
	o, ok := l.object(v, "start_time", "end_time")
	if !ok {
		return timeinterval.TimeRange{}, false
	}
	start, ok1 := l.minute(o.need("start_time", `write {start_time: "08:00", end_time: "18:00"}`))
	end, ok2 := l.minute(o.need("end_time", `write {start_time: "08:00", end_time: "18:00"}`))
	if !ok1 || !ok2 {
		return timeinterval.TimeRange{}, false
	}
	if start == end || start == minutesOfDay {
		l.fail(o.at, `the whole day is "00:00" to "24:00"`, "the range has no length")
		return timeinterval.TimeRange{}, false
	}
	return timeinterval.TimeRange{StartMinute: start, EndMinute: end}, true
}

var clockTime = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$|^24:00$`)

func (l *loader) minute(v value) (int, bool) {
	s, ok := l.text(v)
	if !ok {
		return 0, false
	}
	m := clockTime.FindStringSubmatch(s)
	if m == nil {
		l.fail(v.at, `times look like "08:00", up to "24:00"`, "bad time %q", s)
		return 0, false
	}
	if s == "24:00" {
		return minutesOfDay, true
	}
	hour, _ := strconv.Atoi(m[1])
	minute, _ := strconv.Atoi(m[2])
	return hour*60 + minute, true
}

// dateRange returns one date or a range of them, both ends included.
func (l *loader) dateRange(v value) (dateRange, bool) {
	s, ok := l.text(v)
	if !ok {
		return dateRange{}, false
	}
	from, to, isRange := strings.Cut(s, ":")
	if !isRange {
		to = from
	}
	first, err1 := time.Parse(time.DateOnly, from)
	last, err2 := time.Parse(time.DateOnly, to)
	if err1 != nil || err2 != nil || last.Before(first) {
		l.fail(v.at, `dates look like "2026-12-25", or "2026-12-24:2026-12-26" from and to`, "bad date %q", s)
		return dateRange{}, false
	}
	return dateRange{dayOf(first), dayOf(last)}, true
}

// calendar returns the calendar that several names make together; nil where
// the key is absent.
func (l *loader) calendar(v value) *Calendar {
	names := l.allOf(v, "time interval", keysOf(l.calendars))
	if len(names) == 0 {
		return nil
	}
	if len(names) == 1 {
		return l.calendars[names[0]]
	}
	c := &Calendar{Name: strings.Join(names, "+")}
	for _, n := range names {
		c.intervals = append(c.intervals, l.calendars[n].intervals...)
	}
	return c
}
