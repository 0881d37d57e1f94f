package incident

import "time"

// Commit is one message in the stream of facts: all of it happened or none.
type Commit struct {
	Number uint64    `json:"number"`           // from 1, without a gap
	Prev   string    `json:"prev,omitempty"`   // SHA-256 of the commit before, hex; empty in the first
	Inbox  uint64    `json:"inbox"`            // the inbox messages up to this sequence are decided
	Inputs int       `json:"inputs,omitempty"` // and so many inputs of the one after it
	At     time.Time `json:"at"`
	Facts  []Fact    `json:"facts"`
}
