package channels

import (
	"context"
	"errors"
	"time"
)

// State is how far a delivery is.
type State string

const (
	Attempting State = "attempting" // durable before the wire is touched
	Got        State = "accepted"   // the provider took it
	Failed     State = "failed"     // never, for the recipient's own reason
	Waiting    State = "waiting"    // tried, to be tried again
	Unknown    State = "unknown"    // nobody knows whether it was accepted; not tried again
	GivenUp    State = "given_up"   // not accepted for as long as it was of use
	Superseded State = "superseded" // a newer update took its place, or it was withdrawn

	// Delivered is told of what was accepted, later, where the provider tells it.
	Delivered State = "delivered"
)

// Final reports whether nothing more will come of a delivery.
func (s State) Final() bool {
	switch s {
	case Got, Failed, Unknown, GivenUp, Superseded:
		return true
	}
	return false
}

// Transition is one delivery's step, with all that is to be known of it: the
// last one of a row tells how far that is.
type Transition struct {
	Row   int       `json:"row"` // in the part's roster chunk, from 0
	State State     `json:"state"`
	At    time.Time `json:"at"`
	Tries int       `json:"tries,omitempty"` // attempts so far, an intent among them
	// Maybe is how many attempts were or may have been accepted. What a crash
	// left attempting is one as soon as the next worker finds it.
	Maybe int `json:"maybe,omitempty"`
	// Lost is how many ended without a reply although this side was well.
	Lost int `json:"lost,omitempty"`
	// Missed is how many updates before it were never sent, as this attempt
	// says; Attempting only.
	Missed   int       `json:"missed,omitempty"`
	Provider string    `json:"provider,omitempty"` // the provider's id of the message
	Code     string    `json:"code,omitempty"`     // the provider's code
	Next     time.Time `json:"next,omitzero"`      // Waiting: not before this
	Again    bool      `json:"again,omitempty"`    // later Failed: another try may succeed
}

// Record is one durable entry in a part's ledger. It carries many transitions:
// what came of the last attempts, and which come next. A part's records are in
// a sequence that only the worker which wrote the last one can extend.
type Record struct {
	Worker string       `json:"worker"`
	At     time.Time    `json:"at"`
	Claim  bool         `json:"claim,omitempty"` // the worker takes the part over
	Steps  []Transition `json:"steps,omitempty"`
	Done   *Report      `json:"done,omitempty"` // every delivery is final

	// With Done: the rows that never went out, although that was not their
	// recipients' own reason, and how many rows the channel does not reach. So
	// this record alone tells the next update what was missed.
	Unsent []int `json:"unsent,omitempty"`
	Absent int   `json:"absent,omitempty"`
}

// Report is the sum of a finished part.
type Report struct {
	Incident   string    `json:"incident"`
	Update     int       `json:"update"`
	Part       string    `json:"part"`
	Accepted   int       `json:"accepted"`
	Failed     int       `json:"failed"`
	Unreached  int       `json:"unreached"` // given up, or nobody knows
	Superseded int       `json:"superseded"`
	Possible   int       `json:"possible_duplicates"` // copies that may have come on top
	LastAt     time.Time `json:"last_at,omitzero"`    // the last acceptance
	// Fell are the rows that failed, where there is another way to them. Partial
	// says that the part is not finished: nothing but Fell is set.
	Fell    []int `json:"fell,omitempty"`
	Partial bool  `json:"partial,omitempty"`
}

// ErrFenced says that another worker took the part over.
var ErrFenced = errors.New("another worker took the part over")

// Ledger is where a part's records are kept, durably.
type Ledger interface {
	// Records returns a part's records in order, and the number of the last.
	Records(ctx context.Context, part string) ([]Record, uint64, error)
	// Record appends one after the record numbered last and returns its
	// number; ErrFenced where another came in between.
	Record(ctx context.Context, part string, r Record, last uint64) (uint64, error)
}

// Claim is a part that this worker may work on as long as it renews the lease.
type Claim interface {
	Part() Part
	Renew() error
	// Finish says that the part need never be offered again.
	Finish() error
	// Release says that another may have it now: this worker stops.
	Release() error
}

// Queue offers the parts of one channel.
type Queue interface {
	// Next waits for a part; critical ones are a queue of their own.
	Next(ctx context.Context, critical bool) (Claim, error)
	// Newer reports whether the same audience of the same incident, or the same
	// team, was sent a newer update by the same channel; of a combined part,
	// whether that is so of every update that it covers. So it is of one that was
	// withdrawn.
	Newer(ctx context.Context, p Part) (bool, error)
	// Withdrawn gets one when a part was withdrawn, so that nobody waits for the next
	// look; nil where only that shows it.
	Withdrawn() <-chan struct{}
	// Beyond reports whether a part's audience was sent anything newer than one of
	// its updates, by any channel.
	Beyond(ctx context.Context, p Part, update int) (bool, error)
	// Part returns a part that was stored, claimed by anybody or not.
	Part(ctx context.Context, incident string, update, chunk int) (p Part, found bool, err error)
	// Covering returns the parts of combined updates that cover the update that
	// p is a part of.
	Covering(ctx context.Context, p Part) ([]Part, error)
}

// Library holds what parts refer to by hash.
type Library interface {
	Roster(ctx context.Context, hash string) ([]Person, error)
	Texts(ctx context.Context, hash string) ([]Text, error)
}

// Receipts takes the reports of finished parts. Reporting twice is harmless.
type Receipts interface {
	Report(ctx context.Context, r Report) error
}
