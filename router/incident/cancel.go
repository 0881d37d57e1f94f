package incident

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// What was ordered and not sent yet may be cancelled. Who has it, has it: that can be
// corrected. Nobody else gets it, also by no other way, and what the audience was
// promised stands as if it had never been ordered:
//
//	promised before 10:45 ──> update 5 at 10:40 ──> cancelled at 10:41
//	                                                   └──> the next at 10:44, or when update 5
//	                                                        foresaw it where it is too late for that:
//	                                                        then the promise is broken, by whoever
//	                                                        cancelled it
//
// The next one says what the cancelled one would have said of what changed, but no
// words of a person: those were not meant to be said.

// Cancel asks to send an update to nobody else.
type Cancel struct {
	Incident string `json:"incident"`
	Update   int    `json:"update"`
}

// Cancelled: an update goes to nobody else.
type Cancelled struct {
	Update     int    `json:"update"`
	Audience   string `json:"audience"`
	Deliveries int    `json:"deliveries"`     // that it was ordered for
	Also       []int  `json:"also,omitempty"` // updates that say the same by another way
	// Late is the moment promised to the audience that this goes past; zero where
	// the next update comes before it.
	Late time.Time `json:"late,omitzero"`
}

// Withdrawn is an update that was cancelled, and what became of it.
type Withdrawn struct {
	Update     int
	By         string
	Deliveries int
	Sum        Delivered // of the parts that were reported
	Done       bool      // all were
}

func (d *decision) cancel() {
	n := d.in.Cancel.Update
	if d.settled() {
		return
	}
	of, f := d.s.Orders[n], d.s.Flights[n]
	switch {
	case n < 1 || n > d.s.Updates:
		d.refuse("there is no update %d of %s", n, d.s.ID)
		return
	case d.s.Drafts[n] != nil:
		d.refuse("update %d of %s waits for a yes: reject it", n, d.s.ID)
		return
	case of == nil:
		d.refuse("update %d of %s goes to a team, or together with others, or waited for a yes and would say something else by now: look at %s again", n, d.s.ID, d.s.ID)
		return
	case of.Corrects > 0:
		d.refuse("update %d of %s is a correction: correct update %d once more", n, d.s.ID, of.Corrects)
		return
	case d.s.Cancelled[n] != nil:
		return // it is so already
	case f == nil:
		d.refuse("nothing of update %d of %s waits any more: it has gone out, or a newer one took its place; what was wrong in it can be corrected", n, d.s.ID)
		return
	}
	c := &Cancelled{Update: n, Audience: of.Audience, Deliveries: of.Deliveries}
	for _, m := range slices.Sorted(maps.Keys(d.s.Flights)) {
		if d.s.Flights[m].Order.For == n {
			c.Also = append(c.Also, m)
		}
	}
	if t := d.s.told(of.Audience); t.Last == n && f.was != nil {
		if _, in := f.was.back(d.in.At); !in {
			c.Late = f.was.PromiseAt
		}
	}
	d.emit(Fact{Body: c})
}

// back returns when an audience is told next that was to be told by what is
// cancelled; in says that it is in time for what it was promised.
func (t *Told) back(now time.Time) (at time.Time, in bool) {
	switch last := t.PromiseAt.Add(-time.Minute); {
	case t.PromiseAt.IsZero():
		return t.NextAt, true
	case t.NextAt.After(now):
		return t.NextAt, true
	case last.After(now):
		return last, true
	}
	return time.Time{}, false
}

// String says it.
func (c Cancelled) String() string {
	s := fmt.Sprintf("- update %d to %s goes to nobody else", c.Update, c.Audience)
	if !c.Late.IsZero() {
		s += ", which breaks what was promised before " + stamp(c.Late)
	}
	return s
}

func (s *State) cancel(c *Cancelled, by string, at time.Time) {
	f := s.Flights[c.Update]
	mark(&s.Cancelled, c.Update, &Withdrawn{Update: c.Update, By: by, Deliveries: c.Deliveries})
	s.Falls = slices.DeleteFunc(s.Falls, func(f *Fall) bool { return f.Order.Update == c.Update })
	t := s.told(c.Audience)
	if f == nil || f.was == nil || t.Last != c.Update {
		return
	}
	s.Cancelled[c.Update].Sum = f.Sum
	was := f.was
	for _, p := range t.Promises {
		if p.By == c.Update && !p.Done {
			p.By = 0
			if !c.Late.IsZero() {
				p.Held = by
			}
		}
	}
	t.Phase, t.Severity, t.Firing, t.Unconfirmed = was.Phase, was.Severity, was.Firing, was.Unconfirmed
	t.Estimate, t.Account, t.Services, t.Folded, t.Breaches = was.Estimate, was.Account, was.Services, was.Folded, was.Breaches
	t.known = was.known
	if was.Last > 0 { // the next one follows the one before
		t.Last, t.Kind, t.landed = was.Last, was.Kind, was.landed
	}
	if next, in := was.back(at); in && !next.IsZero() && (t.NextAt.IsZero() || next.Before(t.NextAt)) {
		t.NextAt, t.NextWhy = next, "promised; the one before was cancelled by "+by
		if !was.PromiseAt.IsZero() {
			t.PromiseAt = was.PromiseAt
		}
	}
}
