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
	// Again says that the same channel is worth another try.
	Again bool `json:"again,omitempty"`
}

// Fall is what is to go by another way.
type Fall struct {
	Order Planned // that failed
	Chunk int
	Rows  []int
	At    time.Time
	Again string // the channel that is worth another try; empty: it goes by another
}

// String says it.
func (f Fell) String() string {
	if f.Again {
		return fmt.Sprintf("- update %d, part %s: %s not reached, worth another try", f.Update, f.Part, count(len(f.Rows), "recipient"))
	}
	return fmt.Sprintf("- update %d, part %s: %s not reached, for good", f.Update, f.Part, count(len(f.Rows), "recipient"))
}

// fell notes the rows of a part that are not known yet to have failed.
func (d *decision) fell(f *Flight, update int, part string, rows []int) {
	if rows = f.fresh(part, rows); len(rows) > 0 && len(f.Order.Fallback) > 0 {
		d.emit(Fact{Body: &Fell{Update: update, Part: part, Rows: rows}})
	}
}

// fall remembers what is to go by another way.
func (s *State) fall(f *Fell, at time.Time) {
	flight := s.Flights[f.Update]
	if flight == nil {
		flight = s.Landed[f.Update]
	}
	if flight == nil {
		return
	}
	mark(&flight.Fallen, f.Part, append(slices.Clone(flight.Fallen[f.Part]), f.Rows...))
	if s.Under != "" || s.superseded(flight.Order) {
		return // another incident tells of it, or a newer update is on its way
	}
	fall := &Fall{Order: *flight.Order, Chunk: chunkOf(f.Part), Rows: f.Rows, At: at}
	if f.Again {
		fall.Again = channelOf(f.Part)
	}
	s.Falls = append(s.Falls, fall)
}

// superseded reports whether whoever an order was for was told something newer, has
// been told by another incident that it is over, or is not to get it any more.
func (s *State) superseded(p *Planned) bool {
	newer := func(audience string, update int) bool {
		t := s.Told[audience]
		return t != nil && (t.Last > update || t.Closed && !t.Kind.Ends())
	}
	if s.Cancelled[p.Update] != nil {
		return true
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
			return f.Order.Update == p.For && (f.Again != "") == p.Again && (f.Again == "" || slices.Contains(p.Channels, f.Again))
		}
		return !p.Side() && s.superseded(&f.Order)
	})
}
