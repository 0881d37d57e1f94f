package channels

import (
	"context"
	"time"
)

// corrects leaves out whom the update that a part takes back never reached, where he
// is told something newer: he needs neither. Who waited for that update gets this one
// in its place, and who may yet get it, since it is on the wire, is looked at again.
func (w *Worker) corrects(ctx context.Context, j *job, picked []intent, now time.Time) []intent {
	if j.part.Corrects == 0 || len(picked) == 0 {
		return picked
	}
	p := newPast(w.o, j)
	newer, err := w.o.Queue.Beyond(ctx, j.part, j.part.Corrects)
	if err != nil {
		w.o.Log.Warn("whether anything newer was sent cannot be read yet", "part", j.id, "err", err)
	}
	at := place{j.part.Incident, j.part.Corrects, j.part.Chunk}
	var out []intent
	for _, i := range picked {
		r := &j.rows[i.row]
		if r.maybe > 0 { // decided before
			out = append(out, i)
			continue
		}
		unsent, final := true, true
		var own *Part
		if err == nil {
			own, err = p.part(ctx, at)
		}
		if err == nil && own == nil { // it is too long ago: he may have got it
			unsent = false
		} else if err == nil {
			var e *earlier
			var row int
			if e, row, err = p.message(ctx, at, p.mailbox(j.people[i.row])); err == nil && e != nil {
				unsent, final = e.unsent(row)
			}
		}
		switch {
		case err != nil:
			w.o.Log.Warn("who got what is to be corrected cannot be read yet", "part", j.id, "err", err)
			w.later(j, i.row, now)
		case final && (!unsent || !newer):
			out = append(out, i)
		case final:
			r.tries--
			j.step(i.row, Superseded, now, Transition{})
			w.purse.spend(j.part.Incident, -1)
		default:
			w.later(j, i.row, now)
		}
	}
	return out
}

// later puts back a row that was chosen too early. The ledger need not know.
func (w *Worker) later(j *job, row int, now time.Time) {
	r := &j.rows[row]
	r.tries--
	r.state = Waiting
	j.later.put(row, now.Add(checkPause))
	w.purse.spend(j.part.Incident, -1)
}
