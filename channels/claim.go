package channels

import (
	"context"
	"errors"
	"time"
)

// claimTries is how often a part that cannot be read is tried before others
// are: it is offered again when its lease has run out.
const claimTries = 3

// claim takes parts from one queue, reads what they need, and hands them to the
// loop, until ctx ends. It never waits for one part where there are others.
func (w *Worker) claim(ctx, store context.Context, critical bool) {
	for ctx.Err() == nil {
		if !critical && w.laden() {
			pause(ctx, ladenPause)
			continue
		}
		c, err := w.o.Queue.Next(ctx, critical)
		if err != nil {
			if ctx.Err() == nil {
				w.o.Log.Error("wait for a part", "channel", w.o.Channel, "err", err)
				pause(ctx, time.Second)
			}
			continue
		}
		id := c.Part().ID()
		if _, mine := w.active.LoadOrStore(id, true); mine {
			continue // its lease ran out, and nobody else took it
		}
		j, done, err := w.load(ctx, c)
		switch {
		case done != nil:
			// Finished before: the report or the acknowledgement was lost.
			w.reports.Go(func() { w.settle(store, c, *done) })
		case err != nil:
			w.active.Delete(id)
		default:
			w.ahead.Add(int64(len(j.rows)))
			select {
			case w.claims <- j:
			case <-ctx.Done():
				w.active.Delete(id)
				if err := c.Release(); err != nil {
					w.o.Log.Debug("release a part", "part", id, "err", err)
				}
			}
		}
	}
}

// ladenPause is how soon a worker that has enough looks whether it has not any more.
const ladenPause = 20 * time.Millisecond

// laden reports whether this worker has enough to do, so that others who share the
// work, and those who come to help, find some. What is critical is taken at once.
func (w *Worker) laden() bool { return w.o.Ahead > 0 && w.ahead.Load() >= int64(w.o.Ahead) }

// weigh counts what nobody has tried yet.
func (w *Worker) weigh() {
	if w.o.Ahead == 0 {
		return
	}
	n := 0
	for _, j := range w.normal {
		if !w.purse.short(j.part) { // of another incident there may be something left
			n += len(j.rows) - j.fresh
		}
	}
	w.ahead.Store(int64(n))
}

// Holds reports whether this worker is at a part: whoever is offered it as well, since
// a lease ran out while nobody could renew it, leaves it alone.
func (w *Worker) Holds(part string) bool {
	_, is := w.active.Load(part)
	return is
}

// release lets others have what is not finished.
func (w *Worker) release() {
	for j := range w.jobs {
		w.active.Delete(j.id)
		if err := j.claim.Release(); err != nil {
			w.o.Log.Debug("release a part", "part", j.id, "err", err)
		}
	}
}

// load claims a part, again where the store does not answer.
func (w *Worker) load(ctx context.Context, c Claim) (j *job, done *Report, err error) {
	for try := range claimTries {
		if try > 0 {
			pause(ctx, time.Second)
		}
		if j, done, err = w.loadOnce(ctx, c); err == nil || errors.Is(err, ErrFenced) || ctx.Err() != nil {
			return j, done, err
		}
		w.o.Log.Error("claim a part", "part", c.Part().ID(), "err", err)
	}
	return nil, nil, err
}

// loadOnce claims a part in its ledger and folds what the ledger says of it;
// of a part that is finished it returns the report.
func (w *Worker) loadOnce(ctx context.Context, c Claim) (*job, *Report, error) {
	p := c.Part()
	j := &job{id: p.ID(), claim: c, part: p, key: w.o.Key, unsubscribe: w.o.UnsubscribeURL, links: w.o.LinkURL}
	records, last, err := w.o.Ledger.Records(ctx, j.id)
	if err != nil {
		return nil, nil, err
	}
	if n := len(records); n > 0 && records[n-1].Done != nil {
		return nil, records[n-1].Done, nil
	}
	if j.people, err = w.o.Library.Roster(ctx, p.Roster); err != nil {
		return nil, nil, err
	}
	if j.texts, err = w.o.Library.Texts(ctx, p.Texts); err != nil {
		return nil, nil, err
	}
	// Whoever wrote the record before is fenced from here on. It is safe that
	// the records were read before: none can have come in between.
	if j.last, err = w.o.Ledger.Record(ctx, j.id, Record{Worker: w.o.Name, At: time.Now().UTC(), Claim: true}, last); err != nil {
		return nil, nil, err
	}
	j.fold(records, w.o.Log)
	return j, nil, nil
}

// settle reports a finished part until that is taken, on the side, so that a
// store that is full holds up nothing else, and acknowledges it then. The part
// stays this worker's meanwhile.
func (w *Worker) settle(ctx context.Context, c Claim, r Report) {
	defer w.active.Delete(r.Part)
	for wait := time.Second; ; wait = min(2*wait, renewal) {
		err := w.o.Receipts.Report(ctx, r)
		if err == nil {
			break
		}
		w.o.Log.Error("a finished part could not be reported yet", "part", r.Part, "err", err)
		pause(ctx, wait)
		if ctx.Err() != nil {
			return // reported after the next start: the ledger has it
		}
		if err := c.Renew(); err != nil {
			w.o.Log.Debug("renew a lease", "part", r.Part, "err", err)
		}
	}
	if err := c.Finish(); err != nil {
		w.o.Log.Debug("acknowledge a part", "part", r.Part, "err", err)
	}
}
