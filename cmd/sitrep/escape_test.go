package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// ugly is what a terminal should not have, by what it does.
var ugly = map[string]string{
	"ESC": "\x1b", "CSI": "\x1b[2J", "C1": "\u009b31m", "C1 as a byte": "\x9b31m", "OSC": "\x1b]0;x\x07", "CR": "x\rroot# ", "BEL": "\a", "BS": "\b\b", "NUL": "\x00", "DEL": "\x7f",
	"right to left": "\u202ex", "isolate": "\u2066x", "zero width": "\u200b", "line separator": "\u2028", "tag": "\U000e0041",
}

// tame says that an output holds nothing of that.
func tame(t *testing.T, what, out string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Errorf("%s: it is no UTF-8: %q", what, out)
	}
	for _, r := range out {
		if startles(r) {
			t.Errorf("%s: %U is printed in\n%q", what, r, out)
			return
		}
	}
}

func TestEscaping(t *testing.T) {
	const text = "één\t🙂\n"
	for name, u := range ugly {
		var whole, bits bytes.Buffer
		if _, err := io.WriteString(&escaping{w: &whole}, text+u+text); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&escaping{w: &bits}, iotest.OneByteReader(strings.NewReader(text+u+text))); err != nil {
			t.Fatal(err)
		}
		if tame(t, name, whole.String()); whole.String() != bits.String() || strings.Count(whole.String(), text) != 2 {
			t.Errorf("%s: %q, in bits %q", name, whole.String(), bits.String())
		}
		var alone bytes.Buffer
		var back string
		io.WriteString(&escaping{w: &alone}, u)
		if err := json.Unmarshal([]byte(`"`+alone.String()+`"`), &back); utf8.ValidString(u) && (err != nil || back != u) {
			t.Errorf("%s: as JSON it is %q, %v", name, back, err)
		}
	}
}

// TestFilesReachATerminalTame: whatever stands in a file that the command line reads,
// and prints a line of.
func TestFilesReachATerminalTame(t *testing.T) {
	config := site(t, storyConfig, map[string]string{})
	for name, u := range map[string]string{
		"controls": ugly["ESC"] + ugly["CSI"] + ugly["OSC"] + ugly["BEL"] + ugly["BS"] + ugly["DEL"], "CR": ugly["CR"], "NUL": ugly["NUL"], "C1": ugly["C1"], "a byte": ugly["C1 as a byte"],
		"what is not seen": ugly["right to left"] + ugly["isolate"] + ugly["zero width"] + ugly["line separator"] + ugly["tag"],
	} {
		for _, c := range []struct{ what, file, text string }{
			{"a key", "sitrep.yml", "global: {organisation: X}\n\"" + u + "\": 1\nnow" + u + "here: 2\n"},
			{"a value", "sitrep.yml", storyConfig + "time_intervals: " + u + "\n"},
			{"a word", "sitrep.yml", strings.Replace(storyConfig, "language: nl", "language: "+u+"n", 1)},
			{"a comment", "sitrep.yml", storyConfig + "odd: 1 # " + u + "\n"},
			{"a fact sheet", "sheet.json", "{\"kind\": \"first\", \"x" + u + "\": 1, \"now\": \"" + u + "\"}"},
			{"no JSON", "sheet.json", "{ " + u},
			{"a script", "a.script", "start 2026-10-23T16:40+02:00\n0s fire " + u + " x" + u + "y\n0s odd " + u + "\n"},
			{"a script's words", "a.script", "start 2026-10-23T16:40+02:00\n0s fire MailDown service=mail severity=critical summary=\"" + u + "\"\n10m say \"" + u + "\"\n12m lead \"" + u + "\"\n20m resolve MailDown " + u + "\nuntil 1h\n"},
			{"own words", "words/nl/a.tmpl", "{{define \"first.opening\"}}" + u + "{{end}}{{" + u + "\n"},
			{"the client's configuration", "client.yml", "url: \"" + u + "\"\noutput: " + u + "\n"},
		} {
			file := written(t, filepath.Base(c.file), c.text)
			var runs [][]string
			switch filepath.Ext(c.file) {
			case ".yml":
				runs = [][]string{{"check-config", "--config.file=" + file}, {"serve", "--config.file=" + file, "--storage.path=" + t.TempDir(), "--web.listen-address=127.0.0.1:0"}}
				if c.file == "client.yml" {
					runs = [][]string{{"incident", "list", "--client.config=" + file}}
				}
				if c.what == "a comment" || c.what == "a key" {
					break
				}
				runs = runs[:1] // some of these are right, and serve would run
			case ".json":
				runs = [][]string{{"render", "--data=" + file}}
			case ".script":
				for _, format := range []string{"table", "timeline", "json"} {
					runs = append(runs, []string{"rehearse", "--config.file=" + config, "--format=" + format, file})
				}
				runs = append(runs, []string{"render", "--config.file=" + config, "--data=" + file, "--audience=board"})
			case ".tmpl":
				with := site(t, storyConfig+folders, map[string]string{c.file: c.text})
				runs = [][]string{{"render", "--config.file=" + with}}
			}
			for _, args := range runs {
				_, out, errs := sitrepSays(args...)
				if out+errs == "" {
					t.Errorf("%s in %s: %v says nothing", name, c.what, args)
				}
				tame(t, name+" in "+c.what+": "+args[0], out+errs)
			}
		}
		_, out, errs := sitrepSays("render", "--kind="+u)
		tame(t, name+" in a flag", out+errs)
	}
}

// TestAnswersReachATerminalTame: whatever sitrep's API answers, or what is in its
// place.
func TestAnswersReachATerminalTame(t *testing.T) {
	for name, u := range ugly {
		quoted, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		// json.Marshal escapes what it must: the rest comes as it is.
		incident := strings.ReplaceAll(`{"id": "SR-1", "kind": U, "service": U, "severity": U, "state": "resolved", "phase": U, "title": {"nl": U}, "lead": U,
			"part_of": U, "consequences": [U], "started_at": "2026-10-23T16:40:00Z", "resolved_at": "2026-10-23T17:40:00Z",
			"timeline": [{"at": "2026-10-23T16:40:00Z", "text": U, "by": U}], "audiences": [{"name": U, "every": U}]}`, "U", string(quoted))
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/api/v1/incidents":
				io.WriteString(w, `{"incidents": [`+incident+`]}`)
			case r.URL.Path == "/api/v1/incidents/SR-1":
				io.WriteString(w, incident)
			case r.URL.Path == "/api/v1/schedule":
				io.WriteString(w, strings.ReplaceAll(`{"due": [{"at": "2026-10-23T16:40:00Z", "incident": U, "audience": U, "kind": U, "why": U}]}`, "U", string(quoted)))
			case r.URL.Path == "/api/v1/incidents/SR-2":
				w.WriteHeader(http.StatusUnprocessableEntity)
				io.WriteString(w, strings.ReplaceAll(`{"title": U, "detail": U, "errors": [{"message": U, "location": U}]}`, "U", string(quoted)))
			default:
				w.WriteHeader(http.StatusOK)
				io.WriteString(w, u)
			}
		}))
		for _, args := range []string{"incident list", "incident show SR-1", "incident watch SR-1", "schedule", "incident show SR-2", "incident show SR-3", "incident resolve SR-3"} {
			for _, form := range []string{"table", "json"} {
				_, out, errs := sitrepSays(append(strings.Fields(args), "--url="+api.URL, "-o", form)...)
				if out+errs == "" {
					t.Errorf("%s: %s says nothing", name, args)
				}
				tame(t, name+": "+args+" -o "+form, out+errs)
			}
		}
		api.Close()
	}
}
