package casebook

import (
	"encoding/binary"
	"slices"
	"strings"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// whom names who gets an update; a team may be called what an audience is.
func whom(d schedule.Due) string {
	if d.Team {
		return "team " + d.Audience
	}
	return d.Audience
}

// atOnce reports whether an update is a person's words or an end. They wait for
// nobody, and go together only with the same of the same incident, to who is in
// several audiences.
func atOnce(d schedule.Due) bool {
	return !d.Team && !d.CatchUp && (d.Words > 0 || d.Kind.Ends())
}

// alone are the kinds that come with an entry for a calendar: in a message about
// several things nobody could tell whose it is, and the entry would be lost.
var alone = []words.Kind{words.Announced, words.Moved, words.Cancelled}

// So is what goes to an audience by somebody's yes: he saw it so.
func isAlone(d schedule.Due) bool { return d.Gated || slices.Contains(alone, words.Kind(d.Kind)) }

// joins reports whether an update may be part of a combined one.
func (b *Book) joins(c *Case, d schedule.Due) bool {
	if d.Team {
		// Who is asked in the words of the other team is asked so by itself.
		return d.Kind == incident.Nudge && d.AsksAs() == d.Audience
	}
	if isAlone(d) {
		return false
	}
	a := b.rules.audiences[d.Audience]
	// Who leaves a list of one leaves none of another.
	return a != nil && !a.Unsubscribe && size(c.State, a) <= chorus && d.Words == 0 && !d.CatchUp && !d.Kind.Ends()
}

// address is where one person gets items, by one channel; team is the one that
// is asked there, and only the incident whose words or end it is.
type address struct{ team, only, channel, at string }

// combine finds the people who get several of the items, and makes groups of
// those who get the same by the same channel. It returns the items that are
// planned now.
func (b *Book) combine(items []*item) []*item {
	at := map[address][]*item{}
	first := map[address]policies.Recipient{}
	var order []address
	for _, i := range items {
		a := b.rules.audiences[i.due.Audience]
		instant := atOnce(i.due) && i.lead && a != nil && size(i.c.State, a) <= chorus
		if isAlone(i.due) || !b.joins(i.c, i.due) && !instant {
			continue
		}
		route := b.Route(i.c, i.due)
		team, own := "", ""
		if i.due.Team {
			team = i.due.Audience
		}
		if instant {
			own = i.c.State.ID
		}
		for _, p := range b.people(i.c, i.due) {
			channels, _ := route.Uses(p.Address)
			for _, channel := range channels {
				a := address{team, own, channel, strings.ToLower(p.Address(channel))}
				if a.at == "" {
					continue
				}
				if at[a] == nil {
					order = append(order, a)
					first[a] = p
				}
				at[a] = append(at[a], i)
			}
		}
	}
	pull(items, at)
	place := map[*item]int{}
	for n, i := range items {
		place[i] = n
	}
	groups := map[string]*group{}
	for _, a := range order {
		all := slices.DeleteFunc(at[a], func(i *item) bool { return !i.lead && !i.pulled })
		slices.SortStableFunc(all, func(x, y *item) int { return x.goes.Compare(y.goes) })
		for len(all) > 0 {
			some := together(all)
			all = all[len(some):]
			if len(some) < 2 {
				continue
			}
			key := []byte(a.team + " " + a.only + " " + a.channel + " ")
			for _, i := range some {
				key = binary.AppendUvarint(key, uint64(place[i]))
			}
			g := groups[string(key)]
			if g == nil {
				g = &group{channel: a.channel, items: some}
				groups[string(key)] = g
				for _, i := range some {
					i.in = append(i.in, g)
				}
			}
			g.people = append(g.people, first[a])
			for _, i := range some {
				i.omit(a.channel, a.at)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(items), func(i *item) bool { return !i.lead && !i.pulled })
}

// together returns the first of somebody's items and those that come within the
// minute after it.
func together(all []*item) []*item {
	n := 1
	for n < len(all) && all[n].goes.Sub(all[0].goes) < breath {
		n++
	}
	return all[:n:n]
}

// pull finds out what is planned ahead: all that somebody gets within a minute of
// something that is due now, and so on.
func pull(items []*item, at map[address][]*item) {
	of := map[*item][]address{}
	for a, all := range at {
		for _, i := range all {
			of[i] = append(of[i], a)
		}
	}
	queue := slices.DeleteFunc(slices.Clone(items), func(i *item) bool { return !i.lead })
	for n := 0; n < len(queue); n++ {
		from := queue[n]
		for _, a := range of[from] {
			for _, i := range at[a] {
				if !i.lead && !i.pulled && i.goes.Sub(from.goes).Abs() < breath {
					i.pulled = true
					queue = append(queue, i)
				}
			}
		}
	}
}

func (i *item) omit(channel, address string) {
	if i.Except == nil {
		i.Except = map[string]map[string]bool{}
	}
	if i.Except[channel] == nil {
		i.Except[channel] = map[string]bool{}
	}
	i.Except[channel][address] = true
}

// combined is what a Scribe is to make of a group. Of one incident it says what
// the first of its audiences is told, with the earliest promise of all.
func (b *Book) combined(g *group, covers map[*item]incident.Cover) Combined {
	lead := g.items[0]
	c := lead.c
	p := incident.Planned{
		Update: g.number, Audience: lead.due.Audience, Kind: incident.Combined, Number: g.number, DueAt: lead.due.At,
		Channels: []string{g.channel}, Why: "several updates in one minute", Team: lead.due.Team,
	}
	if t := c.State.Told[lead.due.Audience]; t != nil && !lead.due.Team {
		p.First, p.Previous = t.First, t.Last
	}
	m := Combined{People: g.people}
	at := map[*Case]int{}
	for _, i := range g.items {
		p.Covers = append(p.Covers, covers[i])
		a := b.Audience(i.due.Audience)
		p.Critical = p.Critical || i.due.Team || a != nil && a.Critical
		for _, f := range b.Fallback(i.c, i.due, p.Channels) {
			p.Fallback = with(p.Fallback, f)
		}
		if t := i.c.State.Told[i.due.Audience]; t != nil && !i.due.Team && !t.PromiseAt.IsZero() && (p.Promised.IsZero() || t.PromiseAt.Before(p.Promised)) {
			p.Promised = t.PromiseAt
		}
		if n, known := at[i.c]; known {
			if old := &m.Pieces[n].Due; old.Promise.IsZero() || !i.due.Promise.IsZero() && i.due.Promise.Before(old.Promise) {
				old.Promise = i.due.Promise
			}
			continue
		}
		at[i.c] = len(m.Pieces)
		piece := Piece{Case: i.c, Due: i.due}
		if t := i.c.State.Told[i.due.Audience]; t != nil {
			before := *t // it is ordered before it is put into words
			piece.told = &before
		}
		m.Pieces = append(m.Pieces, piece)
	}
	m.Planned = p
	return m
}
