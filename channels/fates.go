package channels

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// Aftermath is what is known of a part's deliveries since they were accepted: all of
// it, each time.
type Aftermath struct {
	Incident    string
	Update      int
	Part        string
	Audience    string
	Delivered   int
	Undelivered int
	Fell        []int // rows that were not delivered, and never will be
	Again       []int // rows for whom another try may succeed
}

// Archive keeps what became of accepted deliveries, durably, beside the part's own
// ledger: that one ends when every delivery was accepted or was not.
type Archive interface {
	// Afterwards returns what was told of a part, and the number of the last.
	Afterwards(ctx context.Context, part string) ([]Transition, uint64, error)
	// Afterward adds to it, after the one numbered last; ErrFenced where another
	// came in between.
	Afterward(ctx context.Context, part string, t Transition, last uint64) (uint64, error)
	// Recipient returns a part, and who is in one of its rows; ErrForgotten where it
	// is gone.
	Recipient(ctx context.Context, part string, row int) (Part, Person, error)
	// Recent hands over what parts' ledgers say of rows since a moment, and what was
	// told of them later: both in order.
	Recent(ctx context.Context, since time.Time, take func(part string, later bool, t Transition)) error
}

// ErrForgotten says that a part is not known any more.
var ErrForgotten = errors.New("the part is not known any more")

// ErrForged says that a reference is not ours.
var ErrForged = errors.New("the reference is not ours")

// FatesOptions are what Fates need.
type FatesOptions struct {
	Key     Key
	Archive Archive
	// Tell reports what is known of a part; telling twice is harmless.
	Tell func(ctx context.Context, a Aftermath) error
	// Suppress is told who is not to be written to any more, and why; may be nil.
	Suppress func(ctx context.Context, channel, address, code string) error
	// Ask asks a provider for what became of a message that it took, by channel; a
	// channel without one is not asked.
	Ask map[string]func(ctx context.Context, provider string) (Fate, error)
	// Suppresses reports whether a code means that the recipient can never be
	// reached by a channel.
	Suppresses func(channel, code string) bool
	Log        *slog.Logger
	Watch      func(channel string, state State, code string) // may be nil
}

// Fates takes what providers tell of deliveries after they took them, in whatever
// order and however often they tell it:
//
//	(nothing) ──> failed ──> delivered
//	     └──────────────────────^
//
// What is known is durable before Take returns. What nobody tells is asked for.
type Fates struct {
	o FatesOptions

	mu    sync.Mutex // held while the archive is waited for
	parts map[string]*after
	ripe  map[string]bool // parts of which more is known than was told
	wake  chan struct{}

	asking sync.Mutex
	asks   map[string]ask // by reference
}

// after is what is known of a part.
type after struct {
	part Part
	last uint64
	rows map[int]Transition
}

const (
	// fateMemory is how long after it was accepted something is told of a delivery.
	fateMemory = 24 * time.Hour
	// fatePause is how long what was told is gathered before it is reported; one
	// that did not arrive is reported at once.
	fatePause = 10 * time.Second
	// manyParts is of how many parts it is remembered what is known.
	manyParts = 500
)

// NewFates returns Fates; Run runs them.
func NewFates(o FatesOptions) *Fates {
	return &Fates{o: o, parts: map[string]*after{}, ripe: map[string]bool{}, asks: map[string]ask{}, wake: make(chan struct{}, 1)}
}

// Take takes in what was told of a delivery. ErrForged is for whoever made up the
// reference; any other error means that it is to be told again.
func (f *Fates) Take(ctx context.Context, fate Fate) error {
	part, row, ok := f.o.Key.Resolve(fate.Ref)
	if !ok {
		return ErrForged
	}
	if fate.State != Delivered && fate.State != Failed {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		known, err := f.known(ctx, part)
		if errors.Is(err, ErrForgotten) {
			return nil
		}
		if err != nil {
			return err
		}
		if was := known.rows[row].State; was == Delivered || was == fate.State {
			f.heard(fate.Ref)
			return nil
		}
		t := Transition{Row: row, State: fate.State, At: fate.At.UTC(), Code: fate.Code, Again: fate.State == Failed && fate.Again}
		seq, err := f.o.Archive.Afterward(ctx, part, t, known.last)
		if errors.Is(err, ErrFenced) {
			delete(f.parts, part)
			continue
		}
		if err != nil {
			return err
		}
		f.heard(fate.Ref)
		known.last, known.rows[row] = seq, t
		f.ripe[part] = true
		if fate.State == Failed {
			f.rouse()
			f.suppress(ctx, known.part, part, row, fate.Code)
		}
		if f.o.Watch != nil {
			f.o.Watch(known.part.Channel, fate.State, fate.Code)
		}
		return nil
	}
}

// suppress has somebody not written to any more whom the channel does not reach.
func (f *Fates) suppress(ctx context.Context, p Part, part string, row int, code string) {
	if f.o.Suppress == nil || f.o.Suppresses == nil || !f.o.Suppresses(p.Channel, code) {
		return
	}
	_, who, err := f.o.Archive.Recipient(ctx, part, row)
	if err == nil && who.Address(p.Channel) != "" {
		err = f.o.Suppress(ctx, p.Channel, who.Address(p.Channel), code)
	}
	if err != nil {
		f.o.Log.Warn("a recipient who is not reached could not be suppressed", "part", part, "row", row, "err", err)
	}
}

// known returns what is known of a part. The lock is held.
func (f *Fates) known(ctx context.Context, part string) (*after, error) {
	if a := f.parts[part]; a != nil {
		return a, nil
	}
	p, _, err := f.o.Archive.Recipient(ctx, part, 0)
	if err != nil {
		return nil, err
	}
	steps, last, err := f.o.Archive.Afterwards(ctx, part)
	if err != nil {
		return nil, err
	}
	a := &after{part: p, last: last, rows: map[int]Transition{}}
	for _, t := range steps {
		a.rows[t.Row] = t
	}
	if len(f.parts) >= manyParts {
		for id := range f.parts {
			if !f.ripe[id] {
				delete(f.parts, id)
				break
			}
		}
	}
	f.parts[part] = a
	return a, nil
}

func (f *Fates) rouse() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Run reports and asks until ctx ends.
func (f *Fates) Run(ctx context.Context) {
	for f.resume(ctx) != nil && ctx.Err() == nil {
		pause(ctx, fatePause)
	}
	// A provider that does not answer is not to hold up what another tells.
	var asking sync.WaitGroup
	defer asking.Wait()
	asking.Go(func() { every(ctx, nil, f.ask) })
	every(ctx, f.wake, f.tell)
}

// every does something now and then, and when it is woken, until ctx ends.
func every(ctx context.Context, wake <-chan struct{}, do func(context.Context)) {
	ticker := time.NewTicker(fatePause)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-wake:
		}
		do(ctx)
	}
}

// resume finds out what was accepted of which nothing was told yet, and tells once
// more what was told of the last day.
func (f *Fates) resume(ctx context.Context) error {
	now := time.Now()
	found := map[string]ask{}
	ripe := map[string]bool{}
	err := f.o.Archive.Recent(ctx, now.Add(-fateMemory), func(part string, later bool, t Transition) {
		ref := f.o.Key.Ref(part, t.Row)
		channel := channelOf(part)
		switch {
		case later:
			ripe[part] = true
			delete(found, ref)
		case t.State == Got && t.Provider != "" && f.o.Ask[channel] != nil:
			a := ask{channel: channel, provider: t.Provider, next: t.At.Add(patience[0])}
			for a.next.Before(now) && a.n < len(patience)-1 {
				a.n++
				a.next = a.next.Add(patience[a.n])
			}
			found[ref] = a
		}
	})
	if err != nil {
		if ctx.Err() == nil {
			f.o.Log.Error("what became of deliveries cannot be read yet", "err", err)
		}
		return err
	}
	f.asking.Lock()
	for ref, a := range found {
		if _, known := f.asks[ref]; !known {
			f.asks[ref] = a
		}
	}
	f.asking.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.Copy(f.ripe, ripe)
	return nil
}

// tell reports what is known of the parts of which more is known than was told.
func (f *Fates) tell(ctx context.Context) {
	f.mu.Lock()
	ripe := slices.Sorted(maps.Keys(f.ripe))
	f.mu.Unlock()
	for _, part := range ripe {
		f.mu.Lock()
		known, err := f.known(ctx, part)
		var a Aftermath
		if err == nil {
			a = known.sum(part)
			delete(f.ripe, part)
		}
		f.mu.Unlock()
		if err == nil && !known.part.Team {
			err = f.o.Tell(ctx, a)
		}
		if err != nil {
			if ctx.Err() == nil {
				f.o.Log.Error("what became of deliveries could not be reported yet", "part", part, "err", err)
			}
			f.mu.Lock()
			f.ripe[part] = true
			f.mu.Unlock()
			return
		}
	}
}

func (a *after) sum(part string) Aftermath {
	out := Aftermath{Incident: a.part.Incident, Update: a.part.Update, Part: part, Audience: a.part.Audience}
	for _, row := range slices.Sorted(maps.Keys(a.rows)) {
		switch t := a.rows[row]; {
		case t.State == Delivered:
			out.Delivered++
		case t.Again:
			out.Undelivered++
			out.Again = append(out.Again, row)
		default:
			out.Undelivered++
			out.Fell = append(out.Fell, row)
		}
	}
	return out
}
