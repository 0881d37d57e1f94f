package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sitrep/channels/channeltest"
)

// process is sitrep as a process of its own, with a mail server and an SMS
// provider on loopback ports that outlive it.
type process struct {
	t       *testing.T
	dir     string
	smtp    *channeltest.SMTP
	twilio  *channeltest.Twilio
	arrived chan string // a line for each message, as it arrives
	flags   []string    // more of them

	cmd  *exec.Cmd
	log  *lockedBuffer
	url  string
	dead chan error
}

const processConfig = `
global: {organisation: Voorbeeld, language: nl, time_zone: Europe/Amsterdam}
channels:
  email: {smarthosts: ["%s"], from: "ICT <ict@voorbeeld.example>", require_tls: false, sessions: 2}
  sms: {provider: twilio, account_sid: ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, auth_token: sesame, from: Voorbeeld, api_url: "%s"}
services:
  - {name: mail, title: {nl: e-mail}, matchers: ['service="mail"'], threshold: [{firing_for: %s}], resolved_after: 1s}
audiences:
  - {name: board, channels: [sms, email], recipients: [{name: B, email: b@voorbeeld.example, phone: "+31612345604"}]}
  - {name: it, reads: technical, language: en, channels: [email], recipients: [{name: I, email: i@voorbeeld.example}]}
policies:
  - name: all
    updates:
      - {audience: board, cadence: [{from: 0s, every: 1h}]}
      - {audience: it, cadence: [{from: 0s, every: 2s}]}
`

func newProcess(t *testing.T, firingFor string) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir(), arrived: make(chan string, 10_000)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.smtp = channeltest.NewSMTP(l, channeltest.SMTPOptions{})
	p.twilio = channeltest.NewTwilio("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "sesame")
	provider := httptest.NewServer(p.twilio)
	p.smtp.OnMail(func(m channeltest.Mail) { p.arrived <- "mail " + m.To + ": " + m.Subject })
	p.twilio.OnSMS(func(m channeltest.SMS) { p.arrived <- "sms " + m.To + ": " + m.Body })
	config := fmt.Sprintf(processConfig, l.Addr(), provider.URL, firingFor)
	if err := os.WriteFile(filepath.Join(p.dir, "sitrep.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd != nil {
			p.kill()
		}
		provider.Close()
		p.smtp.Close()
		if t.Failed() && p.log != nil {
			t.Logf("sitrep said:\n%s", p.log)
		}
	})
	return p
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
	on map[string]chan string // told the first line that holds the key
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, c := range l.on {
		if i := strings.Index(string(b), key); i >= 0 {
			c <- string(b[i:])
			delete(l.on, key)
		}
	}
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func sitrep(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), "SITREP_RUN=1")
	return c
}

// start runs sitrep and waits until it listens.
func (p *process) start() {
	p.t.Helper()
	p.cmd = sitrep(append([]string{"serve", "--config.file=" + filepath.Join(p.dir, "sitrep.yml"), "--storage.path=" + filepath.Join(p.dir, "data"), "--web.listen-address=127.0.0.1:0"}, p.flags...)...)
	listening := make(chan string, 1)
	p.log = &lockedBuffer{on: map[string]chan string{"address=127.0.0.1:": listening}}
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.dead = make(chan error, 1)
	go func(c *exec.Cmd, dead chan<- error) { dead <- c.Wait() }(p.cmd, p.dead)
	select {
	case line := <-listening:
		address := strings.TrimPrefix(strings.Fields(line)[0], "address=")
		p.url = "http://" + address
	case err := <-p.dead:
		p.t.Fatalf("sitrep ended: %v\n%s", err, p.log)
	case <-time.After(20 * time.Second):
		p.t.Fatalf("sitrep does not listen\n%s", p.log)
	}
}

// kill is kill -9.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.dead
	p.cmd = nil
}

func (p *process) post(path string, body any) (int, string) {
	p.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := http.Post(p.url+path, "application/json", bytes.NewReader(data))
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	answer, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(answer)
}

func (p *process) webhook(starts, ends time.Time) {
	p.t.Helper()
	status := "firing"
	if !ends.IsZero() {
		status = "resolved"
	}
	code, answer := p.post("/api/v1/alertmanager", map[string]any{"version": "4", "alerts": []any{map[string]any{
		"status": status, "labels": map[string]string{"alertname": "MailDown", "service": "mail"}, "startsAt": starts, "endsAt": ends, "fingerprint": "f",
	}}})
	if code != http.StatusAccepted {
		p.t.Fatalf("the webhook was answered %d %s", code, answer)
	}
}

// expect waits for messages that begin so, in any order, and fails on others.
func (p *process) expect(within time.Duration, want ...string) {
	p.t.Helper()
	late := time.After(within)
	for len(want) > 0 {
		select {
		case got := <-p.arrived:
			found := false
			for i, w := range want {
				if strings.HasPrefix(got, w) {
					want = append(want[:i], want[i+1:]...)
					found = true
					break
				}
			}
			if !found && !strings.HasPrefix(got, "mail i@") { // IT hears every two seconds
				p.t.Fatalf("unexpected: %s; still waited for %q", got, want)
			}
		case <-late:
			p.t.Fatalf("after %v still not there: %q", within, want)
		}
	}
}

// TestFromWebhookToPhone: within two seconds of the threshold.
func TestFromWebhookToPhone(t *testing.T) {
	p := newProcess(t, "1s")
	p.start()
	began := time.Now()
	p.webhook(began, time.Time{})
	p.expect(3*time.Second, "mail b@voorbeeld.example: Storing e-mail (1)", "sms +31612345604: Storing e-mail, begonnen", "mail i@voorbeeld.example: [SR-1]")
	code, answer := p.post("/api/v1/incidents/SR-1/updates", map[string]any{"text": "We zijn bezig.", "audiences": []string{"board"}})
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, answer)
	}
	p.expect(2*time.Second, "mail b@voorbeeld.example: Storing e-mail: nieuws (2)", "sms +31612345604: Storing e-mail: nieuws. We zijn bezig.")
	p.webhook(began, time.Now())
	p.expect(4*time.Second, "mail b@voorbeeld.example: Storing e-mail: voorbij (3)", "sms +31612345604: Storing e-mail is voorbij.")
}

// TestKilledShortOfTheThreshold: kill -9, and start again.
func TestKilledShortOfTheThreshold(t *testing.T) {
	p := newProcess(t, "2s")
	p.start()
	began := time.Now()
	p.webhook(began, time.Time{})
	p.kill()
	p.start()
	p.expect(10*time.Second, "mail b@voorbeeld.example: Storing e-mail (1)", "sms +31612345604:")
	if since := time.Since(began); since < 2*time.Second {
		t.Errorf("told %v after the alert began, before the threshold", since)
	}
}

// TestKilledAgainAndAgain: at random moments of an open incident. The board is
// told of the opening once and of the end once, and IT misses nothing for good.
func TestKilledAgainAndAgain(t *testing.T) {
	p := newProcess(t, "100ms")
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	p.start()
	began := time.Now()
	p.webhook(began, time.Time{})
	for n := range 8 {
		timer := time.NewTimer(time.Duration(random.IntN(700)) * time.Millisecond)
		<-timer.C
		if n == 4 { // words, and killed right after they were accepted
			code, answer := p.post("/api/v1/incidents/SR-1/updates", map[string]any{"text": "We zijn bezig.", "audiences": []string{"board"}})
			if code != http.StatusOK {
				t.Fatalf("%d %s", code, answer)
			}
		}
		p.kill()
		p.start()
	}
	p.webhook(began, time.Now())
	last := time.After(20 * time.Second)
	for over := 0; over < 3; { // board by both channels, IT by mail
		select {
		case got := <-p.arrived:
			if strings.Contains(got, "voorbij") || strings.Contains(got, "outage: over") {
				over++
			}
		case <-last:
			t.Fatal("not everybody heard that it is over")
		}
	}
	ids := map[string]int{}
	for _, m := range p.smtp.Messages() {
		ids[m.To+" "+m.MessageID]++
	}
	doubles := 0
	for _, n := range ids {
		doubles += n - 1
	}
	if most := 8 * 2 * 2; doubles > most { // kills, sessions, two a session
		t.Errorf("%d mails came twice; the promise allows %d", doubles, most)
	}
	board := map[string]bool{}
	for _, m := range p.smtp.Mailbox("b@voorbeeld.example") {
		board[m.MessageID] = true
	}
	if len(board) != 3 {
		t.Errorf("the board has %d different mails, want the opening, the words and the end", len(board))
	}
	if n := len(p.twilio.Messages()); n != 3 {
		t.Errorf("the board has %d SMS, want the opening, the words and the end", n)
	}
}

func TestSecondOnTheSameStorageIsRefused(t *testing.T) {
	p := newProcess(t, "1s")
	p.start()
	second := sitrep("serve", "--config.file="+filepath.Join(p.dir, "sitrep.yml"), "--storage.path="+filepath.Join(p.dir, "data"), "--web.listen-address=127.0.0.1:0")
	out, err := second.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "another sitrep runs on the storage folder") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestStopsInTimeOnSigterm(t *testing.T) {
	p := newProcess(t, "1s")
	p.start()
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.dead:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
		p.cmd = nil
	case <-time.After(10 * time.Second):
		t.Error("it does not stop within 10s")
	}
}

// TestALostStreamIsRefused: it says what is lost, and starts nothing.
func TestALostStreamIsRefused(t *testing.T) {
	p := newProcess(t, "1s")
	p.start()
	p.webhook(time.Now(), time.Time{})
	p.expect(5*time.Second, "mail b@", "sms ")
	p.cmd.Process.Signal(syscall.SIGTERM)
	<-p.dead
	p.cmd = nil
	gone := filepath.Join(p.dir, "data", "nats", "jetstream", "$G", "streams", "SITREP_FACTS")
	if err := os.RemoveAll(gone); err != nil {
		t.Fatal(err)
	}
	out, err := sitrep("serve", "--config.file="+filepath.Join(p.dir, "sitrep.yml"), "--storage.path="+filepath.Join(p.dir, "data"), "--web.listen-address=127.0.0.1:0").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "stream SITREP_FACTS is missing") || !strings.Contains(string(out), "hint:") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestOnlyLoopbackWithoutAccess: without tokens sitrep does not listen where
// others can reach it.
func TestOnlyLoopbackWithoutAccess(t *testing.T) {
	p := newProcess(t, "1s")
	out, err := sitrep("serve", "--config.file="+filepath.Join(p.dir, "sitrep.yml"), "--storage.path="+filepath.Join(p.dir, "data"), "--web.listen-address=0.0.0.0:0").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no access block") {
		t.Errorf("%v\n%s", err, out)
	}
}
