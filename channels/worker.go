package channels

import (
	"context"
	"errors"
	"log/slog"
	"sync"
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
	Key      Key
	Log      *slog.Logger
	Watch    Watch
}

// Watch is told what a worker does; metrics and the demo listen. Nil functions
// are not called.
type Watch struct {
	// Outcome is told every attempt's outcome: the state it led to and the
	// provider's code. An intent that was given back untried is none.
	Outcome func(channel string, to State, class Class, code string, took time.Duration)
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

	active sync.Map // ids of the parts that this worker claimed and did not settle
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
	return &Worker{
		o:        o,
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
		if ctx.Err() != nil && w.outstanding == 0 && (w.saved() || store.Err() != nil) {
			return
		}
		timer.Reset(wake)
		select {
		case o := <-w.outcomes:
			w.take(o)
			w.drain()
		case j := <-w.claims:
			w.add(j)
		case <-timer.C:
		case <-renew.C:
			w.renew()
		case <-stopping:
			stopping = nil
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
		j.giveBack(o.intent.row, now)
		return
	}
	f := Classify(o.err)
	to := j.outcome(o, f, now)
	if o.err != nil {
		w.o.Log.Warn("an attempt failed", "part", j.id, "row", o.intent.row, "class", string(f.Class), "code", f.Code, "state", string(to), "err", o.err)
	}
	if w.o.Watch.Outcome != nil {
		w.o.Watch.Outcome(w.o.Channel, to, f.Class, f.Code, o.took)
	}
}

// fell reports rows that failed for good while others of their part go on, so that
// their recipients need not wait for them. The ledger has them by then. Should it
// be lost, the report of the finished part says it again.
func (w *Worker) fell(j *job, record Record) {
	var rows []int
	for _, t := range record.Steps {
		if t.State == Failed {
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
	// It may be what supersedes others: they are not to wait for their next look.
	for k := range w.jobs {
		k.checkAt = time.Time{}
	}
	if j.part.Critical {
		w.critical = append(w.critical, j)
	} else {
		w.normal = append(w.normal, j)
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
