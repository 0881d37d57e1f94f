package router

import (
	"context"
	"fmt"
	"time"

	"sitrep/channels"
	"sitrep/router/incident"
)

// Attic is where old deliveries are removed from.
type Attic interface {
	// Leave announces that what was stored before a moment is about to be removed,
	// and reports whether there is any. What is stored from then on does not rely
	// on it.
	Leave(ctx context.Context, before time.Time) (bool, error)
	// Clear removes it, but for the parts that keep wants to stay, and content of
	// which the hash is given or a part's that stays.
	Clear(ctx context.Context, before time.Time, keep func(channels.Part, *channels.Record) bool, hashes map[string]bool) (channels.Cleared, error)

	// Commits hands over the commits after a number, in order; 0: all there are.
	Commits(ctx context.Context, after uint64, apply func(incident.Commit) error) error
	// Refound lets the facts begin with the recap that was committed last, after so
	// many Blanks, and Trim removes what is before that.
	Blanks() int
	Refound(ctx context.Context) error
	Trim(ctx context.Context) error
}

// Retention is for how long what is over is kept; zero: for ever.
type Retention struct {
	// Deliveries are parts, their ledgers, and what they said to whom.
	Deliveries time.Duration
	// Incidents are facts, and what is shown of them.
	Incidents time.Duration
	// Audit is who did what.
	Audit time.Duration
}

// LeastRetention is the shortest: a delivery is tried for two days, and an
// incident may come back for one.
const LeastRetention = 72 * time.Hour

const (
	firstCleaning = time.Minute // after the start
	cleaningEvery = time.Hour
)

// clean removes what is old, now and then, beside the loop.
func (r *Router) clean(ctx context.Context) {
	if r.o.Retention == (Retention{}) {
		return
	}
	for pause := firstCleaning; ; pause = cleaningEvery {
		wait(ctx, pause)
		if ctx.Err() != nil {
			return
		}
		if !r.between(ctx, func() { r.settleInbox(ctx) }) {
			return
		}
		if err := r.cleanIncidents(ctx, time.Now()); err != nil && ctx.Err() == nil {
			r.o.Log.Warn("incidents of long ago could not be removed; tried again in an hour", "err", err)
		}
		if err := r.cleanDeliveries(ctx, time.Now()); err != nil && ctx.Err() == nil {
			r.o.Log.Warn("old deliveries could not be removed; tried again in an hour", "err", err)
		}
		if err := r.cleanAudit(ctx, time.Now()); err != nil && ctx.Err() == nil {
			r.o.Log.Warn("old lines of the audit could not be removed; tried again in an hour", "err", err)
		}
	}
}

// settleInbox lets all inputs go that are decided, also those of which nothing
// came. The loop calls it.
func (r *Router) settleInbox(ctx context.Context) {
	if r.inbox > r.covered && r.record(ctx) != nil {
		return // the next turn finds out why
	}
	_ = r.compact(ctx) // it warns itself
}

func (r *Router) cleanDeliveries(ctx context.Context, now time.Time) error {
	if r.o.Retention.Deliveries == 0 {
		return nil
	}
	before := now.Add(-r.o.Retention.Deliveries)
	some, err := r.o.Attic.Leave(ctx, before)
	if err != nil || !some {
		return err
	}
	var n needs
	if !r.between(ctx, func() { n = r.needs(time.Now()) }) {
		return ctx.Err()
	}
	gone, err := r.o.Attic.Clear(ctx, before, n.part, n.hashes)
	if err != nil {
		return err
	}
	if gone.Parts+gone.Texts+gone.Rosters > 0 {
		r.o.Log.Info("old deliveries were removed", "parts", gone.Parts, "texts", gone.Texts, "rosters", gone.Rosters)
	}
	if gone.Held != "" {
		r.o.Log.Info("old deliveries stay, since one of them is not finished or still needed", "part", gone.Held)
	}
	return nil
}

// between has the loop do something between two turns, and reports whether it
// did.
func (r *Router) between(ctx context.Context, do func()) bool {
	done := make(chan struct{})
	select {
	case r.asked <- func(context.Context) error { do(); close(done); return nil }:
		<-done
		return true
	case <-ctx.Done():
		return false
	}
}

// needs is what of the deliveries must stay whatever its age.
type needs struct {
	// parts are the updates of which some part is on its way, and last those that
	// an audience of an incident that is not over had last: the next one says how
	// many were missed.
	parts, last map[string]bool
	hashes      map[string]bool
}

func numbered(id string, update int) string { return fmt.Sprintf("%s.%d", id, update) }

// needs asks the state. The loop calls it; from here on, it stores rosters anew.
func (r *Router) needs(now time.Time) needs {
	clear(r.rosters)
	n := needs{parts: map[string]bool{}, last: map[string]bool{}, hashes: map[string]bool{}}
	for _, o := range r.orders {
		n.order(o.incident, &o.planned)
	}
	n.add(r.lent.hashes(now))
	under := r.cases.Under()
	for _, c := range r.cases.Cases() {
		s := c.State
		for _, f := range s.Flights {
			n.order(s.ID, f.Order)
		}
		for _, f := range s.Falls {
			n.order(s.ID, &f.Order)
		}
		if r.cases.Over(c, now, now) && !under[s.ID] {
			continue
		}
		for _, l := range s.Added {
			n.hashes[l.Roster] = true
		}
		for _, t := range s.Told {
			n.last[numbered(s.ID, t.Last)] = true
			n.add(t.Rosters)
		}
	}
	return n
}

func (n needs) order(id string, p *incident.Planned) {
	n.parts[numbered(id, p.Update)] = true
	n.add(p.Roster)
	n.add(p.Whole)
	n.hashes[p.Texts] = true
}

func (n needs) add(hashes []string) {
	for _, h := range hashes {
		n.hashes[h] = true
	}
}

// part reports whether a part must stay. Of an audience's last update only what
// did not go out to everybody tells something.
func (n needs) part(p channels.Part, last *channels.Record) bool {
	if n.parts[numbered(p.Incident, p.Update)] {
		return true
	}
	if last != nil && last.Done != nil && len(last.Unsent) == 0 && last.Absent == 0 {
		return false
	}
	if n.last[numbered(p.Incident, p.Update)] {
		return true
	}
	for _, c := range p.Covers {
		if n.last[numbered(c.Incident, c.Update)] {
			return true
		}
	}
	return false
}
