package agenda

import (
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// maxRule is how long a rule may be, in bytes.
const maxRule = 500

// option reads a rule of recurrence; times in it are those of a wall.
func option(rule string) (*rrule.ROption, error) {
	if len(rule) > maxRule {
		return nil, wrong("its rule of recurrence is too long")
	}
	o, err := rrule.StrToROptionInLocation(rule, time.UTC)
	switch {
	case err != nil:
		return nil, wrong("its rule of recurrence is not understood")
	case o.Freq > rrule.DAILY, len(o.Byhour) > 1, len(o.Byminute) > 1, len(o.Bysecond) > 1:
		return nil, wrong("it recurs more often than daily")
	case o.Interval < 0, o.Count < 0:
		return nil, wrong("its rule of recurrence is not understood")
	}
	return o, nil
}

// recurring are the starts of an entry between two moments, by its rule.
func recurring(start local, rule string, from, to time.Time) ([]local, error) {
	o, err := option(rule)
	if err != nil {
		return nil, err
	}
	if start.wall.Year() < firstYear {
		return nil, wrong("it recurs since before %d", firstYear)
	}
	until, inclusive := o.Until, time.Time{}
	switch text := untilOf(rule); {
	case text == "":
	case strings.HasSuffix(text, "Z"): // a moment, and no time of a wall
		inclusive, until = until, until.Add(24*time.Hour)
	case len(text) == len("20060102"):
		until = until.Add(24*time.Hour - time.Second)
	}
	last := to.Add(24 * time.Hour) // no wall is further from UTC
	if !until.IsZero() && until.Before(last) {
		last = until
	}
	o.Dtstart, o.Until = forward(start.wall, o, from), last
	if last.Before(o.Dtstart) {
		return nil, nil
	}
	r, err := rrule.NewRRule(*o)
	if err != nil {
		return nil, wrong("its rule of recurrence is not understood")
	}
	var all []local
	for next := r.Iterator(); ; {
		wall, more := next()
		if !more {
			return all, nil
		}
		one := start.at(wall)
		at := one.moment()
		if !inclusive.IsZero() && at.After(inclusive) || at.After(to) {
			return all, nil
		}
		if !at.Before(from) {
			all = append(all, one)
		}
	}
}

// forward skips what is long ago, by whole intervals: a rule that counts is reckoned
// from its beginning.
func forward(start time.Time, o *rrule.ROption, from time.Time) time.Time {
	days := max(o.Interval, 1)
	switch {
	case o.Count > 0, days > 10000:
		return start
	case o.Freq == rrule.WEEKLY:
		days *= 7
	case o.Freq != rrule.DAILY:
		return start
	}
	if gap := int(from.Sub(start)/(24*time.Hour)) - 2*days; gap > 0 {
		return start.AddDate(0, 0, gap/days*days)
	}
	return start
}

// untilOf is how a rule writes its end.
func untilOf(rule string) string {
	for part := range strings.SplitSeq(strings.ToUpper(rule), ";") {
		if text, is := strings.CutPrefix(strings.TrimSpace(part), "UNTIL="); is {
			return text
		}
	}
	return ""
}
