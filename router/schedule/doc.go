// Package schedule reads the calendar: which audience is due a word, when the
// next one comes, and what may be promised.
//
// It is pure. Plan looks at the state of one incident and at the policy in
// force, and at nothing else; whatever is planned becomes a fact, and the next
// Plan counts from there.
//
//	             rows of the policy         last update to the audience
//	                     │                           │
//	first word:  begin of its first row,             │
//	             or the opening if later             │
//	next word:                     last + every of the row in force,
//	                               pulled forward by rows that begin meanwhile
//	words of a person:             at once; the clock starts again
//	end:                           closing, to everyone who was told
//
// The row in force is the one that began last; on a tie the later in the file.
// A row that begins pulls the due time forward to the later of its beginning
// and its own every after the last update, never back.
package schedule
