package reply

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"sitrep/policies/words"
)

func vocabulary(t testing.TB) *words.Pack {
	t.Helper()
	p, err := words.Parse(os.DirFS("../../policies/default/words"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRead(t *testing.T) {
	v := vocabulary(t)
	for body, want := range map[string]string{
		"FOUND":                    " found ",
		"gevonden.":                " found ",
		"SR-12 FOUND":              "SR-12 found ",
		"[SR-12] Found":            "SR-12 found ",
		"sr12: bezig":              "SR-12 fixing ",
		"Sr 0012   Gemaakt!":       "SR-12 fixed ",
		"FIXED SR-12":              "SR-12 fixed ",
		"resolve sr-12 4711":       "SR-12 resolve 4711",
		"SR-12 EST 15:30":          "SR-12 estimate 15:30",
		"TIJD 15.30 uur":           " estimate 15.30 uur",
		"ZEG: De monteur is er.":   " say De monteur is er.",
		"SAY  two\nlines ":         " say two\nlines",
		"SAY SR-12 is ours":        " say SR-12 is ours",
		"SR-12, say SR-13 is mine": "SR-12 say SR-13 is mine",
		"WACHT 30":                 " hold 30",
		"UITLEG?":                  " help ",
		"SR-12 on course.":         "SR-12 course ",
		"on time":                  "-  on time",
		"zoals gepland SR-12":      "SR-12 course ",
		"LATER SR-12 2 uur":        "SR-12 later 2 uur",
		"rolling back":             " back ",
		"klaar!":                   " done ",
		"4711":                     "-  4711",
		"SR-12 4711":               "- SR-12 4711",
		"SR-12":                    "- SR-12 ",
		"":                         "-  ",
		"SR-0 FOUND":               "-  SR-0 FOUND",
		"SR-12x FOUND":             "-  SR-12x FOUND",
		"SR-1234567890 FOUND":      "-  SR-1234567890 FOUND",
		"hello there":              "-  hello there",
	} {
		c, known := Read(body, v)
		got := fmt.Sprintf("%s %s %s", c.Incident, c.Do, c.Rest)
		if !known {
			got = fmt.Sprintf("- %s %s", c.Incident, c.Rest)
		}
		if got != want {
			t.Errorf("%q: %q, not %q", body, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	v := vocabulary(f)
	for _, s := range []string{"SR-12 FOUND", "ZEG: x", "resolve sr-12 4711", "\x00SR-1\u202e FOUND", "SR-١٢ FOUND", "[[SR-1]] :", "İ", "ſr-1 found"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		c, known := Read(body, v)
		if known == (c.Do == "") {
			t.Errorf("%q: known %v, and it asks for %q", body, known, c.Do)
		}
		if c.Incident != "" && strings.Trim(c.Incident, "SR-0123456789") != "" {
			t.Errorf("%q: the incident %q", body, c.Incident)
		}
		if len(c.Rest) > len(body) || utf8.ValidString(body) && !utf8.ValidString(c.Rest) {
			t.Errorf("%q: it is followed by %q", body, c.Rest)
		}
		again, _ := Read(body, v)
		if again != c {
			t.Errorf("%q: %+v, and then %+v", body, c, again)
		}
	})
}
