package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAnotherMomentOfAChange: a change is put off, or brought forward, by a moment or by
// how much. A time of the clock that has just passed is not taken for tomorrow's.
func TestAnotherMomentOfAChange(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 27, 22, 6, 0, 0, zone)
	planned := time.Date(2026, 11, 27, 23, 0, 0, 0, zone)
	for _, test := range []struct{ text, want string }{
		{"22:00", "22:00 has passed\nhint: for another day write the day too, such as \"2026-11-28 22:00\""},
		{"22.06", "22.06 has passed"},
		{"10:07", "10:07 has passed"},
		{"10:06", "28 Nov 10:06"},
		{"02:00", "28 Nov 02:00"},
		{"23:30", "27 Nov 23:30"},
		{"2026-11-28 22:00", "28 Nov 22:00"},
		{"2026-11-27 22:00", "2026-11-27 22:00 is not in the future"},
		{"+2h", "28 Nov 01:00"},
		{"2h", "28 Nov 01:00"},
		{"-30m", "27 Nov 22:30"},
		{"+-30m", "27 Nov 22:30"},
		{"tonight", "\"tonight\" is no moment"},
		{"-tonight", "\"-tonight\" is no moment"},
	} {
		at, err := anew(test.text, planned, now)
		got := at.Format("2 Jan 15:04")
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, test.want) {
			t.Errorf("%s is %s, not %s", test.text, got, test.want)
		}
	}
	soon := time.Date(2026, 11, 28, 0, 5, 0, 0, zone)
	for text, want := range map[string]bool{"23:58": false, "18:06": false, "18:04": true, "00:04": false, "00:06": true, "08:00": true} {
		if _, err := anew(text, planned, soon); (err == nil) != want {
			t.Errorf("at 00:05, %s: %v", text, err)
		}
	}
	if at, err := after("22:00", planned, now); err != nil || at.Day() != 28 {
		t.Errorf("a time of the clock is not the next such where none is replaced: %s, %v", at, err)
	}
}

// TestASpanBackwardsIsNoFlag: -1h is what it is called in scripts of rehearsals too.
func TestASpanBackwardsIsNoFlag(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"change extend SR-2 -1h", "change extend SR-2 +-1h"},
		{"--log.level=debug change move SR-2 -1d12h -o json", "--log.level=debug change move SR-2 +-1d12h -o json"},
		{"change extend -h", "change extend -h"},
		{"incident say SR-1 -1h", "incident say SR-1 -1h"},
		{"change", "change"},
	} {
		if got := signed(strings.Fields(test.args)); !slices.Equal(got, strings.Fields(test.want)) {
			t.Errorf("%s is %s, not %s", test.args, strings.Join(got, " "), test.want)
		}
	}
}
