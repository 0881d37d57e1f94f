package policies

import (
	"testing"
	"time"

	"github.com/prometheus/alertmanager/timeinterval"
)

func amsterdam(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// calendarOf loads one calendar as an operator writes it.
func calendarOf(t testing.TB, intervals string) *Calendar {
	t.Helper()
	files := mistake{}.base(t)
	files["sitrep.yml"] = append(files["sitrep.yml"], "\n"...)
	text := string(files["sitrep.yml"])
	const office = `      - weekdays: ["monday:friday"]
        times: [{start_time: "08:00", end_time: "18:00"}]
        location: Europe/Amsterdam
`
	files["sitrep.yml"] = []byte(replaceOnce(t, text, office, "      - "+intervals+"\n"))
	cfg, err := Load("sitrep.yml", readFrom(files))
	if err != nil {
		t.Fatal(err)
	}
	return cfg.SLAs[1].Counted
}

const (
	office     = `{weekdays: ["monday:friday"], times: [{start_time: "08:00", end_time: "18:00"}], location: Europe/Amsterdam}`
	nights     = `{times: [{start_time: "22:00", end_time: "06:00"}], location: Europe/Amsterdam}`
	fridayLate = `{weekdays: [friday], times: [{start_time: "22:00", end_time: "06:00"}], location: Europe/Amsterdam}`
	wholeDays  = `{weekdays: ["sunday:saturday"], location: Europe/Amsterdam}`
	lostHour   = `{times: [{start_time: "02:00", end_time: "03:00"}], location: Europe/Amsterdam}`
	lastDay    = `{days_of_month: ["-1"], location: Europe/Amsterdam}`
	leapDay    = `{months: [february], days_of_month: ["29"]}`
	christmas  = `{dates: ["2026-12-25:2026-12-26", 2027-12-25], location: Europe/Amsterdam}`
	newYear    = `{months: [december], days_of_month: ["31"], times: [{start_time: "20:00", end_time: "04:00"}], location: Europe/Amsterdam}`
	twoZones   = office + "\n      - " + `{weekdays: ["monday:friday"], times: [{start_time: "09:00", end_time: "17:00"}], location: America/New_York}`
)

func at(t testing.TB, s string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04", s, amsterdam(t))
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestCalendarBetween(t *testing.T) {
	for _, c := range []struct {
		name, calendar, from, to, want string
	}{
		{"within a day", office, "2026-03-02 09:00", "2026-03-02 11:30", "2h30m"},
		{"before and after", office, "2026-03-02 00:00", "2026-03-03 00:00", "10h"},
		{"over a night", office, "2026-03-02 17:00", "2026-03-03 09:00", "2h"},
		{"over a weekend", office, "2026-03-06 17:00", "2026-03-09 09:00", "2h"},
		{"only a weekend", office, "2026-03-07 00:00", "2026-03-09 00:00", "0s"},
		{"a year", office, "2026-01-01 00:00", "2027-01-01 00:00", "2610h"},
		{"twenty years", wholeDays, "2026-01-01 00:00", "2046-01-01 00:00", "175320h"},
		{"an ordinary night", nights, "2026-03-02 12:00", "2026-03-03 12:00", "8h"},
		{"night in which summer begins", nights, "2026-03-28 12:00", "2026-03-29 12:00", "7h"},
		{"night in which summer ends", nights, "2026-10-24 12:00", "2026-10-25 12:00", "9h"},
		{"day on which summer begins", wholeDays, "2026-03-29 00:00", "2026-03-30 00:00", "23h"},
		{"day on which summer ends", wholeDays, "2026-10-25 00:00", "2026-10-26 00:00", "25h"},
		{"the hour that is missing", lostHour, "2026-03-29 00:00", "2026-03-30 00:00", "0s"},
		{"the hour that comes twice", lostHour, "2026-10-25 00:00", "2026-10-26 00:00", "2h"},
		{"office hours of the week of the change", office, "2026-03-23 00:00", "2026-03-30 18:00", "60h"},
		{"friday night reaches into saturday", fridayLate, "2026-03-06 00:00", "2026-03-09 00:00", "8h"},
		{"friday's small hours are thursday's", fridayLate, "2026-03-06 00:00", "2026-03-06 12:00", "0s"},
		{"leap day", leapDay, "2028-02-01 00:00", "2028-04-01 00:00", "24h"},
		{"no leap day", leapDay, "2027-01-01 00:00", "2027-12-31 00:00", "0s"},
		{"last day of february in a leap year", lastDay, "2028-02-28 12:00", "2028-03-01 12:00", "24h"},
		{"last day of the month of the change", lastDay, "2026-03-30 00:00", "2026-04-02 00:00", "24h"},
		{"dates", christmas, "2026-12-01 00:00", "2027-12-31 00:00", "72h"},
		{"over the end of a year", newYear, "2026-12-31 00:00", "2027-01-02 00:00", "8h"},
		{"two zones overlap", twoZones, "2026-03-02 00:00", "2026-03-03 00:00", "15h"},
		{"backwards", office, "2026-03-03 09:00", "2026-03-02 17:00", "-2h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want, err := time.ParseDuration(c.want)
			if err != nil {
				t.Fatal(err)
			}
			if got := calendarOf(t, c.calendar).Between(at(t, c.from), at(t, c.to)); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestCalendarAddAndNext(t *testing.T) {
	for _, c := range []struct {
		name, calendar, from, add, want, next string
	}{
		{"within a day", office, "2026-03-02 09:00", "1h", "2026-03-02 10:00", "2026-03-02 09:00"},
		{"over a night", office, "2026-03-02 17:00", "2h", "2026-03-03 09:00", "2026-03-02 17:00"},
		{"to the very end of a day", office, "2026-03-06 17:00", "1h", "2026-03-06 18:00", "2026-03-06 17:00"},
		{"over a weekend", office, "2026-03-06 18:00", "1m", "2026-03-09 08:01", "2026-03-09 08:00"},
		{"nothing at all", office, "2026-03-07 12:00", "0s", "2026-03-07 12:00", "2026-03-09 08:00"},
		{"a week over the change", office, "2026-03-27 08:00", "50h", "2026-04-02 18:00", "2026-03-27 08:00"},
		{"night in which summer begins", nights, "2026-03-28 22:00", "7h", "2026-03-29 06:00", "2026-03-28 22:00"},
		{"night in which summer ends", nights, "2026-10-24 22:00", "9h", "2026-10-25 06:00", "2026-10-24 22:00"},
		{"the hour that is missing", lostHour, "2026-03-29 00:00", "1h", "2026-03-30 03:00", "2026-03-30 02:00"},
		{"leap day", leapDay, "2024-03-01 12:00", "24h", "2028-03-01 01:00", "2028-02-29 01:00"},
		{"end of a year", newYear, "2026-12-31 23:00", "5h", "2027-01-01 04:00", "2026-12-31 23:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := time.ParseDuration(c.add)
			if err != nil {
				t.Fatal(err)
			}
			calendar := calendarOf(t, c.calendar)
			got, ok := calendar.Add(at(t, c.from), d)
			if !ok || !got.Equal(at(t, c.want)) {
				t.Errorf("Add: got %s, %t, want %s", got, ok, c.want)
			}
			if got.Location().String() != "Europe/Amsterdam" {
				t.Errorf("Add: the zone is %s", got.Location())
			}
			next, ok := calendar.Next(at(t, c.from))
			if !ok || !next.Equal(at(t, c.next)) {
				t.Errorf("Next: got %s, %t, want %s", next, ok, c.next)
			}
		})
	}
}

func TestCalendarEnds(t *testing.T) {
	c := calendarOf(t, christmas)
	if at, ok := c.Next(at(t, "2027-12-26 00:00")); ok {
		t.Errorf("Next after the last date: %s", at)
	}
	if at, ok := c.Add(at(t, "2026-12-25 00:00"), 73*time.Hour); ok {
		t.Errorf("Add of more than there is: %s", at)
	}
	never := NewCalendar("never", nil)
	if _, ok := never.Next(at(t, "2026-01-01 00:00")); ok || never.Contains(time.Unix(0, 0)) {
		t.Error("a calendar of nothing contains something")
	}
}

func TestNilCalendar(t *testing.T) {
	var c *Calendar
	from := at(t, "2026-03-28 12:00")
	if !c.Contains(from) || c.Between(from, from.Add(time.Hour)) != time.Hour {
		t.Error("nil is not always")
	}
	if got, ok := c.Add(from, time.Hour); !ok || !got.Equal(from.Add(time.Hour)) {
		t.Errorf("Add: %s, %t", got, ok)
	}
	if got, ok := c.Next(from); !ok || !got.Equal(from) {
		t.Errorf("Next: %s, %t", got, ok)
	}
}

func TestNewCalendarOverMidnight(t *testing.T) {
	c := NewCalendar("nights", []timeinterval.TimeInterval{{
		Times: []timeinterval.TimeRange{{StartMinute: 22 * 60, EndMinute: 6 * 60}},
	}})
	midnight := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for hour, want := range map[int]bool{0: true, 5: true, 6: false, 21: false, 22: true} {
		if got := c.Contains(midnight.Add(time.Duration(hour) * time.Hour)); got != want {
			t.Errorf("%d o'clock: %t", hour, got)
		}
	}
}

func BenchmarkBetweenTenYears(b *testing.B) {
	c := calendarOf(b, office)
	from := at(b, "2026-01-01 00:00")
	for b.Loop() {
		c.Between(from, from.AddDate(10, 0, 0))
	}
}
