// Package audit says who did what: each override, refused ones too, each login that
// failed, each reload, each erasure. It outlives the incidents.
//
//	line 1 <── line 2 <── line 3 <── ...      each names the hash of the one before
//
// A line never changes. One that was changed, removed, put in or put elsewhere is
// found by Check, by its number: it stands in the line itself, and is its place.
//
// What overrides and erasures come to follows from the facts alone: Derive makes
// their lines from a commit, and Gather finds out, from all facts and the last line
// that was written, which of them are still to be written. So no crash loses one,
// and none is written twice.
//
// No line holds what people wrote, an address of theirs, or a secret: the timeline
// has the words, for as long as it is kept.
package audit
