package casebook

import (
	"slices"
	"time"

	"sitrep/router/incident"
)

// Over reports whether nothing more will come of a case: its incident ended
// before a moment, everybody was told so, and nothing that it remembers has a part
// in what happens from now on.
func (b *Book) Over(c *Case, before, now time.Time) bool {
	s := c.State
	if s.ID == "" || s.Own() || s.Open() || s.Under != "" || !s.ResolvedAt.Before(before) || !s.Detached(now) {
		return false
	}
	if len(s.Flights)+len(s.Falls)+len(s.Corrections) > 0 || s.Waits() || !c.wake.IsZero() || len(b.Coming(c, now)) > 0 {
		return false
	}
	if w := s.Work; w != nil && w.Entry != nil && w.Entry.End.After(now) { // the calendar would plan it anew
		return false
	}
	for _, t := range s.Told {
		if slices.ContainsFunc(t.Promises, func(p *incident.Pending) bool { return !p.Broken }) {
			return false
		}
	}
	return true
}

// Under returns the incidents that an outage is a consequence of.
func (b *Book) Under() map[string]bool {
	all := map[string]bool{}
	for _, c := range b.Cases() {
		if c.State.Under != "" {
			all[c.State.Under] = true
		}
	}
	return all
}

// Forgettable returns the incidents that ended before a moment and of which
// nothing more will come, as of nothing that is remembered of them.
func (b *Book) Forgettable(before, now time.Time) map[string]bool {
	all := map[string]bool{}
	under := b.Under()
	for id, c := range b.ids {
		if b.Over(c, before, now) && !under[id] && !b.mutes(c) {
			all[id] = true
		}
	}
	for again := true; again; { // whoever took over alerts knows them by the other's facts
		again = false
		for _, c := range b.Cases() {
			if c.from != nil && !all[c.State.ID] && all[c.from.State.ID] {
				delete(all, c.from.State.ID)
				again = true
			}
		}
	}
	return all
}

// mutes reports whether a case is the last of its service and an alert of it,
// muted by hand, still fires: the next outage is to know so.
func (b *Book) mutes(c *Case) bool {
	if b.services[c.State.Service] != c {
		return false
	}
	for _, a := range c.State.Alerts {
		if a.Firing() {
			return true
		}
	}
	return false
}

// Forgotten is the fact that incidents, which are forgettable, are forgotten.
func (b *Book) Forgotten(ids map[string]bool, now time.Time) incident.Fact {
	return incident.Fact{At: now, Body: &incident.Forgotten{Incidents: b.forgotten + len(ids), Highest: b.opened}}
}

// Forget forgets them.
func (b *Book) Forget(ids map[string]bool) {
	for id := range ids {
		c := b.ids[id]
		delete(b.ids, id)
		if b.services[c.State.Service] == c {
			delete(b.services, c.State.Service)
		}
	}
	b.forgotten += len(ids)
}

// Remains finds out which facts are left when incidents are forgotten: those of
// every other case, all of them, in their order. What a case is follows from its
// own facts alone, and from those of one whose alerts it took over; so it is the
// same without the others.
type Remains struct {
	book  *Book
	facts []remnant
	since map[*Case][]int // facts of what has not passed, by their place
}

// remnant is a fact and the case that it is of.
type remnant struct {
	fact   incident.Fact
	of     *Case     // nil: it always stays
	passed time.Time // when the outage passed that it is of; zero: it did not
}

// NewRemains returns one that knows no facts yet.
func NewRemains(p Policy) *Remains {
	return &Remains{book: New(p), since: map[*Case][]int{}}
}

// Take takes in a fact, in order.
func (r *Remains) Take(f incident.Fact) {
	var taken *Case // whose alerts another has from now on
	if f.Turned() != nil {
		if taken = r.book.services[f.Turned().Service]; taken != nil && taken.State.ID != "" {
			taken = nil
		}
	}
	c := r.book.Remember(f)
	if f.Forgotten() != nil {
		return // the next one says more
	}
	if c != nil && c.State.Own() {
		c = nil // its updates are numbered on, whatever it was
	}
	r.facts = append(r.facts, remnant{fact: f, of: c})
	if c == nil {
		return
	}
	r.since[c] = append(r.since[c], len(r.facts)-1)
	if f.Passed() != nil {
		r.pass(c, f.At)
	}
	if taken != nil && taken != c {
		r.pass(taken, f.At)
	}
}

// pass notes that an outage passed, and became no incident of its own.
func (r *Remains) pass(c *Case, at time.Time) {
	for _, n := range r.since[c] {
		r.facts[n].passed = at
	}
	delete(r.since, c)
}

// Left returns what is left without some incidents, and without outages that
// passed before a moment and became none.
func (r *Remains) Left(ids map[string]bool, before time.Time) (all []incident.Fact) {
	for _, f := range r.facts {
		switch {
		case f.of == nil:
		case !f.passed.IsZero():
			if f.passed.Before(before) {
				continue
			}
		case ids[f.of.State.ID]:
			continue
		}
		all = append(all, f.fact)
	}
	return all
}
