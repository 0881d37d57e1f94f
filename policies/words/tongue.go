package words

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// tongue is how one language says moments and durations. The sentences around
// them are in the templates.
type tongue struct {
	clock                      string // layout
	midnight                   string // the end of a day, as a moment to be before
	at, before, and            string
	from, until                string
	yesterday, today, tomorrow string
	weekdays                   [7]string // from Sunday
	months                     [12]string
	day, hour, minute          [2]string // one, more
	moment                     string    // a duration under a minute
	service                    [2]string
	others                     [2]string // services beside the named ones
	rest                       string    // the same, without the noun
	// articles are left out where a title stands for a name: "het netwerk" is
	// the netwerk of "Storing netwerk".
	articles []string
	// digraph is two letters that a capital turns into one: the Dutch ij.
	digraph string
}

// dayOf names the day of t as seen from now; both are in the reader's zone.
func (l *tongue) dayOf(t, now time.Time) string {
	switch daysBetween(now, t) {
	case -1:
		return l.yesterday
	case 0:
		return l.today
	case 1:
		return l.tomorrow
	}
	s := fmt.Sprintf("%s %d %s", l.weekdays[t.Weekday()], t.Day(), l.months[t.Month()-1])
	if t.Year() != now.Year() {
		s += fmt.Sprintf(" %d", t.Year())
	}
	return s
}

// daysBetween counts the midnights between two moments by the calendar, so a
// day of 23 or 25 hours is one day.
func daysBetween(from, to time.Time) int {
	midnight := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(midnight(to).Sub(midnight(from)) / (24 * time.Hour))
}

// lasted says a duration in its two largest units, rounded down. An SLA's 24
// hours stay hours.
func (l *tongue) lasted(d time.Duration) string {
	d = d.Truncate(time.Minute)
	if d < time.Minute {
		return l.moment
	}
	if d <= 24*time.Hour {
		return l.join(l.count(int(d/time.Hour), l.hour), l.count(int(d%time.Hour/time.Minute), l.minute))
	}
	return l.join(l.count(int(d/(24*time.Hour)), l.day), l.count(int(d%(24*time.Hour)/time.Hour), l.hour))
}

func (l *tongue) count(n int, unit [2]string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 " + unit[0]
	}
	return fmt.Sprintf("%d %s", n, unit[1])
}

func (l *tongue) join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + l.and + " " + b
}

// period says from when to when: only the clock where both are today.
func (l *tongue) period(from, to, now time.Time) string {
	if daysBetween(from, now) == 0 && daysBetween(to, now) == 0 {
		first, _, _ := strings.Cut(from.Format(l.clock), " ") // "13.05" of "13.05 uur"
		return strings.Join([]string{l.from, first, l.until, to.Format(l.clock)}, " ")
	}
	return strings.Join([]string{l.from, l.dayOf(from, now), from.Format(l.clock),
		l.until, l.dayOf(to, now), to.Format(l.clock)}, " ")
}

// bare returns a title without its article. A capital makes the article part
// of a name.
func (l *tongue) bare(title string) string {
	for _, a := range l.articles {
		if rest, ok := strings.CutPrefix(title, a+" "); ok && rest != "" {
			return rest
		}
	}
	return title
}

// capital returns s with a capital at its beginning.
func (l *tongue) capital(s string) string {
	if l.digraph != "" && strings.HasPrefix(s, l.digraph) {
		return strings.ToUpper(l.digraph) + s[len(l.digraph):]
	}
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 || r == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

// moment is a point in time as a template says it.
type moment struct {
	t, now time.Time // in the reader's zone
	tongue *tongue
}

// Set reports whether there is such a moment.
func (m moment) Set() bool { return !m.t.IsZero() }

// Past reports whether it lies before the update.
func (m moment) Past() bool { return m.t.Before(m.now) }

// At says the day and the clock: "vandaag om 14.30 uur".
func (m moment) At() string {
	if !m.Set() {
		return ""
	}
	return m.tongue.dayOf(m.t, m.now) + " " + m.tongue.at + " " + m.t.Format(m.tongue.clock)
}

// Clock says only the clock: "14.30 uur". It is for what is minutes away.
func (m moment) Clock() string {
	if !m.Set() {
		return ""
	}
	return m.t.Format(m.tongue.clock)
}

// Soon says the clock, and the day only where it is another: "om 14.30 uur",
// "morgen om 00.10 uur".
func (m moment) Soon() string {
	if m.Set() && daysBetween(m.now, m.t) == 0 {
		return m.tongue.at + " " + m.Clock()
	}
	return m.At()
}

// season says which time is meant where the clock is changed between the update
// and the moment within a day: an hour may then come twice. Otherwise it is
// empty.
func (m moment) season() string {
	_, now := m.now.Zone()
	name, then := m.t.Zone()
	if now == then || m.t.Sub(m.now).Abs() > 12*time.Hour {
		return ""
	}
	return " (" + name + ")"
}

// Before says until when: "vóór 14.30 uur" today, "morgen vóór 08.00 uur".
// Midnight ends a day: nobody should have to ask which one 00.00 belongs to.
func (m moment) Before() string {
	if !m.Set() {
		return ""
	}
	t, clock := m.t, m.t.Format(m.tongue.clock)
	if t.Hour() == 0 && t.Minute() == 0 && t.After(m.now) {
		t, clock = t.Add(-time.Minute), m.tongue.midnight
	}
	said := m.tongue.before + " " + clock + m.season()
	if daysBetween(m.now, t) == 0 {
		return said
	}
	return m.tongue.dayOf(t, m.now) + " " + said
}

// Brief says it with as few words as possible: "14.30 uur" today, "gisteren
// 23.10 uur".
func (m moment) Brief() string {
	if !m.Set() {
		return ""
	}
	clock := m.t.Format(m.tongue.clock)
	if daysBetween(m.now, m.t) == 0 {
		return clock
	}
	return m.tongue.dayOf(m.t, m.now) + " " + clock
}
