package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"

	"sitrep/policies"
	"sitrep/policies/words"
)

// factSheet reads fact sheets strictly: one, or a list of those that one message
// is to say together. kind takes the place of theirs, unless it is empty. Where
// anything is wrong the error is of type policies.Problems and holds everything
// that is.
func factSheet(file string, data []byte, kind words.Kind) ([]words.View, error) {
	data = bytes.TrimPrefix(data, byteOrderMark)
	r := &sheetReader{file: file, data: data, in: json.NewDecoder(bytes.NewReader(data))}
	r.in.UseNumber()
	var all []words.View
	var err error
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		err = r.value(reflect.ValueOf(&all).Elem(), "the list")
	} else {
		all = make([]words.View, 1)
		err = r.value(reflect.ValueOf(&all[0]).Elem(), "the fact sheet")
	}
	if err == nil {
		if _, err := r.in.Token(); !errors.Is(err, io.EOF) {
			r.fail(r.in.InputOffset(), "a file holds one fact sheet, or one list of them", "there is more after its end")
		}
		for i := range all {
			all[i].Kind = cmp.Or(kind, all[i].Kind)
			all[i].Number = cmp.Or(all[i].Number, 1)
		}
		r.complete(all)
	}
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	return all, nil
}

// byteOrderMark is what some editors begin a file with.
var byteOrderMark = []byte("\uFEFF")

// sheetReader fills a value with what a JSON text says, and knows where it is.
type sheetReader struct {
	file     string
	data     []byte
	in       *json.Decoder
	problems policies.Problems
}

// errSyntax ends the reading: what follows would make no sense.
var errSyntax = errors.New("not JSON")

// fail notes what is wrong at a place.
func (r *sheetReader) fail(offset int64, hint, format string, args ...any) {
	before := r.data[:min(int(offset), len(r.data))]
	begin := bytes.LastIndexByte(before, '\n') + 1
	source, _, _ := bytes.Cut(r.data[begin:], []byte("\n"))
	r.problems = append(r.problems, policies.Problem{
		File: r.file, Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + utf8.RuneCount(before[begin:]),
		Source: strings.TrimRight(strings.ToValidUTF8(string(source), "?"), "\r"), Text: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// token returns the next token and where it begins.
func (r *sheetReader) token() (json.Token, int64, error) {
	begin := r.in.InputOffset()
	for int(begin) < len(r.data) && strings.IndexByte(" \t\r\n:,", r.data[begin]) >= 0 {
		begin++
	}
	t, err := r.in.Token()
	if err == nil {
		return t, begin, nil
	}
	text, at := err.Error(), begin
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		text, at = "it ends too early", int64(len(r.data))
	}
	r.fail(at, "sitrep render --example prints a fact sheet to begin with", "this is no JSON: %s", text)
	return nil, 0, errSyntax
}

// value reads the next value into v. An error ends the reading; a value that does
// not fit is noted, and passed over.
func (r *sheetReader) value(v reflect.Value, name string) error {
	t, at, err := r.token()
	if err != nil {
		return err
	}
	if d, opens := t.(json.Delim); opens {
		return r.within(v, name, d, at)
	}
	if t == nil { // null is as good as nothing
		return nil
	}
	if problem := setScalar(v, t); problem != "" {
		r.fail(at, problem, "%q is not right: %s", name, shown(t))
	}
	return nil
}

// within reads an object or a list.
func (r *sheetReader) within(v reflect.Value, name string, d json.Delim, at int64) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.Interface: // of an unknown field
		return r.skip()
	case d == '{' && v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
		return r.object(name, func(key string, at int64) error { return r.field(v, name, key, at) })
	case d == '{' && v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		return r.object(name, func(key string, _ int64) error {
			one := reflect.New(v.Type().Elem()).Elem()
			err := r.value(one, name+"."+key)
			v.SetMapIndex(reflect.ValueOf(key), one)
			return err
		})
	case d == '[' && v.Kind() == reflect.Slice:
		for r.in.More() {
			one := reflect.New(v.Type().Elem()).Elem()
			if err := r.value(one, fmt.Sprintf("%s[%d]", name, v.Len())); err != nil {
				return err
			}
			v.Set(reflect.Append(v, one))
		}
		_, _, err := r.token()
		return err
	}
	r.fail(at, expected(v.Type()), "%q is not right: %c", name, d)
	return r.skip()
}

// object reads the keys of an object up to its end.
func (r *sheetReader) object(name string, each func(key string, at int64) error) error {
	seen := map[string]bool{}
	for r.in.More() {
		t, at, err := r.token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		if seen[key] {
			r.fail(at, "keep one", "%q stands twice in %s", key, name)
		}
		seen[key] = true
		if err := each(key, at); err != nil {
			return err
		}
	}
	_, _, err := r.token()
	return err
}

// field reads the field that a key names.
func (r *sheetReader) field(v reflect.Value, name, key string, at int64) error {
	known := fieldsOf(v.Type())
	i, is := known[key]
	if !is {
		r.fail(at, fieldHint(key, known), "unknown field %q of %s", key, name)
		return r.value(reflect.New(reflect.TypeFor[any]()).Elem(), key)
	}
	return r.value(v.Field(i), key)
}

// skip reads to the end of what was opened last.
func (r *sheetReader) skip() error {
	for deep := 1; deep > 0; {
		t, _, err := r.token()
		if err != nil {
			return err
		}
		if d, is := t.(json.Delim); is {
			if deep--; d == '{' || d == '[' {
				deep += 2
			}
		}
	}
	return nil
}

// fieldsOf returns the fields of a struct by their names in JSON.
func fieldsOf(t reflect.Type) map[string]int {
	all := map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		all[name] = i
	}
	return all
}

// fieldHint says what there is instead of an unknown field.
func fieldHint(key string, known map[string]int) string {
	var all []string
	plain := strings.NewReplacer("_", "", "-", "", " ", "")
	for name := range known {
		if strings.EqualFold(plain.Replace(name), plain.Replace(key)) {
			return fmt.Sprintf("did you mean %q?", name)
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return "there are " + strings.Join(all, ", ")
}

// setScalar puts a scalar into v; what it returns says what v would have taken.
func setScalar(v reflect.Value, t json.Token) string {
	switch v.Addr().Interface().(type) {
	case *time.Time:
		text, _ := t.(string)
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return expected(v.Type())
		}
		v.Set(reflect.ValueOf(at))
		return ""
	case *time.Duration:
		text, _ := t.(string)
		d, err := model.ParseDuration(text)
		if err != nil {
			return expected(v.Type())
		}
		v.SetInt(int64(d))
		return ""
	}
	switch got := t.(type) {
	case string:
		if v.Kind() == reflect.String {
			v.SetString(got)
			return ""
		}
		if v.Kind() == reflect.Map { // one text for every language
			v.Set(reflect.ValueOf(map[string]string{"": got}))
			return ""
		}
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(got)
			return ""
		}
	case json.Number:
		if n, err := got.Int64(); err == nil && n >= 0 && v.Kind() == reflect.Int { // all are counts
			v.SetInt(n)
			return ""
		}
	}
	if v.Kind() == reflect.Interface { // of an unknown field
		return ""
	}
	return expected(v.Type())
}

// expected says what a field takes.
func expected(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Time]():
		return `moments look like "2026-11-23T13:05:00+01:00"`
	case reflect.TypeFor[time.Duration]():
		return `durations look like "90s", "65m", "1h30m" or "1d"`
	}
	switch t.Kind() {
	case reflect.Map:
		return `write a text, or texts by language: {"nl": "e-mail", "en": "email"}`
	case reflect.Bool:
		return "write true or false"
	case reflect.Int:
		return "write a whole number, 0 or more"
	case reflect.Slice:
		return "write a list: [ … ]"
	case reflect.String:
		return `write a text: "…"`
	}
	return "write an object: { … }"
}

func shown(t json.Token) string {
	if s, is := t.(string); is {
		return fmt.Sprintf("%.60q", s)
	}
	return fmt.Sprint(t)
}
