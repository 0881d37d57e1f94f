package incident

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Inputs of alerts come by the thousand a second in a storm, a hundred alerts in each,
// and each is written once and read once. So they are written and read here, where
// that is done in the one form that they have; every other input, and every other
// form, is the standard library's. It reads what is written here, and the other way
// round.

// AppendJSON appends the input as JSON, and reports whether it is one of alerts:
// only those it can.
func (in Input) AppendJSON(b []byte) ([]byte, bool) {
	bare := in
	bare.At, bare.Alerts = time.Time{}, nil
	if len(in.Alerts) == 0 || !fits(in.At) || !reflect.ValueOf(bare).IsZero() {
		return b, false
	}
	start := len(b)
	b = append(b, `{"at":`...)
	b = appendTime(b, in.At)
	b = append(b, `,"alerts":[`...)
	for n, o := range in.Alerts {
		if n > 0 {
			b = append(b, ',')
		}
		var ok bool
		if b, ok = o.append(b); !ok {
			return b[:start], false
		}
	}
	return append(b, "]}"...), true
}

// fits reports whether a moment can be written, and comes back as it was.
func fits(t time.Time) bool { return t.Location() == time.UTC && t.Year() >= 0 && t.Year() <= 9999 }

func (o Observation) append(b []byte) ([]byte, bool) {
	if o.Labels == nil || len(o.Account) > 0 || !fits(o.StartsAt) || !fits(o.EndsAt) {
		return b, false
	}
	ok := true
	text := func(s string) {
		var err error
		b, err = jsontext.AppendQuote(b, s)
		ok = ok && err == nil
	}
	b = append(b, `{"fingerprint":`...)
	text(o.Fingerprint)
	b = append(b, `,"labels":{`...)
	names := make([]string, 0, 16)
	for name := range o.Labels {
		names = append(names, name)
	}
	slices.Sort(names)
	for n, name := range names {
		if n > 0 {
			b = append(b, ',')
		}
		text(name)
		b = append(b, ':')
		text(o.Labels[name])
	}
	b = append(b, '}')
	if o.Summary != "" {
		b = append(b, `,"summary":`...)
		text(o.Summary)
	}
	b = append(b, `,"starts_at":`...)
	b = appendTime(b, o.StartsAt)
	if !o.EndsAt.IsZero() {
		b = append(b, `,"ends_at":`...)
		b = appendTime(b, o.EndsAt)
	}
	if o.Firing {
		return append(b, `,"firing":true}`...), ok
	}
	return append(b, `,"firing":false}`...), ok
}

func appendTime(b []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

// ReadInputs reads a list of inputs.
func ReadInputs(data []byte) ([]Input, error) {
	r := scanner{rest: data, known: map[string]string{}}
	if !r.take("[") {
		var all []Input
		return all, json.Unmarshal(data, &all)
	}
	all := []Input{}
	for more := !r.take("]"); more; {
		var in Input
		before := r.rest
		if r.input(&in) {
			all = append(all, in)
		} else { // of another kind, or written by somebody else
			raw, err := jsontext.NewDecoder(bytes.NewBuffer(before)).ReadValue()
			if err == nil {
				r.rest, in = before[len(raw):], Input{}
				err = json.Unmarshal(raw, &in)
			}
			if err != nil {
				return nil, err
			}
			all = append(all, in)
		}
		if more = r.take(","); !more && !r.take("]") {
			return nil, errors.New("a list of inputs does not end")
		}
	}
	if len(r.rest) > 0 {
		return nil, errors.New("there is more after a list of inputs")
	}
	return all, nil
}

// scanner reads what AppendJSON wrote, byte for byte, and nothing else.
type scanner struct {
	rest  []byte
	known map[string]string // texts; alerts have most of theirs in common
	room  []byte
}

func (r *scanner) take(text string) bool {
	if len(r.rest) < len(text) || string(r.rest[:len(text)]) != text {
		return false
	}
	r.rest = r.rest[len(text):]
	return true
}

func (r *scanner) input(in *Input) bool {
	if !r.take(`{"at":`) || !r.moment(&in.At) || !r.take(`,"alerts":[`) {
		return false
	}
	in.Alerts = []Observation{}
	for more := !r.take("]}"); more; {
		var o Observation
		if !r.observation(&o) {
			return false
		}
		in.Alerts = append(in.Alerts, o)
		if more = r.take(","); !more && !r.take("]}") {
			return false
		}
	}
	return true
}

func (r *scanner) observation(o *Observation) bool {
	if !r.take(`{"fingerprint":`) || !r.text(&o.Fingerprint) || !r.take(`,"labels":{`) {
		return false
	}
	o.Labels = make(map[string]string, 12)
	for more := !r.take("}"); more; {
		var name, value string
		if !r.text(&name) || !r.take(":") || !r.text(&value) {
			return false
		}
		o.Labels[name] = value
		if more = r.take(","); !more && !r.take("}") {
			return false
		}
	}
	if r.take(`,"summary":`) && !r.text(&o.Summary) {
		return false
	}
	if !r.take(`,"starts_at":`) || !r.moment(&o.StartsAt) {
		return false
	}
	if r.take(`,"ends_at":`) && !r.moment(&o.EndsAt) {
		return false
	}
	o.Firing = r.take(`,"firing":true}`)
	return o.Firing || r.take(`,"firing":false}`)
}

func (r *scanner) moment(t *time.Time) bool {
	if len(r.rest) < 2 || r.rest[0] != '"' {
		return false
	}
	end := bytes.IndexByte(r.rest[1:], '"')
	if end < 0 || r.rest[end] != 'Z' || t.UnmarshalText(r.rest[1:1+end]) != nil {
		return false
	}
	r.rest = r.rest[end+2:]
	return true
}

func (r *scanner) text(s *string) bool {
	if len(r.rest) < 2 || r.rest[0] != '"' {
		return false
	}
	end, escaped := 1, false
	for ; ; end++ {
		if end >= len(r.rest) || r.rest[end] < ' ' {
			return false
		}
		if c := r.rest[end]; c == '"' {
			break
		} else if c == '\\' {
			end, escaped = end+1, true
		}
	}
	raw := r.rest[1:end]
	if escaped {
		var err error
		if r.room, err = jsontext.AppendUnquote(r.room[:0], r.rest[:end+1]); err != nil {
			return false
		}
		raw = r.room
	} else if !utf8.Valid(raw) {
		return false
	}
	r.rest = r.rest[end+1:]
	var known bool
	if *s, known = r.known[string(raw)]; !known {
		*s = string(raw)
		r.known[*s] = *s
	}
	return true
}
