package policies

import (
	"fmt"
	"testing"
	"time"
)

// TestAnnounce: announcements stand in the order in which they come, and a policy that
// only announces needs no cadence.
func TestAnnounce(t *testing.T) {
	cfg, err := Load("sitrep.yml", func(name string) ([]byte, error) {
		if name != "sitrep.yml" {
			return Default.ReadFile("default/" + name)
		}
		text, err := Default.ReadFile("default/sitrep.yml")
		return []byte(replaceOnce(t, replaceOnce(t, string(text),
			"policies:\n", `policies:
  - name: planned
    matchers: ['kind="change"']
    window_counts: true
    updates:
      - {audience: board, announce: [end, 1h, start, 1d]}
      - {audience: it, announce: [start], cadence: [{from: 0s, every: 30m}]}
`),
			"  - name: board\n", "  - name: board\n    calendar: true\n")), err
	})
	if err != nil {
		t.Fatal(err)
	}
	p := cfg.Policies[0]
	got := ""
	for _, a := range p.Updates[0].Announce {
		got += fmt.Sprint(a.At, a.Before, " ")
	}
	if want := fmt.Sprint("", 24*time.Hour, " ", "", time.Hour, " end0s start0s "); got != want {
		t.Errorf("%q, wanted %q", got, want)
	}
	if !p.WindowCounts || cfg.Policies[1].WindowCounts {
		t.Error("whether the window counts is not as written")
	}
	if u := p.Updates[0]; len(u.Cadence) > 0 || !u.Announces(AtEnd) || u.Announces(AtDecision) || !u.Audience.Calendar || p.Updates[1].Audience.Calendar {
		t.Errorf("%+v", u)
	}
}
