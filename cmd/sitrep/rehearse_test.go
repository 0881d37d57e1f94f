package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const friday = `# mail fails on Friday afternoon and nobody writes anything
start 2026-10-23T16:40+02:00
0s     fire    MailDown x3   service=mail severity=critical
45m    say     board "A storage array failed; the supplier is on site."
3h     resolve MailDown
until  1d
`

// rehearsal plays scripts, given by name and text, against the configuration
// that ships.
func rehearsal(t *testing.T, flags []string, scripts ...string) (code int, out, errs string) {
	t.Helper()
	dir := t.TempDir()
	args := append([]string{"rehearse", "--config.file=" + filepath.Join("..", "..", "policies", "default", "sitrep.yml")}, flags...)
	for i := 0; i < len(scripts); i += 2 {
		file := filepath.Join(dir, scripts[i])
		if err := os.WriteFile(file, []byte(scripts[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	return sitrepSays(args...)
}

func TestRehearse(t *testing.T) {
	for _, c := range []struct {
		format string
		says   []string
	}{
		{"table", []string{"when ", "Fri 2026-10-23 16:41  first ", "18:00", "yes   words of oncall", "longest silence", "closing to staff"}},
		{"timeline", []string{"MailDown fires: 3 alerts", "SR-1 opened", "-> board: progress by sms, later email, next before 18:00", "A storage array failed", "longest silence"}},
		{"json", []string{`{"at":"2026-10-23T14:41:00Z","kind":"first","incident":"SR-1","audience":"it","recipients":1,"channels":["email"],"promise":"2026-10-23T15:15:00Z","kept":null,"why":"critical-outage: from 0s, every 30m","text":"`}},
	} {
		code, out, errs := rehearsal(t, []string{"--format=" + c.format}, "friday.script", friday)
		if code != exitOK || errs != "" {
			t.Errorf("%s: exit code %d\n%s", c.format, code, errs)
		}
		for _, want := range c.says {
			if !strings.Contains(out, want) {
				t.Errorf("%s does not say %q:\n%s", c.format, want, out)
			}
		}
	}
}

func TestRehearseExpects(t *testing.T) {
	for _, format := range []string{"table", "timeline", "json"} {
		_, out, _ := rehearsal(t, []string{"--format=" + format}, "friday.script", friday)
		golden := filepath.Join(t.TempDir(), "friday.golden")
		if err := os.WriteFile(golden, []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
		flags := []string{"--format=" + format, "--expect=" + golden}
		if code, out, errs := rehearsal(t, flags, "friday.script", friday); code != exitOK || !strings.HasPrefix(out, "as expected: ") || errs != "" {
			t.Errorf("%s: exit code %d\n%s%s", format, code, out, errs)
		}
		other := strings.Replace(friday, "45m", "50m", 1)
		code, out, errs := rehearsal(t, flags, "friday.script", other)
		if code != exitError || out != "" || !strings.Contains(errs, "expected: ") || !strings.Contains(errs, "now: ") || !strings.Contains(errs, "hint:") {
			t.Errorf("%s: exit code %d\n%s%s", format, code, out, errs)
		}
	}
}

func TestRehearseSeveral(t *testing.T) {
	short := "start 2026-05-12T09:00+02:00\n0s fire MailSlow service=mail\n4m resolve MailSlow\n"
	code, out, errs := rehearsal(t, nil, "friday.script", friday, "short.script", short)
	if code != exitOK || !strings.Contains(out, "== friday.script ==") || !strings.Contains(out, "== short.script ==") || !strings.Contains(out, "Nobody is told anything.") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	_, out, _ = rehearsal(t, []string{"--format=json"}, "friday.script", friday, "again.script", friday)
	seen := map[string]bool{}
	for line := range strings.Lines(out) {
		var row struct{ Script string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		seen[row.Script] = true
	}
	if !seen["friday.script"] || !seen["again.script"] || len(seen) != 2 {
		t.Errorf("the lines belong to %v", seen)
	}
}

func TestRehearseDraws(t *testing.T) {
	file := filepath.Join(t.TempDir(), "friday.svg")
	if code, _, errs := rehearsal(t, []string{"--svg=" + file}, "friday.script", friday); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, errs)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	marks := 0
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if a.Name.Local == "class" && strings.HasPrefix(a.Value, "mark ") {
					marks++
				}
			}
		}
	}
	if want := 23 + 5 + 11 + 1; marks != want { // an update each, a kind each in the legend, and the same of what the team is asked
		t.Errorf("%d marks, not %d", marks, want)
	}
}

func TestRehearseSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		flags  []string
		script string
		code   int
		says   []string
	}{
		{nil, "start 2026-10-23T16:40+02:00\n0s explode\n", exitError, []string{"friday.script:2:4: expected a command, not explode", "hint:"}},
		{nil, "start 2026-10-23T16:40+02:00\n0s fire X\n1m say bord \"x\"\n", exitError, []string{"friday.script:3:1: no audience is called bord", "it, management, board, staff"}},
		{nil, "start 2026-10-23T16:40+02:00\n0s say \"x\"\n", exitOK, []string{"warning: ", "friday.script:2: nothing happens: no incident is open"}},
		{[]string{"--format=csv"}, friday, exitUsage, []string{"table,timeline,json"}},
		{[]string{"--expect=" + filepath.Join(t.TempDir(), "none")}, friday, exitUsage, []string{"read what is expected", "hint:"}},
	} {
		code, out, errs := rehearsal(t, c.flags, "friday.script", c.script)
		for _, want := range c.says {
			if !strings.Contains(errs, want) {
				t.Errorf("%v %q: it does not say %q:\n%s", c.flags, c.script, want, errs)
			}
		}
		if code != c.code {
			t.Errorf("%v %q: exit code %d, want %d\n%s", c.flags, c.script, code, c.code, out+errs)
		}
	}
	if code, _, errs := rehearsal(t, []string{"--svg=" + filepath.Join(t.TempDir(), "x.svg")}, "a", friday, "b", friday); code != exitUsage || !strings.Contains(errs, "hint:") {
		t.Errorf("two scripts in one drawing: exit code %d\n%s", code, errs)
	}
	if code, _, errs := sitrepSays("rehearse", "--config.file="+filepath.Join(t.TempDir(), "none.yml"), "x.script"); code != exitUsage || !strings.Contains(errs, "there is no file") {
		t.Errorf("a configuration that is not there: exit code %d\n%s", code, errs)
	}
	if code, _, errs := sitrepSays("rehearse"); code != exitUsage || !strings.Contains(errs, "script") {
		t.Errorf("no script: exit code %d\n%s", code, errs)
	}
	if code, _, errs := sitrepSays("rehearse", "--config.file="+filepath.Join("..", "..", "policies", "default", "sitrep.yml"), filepath.Join(t.TempDir(), "none.script")); code != exitUsage || !strings.Contains(errs, "read the script") {
		t.Errorf("a script that is not there: exit code %d\n%s", code, errs)
	}
}
