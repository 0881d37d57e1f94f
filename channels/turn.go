package channels

import (
	"context"
	"errors"
	"time"
)

// A record that failed may have been stored all the same. So it is kept as it
// is and tried again before any other of its part; its intents are not sent,
// and the record after it gives them back.
//
//	chosen ──record stored──────────────────────────> sent
//	   └─────record failed──> held ──record stored──> given back ──record stored──> chosen again
//
// recordPause is how long a part waits before its held record is tried again.
const recordPause = time.Second

// checkPause is how often a part is checked for a newer update.
const checkPause = 5 * time.Second

// useful is how long an update without a successor is tried for.
const useful = 48 * time.Hour

// turn does for each part what can be done now, and returns for how long
// nothing will change by itself.
func (w *Worker) turn(ctx, store context.Context) time.Duration {
	now := time.Now()
	wake := time.Hour
	for j := range w.jobs {
		if d := j.retryAt.Sub(now); j.held != nil && d > 0 {
			wake = min(wake, d)
			continue
		}
		var picked []intent
		blocked := j.held != nil
		if ctx.Err() == nil && !blocked {
			w.checkUse(store, j, now, &wake)
			free := w.line.room(perSession*w.o.Sessions-w.outstanding, now, &wake)
			picked = j.pick(free, w.purse.room(store, j.part, free, now, &wake), now, &wake)
			w.purse.spend(j.part.Incident, len(picked))
			chosen := len(picked)
			if picked = w.corrects(store, j, w.allowed(j, picked, now), now); len(picked) < chosen {
				wake = 0 // there is room for others
			}
			w.reckon(store, j, picked)
			for n := range picked {
				picked[n].d = j.delivery(picked[n].row)
			}
		}
		switch err := w.write(store, j, picked, now); {
		case errors.Is(err, ErrFenced):
			w.o.Log.Warn("a part was taken over by another worker", "part", j.id)
			j.fenced.Store(true)
			w.active.Delete(j.id)
			w.drop(j)
		case err != nil:
			w.o.Log.Error("the ledger does not take a record; nothing is sent until it does", "part", j.id, "err", err)
			j.retryAt = time.Now().Add(recordPause)
			// Each failure may take seconds, and the loop has others to listen to.
			return 0
		case blocked: // no more, so there may be rows to choose
			wake = 0
		}
	}
	return wake
}

// checkUse supersedes what was not accepted once a newer update exists, and
// gives up what is of no use any more. An untried row is no exception.
func (w *Worker) checkUse(ctx context.Context, j *job, now time.Time, wake *time.Duration) {
	end := j.part.PlannedAt.Add(useful)
	if e := j.part.Expires; !e.IsZero() && e.Before(end) {
		end = e
	}
	if !now.After(end) {
		*wake = min(*wake, end.Sub(now)+1)
	}
	if now.Before(j.checkAt) && !now.After(end) {
		return
	}
	j.checkAt = now.Add(checkPause)
	newer, err := w.o.Queue.Newer(ctx, j.part)
	switch {
	case err != nil:
		w.o.Log.Debug("look for a newer update", "part", j.id, "err", err)
	case newer:
		j.end(Superseded, now)
		return
	}
	if now.After(end) {
		j.end(GivenUp, now)
	}
}

// write makes a part's transitions and intents durable, and hands the intents
// out after that.
func (w *Worker) write(ctx context.Context, j *job, picked []intent, now time.Time) error {
	if j.held != nil {
		if err := w.record(ctx, j, *j.held); err != nil {
			return err
		}
	}
	if j.settled || len(j.steps) == 0 && len(picked) == 0 && !j.finished() {
		return nil
	}
	r := Record{Worker: w.o.Name, At: now.UTC(), Steps: j.steps}
	j.steps = nil
	for _, i := range picked {
		r.Steps = append(r.Steps, j.transition(i.row, now))
	}
	if j.finished() {
		report := j.report()
		r.Done = &report
		r.Unsent, r.Absent = j.unsent()
	}
	if err := w.record(ctx, j, r); err != nil {
		for _, i := range picked {
			w.giveBack(j, i.row, now)
		}
		return err
	}
	w.outstanding += len(picked)
	w.line.sent(len(picked))
	for _, i := range picked {
		w.intents <- i // never blocks: there is room for all that are outstanding
	}
	return nil
}

// record appends a record and keeps it where that failed. The one that says
// that the part is finished ends the loop's part in it.
func (w *Worker) record(ctx context.Context, j *job, r Record) error {
	j.held = &r
	last, err := w.o.Ledger.Record(ctx, j.id, r, j.last)
	if err != nil {
		return err
	}
	j.last, j.held = last, nil
	w.fell(j, r)
	if r.Done != nil {
		j.settled = true
		w.drop(j)
		w.reports.Go(func() { w.settle(ctx, j.claim, *r.Done) })
	}
	return nil
}

// saved reports whether the ledger has all that the parts know.
func (w *Worker) saved() bool {
	for j := range w.jobs {
		if j.held != nil || len(j.steps) > 0 {
			return false
		}
	}
	return true
}
