package faults

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sitrep/channels/channeltest"
)

const (
	account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	token   = "sesame"
	// mailed and texted are the two audiences: one hears by mail only, the other
	// by SMS only, so that nobody gets anything by two ways.
	mailed, texted = "mailed", "texted"
)

// setup is what one test wants of the world.
type setup struct {
	mails, phones int    // how many people are told by mail, and by SMS
	sessions      int    // of SMTP; 0: 4
	every         string // how often people hear; "": once
	// smarthosts are the mail servers, given the address of the world's own; nil:
	// that one. email are more keys of the channel.
	smarthosts func(own string) []string
	email      string
	tls        channeltest.SMTPOptions
	provider   func(twilio http.Handler) http.Handler // stands before Twilio; nil: nothing does
	store      string                                 // the storage path; "": one of the test's own
	env        []string                               // more of the process's environment
	listen     func() (net.Listener, error)           // where mail server and provider are; nil: on loopback
	nats       string                                 // the address of NATS servers; "": embedded
}

// world is one sitrep and what is around it.
type world struct {
	*testing.T
	*dice
	setup
	began time.Time

	dir    string
	door   *channeltest.Door // of the mail server
	smtp   *channeltest.SMTP
	mail   func() []channeltest.Mail // the inbox of the mail server
	twilio *channeltest.Twilio
	got    atomic.Int64 // messages in both inboxes

	now    *process // nil: none runs
	client *http.Client
	alert  time.Time // when the outage began
}

const configuration = `
global: {organisation: Voorbeeld, language: en, time_zone: UTC}
channels:
  email: {smarthosts: [%s], from: "ICT <ict@voorbeeld.example>", sessions: %d, %s}
  sms: {provider: twilio, account_sid: %s, auth_token: %s, from: Voorbeeld, api_url: "%s", messages_per_second: 1000}
services:
  - {name: mail, title: {en: email}, matchers: ['service="mail"'], threshold: [{firing_for: 100ms}], resolved_after: 1s}
audiences:
%spolicies:
  - name: all
    updates:
%s`

// audience is one of the configuration's, and updates its row of the policy.
const (
	audience = "  - {name: %s, channels: [%s], recipients_files: [%s.csv]}\n"
	updates  = "      - {audience: %s, cadence: [{from: 0s, every: %s}]}\n"
)

func mailbox(n int) string { return fmt.Sprintf("p%05d@voorbeeld.example", n) }
func phone(n int) string   { return fmt.Sprintf("+316%08d", 12000000+n) }

// newWorld makes the world, and no sitrep yet.
func newWorld(t *testing.T, s setup) *world {
	t.Helper()
	w := &world{T: t, dice: throw(*someSeed), setup: s, began: time.Now(), dir: t.TempDir()}
	w.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	if w.sessions == 0 {
		w.sessions = 4
	}
	if w.store == "" {
		w.store = filepath.Join(w.dir, "data")
	}
	if w.listen == nil {
		w.listen = func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }
	}
	l, err := w.listen()
	if err != nil {
		t.Fatal(err)
	}
	w.door = channeltest.NewDoor(l)
	w.smtp = channeltest.NewSMTP(w.door, s.tls)
	w.mail = w.smtp.Messages
	w.twilio = channeltest.NewTwilio(account, token)
	w.smtp.OnMail(func(channeltest.Mail) { w.got.Add(1) })
	w.twilio.OnSMS(func(channeltest.SMS) { w.got.Add(1) })
	api := http.Handler(w.twilio)
	if w.setup.provider != nil {
		api = w.setup.provider(api)
	}
	provider := httptest.NewUnstartedServer(api)
	provider.Listener.Close()
	if provider.Listener, err = w.listen(); err != nil {
		t.Fatal(err)
	}
	provider.Start()
	w.configure(provider.URL)
	t.Cleanup(func() {
		if w.now != nil {
			w.kill()
		}
		provider.Close()
		w.smtp.Close()
	})
	return w
}

// configure writes the configuration and the files of recipients.
func (w *world) configure(api string) {
	w.Helper()
	every := w.every
	if every == "" {
		every = "10h"
	}
	if w.email == "" {
		w.email = "require_tls: false"
	}
	told, rows, own := "", "", ""
	smarthosts := []string{w.door.Addr().String()}
	if w.smarthosts != nil {
		smarthosts = w.smarthosts(smarthosts[0])
	}
	people := func(name, channel string, n int, row func(n int) string) {
		if n == 0 {
			return
		}
		told += fmt.Sprintf(audience, name, channel, name)
		rows += fmt.Sprintf(updates, name, every)
		var csv strings.Builder
		csv.WriteString("name,email,phone,language\n")
		for i := range n {
			csv.WriteString(row(i) + "\n")
		}
		w.write(name+".csv", csv.String())
	}
	people(mailed, "email", w.mails, func(n int) string { return fmt.Sprintf("P%d,%s,,en", n, mailbox(n)) })
	people(texted, "sms", w.phones, func(n int) string { return fmt.Sprintf("P%d,,%s,en", n, phone(n)) })
	if w.nats != "" {
		own = `nats: {url: "` + w.nats + `"}`
	}
	w.write("sitrep.yml", own+fmt.Sprintf(configuration, `"`+strings.Join(smarthosts, `", "`)+`"`, w.sessions, w.email,
		account, token, api, told, rows))
}

func (w *world) write(name, content string) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600); err != nil {
		w.Fatal(err)
	}
}

// until looks every few milliseconds until something is so.
func (w *world) until(what string, within time.Duration, is func() bool) {
	w.Helper()
	for end := time.Now().Add(within); !is(); wait(5 * time.Millisecond) {
		if time.Now().After(end) {
			w.Fatalf("seed %d: after %v still not: %s", w.seed, within, what)
		}
	}
}

// patience is how long is waited for what must come in the end, on a busy machine
// too. What must come soon is measured.
func patience() time.Duration { return either(5*time.Minute, 4*time.Hour) }

// received waits until as many messages are in the inboxes.
func (w *world) received(n int64) {
	w.Helper()
	w.until(fmt.Sprintf("%d messages in the inboxes", n), patience(), func() bool { return w.got.Load() >= n })
}

// more waits until some more messages are in the inboxes, at most so many; of a
// fan-out to all that is over by then nothing is waited for.
func (w *world) more(most, all int) {
	w.Helper()
	w.received(min(w.got.Load()+1+int64(w.below(most)), int64(all)))
}

// figures prints what a run measured.
func (w *world) figures(b books, f string, v ...any) {
	w.Helper()
	w.Logf("seed=%d %s planned=%d accepted=%d failed=%d unreached=%d superseded=%d inbox=%d duplicates=%d possible=%d took=%v",
		w.seed, fmt.Sprintf(f, v...), b.planned, b.accepted, b.failed, b.unreached, b.superseded, b.inbox, b.twice, b.possible,
		time.Since(w.began).Round(100*time.Millisecond))
}
