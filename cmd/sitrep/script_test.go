package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestCommandLine plays the scripts of testdata/script: the command line against
// a real sitrep, as somebody on call would use it. $SITREP is the program and
// $URL where it answers. Of its own a script has:
//
//	outage 10m      mail has been out for so long; wait until that is an incident
//	recovery        mail works again; wait until that incident is over
//	mask FILE       the last output, without what differs from run to run
//	await FILE RE   wait until a line of a file is so
//	door shut|open  the way to sitrep by $DOOR
//	restart         sitrep is killed, and starts again
func TestCommandLine(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			p := newProcess(t, "1s")
			p.start()
			door := newWayTo(t, p.url)
			var began time.Time
			testscript.Run(t, testscript.Params{
				Files:         []string{script},
				UpdateScripts: *update,
				Setup: func(e *testscript.Env) error {
					e.Setenv("SITREP", os.Args[0])
					e.Setenv("SITREP_RUN", "1")
					e.Setenv("URL", p.url)
					e.Setenv("DOOR", door.url())
					e.Setenv("TZ", "Europe/Amsterdam")
					e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
					return nil
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"outage": func(ts *testscript.TestScript, _ bool, args []string) {
						d, err := time.ParseDuration(args[0])
						ts.Check(err)
						began = time.Now().Add(-d)
						p.webhook(began, time.Time{})
						p.incident(ts, "open")
					},
					"recovery": func(ts *testscript.TestScript, _ bool, _ []string) {
						p.webhook(began, time.Now())
						p.incident(ts, "resolved")
					},
					"await": func(ts *testscript.TestScript, _ bool, args []string) {
						re, err := regexp.Compile("(?m)" + args[1])
						ts.Check(err)
						var text []byte
						for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
							if text, _ = os.ReadFile(ts.MkAbs(args[0])); re.Match(text) {
								return
							}
						}
						ts.Fatalf("no line of %s is %s:\n%s", args[0], args[1], text)
					},
					"door": func(_ *testscript.TestScript, _ bool, args []string) { door.set(args[0] == "shut") },
					"restart": func(ts *testscript.TestScript, _ bool, _ []string) {
						p.kill()
						p.start()
						ts.Setenv("URL", p.url)
						door.aim(p.url)
					},
					"mask": func(ts *testscript.TestScript, _ bool, args []string) {
						ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(steady(ts.ReadFile("stdout"))), 0o644))
					},
				},
			})
		})
	}
}

// incident waits until an incident is in a state.
func (p *process) incident(ts *testscript.TestScript, state string) {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		r, err := http.Get(p.url + "/api/v1/incidents?state=" + state)
		ts.Check(err)
		answer, err := io.ReadAll(r.Body)
		r.Body.Close()
		ts.Check(err)
		if strings.Contains(string(answer), `"SR-1"`) {
			return
		}
	}
	ts.Fatalf("SR-1 is not %s", state)
}

var (
	moments   = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:[\d.]+Z|(\d+ [A-Z][a-z]{2} )?\b\d\d:\d\d\b`)
	updates   = regexp.MustCompile(`update \d+`) // others go out meanwhile
	durations = regexp.MustCompile(`\bunder 1m|\b\d+h \d+m\b|\b\d+m\b|\b\d+(\.\d+)?m?s\b`)
	blanks    = regexp.MustCompile(`  +`)
)

// steady is an output without what differs from run to run.
func steady(s string) string {
	s = moments.ReplaceAllString(s, "CLOCK")
	s = updates.ReplaceAllString(s, "update N")
	s = durations.ReplaceAllString(s, "DURATION")
	return blanks.ReplaceAllString(s, "  ")
}
