package intake

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"sitrep/router/incident"
)

// quick reads a webhook as Alertmanager writes it, in a third of the time, and says
// of any other that it does not: Parse knows then what is wrong with it, if anything
// is. What it reads, it reads as Parse does.
//
// It goes over the body once, makes no value that nobody keeps, and none twice:
// alerts of one webhook have most of their text in common.
func quick(body []byte) (w Webhook, ok bool) {
	q := readers.Get().(*quickly)
	defer q.done()
	q.Reset(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true))
	version, alerts, truncated := false, false, false
	ok = q.object(func(name []byte) bool {
		switch string(name) {
		case "version":
			v, is := q.text()
			once := !version
			version = true
			return is && once && string(v) == "4"
		case "truncatedAlerts":
			v, err := q.ReadValue()
			if err != nil || truncated {
				return false
			}
			truncated = true
			w.Truncated, err = strconv.ParseUint(string(v), 10, 64)
			return err == nil
		case "alerts":
			if alerts {
				return false
			}
			alerts = true
			return q.array(func() bool {
				o, is := q.alert(&w.Unknown)
				w.Alerts = append(w.Alerts, o)
				return is
			})
		}
		return q.skip(name, "version", "truncatedAlerts", "alerts")
	})
	if _, err := q.ReadToken(); !ok || !version || !alerts || !errors.Is(err, io.EOF) {
		return Webhook{}, false
	}
	if w.Alerts == nil {
		w.Alerts = []incident.Observation{}
	}
	return w, true
}

// readers are kept for the next webhook: one of a single alert costs less to read than
// its reader to make.
var readers = sync.Pool{New: func() any { return &quickly{Decoder: new(jsontext.Decoder), known: map[string]string{}} }}

// done forgets a webhook, and keeps the reader unless it grew large.
func (q *quickly) done() {
	if len(q.known) > manyTexts || cap(q.room) > 64<<10 {
		return
	}
	clear(q.known)
	q.Reset(bytes.NewBuffer(nil))
	readers.Put(q)
}

// manyTexts is more than alerts commonly have; a map that held more stays as large.
const manyTexts = 1000

type quickly struct {
	*jsontext.Decoder
	known map[string]string // texts of this webhook, cleaned
	room  []byte            // for one text with escapes
}

// object calls each with the name of each member, which reads its value.
func (q *quickly) object(each func(name []byte) bool) bool {
	if q.PeekKind() != '{' {
		return false
	}
	if _, err := q.ReadToken(); err != nil {
		return false
	}
	for q.PeekKind() == '"' {
		name, is := q.text()
		if !is || !each(name) {
			return false
		}
	}
	end, err := q.ReadToken()
	return err == nil && end.Kind() == '}'
}

func (q *quickly) array(each func() bool) bool {
	if q.PeekKind() != '[' {
		return false
	}
	if _, err := q.ReadToken(); err != nil {
		return false
	}
	for q.PeekKind() == '{' {
		if !each() {
			return false
		}
	}
	end, err := q.ReadToken()
	return err == nil && end.Kind() == ']'
}

// text reads a string; it is of use until the next read.
func (q *quickly) text() ([]byte, bool) {
	if q.PeekKind() != '"' {
		return nil, false
	}
	raw, err := q.ReadValue()
	if err != nil {
		return nil, false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], true
	}
	q.room, err = jsontext.AppendUnquote(q.room[:0], raw)
	return q.room, err == nil
}

// skip passes over a member that nobody reads, unless its name is nearly one that
// is read: the standard library takes that for the same.
func (q *quickly) skip(name []byte, known ...string) bool {
	for _, k := range known {
		if len(k) == len(name) && strings.EqualFold(k, string(name)) {
			return false
		}
	}
	for _, c := range name {
		if c >= 0x80 {
			return false
		}
	}
	return q.SkipValue() == nil
}

// kept is a text as it is kept: cleaned, and cut to so many bytes.
func (q *quickly) kept(raw []byte, limit int) string {
	if s, is := q.known[string(raw)]; is {
		return s
	}
	s := string(raw)
	q.known[s] = clean(s, limit)
	return q.known[s]
}

// alert reads one alert.
func (q *quickly) alert(unknown *[]string) (o incident.Observation, ok bool) {
	var a alert
	seen := 0
	once := func(field int) bool {
		before := seen
		seen |= 1 << field
		return seen != before
	}
	word := func(field int, into *string) bool {
		v, is := q.text()
		*into = string(v)
		return is && once(field)
	}
	simple := true
	ok = q.object(func(name []byte) bool {
		switch string(name) {
		case "status":
			return word(0, &a.Status)
		case "startsAt":
			return word(1, &a.StartsAt)
		case "endsAt":
			return word(2, &a.EndsAt)
		case "fingerprint":
			return word(3, &a.Fingerprint)
		case "labels":
			o.Labels = make(map[string]string, 16)
			return once(4) && q.labels(o.Labels, &simple)
		case "annotations":
			a.Annotations = make(map[string]string, 2)
			return once(5) && q.annotations(a.Annotations)
		}
		return q.skip(name, "status", "startsAt", "endsAt", "fingerprint", "labels", "annotations")
	})
	if !ok || !simple || len(o.Labels) == 0 || clean(a.Fingerprint, maxFingerprint) != a.Fingerprint || a.Fingerprint == "" {
		return o, false
	}
	if err := a.moments(&o); err != nil {
		return o, false
	}
	o.Fingerprint = a.Fingerprint
	a.say(&o, unknown)
	return o, true
}

// labels reads the labels, as long as all of them are kept as they are called.
func (q *quickly) labels(into map[string]string, simple *bool) bool {
	room := maxEncoded
	return q.object(func(name []byte) bool {
		n := q.kept(name, maxValue)
		*simple = *simple && n == string(name) && n != "" && len(n) <= maxName
		value, is := q.text()
		if !is {
			return false
		}
		v := q.kept(value, maxValue)
		if v == "" { // another of that name may come before or after
			_, taken := into[n]
			*simple = *simple && !taken
			return *simple
		}
		_, taken := into[n]
		into[n] = v
		room -= longest*(len(n)+len(v)) + frameOfLabel
		*simple = *simple && !taken && room >= 0 && len(into) <= maxLabels
		return *simple
	})
}

const (
	longest      = 6 // bytes of JSON that one of a text comes to at most
	frameOfLabel = 6
)

// annotations reads those that are kept.
func (q *quickly) annotations(into map[string]string) bool {
	return q.object(func(name []byte) bool {
		switch n := string(name); {
		case n == "summary", n == "description", n == "message", strings.HasPrefix(n, incident.Annotated):
			value, is := q.text()
			into[n] = string(value)
			return is
		}
		return q.PeekKind() == '"' && q.SkipValue() == nil
	})
}
