package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// section returns a section of the README, less the sections below it.
func section(t *testing.T, title string) string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(readme), "\n"+title+"\n")
	if !found {
		t.Fatalf("the README has no section %q", title)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	text, _, _ = strings.Cut(text, "\n### ")
	return text
}

var shell = regexp.MustCompile("(?s)```sh\n(.*?)```")

// commands are the lines of a section that somebody types.
func commands(section string) []string {
	var all []string
	for _, block := range shell.FindAllStringSubmatch(section, -1) {
		for line := range strings.Lines(block[1]) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				all = append(all, line)
			}
		}
	}
	return all
}

// called is a folder for the PATH in which this program is called sitrep.
func called(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	self, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "sitrep")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// atThree is a time zone in which it is three o'clock in the morning, and then some.
func atThree(now time.Time) string {
	east := (3 - now.UTC().Hour() + 24) % 24
	if east > 12 {
		return fmt.Sprintf("Etc/GMT+%d", 24-east) // the signs are POSIX's
	}
	return fmt.Sprintf("Etc/GMT-%d", east)
}

// TestAtThreeInTheMorning: what the README has somebody on call type, line by line, in
// the night, against a sitrep with the configuration that ships.
func TestAtThreeInTheMorning(t *testing.T) {
	p := newProcess(t, "1s")
	world, err := os.ReadFile(filepath.Join(p.dir, "sitrep.yml"))
	if err != nil {
		t.Fatal(err)
	}
	smarthost, provider := regexp.MustCompile(`smarthosts: \["(.*?)"\]`).FindSubmatch(world), regexp.MustCompile(`api_url: "(.*?)"`).FindSubmatch(world)
	example := configWith(t, `"mail.voorbeeld.example:587", "relay.provider.example:587"`, `"`+string(smarthost[1])+`"`, "    auth_username: sitrep\n    auth_password_file: secrets/smtp-password\n", "",
		"require_tls: true ", "require_tls: false ", "auth_token_file: secrets/twilio-auth-token", `auth_token: sesame, api_url: "`+string(provider[1])+`"`)
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("auth_token: sesame, api_url"), []byte("auth_token: sesame\n    api_url"), 1)
	if err := os.CopyFS(filepath.Join(p.dir, "site"), os.DirFS(filepath.Dir(example))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "site", "sitrep.yml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(p.dir, "sitrep.yml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("site", "sitrep.yml"), filepath.Join(p.dir, "sitrep.yml")); err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{"contacts", "secrets"} { // relative to the file's own folder
		if err := os.Symlink(filepath.Join("site", of), filepath.Join(p.dir, of)); err != nil {
			t.Fatal(err)
		}
	}
	p.start()

	token := func(name string) string { return filepath.Join(p.dir, "secrets", "token-"+name) }
	alerts, err := os.ReadFile(token("alertmanager"))
	if err != nil {
		t.Fatal(err)
	}
	hook := fmt.Sprintf(`{"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "MailDown", "service": "mail", "severity": "critical"}, "startsAt": %q, "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "f"}]}`,
		time.Now().Add(-20*time.Minute).Format(time.RFC3339))
	r, err := http.NewRequest("POST", p.url+"/api/v1/alertmanager", strings.NewReader(hook))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(alerts)))
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusAccepted {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	p.expectSMS("Er gaan", "Storing e-mail", "Email outage")

	home := filepath.Join(p.dir, "home")
	if err := os.MkdirAll(filepath.Join(home, ".config", "sitrep"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".config", "sitrep", "client.yml"), []byte("url: "+p.url+"\ntoken_file: "+token("oncall")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := append(os.Environ(), "SITREP_RUN=1", "HOME="+home, "XDG_CONFIG_HOME=", "TZ="+atThree(time.Now()), "PATH="+called(t)+":"+os.Getenv("PATH"))
	typed := func(line string, out *lockedBuffer) *exec.Cmd {
		c := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(line, "SR-12", "SR-1"))
		c.Env, c.Stdout, c.Stderr = environment, out, out
		return c
	}
	lines := commands(section(t, "### At three in the morning"))
	if len(lines) < 14 || !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "resolve SR-12") }) {
		t.Fatalf("the section has %d commands: %q", len(lines), lines)
	}
	said := map[string]*lockedBuffer{}
	var watching *exec.Cmd
	for _, line := range lines {
		out := &lockedBuffer{}
		said[strings.Fields(line)[2]] = out
		c := typed(line, out)
		switch {
		case strings.HasPrefix(line, "sitrep incident watch"): // in another terminal
			watching = c
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(20 * time.Second); !strings.Contains(out.String(), "led by") && time.Now().Before(end); {
				time.Sleep(20 * time.Millisecond)
			}
			continue
		case strings.HasPrefix(line, "eval"): // see TestCompletion
			continue
		}
		if err := c.Run(); err != nil || out.String() == "" {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		if strings.Contains(line, " resolve ") && watching != nil {
			if err := watching.Wait(); err != nil {
				t.Errorf("watch: %v\n%s", err, said["watch"])
			}
			watching = nil
		}
	}
	for command, want := range map[string]string{
		"list": "SR-1 ", "lead": "SR-1: done", "estimate": "SR-1: ", "hold": "SR-1: ", "phase": "SR-1: ", "correct": "SR-1: update ", "watch": "resolved: out from", "reopen": "SR-1: ", "show": `"lead": "Fatima"`,
	} {
		if said[command] == nil || !strings.Contains(said[command].String(), want) {
			t.Errorf("%s does not say %q:\n%s", command, want, said[command])
		}
	}
	heard := func(what string) bool {
		for _, m := range p.twilio.Phone("+31612345604") {
			if strings.Contains(m.Body, what) {
				return true
			}
		}
		return false
	}
	for _, words := range []string{"Er is een monteur onderweg.", "Er is nog niemand onderweg."} {
		end := time.Now().Add(20 * time.Second)
		for !heard(words) && time.Now().Before(end) {
			time.Sleep(50 * time.Millisecond)
		}
		if !heard(words) {
			t.Errorf("the board does not hear %q", words)
		}
	}
}

// expectSMS waits until somebody has an SMS that begins with one of these.
func (p *process) expectSMS(begins ...string) {
	p.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for _, m := range p.twilio.Messages() {
			if slices.ContainsFunc(begins, func(b string) bool { return strings.HasPrefix(m.Body, b) }) {
				return
			}
		}
	}
	p.t.Fatalf("no SMS begins with one of %q: %+v", begins, p.twilio.Messages())
}

// TestCompletion: the shells that the README names complete commands and flags, by the
// line that it has for them.
func TestCompletion(t *testing.T) {
	lines := map[string]string{}
	for _, line := range commands(section(t, "### At three in the morning")) {
		if m := regexp.MustCompile(`--completion-script-(\w+)`).FindStringSubmatch(line); m != nil {
			lines[m[1]] = line
		}
	}
	path := called(t)
	for name, script := range map[string]string{
		"bash": `%s
COMP_WORDS=(sitrep %s)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_sitrep_bash_autocomplete
printf '%%s\n' "${COMPREPLY[@]}"`,
		// What completes by itself only works at a prompt; what it would offer is shown.
		"zsh": `compdef() { :; }
compadd() { print -l -- $matches; }
_files() { :; }
typeset -A compstate
compstate[nmatches]=1
%s
words=(sitrep %s)
CURRENT=$#words
_sitrep`,
	} {
		if lines[name] == "" {
			t.Errorf("the README has no line for %s", name)
			continue
		}
		program, err := exec.LookPath(name)
		if err != nil {
			t.Run(name, func(t *testing.T) { t.Skip("there is no " + name + " on this machine, which completes") })
			continue
		}
		for words, want := range map[string][]string{
			"''":                 {"serve", "incident", "schedule", "audience", "test", "render", "rehearse", "check-config"},
			"incident ''":        {"list", "show", "say", "watch", "resolve"},
			"incident wat":       {"watch"},
			"audience ''":        {"list", "show"},
			"audience show --ex": {"--explain"},
			"test ''":            {"send"},
			"render --chan":      {"--channel"},
		} {
			c := exec.CommandContext(t.Context(), program, "-c", fmt.Sprintf(script, lines[name], words))
			c.Env = append(os.Environ(), "SITREP_RUN=1", "PATH="+path+":"+os.Getenv("PATH"))
			out, err := c.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %s: %v\n%s", name, words, err, out)
			}
			offered := strings.Fields(string(out))
			for _, w := range want {
				if !slices.Contains(offered, w) {
					t.Errorf("%s: %q is not offered after %s: %q", name, w, words, offered)
				}
			}
		}
	}
}
