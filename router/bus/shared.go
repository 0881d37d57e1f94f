package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

// On a cluster any number of workers share the parts of a channel:
//
//	offered ──claimed in the ledger──> at work, its lease renewed ──> finished
//	   ^                                 │             │
//	   ├──────── given back by a stop ───┘             │ the lease runs out: the worker
//	   └───────────────────────────────────────────────┘ is gone, or could not renew it
//
// Of the two the lease does not tell which, and both happen: while the servers are
// away nobody can renew, and when they are back every part that is at work is offered
// anew. So whoever is offered one that another wrote the last record of asks him. He
// answers at once while he is at it; where nobody is there the server itself says so;
// and who is frozen or cut off does not answer, and is fenced by the next record.

// subjectHolds is asked whether a worker is at a part.
const subjectHolds = "sitrep.v1.worker.holds."

// holdsPatience is how long a worker may take to say that he is at a part.
const holdsPatience = 2 * time.Second

// muteFor is how long a worker that did not say is not asked again: who was frozen at
// many parts would hold up all others once for each. Who takes a part that another is
// at after all finds so in the ledger.
const muteFor = 5 * time.Second

// shared is what a queue has that others use too.
type shared struct {
	mu      sync.Mutex
	reading map[bool]jetstream.MessagesContext
	closed  bool
	answers *nats.Subscription
	mute    map[string]time.Time // workers that did not answer, until when they are not asked
}

func (s *shared) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, m := range s.reading {
		m.Stop()
	}
	s.reading = nil
	if s.answers != nil {
		_ = s.answers.Unsubscribe()
		s.answers = nil
	}
}

// workerToken is a worker's name as part of a subject.
func workerToken(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:12])
}

// share opens the consumers of a channel, and makes them where there are none.
func (q *Queue) share(ctx context.Context) error {
	q.shared.reading, q.shared.mute = map[bool]jetstream.MessagesContext{}, map[string]time.Time{}
	for _, critical := range []bool{true, false} {
		if _, err := q.consumer(ctx, critical); err != nil {
			q.Close()
			return unopened("the outbox of "+q.channel, err)
		}
	}
	return nil
}

// consumerConfig is how the parts of a channel are offered.
func consumerConfig(channel string, critical bool) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       channel + "-" + priority(critical),
		Description:   "parts for the " + channel + " worker",
		FilterSubject: subjectOutbox + channel + "." + priority(critical) + ".>",
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       lease,
		MaxAckPending: 10_000,
		MaxDeliver:    -1,
	}
}

func (q *Queue) consumer(ctx context.Context, critical bool) (c jetstream.Consumer, err error) {
	want := consumerConfig(q.channel, critical)
	err = q.bus.patiently(ctx, func() (err error) { c, err = q.bus.js.Consumer(ctx, streamOutbox, want.Durable); return err }, silent)
	if !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return c, err
	}
	if q.bus.cluster.Unmanaged {
		return nil, fmt.Errorf("%w: %s of stream %s, and nats.manage is false\nhint: sitrep nats print shows how to make it", err, want.Durable, streamOutbox)
	}
	c, err = q.bus.js.CreateConsumer(ctx, streamOutbox, want)
	if errors.Is(err, jetstream.ErrConsumerExists) { // another made it at the same moment
		c, err = q.bus.js.Consumer(ctx, streamOutbox, want.Durable)
	}
	return c, err
}

// Answer tells others which parts this worker is at, until Close.
func (q *Queue) Answer(holds func(part string) bool) error {
	b := q.bus
	if b.cluster == nil {
		return nil
	}
	s, err := b.conn.Subscribe(subjectHolds+workerToken(b.name)+"."+q.channel, func(m *nats.Msg) {
		answer := "no"
		if holds(string(m.Data)) {
			answer = "yes"
		}
		_ = m.Respond([]byte(answer))
	})
	if err != nil {
		return fmt.Errorf("listen to other workers: %w", err)
	}
	q.shared.mu.Lock()
	defer q.shared.mu.Unlock()
	q.shared.answers = s
	return nil
}

// atWork reports whether another worker is at a part.
func (q *Queue) atWork(ctx context.Context, part string) (bool, error) {
	r, err := q.bus.lastRecord(ctx, part)
	if err != nil || r == nil || r.Done != nil || r.Worker == q.bus.name {
		return false, err
	}
	q.shared.mu.Lock()
	mute := time.Now().Before(q.shared.mute[r.Worker])
	q.shared.mu.Unlock()
	if mute {
		return false, nil
	}
	began := time.Now()
	asking, cancel := context.WithTimeout(ctx, holdsPatience)
	defer cancel()
	answer, err := q.bus.conn.RequestWithContext(asking, subjectHolds+workerToken(r.Worker)+"."+q.channel, []byte(part))
	if asking.Err() != nil && ctx.Err() == nil && q.bus.connected() == nil && !q.bus.cutSince(began) { // frozen, or cut off; it may have left many parts behind
		q.shared.mu.Lock()
		q.shared.mute[r.Worker] = time.Now().Add(muteFor)
		q.shared.mu.Unlock()
	}
	return err == nil && string(answer.Data) == "yes", nil
}

// sharedNext waits for a part that nobody is at.
func (q *Queue) sharedNext(ctx context.Context, critical bool) (channels.Claim, error) {
	for {
		msgs, err := q.open(ctx, critical)
		if err != nil {
			return nil, err
		}
		msg, err := msgs.Next(jetstream.NextContext(ctx))
		if err != nil {
			if ctx.Err() == nil {
				q.reopen(critical, msgs)
			}
			return nil, err
		}
		c := claim{msg: msg}
		if err := json.Unmarshal(msg.Data(), &c.part); err != nil {
			return nil, fmt.Errorf("read part %s: %w", msg.Subject(), err)
		}
		held, err := q.atWork(ctx, c.part.ID())
		if err != nil {
			return nil, err // it is offered again when its lease has run out
		}
		if !held {
			return c, nil
		}
	}
}

// open returns what the parts come by.
func (q *Queue) open(ctx context.Context, critical bool) (jetstream.MessagesContext, error) {
	q.shared.mu.Lock()
	msgs, closed := q.shared.reading[critical], q.shared.closed
	q.shared.mu.Unlock()
	if msgs != nil || closed {
		if closed {
			return nil, context.Canceled
		}
		return msgs, nil
	}
	c, err := q.consumer(ctx, critical)
	if err != nil {
		return nil, err
	}
	msgs, err = c.Messages(jetstream.PullMaxMessages(1), jetstream.PullHeartbeat(clusterHeartbeat), jetstream.WithMessagesErrOnMissingHeartbeat(false))
	if err != nil {
		return nil, err
	}
	q.shared.mu.Lock()
	defer q.shared.mu.Unlock()
	if q.shared.closed {
		msgs.Stop()
		return nil, context.Canceled
	}
	q.shared.reading[critical] = msgs
	return msgs, nil
}

// reopen forgets what does not go on: the next look opens it anew.
func (q *Queue) reopen(critical bool, msgs jetstream.MessagesContext) {
	msgs.Stop()
	q.shared.mu.Lock()
	defer q.shared.mu.Unlock()
	if q.shared.reading[critical] == msgs {
		delete(q.shared.reading, critical)
	}
}
