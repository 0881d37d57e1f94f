package reply

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// farthest is how far ahead a clock time or a duration may be: an estimate for
	// after that is given with its day, elsewhere.
	farthest = 7 * 24 * time.Hour
	// clockReach is how far ahead a clock time is looked for: of one that was a few
	// hours ago, nobody means tomorrow's.
	clockReach = 18 * time.Hour
)

// When reads a moment to come: a clock time (15:30, 15.30, 1530, 15u30, 15u), a number
// of minutes (45), or a duration (90m, 2h, 2u, 1h30). An hour of two figures before a
// u, or before an h and minutes, is of the clock. Now is in the clock's zone.
func When(said string, now time.Time) (at time.Time, ok bool) {
	said = strings.ToLower(strings.Join(strings.Fields(said), ""))
	hour, minute, ok := clockTime(said)
	if !ok {
		d, ok := span(said)
		return now.Add(d), ok
	}
	for days := range 2 {
		y, m, d := now.AddDate(0, 0, days).Date()
		at = time.Date(y, m, d, hour, minute, 0, 0, now.Location())
		if at.After(now) && at.Sub(now) <= clockReach {
			return at, true
		}
	}
	return time.Time{}, false
}

// Span reads how long: minutes without a unit.
func Span(said string) (d time.Duration, ok bool) {
	return span(strings.ToLower(strings.Join(strings.Fields(said), "")))
}

// units are how phones name them, the longer names first.
var units = []struct {
	names []string
	is    time.Duration
}{
	{[]string{"minuten", "minutes", "minuut", "minute", "min", "m"}, time.Minute},
	{[]string{"hours", "hour", "uren", "uur", "hrs", "hr", "h", "u"}, time.Hour},
	{[]string{"days", "dagen", "day", "dag", "d"}, 24 * time.Hour},
}

// span reads a number of minutes, or of units one after another; the last unit may be
// left out where it is the minutes: 1h30.
func span(s string) (time.Duration, bool) {
	var total time.Duration
	var last time.Duration
	for s != "" {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		if n == 0 || n > 4 {
			return 0, false
		}
		number, err := strconv.Atoi(s[:n])
		if err != nil {
			return 0, false
		}
		s = s[n:]
		unit := time.Minute
		if s == "" {
			if last != 0 && last != time.Hour {
				return 0, false
			}
		} else if unit, s = cutUnit(s); unit == 0 || last != 0 && unit >= last {
			return 0, false
		}
		last = unit
		total += time.Duration(number) * unit
	}
	return total, total > 0 && total <= farthest
}

func cutUnit(s string) (time.Duration, string) {
	for _, u := range units {
		for _, name := range u.names {
			if rest, ok := strings.CutPrefix(s, name); ok && (rest == "" || rest[0] >= '0' && rest[0] <= '9') {
				return u.is, rest
			}
		}
	}
	return 0, s
}

var clockTimes = regexp.MustCompile(`^(?:(\d{1,2})[:.](\d\d)|(\d\d)(\d\d)|(\d\d)[uh](\d\d)|(\d\d)u(?:ur)?)(?:u|uur|h)?$`)

// clockTime reads a time of the day.
func clockTime(s string) (hour, minute int, ok bool) {
	m := clockTimes.FindStringSubmatch(s)
	if m == nil {
		return 0, 0, false
	}
	hour, _ = strconv.Atoi(m[1] + m[3] + m[5] + m[7])
	minute, _ = strconv.Atoi(m[2] + m[4] + m[6]) // of the whole hour: none
	return hour, minute, hour < 24 && minute < 60
}
