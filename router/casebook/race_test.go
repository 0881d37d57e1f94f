//go:build race

package casebook

import "flag"

// The race detector makes each draw many times as slow, and this room has no
// goroutines that it could find anything about. All draws are made without it.
func init() {
	fewDraws = true
	if err := flag.Set("rapid.checks", "6"); err != nil {
		panic(err)
	}
}
