package bus_test

import (
	"context"
	"errors"
	"sync/atomic"

	"sitrep/channels"
)

// mortal stands between a worker and the world, and kills it: at a step that
// was chosen, before or after that is done, and nothing is done from then on.
// What is on the wire at that moment goes on.
type mortal struct {
	dead  atomic.Bool
	until atomic.Int64 // steps to live; negative: for ever
	after bool         // the last step is done, and the answer to it lost

	ledger   channels.Ledger
	library  channels.Library
	receipts channels.Receipts
	queue    channels.Queue
	sender   channels.Sender
}

var errDead = errors.New("the worker is dead")

// put makes a worker mortal. With steps of -1 only kill ends it.
func (m *mortal) put(steps int, after bool) func(*channels.WorkerOptions) {
	m.until.Store(int64(steps))
	m.after = after
	return func(o *channels.WorkerOptions) {
		m.ledger, m.library, m.receipts, m.queue, m.sender = o.Ledger, o.Library, o.Receipts, o.Queue, o.Sender
		o.Ledger, o.Library, o.Receipts, o.Queue, o.Sender = m, m, m, m, m
	}
}

// step does one thing that others can see.
func (m *mortal) step(do func() error) error {
	if m.dead.Load() {
		return errDead
	}
	if m.until.Add(-1) == 0 {
		if m.after {
			do()
		}
		m.dead.Store(true)
		return errDead
	}
	err := do()
	if m.dead.Load() {
		return errDead // it happened, and the dead do not learn of it
	}
	return err
}

func (m *mortal) Record(ctx context.Context, part string, r channels.Record, last uint64) (seq uint64, err error) {
	err = m.step(func() (err error) { seq, err = m.ledger.Record(ctx, part, r, last); return err })
	return seq, err
}

func (m *mortal) Records(ctx context.Context, part string) (all []channels.Record, last uint64, err error) {
	if m.dead.Load() {
		return nil, 0, errDead
	}
	return m.ledger.Records(ctx, part)
}

func (m *mortal) Roster(ctx context.Context, hash string) ([]channels.Person, error) {
	return m.library.Roster(ctx, hash)
}

func (m *mortal) Texts(ctx context.Context, hash string) ([]channels.Text, error) {
	return m.library.Texts(ctx, hash)
}

func (m *mortal) Report(ctx context.Context, r channels.Report) error {
	return m.step(func() error { return m.receipts.Report(ctx, r) })
}

func (m *mortal) Beyond(ctx context.Context, p channels.Part, update int) (bool, error) {
	return m.queue.Beyond(ctx, p, update)
}

func (m *mortal) Withdrawn() <-chan struct{} { return m.queue.Withdrawn() }

func (m *mortal) Newer(ctx context.Context, p channels.Part) (bool, error) {
	if m.dead.Load() {
		return false, errDead
	}
	return m.queue.Newer(ctx, p)
}

func (m *mortal) Part(ctx context.Context, incident string, update, chunk int) (channels.Part, bool, error) {
	if m.dead.Load() {
		return channels.Part{}, false, errDead
	}
	return m.queue.Part(ctx, incident, update, chunk)
}

func (m *mortal) Covering(ctx context.Context, p channels.Part) ([]channels.Part, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return m.queue.Covering(ctx, p)
}

func (m *mortal) Next(ctx context.Context, critical bool) (channels.Claim, error) {
	if m.dead.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c, err := m.queue.Next(ctx, critical)
	if err != nil {
		return nil, err
	}
	return mortalClaim{m, c}, nil
}

type mortalClaim struct {
	m *mortal
	channels.Claim
}

func (c mortalClaim) Renew() error {
	if c.m.dead.Load() {
		return errDead
	}
	return c.Claim.Renew()
}

func (c mortalClaim) Finish() error { return c.m.step(c.Claim.Finish) }

func (c mortalClaim) Release() error {
	if c.m.dead.Load() {
		return errDead
	}
	return c.Claim.Release()
}

func (m *mortal) Send(ctx context.Context, d channels.Delivery) (got channels.Accepted, err error) {
	// A kill before it is one of a durable intent that never touched the wire.
	err = m.step(func() (err error) { got, err = m.sender.Send(ctx, d); return err })
	return got, err
}
