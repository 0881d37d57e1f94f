package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// momentHint says how a moment is written on the command line.
const momentHint = "hint: write 15:30, \"2026-11-27 09:00\" (your clock), 2026-11-27T09:00:00+01:00, or from now on: 45m, 2h"

// momentIn reads a moment to come: a clock time, which is the next such, a day and a
// time, both by the local clock, RFC 3339, or a duration from now.
func momentIn(s string, now time.Time) (time.Time, error) {
	s = strings.TrimSpace(s)
	if d, err := model.ParseDuration(strings.TrimPrefix(s, "+")); err == nil && d > 0 {
		return now.Add(time.Duration(d)), nil
	}
	at, err := moment(s, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w\n%s", err, momentHint)
	}
	if _, alone := clockAlone(s, now); alone && !at.After(now) {
		at = at.AddDate(0, 0, 1) // a clock alone is the next such time
	}
	if !at.After(now) {
		return time.Time{}, fmt.Errorf("%s is not in the future\nhint: for another day write the day too, such as %q", plainly(s), now.AddDate(0, 0, 1).Format("2006-01-02 15:04"))
	}
	return at, nil
}

// momentPast reads a moment that was, likewise; a duration is for how long.
func momentPast(s string, now time.Time) (time.Time, error) {
	s = strings.TrimSpace(s)
	if d, err := model.ParseDuration(strings.TrimPrefix(s, "-")); err == nil {
		return now.Add(-time.Duration(d)), nil
	}
	at, err := moment(s, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w\nhint: write 14:30, \"2026-11-27 09:00\" (your clock), 2026-11-27T09:00:00+01:00, or for how long: 45m, 2h", err)
	}
	if at.After(now) {
		return time.Time{}, fmt.Errorf("%s is in the future\nhint: for another day write the day too, such as %q", plainly(s), now.AddDate(0, 0, -1).Format("2006-01-02 15:04"))
	}
	return at, nil
}

// moment reads a clock time of today, a day and a time, or RFC 3339.
func moment(s string, now time.Time) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, s)
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04"} {
		if err != nil {
			at, err = time.ParseInLocation(layout, s, now.Location())
		}
	}
	if err == nil {
		return at, nil
	}
	at, alone := clockAlone(s, now)
	if !alone {
		return time.Time{}, fmt.Errorf("%q is no moment", plainly(s))
	}
	return at, nil
}

// clockAlone reads a time of the clock without a day, as that of today.
func clockAlone(s string, now time.Time) (at time.Time, alone bool) {
	clock, err := time.Parse("15:04", strings.Replace(strings.TrimSpace(s), ".", ":", 1))
	if err != nil {
		return at, false
	}
	y, m, d := now.Date()
	return time.Date(y, m, d, clock.Hour(), clock.Minute(), 0, 0, now.Location()), true
}

// updateNumber is an update's number on the command line.
type updateNumber int

// Set reads it.
func (n *updateNumber) Set(s string) error {
	v, err := strconv.Atoi(s)
	if err != nil || v < 1 {
		return fmt.Errorf("%q is no number of an update; show prints them", s)
	}
	*n = updateNumber(v)
	return nil
}

func (n *updateNumber) String() string { return strconv.Itoa(int(*n)) }
