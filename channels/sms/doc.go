// Package sms sends deliveries by SMS through Twilio's REST API, and takes what
// Twilio tells about them.
//
//	Send --> paced --> POST Messages.json --> 201: accepted
//	  |                       |
//	  | d.Again               +--> refused: by Twilio's code, see codes.go
//	  v                       +--> no answer: ambiguous
//	GET Messages.json --> there already: accepted, nothing is sent
//	                  +-> not there: once more after 30 s, then POST
//
// Twilio knows no idempotency key. So after a reply was lost the messages to
// the number are listed and compared before anything is sent again: an SMS
// comes twice only where that list does not show the first.
//
// A 429 pauses all that goes to the account; pace.go draws that. Where there are
// several providers (accounts, that is) they are used in order, and each has a
// breaker, which is fed by what is sent:
//
//	           3 failures in a row               its time is over
//	closed ──────────────────────────────> open ──────────────────> half-open
//	   ^                                    ^                        │     │ one
//	   │                                    └── it fails: longer ────┤ <───┘ message
//	   └──────────── it is answered ─────────────────────────────────┘
//
// It is open for 30 s, then 1, 2, 5 and again 5 minutes. A failure is one of class
// Down, a 5xx that says that nothing was taken, or a connection that failed before
// the request was written: then the next provider takes the message. Any other end of an attempt is the message's own,
// or says that the provider may have it, so no other is tried. With all breakers
// open nothing is on the wire, and the channel is down until the first of them is
// half-open.
//
// What became of a message comes later. Twilio posts it (Callbacks) where a
// message was sent with an address for that, or is asked for it (Ask):
//
//	accepted ── queued ── sent ──┬── delivered
//	               │             └── undelivered   again or not, by the code
//	               └── failed
//
// twilio-go's generated API builds the requests. Its own client has no
// context, no base address and drops Retry-After; the small one in call.go
// stands in its place.
package sms
