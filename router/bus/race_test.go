//go:build race

package bus

// The race detector makes each cut many times as slow, and looks for another kind of
// fault than the cuts do. All of them are made without it.
func init() { fewer = true }
