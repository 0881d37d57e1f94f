package casebook

import (
	"slices"
	"time"

	"sitrep/router/incident"
)

// touched are the cases that something was decided of, in that order.
type touched struct {
	cases []*Case
	seen  map[*Case]bool
}

func (t *touched) add(c *Case) {
	if t.seen == nil {
		t.seen = map[*Case]bool{}
	}
	if !t.seen[c] {
		t.seen[c] = true
		t.cases = append(t.cases, c)
	}
}

// decide lets an input happen to a case and, in the same moment, what follows
// from that to others: the incident that it is a consequence of, the outages
// that may be consequences of it, and the updates that a combined one covers.
// It never rests, so that one commit holds both sides. What webhooks and receipts
// make true is judged later in the same moment: see await.
func (b *Book) decide(c *Case, in incident.Input, s Scribe, t *touched) []incident.Fact {
	t.add(c)
	under := c.State.Under
	var flight *incident.Flight
	if in.Receipt != nil {
		flight = c.State.Flights[in.Receipt.Update]
	}
	judge := incident.Advance
	if in.Alerts != nil || in.Receipt != nil || in.Aftermath != nil {
		judge = incident.Note
	}
	facts := judge(b.rulesOf(c), c.State, in)
	for _, f := range facts {
		b.note(c, f)
		s.Decided(c, f)
	}
	b.tellParent(c, under, facts, in, s, t)
	b.tellChildren(c, facts, in, s, t)
	b.tellTouched(c, facts, in, s, t)
	if flight != nil && c.State.Flights[in.Receipt.Update] == nil {
		b.landed(c, flight, in, s, t)
	}
	return facts
}

// rulesOf are the rules for one case as things are.
func (b *Book) rulesOf(c *Case) incident.Rules {
	r := b.rules.rules(c.State.Service, b.opened+1)
	if c.watchdog != nil {
		r.Watchdog, r.HeardAt, r.Unheard = c.watchdog, c.beat, !c.heard
		return r
	}
	if c.State.Kind == incident.Change || c.State.Service == "" {
		b.crew(c, &r)
		return r
	}
	r.Window, r.Excused = b.Window(c.State.Service), b.excused[c.State.Service]
	r.Parent, r.ParentService = b.parent(c)
	if last := b.services[c.State.Service]; c.State.ID != "" && last != nil && last != c {
		r.Newer = last.State.ID
	}
	r.Into = func(id string) (service, why string) { return b.into(c, id) }
	r.Split = func(service string) (why string) { return b.split(c, service) }
	r.Stands = func(update int, now time.Time) bool { return b.stands(c, update, now) }
	r.Configured, r.Erased = b.configured, b.erased
	r.Others = func(who incident.Recipient) bool { return b.others(c.State, who) }
	r.Due = func(now time.Time) []string { return b.due(c, now) }
	if was := b.ids[c.State.Under]; was != nil {
		r.Heirs = func() ([]incident.Heir, incident.Lists) { return was.State.Heirs(c.State.Service), was.State.Lists() }
		r.Orphan = !b.root(was).State.Open()
	}
	return r
}

// kinsfolk is how long before the outage that it depends on another may have
// begun, and be taken for a consequence of it: monitoring sees the cause later
// than the effect, but not by hours.
const kinsfolk = time.Hour

// parent returns the open incident that an outage is a consequence of: the one
// that it joined, or else the first of a service that it depends on. Without
// one, service is that of the incident it belonged to.
func (b *Book) parent(c *Case) (id, service string) {
	if was := b.ids[c.State.Under]; was != nil {
		if root := b.root(was); root != c && root.State.Open() {
			return root.State.ID, root.State.Service
		}
		service = was.State.Service
	}
	since := c.State.Since()
	for _, name := range b.rules.needs[c.State.Service] {
		if d := b.services[name]; d != nil {
			root := b.root(d)
			if root != c && root.State.Open() && root.State.ID != c.State.Apart && (since.IsZero() || since.Add(kinsfolk).After(d.State.Since())) {
				return root.State.ID, root.State.Service
			}
		}
	}
	if id, of := b.remains(c); id != "" && id != c.State.Apart {
		return id, of
	}
	return "", service
}

// into returns the service of the incident that a person wants to fold a case into, or
// why that cannot be.
func (b *Book) into(c *Case, id string) (service, why string) {
	p := b.ids[id]
	switch {
	case p == nil || p.State.Own():
		return "", "there is no incident " + id
	case !p.State.Open():
		return "", id + " is resolved"
	case p.State.Kind == incident.Change:
		return "", id + " is a planned change, and tells of no outage"
	case p.State.Under != "":
		return "", id + " is part of " + p.State.Under + ", which tells of both; fold it into that"
	case b.services[c.State.Service] != c:
		return "", c.State.ID + " is not the last incident of " + c.State.Service
	}
	return p.State.Service, ""
}

// split says why a service cannot be taken out of the incident that it is part of.
func (b *Book) split(c *Case, service string) (why string) {
	part := b.services[service]
	switch {
	case part == nil || part.State.Under != c.State.ID || b.Service(service) == nil:
		return service + " is no part of " + c.State.ID + " any more"
	case part.State.Firing() == 0 && !part.State.Open():
		return service + " seems to work again; " + c.State.ID + " tells so"
	}
	return ""
}

// root returns the case that tells of a case.
func (b *Book) root(c *Case) *Case {
	for range len(b.rules.Services) { // the configuration may have changed into a circle of them
		up := b.ids[c.State.Under]
		if up == nil {
			break
		}
		c = up
	}
	return c
}

// tellParent keeps an incident in step with an outage that is, or was, a
// consequence of it.
func (b *Book) tellParent(c *Case, before string, facts []incident.Fact, in incident.Input, s Scribe, t *touched) {
	tell := func(id string, k incident.Kin) {
		if p := b.ids[id]; p != nil && p != c {
			k.Service = c.State.Service
			b.decide(p, incident.Input{At: in.At, Consequence: &k}, s, t)
		}
	}
	out, split := false, false
	for _, f := range facts {
		switch {
		case f.Taken() != nil:
			if child := b.services[f.Taken().Service]; child != nil {
				b.decide(child, incident.Input{At: in.At, Apart: &incident.Apart{From: c.State.ID, Service: c.State.Service, By: in}}, s, t)
			}
		case f.Parted() != nil:
			out, split = !f.Parted().Over, f.Parted().Split
		case f.Joined() != nil:
			out = true
			tell(f.Joined().Incident, incident.Kin{Heirs: f.Joined().Heirs, Lists: f.Joined().Lists, Consequence: incident.Consequence{
				Incident: c.State.ID, Severity: f.Joined().Severity, StartedAt: f.Joined().StartedAt, Labels: f.Joined().Labels,
			}})
		case f.Escalated() != nil && c.State.Under != "":
			if p := b.ids[c.State.Under]; p != nil && p.State.Consequences[c.State.Service] != nil {
				k := *p.State.Consequences[c.State.Service]
				k.Severity = f.Escalated().To
				tell(c.State.Under, incident.Kin{Consequence: k})
			}
		}
	}
	if before != "" && before != c.State.Under {
		tell(before, incident.Kin{Gone: true, Out: out, Split: split})
	}
}

// tellChildren looks at the outages that depend on a case whose incident began
// or ended, or became a consequence itself.
func (b *Book) tellChildren(c *Case, facts []incident.Fact, in incident.Input, s Scribe, t *touched) {
	turned, touched := false, false
	for _, f := range facts {
		touched = touched || f.Fired() != nil || f.Ceased() != nil
		turned = turned || f.Opened() != nil || f.Reopened() != nil || f.Resolved() != nil || f.Joined() != nil || f.Parted() != nil || f.Passed() != nil
	}
	if turned || touched && b.Window(c.State.Service) != "" {
		b.tellWaiting(c.State.Service, t)
	}
	if !turned {
		return
	}
	names := slices.Clone(b.rules.neededBy[c.State.Service])
	for _, name := range c.State.Services() { // also what a person folded into it
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if child := b.services[name]; child != nil && child != c {
			b.decide(child, incident.Input{At: in.At}, s, t)
		}
	}
}

// tellWaiting looks at who waits for a channel that works again, or does not, since a
// service does.
func (b *Book) tellWaiting(service string, t *touched) {
	if !b.carries(service) {
		return
	}
	for _, other := range b.waiting() {
		t.add(other)
	}
}

// waiting are the cases of which somebody is behind by some channel, in the order
// of their numbers.
func (b *Book) waiting() []*Case {
	var all []*Case
	for _, c := range b.ids {
		if c.State.Waits() {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(x, y *Case) int { return Number(x.State.ID) - Number(y.State.ID) })
	return all
}

// landed reports a combined update, all of whose parts are finished, to the
// updates that it covers.
func (b *Book) landed(c *Case, f *incident.Flight, in incident.Input, s Scribe, t *touched) {
	for _, cover := range f.Order.Covers {
		if covered := b.ids[cover.Incident]; covered != nil {
			d := f.Sum
			d.Update, d.Part = cover.Update, incident.Carrier{Incident: c.State.ID, Update: f.Order.Update}.Name()
			b.decide(covered, incident.Input{At: in.At, Receipt: &incident.Receipt{Incident: cover.Incident, Delivered: d}}, s, t)
		}
	}
}
