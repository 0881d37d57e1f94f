package incident

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"
)

// To some audiences nothing new goes without the yes of a second person. What would go
// is a draft, with a number of its own, until somebody else than who wrote it answers:
//
//	             something new      yes
//	(nothing) ─────────────> draft ─────> Planned at once, under a newer number
//	    ^                    │  │ no
//	    │ it would say       │  └───────> rejected, until it would say something else
//	    └── something else ──┘
//
// What the draft says is known by Says: where the incident changes meanwhile there is
// another draft, with another number, so a yes is never for what nobody read. When the
// due time comes first, a neutral holding update or nothing goes out, as the audience
// wants it, and the draft goes on waiting. What says nothing new needs no yes, nor does
// the plain end, which comes when the next word was foreseen.

// Awaited: an update waits for a second person's yes.
type Awaited struct {
	Update   int        `json:"update"`
	Audience string     `json:"audience"`
	Kind     UpdateKind `json:"kind"`
	Words    int        `json:"words,omitempty"`    // number of the words it carries
	Authors  []string   `json:"authors,omitempty"`  // who wrote or set what is new in it
	DueAt    time.Time  `json:"due_at,omitzero"`    // when the audience is to hear at the latest; zero: nothing is due
	Says     string     `json:"says"`               // digest of what it says
	Corrects int        `json:"corrects,omitempty"` // the update that it takes back
}

// Draft is an update that waits for a yes, or has its answer.
type Draft struct {
	Awaited
	At    time.Time
	Asked bool // the communication team was asked for the yes
	Yes   string
	YesAt time.Time
	No    string
}

// Waits reports whether nobody answered yet.
func (d *Draft) Waits() bool { return d.Yes == "" && d.No == "" }

// Approve is a person's answer to an update that waits.
type Approve struct {
	Incident string `json:"incident"`
	Update   int    `json:"update"`
	No       bool   `json:"no,omitempty"`
}

// Verdict: a person said yes or no to an update.
type Verdict struct {
	Update   int    `json:"update"`
	Audience string `json:"audience"`
}

// Unapproved is who holds what nobody approved, as promises have it.
const Unapproved = "without_approval: hold"

// Lapsed: an update was due and promised, and nothing goes out since nobody approved it.
// Final says that it has been over for long: nothing that waits for a yes goes to the
// audience any more, the end included.
type Lapsed struct {
	Audience string    `json:"audience"`
	DueAt    time.Time `json:"due_at"`
	Final    bool      `json:"final,omitempty"`
}

func (a *Approve) what() string {
	if a.No {
		return fmt.Sprintf("reject update %d", a.Update)
	}
	return fmt.Sprintf("approve update %d", a.Update)
}

// Says is the digest of what an update to an audience would say, as far as somebody is
// to approve it. Account is the digest of what is told beyond the state.
func (s *State) Says(kind UpdateKind, words int, account string) string {
	h := fnv.New64a()
	add := func(parts ...string) {
		h.Write(binary.AppendUvarint(nil, uint64(len(parts))))
		for _, p := range parts {
			h.Write(binary.AppendUvarint(nil, uint64(len(p))))
			h.Write([]byte(p))
		}
	}
	add(string(kind), fmt.Sprint(words), string(s.Phase), s.Severity, stamp(s.Estimate), account, s.Lead, stamp(s.EndedAt), fmt.Sprint(s.Unconfirmed))
	for _, l := range sortedKeys(s.Title) {
		add(l, s.Title[l])
	}
	add(s.Services()...)
	add(s.Left...)
	return fmt.Sprintf("%016x", h.Sum64())
}

// Draft returns what waits for an audience, or was answered and did not go out; of a
// correction, that of an update. Nil: nothing.
func (s *State) Draft(audience string, corrects int) *Draft {
	for _, d := range s.Drafts {
		if d.Audience == audience && d.Corrects == corrects {
			return d
		}
	}
	return nil
}

func (d *decision) approve() {
	a := d.in.Approve
	n, of := a.Update, d.s.Drafts[a.Update]
	switch {
	case n < 1 || n > d.s.Updates:
		d.refuse("there is no update %d of %s", n, d.s.ID)
	case of == nil && d.s.Orders[n] != nil:
		d.refuse("update %d of %s has gone out already; it can be cancelled or corrected", n, d.s.ID)
	case of == nil:
		for _, m := range slices.Sorted(maps.Keys(d.s.Orders)) {
			if d.s.Orders[m].Draft == n {
				d.refuse("update %d of %s was approved, and has gone out as update %d", n, d.s.ID, m)
				return
			}
		}
		d.refuse("update %d of %s does not wait for a yes: it goes to a team, or would say something else by now; look at %s again", n, d.s.ID, d.s.ID)
	case of.No != "" && a.No, of.Yes != "" && !a.No:
		// it is so already
	case of.No != "":
		d.refuse("update %d of %s was rejected by %s; give the words anew", n, d.s.ID, of.No)
	case of.Yes != "":
		d.refuse("update %d of %s was approved by %s", n, d.s.ID, of.Yes)
	case a.No:
		d.emit(Fact{Body: (*Rejected)(&Verdict{Update: n, Audience: of.Audience})})
	case d.r.Stands != nil && !d.r.Stands(n, d.in.At):
		d.refuse("update %d of %s does not go out as it is: %s has changed since, or its audience is paused; look at %s again", n, d.s.ID, d.s.ID, d.s.ID)
	case slices.Contains(of.Authors, d.in.By):
		d.refuse("what is new in update %d of %s is your own: somebody else is to approve it", n, d.s.ID)
	default:
		d.emit(Fact{Body: (*Approved)(&Verdict{Update: n, Audience: of.Audience})})
	}
}

func (s *State) await(a *Awaited, at time.Time) {
	s.Updates = max(s.Updates, a.Update)
	if old := s.Draft(a.Audience, a.Corrects); old != nil {
		delete(s.Drafts, old.Update)
	}
	mark(&s.Drafts, a.Update, &Draft{Awaited: *a, At: at})
}

func (s *State) approve(v *Verdict, by string, at time.Time) {
	if d := s.Drafts[v.Update]; d != nil {
		yes := *d
		yes.Yes, yes.YesAt = by, at
		s.Drafts[v.Update] = &yes
	}
}

func (s *State) reject(v *Verdict, by string) {
	d := s.Drafts[v.Update]
	if d == nil {
		return
	}
	no := *d
	no.No = by
	s.Drafts[v.Update] = &no
	switch {
	case d.Corrects > 0:
		s.Corrections = slices.DeleteFunc(s.Corrections, func(c *Correction) bool { return c.Of.Update == d.Corrects })
	case d.Words > 0:
		mark(&s.Struck, d.Audience, d.Words)
	}
}

// undraft forgets what waited where it went out, or is past.
func (s *State) undraft(p *Planned) {
	if p.Team || p.For > 0 || p.Kind == Combined || p.CatchUp || p.Neutral && !p.Kind.Ends() {
		return
	}
	if d := s.Draft(p.Audience, p.Corrects); d != nil {
		delete(s.Drafts, d.Update)
	}
}

// lapse remembers whose rule it is that a promise breaks.
func (s *State) lapse(l *Lapsed) {
	if l.Final {
		for n, d := range s.Drafts {
			if d.Audience == l.Audience {
				delete(s.Drafts, n)
			}
		}
		s.Corrections = slices.DeleteFunc(slices.Clone(s.Corrections), func(c *Correction) bool { return c.Of.Audience == l.Audience })
		s.told(l.Audience).Closed = true
		return
	}
	mark(&s.Lapses, l.Audience, l.DueAt)
	for _, p := range s.told(l.Audience).Promises {
		if p.By == 0 && !p.Broken && p.Held == "" {
			p.Held = Unapproved
		}
	}
}

// String says it.
func (a Awaited) String() string {
	s := fmt.Sprintf("update %d to %s waits for a yes: %s", a.Update, a.Audience, a.Kind)
	if a.Corrects > 0 {
		s += fmt.Sprintf(" of update %d", a.Corrects)
	}
	if a.Words > 0 {
		s += fmt.Sprintf(", words %d", a.Words)
	}
	if !a.DueAt.IsZero() {
		s += ", due " + stamp(a.DueAt)
	}
	return s
}

// String says it.
func (l Lapsed) String() string {
	if l.Final {
		return fmt.Sprintf("- %s is told no more: it has been over for long, and nobody approved what waits", l.Audience)
	}
	return fmt.Sprintf("nothing goes to %s, which was due %s: nobody approved it", l.Audience, stamp(l.DueAt))
}
