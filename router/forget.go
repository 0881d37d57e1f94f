package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// Incidents that are over for long are forgotten in this order, so that a crash
// between any two steps forgets all of them or none:
//
//	beside the loop   read all facts, and find out which case each is of
//	between two turns write what is left again, let the facts begin with that,
//	                  and forget the incidents
//	beside the loop   remove the old commits
//
// Facts are repeated at most once a day: all that is kept is written again.
const forgetEvery = 24 * time.Hour

// recapSize is how large, roughly, the facts of one commit of a recap are.
const recapSize = 256 << 10

func (r *Router) cleanIncidents(ctx context.Context, now time.Time) error {
	if r.o.Retention.Incidents == 0 || now.Sub(r.forgot) < forgetEvery {
		return nil
	}
	if err := r.o.Attic.Trim(ctx); err != nil { // a crash may have left that
		return err
	}
	before := now.Add(-r.o.Retention.Incidents)
	some := false
	if !r.between(ctx, func() { some = len(r.cases.Forgettable(before, time.Now())) > 0 }) {
		return ctx.Err()
	}
	if !some {
		if old, err := r.oldest(ctx); err != nil || old.IsZero() || !old.Before(before) {
			return err
		}
	}
	remains, last := casebook.NewRemains(r.rules.Load().Policy), uint64(0)
	take := func(c incident.Commit) error {
		for _, f := range c.Facts {
			remains.Take(f)
		}
		last = c.Number
		return ctx.Err()
	}
	if err := r.o.Attic.Commits(ctx, 0, take); err != nil {
		return fmt.Errorf("read the facts: %w", err)
	}
	var gone map[string]bool
	var err error
	if !r.between(ctx, func() {
		if err = r.o.Attic.Commits(ctx, last, take); err == nil { // what came since
			gone, err = r.forget(ctx, remains, before)
		}
	}) {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	r.forgot = now
	r.o.Log.Info("incidents of long ago were forgotten", "incidents", len(gone))
	return r.o.Attic.Trim(ctx)
}

// oldest returns when the oldest commit was made.
func (r *Router) oldest(ctx context.Context) (at time.Time, err error) {
	enough := errors.New("enough")
	err = r.o.Attic.Commits(ctx, 0, func(c incident.Commit) error {
		at = c.At
		return enough
	})
	if errors.Is(err, enough) {
		err = nil
	}
	return at, err
}

// forget repeats what is kept, and forgets the rest. The loop calls it.
func (r *Router) forget(ctx context.Context, remains *casebook.Remains, before time.Time) (gone map[string]bool, err error) {
	now := time.Now().UTC()
	gone = r.cases.Forgettable(before, now)
	facts := append([]incident.Fact{r.cases.Forgotten(gone, now)}, remains.Left(gone, before)...)
	write := func(facts []incident.Fact, recap incident.Recap) error {
		c := incident.Commit{Inbox: r.inbox, Inputs: r.inputs, At: now, Facts: facts, Recap: &recap}
		err := r.insist(ctx, "what is kept of the facts", func() error { return r.o.Store.Commit(ctx, c) })
		if err == nil {
			r.following.made(1)
		}
		return err
	}
	for range r.o.Attic.Blanks() {
		if err := write(nil, incident.Recap{Blank: true, More: true}); err != nil {
			return nil, err
		}
	}
	for len(facts) > 0 {
		n, size := 0, 0
		for n < len(facts) && size < recapSize {
			data, err := json.Marshal(facts[n])
			if err != nil {
				return nil, fmt.Errorf("encode a fact: %w", err)
			}
			size += len(data)
			n++
		}
		if err := write(facts[:n], incident.Recap{More: n < len(facts)}); err != nil {
			return nil, err
		}
		facts = facts[n:]
	}
	if err := r.insist(ctx, "where the facts begin", func() error { return r.o.Attic.Refound(ctx) }); err != nil {
		return nil, err
	}
	r.cases.Forget(gone)
	r.pages.forget(gone)
	return gone, nil
}
