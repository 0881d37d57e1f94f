package agenda

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"sitrep/router/incident"
)

var (
	errNoCalendar = errors.New("it is no iCalendar file, or not all of one")
	errTooMany    = errors.New("it has too many entries that are not over")
)

// maxDepth is how deep its parts may nest.
const maxDepth = 8

// Calendar reads an iCalendar file (RFC 5545). An error says that there is nothing to go
// by; an entry that is not understood is amiss, and the others are taken.
func Calendar(data []byte, r Rules, now time.Time) (Reading, error) {
	cal, err := parse(data)
	if err != nil {
		return Reading{}, err
	}
	c := calendar{Rules: r, now: now, zones: readZones(cal, r.Zone, now)}
	return c.read(cal)
}

// parse reads the syntax. A panic of the reader is a mistake in the file: nothing that
// stands in one may end the program.
func parse(data []byte) (cal *ics.Calendar, err error) {
	defer func() {
		if recover() != nil {
			cal, err = nil, errNoCalendar
		}
	}()
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	upper := bytes.ToUpper(data[max(0, len(data)-len("END:VCALENDAR")):])
	if !bytes.Equal(upper, []byte("END:VCALENDAR")) { // it may be written at this moment
		return nil, errNoCalendar
	}
	depth := 0
	for line := range bytes.Lines(data) {
		switch {
		case bytes.HasPrefix(line, []byte("BEGIN:")):
			depth++
		case bytes.HasPrefix(line, []byte("END:")):
			depth--
		}
		if depth > maxDepth {
			return nil, errNoCalendar
		}
	}
	if cal, err = ics.ParseCalendarWithOptions(bytes.NewReader(data), ics.WithUnknownPropertyHandler(ics.AcceptUnknownPropertyHandler)); err != nil {
		return nil, errNoCalendar // the error repeats what stands in it
	}
	return cal, nil
}

// calendar is one that is being read.
type calendar struct {
	Rules
	now    time.Time
	zones  *zones
	series int
}

// key tells events apart: one of a series has a time of its own.
type key struct {
	uid string
	at  int64 // of RECURRENCE-ID; 0: there is none
}

func (c *calendar) read(cal *ics.Calendar) (Reading, error) {
	newest, order := map[key]*ics.VEvent{}, []key{}
	moved := map[string]map[int64]bool{} // what of a series stands by itself
	out := Reading{}
	for _, v := range cal.Events() {
		k := key{uid: text(v, ics.ComponentPropertyUniqueId)}
		out.All++
		if p := v.GetProperty(ics.ComponentPropertyRecurrenceId); p != nil {
			at, err := c.time(p)
			if err != nil {
				e := Entry{UID: c.uid(k.uid), Series: true, Said: incident.Entry{Source: c.Source, Title: clean(text(v, ics.ComponentPropertySummary), maxTitle)}}
				e.amiss(err)
				out.Entries = append(out.Entries, e)
				continue
			}
			if k.at = at.moment().Unix(); moved[k.uid] == nil {
				moved[k.uid] = map[int64]bool{}
			}
			moved[k.uid][k.at] = true
		}
		last, known := newest[k]
		if !known {
			order = append(order, k)
		}
		if !known || later(v, last) {
			newest[k] = v
		}
	}
	for _, k := range order {
		out.Entries = append(out.Entries, c.entries(newest[k], k, moved[k.uid])...)
		if c.current(out.Entries) > maxEntries || c.series > maxSeries {
			return Reading{}, errTooMany
		}
	}
	return out, nil
}

// current counts what is not over.
func (c *calendar) current(all []Entry) (n int) {
	for _, e := range all {
		if e.Said.End.After(c.now) || e.Amiss != "" && e.Said.End.IsZero() {
			n++
		}
	}
	return n
}

// later reports whether an event takes the place of another of the same name.
func later(v, than *ics.VEvent) bool {
	number := func(v *ics.VEvent) int {
		n, _ := strconv.Atoi(text(v, ics.ComponentPropertySequence))
		return n
	}
	return cmp.Or(cmp.Compare(number(v), number(than)),
		strings.Compare(text(v, ics.ComponentPropertyLastModified), text(than, ics.ComponentPropertyLastModified))) > 0
}

func text(v *ics.VEvent, name ics.ComponentProperty) string {
	if p := v.GetProperty(name); p != nil {
		return p.Value
	}
	return ""
}

// uid is how sitrep calls an entry: as the calendar does, where that is a name.
func (c *calendar) uid(raw string) string {
	if name := clean(raw, maxUID); name == raw && name != "" {
		return name
	}
	sum := sha256.Sum256([]byte(raw))
	return hex.EncodeToString(sum[:16]) + "@sitrep"
}

// stamp is what is added to the name of a series for one of it.
const stamp = "-20060102T150405Z"

// entries are what one event says: one change, or each of a series.
func (c *calendar) entries(v *ics.VEvent, k key, moved map[int64]bool) []Entry {
	status := strings.ToUpper(text(v, ics.ComponentPropertyStatus))
	e := Entry{UID: c.uid(k.uid), Cancelled: status == "CANCELLED", Tentative: status == "TENTATIVE"}
	e.Said = incident.Entry{Source: c.Source, Title: clean(text(v, ics.ComponentPropertySummary), maxTitle)}
	if k.at != 0 {
		e.UID += time.Unix(k.at, 0).UTC().Format(stamp)
	}
	rules := v.GetProperties(ics.ComponentPropertyRrule)
	dates := v.GetProperties(ics.ComponentPropertyRdate)
	e.Series = k.at == 0 && len(rules)+len(dates) > 0
	start, span, err := c.span(v)
	if k.uid == "" {
		err = wrong("it has no UID")
	}
	if err != nil {
		e.amiss(err)
		return []Entry{e}
	}
	if !e.Series {
		c.fill(&e, v, start, span)
		return []Entry{e}
	}
	c.series++
	starts, err := c.starts(v, rules, dates, start, span)
	if err != nil {
		e.amiss(err)
		return []Entry{e}
	}
	if e.Cancelled { // all of it: gone is cancelled
		return nil
	}
	var all []Entry
	for _, s := range starts {
		if at := s.first.moment(); !moved[at.Unix()] {
			one := e
			one.UID, one.Series = e.UID+at.Format(stamp), false
			c.fill(&one, v, s.first, s)
			all = append(all, one)
		}
	}
	return all
}

// starts are when those of a series begin that are not long over, and how long each is.
func (c *calendar) starts(v *ics.VEvent, rules, dates []*ics.IANAProperty, start local, s span) ([]span, error) {
	except, from, to := map[int64]bool{}, c.now.Add(-s.longest()-24*time.Hour), c.now.Add(ahead)
	for _, p := range v.GetProperties(ics.ComponentPropertyExdate) {
		for _, one := range c.times(p, s) {
			except[one.first.moment().Unix()] = true
		}
	}
	var all []span
	add := func(one span) {
		if at := one.first.moment(); !except[at.Unix()] && !at.Before(c.now.Add(-one.longest()-24*time.Hour)) && !at.After(to) {
			except[at.Unix()] = true // each once
			all = append(all, one)
		}
	}
	if len(rules) == 0 {
		add(s)
	}
	for n, p := range rules {
		if n > 3 {
			return nil, wrong("it has too many rules of recurrence")
		}
		list, err := recurring(start, p.Value, from, to)
		if err != nil {
			return nil, err
		}
		for _, l := range list {
			add(s.from(l))
		}
	}
	for _, p := range dates {
		for _, one := range c.times(p, s) {
			add(one)
		}
	}
	return all, nil
}

// fill says of an entry what the event does.
func (c *calendar) fill(e *Entry, v *ics.VEvent, start local, s span) {
	e.Said.Start, e.Said.End = start.moment(), s.end(start)
	if e.Cancelled || e.Tentative {
		return
	}
	l := readLines(text(v, ics.ComponentPropertyDescription))
	if e.Said.Lead = l.lead; e.Said.Lead == "" {
		if p := v.GetProperty(ics.ComponentPropertyOrganizer); p != nil {
			e.Said.Lead = person(strings.Join(p.ICalParameters["CN"], " "))
		}
	}
	names := l.services
	if len(names) == 0 {
		for _, p := range v.GetProperties(ics.ComponentPropertyCategories) {
			names = append(names, named(p.Value)...)
		}
	}
	var err error
	if e.Said.Services, err = c.services(names); err == nil {
		if e.Said.Decide, err = decision(l.decide, c.clock(start)); err == nil {
			err = sound(e.Said, c.now)
		}
	}
	if err == nil && e.Said.Title == "" {
		err = wrong("it has no summary")
	}
	if err != nil {
		e.amiss(err)
	}
}
