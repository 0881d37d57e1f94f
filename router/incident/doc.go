// Package incident judges. It knows what an outage is, when it becomes an
// incident, and when it is over; it does not know who is told, nor how.
//
// It is pure: no clock, no network, no randomness, no goroutine. Time comes in
// with each input.
//
//	Input ──> Decide(rules, state, input) ──> facts ──> Apply(state, fact) ──> state
//
// State is one outage of one service, from its first firing alert on, and the
// incident that it may become:
//
//	             alert fires            a threshold row holds
//	(nothing) ───────────────> outage ─────────────────────────> incident, open
//	    ^                        │                                     │  ^
//	    │ quiet for              │                     quiet for       │  │ a row holds again for
//	    └──resolved_after────────┘                     resolved_after, │  │ alerts that began
//	    ^                                              or by hand      v  │ within a day
//	    └──────────────── a day, nothing fires ─────────────── incident, resolved
//
// Phases of an open incident: investigating, identified, monitoring. Monitoring
// begins by itself when every alert has resolved, and ends when one fires
// again; the rest only a person says.
//
// Watchdogs and what ails of sitrep itself have cases of their own, which are no
// incidents: watchdog.go, ailment.go. What fails for good and goes by another way is
// drawn in fallback.go, and what became of deliveries later in aftermath.go. What a
// person takes back is in correction.go, what he opens without an alert in open.go,
// what he sends at once in hasten.go, what he cancels in cancel.go, what he makes
// one or two of in merge.go, and whom he adds to an audience or removes in
// recipient.go. What people know of an outage beyond its state, and whose
// words of it win, is in account.go.
//
// One fact has four uses: audit line, timeline row, what a restart replays, and
// the text of golden tests. So its String is a sentence. Facts are never
// changed; readers ignore fields that they do not know.
package incident
