package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// commandLine is a client that speaks to the story's daemon.
func (s *story) commandLine() *client {
	return &client{base: "http://localhost:8420", http: &http.Client{Transport: inProcess(func(r *http.Request) (*http.Response, error) {
		r.RemoteAddr = "127.0.0.1:40000"
		w := httptest.NewRecorder()
		s.daemon.handler.ServeHTTP(w, r)
		return w.Result(), nil
	})}}
}

type inProcess func(r *http.Request) (*http.Response, error)

func (d inProcess) RoundTrip(r *http.Request) (*http.Response, error) { return d(r) }

// TestWhatIsHeldIsSeen: where nothing goes out without a yes, the schedule says so, and
// when the audience was to hear, before the text is written, while it waits, when it is
// past, and when somebody said no; with a yes the row is gone.
func TestWhatIsHeldIsSeen(t *testing.T) {
	config := strings.Replace(replyConfig, "    critical: true\n", "    critical: true\n    approval: required\n    without_approval: hold\n", 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.provider(nil)
		board := func() (rows []string) {
			t.Helper()
			_, body := s.call("GET", "/api/v1/schedule", "")
			var v struct {
				Due []struct {
					At                  time.Time
					Audience, Kind, Why string
				}
			}
			if err := json.Unmarshal([]byte(body), &v); err != nil {
				t.Fatal(err)
			}
			for _, d := range v.Due {
				if d.Audience == "board" {
					rows = append(rows, fmt.Sprintf("%s %s: %s", d.At.Format("15:04"), d.Kind, d.Why))
				}
			}
			return rows
		}
		want := func(when, row string) {
			t.Helper()
			if rows := board(); len(rows) != 1 || rows[0] != row {
				t.Errorf("%s the board's rows are %q, not %q", when, rows, row)
			}
		}
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(20 * time.Minute)
		want("before the first word", fmt.Sprintf("00:15 first: waits for a yes, update %d", s.waiting()[0].Update))
		s.writes("+31612345601", fmt.Sprintf("SR-1 AKKOORD %d", s.waiting()[0].Update))
		s.pass(time.Minute)
		want("after it", "01:00 holding: critical-outage: from 100% expected, every 30m; only with a yes")
		s.pass(35 * time.Minute)
		n := s.waiting()[0].Update
		want("while it waits", fmt.Sprintf("01:00 holding: waits for a yes, update %d", n))

		var out strings.Builder
		o := &incidentCommand{id: "SR-1"}
		for _, show := range []func() error{
			func() error { return o.show(context.Background(), s.commandLine(), nil, &out) },
			func() error { return o.schedule(context.Background(), s.commandLine(), nil, &out) },
		} {
			if err := show(); err != nil {
				t.Fatal(err)
			}
		}
		for _, says := range []string{fmt.Sprintf("update %d to board (holding) waits for a yes; due", n), "nothing goes out without it", fmt.Sprintf("waits for a yes, update %d", n)} {
			if !strings.Contains(out.String(), says) {
				t.Errorf("the command line does not say %q: %s", says, out.String())
			}
		}
		s.writes("+31612345601", fmt.Sprintf("SR-1 NEE %d de tekst klopt niet", n))
		want("after a no", fmt.Sprintf("01:00 holding: update %d was rejected by Piket communicatie", n))
		s.pass(20 * time.Minute) // the clock ran out, so it would say something else
		late := s.waiting()[0].Update
		want("when it is past", fmt.Sprintf("01:00 overdue: waits for a yes, update %d", late))
		s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-1/updates", `{"text": "Er is een schijf kapot.", "audiences": ["board"]}`)
		words := s.waiting()[0].Update
		want("with words", fmt.Sprintf("01:00 progress: waits for a yes, update %d", words))
		s.writes("+31612345601", fmt.Sprintf("SR-1 AKKOORD %d", words))
		s.pass(time.Minute)
		if rows := board(); len(rows) != 1 || strings.Contains(rows[0], "update") {
			t.Errorf("after the yes: %q", rows)
		}
		s.twilio.Close()
	})
}
