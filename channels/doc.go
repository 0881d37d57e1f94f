// Package channels is what goes out: the contract between an update that was
// ordered and the wire. It knows nothing of incidents, and a worker needs its
// channel's secrets, the bus, and nothing else.
//
// A delivery is one update to one recipient by one channel. Its states, each
// durable in the part's ledger before the next step is taken:
//
//	          ┌──────────── temporary, or the channel is down ───────────┐
//	          v                                                           │
//	(none) ── waiting ──> attempting ──────────> accepted                 │
//	    └────────────────────^  │  ├───────────> failed      permanent    │
//	                         │  │  └──────────────────────────────────────┘
//	         ambiguous, once │  └──────────────> unknown     ambiguous twice
//	                         └────┘
//	waiting ──> superseded   a newer update exists, or it was withdrawn
//	waiting ──> given_up     of no use any more
//
// What a crash leaves attempting may have been accepted: an email is tried
// again with the same Message-ID, an SMS after the provider's list was asked. So
// is what lost its reply on the wire, once; a crash does not use that up. Each
// attempt that may have been accepted, on top of another, is counted as a
// possible duplicate, and says word for word what the first one said.
//
// A recipient may be erased while a delivery waits for him: his row is empty then,
// and the delivery has failed.
//
// Where there is another way to a recipient, that he can never be reached by this
// channel is reported at once, and once more with the finished part.
//
// An update tells its recipient how many before it were never sent to him:
// superseded or given up, with no attempt that may have been accepted. That is
// walked out from the ledgers of the parts before, back to the first that went
// out; a worker that starts anew comes to the same number.
//
// A worker writes its intents before the wire is touched, and one record
// carries what came of many attempts and which come next. It has at most two
// intents a session, so that is what a crash leaves in doubt.
//
// While a channel is down only one attempt finds out whether it works again
// (line.go). A budget holds back what is not critical (purse.go). Who answered
// STOP, left a list or cannot be reached is not tried (suppress.go), and a
// correction leaves out who needs it not (correct.go).
//
// Where several workers share a channel, each takes little ahead, and gives back what
// it did not finish when it stops (claim.go). Who is offered a part that another is at,
// as a lease that nobody could renew has it, leaves it to him.
//
// What became of a delivery after it was accepted comes from outside, later, in any
// order and more than once; fates.go draws that, and asks.go asks for what nobody
// tells. ref.go makes the names by which the outside world speaks of deliveries.
//
// Where to read on: part.go and delivery.go say what goes in and out, ledger.go
// what is kept; worker.go is the loop, turn.go what it does for each part,
// job.go one part and its rows, missed.go and past.go what went before it.
package channels
