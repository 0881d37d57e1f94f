package web_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"mime"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// description is openapi.json as it is checked in.
type description struct {
	Paths      map[string]map[string]described
	Components struct{ Schemas map[string]any }
}

// described is one operation.
type described struct {
	Responses map[string]struct {
		Content map[string]struct{ Schema any }
		Headers map[string]any
	}
}

// checkedIn returns the description; it is read once.
var checkedIn = sync.OnceValue(func() (d description) {
	data, err := os.ReadFile("openapi.json")
	if err == nil {
		err = json.Unmarshal(data, &d)
	}
	if err != nil {
		panic(err)
	}
	return d
})

// operation returns what is described of a pattern of the mux.
func (d description) operation(pattern string) (described, bool) {
	method, path, _ := strings.Cut(pattern, " ")
	op, known := d.Paths[path][strings.ToLower(method)]
	return op, known
}

// fits checks an answer against what is described of it: its status, its type, what
// goes with an error, and its body.
func (d description) fits(t testing.TB, pattern string, a answer) {
	t.Helper()
	op, known := d.operation(pattern)
	if !known {
		return
	}
	r, known := op.Responses[fmt.Sprint(a.status)]
	if !known {
		t.Errorf("%s answered %d, which is not described: %s", pattern, a.status, a.body)
		return
	}
	for name := range r.Headers {
		if a.status >= 400 && a.header.Get(name) == "" {
			t.Errorf("%s answered %d without %s: %v", pattern, a.status, name, a.header)
		}
	}
	if len(r.Content) == 0 {
		if a.body != "" {
			t.Errorf("%s answered %d with %s, and no body is described", pattern, a.status, a.body)
		}
		return
	}
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	content, known := r.Content[kind]
	if !known {
		t.Errorf("%s answered %d as %q, which is not described", pattern, a.status, kind)
		return
	}
	if !strings.HasSuffix(kind, "json") {
		return
	}
	var body any
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Errorf("%s answered %d with no JSON: %v", pattern, a.status, err)
	}
	for _, wrong := range d.check(content.Schema, body, "body") {
		t.Errorf("%s answered %d otherwise than is described: %s: %s", pattern, a.status, wrong, a.body)
	}
}

// check says where a value is not as a schema has it. A word of the schema that is
// not known here is a mistake too, so that none is overlooked.
func (d description) check(schema, value any, at string) (wrong []string) {
	s, ok := schema.(map[string]any)
	if !ok {
		return []string{at + " has no schema"}
	}
	bad := func(format string, args ...any) { wrong = append(wrong, at+" "+fmt.Sprintf(format, args...)) }
	for _, word := range slices.Sorted(maps.Keys(s)) {
		switch is := s[word]; word {
		case "description", "examples", "default":
		case "$ref":
			wrong = append(wrong, d.check(d.Components.Schemas[strings.TrimPrefix(is.(string), "#/components/schemas/")], value, at)...)
		case "type":
			kinds, several := is.([]any)
			if !several {
				kinds = []any{is}
			}
			if kind := kindOf(value); !slices.Contains(kinds, any(kind)) && (kind != "integer" || !slices.Contains(kinds, any("number"))) {
				bad("is %s, not %v", kind, is)
			}
		case "enum":
			if !slices.Contains(is.([]any), value) {
				bad("is %v, none of %v", value, is)
			}
		case "required":
			for _, name := range is.([]any) {
				if o, ok := value.(map[string]any); ok && !has(o, name.(string)) {
					bad("lacks %s", name)
				}
			}
		case "properties", "additionalProperties", "items": // by what is in the value, below
		case "format":
			if text, ok := value.(string); ok && is == "date-time" {
				if _, err := time.Parse(time.RFC3339, text); err != nil || !strings.HasSuffix(text, "Z") {
					bad("is no moment in UTC: %q", text)
				}
			}
		case "minimum":
			if n, ok := value.(float64); ok && n < is.(float64) {
				bad("is less than %v", is)
			}
		default:
			bad("has a schema with %q, of which nothing is known here", word)
		}
	}
	properties, _ := s["properties"].(map[string]any)
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			switch more := s["additionalProperties"].(type) {
			case bool:
				if properties[name] == nil && !more {
					bad("has %s, which is not described", name)
				}
			case map[string]any:
				wrong = append(wrong, d.check(more, member, at+"."+name)...)
			}
			if properties[name] != nil {
				wrong = append(wrong, d.check(properties[name], member, at+"."+name)...)
			}
		}
	case []any:
		for i, item := range v {
			wrong = append(wrong, d.check(s["items"], item, fmt.Sprintf("%s[%d]", at, i))...)
		}
	}
	return wrong
}

func has[V any](o map[string]V, name string) bool {
	_, there := o[name]
	return there
}

// kindOf is what a schema calls the type of a value.
func kindOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
