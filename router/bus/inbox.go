package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
	"sitrep/router/incident"
)

// maxMessage is how large a message may grow by what is put together in it:
// well under half of the server's limit of 1 MiB.
const maxMessage = 256 << 10

// MaxInput is how large one input may be, encoded.
const MaxInput = 200 << 10

// ErrFull says that the store did not take an input in time, or that too many
// wait for it. The sender should come again.
var ErrFull = errors.New("the store does not take anything now")

// inbox stores inputs: whatever comes in while one message is being written
// goes into the next one, together. The server writes one message a flush, so
// this is what makes many callers cheap.
type inbox struct {
	publish func(ctx context.Context, subject string, data []byte, opts ...jetstream.PublishOpt) (uint64, error)

	mu      sync.Mutex
	waiting []entry
	closed  bool

	wake chan struct{}
	done chan struct{}
}

type entry struct {
	data   []byte
	caller context.Context // whoever left was told so, and comes again
	stored chan<- error
}

// maxWaiting bounds the callers that wait for a write.
const maxWaiting = 20_000

func newInbox(publish func(context.Context, string, []byte, ...jetstream.PublishOpt) (uint64, error)) *inbox {
	i := &inbox{publish: publish, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go i.run()
	return i
}

// Put stores inputs durably, all of them or, with an error, perhaps some: they
// may come again. It returns ErrFull where that took more than five seconds.
func (b *Bus) Put(ctx context.Context, inputs ...incident.Input) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	stored := make(chan error, len(inputs))
	entries := make([]entry, len(inputs))
	for n, in := range inputs {
		data, written := in.AppendJSON(nil)
		var err error
		if !written {
			data, err = json.Marshal(in)
		}
		if err != nil {
			return fmt.Errorf("encode an input: %w", err)
		}
		if len(data) > MaxInput {
			return fmt.Errorf("an input of %d bytes is larger than the %d that can be stored", len(data), MaxInput)
		}
		entries[n] = entry{data, ctx, stored}
	}
	if err := b.inbox.add(entries); err != nil {
		return err
	}
	for range inputs {
		select {
		case err := <-stored:
			if err != nil {
				return errors.Join(ErrFull, err)
			}
		case <-ctx.Done():
			return errors.Join(ErrFull, ctx.Err())
		}
	}
	return nil
}

// Aftermath stores what became of a part's deliveries later as an input.
func (b *Bus) Aftermath(ctx context.Context, a channels.Aftermath) error {
	in := incident.Aftermath(a)
	return b.Put(ctx, incident.Input{At: time.Now().UTC(), Aftermath: &in})
}

// Report stores a worker's report as an input.
func (b *Bus) Report(ctx context.Context, r channels.Report) error {
	return b.Put(ctx, incident.Input{At: time.Now().UTC(), Receipt: &incident.Receipt{
		Incident: r.Incident,
		Delivered: incident.Delivered{
			Update: r.Update, Part: r.Part, Accepted: r.Accepted, Failed: r.Failed,
			Unreached: r.Unreached, Superseded: r.Superseded, Possible: r.Possible, LastAt: r.LastAt,
			Fell: r.Fell, Partial: r.Partial,
		},
	}})
}

func (i *inbox) add(entries []entry) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed || len(i.waiting)+len(entries) > maxWaiting {
		return ErrFull
	}
	i.waiting = append(i.waiting, entries...)
	i.rouse()
	return nil
}

// rouse has the writer look at what waits.
func (i *inbox) rouse() {
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// take returns what goes into the next message.
func (i *inbox) take() (batch []entry, closed bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	size, n := 0, 0
	for ; n < len(i.waiting); n++ {
		e := i.waiting[n]
		if e.caller.Err() != nil {
			continue
		}
		if len(batch) > 0 && size+len(e.data) >= maxMessage {
			break
		}
		size += len(e.data) + 1
		batch = append(batch, e)
	}
	clear(i.waiting[:n])
	i.waiting = i.waiting[n:]
	return batch, i.closed
}

func (i *inbox) run() {
	defer close(i.done)
	for range i.wake {
		for {
			batch, closed := i.take()
			if len(batch) == 0 {
				if closed {
					return
				}
				break
			}
			err := i.store(batch)
			for _, e := range batch {
				e.stored <- err
			}
		}
	}
}

func (i *inbox) store(batch []entry) error {
	data := []byte{'['}
	for n, e := range batch {
		if n > 0 {
			data = append(data, ',')
		}
		data = append(data, e.data...)
	}
	data = append(data, ']')
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	if _, err := i.publish(ctx, subjectInbox, data); err != nil {
		return fmt.Errorf("store %d inputs: %w", len(batch), err)
	}
	return nil
}

func (i *inbox) close() {
	i.mu.Lock()
	i.closed = true
	i.mu.Unlock()
	i.rouse()
	<-i.done
}

// Inputs hands the stored inputs after a sequence to take, message by message
// and in order, until ctx ends. Last reports that nothing more is stored now;
// where that is so from the start, take is told at once, without inputs.
func (b *Bus) Inputs(ctx context.Context, after uint64, take func(seq uint64, inputs []incident.Input, last bool) error) error {
	state, err := b.info(ctx, streamInbox)
	if err != nil {
		return err
	}
	switch {
	case state.LastSeq <= after:
		if err := take(after, nil, true); err != nil {
			return err
		}
	case state.FirstSeq > after+1:
		return damaged(fmt.Sprintf("inbox messages %d to %d are missing", after+1, state.FirstSeq-1))
	}
	// The engine says nothing of a message that it cannot read: none comes. So
	// while some are known to be there, waiting has an end.
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	stalled := time.AfterFunc(readTimeout, cancel)
	defer stalled.Stop()
	behind := state.LastSeq > after
	if !behind {
		stalled.Stop()
	}
	next := after + 1
	err = b.read(reading, streamInbox, next, func(seq uint64, data []byte, pending uint64) error {
		stalled.Stop()
		if seq != next {
			return damaged(fmt.Sprintf("inbox messages %d to %d are missing", next, seq-1))
		}
		inputs, err := incident.ReadInputs(data)
		if err != nil {
			return damaged(fmt.Sprintf("inbox message %d cannot be read: %v", seq, err))
		}
		if err := take(seq, inputs, pending == 0 && (seq >= state.LastSeq || b.cluster == nil)); err != nil {
			return err
		}
		next = seq + 1
		if behind = behind && pending > 0; behind {
			stalled.Reset(readTimeout)
		}
		return nil
	})
	if reading.Err() != nil && ctx.Err() == nil {
		if err := b.absent(ctx, streamInbox, next); err != nil {
			return fmt.Errorf("read inbox message %d: %w", next, err)
		}
		return damaged(fmt.Sprintf("inbox message %d cannot be read", next))
	}
	return err
}

// damaged is an error of the store that trying again does not mend.
type damaged string

func (d damaged) Error() string {
	return string(d) + "\nhint: the store is damaged; restore the store from a backup"
}

// Final says that trying again is of no use.
func (damaged) Final() bool { return true }

// read follows a stream in order from a sequence until ctx ends or take fails.
func (b *Bus) read(ctx context.Context, stream string, from uint64, take func(seq uint64, data []byte, pending uint64) error) error {
	c, err := b.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   max(from, 1),
	})
	if err != nil {
		return fmt.Errorf("read stream %s: %w", stream, err)
	}
	next, stop, err := b.arrivals(c, 500)
	if err != nil {
		return fmt.Errorf("read stream %s: %w", stream, err)
	}
	defer stop()
	for {
		msg, err := next(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("read stream %s: %w", stream, err)
		}
		meta, err := msg.Metadata()
		if err != nil {
			return fmt.Errorf("read stream %s: %w", stream, err)
		}
		if err := take(meta.Sequence.Stream, msg.Data(), meta.NumPending); err != nil {
			return err
		}
	}
}
