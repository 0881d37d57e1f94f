package channels

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// WorkerOptions are what a worker needs.
type WorkerOptions struct {
	Name     string // of this worker, in the ledger
	Channel  string
	Sessions int // deliveries on the wire at once
	Sender   Sender
	Queue    Queue
	Ledger   Ledger
	Library  Library
	Receipts Receipts
	Budget   Budget
	Spending Spending // nil without a budget
	// Suppressed returns why somebody is not to be written to any more; may be nil.
	// It is asked for each attempt and must not wait.
	Suppressed func(channel, audience, address string) (code string, yes bool)
	// Unreachable is told who can never be reached, and the provider's code; may be
	// nil, and may wait.
	Unreachable func(ctx context.Context, channel, address, code string)
	// UnsubscribeURL is what the address begins with under which somebody takes
	// himself off a list.
	UnsubscribeURL string
	// LinkURL is what the address begins with under which people of a team answer;
	// empty: nowhere.
	LinkURL string
	Key     Key
	Log     *slog.Logger
	Watch   Watch
	// Ahead is how many deliveries that were not tried yet this worker has before it
	// takes another part; 0: all there are, where nobody shares the work.
	Ahead int
}

// Watch is told what a worker does; metrics and the demo listen. Nil functions
// are not called.
type Watch struct {
	// Outcome is told every attempt's outcome: the state it led to and the
	// provider's code. An intent that was given back untried is none.
	Outcome func(channel string, to State, class Class, code string, took time.Duration)
	// Told is told how long after its update was planned a delivery to an audience, or a
	// team, was accepted.
	Told func(channel, audience string, after time.Duration)
	// Accepted is told what a provider took, by which reference, and what it calls it.
	Accepted func(channel, ref, provider string, at time.Time)
	// Spent is told how much of a budget is gone, when that changes.
	Spent func(channel string, s Spent)
	// Backlog is told every ten seconds what is to be sent yet.
	Backlog func(channel string, b Backlog)
}

// Backlog is what a worker has claimed and not sent.
type Backlog struct {
	Waiting int       // deliveries that are not final
	Oldest  time.Time // when the oldest of them was planned; zero where there is none
	// Late is since when some of them, of which nobody but this worker is to blame
	// that they were not tried, should have been there; zero where none is late.
	Late time.Time
}

// Worker sends the parts of one channel. One loop owns all parts; sessions only
// send. Each turn of the loop takes in outcomes of attempts and newly claimed
// parts, and then for each part, critical ones first, in this order and no
// other:
//
//  1. what is superseded or of no use any more is given up;
//  2. new intents are chosen, two a session at most over all parts, and what
//     their recipients missed is looked up;
//  3. one record, of outcomes and then intents, is made durable;
//  4. only then do the intents go to the sessions;
//  5. a part that is finished is reported, then acknowledged.
type Worker struct {
	o        WorkerOptions
	claims   chan *job
	outcomes chan outcome
	intents  chan intent
	reports  sync.WaitGroup

	critical, normal []*job
	outstanding      int // intents that went out and did not come back
	line             line
	purse            purse

	ahead  atomic.Int64 // about how many rows of what was claimed were not tried yet
	active sync.Map     // ids of the parts that this worker claimed and did not settle
}

// intent is one attempt that is durable and may go to the wire.
type intent struct {
	job *job
	row int
	d   Delivery
}

type outcome struct {
	intent intent
	got    Accepted
	err    error
	took   time.Duration
}

// perSession is how many intents a session may have: one on the wire, and the
// next, so that it need not wait for the ledger.
const perSession = 2

const (
	// wireGrace is how long a stopping worker waits for replies from the wire,
	// ledgerGrace how long it tries to write down what came of them.
	wireGrace   = 8 * time.Second
	ledgerGrace = wireGrace + 1500*time.Millisecond
	// fellPatience is how long a failed row is tried to be reported before its part
	// is finished.
	fellPatience = 5 * time.Second
	// renewal is how often leases are renewed; they last 30 s.
	renewal = 10 * time.Second
)

// NewWorker returns a worker; Run runs it.
func NewWorker(o WorkerOptions) *Worker {
	o.Sessions = max(o.Sessions, 1)
	var spent func(Spent)
	if o.Watch.Spent != nil {
		spent = func(s Spent) { o.Watch.Spent(o.Channel, s) }
	}
	return &Worker{
		o:        o,
		purse:    purse{budget: o.Budget, channel: o.Channel, store: o.Spending, log: o.Log, watch: spent},
		claims:   make(chan *job),
		outcomes: make(chan outcome, perSession*o.Sessions),
		intents:  make(chan intent, perSession*o.Sessions),
	}
}

// Run sends until ctx ends; then it takes no more, waits at most eight seconds
// for what is on the wire, and writes down what came of it. It returns when
// everything it started is finished.
func (w *Worker) Run(ctx context.Context) {
	wire, cutWire := context.WithCancel(context.WithoutCancel(ctx))
	store, cutStore := context.WithCancel(context.WithoutCancel(ctx))
	var grace, claimers, sessions sync.WaitGroup
	grace.Go(func() {
		<-ctx.Done()
		pause(store, wireGrace)
		cutWire() // what is still on the wire ends, and may have been accepted
		pause(store, ledgerGrace-wireGrace)
		cutStore()
	})
	for _, critical := range []bool{true, false} {
		claimers.Go(func() { w.claim(ctx, store, critical) })
	}
	for range w.o.Sessions {
		sessions.Go(func() { w.session(ctx, wire) })
	}
	w.loop(ctx, store)
	close(w.intents)
	w.release()
	sessions.Wait()
	claimers.Wait()
	// A store that takes no report does not hold up the stop: the ledger has
	// what it needs to be made again.
	defer time.AfterFunc(time.Second, cutStore).Stop()
	w.reports.Wait()
	cutStore()
	grace.Wait()
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// errNotTried says that an intent was given back before it touched the wire.
var errNotTried = errors.New("stopped before the attempt")

// session sends one intent after the other.
func (w *Worker) session(ctx, wire context.Context) {
	for i := range w.intents {
		if ctx.Err() != nil || i.job.fenced.Load() {
			w.outcomes <- outcome{intent: i, err: errNotTried}
			continue
		}
		began := time.Now()
		got, err := w.o.Sender.Send(wire, i.d)
		w.outcomes <- outcome{intent: i, got: got, err: err, took: time.Since(began)}
	}
}

// loop runs until ctx has ended, every intent has come back and is written
// down, or cannot be since store has ended too.
func (w *Worker) loop(ctx, store context.Context) {
	renew := time.NewTicker(renewal)
	defer renew.Stop()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	stopping := ctx.Done()
	for {
		wake := w.turn(ctx, store)
		w.weigh()
		if ctx.Err() != nil && w.outstanding == 0 && (w.saved() || store.Err() != nil) {
			return
		}
		timer.Reset(wake)
		select {
		case o := <-w.outcomes:
			w.take(o)
			w.gather()
			w.drain()
		case j := <-w.claims:
			w.add(j)
		case <-w.o.Queue.Withdrawn():
			w.look()
		case <-timer.C:
		case <-renew.C:
			w.renew()
		case <-stopping:
			stopping = nil
		}
	}
}

// gatherTime bounds how long outcomes are gathered for one record.
const gatherTime = 3 * time.Millisecond

// gather waits for the outcomes of most of the sessions, as long as every session
// has something to send: a record costs the same whatever is in it, and one for
// each outcome would leave the sessions waiting for the ledger.
func (w *Worker) gather() {
	late := time.NewTimer(gatherTime)
	defer late.Stop()
	for n := 1; n < w.o.Sessions*3/4 && w.outstanding >= w.o.Sessions; n++ {
		select {
		case o := <-w.outcomes:
			w.take(o)
		case <-late.C:
			return
		}
	}
}

func (w *Worker) drain() {
	for {
		select {
		case o := <-w.outcomes:
			w.take(o)
		default:
			return
		}
	}
}

func (w *Worker) renew() {
	if w.o.Watch.Backlog != nil {
		w.o.Watch.Backlog(w.o.Channel, w.backlog(time.Now()))
	}
	for j := range w.jobs {
		if err := j.claim.Renew(); err != nil {
			w.o.Log.Debug("renew a lease", "part", j.id, "err", err)
		}
	}
}

// take decides what an attempt's outcome means.
func (w *Worker) take(o outcome) {
	w.outstanding--
	j, now := o.intent.job, time.Now()
	if errors.Is(o.err, errNotTried) {
		w.line.sent(-1)
		w.giveBack(j, o.intent.row, now)
		return
	}
	var f Failure // without a class where it went well
	if o.err != nil {
		f = Classify(o.err)
	}
	w.line.told(f.Class, f.After, now)
	before := j.rows[o.intent.row].maybe
	to := j.outcome(o, f, &w.line, now)
	if j.rows[o.intent.row].maybe == before { // it was certainly not accepted
		w.purse.spend(j.part.Incident, -1)
	}
	if o.err != nil {
		w.o.Log.Warn("an attempt failed", "part", j.id, "row", o.intent.row, "class", string(f.Class), "code", f.Code, "state", string(to), "err", o.err)
	}
	switch {
	case to == Got && w.o.Watch.Accepted != nil:
		w.o.Watch.Accepted(w.o.Channel, o.intent.d.Ref, o.got.Provider, o.got.At)
	case to == Failed && w.o.Unreachable != nil:
		w.reports.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), fellPatience)
			defer cancel()
			w.o.Unreachable(ctx, w.o.Channel, o.intent.d.To, f.Code)
		})
	}
	if to == Got && !o.got.Before && w.o.Watch.Told != nil {
		w.o.Watch.Told(w.o.Channel, j.part.Audience, max(o.got.At.Sub(j.part.PlannedAt), 0))
	}
	if w.o.Watch.Outcome != nil {
		w.o.Watch.Outcome(w.o.Channel, to, f.Class, f.Code, o.took)
	}
}

// giveBack undoes an intent that was not sent.
func (w *Worker) giveBack(j *job, row int, now time.Time) {
	j.giveBack(row, now)
	w.purse.spend(j.part.Incident, -1)
}

// fell reports rows that failed for good while others of their part go on, so that
// their recipients need not wait for them. The ledger has them by then. Should it
// be lost, the report of the finished part says it again.
func (w *Worker) fell(j *job, record Record) {
	var rows []int
	for _, t := range record.Steps {
		if t.State == Failed && t.Code != Unsubscribed { // who left is not followed elsewhere
			rows = append(rows, t.Row)
		}
	}
	if !j.part.Fallback || record.Done != nil || rows == nil {
		return
	}
	r := Report{Incident: j.part.Incident, Update: j.part.Update, Part: j.id, Fell: rows, Partial: true}
	w.reports.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), fellPatience)
		defer cancel()
		if err := w.o.Receipts.Report(ctx, r); err != nil {
			w.o.Log.Debug("a failed row could not be reported yet", "part", r.Part, "err", err)
		}
	})
}

func (w *Worker) add(j *job) {
	w.look() // it may be what supersedes others
	if j.part.Critical {
		w.critical = append(w.critical, j)
	} else {
		w.normal = append(w.normal, j)
	}
}

// look lets no part wait for its next look.
func (w *Worker) look() {
	for j := range w.jobs {
		j.checkAt = time.Time{}
	}
}

func (w *Worker) drop(j *job) {
	// Copies: the loop may be going over the old ones.
	w.critical, w.normal = without(w.critical, j), without(w.normal, j)
}

func without(jobs []*job, j *job) []*job {
	var out []*job
	for _, k := range jobs {
		if k != j {
			out = append(out, k)
		}
	}
	return out
}

// jobs goes over the parts that are worked on, critical ones first. A part may
// be dropped meanwhile.
func (w *Worker) jobs(yield func(*job) bool) {
	for _, jobs := range [][]*job{w.critical, w.normal} {
		for _, j := range jobs {
			if !yield(j) {
				return
			}
		}
	}
}
