package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/router/audit"
	"sitrep/router/web"
)

// said calls with a token, from an address.
func (s *story) said(token, from, method, path, body string) int {
	r := httptest.NewRequest(method, "http://sitrep.example"+path, strings.NewReader(body))
	r.RemoteAddr = from + ":40000"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.daemon.handler.ServeHTTP(w, r)
	return w.Code
}

// TestWhoDidWhat: each override, also one that was refused, logins that failed, a
// reload and one that was refused, an erasure: each is a line, none of them twice, and
// none holds what people wrote. A restart adds none.
func TestWhoDidWhat(t *testing.T) {
	config := storyConfig + `access:
  tokens:
    - {name: anna, role: admin, token: sesame-anna}
    - {name: wall, role: viewer, token: sesame-wall}
    - {name: alertmanager, role: alerts, token: sesame-alerts}
`
	tellWith(t, config, func(t *testing.T, s *story) {
		const here = "192.0.2.1"
		must := func(want int, token, method, path, body string) {
			t.Helper()
			if got := s.said(token, here, method, path, body); got != want {
				t.Fatalf("%s %s was answered %d, want %d", method, path, got, want)
			}
		}
		alerts := func(status string) string {
			return fmt.Sprintf(`{"version":"4","alerts":[{"status":%q,"labels":{"alertname":"MailDown","service":"mail","severity":"critical"},"startsAt":"2000-01-01T00:00:00Z","endsAt":"2000-01-01T00:30:00Z","fingerprint":"f"}]}`, status)
		}
		must(202, "sesame-alerts", "POST", "/api/v1/alertmanager", alerts("firing"))
		s.pass(10 * time.Minute)
		must(200, "sesame-anna", "POST", "/api/v1/incidents/SR-1/updates", `{"text":"Bel +31612345678 of jan@voorbeeld.example","audiences":["it"]}`)
		must(200, "sesame-anna", "PATCH", "/api/v1/incidents/SR-1", `{"phase":"identified","lead":"Fatima"}`)
		must(200, "sesame-anna", "PUT", "/api/v1/incidents/SR-1/audiences/board", `{"paused":true}`)
		must(403, "sesame-wall", "PATCH", "/api/v1/incidents/SR-1", `{"phase":"monitoring"}`)
		for range 500 {
			s.said("guess", "192.0.2.66", "GET", "/api/v1/incidents", "")
		}
		for n := range 200 {
			s.said("guess", fmt.Sprintf("198.51.100.%d", n), "GET", "/api/v1/incidents", "")
		}
		s.pass(2 * time.Minute)
		s.configure(strings.Replace(config, "every: 30m", "every: soon", 1))
		must(422, "sesame-anna", "POST", "/-/reload", "")
		s.configure(boardless(config))
		must(409, "sesame-anna", "POST", "/-/reload", "")
		must(200, "sesame-anna", "POST", "/-/reload?force=true&dry_run=true", "")
		must(200, "sesame-anna", "POST", "/-/reload?force=true", "")
		must(200, "sesame-anna", "POST", "/api/v1/incidents/SR-1/resolve", `{"reason":"jan@voorbeeld.example zegt dat het weer werkt"}`)
		must(409, "sesame-anna", "PATCH", "/api/v1/incidents/SR-1", `{"phase":"monitoring"}`)
		s.restart(time.Minute)
		s.daemon.Stop()
		synctest.Wait()
		if code, _, errs := s.erase("manager@voorbeeld.example"); code != exitOK {
			t.Fatalf("exit code %d: %s", code, errs)
		}
		s.start()
		s.pass(time.Minute)

		r := httptest.NewRequest("GET", "http://sitrep.example/api/v1/audit?limit=1000", nil)
		r.RemoteAddr = here + ":40000"
		r.Header.Set("Authorization", "Bearer sesame-anna")
		w := httptest.NewRecorder()
		s.daemon.handler.ServeHTTP(w, r)
		var page auditPage
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		for _, bad := range []string{"@", "3161234", "sesame", "guess", "Fatima", "werkt"} {
			if strings.Contains(w.Body.String(), bad) {
				t.Errorf("the audit holds %q", bad)
			}
		}
		var got []string
		logins, sources := 0, 0
		for i := len(page.Lines) - 1; i >= 0; i-- {
			l := page.Lines[i]
			if l.Kind == "login" {
				logins, sources = logins+l.Count, sources+1
				continue
			}
			by := "-"
			if l.By != nil {
				by = *l.By
			}
			got = append(got, fmt.Sprintf("%s %s %t: %s", l.Kind, by, l.Refused, l.Text))
		}
		want := []string{
			"override anna false: words 1 for it", "override anna false: phase identified, was investigating; lead changed",
			"override anna false: board: paused",
			"refusal wall true: wanted what the role may not",
			"reload anna true: refused: it has 1 mistake, the first at sitrep.yml:29:52",
			"reload anna true: refused: board 0, was 2", "reload anna false: the configuration is in force, as it was forced; board 0, was 2",
			"override anna false: resolved", "override anna true: refused to change it",
			"erasure - false: erased: 1 recipient in 1 roster",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if logins != 700 || sources != clerkLines+1 {
			t.Errorf("%d logins failed, in %d lines", logins, sources)
		}

		s.daemon.Stop()
		synctest.Wait()
		code, out, errs := s.verifyAudit(s.dir)
		if code != exitOK || out != fmt.Sprintf("all is well: %d lines\n", len(page.Lines)) {
			t.Errorf("exit code %d, %s%s", code, out, errs)
		}
		code, out, errs = s.listAudit(outputJSON, 1000)
		var stored auditPage
		if err := json.Unmarshal([]byte(out), &stored); err != nil || code != exitOK || fmt.Sprint(texts(stored)) != fmt.Sprint(texts(page)) {
			t.Errorf("exit code %d, %s%s", code, out, errs)
		}
		code, out, _ = s.listAudit(outputTable, 2)
		if code != exitOK || !strings.Contains(out, "erasure") || !strings.Contains(out, "There are older ones") {
			t.Errorf("exit code %d, %s", code, out)
		}
		ctx := context.Background()
		file := filepath.Join(t.TempDir(), "export.tgz")
		if code, _, errs := says(func(out, errs io.Writer) int { return runStateExport(ctx, s.dir, file, out, errs) }); code != exitOK {
			t.Fatalf("exit code %d, %s", code, errs)
		}
		copied := filepath.Join(t.TempDir(), "copy")
		if code, out, errs := says(func(out, errs io.Writer) int { return runStateRestore(ctx, copied, file, nil, out, errs) }); code != exitOK || !strings.Contains(out, fmt.Sprintf(" %d lines\n", len(page.Lines))) {
			t.Fatalf("exit code %d, %s%s", code, out, errs)
		}
		if code, _, errs := s.verifyAudit(copied); code != exitOK {
			t.Errorf("exit code %d, %s", code, errs)
		}
	})
}

// says runs a command; the command line itself listens for signals, and has no place
// in a bubble.
func says(run func(stdout, stderr io.Writer) int) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(&out, &errs)
	return code, out.String(), errs.String()
}

func (s *story) verifyAudit(dir string) (code int, stdout, stderr string) {
	return says(func(out, errs io.Writer) int {
		return told(errs, func() error { return verifyAudit(context.Background(), storeAt{dir: dir}, out, errs) })
	})
}

func (s *story) listAudit(output string, limit int) (code int, stdout, stderr string) {
	o := &auditCommand{clientOptions: clientOptions{output: output}, storage: s.dir, limit: limit}
	return says(func(out, errs io.Writer) int { return o.list(context.Background(), out, errs) })
}

func texts(p auditPage) (all []string) {
	for _, l := range p.Lines {
		all = append(all, fmt.Sprint(l.Number, l.Kind, l.Text, l.Prev))
	}
	return all
}

// TestAnAuditThatIsNotWhole does not keep sitrep from starting: it says so, once in
// the audit itself, and verify finds the line.
func TestAnAuditThatIsNotWhole(t *testing.T) {
	tell(t, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(10 * time.Minute)
		for _, phase := range []string{"identified", "monitoring", "investigating"} {
			if code, body := s.call("PATCH", "/api/v1/incidents/SR-1", `{"phase":"`+phase+`"}`); code != http.StatusOK {
				t.Fatalf("%d %s", code, body)
			}
		}
		s.daemon.Stop()
		synctest.Wait()
		file := filepath.Join(s.dir, "nats", "jetstream", "$G", "streams", "SITREP_AUDIT", "msgs", "1.blk")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(data), "phase monitoring", "phase pondering_", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, errs := s.verifyAudit(s.dir)
		if code != exitError || !strings.Contains(errs, "line 2 is missing") && !strings.Contains(errs, "lines 2 to 3 are missing") {
			t.Errorf("exit code %d, %s", code, errs)
		}
		lines := 0
		for n := range 2 {
			s.start()
			if got := s.metric("sitrep_audit_broken"); got != "sitrep_audit_broken 1" {
				t.Error(got)
			}
			s.pass(time.Minute)
			s.daemon.Stop()
			synctest.Wait()
			code, out, _ := s.listAudit(outputTable, 1000)
			if code != exitOK || !strings.Contains(out, "broken") || n > 0 && strings.Count(out, "broken") != lines {
				t.Errorf("exit code %d, %s", code, out)
			}
			lines = strings.Count(out, "broken")
		}
		if code, _, errs = s.verify(); code != exitError || !strings.Contains(errs, "audit: line") {
			t.Errorf("exit code %d, %s", code, errs)
		}
	})
}

// audit are the lines, oldest first.
func (s *story) audit() (all []string) {
	s.t.Helper()
	code, body := s.call("GET", "/api/v1/audit?limit=1000", "")
	var page auditPage
	if err := json.Unmarshal([]byte(body), &page); err != nil || code != http.StatusOK {
		s.t.Fatalf("%d %s", code, body)
	}
	for i := len(page.Lines) - 1; i >= 0; i-- {
		all = append(all, fmt.Sprint(page.Lines[i].Number, " ", page.Lines[i].Text))
	}
	return all
}

// TestTheClerkOfAFlood: however many sources there are, a minute has few lines, and
// while the store takes nothing nobody waits for it.
func TestTheClerkOfAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, c := &keeper{}, newClerk(nil, slog.New(slog.DiscardHandler))
		c.store = k
		stop := launch(nil, func(ctx context.Context) error { c.run(ctx); return nil })
		for minute := range 3 {
			for n := range 50_000 {
				c.refused(web.Refusal{Reason: web.WrongLogin, From: fmt.Sprintf("2001:db8:%x:%x::/64", minute, n)})
			}
			c.refused(web.Refusal{Reason: web.NoLogin, From: "192.0.2.1"}) // everybody forgets it
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		total := 0
		for _, l := range k.all() {
			total += l.Count
		}
		if n := len(k.all()); n != 3*(clerkLines+1) || total != 150_000 {
			t.Errorf("%d lines of %d logins", n, total)
		}
		k.fails(errors.New("the disk is full"))
		c.write(context.Background(), audit.Line{Kind: audit.Reload, Text: "waits"})
		for range 10 {
			c.refused(web.Refusal{Reason: web.WrongRole, From: "192.0.2.1", Caller: "anna@example.org"})
		}
		time.Sleep(5 * time.Minute)
		k.fails(nil)
		stop() // what is left is written
		all := k.all()
		if last := all[len(all)-2:]; last[0].Text != "waits" || last[1].Count != 10 || last[1].By != "anna" {
			t.Errorf("left: %+v", last)
		}
	})
}

// keeper keeps lines, or does not.
type keeper struct {
	mu    sync.Mutex
	lines []audit.Line
	err   error
}

func (k *keeper) Audit(_ context.Context, l audit.Line) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.lines = append(k.lines, l)
	}
	return k.err
}

func (k *keeper) fails(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.err = err
}

func (k *keeper) all() []audit.Line {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lines
}
