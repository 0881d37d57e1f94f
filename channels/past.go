package channels

import (
	"context"
	"strings"
)

// past reads what became of the parts before one, by the same channel, each
// once. It is thrown away after use, since those that are at work change.
type past struct {
	queue   Queue
	ledger  Ledger
	library Library
	channel string

	parts   map[place]*Part           // nil: there is none
	before  map[place]*earlier        // nil: there is none
	over    map[*earlier][]*earlier   // combined ones that cover it
	records map[string][]Record       // by part
	rosters map[string]map[string]int // rows by mailbox, by hash
}

// place is where a part stands: a chunk of an update.
type place struct {
	incident      string
	update, chunk int
}

// earlier is a part before, as far as its ledger goes.
type earlier struct {
	part Part
	rows map[string]int // by mailbox
	// steps are the last ones, by row; a row without one was never tried.
	steps map[int]Transition
	// doomed says that what is not on the wire will not be tried again.
	doomed bool
}

func newPast(o WorkerOptions, j *job) *past {
	p := &past{
		queue: o.Queue, ledger: o.Ledger, library: o.Library, channel: j.part.Channel,
		parts: map[place]*Part{}, before: map[place]*earlier{}, over: map[*earlier][]*earlier{},
		records: map[string][]Record{}, rosters: map[string]map[string]int{},
	}
	p.rosters[j.part.Roster] = p.rows(j.people)
	return p
}

// mailbox is what people are known by from one update to the next. Their ids
// change with their other addresses, and a combined update knows only this one.
func (p *past) mailbox(who Person) string { return strings.ToLower(who.Address(p.channel)) }

// rows are those that the channel reaches.
func (p *past) rows(people []Person) map[string]int {
	rows := make(map[string]int, len(people))
	for n, who := range people {
		if m := p.mailbox(who); m != "" {
			rows[m] = n
		}
	}
	return rows
}

// clean reports whether the update before is finished and went out to all whom
// it was for, as one record says. Somebody who was not in this chunk of it is
// then not looked for in the others.
func (p *past) clean(ctx context.Context, of Part) (bool, error) {
	if len(of.Covers) > 0 {
		return false, nil
	}
	last := Part{Incident: of.Incident, Update: of.Previous, Chunk: of.Chunk, Channel: of.Channel}
	records, err := p.ledgerOf(ctx, last.ID())
	if err != nil || len(records) == 0 {
		return false, err
	}
	r := records[len(records)-1]
	return r.Done != nil && len(r.Unsent) == 0 && r.Absent == 0, nil
}

func (p *past) ledgerOf(ctx context.Context, part string) ([]Record, error) {
	if records, known := p.records[part]; known {
		return records, nil
	}
	records, _, err := p.ledger.Records(ctx, part)
	if err == nil {
		p.records[part] = records
	}
	return records, err
}

func (p *past) part(ctx context.Context, at place) (*Part, error) {
	if part, known := p.parts[at]; known {
		return part, nil
	}
	part, found, err := p.queue.Part(ctx, at.incident, at.update, at.chunk)
	if err != nil {
		return nil, err
	}
	if !found {
		p.parts[at] = nil
		return nil, nil
	}
	p.parts[at] = &part
	return &part, nil
}

// read returns a part with what its ledger says.
func (p *past) read(ctx context.Context, at place) (*earlier, error) {
	if e, known := p.before[at]; known {
		return e, nil
	}
	part, err := p.part(ctx, at)
	if err != nil {
		return nil, err
	}
	if part == nil {
		p.before[at] = nil
		return nil, nil
	}
	e := &earlier{part: *part, steps: map[int]Transition{}, doomed: true}
	if e.rows = p.rosters[part.Roster]; e.rows == nil {
		people, err := p.library.Roster(ctx, part.Roster)
		if err != nil {
			return nil, err
		}
		e.rows = p.rows(people)
		p.rosters[part.Roster] = e.rows
	}
	records, err := p.ledgerOf(ctx, part.ID())
	if err != nil {
		return nil, err
	}
	if n := len(records); n > 0 && records[n-1].Done != nil {
		for _, row := range e.rows {
			e.steps[row] = Transition{State: Got}
		}
		for _, row := range records[n-1].Unsent {
			e.steps[row] = Transition{State: Superseded}
		}
	} else {
		for _, r := range records {
			for _, t := range r.Steps {
				e.steps[t.Row] = t
			}
		}
		// An update has the next one of its audience after it here. A combined
		// one may still be what its people wait for.
		if len(part.Covers) > 0 {
			if e.doomed, err = p.queue.Newer(ctx, *part); err != nil {
				return nil, err
			}
		}
	}
	p.before[at] = e
	return e, nil
}

// covering returns the combined parts that say an update to those who have no
// address in its own.
func (p *past) covering(ctx context.Context, e *earlier) ([]*earlier, error) {
	if all, known := p.over[e]; known {
		return all, nil
	}
	parts, err := p.queue.Covering(ctx, e.part)
	if err != nil {
		return nil, err
	}
	all := []*earlier{}
	for _, part := range parts {
		c, err := p.read(ctx, place{part.Incident, part.Update, part.Chunk})
		if err != nil {
			return nil, err
		}
		if c != nil {
			all = append(all, c)
		}
	}
	p.over[e] = all
	return all, nil
}

func (e *earlier) row(mailbox string) (n int, in bool) {
	if e == nil {
		return 0, false
	}
	n, in = e.rows[mailbox]
	return n, in
}

// unsent reports whether a row never went out, and whether that is final.
func (e *earlier) unsent(row int) (unsent, final bool) {
	t := e.steps[row]
	switch {
	case t.Maybe > 0:
		return false, true
	case t.State == Superseded, t.State == GivenUp:
		return true, true
	case t.State == Attempting:
		return false, false
	case t.State.Final():
		return false, true
	}
	return e.doomed, false
}
