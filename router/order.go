package router

import (
	"context"
	"slices"
	"time"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// order is an update that was planned.
type order struct {
	incident string
	planned  incident.Planned
	at       time.Time
}

// overtaken reports whether an update that waits for its moment has been
// superseded by a newer one, or cancelled, and notes so: nobody gets it.
func (r *Router) overtaken(ctx context.Context, o order) bool {
	c := r.cases.Incident(o.incident)
	if c == nil || o.planned.Side() {
		return false
	}
	if t := c.State.Told[o.planned.Audience]; (t == nil || t.Last <= o.planned.Update) && c.State.Cancelled[o.planned.Update] == nil {
		return false
	}
	var receipts []incident.Input
	left := o.planned.Deliveries
	for _, p := range o.parts() {
		d := incident.Delivered{Update: p.Update, Part: p.ID(), Superseded: left}
		receipts = append(receipts, incident.Input{At: time.Now().UTC(), Receipt: &incident.Receipt{Incident: o.incident, Delivered: d}})
		left = 0
	}
	if err := r.o.Inbox.Put(ctx, receipts...); err != nil {
		r.o.Log.Warn("that an update is superseded could not be noted yet", "incident", o.incident, "update", o.planned.Update, "err", err)
		return false // looked at again
	}
	return true
}

// withdraw has an update on its way go to nobody else.
func (r *Router) withdraw(s *incident.State, update int) {
	if f := s.Flights[update]; f != nil {
		r.backs = append(r.backs, order{s.ID, *f.Order, f.At})
	}
}

// parts cuts an order. What it is cut into follows from the order alone.
func (o order) parts() []channels.Part {
	p := o.planned
	var covers []channels.Cover
	for _, c := range p.Covers {
		covers = append(covers, channels.Cover(c))
	}
	var parts []channels.Part
	for chunk, hash := range p.Roster {
		for _, channel := range p.Channels {
			var expires time.Time
			if channel == channels.SMS { // the next one is there by then, and says more
				expires = p.PromiseAt
			}
			parts = append(parts, channels.Part{
				Expires:     expires,
				Incident:    o.incident,
				Update:      p.Update,
				Chunk:       chunk,
				Channel:     channel,
				Audience:    p.Audience,
				Kind:        string(p.Kind),
				Critical:    p.Critical,
				Texts:       p.Texts,
				Roster:      hash,
				PlannedAt:   o.at,
				Promised:    p.Promised,
				First:       p.First,
				Previous:    p.Previous,
				Team:        p.Team,
				Covers:      covers,
				Fallback:    len(p.Fallback) > 0,
				For:         p.For,
				Unsubscribe: p.Unsubscribe,
				Corrects:    p.Corrects,
			})
		}
	}
	return parts
}

// order fixes what an update says and who gets it, and returns the fact.
func (r *Router) order(ctx context.Context, c *casebook.Case, o casebook.Order, now time.Time) (incident.Fact, error) {
	s, d := c.State, o.Due
	switch {
	case d.Falls != nil:
		return r.fallback(ctx, c, o, now)
	case d.Corrects != nil:
		return r.correction(ctx, c, o, now)
	}
	f := incident.Fact{At: now, Service: s.Service, Incident: s.ID}
	people, err := r.roster(ctx, c, d)
	if err == nil && o.Except != nil {
		people, err = r.without(ctx, people, o)
	}
	if err != nil {
		return f, err
	}
	deliveries := 0
	for _, p := range people.all {
		for _, channel := range people.by.Channels {
			if p.Address(channel) != "" {
				deliveries++
			}
		}
	}
	if deliveries == 0 && len(o.Carried) == 0 {
		f.Body = &incident.Unrostered{Audience: d.Audience, CatchUp: d.CatchUp}
		return f, nil
	}
	v := r.cases.Sheet(r.rules.Load().Global, r.rules.Load().Writer, c, d, now)
	texts := r.write(v, people.all, func(who words.Reader) (words.Rendered, error) {
		who.Reads, who.Informal = people.reads, people.informal
		return r.rules.Load().Writer.Render(v, who)
	})
	p := casebook.Numbered(c, o)
	people.by.Mark(&p, r.cases.Route(c, d))
	p.Fallback = r.cases.Fallback(c, d, p.Channels)
	p.Critical, p.Roster, p.Deliveries = people.critical, people.hashes, deliveries
	p.Unsubscribe = people.unsubscribe
	if !slices.Equal(people.whole, people.hashes) {
		p.Whole = people.whole
	}
	return r.fixed(ctx, f, p, texts)
}

// fallback fixes who gets an update by another way, and returns the fact: it says
// the same.
func (r *Router) fallback(ctx context.Context, c *casebook.Case, o casebook.Order, now time.Time) (incident.Fact, error) {
	of := o.Falls[0].Order
	p := casebook.Numbered(c, o)
	p.Channels, p.Critical, p.Texts, p.Unsubscribe = o.Channels, of.Critical, of.Texts, of.Unsubscribe
	f := incident.Fact{At: now, Service: c.State.Service, Incident: c.State.ID, Body: &p}
	var people, whole []channels.Person
	for _, fall := range o.Falls {
		some, err := r.fallen(ctx, *fall)
		if err != nil {
			return f, err
		}
		for _, one := range some {
			all := one
			if !slices.Contains(o.Channels, channels.Email) {
				one.Email = ""
			}
			if !slices.Contains(o.Channels, channels.SMS) {
				one.Phone = ""
			}
			if one.Email != "" || one.Phone != "" {
				people, whole = append(people, one), append(whole, all)
				p.Deliveries++ // there is one channel more than those that failed
			}
		}
	}
	var err error
	if len(people) > 0 {
		p.Roster, err = r.store(ctx, people)
	}
	if err == nil && len(p.Fallback) > 0 { // this may fail as well
		p.Whole, err = r.store(ctx, whole)
	}
	p.Parts = len(p.Roster) * len(p.Channels)
	return f, err
}

// correction fixes what takes back an update, and returns the fact. It is for all
// whom that was for; a worker leaves out those whom it never reached.
func (r *Router) correction(ctx context.Context, c *casebook.Case, o casebook.Order, now time.Time) (incident.Fact, error) {
	of := o.Corrects
	f := incident.Fact{At: now, Service: c.State.Service, Incident: c.State.ID}
	p := casebook.Numbered(c, o)
	p.Channels, p.Critical, p.Unsubscribe, p.Roster = of.Channels, of.Critical, of.Unsubscribe, of.Roster
	if len(of.Whole) > 0 {
		p.Roster = of.Whole
	}
	var people []channels.Person
	for _, hash := range p.Roster {
		var some []channels.Person
		err := r.insist(ctx, "a roster", func() (err error) {
			some, err = r.o.Library.Roster(ctx, hash)
			return err
		})
		if err != nil {
			return f, err
		}
		people = append(people, some...)
	}
	for _, one := range people {
		for _, channel := range p.Channels {
			if one.Address(channel) != "" {
				p.Deliveries++
			}
		}
	}
	reads, informal := string(policies.Staff), r.rules.Load().Global.Informal
	if a := r.cases.Audience(p.Audience); a != nil {
		reads, informal = string(a.Reads), a.Informal
	}
	v := r.cases.Sheet(r.rules.Load().Global, r.rules.Load().Writer, c, o.Due, now)
	texts := r.write(v, people, func(who words.Reader) (words.Rendered, error) {
		who.Reads, who.Informal = reads, informal
		return r.rules.Load().Writer.Render(v, who)
	})
	return r.fixed(ctx, f, p, texts)
}

// fallen returns the people of a chunk whom a channel could not reach, with all
// their addresses.
func (r *Router) fallen(ctx context.Context, fall incident.Fall) (people []channels.Person, err error) {
	hashes := fall.Order.Roster
	if len(fall.Order.Whole) == len(hashes) {
		hashes = fall.Order.Whole
	}
	if fall.Chunk >= len(hashes) {
		return nil, nil
	}
	var all []channels.Person
	err = r.insist(ctx, "a roster", func() (err error) {
		all, err = r.o.Library.Roster(ctx, hashes[fall.Chunk])
		return err
	})
	for _, row := range fall.Rows {
		if row >= 0 && row < len(all) {
			people = append(people, all[row])
		}
	}
	return people, err
}

// combine fixes what a combined update says, and returns the fact.
func (r *Router) combine(ctx context.Context, c *casebook.Case, m casebook.Combined, now time.Time) (incident.Fact, error) {
	f := incident.Fact{At: now, Service: c.State.Service, Incident: c.State.ID}
	people := r.persons(m.People)
	hashes, err := r.store(ctx, people)
	if err != nil {
		return f, err
	}
	pieces := r.cases.Combination(r.rules.Load().Global, r.rules.Load().Writer, m, now)
	texts := r.write(pieces[0].View, people, func(who words.Reader) (words.Rendered, error) {
		return casebook.Say(r.rules.Load().Writer, pieces, who)
	})
	p := m.Planned
	p.Roster, p.Deliveries = hashes, len(people)
	return r.fixed(ctx, f, p, texts)
}

// fixed completes an order whose words are stored.
func (r *Router) fixed(ctx context.Context, f incident.Fact, p incident.Planned, texts []channels.Text) (incident.Fact, error) {
	p.Parts = len(p.Roster) * len(p.Channels)
	err := r.insist(ctx, "the texts of an update", func() (err error) {
		p.Texts, err = r.o.Library.PutTexts(ctx, texts)
		return err
	})
	f.Body = &p
	return f, err
}

// write puts an update into words, once for each language and time zone that
// somebody reads.
func (r *Router) write(v words.View, people []channels.Person, say func(words.Reader) (words.Rendered, error)) []channels.Text {
	type tongue struct{ language, zone string }
	seen := map[tongue]bool{}
	var texts []channels.Text
	for _, p := range people {
		who := tongue{p.Language, p.Zone}
		if seen[who] {
			continue
		}
		seen[who] = true
		zone, err := time.LoadLocation(p.Zone)
		if err != nil {
			zone = r.rules.Load().Global.TimeZone
		}
		reader := words.Reader{Language: p.Language, Zone: zone}
		t, err := say(reader)
		r.lapsed(t.Lapse)
		if err != nil {
			// A template that fails must not silence an outage: check-config finds
			// it beforehand, and here the bare facts go out.
			r.o.Log.Error("a message could not be rendered; the bare facts go out instead", "incident", v.Incident, "kind", v.Kind, "language", p.Language, "err", err)
			t = r.rules.Load().Writer.Bare(v, reader)
		}
		spoken := t.Language
		if spoken == p.Language {
			spoken = ""
		}
		texts = append(texts, channels.Text{
			Language: p.Language, Zone: p.Zone, Spoken: spoken,
			Subject: t.Subject, Text: t.Text, HTML: t.HTML, SMS: t.SMS, SMSMissed: t.SMSMissed, Phrases: t.Phrases, Event: event(t.Event),
		})
	}
	return lean(texts)
}

// event is an entry for calendars as the channels know it.
func event(e *words.Event) *channels.Event {
	if e == nil {
		return nil
	}
	out := channels.Event(*e)
	return &out
}

// maxTexts is how large the texts of one update may be together: one message
// of the store holds them.
const maxTexts = 700 << 10

// lean leaves the HTML out where an audience is spread over so many time zones
// and languages that all of it does not fit; the plain text says the same.
func lean(texts []channels.Text) []channels.Text {
	size := 0
	for i := range texts {
		t := &texts[i]
		if size += len(t.Subject) + 2*len(t.Text) + 2*len(t.HTML) + 2*len(t.SMS); size > maxTexts {
			size -= 2 * len(t.HTML)
			t.HTML = ""
		}
	}
	return texts
}
