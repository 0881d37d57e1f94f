//go:build race

package words

import "flag"

// The race detector makes each draw ten times as slow, and looks for another kind
// of fault than the drawn cases do. All of them are looked at without it.
func init() {
	fewer = true
	if err := flag.Set("rapid.checks", "20"); err != nil {
		panic(err)
	}
}
