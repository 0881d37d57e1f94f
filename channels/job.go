package channels

import (
	"context"
	"errors"
	"html"
	"log/slog"
	"time"
)

// retries are the waits between attempts; the last one repeats.
var retries = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute}

// useful is how long an update without a successor is tried for.
const useful = 48 * time.Hour

// job is a part that this worker works on.
type job struct {
	id    string
	claim Claim
	part  Part
	key   Key

	people []Person
	texts  []Text
	rows   []row
	last   uint64 // number of its last ledger record
	steps  []Transition
	open   int // rows that are not final

	held     *Record   // the store did not take it yet
	retryAt  time.Time // when it is tried again
	checkAt  time.Time // when to look for a newer update again
	possible int
	lastAt   time.Time
}

type row struct {
	state State
	again bool      // an earlier attempt may have been accepted
	tries int       // attempts so far
	next  time.Time // not before this
	first time.Time // first attempt
}

// claim takes parts from one queue, reads what they need, and hands them to the
// loop, until ctx ends.
func (w *Worker) claim(ctx context.Context, critical bool) {
	for ctx.Err() == nil {
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
		j := w.loadUntil(ctx, c)
		if j == nil {
			w.active.Delete(id)
			continue
		}
		select {
		case w.claims <- j:
		case <-ctx.Done():
		}
	}
}

// loadUntil loads a part, again and again where the store does not answer; nil
// where there is nothing left to do with it.
func (w *Worker) loadUntil(ctx context.Context, c Claim) *job {
	for ctx.Err() == nil {
		j, err := w.load(ctx, c)
		if err == nil || errors.Is(err, ErrFenced) {
			return j
		}
		w.o.Log.Error("claim a part", "part", c.Part().ID(), "err", err)
		pause(ctx, 5*time.Second)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// load claims a part in its ledger and folds what the ledger says of it. A part
// that is finished already is reported again, and nil.
func (w *Worker) load(ctx context.Context, c Claim) (*job, error) {
	p := c.Part()
	j := &job{id: p.ID(), claim: c, part: p, key: w.o.Key}
	records, last, err := w.o.Ledger.Records(ctx, j.id)
	if err != nil {
		return nil, err
	}
	if n := len(records); n > 0 && records[n-1].Done != nil {
		settle(ctx, w.o, c, *records[n-1].Done)
		return nil, nil
	}
	if j.people, err = w.o.Library.Roster(ctx, p.Roster); err != nil {
		return nil, err
	}
	if j.texts, err = w.o.Library.Texts(ctx, p.Texts); err != nil {
		return nil, err
	}
	if j.last, err = w.o.Ledger.Record(ctx, j.id, Record{Worker: w.o.Name, At: time.Now().UTC(), Claim: true}, last); err != nil {
		return nil, err
	}
	j.fold(records, w.o.Log)
	return j, nil
}

// fold brings the rows to where the ledger left them.
func (j *job) fold(records []Record, log *slog.Logger) {
	j.rows = make([]row, len(j.people))
	for _, rec := range records {
		for _, t := range rec.Steps {
			if t.Row < 0 || t.Row >= len(j.rows) {
				log.Error("the ledger names a row that the roster lacks", "part", j.id, "row", t.Row)
				continue
			}
			r := &j.rows[t.Row]
			if r.first.IsZero() {
				r.first = t.At
			}
			r.state, r.again, r.tries, r.next = t.State, t.Again, t.Tries, t.Next
			if t.State == Got && t.At.After(j.lastAt) {
				j.lastAt = t.At
			}
		}
	}
	for n := range j.rows {
		r := &j.rows[n]
		if j.people[n].Address(j.part.Channel) == "" {
			r.state = Superseded // not reached by this channel: no delivery at all
			continue
		}
		if r.state == Attempting { // a crash: nobody knows
			r.again = true
			r.state = Waiting
		}
		if r.again {
			j.possible++
		}
		if !r.state.Final() {
			j.open++
		}
	}
}

func (j *job) finished() bool { return j.open == 0 }

// blocked reports whether the job has to wait for the store, and lowers wake.
func (j *job) blocked(now time.Time, wake *time.Duration) bool {
	if j.held == nil {
		return false
	}
	*wake = min(*wake, max(j.retryAt.Sub(now), 0))
	return true
}

// checkUse supersedes what was tried and not accepted once a newer update
// exists, and gives up what is of no use any more.
func (w *Worker) checkUse(ctx context.Context, j *job, now time.Time) {
	if now.Before(j.checkAt) {
		return
	}
	j.checkAt = now.Add(5 * time.Second)
	newer, err := w.o.Queue.Newer(ctx, j.part)
	if err != nil {
		w.o.Log.Debug("look for a newer update", "part", j.id, "err", err)
	}
	for n := range j.rows {
		r := &j.rows[n]
		if r.state == Attempting || r.state.Final() {
			continue
		}
		switch {
		case newer:
			j.step(n, Superseded, now, Transition{})
		case now.Sub(j.part.PlannedAt) > useful, !j.part.Expires.IsZero() && now.After(j.part.Expires):
			j.step(n, GivenUp, now, Transition{})
		}
	}
}

// pick chooses at most free rows to attempt now, and lowers wake to the moment
// of the next one that waits.
func (j *job) pick(free int, now time.Time, wake *time.Duration) []intent {
	var out []intent
	for n := range j.rows {
		r := &j.rows[n]
		if r.state == Attempting || r.state.Final() {
			continue
		}
		if d := r.next.Sub(now); d > 0 {
			*wake = min(*wake, d)
			continue
		}
		if len(out) == free {
			break
		}
		r.state = Attempting
		r.tries++
		if r.first.IsZero() {
			r.first = now
		}
		out = append(out, intent{job: j, row: n, tries: r.tries, d: j.delivery(n, now)})
	}
	return out
}

// step moves a row and remembers the transition for the next record.
func (j *job) step(n int, to State, at time.Time, t Transition) {
	r := &j.rows[n]
	r.state, r.next = to, t.Next
	t.Row, t.State, t.At, t.Again, t.Tries = n, to, at.UTC(), r.again, r.tries
	j.steps = append(j.steps, t)
	if to.Final() {
		j.open--
	}
}

// take decides what an attempt's outcome means.
func (w *Worker) take(o outcome) {
	w.outstanding--
	j, n := o.intent.job, o.intent.row
	r := &j.rows[n]
	now := time.Now()
	f := Classify(o.err)
	switch {
	case o.err == nil:
		if o.got.At.After(j.lastAt) {
			j.lastAt = o.got.At
		}
		j.step(n, Got, o.got.At, Transition{Provider: o.got.Provider})
	case errors.Is(o.err, errNotTried):
		r.tries--
		j.step(n, Waiting, now, Transition{})
	case f.Class == ClassPermanent:
		j.step(n, Failed, now, Transition{Code: f.Code})
	case f.Class == ClassAmbiguous && r.again:
		j.step(n, Unknown, now, Transition{Code: f.Code})
	default:
		if f.Class == ClassAmbiguous {
			r.again = true
			j.possible++
		}
		wait := retries[min(r.tries, len(retries))-1]
		if f.After > 0 {
			wait = f.After
		}
		j.step(n, Waiting, now, Transition{Code: f.Code, Next: now.Add(wait)})
	}
	if o.err != nil && !errors.Is(o.err, errNotTried) {
		w.o.Log.Warn("an attempt failed", "part", j.id, "row", n, "class", string(f.Class), "code", f.Code, "state", string(r.state), "err", o.err)
	}
	if w.o.Watch.Outcome != nil {
		class := f.Class
		if o.err == nil {
			class = ""
		}
		w.o.Watch.Outcome(w.o.Channel, r.state, class, f.Code, o.took)
	}
}

// report sums up a part whose rows are final.
func (j *job) report() Report {
	rep := Report{Incident: j.part.Incident, Update: j.part.Update, Part: j.id, Possible: j.possible, LastAt: j.lastAt.UTC()}
	if j.lastAt.IsZero() {
		rep.LastAt = time.Time{}
	}
	for n, r := range j.rows {
		if j.people[n].Address(j.part.Channel) == "" {
			continue
		}
		switch r.state {
		case Got:
			rep.Accepted++
		case Failed:
			rep.Failed++
		case Superseded:
			rep.Superseded++
		default:
			rep.Unreached++
		}
	}
	return rep
}

// delivery makes a row ready for the wire. Nothing is rendered here: slots are
// filled as bytes.
func (j *job) delivery(n int, now time.Time) Delivery {
	p, r := j.people[n], j.rows[n]
	address := p.Address(j.part.Channel)
	text := j.text(p)
	slots := map[string]string{}
	if !j.part.Promised.IsZero() && now.After(j.part.Promised) {
		slots[SlotLate] = text.Phrases[SlotLate]
	}
	d := Delivery{
		ID:       j.key.Delivery(j.part.Incident, j.part.Update, j.part.Channel, address),
		To:       address,
		Name:     p.Name,
		Language: text.Language,
		Topic:    j.part.Incident,
		Again:    r.again,
		Since:    r.first,
		Expires:  j.part.Expires,
	}
	if j.part.Channel == SMS {
		d.Text = Fill(text.SMS, slots)
		return d
	}
	d.Subject, d.Text = text.Subject, Fill(text.Text, slots)
	escaped := map[string]string{}
	for name, s := range slots {
		escaped[name] = html.EscapeString(s)
	}
	d.HTML = Fill(text.HTML, escaped)
	for _, update := range []int{j.part.First, j.part.Previous} {
		if update == 0 || update == j.part.Update {
			continue
		}
		id := j.key.Delivery(j.part.Incident, update, j.part.Channel, address)
		if len(d.Thread) == 0 || d.Thread[0] != id {
			d.Thread = append(d.Thread, id)
		}
	}
	return d
}

// text picks a person's language and zone; where that was not rendered (it
// always is), the nearest.
func (j *job) text(p Person) Text {
	best := Text{}
	for i, t := range j.texts {
		switch {
		case t.Language == p.Language && t.Zone == p.Zone:
			return t
		case i == 0, t.Language == p.Language && best.Language != p.Language:
			best = t
		}
	}
	return best
}
