package router

import (
	"context"
	"time"

	"sitrep/router/incident"
)

// Reform puts other rules in force between two turns of the loop, and returns when
// they are: what is decided and planned from then on follows them, what was
// planned before does not change. Where ctx ends before it is the loop's turn, its
// error is returned, and nothing changed.
func (r *Router) Reform(ctx context.Context, rules Rules) error {
	done := make(chan struct{})
	select {
	case r.asked <- func(turn context.Context) error {
		found := r.reform(rules)
		close(done) // what follows from it is a turn like any other, and may wait for the store
		if r.o.Share != nil && !r.Active() {
			r.display(r.cases.Cases())
			return nil
		}
		r.busy.Store(time.Now().UnixNano())
		return r.settle(turn, found)
	}:
		<-done
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reform changes the rules, and returns the alerts that belong to a service by them
// and did not before. They are not stored: a start reads them from where they come.
func (r *Router) reform(rules Rules) (found []incident.Observation) {
	r.rules.Store(&rules)
	clear(r.rosters)
	clear(r.warned)
	clear(r.lapses)
	found = r.cases.Reform(rules.Policy, time.Now().UTC())
	silent, ails := r.cases.Silent(), r.cases.Ails()
	r.pages.mu.Lock()
	r.pages.silent, r.pages.ails = silent, ails
	r.pages.mu.Unlock()
	if len(found) > 0 {
		strays, _ := r.cases.Strays()
		r.pages.setStrays(strays)
	}
	return found
}

// settle takes in the alerts that were found, and shows everything as it is now.
func (r *Router) settle(ctx context.Context, found []incident.Observation) error {
	if len(found) > 0 {
		if err := r.input(ctx, incident.Input{At: time.Now().UTC(), Alerts: found}); err != nil {
			return err
		}
	}
	for _, c := range r.cases.Cases() {
		r.touched[c] = true
	}
	return r.commit(ctx)
}
