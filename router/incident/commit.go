package incident

import (
	"time"

	"github.com/go-json-experiment/json"
)

// Commit is one message in the stream of facts: all of it happened or none.
type Commit struct {
	Number uint64    `json:"number"`           // from 1, without a gap
	Prev   string    `json:"prev,omitempty"`   // SHA-256 of the commit before, hex; empty in the first
	Inbox  uint64    `json:"inbox"`            // the inbox messages up to this sequence are decided
	Inputs int       `json:"inputs,omitempty"` // and so many inputs of the one after it
	At     time.Time `json:"at"`
	Facts  []Fact    `json:"facts"`
	Recap  *Recap    `json:"recap,omitempty"`
	// Answers are what followed from overrides, for whoever waits elsewhere than at the
	// router that decided them.
	Answers []Answer `json:"answers,omitempty"`
}

// Answer says where to find what followed from an override: Facts of its incident, of
// which so many come Before the first that is of the override As, its own or an earlier
// one that it repeats.
type Answer struct {
	Input    string `json:"input"`
	Incident string `json:"incident,omitempty"`
	As       string `json:"as,omitempty"`
	Before   int    `json:"before,omitempty"`
	Facts    int    `json:"facts,omitempty"`
	Unknown  bool   `json:"unknown,omitempty"`
	Reused   bool   `json:"reused,omitempty"`
}

// Recap says that the facts of a commit had happened before: it repeats what is
// kept of all commits before it, so that those can go.
type Recap struct {
	More bool `json:"more,omitempty"` // the next commit goes on with it
	// Blank says that it repeats nothing, and comes before the first that does.
	Blank bool `json:"blank,omitempty"`
}

// Encode returns a commit as it is stored.
func (c Commit) Encode() ([]byte, error) { return json.Marshal(c, stored) }

// ReadCommit reads one. encoding/json takes twice as long.
func ReadCommit(data []byte) (c Commit, err error) {
	err = json.Unmarshal(data, &c, lenient)
	return c, err
}
