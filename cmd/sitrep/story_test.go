package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server/ats"

	"sitrep/channels/channeltest"
	"sitrep/policies"
	"sitrep/router"
)

func TestMain(m *testing.M) {
	ats.Register() // its clock must not belong to a bubble
	os.Exit(m.Run())
}

// storyConfig is the organisation of the stories: the contract's, less what is
// not in force.
const storyConfig = `
global: {organisation: Gemeente Voorbeeld, language: nl, time_zone: Europe/Amsterdam, external_url: https://sitrep.voorbeeld.example}
channels:
  email: {smarthosts: ["mail.voorbeeld.example:25"], from: "ICT-storingen <ict@voorbeeld.example>", require_tls: false, sessions: 2}
  sms: {provider: twilio, account_sid: ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, auth_token: sesame, from: GemVoorbld, api_url: "http://twilio.example"}
severities: [info, warning, critical]
slas:
  - {name: gold, agreed: 24h, expected: 1h}
services:
  - name: mail
    title: {nl: "e-mail", en: "email"}
    matchers: ['service="mail"']
    sla: gold
    threshold: [{firing_for: 5m}, {firing_for: 1m, severity: critical, alerts: 3}]
    resolved_after: 5m
audiences:
  - {name: it, reads: technical, language: en, channels: [email], recipients: [{name: "IT department", email: it@voorbeeld.example}]}
  - {name: management, channels: [email], recipients: [{name: "Manager ICT", email: manager@voorbeeld.example}]}
  - name: board
    channels: [sms, email]
    critical: true
    recipients:
      - {name: Bestuurder, email: bestuurder@voorbeeld.example, phone: "+31612345604"}
      - {name: Councillor, email: councillor@voorbeeld.example, phone: "+31612345605", language: en}
policies:
  - name: critical-outage
    matchers: ['severity="critical"']
    updates:
      - {audience: it, cadence: [{from: 0s, every: 30m}]}
      - {audience: management, cadence: [{from: 5m, every: 1h}, {from: 100% expected, every: 30m}]}
      - {audience: board, cadence: [{from: 15m, every: 1h}, {from: 100% expected, every: 30m}]}
  - name: outage
    updates:
      - {audience: it, cadence: [{from: 0s, every: 1h}]}
`

// story is a whole sitrep with the world around it, in virtual time.
type story struct {
	t       *testing.T
	dir     string
	config  *policies.Config
	daemon  *daemon
	smtp    *channeltest.SMTP
	mails   *channeltest.PipeListener
	twilio  *channeltest.Twilio
	http    *http.Server
	phones  *channeltest.PipeListener
	client  *http.Client
	began   time.Time
	seen    int // mails looked at
	seenSMS int
}

func tell(t *testing.T, f func(t *testing.T, s *story)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg, err := policies.Load("sitrep.yml", func(string) ([]byte, error) { return []byte(storyConfig), nil })
		if err != nil {
			t.Fatal(err)
		}
		s := &story{t: t, dir: dir, config: cfg, began: time.Now()}
		s.mails = channeltest.NewPipeListener()
		s.smtp = channeltest.NewSMTP(s.mails, channeltest.SMTPOptions{})
		s.twilio = channeltest.NewTwilio("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "sesame")
		s.phones = channeltest.NewPipeListener()
		s.http = &http.Server{Handler: s.twilio}
		go s.http.Serve(s.phones)
		transport := &http.Transport{DialContext: s.phones.Dial}
		s.client = &http.Client{Transport: transport}
		s.start()
		f(t, s)
		s.daemon.Stop()
		transport.CloseIdleConnections()
		s.http.Close()
		s.smtp.Close()
		synctest.Wait()
	})
}

func (s *story) start() {
	s.t.Helper()
	d, err := start(context.Background(), daemonOptions{
		config: s.config, storage: s.dir, log: slog.New(slog.NewTextHandler(testWriter{s.t}, nil)),
		smtp: s.mails.Dial, twilio: s.client,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.daemon = d
}

// restart stops sitrep, and starts it again after a while on the same storage.
func (s *story) restart(after time.Duration) {
	s.t.Helper()
	s.daemon.Stop()
	time.Sleep(after)
	s.start()
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// call makes a request from this machine.
func (s *story) call(method, path, body string) (int, string) {
	s.t.Helper()
	r := httptest.NewRequest(method, "http://localhost:8420"+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:40000"
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.daemon.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// alert says what one alert is in a webhook.
func alert(name, instance, severity, status string, starts, ends time.Time) map[string]any {
	return map[string]any{
		"status":      status,
		"labels":      map[string]string{"alertname": name, "service": "mail", "severity": severity, "instance": instance},
		"annotations": map[string]string{"summary": "the mail server does not answer"},
		"startsAt":    starts, "endsAt": ends, "fingerprint": name + instance,
	}
}

// webhook posts alerts as Alertmanager does.
func (s *story) webhook(alerts ...map[string]any) {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"version": "4", "status": "firing", "receiver": "sitrep", "alerts": alerts})
	if err != nil {
		s.t.Fatal(err)
	}
	if code, answer := s.call("POST", "/api/v1/alertmanager", string(body)); code != http.StatusAccepted {
		s.t.Fatalf("the webhook was answered %d %s", code, answer)
	}
}

// age is how long the story has gone on, to the second.
func (s *story) age(t time.Time) string { return t.Sub(s.began).Round(time.Second).String() }

// got returns what arrived since the last look, a line each: when, by what,
// whom, and the subject or text. Anything unexpected shows up in it.
func (s *story) got() string {
	synctest.Wait()
	var lines []string
	mails := s.smtp.Messages()
	for _, m := range mails[s.seen:] {
		name, _, _ := strings.Cut(m.To, "@")
		lines = append(lines, fmt.Sprintf("%s mail %s: %s", s.age(m.At), name, m.Subject))
	}
	s.seen = len(mails)
	texts := s.twilio.Messages()
	for _, m := range texts[s.seenSMS:] {
		lines = append(lines, fmt.Sprintf("%s sms %s: %s", s.age(m.At), m.To[len(m.To)-2:], m.Body))
	}
	s.seenSMS = len(texts)
	sortLines(lines)
	return strings.Join(lines, "\n")
}

func sortLines(lines []string) {
	for i := 1; i < len(lines); i++ {
		for j := i; j > 0 && lines[j] < lines[j-1]; j-- {
			lines[j], lines[j-1] = lines[j-1], lines[j]
		}
	}
}

func (s *story) page() *router.Page {
	s.t.Helper()
	synctest.Wait()
	code, body := s.call("GET", "/api/v1/incidents/SR-1", "")
	if code != 200 {
		s.t.Fatalf("SR-1: %d %s", code, body)
	}
	s.t.Log(body)
	return nil
}

func TestProbeStory(t *testing.T) {
	tell(t, func(t *testing.T, s *story) {
		s.webhook(alert("MailDown", "mx1", "critical", "firing", s.began, time.Time{}))
		time.Sleep(4*time.Minute + 59*time.Second)
		t.Log(s.got())
		time.Sleep(2 * time.Second)
		t.Log(s.got())
		time.Sleep(2 * time.Hour)
		t.Log(s.got())
		s.restart(time.Minute)
		s.webhook(alert("MailDown", "mx1", "critical", "resolved", s.began, time.Now()))
		time.Sleep(10 * time.Minute)
		t.Log(s.got())
		s.page()
	})
}
