package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sitrep/policies"
)

// sitrepSays runs a command line in this process.
func sitrepSays(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(args, &out, &err)
	return code, out.String(), err.String()
}

func TestTheWorkedExampleIsValid(t *testing.T) {
	code, out, errs := sitrepSays("check-config", "--config.file="+filepath.Join("..", "..", "policies", "default", "sitrep.yml"))
	if code != exitOK || !strings.Contains(out, "is valid: 3 services, 4 audiences with 7 recipients, 3 policies") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	if !strings.HasPrefix(errs, "note: ") || !strings.Contains(errs, "a sender ID cannot receive") || strings.Count(errs, "\n") != 4 {
		t.Errorf("one note says what a sender ID cannot; got:\n%s", errs)
	}
}

// tenMistakes are ten, each on the line that its comment numbers.
const tenMistakes = `global: {organisation: X, lanugage: nl}
channels:
  email: {smarthosts: ["mail.example"], from: "ict@voorbeeld.example"}
  sms: {account_sid: ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, auth_token_file: no/such/file, from: Voorbeeld}
slas:
  - {name: gold, agreed: 24hours}
services:
  - {name: mail, title: {nl: e-mail}, matchers: ['service="mail"'], sla: golden}
  - {name: mail, title: {nl: e-mail}, matchers: ['service="mail"']}
audiences:
  - {name: empty, channels: [email]}
  - {name: board, channels: [email], recipients: [{name: B, email: "not an address"}]}
  - {name: it, channels: [sms], recipients: [{name: I, phone: "0612345678"}]}
policies:
  - name: all
    updates:
      - {audience: bored, cadence: [{from: 0s, every: 1h}]}
`

func TestTenMistakesNameTenLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sitrep.yml")
	if err := os.WriteFile(file, []byte(tenMistakes), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := sitrepSays("check-config", "--config.file="+file)
	if code != exitError || out != "" {
		t.Errorf("exit code %d, %s", code, out)
	}
	lines := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\S*sitrep\.yml:(\d+):\d+: `).FindAllStringSubmatch(errs, -1) {
		lines[m[1]] = true
	}
	for _, want := range []int{1, 3, 4, 6, 8, 9, 11, 12, 13, 17} {
		if !lines[fmt.Sprint(want)] {
			t.Errorf("line %d is not named", want)
		}
	}
	for _, want := range []string{`did you mean "language"?`, "hint:", "    13 | "} {
		if !strings.Contains(errs, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(errs)
	}
}

// TestWhatOnlyMailUnderstands: a key that cannot sign and an address that nothing
// fits behind are found before they are needed.
func TestWhatOnlyMailUnderstands(t *testing.T) {
	check := func(mail string) (int, string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "sitrep.yml")
		text := strings.Replace(storyConfig, "sessions: 2}", "sessions: 2, "+mail+"}", 1)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, errs := sitrepSays("check-config", "--config.file="+file)
		return code, errs
	}
	for mail, says := range map[string]string{
		"bounces: {address: returned-mail@voorbeeld.example}":                      "channels.email.bounces: the part before the @ has 13 characters",
		`dkim: {domain: voorbeeld.example, selector: a, private_key: "not a key"}`: "channels.email.dkim: private_key: the key is not PEM",
	} {
		if code, errs := check(mail); code != exitError || !strings.Contains(errs, says) || !strings.Contains(errs, "hint: ") {
			t.Errorf("%s: exit code %d, want one that says %q\n%s", mail, code, says, errs)
		}
	}
	if err := checkMail(&policies.Email{Bounces: "bounces@voorbeeld.example"}); err != nil {
		t.Error(err)
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"check-config", "--config.file=" + filepath.Join(t.TempDir(), "none.yml")}, exitUsage, "there is no file"},
		{[]string{"serve", "--config.file=" + filepath.Join(t.TempDir(), "none.yml")}, exitUsage, "there is no file"},
		{[]string{"fly"}, exitUsage, "hint:"},
		{[]string{"serve", "--storage.pth=x"}, exitUsage, "unknown long flag"},
		{[]string{"demo", "--speed=0"}, exitUsage, "--speed"},
		{[]string{"demo", "--web.listen-address=0.0.0.0:0"}, exitUsage, "for this machine only"},
		{[]string{"--help"}, exitOK, "check-config"},
		{[]string{"--version"}, exitOK, versionText()},
	} {
		code, out, errs := sitrepSays(c.args...)
		if code != c.code || !strings.Contains(out+errs, c.says) {
			t.Errorf("sitrep %v: exit code %d, want %d that says %q\n%s%s", c.args, code, c.code, c.says, out, errs)
		}
	}
}

// masked takes what differs from run to run out of the demo's lines.
func masked(s string) string {
	s = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`).ReplaceAllString(s, "TIME")
	s = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).ReplaceAllString(s, "URL")
	s = regexp.MustCompile(`minder dan een minuut|\d+ (seconden|minuut|minuten)`).ReplaceAllString(s, "DURATION")
	s = regexp.MustCompile(`less than a minute|\d+ (seconds|minutes?)`).ReplaceAllString(s, "DURATION")
	s = regexp.MustCompile(`\d\d[:.]\d\d`).ReplaceAllString(s, "CLOCK")
	return regexp.MustCompile(`for \d+m?s`).ReplaceAllString(s, "for DURATION")
}

// TestDemo is the demo itself, at a faster pace than people watch it, and the
// lines of it that the README shows.
func TestDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var out, errs bytes.Buffer
	if code := runDemo(context.Background(), demoOptions{exit: true, speed: 20, listen: "127.0.0.1:0"}, &out, &errs); code != exitOK {
		t.Fatalf("exit code %d\n%s%s", code, &out, &errs)
	}
	if errs.Len() > 0 {
		t.Errorf("it complains:\n%s", &errs)
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "The demo prints, among other lines:\n\n```text\n")
	shown, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the README does not show what the demo prints")
	}
	got := masked(out.String())
	for line := range strings.Lines(masked(shown)) {
		if !strings.Contains(got, strings.TrimRight(line, "\n")) {
			t.Errorf("the README shows a line that the demo does not print: %s", line)
		}
	}
	if t.Failed() {
		t.Logf("it prints\n%s", got)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "sitrep-demo-*")); len(left) > 0 {
		t.Errorf("it leaves its storage behind: %v", left)
	}
}
