package channels

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// retries are the waits between attempts; the last one repeats.
var retries = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute}

// job is a part that this worker works on. The loop owns it.
type job struct {
	id    string
	claim Claim
	part  Part
	key   Key

	people []Person
	texts  []Text
	rows   []row
	fresh  int   // rows before it were looked at at least once
	later  later // rows that wait
	open   int   // rows that are not final

	last  uint64       // number of its last ledger record
	steps []Transition // for the next record

	held    *Record   // the store did not take it yet
	retryAt time.Time // when it is tried again
	settled bool      // its last record is stored
	checkAt time.Time // when to look for a newer update again
	lastAt  time.Time // the last acceptance
	misread int       // how often the past could not be read

	fenced atomic.Bool // another worker has it; sessions ask
}

// row is how far one delivery is; Transition says what the words mean.
type row struct {
	state  State
	absent bool // not reached by this channel: no delivery at all
	tries  int
	maybe  int
	lost   int
	sought int       // since it may have been accepted; a restart asks anew
	first  time.Time // first attempt
	// said is when the attempt was made that may have been accepted, or the
	// last one. What it said is said again: a provider's list is compared with
	// it, and a copy is to be the same message.
	said time.Time
	next time.Time
	// missed is how many updates before this one were never sent, as said. It
	// is known where nothing can change it any more.
	missed int
	known  bool
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
			r.state, r.tries, r.maybe, r.lost, r.next = t.State, t.Tries, t.Maybe, t.Lost, t.Next
			switch t.State {
			case Attempting:
				r.attempt(t.At)
				r.missed = t.Missed
			case Got:
				if t.At.After(j.lastAt) {
					j.lastAt = t.At
				}
			}
		}
	}
	for n := range j.rows {
		r := &j.rows[n]
		if j.people[n].Address(j.part.Channel) == "" {
			r.absent = true
			continue
		}
		if r.state == Attempting { // a crash: nobody knows
			r.maybe++
			r.state = Waiting
		}
		if r.state == Waiting {
			j.later.put(n, r.next)
		}
		if !r.state.Final() {
			j.open++
		}
	}
}

// attempt notes the moment of an attempt.
func (r *row) attempt(at time.Time) {
	if r.first.IsZero() {
		r.first = at
	}
	if r.maybe == 0 {
		r.said = at
	}
}

func (j *job) finished() bool { return j.open == 0 }

// pick chooses at most free rows to attempt now: everybody is tried once before
// anybody is tried again. It lowers wake to the moment of the next that waits.
func (j *job) pick(free int, now time.Time, wake *time.Duration) []intent {
	var out []intent
	for len(out) < free {
		n := j.due(now)
		if n < 0 {
			break
		}
		r := &j.rows[n]
		r.state = Attempting
		r.tries++
		r.attempt(now)
		out = append(out, intent{job: j, row: n})
	}
	if len(j.later) > 0 && len(out) < free {
		*wake = min(*wake, max(j.later[0].at.Sub(now), 0))
	}
	return out
}

// due takes out a row that may be attempted now; -1 where there is none.
func (j *job) due(now time.Time) int {
	for ; j.fresh < len(j.rows); j.fresh++ {
		if r := &j.rows[j.fresh]; r.state == "" && !r.absent {
			j.fresh++
			return j.fresh - 1
		}
	}
	for len(j.later) > 0 && !j.later[0].at.After(now) {
		if n := j.later.take(); j.rows[n].state == Waiting {
			return n
		}
	}
	return -1
}

// end ends every row that is not on the wire.
func (j *job) end(to State, now time.Time) {
	for n := range j.rows {
		if r := &j.rows[n]; !r.absent && r.state != Attempting && !r.state.Final() {
			j.step(n, to, now, Transition{})
		}
	}
}

// outcome moves a row to where an attempt brought it.
func (j *job) outcome(o outcome, f Failure, now time.Time) State {
	n := o.intent.row
	r := &j.rows[n]
	if o.err == nil {
		if !o.got.Before {
			r.maybe++
		}
		if o.got.At.After(j.lastAt) {
			j.lastAt = o.got.At
		}
		return j.step(n, Got, o.got.At, Transition{Provider: o.got.Provider})
	}
	if f.Class == ClassAmbiguous {
		r.maybe++
		r.lost++
		r.sought = 0
	}
	if f.Sought { // no try
		r.sought++
		r.tries--
		return j.step(n, Waiting, now, Transition{Next: now.Add(f.After)})
	}
	switch {
	case f.Class == ClassPermanent:
		return j.step(n, Failed, now, Transition{Code: f.Code})
	case f.Class == ClassAmbiguous && r.lost > 1:
		return j.step(n, Unknown, now, Transition{Code: f.Code})
	}
	wait := retries[min(r.tries, len(retries))-1]
	if f.After > 0 {
		wait = f.After
	}
	return j.step(n, Waiting, now, Transition{Code: f.Code, Next: now.Add(wait)})
}

// giveBack undoes an intent that was not sent.
func (j *job) giveBack(n int, now time.Time) {
	j.rows[n].tries--
	j.step(n, Waiting, now, Transition{})
}

// step moves a row and remembers the transition for the next record.
func (j *job) step(n int, to State, at time.Time, t Transition) State {
	r := &j.rows[n]
	r.state, r.next = to, t.Next
	full := j.transition(n, at)
	full.Provider, full.Code = t.Provider, t.Code
	j.steps = append(j.steps, full)
	switch {
	case to.Final():
		j.open--
	case to == Waiting:
		j.later.put(n, t.Next)
	}
	return to
}

// transition is what the ledger is to know of a row as it is.
func (j *job) transition(n int, at time.Time) Transition {
	r := &j.rows[n]
	t := Transition{Row: n, State: r.state, At: at.UTC(), Tries: r.tries, Maybe: r.maybe, Lost: r.lost, Next: r.next}
	if r.state == Attempting {
		t.Missed = r.missed
	}
	return t
}

// unsent returns the rows of a finished part that never went out, for no
// reason of their recipients', and how many the channel does not reach.
func (j *job) unsent() (rows []int, absent int) {
	for n, r := range j.rows {
		switch {
		case r.absent:
			absent++
		case r.maybe == 0 && (r.state == Superseded || r.state == GivenUp):
			rows = append(rows, n)
		}
	}
	return rows, absent
}

// report sums up a part whose rows are final.
func (j *job) report() Report {
	rep := Report{Incident: j.part.Incident, Update: j.part.Update, Part: j.id, LastAt: j.lastAt}
	if !j.lastAt.IsZero() {
		rep.LastAt = j.lastAt.UTC()
	}
	for n, r := range j.rows {
		if r.absent {
			continue
		}
		if r.state == Failed && j.part.Fallback {
			rep.Fell = append(rep.Fell, n)
		}
		rep.Possible += max(r.maybe-1, 0)
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
