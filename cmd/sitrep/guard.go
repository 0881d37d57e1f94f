package main

import (
	"fmt"

	"sitrep/policies"
)

// tenfold is by how much an audience may not grow unless somebody says so.
const tenfold = 10

// headcount is how many of an audience can be reached by its channels.
func headcount(a *policies.Audience) (n int) {
	for _, r := range a.Recipients {
		for _, c := range append(a.Channels[:len(a.Channels):len(a.Channels)], a.Fallback...) {
			if r.Address(c) != "" {
				n++
				break
			}
		}
	}
	return n
}

// headcounts are those of all audiences, by name.
func headcounts(cfg *policies.Config) map[string]int {
	all := map[string]int{}
	for _, a := range cfg.Audiences {
		all[a.Name] = headcount(a)
	}
	return all
}

// surprises are what a change of who is told looks like a mistake for: an audience
// that loses everybody, or grows tenfold. A file that was emptied, or one of all
// citizens in the place of the board's, is found out by it.
func surprises(was, now *policies.Config) (all []string) {
	counts := headcounts(now)
	for _, a := range was.Audiences {
		before, after := headcount(a), counts[a.Name]
		switch {
		case before > 0 && after == 0:
			all = append(all, fmt.Sprintf("audience %q would lose all its recipients: %d before, none after", a.Name, before))
		case before > 0 && after >= tenfold*before:
			all = append(all, fmt.Sprintf("audience %q would grow from %s to %d", a.Name, plural(before, "recipient", "recipients"), after))
		}
	}
	return all
}
