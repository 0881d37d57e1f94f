package agenda

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// check is what holds of every reading, whatever stands in the file.
func (r Reading) check(t *testing.T, rules Rules) {
	t.Helper()
	for _, e := range r.Entries {
		for text, limit := range map[string]int{e.UID: maxUID + len(stamp), e.Said.Title: maxTitle, e.Said.Lead: maxLead} {
			if utf8.RuneCountInString(text) > limit || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) || !utf8.ValidString(text) {
				t.Errorf("a text is not clean: %q", text)
			}
		}
		if strings.Contains(e.Said.Lead, "@") {
			t.Errorf("an address leads: %q", e.Said.Lead)
		}
		if e.UID == "" {
			t.Error("an entry without a name")
		}
		if e.Amiss != "" || e.Cancelled {
			continue
		}
		if !e.Said.End.After(e.Said.Start) || e.Said.Title == "" || e.Said.Source != rules.Source {
			t.Errorf("%+v is taken", e.Said)
		}
		for _, name := range e.Said.Services {
			if got, known := rules.service(name); !known || got != name {
				t.Errorf("there is no service %q", name)
			}
		}
	}
}

func FuzzCalendar(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.ics")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		one, err := Calendar([]byte(text), rules(t), autumn)
		if time.Since(began) > 5*time.Second {
			t.Errorf("it took %s", time.Since(began))
		}
		if err != nil {
			return
		}
		one.check(t, rules(t))
		if again, err := Calendar([]byte(text), rules(t), autumn); err != nil || again.String() != one.String() {
			t.Errorf("another reading is another: %v", err)
		}
	})
}

func FuzzSilences(f *testing.F) {
	data, err := os.ReadFile("testdata/silences.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data))
	f.Fuzz(func(t *testing.T, text string) {
		if one, err := Silences([]byte(text), rules(t), autumn); err == nil {
			one.check(t, rules(t))
		}
	})
}
