package casebook

import (
	"testing"

	"github.com/prometheus/alertmanager/pkg/labels"
	"pgregory.net/rapid"

	"sitrep/policies"
)

// TestBelongs: whatever the matchers, it is the first service that covers an
// alert.
func TestBelongs(t *testing.T) {
	values := []string{"", "a", "b", "a|b"}
	names := []string{"x", "y", "z"}
	rapid.Check(t, func(rt *rapid.T) {
		var services []*policies.Service
		for i := range rapid.IntRange(0, 6).Draw(rt, "services") {
			s := &policies.Service{Name: string(rune('A' + i))}
			for range rapid.IntRange(0, 3).Draw(rt, "matchers") {
				m, err := labels.NewMatcher(
					rapid.SampledFrom([]labels.MatchType{labels.MatchEqual, labels.MatchNotEqual, labels.MatchRegexp, labels.MatchNotRegexp}).Draw(rt, "type"),
					rapid.SampledFrom(names).Draw(rt, "name"), rapid.SampledFrom(values).Draw(rt, "value"))
				if err != nil {
					rt.Fatal(err)
				}
				s.Matchers = append(s.Matchers, m)
			}
			services = append(services, s)
		}
		alert := map[string]string{}
		for _, n := range names {
			if v := rapid.SampledFrom(values).Draw(rt, n); v != "" {
				alert[n] = v
			}
		}
		want := ""
		for _, s := range services {
			if s.Covers(alert) {
				want = s.Name
				break
			}
		}
		if got := belonging(services).of(alert); got != want {
			rt.Fatalf("%v belongs to %q, and is said to belong to %q", alert, want, got)
		}
	})
}
