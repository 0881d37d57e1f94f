package casebook

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sitrep/policies"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// guestbook is a roll of those whom scripts add: the deputy, who is in no audience, and
// people of the town, into audiences that they are in, or not.
type guestbook struct{}

var guests = map[string]policies.Recipient{
	"deputy": {Name: "deputy", Email: "Deputy@town.example", Phone: "+31612349999", Language: "en", TimeZone: "Europe/Amsterdam"},
	"mayor":  {Name: "the mayor", Email: "mayor@town.example", Language: "nl", TimeZone: "Europe/Amsterdam"},
	"clerk":  {Name: "clerk", Email: "Clerk@town.example", Phone: "+31612340005", Language: "nl", TimeZone: "Europe/Amsterdam"},
}

func (guestbook) Name(address string) string                 { return "<" + strings.ToLower(address) + ">" }
func (guestbook) Recipient(roster string) policies.Recipient { return guests[roster] }
func (guestbook) names(r policies.Recipient) (all []string) {
	for _, a := range []string{r.Email, r.Phone} {
		if a != "" {
			all = append(all, guestbook{}.Name(a))
		}
	}
	return all
}

func enrolled(p Policy) *Book {
	b := New(p)
	b.Enrol(guestbook{})
	return b
}

// enlists adds somebody to an audience of the open incident, or removes somebody.
func enlists(rt *rapid.T, at time.Time, id string) event {
	e := &incident.Enlist{Remove: rapid.Bool().Draw(rt, "remove")}
	e.Audience = rapid.SampledFrom([]string{"it", "management", "board", "staff"}).Draw(rt, "audience")
	if e.Remove {
		e.Person = rapid.SampledFrom([]string{"mayor@town.example", "manager@town.example", "engineer@town.example", "councillor@town.example", "clerk@town.example", "deputy@town.example", "+31612349999"}).Draw(rt, "who")
		e.Names = []string{guestbook{}.Name(e.Person)}
	} else {
		e.Roster = rapid.SampledFrom([]string{"deputy", "deputy", "mayor", "clerk"}).Draw(rt, "who")
		e.Person, e.Names = e.Roster, guestbook{}.names(guests[e.Roster])
	}
	return event{at: at, open: true, in: incident.Input{At: at, ID: id, By: "oncall", Enlist: e}}
}

// roster names people, as the store does by their content.
func (p *post) roster(audience string, people []policies.Recipient) string {
	name := audience
	for _, r := range people {
		name += fmt.Sprint(" ", r.Email, r.Phone)
	}
	if p.rosters == nil {
		p.rosters = map[string][]policies.Recipient{}
	}
	p.rosters[name] = people
	return name
}

// recipients are whom an update is for; of an end, everybody who was told.
func (p *post) recipients(c *Case, d schedule.Due) []policies.Recipient {
	now, told := p.book.people(c, d), c.State.Told[d.Audience]
	if d.Team || !d.Kind.Ends() || told == nil {
		return now
	}
	seen := map[string]bool{}
	var all []policies.Recipient
	take := func(people []policies.Recipient) {
		for _, r := range people {
			for _, address := range []*string{&r.Email, &r.Phone} {
				if key := strings.ToLower(*address); seen[key] {
					*address = ""
				} else {
					seen[key] = key != ""
				}
			}
			if r.Email != "" || r.Phone != "" {
				all = append(all, r)
			}
		}
	}
	for _, hash := range slices.Backward(told.Rosters) {
		take(p.rosters[hash])
	}
	return all
}

// listings: who was added gets each update to his audience from then on, and who was
// removed none but the end.
func listings(rt *rapid.T, s *post) {
	at := map[string]bool{} // updates to an audience that went out as a whole, and to whom
	for _, l := range s.letters {
		at[fmt.Sprint(l.incident, " ", l.update, " ", l.address)] = true
	}
	gets := func(l letter, who []string) bool {
		return slices.ContainsFunc(who, func(name string) bool {
			address := strings.Trim(name, "<>")
			return at[fmt.Sprint(l.incident, " ", l.update, " email ", address)] || at[fmt.Sprint(l.incident, " ", l.update, " sms ", address)]
		})
	}
	for n, f := range s.facts {
		var who incident.Recipient
		switch {
		case f.Added() != nil:
			who = *f.Added()
		case f.Removed() != nil:
			who = f.Removed().Recipient
		default:
			continue
		}
		until := time.Time{}
		for _, later := range s.facts[n+1:] {
			if (later.Added() != nil && later.Added().Shares(who) || later.Removed() != nil && later.Removed().Shares(who)) && later.Incident == f.Incident {
				until = later.At
				break
			}
		}
		for _, l := range s.letters {
			if l.incident != f.Incident || l.audience != who.Audience || l.team || l.catchUp || l.kind.Ends() ||
				!l.planned.After(f.At) || !until.IsZero() && !l.planned.Before(until) {
				continue
			}
			if got := gets(l, who.Names); got != (f.Added() != nil) {
				rt.Fatalf("%v %v\ngets %v: %+v", f.At, f, got, l)
			}
		}
	}
}

// TestTheDirectoryOfAnAudience: who was removed is gone by all his addresses, who was
// added is there with those that nobody has yet, and neither is so for another incident.
func TestTheDirectoryOfAnAudience(t *testing.T) {
	b := enrolled(town(t))
	s := incident.NewState("mail")
	s.ID = "SR-1"
	list := func(audience, who string) incident.Listing {
		return incident.Listing{Recipient: incident.Recipient{Audience: audience, Person: who, Names: guestbook{}.names(guests[who]), Roster: who}}
	}
	s.Added = []incident.Listing{list("board", "deputy"), list("board", "mayor"), list("staff", "clerk"), list("it", "nobody")}
	s.Removed = []incident.Listing{{Recipient: incident.Recipient{Audience: "board", Names: []string{"<councillor@town.example>"}}}}
	says := func(s *incident.State, audience string) (all []string) {
		for _, r := range b.Members(s, b.Audience(audience)) {
			all = append(all, r.Email+r.Phone)
		}
		return all
	}
	other := incident.NewState("web")
	other.ID = "SR-2"
	for _, c := range []struct {
		s        *incident.State
		audience string
		want     []string
	}{
		{s, "board", []string{"mayor@town.example+31612340005", "Deputy@town.example+31612349999"}},
		{s, "staff", []string{"clerk@town.example", "engineer@town.example", "+31612340005"}},
		{s, "it", []string{"engineer@town.example", "manager@town.example+31612340007"}},
		{other, "board", []string{"mayor@town.example+31612340005", "councillor@town.example+31612340010"}},
	} {
		if got := says(c.s, c.audience); !slices.Equal(got, c.want) {
			t.Errorf("%s of %s: %q, want %q", c.audience, c.s.ID, got, c.want)
		}
	}
}
