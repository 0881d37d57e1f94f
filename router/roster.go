package router

import (
	"context"
	"slices"
	"strings"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/router/casebook"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// roster is who gets an update, and how.
type roster struct {
	all         []channels.Person
	hashes      []string
	whole       []string // hashes with all addresses
	by          casebook.By
	reads       string
	informal    bool
	critical    bool
	unsubscribe bool
}

// roster returns who gets an update: the audience as it is now; of a closing
// update, everyone who was told. Each is left the addresses that he is reached
// by now.
func (r *Router) roster(ctx context.Context, c *casebook.Case, d schedule.Due) (roster, error) {
	out, err := r.people(ctx, c.State, d)
	if err != nil {
		return out, err
	}
	out.whole = out.hashes
	route := r.cases.Route(c, d)
	if route.Plain() {
		out.by.Channels = route.Channels
		return out, nil
	}
	out.all = slices.Clone(out.all)
	for i := range out.all {
		p := &out.all[i]
		uses, waits := route.Uses(p.Address)
		out.by.Add(route, uses, waits)
		if !slices.Contains(uses, channels.Email) {
			p.Email = ""
		}
		if !slices.Contains(uses, channels.SMS) {
			p.Phone = ""
		}
	}
	out.hashes, err = r.store(ctx, out.all)
	return out, err
}

// people returns who an update is for.
func (r *Router) people(ctx context.Context, s *incident.State, d schedule.Due) (roster, error) {
	var out roster
	if d.Team {
		t := r.cases.Team(d.Audience)
		now, err := r.current(ctx, "team "+t.Name+" "+d.Alone, r.cases.Asked(d))
		if err == nil {
			out = roster{all: now.all, hashes: now.hashes, reads: d.AsksAs(), informal: t.Informal, critical: true}
		}
		return out, err
	}
	told, a := s.Told[d.Audience], r.cases.Audience(d.Audience)
	if a != nil {
		out.reads, out.informal, out.critical, out.unsubscribe = string(a.Reads), a.Informal, a.Critical, a.Unsubscribe
		now, err := r.members(ctx, s, a)
		if err != nil {
			return out, err
		}
		if !d.Kind.Ends() || sameSet(now.hashes, told.Rosters) {
			out.all, out.hashes = now.all, now.hashes
			return out, nil
		}
	} else if told != nil {
		// The configuration knows the audience no more. Those who were told are
		// told the end, by whatever reaches them.
		out.reads, out.informal = string(policies.Staff), r.rules.Load().Global.Informal
	}
	if told == nil || !d.Kind.Ends() {
		return out, nil
	}
	// The newest row of a person comes first; an address that it has is not
	// written to a second time for an older row's sake.
	seen := map[string]bool{}
	for _, hash := range slices.Backward(told.Rosters) {
		var people []channels.Person
		err := r.insist(ctx, "a roster", func() (err error) {
			people, err = r.o.Library.Roster(ctx, hash)
			return err
		})
		if err != nil {
			return out, err
		}
		for _, p := range people {
			for _, address := range []*string{&p.Email, &p.Phone} {
				key := strings.ToLower(*address)
				if seen[key] {
					*address = ""
				}
				seen[key] = key != ""
			}
			if p.Email != "" || p.Phone != "" {
				out.all = append(out.all, p)
			}
		}
	}
	hashes, err := r.store(ctx, out.all)
	out.hashes = hashes
	return out, err
}

// members returns the roster of an audience of an incident, stored.
func (r *Router) members(ctx context.Context, s *incident.State, a *policies.Audience) (*roster, error) {
	people := r.cases.Members(s, a)
	if len(s.Added)+len(s.Removed) == 0 {
		return r.current(ctx, a.Name, people)
	}
	out := &roster{all: r.persons(people)}
	var err error
	out.hashes, err = r.store(ctx, out.all)
	return out, err
}

func sameSet(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for _, v := range a {
		if !slices.Contains(b, v) {
			return false
		}
	}
	return true
}

// current returns the roster of an audience or team as the configuration has
// it, stored.
func (r *Router) current(ctx context.Context, name string, people []policies.Recipient) (*roster, error) {
	if known := r.rosters[name]; known != nil {
		return known, nil
	}
	out := &roster{all: r.persons(people)}
	hashes, err := r.store(ctx, out.all)
	if err != nil {
		return nil, err
	}
	out.hashes = hashes
	r.rosters[name] = out
	return out, nil
}

func (r *Router) persons(people []policies.Recipient) []channels.Person {
	var all []channels.Person
	for _, p := range people {
		all = append(all, channels.Person{
			ID: r.o.Key.Person(p.Email, p.Phone), Name: p.Name, Email: p.Email, Phone: p.Phone,
			Language: p.Language, Zone: p.TimeZone,
		})
	}
	return all
}

// without leaves out the addresses that a combined update reaches. The rows
// stay, so that the update has its parts: by them a worker sees which is newest.
func (r *Router) without(ctx context.Context, from roster, o casebook.Order) (roster, error) {
	from.all = slices.Clone(from.all)
	for i := range from.all {
		p := &from.all[i]
		if o.Omits(channels.Email, strings.ToLower(p.Email)) {
			p.Email = ""
		}
		if o.Omits(channels.SMS, p.Phone) {
			p.Phone = ""
		}
	}
	var err error
	from.hashes, err = r.store(ctx, from.all)
	return from, err
}

// store keeps people in chunks, by the hash of their content.
func (r *Router) store(ctx context.Context, people []channels.Person) ([]string, error) {
	var hashes []string
	for chunk := range slices.Chunk(people, channels.MaxPart) {
		err := r.insist(ctx, "a roster", func() error {
			hash, err := r.o.Library.PutRoster(ctx, chunk)
			if err == nil {
				hashes = append(hashes, hash)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return hashes, nil
}
