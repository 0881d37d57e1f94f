// Package speed measures how fast sitrep is, each figure beside a limit that is
// measured in the same run, on the same machine, by the same means. It holds
// tests only.
//
// The built binary runs as a process and is driven from outside, as its users do
// it: webhooks are posted over HTTP, and an SMTP server and a stand-in for Twilio
// on loopback ports note when each message came. What a figure is held against
// runs as a process of its own too: this program starts itself in another part.
//
//	bench ── webhooks, words ──> sitrep ── SMTP, HTTP ──> sink (in the bench)
//	      ── webhooks ─────────> the same handler, and nothing behind it
//	                             go-mail, twilio-go, Alertmanager ──> the same sink
//
// Sitrep and its limit take turns, and a ratio is the middle one of a few rounds:
// a machine that others use changes from minute to minute, and so do both. The
// ratios count, the figures are this machine's.
//
// One command prints the table, in about a quarter of an hour:
//
//	go test -run '^$' -bench Table -benchtime 1x -timeout 60m ./cmd/speed
//
// Flags choose rows and sizes (-speed.rows=intake,email -speed.people=2000). Two
// rows need what is not to be seen from outside: the cost of an input is that of
// router's BenchmarkInput, run by this one, and the start reads facts that are
// put into a store here.
package speed
