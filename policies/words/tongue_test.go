package words

import (
	"testing"
	"time"
)

func TestMoments(t *testing.T) {
	amsterdam := zone(t, "Europe/Amsterdam")
	now := time.Date(2026, 11, 23, 13, 0, 0, 0, amsterdam)
	on := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, amsterdam) }
	for _, c := range []struct {
		t                          time.Time
		at, before, atEN, beforeEN string
	}{
		{on(23, 14, 30), "vandaag om 14.30 uur", "vóór 14.30 uur", "today at 14:30", "before 14:30"},
		{on(24, 8, 0), "morgen om 08.00 uur", "morgen vóór 08.00 uur", "tomorrow at 08:00", "tomorrow before 08:00"},
		{on(22, 8, 0), "gisteren om 08.00 uur", "gisteren vóór 08.00 uur", "yesterday at 08:00", "yesterday before 08:00"},
		{on(27, 8, 0), "vrijdag 27 november om 08.00 uur", "vrijdag 27 november vóór 08.00 uur",
			"Friday 27 November at 08:00", "Friday 27 November before 08:00"},
		{on(24, 0, 0), "morgen om 00.00 uur", "vóór middernacht (00.00 uur)", "tomorrow at 00:00", "before midnight (00:00)"},
		{time.Date(2027, 1, 4, 9, 5, 0, 0, amsterdam), "maandag 4 januari 2027 om 09.05 uur", "maandag 4 januari 2027 vóór 09.05 uur",
			"Monday 4 January 2027 at 09:05", "Monday 4 January 2027 before 09:05"},
		{time.Time{}, "", "", "", ""},
	} {
		nl, en := moment{c.t, now, dutch}, moment{c.t, now, english}
		for _, got := range [][2]string{{nl.At(), c.at}, {nl.Before(), c.before}, {en.At(), c.atEN}, {en.Before(), c.beforeEN}} {
			if got[0] != got[1] {
				t.Errorf("got %q, want %q", got[0], got[1])
			}
		}
	}
}

// The day on which the clocks go back has 25 hours, and is one day.
func TestDaysAreOfTheCalendar(t *testing.T) {
	amsterdam := zone(t, "Europe/Amsterdam")
	now := time.Date(2026, 10, 25, 0, 30, 0, 0, amsterdam)
	if got := (moment{now.Add(24 * time.Hour), now, dutch}).At(); got != "vandaag om 23.30 uur" {
		t.Error(got)
	}
	if got := (moment{now.Add(25 * time.Hour), now, dutch}).At(); got != "morgen om 00.30 uur" {
		t.Error(got)
	}
}

func TestDurations(t *testing.T) {
	for _, c := range []struct {
		d      time.Duration
		nl, en string
	}{
		{-time.Hour, "minder dan een minuut", "less than a minute"},
		{59 * time.Second, "minder dan een minuut", "less than a minute"},
		{time.Minute, "1 minuut", "1 minute"},
		{65*time.Minute + 59*time.Second, "1 uur en 5 minuten", "1 hour and 5 minutes"},
		{2 * time.Hour, "2 uur", "2 hours"},
		{24 * time.Hour, "24 uur", "24 hours"},
		{25*time.Hour + 10*time.Minute, "1 dag en 1 uur", "1 day and 1 hour"},
		{51 * time.Hour, "2 dagen en 3 uur", "2 days and 3 hours"},
		{72 * time.Hour, "3 dagen", "3 days"},
	} {
		if got := dutch.lasted(c.d); got != c.nl {
			t.Errorf("%s: %q, want %q", c.d, got, c.nl)
		}
		if got := english.lasted(c.d); got != c.en {
			t.Errorf("%s: %q, want %q", c.d, got, c.en)
		}
	}
}

func TestPeriods(t *testing.T) {
	now := time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)
	at := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 5, 0, 0, time.UTC) }
	for _, c := range []struct{ got, want string }{
		{dutch.period(at(23, 13), at(23, 15), now), "van 13.05 tot 15.05 uur"},
		{english.period(at(23, 13), at(23, 15), now), "from 13:05 to 15:05"},
		{dutch.period(at(22, 23), at(23, 1), now), "van gisteren 23.05 uur tot vandaag 01.05 uur"},
		{english.period(at(20, 23), at(21, 1), now), "from Friday 20 November 23:05 to Saturday 21 November 01:05"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestTitles(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{dutch.bare("het netwerk"), "netwerk"},
		{dutch.bare("De Meerpaal"), "De Meerpaal"},
		{dutch.bare("desktops"), "desktops"},
		{english.bare("the permit desk"), "permit desk"},
		{dutch.capital("ijsbaan"), "IJsbaan"},
		{english.capital("élan"), "Élan"},
		{english.capital(""), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
