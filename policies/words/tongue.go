package words

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// tongue is how one language says moments, durations and counts, as its
// language.tmpl has it. The sentences around them are in the other templates.
type tongue struct {
	counts
	clock, clockShort          string // layouts; the short one is without a unit
	date, dateYear             string // layouts of a day that is not near
	midnight                   string // the end of a day, as a moment to be before
	at, before                 string // {time} is the clock
	from, until                string // {time} is the day and the clock, or the clock alone
	and                        string
	yesterday, today, tomorrow string
	weekdays                   [7]string // from Sunday
	months                     [12]string
	day, hour, minute          forms
	moment                     string // a duration under a minute
	service                    forms
	others                     forms  // services beside the named ones
	rest                       forms  // the same, without the noun
	percent                    string // {n} is the number
	// articles are left out where a title stands for a name: "het netwerk" is
	// the netwerk of "Storing netwerk".
	articles []string
	// digraph is two letters that a capital turns into one: the Dutch ij.
	digraph string

	// dated says that days are named by their dates: what is said is kept, and read
	// on another day.
	dated bool

	plain        plain
	leaving      Leaving
	conversation conversation
}

// spoken reports whether anything was said of how the language speaks.
func (l *tongue) spoken() bool { return l.uses != nil }

// The places in a part of a language where something is filled in.
const (
	slotTime    = "{time}"
	slotN       = "{n}"
	slotService = "{service}"
)

// put fills the one place of a pattern.
func put(pattern, slot, with string) string { return strings.Replace(pattern, slot, with, 1) }

// wholeNames keeps those of a weekday and a month apart from the rest of a
// layout, which Go would say in English.
var wholeNames = strings.NewReplacer("Monday", "\x00", "January", "\x01")

// format says a moment by a layout of Go's, with the weekday and the month in
// this language where the layout has their whole names.
func (l *tongue) format(t time.Time, layout string) string {
	return strings.NewReplacer("\x00", l.weekdays[t.Weekday()], "\x01", l.months[t.Month()-1]).
		Replace(t.Format(wholeNames.Replace(layout)))
}

// dayOf names the day of t as seen from now; both are in the reader's zone.
func (l *tongue) dayOf(t, now time.Time) string {
	if l.dated {
		return l.format(t, l.dateYear)
	}
	switch daysBetween(now, t) {
	case -1:
		return l.yesterday
	case 0:
		return l.today
	case 1:
		return l.tomorrow
	}
	return l.format(t, choose(t.Year() == now.Year(), l.date, l.dateYear))
}

// sameDay reports whether the clock alone says when t is.
func (l *tongue) sameDay(t, now time.Time) bool { return !l.dated && daysBetween(now, t) == 0 }

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
		return l.join(l.some(int(d/time.Hour), l.hour), l.some(int(d%time.Hour/time.Minute), l.minute))
	}
	return l.join(l.some(int(d/(24*time.Hour)), l.day), l.some(int(d%(24*time.Hour)/time.Hour), l.hour))
}

// some says how many there are, and nothing where there are none.
func (l *tongue) some(n int, unit forms) string {
	if n == 0 {
		return ""
	}
	return l.count(n, unit)
}

func (l *tongue) join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + l.and + " " + b
}

// period says from when to when: of one day the day once, and no day where that is
// today. Of what is not known it says nothing.
func (l *tongue) period(from, to, now time.Time) string {
	switch {
	case from.IsZero() && to.IsZero():
		return ""
	case from.IsZero():
		return put(l.until, slotTime, moment{to, now, l}.Brief())
	case to.IsZero():
		return moment{from, now, l}.At()
	case daysBetween(from, to) != 0:
		return put(l.from, slotTime, l.dayOf(from, now)+" "+from.Format(l.clock)) + " " + put(l.until, slotTime, l.dayOf(to, now)+" "+to.Format(l.clock))
	}
	clocks := put(l.from, slotTime, from.Format(l.clockShort)) + " " + put(l.until, slotTime, to.Format(l.clock)) // "van 13.05 tot 15.05 uur"
	if l.sameDay(from, now) {
		return clocks
	}
	return l.dayOf(from, now) + " " + clocks
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

// Past reports whether it lies before the update. Nothing is still to come in the minute
// in which its reader reads of it.
func (m moment) Past() bool { return !m.t.Truncate(time.Minute).After(m.now) }

// String says it as At does.
func (m moment) String() string { return m.At() }

// At says the day and the clock: "vandaag om 14.30 uur".
func (m moment) At() string {
	if !m.Set() {
		return ""
	}
	return m.tongue.dayOf(m.t, m.now) + " " + put(m.tongue.at, slotTime, m.Clock())
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
	if m.Set() && m.tongue.sameDay(m.t, m.now) {
		return put(m.tongue.at, slotTime, m.Clock())
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
	t, clock := m.t, m.Clock()
	if t.Hour() == 0 && t.Minute() == 0 && t.After(m.now) {
		t, clock = t.Add(-time.Minute), m.tongue.midnight
	}
	said := put(m.tongue.before, slotTime, clock+m.season())
	if m.tongue.sameDay(t, m.now) {
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
	if m.tongue.sameDay(m.t, m.now) {
		return m.Clock()
	}
	return m.tongue.dayOf(m.t, m.now) + " " + m.Clock()
}
