package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server/ats"
	"go.uber.org/goleak"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router"
	"sitrep/router/bus"
	"sitrep/router/casebook"
	"sitrep/router/incident"
	"sitrep/router/web"
)

func TestMain(m *testing.M) {
	ats.Register() // its clock must not belong to a bubble
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

// organisation is whom sitrep works for in these tests.
const organisation = `
global: {organisation: Gemeente Voorbeeld, language: nl, time_zone: Europe/Amsterdam}
channels:
  email: {smarthosts: ["mail.voorbeeld.example:25"], from: "ICT <ict@voorbeeld.example>", require_tls: false}
severities: [info, warning, critical]
slas:
  - {name: gold, agreed: 24h, expected: 1h}
services:
  - name: mail
    title: {nl: "e-mail", en: "email"}
    matchers: ['service="mail"']
    sla: gold
    threshold: [{firing_for: 5m}]
    resolved_after: 5m
  - name: payroll
    matchers: ['service="payroll"']
    threshold: [{firing_for: 0s}]
    resolved_after: 5m
  - {name: phones, matchers: ['service="phones"'], threshold: [{firing_for: 0s}]}
  - {name: printers, matchers: ['service="printers"'], threshold: [{firing_for: 0s}]}
  - {name: doors, matchers: ['service="doors"'], threshold: [{firing_for: 0s}]}
  - {name: web, matchers: ['service="web"'], threshold: [{firing_for: 0s}]}
audiences:
  - {name: it, reads: technical, language: en, channels: [email], recipients: [{name: "IT", email: it@voorbeeld.example}]}
  - {name: board, channels: [email], recipients: [{name: "One", email: one@voorbeeld.example}, {name: "Two", email: two@voorbeeld.example}]}
policies:
  - name: outage
    updates:
      - {audience: it, cadence: [{from: 0s, every: 1h}]}
      - {audience: board, cadence: [{from: 30m, every: 2h}]}
`

// house is a sitrep without its workers: a real store, a real router, and the
// server over them, with somebody at the tap of the store.
type house struct {
	t       testing.TB
	store   *tap
	router  *router.Router
	server  *web.Server
	options web.Options
	log     *lines
	hooks   []string // what Watch.Webhook was told
	mu      sync.Mutex
	run     func() // lets the router judge
	close   func()
	change  string // a planned one; empty: none
	bearer  string // sent with each call; empty: none
	// saw is shown each answer, with the pattern by which it was found; may be nil.
	saw     func(pattern string, a answer)
	strange []string // answers that the description does not have
	people  int      // who came by somebody
}

// tap is the store, unless it is told to fail or to wait.
type tap struct {
	*bus.Bus
	mu     sync.Mutex
	broken error
	hold   chan struct{} // a Put waits for it to close, before it stores
	puts   chan struct{} // gets one for each Put that waits
}

func (s *tap) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
}

func (s *tap) state() (hold chan struct{}, broken error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hold, s.broken
}

func (s *tap) Put(ctx context.Context, inputs ...incident.Input) error {
	hold, err := s.state()
	if err != nil {
		return err
	}
	if hold != nil {
		s.puts <- struct{}{}
		<-hold
	}
	return s.Bus.Put(ctx, inputs...)
}

func (s *tap) Probe(ctx context.Context) error {
	if _, err := s.state(); err != nil {
		return err
	}
	return s.Bus.Probe(ctx)
}

// stored returns every input in the inbox.
func (s *tap) stored(t testing.TB) (all []incident.Input) {
	t.Helper()
	done := errors.New("done")
	err := s.Bus.Inputs(context.Background(), 0, func(_ uint64, inputs []incident.Input, last bool) error {
		all = append(all, inputs...)
		if last {
			return done
		}
		return nil
	})
	if !errors.Is(err, done) {
		t.Fatal(err)
	}
	return all
}

// lines keeps the log.
type lines struct {
	mu  sync.Mutex
	all strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

// got returns what was logged since the last look.
func (l *lines) got() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.all.String()
	l.all.Reset()
	return s
}

// build makes a house in dir. Change adapts what the server is made of.
func build(t testing.TB, dir string, change ...func(*web.Options)) *house {
	t.Helper()
	return buildFrom(t, organisation, dir, change...)
}

// buildFrom is build with another configuration.
func buildFrom(t testing.TB, config, dir string, change ...func(*web.Options)) *house {
	t.Helper()
	cfg, err := policies.Load("sitrep.yml", func(string) ([]byte, error) { return []byte(config), nil })
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, log: &lines{}}
	log := slog.New(slog.NewTextHandler(h.log, nil))
	files, err := fs.Sub(policies.Default, "default/words")
	if err != nil {
		t.Fatal(err)
	}
	pack, err := words.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bus.Open(context.Background(), bus.Options{Dir: dir, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	h.store = &tap{Bus: b, puts: make(chan struct{}, 1000)}
	h.router = router.New(router.Options{
		Store: b, Inbox: h.store, Library: b, Writer: pack, Key: b.Key(), Log: log,
		Global: cfg.Global,
		Policy: casebook.Policy{
			Severities: cfg.Severities, Services: cfg.Services,
			Audiences: cfg.Audiences, Policies: cfg.Policies,
		},
	})
	if err := h.router.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	h.run = func() {
		running.Go(func() {
			if err := h.router.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	h.close = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		b.Close()
		for _, s := range h.strange {
			t.Error(s)
		}
	})
	h.options = web.Options{
		RevokeLinks: func(context.Context, string) error { return nil },
		Languages:   append(pack.Languages(), "pl"), // as if there were templates for it
		Desk:        h.router, Inbox: h.store, Store: h.store, Services: map[string]policies.Texts{},
		Audiences: []string{"it", "board"}, Recipient: cfg.Recipient, Severities: cfg.Severities, Version: "1.2.3", Log: log,
		Watch: web.Watch{Webhook: func(status, alerts, stored int, truncated uint64) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.hooks = append(h.hooks, fmt.Sprint(status, " ", alerts, " ", stored, " ", truncated))
		}},
	}
	for _, s := range cfg.Services {
		h.options.Services[s.Name] = s.Title
	}
	for _, c := range change {
		c(&h.options)
	}
	h.server = web.New(h.options)
	return h
}

// inside runs a test in a house of its own, in virtual time.
func inside(t *testing.T, f func(t *testing.T, h *house), change ...func(*web.Options)) {
	t.Helper()
	insideOf(t, organisation, f, change...)
}

// insideOf is inside with another configuration.
func insideOf(t *testing.T, config string, f func(t *testing.T, h *house), change ...func(*web.Options)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := buildFrom(t, config, dir, change...)
		defer h.close()
		h.run()
		f(t, h)
	})
}

// atTheDoor runs a test in a house whose router does not run: what came in
// stays in the inbox.
func atTheDoor(t *testing.T, f func(t *testing.T, h *house), change ...func(*web.Options)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := build(t, dir, change...)
		defer h.close()
		f(t, h)
	})
}

// request makes a request as somebody on this machine sends it.
func request(method, path, body string, change ...func(*http.Request)) *http.Request {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "http://localhost:8420"+path, reader)
	r.RemoteAddr = "127.0.0.1:40000"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, c := range change {
		c(r)
	}
	return r
}

// header sets one; an empty value takes it away.
func header(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del(name)
		if value != "" {
			r.Header.Set(name, value)
		}
	}
}

func (h *house) call(method, path, body string, change ...func(*http.Request)) answer {
	r := request(method, path, body)
	if h.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+h.bearer)
	}
	for _, c := range change {
		c(r)
	}
	if r.URL.Path == eventsPath { // they have no end
		r = hangsUp(r)
	}
	w := httptest.NewRecorder()
	pattern := web.PatternOf(h.server, r)
	h.server.ServeHTTP(w, r)
	a := answer{w.Code, w.Header(), w.Body.String()}
	h.hold(pattern, a)
	return a
}

// hold holds an answer against the description: whatever else a test is about, none
// may come that is not described.
func (h *house) hold(pattern string, a answer) {
	if op, known := checkedIn().operation(pattern); known && !has(op.Responses, strconv.Itoa(a.status)) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.strange = append(h.strange, fmt.Sprintf("%s answered %d, which is not described: %.200s", pattern, a.status, a.body))
	}
	if h.saw != nil {
		h.saw(pattern, a)
	}
}

// must calls and fails where another status comes.
func (h *house) must(status int, method, path, body string, change ...func(*http.Request)) answer {
	h.t.Helper()
	a := h.call(method, path, body, change...)
	if a.status != status {
		h.t.Fatalf("%s %s: %d %s, want %d", method, path, a.status, a.body, status)
	}
	return a
}

// alert is one alert of a webhook.
func alert(service, instance, status string, starts, ends time.Time) string {
	return fmt.Sprintf(`{"status":%q,"labels":{"alertname":"Down","service":%q,"severity":"critical","instance":%q},"annotations":{"summary":"it does not answer"},"startsAt":%q,"endsAt":%q,"fingerprint":"%s-%s"}`,
		status, service, instance, starts.UTC().Format(time.RFC3339Nano), ends.UTC().Format(time.RFC3339Nano), service, instance)
}

func webhook(alerts ...string) string {
	return `{"version":"4","receiver":"sitrep","alerts":[` + strings.Join(alerts, ",") + `],"truncatedAlerts":0}`
}

const hookPath = "/api/v1/alertmanager"

// fires posts a webhook of one alert that fires since now, and waits until it is
// judged.
func (h *house) fires(service string) {
	h.t.Helper()
	h.must(http.StatusAccepted, "POST", hookPath, webhook(alert(service, "x1", "firing", time.Now(), time.Time{})))
	synctest.Wait()
}

// opens makes the mail an incident: SR-1.
func (h *house) opens() {
	h.t.Helper()
	h.fires("mail")
	time.Sleep(5*time.Minute + time.Second)
	synctest.Wait()
}
