package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// Store keeps what the router decides.
type Store interface {
	// Replay hands over every commit in order. It comes before anything else.
	Replay(ctx context.Context, apply func(incident.Commit) error) error
	// Commit appends one; all of it is stored or none.
	Commit(ctx context.Context, c incident.Commit) error
	// PutPart adds to the outbox; adding a part twice is adding it once.
	PutPart(ctx context.Context, p channels.Part) error
	// Withdraw says that a part goes to nobody else; saying it twice is saying it
	// once.
	Withdraw(ctx context.Context, p channels.Part) error
}

// Inbox keeps what came in.
type Inbox interface {
	Put(ctx context.Context, inputs ...incident.Input) error
	// Inputs hands over what was stored after a sequence, in order; last says
	// that nothing more is stored at that moment.
	Inputs(ctx context.Context, after uint64, take func(seq uint64, inputs []incident.Input, last bool) error) error
	// Compact removes what is stored before a sequence; it stays the last.
	Compact(ctx context.Context, seq uint64) error
}

// Library keeps what updates say and who gets them, by hash.
type Library interface {
	PutTexts(ctx context.Context, texts []channels.Text) (hash string, err error)
	PutRoster(ctx context.Context, people []channels.Person) (hash string, err error)
	Roster(ctx context.Context, hash string) ([]channels.Person, error)
}

// Options are what a router is made of. Writer, Global and Policy are the rules in
// force until Reform.
type Options struct {
	Store   Store
	Inbox   Inbox
	Library Library
	Writer  Writer
	Global  policies.Global
	Policy  casebook.Policy
	Key     channels.Key
	Log     *slog.Logger
	Watch   Watch

	Audit     Audit // nil where nobody keeps who did what
	Attic     Attic // nil where nothing is removed
	Retention Retention

	Share *Share // nil where no other router can be on the store
}

// Watch is told what happens; metrics and the demo listen. Nil functions are
// not called. They are called by the router's loop and must not wait.
type Watch struct {
	Fact      func(incident.Fact)
	Lateness  func(audience string, late time.Duration) // how long after it was due an update was planned
	Unmatched func(alerts int)                          // alerts that belong to no service
}

// Rules are what the operator says, as far as the router goes.
type Rules struct {
	Global policies.Global
	Policy casebook.Policy
	Writer Writer
}

// Router judges and plans. Make it with New, then Start, then Run.
type Router struct {
	o     Options
	rules atomic.Pointer[Rules] // in force; only the loop changes them
	cases *casebook.Book
	pages *pages
	feed  *feed
	news  []incident.Fact // stored, and not told yet to those who follow
	waits waits

	inbox   uint64 // messages up to this sequence are decided
	inputs  int    // and so many inputs of the next one
	covered uint64 // by the last commit: messages up to this sequence

	facts   []incident.Fact // decided, not yet committed
	size    int             // roughly, encoded
	orders  []order         // planned, not yet cut
	backs   []order         // cancelled, and not yet withdrawn
	touched map[*casebook.Case]bool
	answers []func()
	told    []incident.Answer  // those answers, for the callers of other routers
	rosters map[string]*roster // by audience, once stored
	guests  *guests
	lent    lent
	warned  map[string]bool
	lapses  map[string]bool // parts of own words of which it was told that they failed

	requests requests

	asked     chan func(context.Context) error // by who works beside the loop: done between two turns
	busy      atomic.Int64                     // since when the loop is at one turn, in Unix nanoseconds; 0: it waits
	forgot    time.Time                        // when incidents were last forgotten; of who works beside the loop
	compacted time.Time                        // when decided inputs were last removed
	following following
}

// New returns a router.
func New(o Options) *Router {
	r := &Router{
		o:       o,
		cases:   casebook.New(o.Policy),
		pages:   newPages(),
		feed:    newFeed(strconv.FormatInt(time.Now().UnixNano(), 36)),
		waits:   waits{byInput: map[string]chan Decision{}},
		touched: map[*casebook.Case]bool{},
		rosters: map[string]*roster{},
		guests:  &guests{key: o.Key, all: map[string]policies.Recipient{}},
		lent:    lent{all: map[string]time.Time{}},
		warned:  map[string]bool{},
		lapses:  map[string]bool{},

		requests: requests{},
		asked:    make(chan func(context.Context) error),
	}
	r.cases.Names(o.Key.Entry)
	r.rules.Store(&Rules{Global: o.Global, Policy: o.Policy, Writer: o.Writer})
	r.cases.Enrol(r.guests)
	return r
}

// Start remembers what the facts say. Where no other router can be on the store, it
// also cuts what was planned and not cut; otherwise Run does, once this one is the
// active one. An error means that the store is not whole.
func (r *Router) Start(ctx context.Context) error {
	if r.o.Share != nil {
		err := r.remember(ctx)
		if err != nil && ctx.Err() == nil { // the active router may have removed what was to be read
			r.blank()
			err = r.remember(ctx)
		}
		return err
	}
	unwritten, err := r.unwritten(ctx)
	if err != nil {
		return err
	}
	if err := r.replay(ctx, unwritten.Take); err != nil {
		return err
	}
	if err := r.witness(ctx, unwritten.Left()); err != nil {
		return err
	}
	return r.begin(ctx)
}

// replay reads all facts, and tells of each.
func (r *Router) replay(ctx context.Context, each func(incident.Fact)) error {
	many := 1000
	err := r.o.Store.Replay(ctx, func(c incident.Commit) error {
		for _, f := range c.Facts {
			r.cases.Remember(f)
			each(f)
			r.requests.note([]incident.Fact{f})
			if f.Planned() != nil {
				r.orders = append(r.orders, order{f.Incident, *f.Planned(), f.At})
			}
		}
		if len(r.orders) > many {
			r.flying()
			many = 2*len(r.orders) + 1000
		}
		r.inbox, r.inputs, r.covered = c.Inbox, c.Inputs, c.Inbox
		r.following.read(c)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the facts: %w", err)
	}
	r.flying()
	return r.recall(ctx, time.Now())
}

// begin does what a router does before it takes the first input: it shows what it
// remembers, sets its alarms, and cuts what was planned and not cut.
func (r *Router) begin(ctx context.Context) error {
	now := time.Now()
	for _, c := range r.cases.Cases() {
		for n := range c.State.Cancelled { // a stop may have come between
			r.withdraw(c.State, n)
		}
		r.publish(c, now)
	}
	r.cases.Wind(now)
	return r.cut(ctx)
}

// flying forgets orders of which every part was reported.
func (r *Router) flying() {
	r.orders = slices.DeleteFunc(r.orders, func(o order) bool {
		c := r.cases.Incident(o.incident)
		return c == nil || c.State.Flights[o.planned.Update] == nil
	})
}

// message is one inbox message on its way to the loop.
type message struct {
	seq    uint64
	inputs []incident.Input
	last   bool
}

// Run takes inputs and keeps time until ctx ends. Where no other router can be on the
// store, it also ends when one has committed to it; otherwise this one stands by
// from then on: see succession.go. It returns when everything it started is finished.
func (r *Router) Run(ctx context.Context) error {
	defer r.waits.close()
	if r.o.Share != nil {
		return r.succeed(ctx)
	}
	return r.serve(ctx)
}

// serve is the work of the active router.
func (r *Router) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	messages := make(chan message)
	unreadable := make(chan error, 1)
	var reader sync.WaitGroup
	reader.Go(func() { r.clean(ctx) })
	reader.Go(func() { unreadable <- r.read(ctx, messages) })
	err := r.loop(ctx, messages, unreadable)
	cancel()
	reader.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// read brings the inbox to the loop, and begins again where the last message
// ended when the store stumbles. It returns what cannot be mended so.
func (r *Router) read(ctx context.Context, messages chan<- message) error {
	after := r.inbox
	for ctx.Err() == nil {
		err := r.o.Inbox.Inputs(ctx, after, func(seq uint64, inputs []incident.Input, last bool) error {
			select {
			case messages <- message{seq, inputs, last}:
				after = seq
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if final := r.final(err); final != nil {
			return final
		}
		if ctx.Err() == nil {
			r.o.Log.Error("reading the inbox stopped; it begins again in a second", "err", err)
			wait(ctx, time.Second)
		}
	}
	return nil
}

func (r *Router) loop(ctx context.Context, messages <-chan message, unreadable <-chan error) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var due <-chan time.Time // nil until the inbox is read: see the package
	for {
		timer.Reset(time.Until(r.next(time.Now().Add(time.Hour))))
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err = <-unreadable:
		case do := <-r.asked:
			err = do(ctx)
		case m := <-messages:
			r.busy.Store(time.Now().UnixNano())
			err = r.take(ctx, m)
			if m.last {
				due = timer.C
			}
		case <-due:
			r.busy.Store(time.Now().UnixNano())
			err = r.tick(ctx, time.Now())
		}
		r.busy.Store(0)
		if err != nil {
			return err
		}
	}
}

// Stuck returns for how long the loop has been at one turn: long where the store
// takes nothing.
func (r *Router) Stuck() time.Duration {
	if since := r.busy.Load(); since != 0 {
		return time.Since(time.Unix(0, since))
	}
	return 0
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// insist does something that the store must take before anything else can
// happen, until it does. Only the end of ctx or of this router's turn stops it.
func (r *Router) insist(ctx context.Context, what string, do func() error) error {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := do()
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if final := r.final(err); final != nil {
			return final
		}
		r.o.Log.Error("the store does not take it; tried again until it does", "what", what, "err", err)
		wait(ctx, pause)
	}
}

// final returns err where trying again is of no use.
func (r *Router) final(err error) error {
	var f interface{ Final() bool }
	if errors.As(err, &f) && f.Final() {
		return err
	}
	return nil
}
