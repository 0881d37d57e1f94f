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
	// provider's code.
	Outcome func(channel string, to State, class Class, code string, took time.Duration)
}

// Worker sends the parts of one channel. One loop owns all parts; sessions only
// send. Each turn of the loop, in this order and no other:
//
//  1. outcomes of attempts and newly claimed parts are taken in;
//  2. new intents are chosen, critical parts first, two a session at most;
//  3. each touched part's record (outcomes, then intents) is made durable;
//  4. only then do the intents go to the sessions;
//  5. parts that are finished are reported, then acknowledged.
type Worker struct {
	o        WorkerOptions
	claims   chan *job
	outcomes chan outcome
	intents  chan intent
	reports  sync.WaitGroup

	critical, normal []*job
	byID             map[string]*job
	outstanding      int

	active sync.Map // ids of the parts that are claimed by this worker
}

// intent is one attempt that is durable and may go to the wire.
type intent struct {
	job   *job
	row   int
	tries int
	d     Delivery
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

// stopGrace is how long a stopping worker waits for replies from the wire.
const stopGrace = 8 * time.Second

// NewWorker returns a worker; Run runs it.
func NewWorker(o WorkerOptions) *Worker {
	o.Sessions = max(o.Sessions, 1)
	return &Worker{
		o:        o,
		claims:   make(chan *job),
		outcomes: make(chan outcome, perSession*o.Sessions),
		intents:  make(chan intent, perSession*o.Sessions),
		byID:     map[string]*job{},
	}
}

// Run sends until ctx ends; then it takes no more, waits at most eight seconds
// for what is on the wire, and writes down what came of it. It returns when
// everything it started is finished.
func (w *Worker) Run(ctx context.Context) {
	// The wire and the ledger outlive ctx by the grace.
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	claiming, stopClaiming := context.WithCancel(ctx)
	var claimers, sessions sync.WaitGroup
	for _, critical := range []bool{true, false} {
		claimers.Go(func() { w.claim(claiming, critical) })
	}
	for range w.o.Sessions {
		sessions.Go(func() { w.session(ctx, late) })
	}
	w.loop(ctx, late, cancel)
	stopClaiming()
	// A store that takes nothing does not hold up the stop: the ledger has it.
	defer time.AfterFunc(time.Second, cancel).Stop()
	claimers.Wait()
	close(w.intents)
	sessions.Wait()
	w.reports.Wait()
}

// session sends one intent after the other.
func (w *Worker) session(ctx, late context.Context) {
	for i := range w.intents {
		if ctx.Err() != nil {
			w.outcomes <- outcome{intent: i, err: errNotTried}
			continue
		}
		began := time.Now()
		got, err := w.o.Sender.Send(late, i.d)
		w.outcomes <- outcome{intent: i, got: got, err: err, took: time.Since(began)}
	}
}

// errNotTried says that an intent was withdrawn before it touched the wire.
var errNotTried = errors.New("stopped before the attempt")

func (w *Worker) loop(ctx, late context.Context, abandon func()) {
	renew := time.NewTicker(10 * time.Second)
	defer renew.Stop()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	stopping := ctx.Done()
	var deadline <-chan time.Time
	for {
		if ctx.Err() != nil && w.outstanding == 0 {
			w.flush(late, nil)
			return
		}
		wake := w.turn(ctx, late)
		if ctx.Err() != nil && w.outstanding == 0 {
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
			for _, j := range w.byID {
				if err := j.claim.Renew(); err != nil {
					w.o.Log.Debug("renew a lease", "part", j.id, "err", err)
				}
			}
		case <-stopping:
			stopping = nil
			deadline = time.After(stopGrace)
		case <-deadline:
			abandon() // what is still on the wire stays attempting in the ledger
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

// turn chooses intents, makes everything durable, lets the intents go, and
// returns for how long nothing will change by itself.
func (w *Worker) turn(ctx, late context.Context) time.Duration {
	now := time.Now()
	wake := time.Hour
	chosen := map[*job][]intent{}
	for _, jobs := range [][]*job{w.critical, w.normal} {
		for _, j := range jobs {
			if ctx.Err() == nil && !j.blocked(now, &wake) {
				w.checkUse(ctx, j, now)
				free := perSession*w.o.Sessions - w.outstanding
				if picked := j.pick(free, now, &wake); len(picked) > 0 {
					chosen[j] = picked
					w.outstanding += len(picked)
				}
			}
		}
	}
	if d := w.flush(late, chosen); d < wake {
		wake = d
	}
	return wake
}

// flush writes each touched part's record, and hands out its intents after
// that. It returns how soon to try again where the store did not take one.
func (w *Worker) flush(ctx context.Context, chosen map[*job][]intent) time.Duration {
	wake := time.Hour
	for _, jobs := range [][]*job{w.critical, w.normal} {
		for _, j := range append([]*job(nil), jobs...) {
			if err := w.write(ctx, j, chosen[j]); err != nil {
				if errors.Is(err, ErrFenced) {
					w.o.Log.Warn("a part was taken over by another worker", "part", j.id)
					w.drop(j)
					continue
				}
				w.o.Log.Error("the ledger does not take a record; nothing is sent until it does", "part", j.id, "err", err)
				j.retryAt = time.Now().Add(time.Second)
			}
			if d := time.Until(j.retryAt); j.held != nil && d > 0 {
				wake = min(wake, d)
			}
		}
	}
	return wake
}

// write makes a job's transitions and intents durable, and hands the intents
// out after that. A record that failed may have been stored all the same: it is
// tried again as it is, before any other, and its intents are withdrawn by the
// next one.
func (w *Worker) write(ctx context.Context, j *job, picked []intent) error {
	now := time.Now()
	if j.held != nil {
		if now.Before(j.retryAt) {
			return nil
		}
		picked = nil
		if done, err := w.record(ctx, j, *j.held); err != nil || done {
			return err
		}
	}
	if len(j.steps) == 0 && len(picked) == 0 && !j.finished() {
		return nil
	}
	r := Record{Worker: w.o.Name, At: now.UTC(), Steps: j.steps}
	j.steps = nil
	for _, i := range picked {
		r.Steps = append(r.Steps, Transition{Row: i.row, State: Attempting, At: r.At, Again: i.d.Again, Tries: i.tries})
	}
	if j.finished() {
		report := j.report()
		r.Done = &report
	}
	if _, err := w.record(ctx, j, r); err != nil {
		w.outstanding -= len(picked)
		for _, i := range picked {
			j.rows[i.row].tries--
			j.step(i.row, Waiting, now, Transition{})
		}
		return err
	}
	for _, i := range picked {
		w.intents <- i // never blocks: there is room for all that are outstanding
	}
	return nil
}

// record appends a record and keeps it where that failed. Done says that the
// part is finished.
func (w *Worker) record(ctx context.Context, j *job, r Record) (done bool, err error) {
	j.held = &r
	last, err := w.o.Ledger.Record(ctx, j.id, r, j.last)
	if err != nil {
		return false, err
	}
	j.last, j.held = last, nil
	if r.Done != nil {
		w.finish(ctx, j)
	}
	return r.Done != nil, nil
}

// finish reports a part and acknowledges it. The report is made until it is
// taken, on the side, so that a store that is full holds up nothing else.
func (w *Worker) finish(ctx context.Context, j *job) {
	w.drop(j)
	w.reports.Go(func() { settle(ctx, w.o, j.claim, j.report()) })
}

func settle(ctx context.Context, o WorkerOptions, c Claim, r Report) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := o.Receipts.Report(ctx, r)
		if err == nil {
			break
		}
		o.Log.Error("a finished part could not be reported yet", "part", r.Part, "err", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return // reported after the next start: the ledger has it
		}
	}
	if err := c.Finish(); err != nil {
		o.Log.Debug("acknowledge a part", "part", r.Part, "err", err)
	}
}

func (w *Worker) add(j *job) {
	w.byID[j.id] = j
	if j.part.Critical {
		w.critical = append(w.critical, j)
	} else {
		w.normal = append(w.normal, j)
	}
}

func (w *Worker) drop(j *job) {
	w.active.Delete(j.id)
	delete(w.byID, j.id)
	without := func(jobs []*job) []*job {
		var out []*job
		for _, k := range jobs {
			if k != j {
				out = append(out, k)
			}
		}
		return out
	}
	w.critical, w.normal = without(w.critical), without(w.normal)
}
