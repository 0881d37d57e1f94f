package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// mounted are the pages beside the API, by pattern.
type mounted map[string]bool

func (m mounted) Handle(pattern string, _ http.Handler) { m[pattern] = true }

// TestPagesBesideTheAPI: no token opens them and none is asked for, whatever role it
// has; each wants a proof of its own, and without it says nothing and does nothing. One
// that has no row here fails.
func TestPagesBesideTheAPI(t *testing.T) {
	roles := []string{"alerts", "viewer", "responder", "admin"}
	access := "access: {tokens: ["
	for _, r := range roles {
		access += fmt.Sprintf("{name: the-%s, role: %s, token: secret-of-%s}, ", r, r, r)
	}
	rows := map[string]struct {
		path string
		want int
	}{
		"GET /answer/{token}":   {"/answer/00000000000000000000000000000000000000", 404}, // a link that was made for a person
		"POST /answer/{token}":  {"/answer/00000000000000000000000000000000000000", 404},
		"POST /twilio/status":   {"/twilio/status?ref=x", 403}, // the provider's signature
		"POST /twilio/inbound":  {"/twilio/inbound", 403},
		"POST /unsubscribe/any": {"/unsubscribe/any", 404}, // what a mail brought; the rest of its rules are web's
	}
	tellWith(t, storyConfig+access+"]}\n", func(t *testing.T, s *story) {
		ask := func(method, path, body string, change func(*http.Request)) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, "https://sitrep.voorbeeld.example"+path, strings.NewReader(body))
			r.RemoteAddr = "192.0.2.7:5"
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			change(r)
			w := httptest.NewRecorder()
			s.daemon.handler.ServeHTTP(w, r)
			return w
		}
		admin := func(r *http.Request) { r.Header.Set("Authorization", "Bearer secret-of-admin") }
		hook := fmt.Sprintf(`{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"Down","service":"mail","severity":"critical"},"startsAt":%q,"fingerprint":"a"}]}`, s.began.UTC().Format(time.RFC3339))
		if w := ask("POST", "/api/v1/alertmanager", hook, func(r *http.Request) { admin(r); r.Header.Set("Content-Type", "application/json") }); w.Code != 202 {
			t.Fatal(w.Code, w.Body)
		}
		s.pass(6 * time.Minute)
		state := func() string { return ask("GET", "/api/v1/incidents/SR-1", "", admin).Body.String() }
		before := state()
		if !strings.Contains(before, `"state":"open"`) {
			t.Fatal(before)
		}

		all := mounted{}
		s.daemon.back.mount(all)
		for _, p := range s.daemon.handler.pages {
			all[p.pattern] = true
		}
		for pattern := range all {
			if _, known := rows[pattern]; !known {
				t.Errorf("%s has no row: who may what there?", pattern)
			}
		}
		for pattern, row := range rows {
			method, _, _ := strings.Cut(pattern, " ")
			for _, token := range append(roles, "") {
				w := ask(method, row.path, "how=resolve&sure=yes&words=x&From=%2B31612345604&Body=SR-1+RESOLVE&MessageStatus=delivered", func(r *http.Request) {
					if token != "" {
						r.Header.Set("Authorization", "Bearer secret-of-"+token)
					}
				})
				if w.Code != row.want || strings.Contains(w.Body.String(), "SR-1") {
					t.Errorf("%s with the token of %q was answered %d %s, want %d", pattern, token, w.Code, w.Body, row.want)
				}
			}
		}
		if after := state(); after != before {
			t.Errorf("something changed: %s", after)
		}
		s.twilio.Close()
	})
}

// TestWhatIsServedIsCheckedIn: a sitrep as it runs serves the description that people
// read beside the code, but for its version.
func TestWhatIsServedIsCheckedIn(t *testing.T) {
	want, err := os.ReadFile("../../router/web/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	tellWith(t, storyConfig, func(t *testing.T, s *story) {
		_, body := s.call("GET", "/openapi.json", "")
		var served, kept map[string]any
		if json.Unmarshal([]byte(body), &served) != nil || json.Unmarshal(want, &kept) != nil {
			t.Fatalf("no JSON: %s", body)
		}
		served["info"].(map[string]any)["version"] = kept["info"].(map[string]any)["version"]
		a, _ := json.MarshalIndent(served, "", " ")
		b, _ := json.MarshalIndent(kept, "", " ")
		if !bytes.Equal(a, b) {
			t.Errorf("it serves another than router/web/openapi.json:\n%s", a)
		}
		s.twilio.Close()
	})
}
