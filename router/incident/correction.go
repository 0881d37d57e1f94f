package incident

import "slices"

// A correction takes back what an update said wrongly. It goes to those who got that,
// and to those who still waited for it, in its place; to nobody else. No clock and no
// promise of the audience moves by it.
//
//	Said, of update 3 ──> due at once ──> Planned, with Corrects 3
//	                                         ├── update 3 was on its way to somebody: it goes no further
//	                                         └── a worker leaves out whom update 3 never reached, and
//	                                             who was told something newer since

// Correction is what is to be corrected and was not ordered yet.
type Correction struct {
	Words int // their number
	Of    *Planned
}

// corrects says why an update cannot be corrected; empty: it can.
func (s *State) corrects(update int) (of *Planned, why string) {
	of = s.Orders[update]
	switch {
	case update < 1 || update > s.Updates:
		return nil, "there is no update %d of %s"
	case of == nil:
		return nil, "update %d of %s went to a team, or together with others: correct the update that it stands for"
	case of.Corrects > 0:
		return nil, "update %d of %s is a correction itself: correct the update that it corrects"
	}
	return of, ""
}

// ordered keeps an order that may have to be corrected.
func (s *State) ordered(p *Planned) {
	if p.Team || p.Kind == Combined || p.For > 0 {
		return
	}
	if s.Orders == nil {
		s.Orders = map[int]*Planned{}
	}
	s.Orders[p.Update] = p
}

// correct remembers that a correction was ordered. Where it takes back the words
// that the audience knows, those are what it knows now.
func (s *State) correct(p *Planned) {
	s.Corrections = slices.DeleteFunc(s.Corrections, func(c *Correction) bool { return c.Words == p.Words })
	s.totals(p.Audience).Planned += p.Deliveries
	mark(&s.Corrected, p.Corrects, true)
	t, of := s.told(p.Audience), s.Orders[p.Corrects]
	if of != nil && (of.Words == 0 || of.Words == t.Words || s.replaced(t.Words, of.Update)) {
		t.Words = max(t.Words, p.Words)
	}
}

// replaced reports whether words are an earlier correction of an update.
func (s *State) replaced(words, update int) bool {
	return slices.ContainsFunc(s.Words, func(w Words) bool { return w.Number == words && w.Corrects == update })
}
