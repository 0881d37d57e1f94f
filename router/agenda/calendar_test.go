package agenda

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/prometheus/alertmanager/pkg/labels"

	"sitrep/policies"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// autumn is a moment before the clocks of Amsterdam go back, on 25 October at 1:00 UTC.
var autumn = time.Date(2026, 10, 20, 12, 0, 0, 0, time.UTC)

func rules(t testing.TB) Rules {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	service := func(name string, title policies.Texts) *policies.Service {
		return &policies.Service{Name: name, Title: title, Matchers: labels.Matchers{{Type: labels.MatchEqual, Name: "service", Value: name}}}
	}
	return Rules{Source: "it", Zone: zone, Default: []string{"network"}, Services: []*policies.Service{
		service("mail", policies.Texts{"nl": "e-mail", "en": "email"}), service("permits", nil), service("network", nil)}}
}

func (r Reading) String() string {
	const form = "2006-01-02 15:04:05"
	var b strings.Builder
	fmt.Fprintf(&b, "%d entries\n", r.All)
	for _, e := range r.Entries {
		fmt.Fprintf(&b, "%s: %q", e.UID, e.Said.Title)
		switch {
		case e.Amiss != "":
			fmt.Fprintf(&b, " is amiss: %s", e.Amiss)
			if e.Unknown != "" {
				fmt.Fprintf(&b, " [%s]", e.Unknown)
			}
			if e.Series {
				b.WriteString(" (all of it)")
			}
		case e.Cancelled:
			b.WriteString(" is cancelled")
		case e.Tentative:
			b.WriteString(" is tentative")
		default:
			fmt.Fprintf(&b, "\n  %s to %s, touches %s", e.Said.Start.Format(form), e.Said.End.Format(form), strings.Join(e.Said.Services, " and "))
			if !e.Said.Decide.IsZero() {
				b.WriteString(", decided at " + e.Said.Decide.Format(form))
			}
			if e.Said.Lead != "" {
				fmt.Fprintf(&b, ", led by %q", e.Said.Lead)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestCalendars reads each of testdata as it stands; what came of it is read by people.
func TestCalendars(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ics")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r, err := Calendar(data, rules(t), autumn)
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".ics") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(r.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if r.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s", r, want)
			}
		})
	}
}
