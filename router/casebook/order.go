package casebook

import (
	"slices"

	"sitrep/policies"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// Order is an update that is due, as a Scribe is to make it.
type Order struct {
	schedule.Due
	// Except are addresses, by channel, that a combined update reaches instead;
	// Carried names those updates.
	Except  map[string]map[string]bool
	Carried []incident.Carrier
}

// By is by which channels people are reached, as their routes say: Fell are those
// that take the place of others, and Behind those that somebody waits for.
type By struct{ Channels, Fell, Behind []string }

// Add takes in how one person is reached.
func (y *By) Add(r Route, uses, waits []string) {
	for _, c := range uses {
		y.Channels = with(y.Channels, c)
		if !slices.Contains(r.Channels, c) {
			y.Fell = with(y.Fell, c)
		}
	}
	for _, c := range waits {
		y.Behind = with(y.Behind, c)
	}
}

// Mark puts them into an order, in the order of the route's channels.
func (y By) Mark(p *incident.Planned, r Route) {
	order := append(slices.Clone(r.Channels), r.Fallback...)
	place := func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) }
	slices.SortFunc(y.Channels, place)
	p.Channels, p.Fell = y.Channels, y.Fell
	if p.Team { // what it was asked is past when the channel works again
		return
	}
	for _, c := range y.Behind {
		p.Behind = with(p.Behind, c)
	}
}

func with(all []string, one string) []string {
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// Omits reports whether an address gets another update instead of this one.
func (o Order) Omits(channel, address string) bool { return o.Except[channel][address] }

// Combined is one update by one channel to the people for whom several fall due
// in the same minute.
type Combined struct {
	Pieces  []Piece              // what it says, an incident each
	People  []policies.Recipient // with all their addresses
	Planned incident.Planned     // less the hashes
}

// Piece is what a combined update says of one incident.
type Piece struct {
	Case *Case
	Due  schedule.Due
	told *incident.Told // what the audience had been told before; nil: nothing
}

// Numbered returns what is the same of every order: what follows from the case
// and what is due. Who gets it, and in which words, is the Scribe's to add.
func Numbered(c *Case, o Order) incident.Planned {
	d := o.Due
	p := incident.Planned{
		Update:    c.State.Updates + 1,
		Audience:  d.Audience,
		Kind:      d.Kind,
		Number:    1,
		DueAt:     d.At,
		NextAt:    d.Next,
		NextWhy:   d.NextWhy,
		PromiseAt: d.Promise,
		Behind:    d.Behind,
		CatchUp:   d.CatchUp,
		Words:     d.Words,
		Why:       d.Why,
		Policy:    d.Policy,
		Late:      d.Late,
		Firing:    c.State.Firing(),
		Account:   d.Account,
		Team:      d.Team,
		Course:    d.Course,
		Alone:     d.Alone,
		Carried:   o.Carried,
		Neutral:   d.Neutral,
		Draft:     d.Of,
	}
	if d.Falls != nil {
		of := d.Falls[0].Order
		p.For, p.Number, p.PromiseAt, p.CatchUp = of.Update, of.Number, of.PromiseAt, false
		if d.Falls[0].Again != "" { // should that fail as well, there may be another way
			p.Again, p.Fallback = true, of.Fallback
		}
		return p
	}
	if of := d.Corrects; of != nil {
		p.Corrects, p.Fallback, p.CatchUp = of.Update, of.Fallback, false
		p.Number, p.First, p.Previous = of.Number, c.State.Told[d.Audience].First, of.Update
		return p
	}
	if d.Team {
		p.Number = c.State.Updates + 1 // so that its words change
	}
	for _, a := range d.About {
		p.About = append(p.About, incident.About{Audience: a.Audience, DueAt: a.At, Awaits: a.Of})
	}
	if t := c.State.Told[d.Audience]; t != nil && !d.Team {
		p.Number, p.First, p.Previous, p.Promised = t.Count+1, t.First, t.Last, t.PromiseAt
		if c.State.Cancelled[t.Last] != nil { // nobody missed what was not meant to be said
			p.Previous = 0
		}
	}
	return p
}
