package incident

import (
	"slices"
	"time"
)

// A person may have somebody told what an audience is told of one incident who is not
// in it, or have somebody of it told no more. Both last as long as the incident does,
// reopened or not, whatever becomes of the configured audience meanwhile.
//
//	Enlist           Added    gets the audience's updates from the next one on
//	Enlist, Remove   Removed  gets none of them any more, but for the end and for what
//	                          takes back an update that he had: who was told that
//	                          something broke is told that it is over
//
// Who was added to an outage that becomes part of another hears on from that, and from
// what outlives it. Who was removed is so there only where his audience hears of nothing
// else: what a person decided for one outage silences no other.
//
// No address is in any of it: a recipient is named by keyed ids, and his row stands
// where addresses stand, and is erased.

// Recipient is one person of an audience.
type Recipient struct {
	Audience string   `json:"audience"`
	Person   string   `json:"person"` // keyed id, as rosters have it
	Names    []string `json:"names"`  // keyed ids of his addresses, one each
	// Roster is the hash of the chunk that holds him; empty for one who is removed.
	Roster string `json:"roster,omitempty"`
}

// Enlist asks to add a recipient to an audience for an incident, or to remove one: that
// one has the single name by which the audience is to know him.
type Enlist struct {
	Incident string `json:"incident"`
	Recipient
	Remove bool `json:"remove,omitempty"`
}

// Removal is a recipient who is told no more. Breaks is the moment promised to his
// audience that this goes past, if nobody else is in it; zero where there is none.
type Removal struct {
	Recipient
	Breaks time.Time `json:"breaks,omitzero"`
}

// Listing is a recipient who was added or removed, and by whom.
type Listing struct {
	Recipient
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Lists are those of an incident, for another that goes on with what it told.
type Lists struct {
	Added   []Listing `json:"added,omitempty"`
	Removed []Listing `json:"removed,omitempty"`
}

// Shares reports whether two recipients have an address of an audience in common.
func (c Recipient) Shares(o Recipient) bool {
	return c.Audience == o.Audience && slices.ContainsFunc(c.Names, func(n string) bool { return slices.Contains(o.Names, n) })
}

// lists reports whether somebody is among those by one of his names.
func lists(all []Listing, who Recipient) bool {
	return slices.ContainsFunc(all, func(l Listing) bool { return l.Shares(who) })
}

func (e Enlist) what() string {
	if e.Remove {
		return "remove a recipient from " + e.Audience
	}
	return "add a recipient to " + e.Audience
}

func (d *decision) enlist() {
	c := d.in.Enlist
	if d.settled() {
		return
	}
	if !d.hears(c.Audience) {
		d.refuse("%s hears nothing of %s, by no policy and by nobody's words", c.Audience, d.s.ID)
		return
	}
	if c.Remove {
		d.remove(c.Recipient)
		return
	}
	for _, name := range c.Names {
		if !d.has(c.Audience, name) {
			who := c.Recipient
			d.emit(Fact{Body: &who})
			return
		}
	}
}

// hears reports whether an audience was told of the incident, or will be.
func (d *decision) hears(audience string) bool {
	if t := d.s.Told[audience]; t != nil && (t.First > 0 || t.Heir) {
		return true
	}
	return d.r.Due != nil && slices.Contains(d.r.Due(d.in.At), audience) || slices.ContainsFunc(d.s.Words, func(w Words) bool { return w.For(audience) })
}

// configured returns the names of the configured recipient of an audience who has one
// of them; none where nobody has.
func (d *decision) configured(audience, name string) []string {
	if d.r.Configured == nil {
		return nil
	}
	return d.r.Configured(audience, name)
}

// has reports whether an audience has somebody by a name, as things are.
func (d *decision) has(audience, name string) bool {
	who := Recipient{Audience: audience, Names: []string{name}}
	if slices.ContainsFunc(d.s.Added, func(l Listing) bool {
		return l.Shares(who) && (d.r.Erased == nil || !d.r.Erased(l.Roster))
	}) {
		return true
	}
	row := Recipient{Audience: audience, Names: d.configured(audience, name)}
	return len(row.Names) > 0 && !lists(d.s.Removed, row)
}

func (d *decision) remove(c Recipient) {
	if len(c.Names) != 1 {
		d.refuse("name one address of the recipient")
		return
	}
	name := c.Names[0]
	if !d.has(c.Audience, name) {
		if !lists(d.s.Removed, c) { // else it is so already
			d.refuse("%s has no recipient with this address", c.Audience)
		}
		return
	}
	who := Recipient{Audience: c.Audience, Person: c.Person, Names: union(c.Names, d.configured(c.Audience, name))}
	for _, l := range d.s.Added {
		if l.Shares(c) {
			who.Person, who.Names = l.Person, union(who.Names, l.Names)
		}
	}
	f := &Removal{Recipient: who}
	if d.r.Others != nil && !d.r.Others(who) {
		for _, p := range d.openPromises(c.Audience) {
			if f.Breaks.IsZero() || p.At.Before(f.Breaks) {
				f.Breaks = p.At
			}
		}
	}
	d.emit(Fact{Body: f})
}

// openPromises are those to an audience that nothing has answered yet.
func (d *decision) openPromises(audience string) (all []*Pending) {
	if t := d.s.Told[audience]; t != nil {
		for _, p := range t.Promises {
			if p.By == 0 && !p.Broken {
				all = append(all, p)
			}
		}
	}
	return all
}

// add lists a recipient: whatever was decided about him before is past.
func (s *State) add(l Listing) {
	s.unlist(l.Recipient)
	s.Added = append(s.Added, l)
}

// remove lists him as one who hears no more.
func (s *State) remove(r *Removal, by string, at time.Time) {
	s.unlist(r.Recipient)
	s.Removed = append(s.Removed, Listing{r.Recipient, by, at})
	if t := s.Told[r.Audience]; t != nil && !r.Breaks.IsZero() {
		for _, p := range t.Promises {
			if p.By == 0 && !p.Broken {
				p.Held = by
			}
		}
	}
}

// String says it.
func (r Removal) String() string {
	s := "- a recipient was removed from " + r.Audience + " for this incident"
	if !r.Breaks.IsZero() {
		s += ", which breaks what was promised before " + stamp(r.Breaks)
	}
	return s
}

// unlist makes lists of its own: facts hold the old ones.
func (s *State) unlist(who Recipient) {
	past := func(l Listing) bool { return l.Shares(who) }
	for _, all := range []*[]Listing{&s.Added, &s.Removed} {
		if *all = slices.DeleteFunc(slices.Clone(*all), past); len(*all) == 0 {
			*all = nil
		}
	}
}

// Lists returns who was added and removed.
func (s *State) Lists() Lists { return Lists{slices.Clone(s.Added), slices.Clone(s.Removed)} }

// inheritLists goes on with who was added to and removed from what is told here now. It
// comes before its audiences are inherited.
func (s *State) inheritLists(from Lists) {
	for _, l := range from.Added {
		if !lists(s.Added, l.Recipient) && !lists(s.Removed, l.Recipient) {
			s.Added = append(s.Added, l)
		}
	}
	for _, l := range from.Removed {
		t := s.Told[l.Audience]
		silent := t == nil || !t.Heard && !slices.ContainsFunc(t.Promises, func(p *Pending) bool { return p.By == 0 && !p.Broken })
		if silent && !lists(s.Added, l.Recipient) && !lists(s.Removed, l.Recipient) {
			s.Removed = append(s.Removed, l)
		}
	}
}
