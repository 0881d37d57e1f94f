package casebook

import (
	"slices"
	"strings"

	"sitrep/policies"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// Roll knows those whom a person added to an audience for an incident, or removed from
// it: facts name them by keyed ids alone.
type Roll interface {
	// Name is the keyed id of an address.
	Name(address string) string
	// Recipient returns who stands in the chunk of a hash; one without addresses where
	// he was erased, or nobody knows him.
	Recipient(roster string) policies.Recipient
}

// Enrol lets the book look up who was added and removed. Without a roll, nobody was.
func (b *Book) Enrol(r Roll) {
	b.roll = r
	b.relist()
	b.rules.schedule.People = b.Members
}

// Members returns who is in an audience of an incident: those of the configuration,
// less those who were removed, and those who were added. An address that the former
// have is not added a second time.
func (b *Book) Members(s *incident.State, a *policies.Audience) []policies.Recipient {
	of := func(l incident.Listing) bool { return l.Audience == a.Name }
	if b.roll == nil || !slices.ContainsFunc(s.Added, of) && !slices.ContainsFunc(s.Removed, of) {
		return a.Recipients
	}
	gone := map[string]bool{}
	for _, l := range s.Removed {
		for _, name := range l.Names {
			gone[name] = gone[name] || of(l)
		}
	}
	key := [2]string{s.ID, a.Name}
	if known, is := b.members[key]; is {
		return known
	}
	all := make([]policies.Recipient, 0, len(a.Recipients)+len(s.Added))
	taken := map[string]bool{}
	for _, r := range a.Recipients {
		if len(gone) > 0 && slices.ContainsFunc(b.names(r), func(name string) bool { return gone[name] }) {
			continue
		}
		taken[strings.ToLower(r.Email)], taken[r.Phone] = true, true
		all = append(all, r)
	}
	for _, l := range s.Added {
		if !of(l) {
			continue
		}
		r := b.roll.Recipient(l.Roster)
		if taken[strings.ToLower(r.Email)] {
			r.Email = ""
		}
		if taken[r.Phone] {
			r.Phone = ""
		}
		if r.Email != "" || r.Phone != "" {
			taken[strings.ToLower(r.Email)], taken[r.Phone] = true, true
			all = append(all, r)
		}
	}
	b.members[key] = all
	return all
}

// relist forgets what follows from who was added and removed.
func (b *Book) relist() { b.members, b.kindred = map[[2]string][]policies.Recipient{}, nil }

// names are the keyed ids of a recipient's addresses.
func (b *Book) names(r policies.Recipient) (all []string) {
	for _, address := range []string{r.Email, r.Phone} {
		if address != "" {
			all = append(all, b.roll.Name(address))
		}
	}
	return all
}

// configured returns the names of the configured recipient of an audience who has one
// of them.
func (b *Book) configured(audience, name string) []string {
	a := b.Audience(audience)
	if a == nil || b.roll == nil {
		return nil
	}
	for _, r := range a.Recipients {
		if all := b.names(r); slices.Contains(all, name) {
			return all
		}
	}
	return nil
}

// others reports whether anybody else is in somebody's audience of an incident.
func (b *Book) others(s *incident.State, who incident.Recipient) bool {
	a := b.Audience(who.Audience)
	return a == nil || b.roll == nil || slices.ContainsFunc(b.Members(s, a), func(r policies.Recipient) bool {
		return !slices.ContainsFunc(b.names(r), func(name string) bool { return slices.Contains(who.Names, name) })
	})
}

// erased reports whether who was added stands in his chunk no more.
func (b *Book) erased(roster string) bool {
	if b.roll == nil {
		return false
	}
	r := b.roll.Recipient(roster)
	return r.Email == "" && r.Phone == ""
}

// size is how many an audience of an incident has at most.
func size(s *incident.State, a *policies.Audience) int {
	n := len(a.Recipients)
	for _, l := range s.Added {
		if l.Audience == a.Name {
			n++
		}
	}
	return n
}

// Asked returns who of a team is asked something: all of it, or the one who leads.
func (b *Book) Asked(d schedule.Due) []policies.Recipient {
	t := b.rules.teams[d.Audience]
	if who, known := t.Reachable(d.Alone); known {
		return []policies.Recipient{who}
	}
	if t == nil {
		return nil
	}
	return t.Recipients
}

// people returns who gets an update.
func (b *Book) people(c *Case, d schedule.Due) []policies.Recipient {
	if d.Team {
		return b.Asked(d)
	}
	if a := b.rules.audiences[d.Audience]; a != nil {
		if d.Kind.Ends() {
			return b.toldOf(c.State, a)
		}
		return b.Members(c.State, a)
	}
	return nil
}

// toldOf leaves out who was added since the last update to an audience: of the end they
// hear nothing, who heard of nothing else.
func (b *Book) toldOf(s *incident.State, a *policies.Audience) []policies.Recipient {
	t, all := s.Told[a.Name], b.Members(s, a)
	late := map[string]bool{}
	for _, l := range s.Added {
		if l.Audience == a.Name && t != nil && l.At.After(t.LastAt) {
			for _, name := range l.Names {
				late[name] = true
			}
		}
	}
	if len(late) == 0 || b.roll == nil {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(r policies.Recipient) bool {
		return slices.ContainsFunc(b.names(r), func(name string) bool { return late[name] })
	})
}

// meets reports whether an audience or team has somebody in common with one of those,
// be it for one incident alone.
func (b *Book) meets(those map[string]bool, name string) bool {
	if those[name] {
		return true
	}
	if b.kindred == nil {
		b.kindred = b.kin()
	}
	return slices.ContainsFunc(slices.Concat(b.rules.in[name], b.kindred[name]), func(other string) bool { return those[other] })
}

// kin finds out which audiences have somebody in common since he was added to one.
func (b *Book) kin() map[string][]string {
	all := map[string][]string{}
	if b.roll == nil {
		return all
	}
	of := map[string][]string{} // audiences, by the addresses of those who were added
	for _, c := range b.ids {
		for _, l := range c.State.Added {
			r := b.roll.Recipient(l.Roster)
			for _, address := range []string{strings.ToLower(r.Email), r.Phone} {
				if address != "" {
					of[address] = with(of[address], l.Audience)
				}
			}
		}
	}
	for address, added := range of {
		for _, one := range added {
			for _, other := range append(slices.Clone(b.rules.at[address]), added...) {
				if other != one {
					all[one], all[other] = with(all[one], other), with(all[other], one)
				}
			}
		}
	}
	return all
}
