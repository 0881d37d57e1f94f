package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

// lease is how long a claimed part is not offered to others unless renewed.
const lease = 30 * time.Second

func priority(critical bool) string {
	if critical {
		return "critical"
	}
	return "normal"
}

func outboxSubject(p channels.Part) string {
	return fmt.Sprintf("%s%s.%s.%s.%s.%d.%d", subjectOutbox, p.Channel, priority(p.Critical), p.Incident, p.Audience, p.Update, p.Chunk)
}

// PutPart stores a part of an update. Storing it again changes nothing.
func (b *Bus) PutPart(ctx context.Context, p channels.Part) error {
	data, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode part %s: %w", p.ID(), err)
	}
	_, err = b.publish(ctx, outboxSubject(p), data, jetstream.WithExpectLastSequencePerSubject(0))
	if err != nil && !outOfTurn(err) {
		return fmt.Errorf("store part %s: %w", p.ID(), err)
	}
	return nil
}

// Queue offers the parts of one channel to a worker in this process.
type Queue struct {
	bus      *Bus
	channel  string
	messages map[bool]jetstream.MessagesContext // by critical
}

// Queue opens the outbox of a channel. What an earlier run on this store had
// leased is offered again at once: nobody else can be working on it.
func (b *Bus) Queue(ctx context.Context, channel string) (*Queue, error) {
	q := &Queue{bus: b, channel: channel, messages: map[bool]jetstream.MessagesContext{}}
	for _, critical := range []bool{true, false} {
		c, err := b.retake(ctx, channel, critical)
		if err == nil {
			q.messages[critical], err = c.Messages(jetstream.PullMaxMessages(1))
		}
		if err != nil {
			q.Close()
			return nil, fmt.Errorf("open the outbox of %s: %w", channel, err)
		}
	}
	return q, nil
}

// Close ends the offers.
func (q *Queue) Close() {
	for _, m := range q.messages {
		m.Stop()
	}
}

// retake makes the consumer anew from the first part that was not acknowledged.
// An acknowledgement that a kill lost offers a part again that is finished; the
// ledger says so.
func (b *Bus) retake(ctx context.Context, channel string, critical bool) (jetstream.Consumer, error) {
	name := channel + "-" + priority(critical)
	from := uint64(1)
	old, err := b.js.Consumer(ctx, streamOutbox, name)
	switch {
	case err == nil:
		from = old.CachedInfo().AckFloor.Stream + 1
		if err := b.js.DeleteConsumer(ctx, streamOutbox, name); err != nil {
			return nil, err
		}
	case !errors.Is(err, jetstream.ErrConsumerNotFound):
		return nil, err
	}
	return b.js.CreateConsumer(ctx, streamOutbox, jetstream.ConsumerConfig{
		Durable:       name,
		Description:   "parts for the " + channel + " worker",
		FilterSubject: subjectOutbox + channel + "." + priority(critical) + ".>",
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   from,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       lease,
		MaxAckPending: 10_000,
		MaxDeliver:    -1,
	})
}

// Next waits for a part.
func (q *Queue) Next(ctx context.Context, critical bool) (channels.Claim, error) {
	msg, err := q.messages[critical].Next(jetstream.NextContext(ctx))
	if err != nil {
		return nil, err
	}
	c := claim{msg: msg}
	if err := json.Unmarshal(msg.Data(), &c.part); err != nil {
		return nil, fmt.Errorf("read part %s: %w", msg.Subject(), err)
	}
	return c, nil
}

// Newer reports whether the audience was sent a newer update of the incident by
// the same channel, at whatever priority.
func (q *Queue) Newer(ctx context.Context, p channels.Part) (bool, error) {
	subject := fmt.Sprintf("%s%s.*.%s.%s.>", subjectOutbox, p.Channel, p.Incident, p.Audience)
	msg, err := q.bus.streams[streamOutbox].GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	var last channels.Part
	if err == nil {
		err = json.Unmarshal(msg.Data, &last)
	}
	if err != nil {
		return false, fmt.Errorf("look for updates newer than %s: %w", p.ID(), err)
	}
	return last.Update > p.Update, nil
}

type claim struct {
	msg  jetstream.Msg
	part channels.Part
}

func (c claim) Part() channels.Part { return c.part }
func (c claim) Renew() error        { return c.msg.InProgress() }
func (c claim) Finish() error       { return c.msg.Ack() }
