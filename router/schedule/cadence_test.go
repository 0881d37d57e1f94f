package schedule

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/timeinterval"

	"sitrep/policies"
)

func mustParse(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func age(d time.Duration, every time.Duration) policies.Row {
	return policies.Row{From: policies.From{Age: d}, Every: every}
}

func part(share float64, c policies.Clock, every time.Duration) policies.Row {
	return policies.Row{From: policies.From{Share: share, Clock: c}, Every: every}
}

var gold = &policies.SLA{Name: "gold", Agreed: 24 * time.Hour, Expected: time.Hour}

// TestNextDue is every kind of row: what an audience that was told at `last` is
// due next, seconds after the outage began left out.
func TestNextDue(t *testing.T) {
	const h, m = time.Hour, time.Minute
	board := []policies.Row{age(15*m, h), part(1, policies.Expected, 30*m), part(.75, policies.Agreed, 15*m)}
	for _, c := range []struct {
		name string
		rows []policies.Row
		sla  *policies.SLA
		last time.Duration // age of the outage at the last update
		due  time.Duration // 0: none
	}{
		{"one row", []policies.Row{age(0, 30*m)}, nil, 5 * m, 35 * m},
		{"one row, far on", []policies.Row{age(0, 30*m)}, nil, 100 * h, 100*h + 30*m},
		{"words before the first row: its beginning", []policies.Row{age(2*h, 10*m)}, nil, 30 * m, 2 * h},
		{"words shortly before the first row: its every after them", []policies.Row{age(2*h, 10*m)}, nil, 2*h - 5*m, 2*h + 5*m},
		{"a faster row pulls forward, to its beginning", board, gold, 15 * m, 60 * m},
		{"a faster row pulls forward, to its every after the last", board, gold, 45 * m, 75 * m},
		{"a faster row does not push back", board, gold, 25 * m, 60 * m},
		{"the faster row in force", board, gold, 60 * m, 90 * m},
		{"the third row begins", board, gold, 17*h + 55*m, 18*h + 10*m},
		{"the third row begins long after", board, gold, 17*h + 30*m, 18 * h},
		{"a slower row does not shorten what was due", []policies.Row{age(0, 2*h), age(h, 4*h)}, nil, 30 * m, 150 * m},
		{"a slower row counts from the next on", []policies.Row{age(0, 2*h), age(h, 4*h)}, nil, 150 * m, 150*m + 4*h},
		{"a slower row that begins earlier in time than one in the file", []policies.Row{part(.5, policies.Expected, 2*h), age(8*h, 4*h)}, gold, 30 * m, 150 * m},
		{"two rows begin at once: the later in the file", []policies.Row{age(h, 10*m), part(1, policies.Expected, 40*m)}, gold, h, 100 * m},
		{"a share of a clock that is not there", []policies.Row{part(1, policies.Agreed, 10*m)}, nil, h, 0},
		{"no rows", nil, gold, h, 0},
		{"two rows begin on the way: both pull", []policies.Row{age(0, 4*h), age(h, 30*m), age(h+10*m, 5*m)}, nil, 50 * m, 70 * m},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := mustParse(t, "2026-03-02T12:00")
			due, _, ok := after(rows(c.rows, c.sla, start), start.Add(c.last))
			if ok != (c.due > 0) {
				t.Fatalf("due: %v, %v", due, ok)
			}
			if got := due.Sub(start); ok && got != c.due {
				t.Errorf("due at age %v, want %v", got, c.due)
			}
		})
	}
}

// TestClocksStandStill: shares of a clock count office hours only, across a
// night, a weekend, and both changes of summer time.
func TestClocksStandStill(t *testing.T) {
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	office := policies.NewCalendar("office-hours", []timeinterval.TimeInterval{{
		Times:    []timeinterval.TimeRange{{StartMinute: 8 * 60, EndMinute: 18 * 60}},
		Weekdays: []timeinterval.WeekdayRange{{InclusiveRange: timeinterval.InclusiveRange{Begin: 1, End: 5}}},
		Location: &timeinterval.Location{Location: amsterdam},
	}})
	sla := &policies.SLA{Agreed: 48 * time.Hour, Expected: 4 * time.Hour, Counted: office}
	for _, c := range []struct{ start, share, want string }{
		{"2026-03-02T09:00", "100% expected", "2026-03-02T13:00"},
		{"2026-03-02T16:00", "100% expected", "2026-03-03T10:00"}, // overnight
		{"2026-03-06T16:00", "100% expected", "2026-03-09T10:00"}, // over the weekend
		{"2026-03-27T16:00", "100% expected", "2026-03-30T10:00"}, // summer time begins on the 29th
		{"2026-10-23T16:00", "100% expected", "2026-10-26T10:00"}, // and ends on the 25th
		{"2026-03-07T12:00", "50% expected", "2026-03-09T10:00"},  // begins on a Saturday
		{"2026-03-02T08:00", "100% agreed", "2026-03-06T16:00"},   // 4 days of 10 hours, and 8
		{"2028-02-28T16:00", "100% expected", "2028-02-29T10:00"}, // leap day
	} {
		start, err := time.ParseInLocation("2006-01-02T15:04", c.start, amsterdam)
		if err != nil {
			t.Fatal(err)
		}
		percent, clock, _ := strings.Cut(c.share, " ")
		var share float64
		fmt.Sscanf(percent, "%f%%", &share)
		got := rows([]policies.Row{part(share/100, policies.Clock(clock), time.Hour)}, sla, start)
		if len(got) != 1 || got[0].at.In(amsterdam).Format("2006-01-02T15:04") != c.want {
			t.Errorf("%s of an outage from %s: %v, want %s", c.share, c.start, got, c.want)
		}
	}
}

func TestPromise(t *testing.T) {
	for _, c := range []struct {
		due    string
		every  time.Duration
		margin time.Duration
		want   string
	}{
		{"2026-03-02T14:30", time.Hour, 0, "2026-03-02T14:35"},
		{"2026-03-02T14:33", time.Hour, 0, "2026-03-02T14:35"},
		{"2026-03-02T14:34", time.Hour, 0, "2026-03-02T14:35"},
		{"2026-03-02T14:35", time.Hour, 0, "2026-03-02T14:40"},
		{"2026-03-02T14:30", 15 * time.Minute, 0, "2026-03-02T14:35"},
		{"2026-03-02T14:30", 14 * time.Minute, 0, "2026-03-02T14:31"},
		{"2026-03-02T14:30", time.Hour, 7 * time.Minute, "2026-03-02T14:40"},
		{"2026-03-02T23:58", time.Hour, 0, "2026-03-03T00:00"},
	} {
		if got := promise(mustParse(t, c.due), c.every, c.margin); got != mustParse(t, c.want) {
			t.Errorf("due %s, every %v, margin %v: promised %v, want %s", c.due, c.every, c.margin, got, c.want)
		}
	}
	if got := promise(mustParse(t, "2026-03-02T14:30").Add(20*time.Second), time.Minute, 0); got != mustParse(t, "2026-03-02T14:32") {
		t.Errorf("promised %v", got)
	}
}
