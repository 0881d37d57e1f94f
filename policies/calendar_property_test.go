package policies

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/timeinterval"
	"pgregory.net/rapid"
)

// Lord Howe changes its clock by half an hour, Apia left out a whole day in
// 2011, and Amsterdam's offset had seconds in it before 1937.
var zones = []string{"UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"}

func between(t *rapid.T, least, most int) int { return rapid.IntRange(least, most).Draw(t, "n") }

func oneIn(t *rapid.T, n int) bool { return between(t, 1, n) == n }

func inclusive(t *rapid.T, least, most int) timeinterval.InclusiveRange {
	begin := between(t, least, most)
	return timeinterval.InclusiveRange{Begin: begin, End: between(t, begin, most)}
}

// randomInterval returns any interval that Alertmanager could be given; with
// night also ranges over midnight.
func randomInterval(t *rapid.T, night bool) timeinterval.TimeInterval {
	var ti timeinterval.TimeInterval
	some := func(add func()) {
		if oneIn(t, 3) {
			for range between(t, 1, 3) {
				add()
			}
		}
	}
	for range between(t, 0, 3) {
		start := between(t, 0, 1439)
		m := timeinterval.TimeRange{StartMinute: start, EndMinute: between(t, start+1, 1440)}
		if night && oneIn(t, 3) {
			m.StartMinute, m.EndMinute = max(m.EndMinute-1, 1), between(t, 0, max(m.EndMinute-2, 0))
		}
		ti.Times = append(ti.Times, m)
	}
	some(func() {
		ti.Weekdays = append(ti.Weekdays, timeinterval.WeekdayRange{InclusiveRange: inclusive(t, 0, 6)})
	})
	some(func() {
		d := timeinterval.DayOfMonthRange{InclusiveRange: inclusive(t, 1, 31)}
		if oneIn(t, 2) {
			d.InclusiveRange = inclusive(t, -31, -1)
		}
		ti.DaysOfMonth = append(ti.DaysOfMonth, d)
	})
	some(func() { ti.Months = append(ti.Months, timeinterval.MonthRange{InclusiveRange: inclusive(t, 1, 12)}) })
	some(func() { ti.Years = append(ti.Years, timeinterval.YearRange{InclusiveRange: inclusive(t, 2010, 2030)}) })
	if !oneIn(t, 4) {
		ti.Location = &timeinterval.Location{Location: mustZone(rapid.SampledFrom(zones).Draw(t, "zone"))}
	}
	return ti
}

func mustZone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return loc
}

func randomCalendar(t *rapid.T) *Calendar {
	var all []timeinterval.TimeInterval
	for range between(t, 1, 3) {
		all = append(all, randomInterval(t, true))
	}
	return NewCalendar("random", all)
}

// randomMoment likes the days on which clocks change.
func randomMoment(t *rapid.T) time.Time {
	days := []string{"2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2026-10-04", "2011-12-30", "2028-02-29", "2026-12-31"}
	day, err := time.Parse(time.DateOnly, rapid.SampledFrom(days).Draw(t, "day"))
	if err != nil {
		panic(err)
	}
	if oneIn(t, 3) {
		day = time.Date(between(t, 2009, 2031), 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, between(t, 0, 365))
	}
	moment := day.AddDate(0, 0, -1).Add(time.Duration(rapid.Int64Range(0, int64(72*time.Hour)).Draw(t, "offset")))
	if oneIn(t, 2) {
		moment = moment.Truncate(time.Minute)
	}
	return moment
}

// A wall clock is judged as Alertmanager judges it. Its own arithmetic of
// months is kept away from summer time, see Calendar.
func TestContainsAsAlertmanager(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ti := randomInterval(t, false)
		c := NewCalendar("random", []timeinterval.TimeInterval{ti})
		for range 50 {
			moment := randomMoment(t)
			loc := time.UTC
			if ti.Location != nil {
				loc = ti.Location.Location
			}
			wall := moment.In(loc)
			plain := ti
			plain.Location = nil
			want := plain.ContainsTime(time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, time.UTC))
			if got := c.Contains(moment); got != want {
				t.Fatalf("%s in %+v: got %t, want %t", moment, ti, got, want)
			}
			if ti.DaysOfMonth == nil && ti.ContainsTime(moment.UTC()) != want {
				t.Fatalf("%s in %+v: Alertmanager says otherwise", moment, ti)
			}
		}
	})
}

// Between counts exactly the minutes that Contains finds.
func TestBetweenCountsWhatContainsFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := randomCalendar(t)
		from := randomMoment(t).Truncate(time.Minute)
		to := from.Add(time.Duration(between(t, 0, 3*minutesOfDay)) * time.Minute)
		var want time.Duration
		for m := from; m.Before(to); m = m.Add(time.Minute) {
			if c.Contains(m) {
				want += time.Minute
			}
		}
		if got := c.Between(from, to); got != want {
			t.Fatalf("%s to %s in %s: got %s, want %s", from, to, show(c), got, want)
		}
	})
}

func TestBetweenAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := randomCalendar(t)
		x, y, z := randomMoment(t), randomMoment(t), randomMoment(t)
		if got, want := c.Between(x, y)+c.Between(y, z), c.Between(x, z); got != want {
			t.Fatalf("%s, %s, %s in %s: got %s, want %s", x, y, z, show(c), got, want)
		}
	})
}

// Add is the inverse of Between, and the first such moment.
func TestAddIsInverseOfBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := randomCalendar(t)
		from := randomMoment(t)
		d := time.Duration(rapid.Int64Range(1, int64(200*time.Hour)).Draw(t, "d"))
		to, ok := c.Add(from, d)
		if !ok {
			if got := c.Between(from, from.Add(horizon)); got >= d {
				t.Fatalf("%s and %s in %s: not found, but there are %s", from, d, show(c), got)
			}
			return
		}
		if got := c.Between(from, to); got != d {
			t.Fatalf("%s and %s in %s: %s is after %s", from, d, show(c), to, got)
		}
		if got := c.Between(from, to.Add(-1)); got >= d {
			t.Fatalf("%s and %s in %s: %s is not the first", from, d, show(c), to)
		}
	})
}

func TestNextIsFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := randomCalendar(t)
		from := randomMoment(t)
		next, ok := c.Next(from)
		switch {
		case !ok && c.Between(from, from.Add(horizon)) > 0:
			t.Fatalf("%s in %s: not found", from, show(c))
		case ok && (!c.Contains(next) || next.Before(from) || c.Between(from, next) != 0):
			t.Fatalf("%s in %s: %s is not the first", from, show(c), next)
		}
	})
}

func show(c *Calendar) string { return fmt.Sprintf("%+v", c.intervals) }
