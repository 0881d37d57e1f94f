package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// against is what check-config --against would say of a configuration.
func (s *story) against(text string) []change {
	s.t.Helper()
	cfg, err := policies.Load("sitrep.yml", func(string) ([]byte, error) { return []byte(text), nil })
	if err != nil {
		s.t.Fatal(err)
	}
	get := func(path string, into any) {
		code, body := s.call("GET", path, "")
		if code != http.StatusOK {
			s.t.Fatalf("%s: %d %s", path, code, body)
		}
		if strings.Contains(body, "@voorbeeld") {
			s.t.Errorf("%s holds an address: %s", path, body)
		}
		if err := json.Unmarshal([]byte(body), into); err != nil {
			s.t.Fatal(err)
		}
	}
	var facts struct {
		Incidents []struct {
			ID    string
			Facts []incident.Fact
		}
	}
	var now struct{ Due []due }
	get("/api/v1/facts", &facts)
	get("/api/v1/schedule", &now)
	goesOn := map[string][]incident.Fact{}
	for _, i := range facts.Incidents {
		goesOn[i.ID] = i.Facts
	}
	return changes(cfg, goesOn, now.Due, time.Now().UTC())
}

// TestAgainst: what it says beforehand is what a reload brings.
func TestAgainst(t *testing.T) {
	tell(t, func(t *testing.T, s *story) {
		if all := s.against(storyConfig); len(all) != 0 {
			t.Errorf("where nothing goes on: %v", all)
		}
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(40 * time.Minute)
		for _, c := range s.against(storyConfig) {
			if !c.none() {
				t.Errorf("the same configuration changes %s: %v, %v", c.audience, c.before, c.after)
			}
		}
		next := strings.Replace(boardless(storyConfig), "{audience: it, cadence: [{from: 0s, every: 30m}]}", "{audience: it, cadence: [{from: 0s, every: 10m}]}\n      - {audience: press, cadence: [{from: 0s, every: 1h}]}", 1)
		next = strings.Replace(next, "audiences:\n", "audiences:\n  - {name: press, channels: [email], recipients: [{name: Press, email: press@voorbeeld.example}]}\n", 1)
		all := s.against(next)
		said := &strings.Builder{}
		if err := tellChanges(said, all, time.Now().UTC()); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"board +01:00 holding +- +gone", "it +01:05 holding +00:45 holding", "management +01:00 holding +01:00 holding +as now", "press +- +at once first +new",
		} {
			want = strings.ReplaceAll(want, " +", "  ")
			if !strings.Contains(blanks.ReplaceAllString(said.String(), "  "), want) {
				t.Errorf("it does not say %q:\n%s", want, said)
			}
		}
		s.configure(next)
		s.reload("?force=true", http.StatusOK)
		s.pass(0)
		var now struct{ Due []due }
		_, body := s.call("GET", "/api/v1/schedule", "")
		if err := json.Unmarshal([]byte(body), &now); err != nil {
			t.Fatal(err)
		}
		came := map[string]string{}
		for _, d := range now.Due {
			came[d.Audience] = fmt.Sprint(d.At.UTC(), d.Kind)
		}
		for _, c := range all {
			if c.after != nil && c.audience != "press" && came[c.audience] != fmt.Sprint(c.after.At.UTC(), c.after.Kind) {
				t.Errorf("%s: it was to be %v, and is %s", c.audience, *c.after, came[c.audience])
			}
		}
		if len(s.smtp.Mailbox("press@voorbeeld.example")) != 1 {
			t.Error("the press did not hear at once")
		}
	})
}
