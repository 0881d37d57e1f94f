// Package casebook holds all outages and incidents together, and turns what
// comes in, and the time, into facts. It is the whole judgement: the router and
// a rehearsal run the same one.
//
//	input ──> Take: notes it in each case that it touches
//	            │
//	            v   when its moment is over
//	tick ───> Tick, for each case that was touched or whose time has come:
//	            incident.Advance: what follows from it, also to cases that it
//	                              depends on or that depend on it
//	          then, for all of them:
//	            schedule.Plan:    what is due
//	            combine:          what one person gets within a minute is one message
//	            Scribe:           what is due becomes a fact
//	          and when to look at each again
//
// Reform puts another policy in force between two of them.
//
// A person's override is judged and planned at once: he waits for the answer.
//
// It is pure. What must be stored or put into words on the way is done by the
// Scribe. Everything in it follows from the facts: Remember brings it to where
// it was.
package casebook
