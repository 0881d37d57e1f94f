package reply

import (
	"testing"
	"time"
)

func TestWhen(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 6, 5, 22, 40, 20, 0, zone)
	for said, want := range map[string]string{
		"23:10": "05 23:10", "23.10 uur": "05 23:10", "2310": "05 23:10", "23u10": "05 23:10", "23h10": "05 23:10", "23u": "05 23:00", "23 uur": "05 23:00",
		"24 uur": "06 22:40", "0:30": "06 00:30", "07.00": "06 07:00", "16:40": "06 16:40",
		"45": "05 23:25", "45m": "05 23:25", "45 minuten": "05 23:25", "2h": "06 00:40", "2u": "06 00:40", "2 uur": "06 00:40",
		"1h30": "06 00:10", "1u30": "06 00:10", "1 uur 30 min": "06 00:10", "2d": "07 22:40", "1 dag 2 uur": "07 00:40",
		"22:40": "", "16:41": "", "22:00": "", // they were; nobody means tomorrow's
		"": "", "0": "", "24:00": "", "12:60": "", "12:3": "", "8d": "", "soon": "", "1m30": "", "30m1h": "", "1h1h": "", "-5": "", "+5": "", "15:30x": "", "99999": "", "1h 99999m": "",
	} {
		at, ok := When(said, now)
		got := at.Format("02 15:04")
		if !ok {
			got = ""
		}
		if got != want {
			t.Errorf("%q: %q, not %q", said, got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for said, want := range map[string]time.Duration{
		"30": 30 * time.Minute, "30 min": 30 * time.Minute, "1u": time.Hour, "1h30": 90 * time.Minute, "15u30": 15*time.Hour + 30*time.Minute,
		"7d": 7 * 24 * time.Hour, "7d1m": 0, "0": 0, "x": 0, "15:30": 0,
	} {
		d, ok := Span(said)
		if ok != (want != 0) || ok && d != want {
			t.Errorf("%q: %s, %v", said, d, ok)
		}
	}
}

func FuzzWhen(f *testing.F) {
	for _, s := range []string{"15:30", "1h30", "23u", "45", "9999d", "１５:30"} {
		f.Add(s, int64(1780000000))
	}
	f.Fuzz(func(t *testing.T, said string, unix int64) {
		now := time.Unix(unix%4e9, 0).UTC()
		if at, ok := When(said, now); ok && (!at.After(now) || at.Sub(now) > farthest) {
			t.Errorf("%q of %s is %s", said, now, at)
		}
	})
}
