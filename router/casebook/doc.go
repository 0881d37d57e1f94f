// Package casebook holds all outages and incidents together, and turns what
// comes in, and the time, into facts. It is the whole judgement: the router and
// a rehearsal run the same one.
//
//	input or tick ──> Take, Tick ──> for each case that is touched:
//	                                   incident.Advance: what happened
//	                                   schedule.Plan:    what is due
//	                                   Scribe.Order:     what is due becomes a fact
//	                                 and when to look at it again
//
// It is pure. What must be stored or put into words on the way is done by the
// Scribe. Everything in it follows from the facts: Remember brings it to where
// it was.
package casebook
