//go:build race

package router_test

import "flag"

// The race detector makes each life many times as slow. All of them are lived without it.
func init() {
	if err := flag.Set("crash.seeds", "1"); err != nil {
		panic(err)
	}
}
