// Package reply is how the two teams answer what they are asked, from a phone: by SMS,
// or by the page that a mail of theirs leads to.
//
//	SMS:  "SR-12 FOUND"  -> Read -> Command -+
//	                                         +-> Clerk -> incident.Input -> router -> a sentence back
//	page: one form       ------------------- +
//
// Who answers is known by what he answers with: the number that the provider vouches
// for, or a link that was made for him alone. He must be on a team now. Who talks may
// do everything that is here; who solves is asked one thing only, how it is going, and
// may say nothing to everybody, unless nobody else is there to talk.
//
// What waits for the yes of a second person is answered the same two ways:
//
//	SMS:  "SR-12 OK 4", "SR-12 NO 4 the number is wrong" -+
//	                                                      +-> Approve -> what came of it
//	page: the text as its audience reads it, yes or no  --+
//
// A number is one text: where the incident changes, it waits under another, and an
// answer to the old one changes nothing. Who wrote what is new in it may only say no.
// Of two who answer, the second is told what the first decided. An incident that is
// over may be answered about as well: its end may wait.
//
// How a planned change goes is said the same two ways, by whoever leads it, or by
// anybody where the teams do not know him:
//
//	SMS:  "ONCOURSE", "LATER", "BACK" -> Conduct       "LATER 2h" -> Reschedule
//	      "DONE" -> a code, and that -> Conduct: complete, or rolled back where "BACK"
//	      was said last
//	page: the same choices; that it is done is asked by a second form
//
// The same message is the same request, however often the provider posts it. What
// cannot be taken back, that it is over, is asked once more.
package reply
