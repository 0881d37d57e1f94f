package casebook

import (
	"slices"

	"sitrep/router/incident"
)

// Out returns the case of what is out of a service, or was last; nil where there is
// none.
func (b *Book) Out(service string) *Case { return b.services[service] }

// Above returns the cases of what a service depends on, and those that tell of them.
func (b *Book) Above(service string) (all []*Case) {
	for _, name := range b.rules.needs[service] {
		for c := b.services[name]; c != nil && !slices.Contains(all, c); c = b.ids[c.State.Under] {
			all = append(all, c)
		}
	}
	return all
}

// next makes another case of a service, which knows what alerts were muted by hand
// in the last.
func (b *Book) next(service string) *Case {
	before := b.services[service]
	c := &Case{State: incident.NewState(service), place: -1}
	if before != nil {
		c.State.Carry(before.State)
		if len(c.State.Alerts) > 0 {
			c.from = before
		}
	}
	return c
}

// renew gives a service another case.
func (b *Book) renew(service string) *Case {
	c := b.next(service)
	b.services[service] = c
	return c
}

// open opens an incident by hand, and plans what is due of it: the person waits for
// the answer. Where the last of the service is over, however short, it is another
// one. It is not known where the configuration has no such service or severity.
func (b *Book) open(in incident.Input, s Scribe) (known bool, unmatched int, err error) {
	service := in.Open.Service
	if b.Service(service) == nil {
		return false, 0, nil
	}
	c := b.services[service]
	if c == nil || c.State.ID != "" && !c.State.Open() && c.State.Under == "" {
		c = b.next(service)
	}
	if c.State.ID == "" && c.State.Under == "" {
		if facts := incident.Decide(b.rulesOf(c), c.State, in); facts[0].Opened() == nil {
			return false, 0, nil // there is no incident whose fact that could be
		}
		b.services[service] = c
	}
	var t touched
	if facts := b.decide(c, in, s, &t); speaks(facts) {
		return true, 0, b.settle(&t, in.At, true, s)
	}
	b.leave(&t, in.At, in.At)
	return true, 0, nil
}
