package casebook

import (
	"slices"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// One voice: when an update is due, what falls due within the next minute for
// somebody who gets it goes into the same message to him, also of other
// audiences and incidents. It pulls forward for those people only: the others
// of an audience get theirs when it is due. Words of a person and closing
// updates go at once, by themselves.
const (
	breath = time.Minute
	// ahead is how long before its moment an update may be planned: what is
	// pulled forward for one may be what another gets a minute later.
	ahead = schedule.Ahead
	// chorus is how many recipients an audience may have for that.
	chorus = 1000
	// many is how many updates are looked at together: what they share is stored
	// in one commit, and that has its bound.
	many = 200
)

// item is an update that is planned now.
type item struct {
	c    *Case
	due  schedule.Due
	lead bool // due now; the others come within the minute
	// pulled says that it is planned ahead, since somebody gets it together with
	// what is due now, or with what is planned ahead for another's sake.
	pulled bool
	goes   time.Time // when it goes out: when it is due, but not before now
	in     []*group
	Order
}

// group is a combined update in the making: people by one channel who get the
// same items.
type group struct {
	channel string
	items   []*item
	people  []policies.Recipient
	number  int
	order   Combined
}

// settle plans what is due of cases, and notes when to look at them again.
// It may rest between, unless whole says that all of it is one decision; that
// looks at no other cases.
func (b *Book) settle(t *touched, now time.Time, whole bool, s Scribe) error {
	for range maxRounds {
		items := b.gather(t, now, whole)
		if len(items) == 0 {
			break
		}
		for some := range slices.Chunk(items, many) {
			if err := b.tell(b.combine(some), now, s); err != nil {
				return err
			}
			for _, i := range some {
				if i.pulled {
					t.add(i.c)
				}
			}
			if whole {
				continue
			}
			if err := s.Rest(); err != nil {
				return err
			}
		}
	}
	// Nothing is due any more. Should something be all the same, it waits for a
	// moment, so that a fault in one case does not stop every other.
	b.leave(t, now, now.Add(time.Second))
	return nil
}

// leave notes when to look at cases again, and forgets outages that were none.
func (b *Book) leave(t *touched, now, soon time.Time) {
	for _, c := range t.cases {
		b.index(c, now, soon)
		if !c.State.Own() && c.State.ID == "" && len(c.State.Alerts) == 0 {
			b.wakes.set(c, time.Time{})
			delete(b.services, c.State.Service)
		}
	}
}

// maxRounds bounds how often one moment is planned. What is planned is not due
// any more, so two are enough.
const maxRounds = 10

// gather returns what is due now, and then what comes soon and may go together
// with that; nothing where nothing is due.
func (b *Book) gather(t *touched, now time.Time, whole bool) []*item {
	var items []*item
	var soon []*item
	add := func(c *Case, d schedule.Due, lead bool) {
		i := &item{c: c, due: d, lead: lead, goes: d.At, Order: Order{Due: d}}
		if lead {
			i.goes = now
		}
		if lead {
			items = append(items, i)
		} else if d.At.Before(now.Add(ahead)) && b.joins(c, d) {
			soon = append(soon, i)
		}
	}
	for _, c := range t.cases {
		due, next, _ := schedule.Plan(b.rules.schedule, c.State, now)
		for _, d := range due {
			add(c, d, true)
		}
		for _, d := range next {
			add(c, d, false)
		}
	}
	reach := map[string]bool{} // audiences, also by way of others
	for _, i := range items {
		if b.joins(i.c, i.due) {
			reach[whom(i.due)] = true
		}
	}
	if len(reach) == 0 || whole {
		return items
	}
	for _, i := range soon {
		reach[whom(i.due)] = true
	}
	waiting := b.wakes.before(now.Add(ahead))
	for again := true; again; {
		again = false
		waiting = slices.DeleteFunc(waiting, func(c *Case) bool {
			if t.seen[c] || !c.wake.After(now) {
				return true
			}
			if !slices.ContainsFunc(c.soon, func(a string) bool { return b.meets(reach, a) }) {
				return false
			}
			due, next, _ := schedule.Plan(b.rules.schedule, c.State, now)
			for _, d := range append(due, next...) {
				add(c, d, false)
				reach[whom(d)] = true
			}
			again = true
			return true
		})
	}
	slices.SortStableFunc(soon, func(x, y *item) int { return x.goes.Compare(y.goes) })
	return append(items, soon...)
}

// tell orders the items, and the combined updates that carry some of them. Those
// that are carried come first: their numbers are known before they are ordered,
// since nothing else can become of them.
func (b *Book) tell(items []*item, now time.Time, s Scribe) error {
	var carried, others []*item
	var groups []*group
	numbers := map[*Case]int{}
	number := func(c *Case) int {
		numbers[c]++
		return c.State.Updates + numbers[c]
	}
	covers := map[*item]incident.Cover{}
	for _, i := range items {
		if len(i.in) == 0 {
			others = append(others, i)
			continue
		}
		carried = append(carried, i)
		covers[i] = incident.Cover{Incident: i.c.State.ID, Audience: i.due.Audience, Update: number(i.c)}
		for _, g := range i.in {
			if g.items[0] == i {
				groups = append(groups, g)
			}
		}
	}
	for _, g := range groups {
		g.number = number(g.items[0].c)
		g.order = b.combined(g, covers)
	}
	for _, i := range others { // an end comes before what outlives it
		if numbers[i.c] == 0 {
			if err := b.order(i, now, s); err != nil {
				return err
			}
		}
	}
	for _, i := range carried {
		for _, g := range i.in {
			i.Carried = append(i.Carried, incident.Carrier{Incident: g.items[0].c.State.ID, Update: g.number})
		}
		if err := b.order(i, now, s); err != nil {
			return err
		}
	}
	for _, g := range groups {
		c := g.items[0].c
		f, err := s.Combine(c, g.order, now)
		if err != nil {
			return err
		}
		b.planned(c, f, s)
	}
	for _, i := range others {
		if numbers[i.c] > 0 {
			if err := b.order(i, now, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Book) order(i *item, now time.Time, s Scribe) error {
	if f, is := b.waits(i.c, i.due, now); is {
		b.planned(i.c, f, s)
		return nil
	}
	f, err := s.Order(i.c, i.Order, now)
	if err != nil {
		return err
	}
	b.planned(i.c, f, s)
	return nil
}

func (b *Book) planned(c *Case, f incident.Fact, s Scribe) {
	incident.Apply(c.State, f)
	b.note(c, f)
	s.Decided(c, f)
}
