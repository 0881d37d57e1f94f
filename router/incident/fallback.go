package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Where a channel will never reach somebody, and his audience has a fallback, the
// same words go by that:
//
//	a row fails for good ──> Fell ──> due at once ──> Planned, For the update that failed
//
// A newer update to the audience takes the place of what has not gone out yet.

// Fell: a channel failed for good for some of those who were to get an update.
type Fell struct {
	Update int    `json:"update"`
	Part   string `json:"part"`
	Rows   []int  `json:"rows"` // of the part's chunk
}

// Fall is what is to go by another way.
type Fall struct {
	Order Planned // that failed
	Chunk int
	Rows  []int
	At    time.Time
}

// String says it.
func (f Fell) String() string {
	return fmt.Sprintf("- update %d, part %s: %s not reached, for good", f.Update, f.Part, count(len(f.Rows), "recipient"))
}

// fell notes the rows of a report that are not known yet to have failed.
func (d *decision) fell(f *Flight, r Delivered) {
	if len(f.Order.Fallback) == 0 {
		return
	}
	var rows []int
	for _, n := range r.Fell {
		if !slices.Contains(f.Fallen[r.Part], n) {
			rows = append(rows, n)
		}
	}
	if len(rows) > 0 {
		d.emit(Fact{Fell: &Fell{Update: r.Update, Part: r.Part, Rows: rows}})
	}
}

// fall remembers what is to go by another way.
func (s *State) fall(f *Fell, at time.Time) {
	flight := s.Flights[f.Update]
	if flight == nil {
		return
	}
	mark(&flight.Fallen, f.Part, append(slices.Clone(flight.Fallen[f.Part]), f.Rows...))
	if s.Under != "" || s.superseded(&flight.Order) {
		return // another incident tells of it, or a newer update is on its way
	}
	s.Falls = append(s.Falls, &Fall{Order: flight.Order, Chunk: chunkOf(f.Part), Rows: f.Rows, At: at})
}

// superseded reports whether whoever an order was for was told something newer,
// or has been told by another incident that it is over.
func (s *State) superseded(p *Planned) bool {
	newer := func(audience string, update int) bool {
		t := s.Told[audience]
		return t != nil && (t.Last > update || t.Closed && t.Kind != Closing)
	}
	if len(p.Covers) == 0 {
		return newer(p.Audience, p.Update)
	}
	for _, c := range p.Covers { // of other incidents nothing is known here
		if s.ID == c.Incident && !newer(c.Audience, c.Update) {
			return false
		}
	}
	return true
}

// chunkOf reads the 2 of SR-12.4.2.email.
func chunkOf(part string) int {
	var n int
	if tokens := strings.Split(part, "."); len(tokens) == 4 {
		fmt.Sscan(tokens[2], &n)
	}
	return n
}

// risen forgets what goes by another way now, or need not any more.
func (s *State) risen(p *Planned) {
	s.Falls = slices.DeleteFunc(s.Falls, func(f *Fall) bool {
		if p.For > 0 { // all of them go together
			return f.Order.Update == p.For
		}
		return !p.Side() && s.superseded(&f.Order)
	})
}
