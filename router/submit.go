package router

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"sitrep/router/incident"
)

// Decision is the answer to an override.
type Decision struct {
	Incident string
	Unknown  bool   // there is no such incident
	Refused  string // why it was not accepted; empty: it was
	Facts    []incident.Fact
}

// Reopened reports whether the override reopened the incident.
func (d Decision) Reopened() bool {
	return slices.ContainsFunc(d.Facts, func(f incident.Fact) bool { return f.Reopened != nil && f.By != "" })
}

// ErrUndecided says that an override is stored and will be decided, but was not
// yet.
var ErrUndecided = errors.New("stored, not decided yet")

// patience is how long an override's caller waits for the decision.
const patience = 15 * time.Second

// waits are the callers that wait for a decision, by their input.
type waits struct {
	mu      sync.Mutex
	byInput map[string]chan Decision
	closed  bool
}

func (w *waits) add(id string) <-chan Decision {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := make(chan Decision, 1)
	if !w.closed {
		w.byInput[id] = c
	}
	return c
}

func (w *waits) take(id string) chan Decision {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.byInput[id]
	delete(w.byInput, id)
	return c
}

func (w *waits) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	clear(w.byInput)
}

// Submit stores an override and waits for its decision: at most fifteen
// seconds, then it returns ErrUndecided. The input must have an ID.
func (r *Router) Submit(ctx context.Context, in incident.Input) (Decision, error) {
	decided := r.waits.add(in.ID)
	defer r.waits.take(in.ID)
	if err := r.o.Inbox.Put(ctx, in); err != nil {
		return Decision{}, err
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case d := <-decided:
		return d, nil
	case <-late.C:
	case <-ctx.Done():
	}
	return Decision{}, ErrUndecided
}

// answer gives a decision to whoever waits for it, once it is committed.
func (r *Router) answer(in incident.Input, d Decision) {
	r.answers = append(r.answers, func() {
		if c := r.waits.take(in.ID); c != nil {
			c <- d
		}
	})
}
