package casebook

import (
	"testing"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// TestWhatComesWithAnEntryGoesAlone: whatever else is due for the same person in that
// moment, words of somebody included.
func TestWhatComesWithAnEntryGoesAlone(t *testing.T) {
	p := policy(t)
	p.Audiences[0].Recipients = []policies.Recipient{{Name: "Jan", Email: "jan@example.org"}}
	b := New(p)
	at := func(n int, kind words.Kind, said int) *item {
		c := &Case{State: &incident.State{ID: "SR-1", Service: []string{"mail", "network"}[n]}}
		return &item{c: c, lead: true, goes: noon, due: schedule.Due{At: noon, Audience: "it", Kind: incident.UpdateKind(kind), Words: said}}
	}
	for _, c := range []struct {
		kind   words.Kind
		said   int
		groups int
	}{{words.Progress, 0, 1}, {words.Progress, 1, 0}, {words.Announced, 0, 0}, {words.Moved, 0, 0}, {words.Cancelled, 0, 0}, {words.Announced, 1, 0}, {words.Started, 0, 1}} {
		items := b.combine([]*item{at(0, c.kind, c.said), at(1, words.Holding, 0)})
		if len(items) != 2 {
			t.Fatalf("%s: %d items are planned", c.kind, len(items))
		}
		for _, i := range items {
			if len(i.in) != c.groups {
				t.Errorf("%s with words %d: %s is part of %d combined updates, want %d", c.kind, c.said, i.due.Kind, len(i.in), c.groups)
			}
		}
	}
	// Two of the same incident with words would go at once, and together.
	b.rules.audiences["board"] = p.Audiences[0]
	for kind, groups := range map[words.Kind]int{words.Progress: 1, words.Announced: 0} {
		one, two := at(0, kind, 1), at(0, kind, 1)
		two.due.Audience = "board"
		for _, i := range b.combine([]*item{one, two}) {
			if len(i.in) != groups {
				t.Errorf("%s for two audiences at once: it is part of %d combined updates, want %d", kind, len(i.in), groups)
			}
		}
	}
}
