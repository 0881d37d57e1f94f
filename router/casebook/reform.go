package casebook

import (
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// Reform puts another policy in force: what is open goes on under it, as after a
// start with it. An audience that was told and that no policy is for any more is
// told by its last row until the end.
//
// It returns the firing alerts that belonged to no service and do now, oldest
// first: they are to be taken anew, since nobody may tell of them for hours.
func (b *Book) Reform(p Policy, now time.Time) (found []incident.Observation) {
	b.rules = compile(p)
	b.rules.schedule.Out = b.out
	b.Enrol(b.roll)
	kept := b.dogs
	b.dogs = nil
	for _, c := range kept {
		delete(b.ids, c.State.ID)
	}
	for id, w := range watchdogs(b.rules.Watchdogs) {
		b.adopt(id, w, kept, now)
	}
	for _, c := range kept { // nobody waits for these any more
		if b.ids[c.State.ID] != c {
			b.wakes.set(c, time.Time{})
		}
	}
	b.rouse(now)
	for _, o := range b.astray() {
		if b.rules.belongs.of(o.Labels) != "" {
			found = append(found, o)
			delete(b.strays, o.Fingerprint)
			b.strayed = true
		}
	}
	return found
}

// adopt has a watchdog go on as the one that was there, or makes it.
func (b *Book) adopt(id string, w *policies.Watchdog, kept []*Case, now time.Time) {
	for _, c := range kept {
		if c.State.ID == id {
			c.watchdog = w
			b.ids[id] = c
			b.dogs = append(b.dogs, c)
			return
		}
	}
	c := b.watchdog(id, w)
	c.beat = now.Add(-w.AbsentFor / 2)
}
