package agenda

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// span is how long an event is: by days of the wall, and by the clock.
type span struct {
	until *local // the end of the first; nil: by what follows
	days  int
	clock time.Duration
	first local
}

// end is when one of a series is over that begins at a time. Of a series with an end, each
// is over at the same time of the wall: also when the clocks change in it.
func (s span) end(start local) time.Time {
	if of := s.from(start); of.until != nil {
		return of.until.moment()
	}
	return start.at(start.wall.AddDate(0, 0, s.days)).moment().Add(s.clock)
}

// from is the span of one of the series that begins at another time.
func (s span) from(start local) span {
	if s.until != nil {
		until := s.until.plus(start.wall.Sub(s.first.wall))
		s.until = &until
	}
	s.first = start
	return s
}

// longest is how long it takes at most.
func (s span) longest() time.Duration {
	d := s.end(s.first).Sub(s.first.moment()) + 24*time.Hour
	return min(max(d, 0), longAgo)
}

// span reads when an event begins, and how long it is.
func (c *calendar) span(v *ics.VEvent) (local, span, error) {
	p := v.GetProperty(ics.ComponentPropertyDtStart)
	if p == nil {
		return local{}, span{}, wrong("it has no start")
	}
	start, err := c.time(p)
	if err != nil {
		return local{}, span{}, err
	}
	s := span{first: start}
	if p := v.GetProperty(ics.ComponentPropertyDtEnd); p != nil {
		end, err := c.time(p)
		if err != nil {
			return local{}, span{}, err
		}
		s.until = &end
		return start, s, nil
	}
	if p := v.GetProperty(ics.ComponentPropertyDuration); p != nil {
		if s.days, s.clock, err = duration(p.Value); err != nil {
			return local{}, span{}, err
		}
		return start, s, nil
	}
	if start.day {
		s.days = 1
		return start, s, nil
	}
	return local{}, span{}, wrong("it has no end")
}

// time reads a date or a time, in the zone that it names.
func (c *calendar) time(p *ics.IANAProperty) (local, error) {
	z := c.zones.otherwise
	if id := p.ICalParameters["TZID"]; len(id) > 0 {
		named, known := c.zones.named(id[0])
		if !known {
			return local{}, wrong("its time zone %q is not known", clean(id[0], maxLead))
		}
		z = named
	}
	return moment(p.Value, z)
}

// times reads a list of them, each as long as the rest of the series where it is no
// period of its own; what is none is left out.
func (c *calendar) times(p *ics.IANAProperty, s span) (all []span) {
	for value := range strings.SplitSeq(p.Value, ",") {
		one := *p
		var rest string
		one.Value, rest, _ = strings.Cut(strings.TrimSpace(value), "/")
		start, err := c.time(&one)
		if err != nil {
			continue
		}
		of := s.from(start)
		if rest != "" {
			if of, err = c.period(one, start, rest); err != nil {
				continue
			}
		}
		all = append(all, of)
	}
	return all
}

// period is a span by its end, or by how long it is (RFC 5545, section 3.3.9).
func (c *calendar) period(p ics.IANAProperty, start local, rest string) (s span, err error) {
	s.first = start
	if strings.HasPrefix(strings.ToUpper(strings.TrimLeft(rest, "+")), "P") {
		s.days, s.clock, err = duration(rest)
		return s, err
	}
	p.Value = rest
	end, err := c.time(&p)
	s.until = &end
	return s, err
}

// clock is a start as a clock there shows it: what is written in UTC was written by a
// program for people of some place.
func (c *calendar) clock(start local) local {
	written, is := start.zone.(place)
	there, known := c.zones.otherwise.(place)
	if is && known && written.Location == time.UTC {
		return start.in(there)
	}
	return start
}

// Times that a change cannot have are refused, as reckoning with them overflows.
const earliest, latest = 1900, 2200

func moment(value string, z zone) (local, error) {
	l := local{zone: z}
	var err error
	switch value = strings.TrimSpace(value); {
	case len(value) == len("20060102"):
		l.day = true
		l.wall, err = time.Parse("20060102", value)
	case strings.HasSuffix(value, "Z"):
		l.zone = place{time.UTC}
		l.wall, err = time.Parse("20060102T150405Z", value)
	default:
		l.wall, err = time.Parse("20060102T150405", value)
	}
	if err != nil || l.wall.Year() < earliest || l.wall.Year() > latest {
		return local{}, wrong("it has a time that is none: %q", clean(value, maxLead))
	}
	return l, nil
}

// period is a DURATION of RFC 5545, section 3.3.6.
var period = regexp.MustCompile(`^\+?P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?$`)

func duration(s string) (days int, clock time.Duration, err error) {
	m := period.FindStringSubmatch(strings.ToUpper(strings.TrimSpace(s)))
	if m == nil {
		return 0, 0, wrong("its duration %q is not understood", clean(s, maxLead))
	}
	n := func(i int) int {
		v, _ := strconv.Atoi(m[i])
		return v
	}
	return 7*n(1) + n(2), time.Duration(n(3))*time.Hour + time.Duration(n(4))*time.Minute + time.Duration(n(5))*time.Second, nil
}
