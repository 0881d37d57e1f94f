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
	if in.Alerts != nil || in.Receipt != nil {
		judge = incident.Note
	}
	facts := judge(b.rulesOf(c), c.State, in)
	for _, f := range facts {
		b.note(c, f)
		s.Decided(c, f)
	}
	b.tellParent(c, under, facts, in, s, t)
	b.tellChildren(c, facts, in, s, t)
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
	r.Parent, r.ParentService = b.parent(c)
	if was := b.ids[c.State.Under]; was != nil {
		r.Heirs = func() []incident.Heir { return was.State.Heirs(c.State.Service) }
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
			if root != c && root.State.Open() && (since.IsZero() || since.Add(kinsfolk).After(d.State.Since())) {
				return root.State.ID, root.State.Service
			}
		}
	}
	return "", service
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
	out := false
	for _, f := range facts {
		switch {
		case f.Parted != nil:
			out = !f.Parted.Over
		case f.Joined != nil:
			out = true
			tell(f.Joined.Incident, incident.Kin{Heirs: f.Joined.Heirs, Consequence: incident.Consequence{
				Incident: c.State.ID, Severity: f.Joined.Severity, StartedAt: f.Joined.StartedAt, Labels: f.Joined.Labels,
			}})
		case f.Escalated != nil && c.State.Under != "":
			if p := b.ids[c.State.Under]; p != nil && p.State.Consequences[c.State.Service] != nil {
				k := *p.State.Consequences[c.State.Service]
				k.Severity = f.Escalated.To
				tell(c.State.Under, incident.Kin{Consequence: k})
			}
		}
	}
	if before != "" && before != c.State.Under {
		tell(before, incident.Kin{Gone: true, Out: out})
	}
}

// tellChildren looks at the outages that depend on a case whose incident began
// or ended, or became a consequence itself.
func (b *Book) tellChildren(c *Case, facts []incident.Fact, in incident.Input, s Scribe, t *touched) {
	turned := false
	for _, f := range facts {
		turned = turned || f.Opened != nil || f.Reopened != nil || f.Resolved != nil || f.Joined != nil || f.Parted != nil || f.Passed != nil
	}
	if !turned {
		return
	}
	if b.carries(c.State.Service) { // a channel works again, or does not
		for _, other := range b.waiting() {
			t.add(other)
		}
	}
	for _, name := range b.rules.neededBy[c.State.Service] {
		if child := b.services[name]; child != nil && child != c {
			b.decide(child, incident.Input{At: in.At}, s, t)
		}
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
