package incident

import (
	"fmt"
	"strings"
	"time"
)

// Planned: an update was ordered. It is the order itself: what it says and who
// gets it is fixed by the hashes in it.
type Planned struct {
	Update    int        `json:"update"` // number within the incident, from 1
	Audience  string     `json:"audience"`
	Kind      UpdateKind `json:"kind"`
	Number    int        `json:"number"`              // counts the updates to this audience, from 1
	DueAt     time.Time  `json:"due_at"`              // when it fell due
	NextAt    time.Time  `json:"next_at,omitzero"`    // when the next is due, as foreseen; zero: never
	NextWhy   string     `json:"next_why,omitempty"`  // by which policy and row
	PromiseAt time.Time  `json:"promise_at,omitzero"` // "next update before"; zero: none
	Promised  time.Time  `json:"promised,omitzero"`   // what the one before it promised for this one
	Channels  []string   `json:"channels"`            // all at once
	Behind    []string   `json:"behind,omitempty"`    // channels that wait for the audience's hours, or are out
	Fell      []string   `json:"fell,omitempty"`      // those of Channels that take the place of others
	CatchUp   bool       `json:"catch_up,omitempty"`  // to channels that waited: the audience's clock and promise stay
	Critical  bool       `json:"critical,omitempty"`  // overtakes others
	// Unsubscribe says that each recipient may take himself off the list.
	Unsubscribe bool     `json:"unsubscribe,omitempty"`
	Words       int      `json:"words,omitempty"`    // number of the words it carries
	Why         string   `json:"why"`                // policy and row, or who asked for it
	Policy      string   `json:"policy,omitempty"`   // whose rows its next update follows
	Texts       string   `json:"texts"`              // hash of what it says
	Roster      []string `json:"roster"`             // hashes of the chunks of who gets it
	Whole       []string `json:"whole,omitempty"`    // of who is told by it, all addresses; empty: Roster
	Deliveries  int      `json:"deliveries"`         // recipients times channels that reach them
	Parts       int      `json:"parts"`              // how many parts it is cut into
	First       int      `json:"first,omitempty"`    // number of the audience's first update: the thread's head
	Previous    int      `json:"previous,omitempty"` // number of the audience's update before this one
	Late        bool     `json:"late,omitempty"`     // planned after the moment promised
	Firing      int      `json:"firing,omitempty"`   // alerts firing when it was written
	Account     string   `json:"account,omitempty"`  // digest of what it tells beyond the state

	// Team says that Audience is one of the two teams, who are asked for
	// something, not told; About is what for.
	Team  bool    `json:"team,omitempty"`
	About []About `json:"about,omitempty"`
	// Course says that it asks how a planned change goes; Alone is the only one of the
	// team whom it asks.
	Course bool   `json:"course,omitempty"`
	Alone  string `json:"alone,omitempty"`
	// Fallback are the channels that take the place of these for whom they fail for
	// good. For is the update that this one stands in for, to whom it failed.
	Fallback []string `json:"fallback,omitempty"`
	For      int      `json:"for,omitempty"`
	// Again says that it goes by the same channel once more, with For.
	Again bool `json:"again,omitempty"`
	// Corrects is the update that this one takes back.
	Corrects int `json:"corrects,omitempty"`
	// Neutral says that it tells nothing that nobody approved: that it goes on, or is
	// over. Draft is the update that waited for a yes, and goes out as this one.
	Neutral bool `json:"neutral,omitempty"`
	Draft   int  `json:"draft,omitempty"`
	// Carried are the combined updates that bring this one to some of its
	// audience; they are not on its own roster. Covers are the updates that a
	// combined one brings.
	Carried []Carrier `json:"carried,omitempty"`
	Covers  []Cover   `json:"covers,omitempty"`
}

// About is an update that a team is asked to give words for.
type About struct {
	Audience string    `json:"audience"`
	DueAt    time.Time `json:"due_at"`
	Awaits   int       `json:"awaits,omitempty"` // the update to which it is to say yes; 0: it gives words
}

// Carrier is a combined update that says what others would have said.
type Carrier struct {
	Incident string `json:"incident"`
	Update   int    `json:"update"`
}

// Cover is an update that a combined one covers.
type Cover struct {
	Incident string `json:"incident"`
	Audience string `json:"audience"`
	Update   int    `json:"update"`
}

// Side reports whether the order moves no audience's clock: a message to a team,
// a combined one, whose parts the audiences' own orders count, one that says again
// by another way what failed, or a correction.
func (p *Planned) Side() bool { return p.Team || p.Kind == Combined || p.For > 0 || p.Corrects > 0 }

// Delivered: a worker finished a part of an update. Deliveries themselves are
// not facts; this is the sum of one part.
type Delivered struct {
	Update     int       `json:"update"`
	Part       string    `json:"part"` // of a carrier: its name
	Accepted   int       `json:"accepted"`
	Failed     int       `json:"failed,omitempty"`     // for the recipient's own reason
	Unreached  int       `json:"unreached,omitempty"`  // given up for another reason, or nobody knows
	Superseded int       `json:"superseded,omitempty"` // not sent, a newer update existed
	Possible   int       `json:"possible_duplicates,omitempty"`
	LastAt     time.Time `json:"last_at,omitzero"` // the last acceptance, by the worker's clock
	// Fell are the rows of the part that the channel will never reach. Partial
	// says that the part goes on, and nothing else is known of it.
	Fell    []int `json:"fell,omitempty"`
	Partial bool  `json:"partial,omitempty"`
}

// Promise: a promised update came in time, or did not.
type Promise struct {
	Audience  string    `json:"audience"`
	Update    int       `json:"update"`         // the update that made the promise
	By        int       `json:"by,omitempty"`   // the update that kept it
	PromiseAt time.Time `json:"promise_at"`     // the moment promised
	Late      bool      `json:"late,omitempty"` // it had been counted as broken before
	Held      string    `json:"held,omitempty"` // by whom the audience was held or paused past it
}

// String says the order.
func (p Planned) String() string {
	whom := p.Audience
	if p.Team {
		whom = "team " + whom
	}
	if p.Alone != "" {
		whom = p.Alone + " of " + whom
	}
	s := fmt.Sprintf("update %d to %s: %s by %s, %s", p.Update, whom, p.Kind, strings.Join(p.Channels, " and "), count(p.Deliveries, "delivery"))
	for i, c := range p.Covers {
		s += choose(i == 0, ", for ", " and ") + fmt.Sprintf("%s's update %d to %s", c.Incident, c.Update, c.Audience)
	}
	for i, a := range p.About {
		s += choose(i == 0, ", about ", " and ") + fmt.Sprintf("%s due %s", a.Audience, stamp(a.DueAt))
		if a.Awaits > 0 {
			s += fmt.Sprintf(" (update %d waits for a yes)", a.Awaits)
		}
	}
	if p.For > 0 {
		s += fmt.Sprintf(", in the place of update %d", p.For)
	}
	if p.Corrects > 0 {
		s += fmt.Sprintf(", of update %d", p.Corrects)
	}
	if p.Draft > 0 {
		s += fmt.Sprintf(", which waited as update %d", p.Draft)
	}
	if p.Late {
		s += ", late"
	}
	if !p.PromiseAt.IsZero() {
		s += ", next before " + stamp(p.PromiseAt)
	}
	return s + parens(p.Why)
}

// String says the outcome of a part.
func (d Delivered) String() string {
	s := fmt.Sprintf("update %d, part %s: %d accepted", d.Update, d.Part, d.Accepted)
	for _, n := range []struct {
		n    int
		what string
	}{{d.Failed, "failed"}, {d.Unreached, "unreached"}, {d.Superseded, "superseded"}, {d.Possible, "possibly twice"}} {
		if n.n > 0 {
			s += fmt.Sprintf(", %d %s", n.n, n.what)
		}
	}
	return s
}

// Name is how a carrier's receipt names itself to the updates that it covers.
func (c Carrier) Name() string { return fmt.Sprintf("%s.%d", c.Incident, c.Update) }

// add sums up what several parts report.
func (d *Delivered) add(o *Delivered) {
	d.Accepted += o.Accepted
	d.Failed += o.Failed
	d.Unreached += o.Unreached
	d.Superseded += o.Superseded
	d.Possible += o.Possible
	if o.LastAt.After(d.LastAt) {
		d.LastAt = o.LastAt
	}
}

func choose(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
