package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReloadOfAProcess: by a signal and by the command; and a kill right after it
// finds the same configuration.
func TestReloadOfAProcess(t *testing.T) {
	p := newProcess(t, "1s")
	p.start()
	file := filepath.Join(p.dir, "sitrep.yml")
	right, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	services := func() string {
		t.Helper()
		out, err := sitrep("reload", "--dry-run", "-o", "json", "--url="+p.url).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	hup := func() {
		t.Helper()
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	until := func(what string, done func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("not after 20 seconds: %s\n%s", what, p.log)
			}
		}
	}

	write(strings.Replace(string(right), "every: 1h", "every: often", 1))
	hup()
	until("the log names the line", func() bool { return strings.Contains(p.log.String(), "sitrep.yml:14:") })
	if out, err := sitrep("reload", "--url="+p.url).CombinedOutput(); err == nil || !strings.Contains(string(out), "sitrep.yml:14:") {
		t.Errorf("%v %s", err, out)
	}

	fewer := strings.Replace(strings.Replace(string(right), "      - {audience: board, cadence: [{from: 0s, every: 1h}]}\n", "", 1),
		`  - {name: board, channels: [sms, email], recipients: [{name: B, email: b@voorbeeld.example, phone: "+31612345604"}]}`+"\n", "", 1)
	write(fewer)
	out, err := sitrep("reload", "--url="+p.url).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "sitrep reload --force") {
		t.Errorf("%v %s", err, out)
	}
	out, err = sitrep("reload", "--force", "--url="+p.url).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "The configuration is in force: 1 service, 2 audiences\nboard  0, was 1\n") {
		t.Errorf("%v %s", err, out)
	}
	one := services()
	p.kill()
	p.start()
	if again := services(); again != one || strings.Contains(again, "board") {
		t.Errorf("after a kill: %s, was %s", again, one)
	}
	p.webhook(time.Now(), time.Time{})
	p.expect(20*time.Second, "mail i@")

	write(string(right))
	hup()
	until("the board is back", func() bool { return strings.Contains(services(), "board") })
	p.expect(20*time.Second, "mail b@", "sms +31612345604")
	if code, _ := p.post("/-/reload?force=maybe", nil); code != http.StatusUnprocessableEntity {
		t.Errorf("force=maybe was answered %d", code)
	}
}
