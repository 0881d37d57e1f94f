package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Kind is what a line is about.
type Kind string

const (
	Override Kind = "override" // a person decided something about an incident
	Erasure  Kind = "erasure"  // somebody was taken out of all that is stored
	Login    Kind = "login"    // a token or password that was wrong
	Refusal  Kind = "refusal"  // somebody known wanted what he may not
	Reload   Kind = "reload"   // the configuration was read again
	Links    Kind = "links"    // links that people answer by were revoked
	Broken   Kind = "broken"   // the lines before were found not to be whole
)

// Line is one thing that somebody did.
type Line struct {
	Number uint64    `json:"number"`         // from 1, its place
	Prev   string    `json:"prev,omitempty"` // hash of the line before; empty in the first
	At     time.Time `json:"at"`
	Kind   Kind      `json:"kind"`
	By     string    `json:"by,omitempty"`   // name of the token or person; empty: nobody known, or sitrep itself
	Role   string    `json:"role,omitempty"` // what he came in as
	From   string    `json:"from,omitempty"` // where a login that failed came from
	// Incident is what an override is about, and Input its name.
	Incident string `json:"incident,omitempty"`
	Input    string `json:"input,omitempty"`
	Refused  bool   `json:"refused,omitempty"`
	// Count is how often it happened, from At on within a minute; 0: once.
	Count int    `json:"count,omitempty"`
	Text  string `json:"text"`
}

// Derived reports whether it follows from facts.
func (l Line) Derived() bool { return l.Kind == Override || l.Kind == Erasure }

// String says the line.
func (l Line) String() string {
	who := l.By
	switch {
	case who == "" && l.From != "":
		who = "somebody at " + l.From
	case who == "":
		who = "sitrep"
	case l.From != "":
		who += " at " + l.From
	}
	s := fmt.Sprintf("%s %s: %s", l.Kind, who, l.Text)
	if l.Incident != "" {
		s = fmt.Sprintf("%s %s, %s: %s", l.Kind, l.Incident, who, l.Text)
	}
	if l.Count > 1 {
		s += fmt.Sprintf(" (%d times)", l.Count)
	}
	return s
}

// Same reports whether two lines say the same, wherever they stand.
func Same(a, b Line) bool {
	a.Number, a.Prev, b.Number, b.Prev = 0, "", 0, ""
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// Hash is what the next line calls one, by its bytes as they are stored.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Named is what a line calls somebody: what stands before the @ of an address.
func Named(who string) string {
	who, _, _ = strings.Cut(who, "@")
	return who
}
