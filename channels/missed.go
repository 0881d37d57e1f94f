package channels

import (
	"context"
	"slices"
)

// maxMissed bounds how far back is looked.
const maxMissed = 100

// reckon finds out, for the rows that are to be attempted now, how many updates
// their recipients missed. An update that nothing went before costs no read at
// all, and one whose last went out to everybody costs one.
//
// What may have been accepted is never reckoned anew: it says again what it
// said. What cannot be read holds up nobody, and is not said.
func (w *Worker) reckon(ctx context.Context, j *job, picked []intent) {
	if !j.part.follows() || j.misread >= claimTries ||
		!slices.ContainsFunc(picked, func(i intent) bool { return j.rows[i.row].unreckoned() }) {
		return
	}
	if err := j.reckon(ctx, newPast(w.o, j), picked); err != nil {
		j.misread++
		w.o.Log.Warn("how many updates were missed cannot be read", "part", j.id, "err", err)
	}
}

// follows reports whether something went before that its text can tell of.
func (p Part) follows() bool { return p.Previous != 0 || len(p.Covers) > 0 }

func (r *row) unreckoned() bool { return !r.absent && r.maybe == 0 && !r.known }

// reckon does all rows that are not on the wire at once: most of them have the
// same past. One of those may still change as long as the part before is at
// work; it is asked again when it is attempted.
func (j *job) reckon(ctx context.Context, p *past, picked []intent) error {
	clean, err := p.clean(ctx, j.part)
	if err != nil {
		return err
	}
	one := func(n int) error {
		r := &j.rows[n]
		if !r.unreckoned() {
			return nil
		}
		if clean {
			r.missed, r.known = 0, true
			return nil
		}
		missed, known, err := p.missed(ctx, j.part, p.mailbox(j.people[n]))
		if err == nil {
			r.missed, r.known = missed, known
		}
		return err
	}
	for _, i := range picked {
		if err := one(i.row); err != nil {
			return err
		}
	}
	for n, r := range j.rows {
		if r.state != "" && r.state != Waiting {
			continue
		}
		if err := one(n); err != nil {
			return err
		}
	}
	return nil
}

// missed walks back from a part along the messages that somebody was to get,
// until each way came to one that went out, and counts those that did not. It
// is known where none of them is still at work.
//
//	a part       its Previous
//	a combined   the Previous of each update that it covers
//
// Ways may meet again in a combined update, which counts once.
func (p *past) missed(ctx context.Context, of Part, mailbox string) (n int, known bool, err error) {
	known = true
	todo, err := p.behind(ctx, of)
	seen := map[*earlier]bool{}
	for len(todo) > 0 && n < maxMissed && err == nil {
		var e *earlier
		var row int
		e, row, err = p.message(ctx, todo[0], mailbox)
		todo = todo[1:]
		if err != nil || e == nil || seen[e] {
			continue
		}
		seen[e] = true
		unsent, final := e.unsent(row)
		known = known && final
		if unsent {
			n++
			var more []place
			more, err = p.behind(ctx, e.part)
			todo = append(todo, more...)
		}
	}
	return n, known, err
}

// behind returns the updates before a part.
func (p *past) behind(ctx context.Context, of Part) (out []place, err error) {
	if len(of.Covers) == 0 {
		if of.Previous != 0 {
			out = append(out, place{of.Incident, of.Previous, of.Chunk})
		}
		return out, nil
	}
	for _, c := range of.Covers {
		// Which update went before is the same in every chunk.
		covered, err := p.part(ctx, place{c.Incident, c.Update, 0})
		if err != nil {
			return nil, err
		}
		if covered != nil && covered.Previous != 0 {
			out = append(out, place{c.Incident, covered.Previous, 0})
		}
	}
	return out, nil
}

// message returns the part that was to bring an update to somebody, and his row
// in it; nil where he was not to get it.
func (p *past) message(ctx context.Context, at place, mailbox string) (*earlier, int, error) {
	own, err := p.read(ctx, at)
	if err != nil {
		return nil, 0, err
	}
	if row, in := own.row(mailbox); in {
		return own, row, nil
	}
	if own != nil {
		covering, err := p.covering(ctx, own)
		if err != nil {
			return nil, 0, err
		}
		for _, e := range covering {
			if row, in := e.row(mailbox); in {
				return e, row, nil
			}
		}
	}
	// The audience has changed since, and he was in another chunk then.
	for chunk := 0; ; chunk++ {
		if chunk == at.chunk {
			continue
		}
		e, err := p.read(ctx, place{at.incident, at.update, chunk})
		if err != nil || e == nil {
			return nil, 0, err
		}
		if row, in := e.row(mailbox); in {
			return e, row, nil
		}
	}
}
