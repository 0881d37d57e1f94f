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
	Stale    bool   // since the incident was another one by then
	// Reused says that the caller gave the name of an earlier request to another
	// one: nothing was decided.
	Reused bool
	Facts  []incident.Fact
}

// Reopened reports whether the override reopened the incident.
func (d Decision) Reopened() bool {
	return slices.ContainsFunc(d.Facts, func(f incident.Fact) bool { return f.Reopened() != nil && f.By != "" })
}

// Tells reports whether all that audiences are told in its moment is of its making:
// it opened the incident, planned or conducted a change, or asked for what is due.
func (d Decision) Tells() bool {
	return slices.ContainsFunc(d.Facts, func(f incident.Fact) bool {
		return f.By != "" && (f.Opened() != nil || f.Hastened() != nil || f.Conducted())
	})
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

// has reports whether somebody waits here for the decision of an input.
func (w *waits) has(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.byInput[id] != nil
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

// answer gives a decision to whoever waits for it, once it is committed; as is the
// override whose facts it tells.
func (r *Router) answer(in incident.Input, d Decision, as string) {
	r.answers = append(r.answers, func() { r.reply(in.ID, d) })
	if r.o.Share != nil && in.ID != "" {
		r.told = append(r.told, d.told(in.ID, as))
	}
}

func (r *Router) reply(input string, d Decision) {
	if c := r.waits.take(input); c != nil {
		c <- d
	}
}

// told is a decision as others find it again by the facts.
func (d Decision) told(input, as string) incident.Answer {
	a := incident.Answer{Input: input, Incident: d.Incident, As: as, Unknown: d.Unknown, Reused: d.Reused}
	if a.Before = slices.IndexFunc(d.Facts, func(f incident.Fact) bool { return f.Input == as }); a.Before >= 0 {
		a.Facts = len(d.Facts)
	} else {
		a.Before = 0
	}
	return a
}

// heard is the decision that another router told of.
func heard(a incident.Answer, timeline []incident.Fact) Decision {
	d := Decision{Incident: a.Incident, Unknown: a.Unknown, Reused: a.Reused}
	first := slices.IndexFunc(timeline, func(f incident.Fact) bool { return a.As != "" && f.Input == a.As }) - a.Before
	if first >= 0 && a.Facts > 0 && first+a.Facts <= len(timeline) {
		d.Facts = timeline[first : first+a.Facts]
		d.judge(a.As)
	}
	return d
}
