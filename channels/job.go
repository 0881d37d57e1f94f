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
	// unsubscribe is the address under which people take themselves off a list, up
	// to who it is; empty: it is not offered.
	unsubscribe string
	// links is the address that a team's links begin with; empty: it has none.
	links string

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
	left   bool      // he took himself off the list
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
			r.left = t.State == Failed && t.Code == Unsubscribed
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
		if r.absent = r.state == "" && j.people[n].Address(j.part.Channel) == ""; r.absent {
			continue
		}
		if r.state == Attempting { // a crash: nobody knows
			r.maybe++
			r.state = Waiting
		}
		if r.state == Waiting && j.people[n].Address(j.part.Channel) == "" { // he was erased meanwhile
			j.open++
			j.step(n, Failed, time.Now(), Transition{Code: "erased"})
			continue
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
// anybody is tried again. No more than room of them cost something; what is only to
// be looked for, since it may have been accepted, was paid for. It lowers wake to
// the moment of the next that waits.
func (j *job) pick(free, room int, now time.Time, wake *time.Duration) []intent {
	var out []intent
	for len(out) < free {
		n := j.due(now, room > 0)
		if n < 0 {
			break
		}
		if j.rows[n].maybe == 0 {
			room--
		}
		r := &j.rows[n]
		r.state = Attempting
		r.tries++
		r.attempt(now)
		out = append(out, intent{job: j, row: n})
	}
	switch {
	case len(j.later) == 0, len(out) == free:
	case room > 0:
		*wake = min(*wake, max(j.later[0].at.Sub(now), 0))
	default: // some of them have waited long enough already
		*wake = min(*wake, max(j.later[0].at.Sub(now), pursePause))
	}
	return out
}

// due takes out a row that may be attempted now, if it may cost something; -1 where
// there is none.
func (j *job) due(now time.Time, paid bool) int {
	for ; paid && j.fresh < len(j.rows); j.fresh++ {
		if r := &j.rows[j.fresh]; r.state == "" && !r.absent {
			j.fresh++
			return j.fresh - 1
		}
	}
	found := -1
	var dear []waiting
	for found < 0 && len(j.later) > 0 && !j.later[0].at.After(now) {
		w := j.later[0]
		j.later.take()
		switch r := j.rows[w.row]; {
		case r.state != Waiting:
		case paid || r.maybe > 0:
			found = w.row
		default:
			dear = append(dear, w)
		}
	}
	for _, w := range dear {
		j.later.put(w.row, w.at)
	}
	return found
}

// end ends every row that is not on the wire. Of what may have been accepted
// nobody can say that it was not sent.
func (j *job) end(to State, now time.Time) {
	for n := range j.rows {
		r := &j.rows[n]
		switch {
		case r.absent || r.state == Attempting || r.state.Final():
		case r.maybe > 0:
			j.step(n, Unknown, now, Transition{})
		default:
			j.step(n, to, now, Transition{})
		}
	}
}

// outcome moves a row to where an attempt brought it.
func (j *job) outcome(o outcome, f Failure, l *line, now time.Time) State {
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
	switch {
	case f.Class == ClassDown:
		wait = l.limit(wait, now)
	case f.After > 0:
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
		case r.state == Superseded || r.state == GivenUp:
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
		if r.state == Failed && !r.left && j.part.Fallback {
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
