package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// subjectTold is under what workers tell how they do. It is kept nowhere: what was
// missed is told again, or is over.
const subjectTold = "sitrep.v1.worker.told"

// Tell lets routers know how this process' workers do. Who does not listen misses it.
func (b *Bus) Tell(data []byte) error {
	if b.cluster == nil {
		return nil
	}
	return b.conn.Publish(subjectTold, data)
}

// Hear hands over what workers tell, one after the other, those of this process among
// them, until stop is called.
func (b *Bus) Hear(take func(data []byte)) (stop func(), err error) {
	if b.cluster == nil {
		return func() {}, nil
	}
	s, err := b.conn.Subscribe(subjectTold, func(m *nats.Msg) { take(m.Data) })
	if err != nil {
		return nil, fmt.Errorf("listen to workers: %w", err)
	}
	return func() { _ = s.Unsubscribe() }, nil
}

// startEars listens on a cluster to what other processes change, until stop is
// called, which returns when that has ended.
func (b *Bus) startEars() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { b.followSuppressions(ctx) })
	if !b.worker {
		done.Go(func() { b.keepHighest(ctx) })
	}
	return func() { cancel(); done.Wait() }
}

// followSuppressions takes in who is not to be written to any more, whoever was told
// so. What came while nobody listened comes first.
func (b *Bus) followSuppressions(ctx context.Context) {
	for ctx.Err() == nil {
		err := b.hearSuppressions(ctx)
		if ctx.Err() != nil {
			return
		}
		b.log.Debug("who is not to be written to is followed again in a second", "err", err)
		_ = rest(ctx, time.Second)
	}
}

func (b *Bus) hearSuppressions(ctx context.Context) error {
	c, err := b.js.OrderedConsumer(ctx, streamMeta, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, FilterSubjects: []string{subjectSuppressed + ">"},
	})
	if err != nil {
		return err
	}
	next, stop, err := b.arrivals(c, 100)
	if err != nil {
		return err
	}
	defer stop()
	for {
		msg, err := next(ctx)
		if err != nil {
			return err
		}
		var s suppression
		if err := json.Unmarshal(msg.Data(), &s); err != nil {
			return err
		}
		b.suppressed.mu.Lock()
		b.suppressed.all[strings.TrimPrefix(msg.Subject(), subjectSuppressed)] = s
		b.suppressed.mu.Unlock()
	}
}
