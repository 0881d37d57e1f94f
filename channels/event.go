package channels

import "time"

// Event is an entry for the recipient's calendar, which goes with an email.
type Event struct {
	// UID names it, worldwide: what comes with the same one takes its place, where
	// its Revision is higher (RFC 5545, sections 3.8.4.7 and 3.8.7.4).
	UID      string `json:"uid"`
	Revision int    `json:"revision,omitempty"`

	Title string `json:"title"`
	// Text is read on any day: it names days by their dates.
	Text  string    `json:"text,omitempty"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// Cancelled takes the entry away again: its Revision is higher than that of the
	// entry which it ends.
	Cancelled bool `json:"cancelled,omitempty"`
}
