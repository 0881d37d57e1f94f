package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/nats-io/nats-server/v2/server/ats"

	"sitrep/channels/channeltest"
	"sitrep/router"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	if os.Getenv("SITREP_RUN") != "" { // a test runs this binary as sitrep
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	ats.Register() // its clock must not belong to a bubble
	os.Exit(m.Run())
}

// storyConfig is the organisation of the stories: the contract's, made smaller.
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

// story is a whole sitrep with the world around it, in virtual time: a real
// store, a mail server and an SMS provider that speak the protocols.
type story struct {
	t      *testing.T
	dir    string
	text   string // of the configuration
	mu     sync.Mutex
	files  map[string]string // it, and what it names
	source *source
	daemon *daemon
	mails  *channeltest.PipeListener
	smtp   *channeltest.SMTP
	phones *channeltest.PipeListener
	twilio *channeltest.Twilio
	client *http.Client
	began  time.Time

	lines    []string // what was told so far
	seen     int      // mails that are in it
	seenSMS  int
	messages int  // SMS that people sent
	restarts bool // a restart at every step
	// coarse is by how much time it is told when something arrives, where not by the
	// second: a channel that was down is found to work by whichever of its sessions
	// tries it next.
	coarse time.Duration

	retention router.Retention // from the next start on
	// outside reaches calendars, silences and the service of the heartbeat, from the next
	// start on.
	outside func(ctx context.Context, network, addr string) (net.Conn, error)
}

// tell plays a story, from midnight UTC of the first day of 2000 on.
func tell(t *testing.T, f func(t *testing.T, s *story)) {
	t.Helper()
	tellWith(t, storyConfig, f)
}

func tellWith(t *testing.T, config string, f func(t *testing.T, s *story)) {
	t.Helper()
	tellFiles(t, config, map[string]string{}, f)
}

// tellFiles tells one with files beside the configuration.
func tellFiles(t *testing.T, config string, files map[string]string, f func(t *testing.T, s *story)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &story{t: t, dir: dir, began: time.Now(), files: files}
		s.mails = channeltest.NewPipeListener()
		s.smtp = channeltest.NewSMTP(s.mails, channeltest.SMTPOptions{})
		s.twilio = channeltest.NewTwilio("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "sesame")
		s.phones = channeltest.NewPipeListener()
		provider := &http.Server{Handler: s.twilio}
		go provider.Serve(s.phones)
		transport := &http.Transport{DialContext: s.phones.Dial}
		s.client = &http.Client{Transport: transport}
		s.configure(config)
		s.start()
		f(t, s)
		s.daemon.Stop()
		transport.CloseIdleConnections()
		provider.Close()
		s.smtp.Close()
		synctest.Wait()
	})
}

// configure takes another configuration, in force from the next start or reload on.
func (s *story) configure(text string) {
	s.t.Helper()
	s.text = text
	s.write("sitrep.yml", text)
}

// write puts a file beside the configuration.
func (s *story) write(name, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[name] = text
}

// remove takes one away.
func (s *story) remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, name)
}

func (s *story) read(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, there := s.files[name]
	if !there {
		return os.ReadFile(name)
	}
	return []byte(text), nil
}

func (s *story) start() {
	s.t.Helper()
	s.source = newSource("sitrep.yml", s.read)
	draft, err := s.source.load()
	if err != nil {
		s.t.Fatal(err)
	}
	s.source.took(draft)
	d, err := start(context.Background(), daemonOptions{
		config: draft.config, source: s.source, storage: s.dir, log: slog.New(slog.NewTextHandler(testWriter{s.t}, nil)),
		smtp: s.mails.Dial, twilio: s.client, retention: s.retention, outside: s.outside,
		heartbeat: 14 * time.Second, // a day of them costs more than all else that goes on in it
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.daemon = d
}

// restart stops sitrep, and starts it after a while on the same storage.
func (s *story) restart(after time.Duration) {
	s.t.Helper()
	s.daemon.Stop()
	time.Sleep(after)
	s.start()
}

// pass lets time pass; where the story is told with restarts, it stops and
// starts again in the middle of it.
func (s *story) pass(d time.Duration) {
	end := time.Now().Add(d)
	if s.restarts {
		time.Sleep(d / 2)
		s.restart(0) // takes a moment itself
	}
	time.Sleep(time.Until(end))
	synctest.Wait()
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

// alert is one alert of a webhook.
type alert struct {
	name, instance, severity string
	starts, ends             time.Time
	summary                  string
}

// webhook posts alerts as Alertmanager does; those with an end are resolved.
func (s *story) webhook(alerts ...alert) {
	s.t.Helper()
	var list []map[string]any
	for _, a := range alerts {
		status := "firing"
		if !a.ends.IsZero() {
			status = "resolved"
		}
		if a.summary == "" {
			a.summary = "the mail server does not answer"
		}
		list = append(list, map[string]any{
			"status":      status,
			"labels":      map[string]string{"alertname": a.name, "service": "mail", "severity": a.severity, "instance": a.instance},
			"annotations": map[string]string{"summary": a.summary},
			"startsAt":    a.starts, "endsAt": a.ends, "fingerprint": a.name + a.instance,
		})
	}
	body, err := json.Marshal(map[string]any{"version": "4", "status": "firing", "receiver": "sitrep", "alerts": list})
	if err != nil {
		s.t.Fatal(err)
	}
	if code, answer := s.call("POST", "/api/v1/alertmanager", string(body)); code != http.StatusAccepted {
		s.t.Fatalf("the webhook was answered %d %s", code, answer)
	}
}

// note puts a line of the story's own among those of the messages.
func (s *story) note(format string, args ...any) {
	s.collect()
	s.lines = append(s.lines, "-- "+clock(time.Since(s.began))+" "+fmt.Sprintf(format, args...))
}

func clock(d time.Duration) string {
	d = d.Round(time.Second)
	return fmt.Sprintf("%d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}

// collect takes in what has arrived. Messages of one moment are in order of
// their text: who is served first within a second is nobody's promise.
func (s *story) collect() {
	synctest.Wait()
	type arrived struct {
		at   time.Duration
		line string
	}
	var all []arrived
	since := func(at time.Time) time.Duration {
		if s.coarse > 0 {
			return at.Sub(s.began).Truncate(s.coarse)
		}
		return at.Sub(s.began).Round(time.Second)
	}
	mails := s.smtp.Messages()
	for _, m := range mails[s.seen:] {
		name, _, _ := strings.Cut(m.To, "@")
		all = append(all, arrived{since(m.At), fmt.Sprintf("%s mail to %s: %s", clock(since(m.At)), name, m.Subject)})
	}
	s.seen = len(mails)
	texts := s.twilio.Messages()
	for _, m := range texts[s.seenSMS:] {
		all = append(all, arrived{since(m.At), fmt.Sprintf("%s sms to %s: %s", clock(since(m.At)), m.To[len(m.To)-2:], m.Body)})
	}
	s.seenSMS = len(texts)
	slices.SortFunc(all, func(a, b arrived) int {
		if c := cmp.Compare(a.at, b.at); c != 0 {
			return c
		}
		return strings.Compare(a.line, b.line)
	})
	for _, a := range all {
		s.lines = append(s.lines, a.line)
	}
}

// golden compares what was told with a file. Nothing that arrived is left out
// of it, so an unexpected message fails.
func (s *story) golden(name string) {
	s.t.Helper()
	s.collect()
	got := strings.Join(s.lines, "\n") + "\n"
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	if got != string(want) {
		s.t.Errorf("%s differs; read what changed, then run with -update\n%s", file, firstDifference(string(want), got))
	}
}

// view is what the API says of an incident, as far as stories look at it.
type view struct {
	Kind      string
	Service   string
	State     string
	Phase     string
	Severity  string
	Timeline  []struct{ Fact, Text string }
	Audiences []struct {
		Name       string
		Promises   struct{ Made, Kept, Broken int }
		Deliveries struct{ Planned, Accepted, Delivered, Undelivered, Failed, Superseded int }
	}
}

func (s *story) incident(id string) view {
	s.t.Helper()
	synctest.Wait()
	code, body := s.call("GET", "/api/v1/incidents/"+id, "")
	if code != http.StatusOK {
		s.t.Fatalf("%s: %d %s", id, code, body)
	}
	var v view
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		s.t.Fatal(err)
	}
	return v
}

// promises sums up what became of all promises of an incident.
func (s *story) promises(id string) (made, kept, broken int) {
	for _, a := range s.incident(id).Audiences {
		made, kept, broken = made+a.Promises.Made, kept+a.Promises.Kept, broken+a.Promises.Broken
	}
	return made, kept, broken
}

// smtpDown makes the mail server answer 421 to everybody, or be well again.
func (s *story) smtpDown(down bool) {
	if !down {
		s.smtp.Misbehave(nil)
		return
	}
	s.smtp.Misbehave(func(m channeltest.Moment) channeltest.Act {
		return channeltest.Act{Reply: &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "the system is out of order"}}
	})
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		was, is := "(end)", "(end)"
		if i < len(w) {
			was = w[i]
		}
		if i < len(g) {
			is = g[i]
		}
		if was != is {
			return fmt.Sprintf("line %d\n  was %s\n  is  %s", i+1, was, is)
		}
	}
	return ""
}
