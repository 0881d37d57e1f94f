package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// mailpit is a mail server that nobody here wrote, with switches for faults. It
// is installed by
//
//	go install github.com/axllent/mailpit@v1.27.11
type mailpit struct {
	cmd        *exec.Cmd
	dead       chan struct{}
	log        *journal
	smtp, site string
}

// chaos is a fault: a code that is answered at a probability, in percent.
type chaos struct{ ErrorCode, Probability int }

func startMailpit(t *testing.T, d *dice) *mailpit {
	t.Helper()
	binary, err := exec.LookPath("mailpit")
	if err != nil {
		out, _ := exec.Command("go", "env", "GOPATH").Output()
		binary, err = exec.LookPath(filepath.Join(strings.TrimSpace(string(out)), "bin", "mailpit"))
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("mailpit is neither in PATH nor where go install puts it")
		}
		t.Skip("mailpit is not installed: go install github.com/axllent/mailpit@v1.27.11")
	}
	for range 5 { // its ports are guessed, below those that systems give away
		port := 20_000 + 2*d.below(5000)
		m := &mailpit{dead: make(chan struct{}), log: &journal{}, smtp: fmt.Sprint("127.0.0.1:", port), site: fmt.Sprint("http://127.0.0.1:", port+1)}
		m.cmd = exec.Command(binary, "--smtp", m.smtp, "--listen", fmt.Sprint("127.0.0.1:", port+1), "--database", filepath.Join(t.TempDir(), "mailpit.db"),
			"--max", "0", "--disable-version-check", "--smtp-disable-rdns", "--smtp-auth-accept-any", "--smtp-auth-allow-insecure", "--enable-chaos")
		m.cmd.Stdout, m.cmd.Stderr = m.log, m.log
		if err := m.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			defer close(m.dead)
			m.cmd.Wait()
		}()
		t.Cleanup(func() {
			m.cmd.Process.Signal(syscall.SIGTERM)
			select {
			case <-m.dead:
			case <-time.After(5 * time.Second):
				m.cmd.Process.Kill()
				<-m.dead
			}
		})
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); wait(20 * time.Millisecond) {
			select {
			case <-m.dead:
				end = time.Time{}
				continue
			default:
			}
			if m.call(http.MethodGet, "/readyz", nil, nil) == nil {
				return m
			}
		}
		t.Logf("mailpit does not start:\n%s", m.log.end())
	}
	t.Fatal("mailpit does not start")
	return nil
}

// call uses mailpit's API.
func (m *mailpit) call(method, path string, body, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(method, m.site+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, answer.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

// mailpitPage is how many messages are asked for at a time.
const mailpitPage = 500

// count is mailpit's own count of what it has.
func (m *mailpit) count(t *testing.T) int {
	t.Helper()
	var page struct{ Total int }
	if err := m.call(http.MethodGet, "/api/v1/messages?limit=1", nil, &page); err != nil {
		t.Fatal(err)
	}
	return page.Total
}

// inbox returns what mailpit has.
func (m *mailpit) inbox(t *testing.T) (all []channeltest.Mail) {
	t.Helper()
	for start := 0; ; start += mailpitPage {
		var page struct {
			Messages []struct {
				MessageID, Subject string
				To                 []struct{ Address string }
			}
		}
		if err := m.call(http.MethodGet, fmt.Sprintf("/api/v1/messages?start=%d&limit=%d", start, mailpitPage), nil, &page); err != nil {
			t.Fatal(err)
		}
		for _, one := range page.Messages {
			mail := channeltest.Mail{MessageID: strings.Trim(one.MessageID, "<>"), Subject: one.Subject}
			if len(one.To) > 0 {
				mail.To = one.To[0].Address
			}
			all = append(all, mail)
		}
		if len(page.Messages) < mailpitPage {
			return all
		}
	}
}

// TestMailpit: senders, recipients and passwords are refused at random, for now
// and for good, and then all is well again.
func TestMailpit(t *testing.T) {
	t.Parallel()
	n := either(500, 5000)
	dice := throw(*someSeed)
	m := startMailpit(t, dice)
	w := newWorld(t, setup{mails: n, email: "require_tls: false, auth_username: sitrep, auth_password: sesame", smarthosts: func(string) []string { return []string{m.smtp} }})
	w.dice = dice
	w.mail = func() []channeltest.Mail { return m.inbox(t) }
	refuse := func(sender, recipient, password chaos) {
		t.Helper()
		if err := m.call(http.MethodPut, "/api/v1/chaos", map[string]chaos{"Sender": sender, "Recipient": recipient, "Authentication": password}, nil); err != nil {
			t.Fatal(err)
		}
	}
	got := func(share int) func() bool {
		return func() bool {
			return m.count(t)+strings.Count(w.now.log.String(), "class="+string(channels.ClassPermanent)) >= share
		}
	}
	// Some recipients are refused for good; first, since however fast the rest
	// goes, these are.
	refuse(chaos{421, 2}, chaos{550, 20}, chaos{})
	w.start()
	w.fire()
	w.until("a third came to an end", patience(), got(n/3))
	// A refusal for now, of each kind.
	refuse(chaos{451, 5}, chaos{450, 10}, chaos{454, 30})
	w.until("half of it came to an end", patience(), got(n/2))
	// And one for good that is about us.
	refuse(chaos{550, 10}, chaos{452, 5}, chaos{535, 30})
	w.until("four fifths came to an end", patience(), got(n*4/5))
	refuse(chaos{}, chaos{}, chaos{})
	w.settle() // whoever was refused often waits long
	permanent := strings.Count(w.now.log.String(), "class="+string(channels.ClassPermanent))
	b := w.audit()
	total := m.count(t)
	w.figures(b, "mailpit refused_for_good=%d its_count=%d", permanent, total)
	if want := (sums{planned: n, accepted: total, failed: n - total}); b.sums != want || b.twice > 0 {
		t.Errorf("seed %d: %+v, want %+v; %d copies too many", w.seed, b.sums, want, b.twice)
	}
	if b.failed == 0 || b.failed != permanent {
		t.Errorf("seed %d: %d failed, and the log says that %d were refused for good", w.seed, b.failed, permanent)
	}
}
