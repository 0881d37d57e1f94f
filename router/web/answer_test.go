package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// answer is what a call got.
type answer struct {
	status int
	header http.Header
	body   string
}

// problem checks that an answer is a problem as RFC 9457 has it, and returns
// its detail and what it says of single fields.
func (a answer) problem(t testing.TB, status int) (detail string, fields map[string]string) {
	t.Helper()
	var p struct {
		Title, Detail string
		Status        int
		Errors        []struct{ Location, Message string }
	}
	if a.status != status || a.header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("answered %d, %q: %s; want %d and a problem", a.status, a.header.Get("Content-Type"), a.body, status)
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	if p.Status != status || p.Title != http.StatusText(status) || p.Detail == "" || strings.Contains(a.body, "$schema") {
		t.Errorf("the problem is %s", a.body)
	}
	if a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", a.header)
	}
	fields = map[string]string{}
	for _, e := range p.Errors {
		fields[e.Location] = e.Message
	}
	return p.Detail, fields
}

// into reads an answer's body.
func (a answer) into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}
