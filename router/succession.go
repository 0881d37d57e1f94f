package router

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"sitrep/policies"
	"sitrep/router/audit"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// Where several routers are on one store, each does this, from its start to its end:
//
//	             the seat is taken, and all commits are known
//	standing by ────────────────────────────────────────────> active
//	     ^                                                      │
//	     └── all facts are read anew <── the seat is lost, or another has committed
//
// One that stands by follows the commits of the active one: what readers see here is
// of now, and who waits here for a decision is told it. It takes no input, plans
// nothing, cuts nothing, removes nothing and writes no line of the audit. One that
// was active may have decided what it could not commit, so it forgets all and reads
// the facts; its pages stay as they were meanwhile.
//
// Nothing but the expected sequence of a commit keeps two from both being active: who
// has the seat is a matter of speed, and who commits is one of truth.

// Share is what routers on one store need of it. Nil functions are not called.
type Share struct {
	Seat  Seat
	Chain Chain
	// Heard is told the alerts in the inbox, from wherever they came, in their order.
	Heard func(alerts []incident.Observation, at time.Time)
	// Seated is told when this router becomes the active one, and when it is it no more.
	Seated func(active bool)
}

// Seat is that of the active router.
type Seat interface {
	// Take waits for it. What it returns ends when the seat is lost.
	Take(ctx context.Context) (context.Context, error)
	// Leave gives it back, where it was taken; it must be called also where it was lost.
	Leave()
}

// Chain is the commits of others. It goes on after what was replayed or committed.
type Chain interface {
	// Follow hands them over as they come, until ctx ends or apply fails.
	Follow(ctx context.Context, apply func(incident.Commit) error) error
	// CatchUp hands over those there are, and returns.
	CatchUp(ctx context.Context, apply func(incident.Commit) error) error
	// Behind returns how many there are that were not handed over yet.
	Behind(ctx context.Context) (uint64, error)
}

func (s *Share) hear(in incident.Input) {
	if s != nil && s.Heard != nil && len(in.Alerts) > 0 {
		s.Heard(in.Alerts, in.At)
	}
}

// following is what a router knows of the commits.
type following struct {
	active atomic.Bool
	cursor atomic.Uint64 // inbox messages up to this one are decided by some router
	number uint64        // of the last commit that was read or made
	began  bool          // this is no start
	shown  uint64        // of the last that those were told of who follow events
	// lately are the last facts of which the audit has lines: the active router may die
	// before it writes them.
	lately []incident.Fact
	// missed and answers were read at a replay, and not told of yet.
	missed  []incident.Fact
	answers []incident.Answer
	recap   bool // what is over for long was forgotten by the active router
}

// manyLately is how many of those are kept: the active router writes the lines of one
// commit before it makes the next.
const manyLately = 1000

// read notes a commit that was read at a start, or anew.
func (f *following) read(c incident.Commit) {
	f.number = c.Number
	f.cursor.Store(c.Inbox)
	if f.began && c.Number > f.shown && c.Recap == nil {
		f.missed = append(f.missed, c.Facts...)
		f.answers = append(f.answers, c.Answers...)
	}
	for _, fact := range c.Facts {
		if fact.Input != "" && fact.Planned() == nil || fact.Erased() != nil {
			f.lately = append(f.lately, fact)
		}
	}
	if n := len(f.lately); n > 2*manyLately {
		f.lately = slices.Clone(f.lately[n-manyLately:])
	}
}

// made notes commits of this router's own.
func (f *following) made(n uint64) { f.number += n }

// Active reports whether this router is the one that decides.
func (r *Router) Active() bool { return r.o.Share == nil || r.following.active.Load() }

// succeed stands by, and is the active router whenever it has the seat, until ctx ends.
func (r *Router) succeed(ctx context.Context) error {
	for again := false; ctx.Err() == nil; again = true {
		if again && !r.anew(ctx) {
			break
		}
		held, err := r.stand(ctx)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			continue
		case errors.Is(err, errRecap):
			wait(ctx, time.Second) // until it is said where they begin
			continue
		default:
			r.o.Log.Error("the facts cannot be followed; they are read anew", "err", err)
			wait(ctx, time.Second)
			continue
		}
		err = r.preside(ctx, held)
		r.o.Share.Seat.Leave()
		if ctx.Err() != nil {
			break
		}
		switch {
		case outdated(err):
			r.o.Log.Warn("this router is not the active one any more: another one has committed")
		case held.Err() != nil:
			r.o.Log.Warn("this router is not the active one any more: it lost the seat")
		case r.final(err) != nil:
			return err
		default:
			r.o.Log.Error("this router cannot be the active one now", "err", err)
			wait(ctx, time.Second)
		}
	}
	return nil
}

// outdated reports whether an error says that another router has committed.
func outdated(err error) bool {
	var o interface{ Outdated() bool }
	return errors.As(err, &o) && o.Outdated()
}

// preside is the work of the active router while it has the seat.
func (r *Router) preside(ctx, held context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(held, func() { // what it reads may take longer to end
		r.following.active.Store(false)
		cancel()
	})()
	began := time.Now()
	if err := r.o.Share.Chain.CatchUp(ctx, func(c incident.Commit) error { r.learn(ctx, c); return nil }); err != nil {
		return err
	}
	if err := r.inherit(ctx); err != nil {
		return err
	}
	r.o.Log.Info("this router is the active one", "after", time.Since(began).Round(time.Millisecond), "commit", r.following.number)
	r.seated(true)
	defer r.seated(false)
	return r.serve(ctx)
}

func (r *Router) seated(active bool) {
	r.following.active.Store(active)
	if r.o.Share.Seated != nil {
		r.o.Share.Seated(active)
	}
}

// inherit ends what the active router before may have left undone.
func (r *Router) inherit(ctx context.Context) error {
	r.flying()
	if r.o.Audit != nil {
		var last audit.Line
		if err := r.insist(ctx, "the last line of the audit", func() (err error) {
			last, err = r.o.Audit.Audited(ctx)
			return err
		}); err != nil {
			return err
		}
		g := audit.Gather{Last: last}
		for _, f := range r.following.lately {
			g.Take(f)
		}
		if err := r.witness(ctx, g.Left()); err != nil {
			return err
		}
	}
	r.compacted = time.Now()
	return r.begin(ctx)
}

// remember reads all facts, and shows what follows from them.
func (r *Router) remember(ctx context.Context) error {
	f := &r.following
	f.number, f.lately, f.missed, f.answers, f.recap = 0, nil, nil, nil, false
	if err := r.replay(ctx, func(incident.Fact) {}); err != nil {
		return err
	}
	r.display(r.cases.Cases())
	r.tell()
	return nil
}

// tell tells those who follow events, and those who wait for a decision, what they
// were not told yet.
func (r *Router) tell() {
	f := &r.following
	r.feed.add(f.missed)
	for _, a := range f.answers {
		if !r.waits.has(a.Input) {
			continue
		}
		var timeline []incident.Fact
		if of := r.cases.Incident(a.Incident); of != nil {
			timeline = of.Timeline
		}
		r.reply(a.Input, heard(a, timeline))
	}
	f.missed, f.answers, f.shown, f.began = nil, nil, f.number, true
}

// anew forgets what this router knows, and reads it, until that succeeds or ctx ends.
func (r *Router) anew(ctx context.Context) bool {
	for said := ""; ctx.Err() == nil; {
		r.blank()
		err := r.remember(ctx)
		if err == nil {
			gone := map[string]bool{}
			for _, p := range r.Incidents() {
				gone[p.ID] = r.cases.Incident(p.ID) == nil
			}
			maps.DeleteFunc(gone, func(_ string, is bool) bool { return !is })
			r.pages.forget(gone)
			return true
		}
		if ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			r.o.Log.Error("the facts cannot be read; tried again until they can", "err", err)
		}
		wait(ctx, time.Second)
	}
	return false
}

// blank forgets all that follows from facts. Who waits for a decision goes on waiting.
func (r *Router) blank() {
	r.cases = casebook.New(r.rules.Load().Policy)
	r.inbox, r.inputs, r.covered = 0, 0, 0
	r.facts, r.size, r.orders, r.backs, r.news = nil, 0, nil, nil, nil
	r.answers, r.told = nil, nil
	clear(r.touched)
	clear(r.rosters)
	r.guests.all = map[string]policies.Recipient{}
	r.requests = requests{}
	r.cases.Enrol(r.guests)
}
