package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
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

// whom is the token of who gets an update: board, @communication for a team,
// +board or +@communication for a combined one; ~ stands before one that goes by
// another way, and ! before one that takes back another. No audience's name begins like that, so that none takes the place
// of another.
func whom(audience string, team, combined bool) string {
	if team {
		audience = "@" + audience
	}
	if combined {
		audience = "+" + audience
	}
	return audience
}

func outboxSubject(p channels.Part) string {
	who := whom(p.Audience, p.Team, len(p.Covers) > 0)
	switch {
	case p.For > 0:
		who = "~" + who
	case p.Corrects > 0:
		who = "!" + who
	}
	return fmt.Sprintf("%s%s.%s.%s.%s.%d.%d", subjectOutbox, p.Channel, priority(p.Critical), p.Incident, who, p.Update, p.Chunk)
}

// coveredSubject begins the subjects of the combined parts that cover an update.
// No channel is called so, and no consumer asks for it.
func coveredSubject(channel string, c channels.Cover, team bool) string {
	return fmt.Sprintf("%scovered.%s.%s.%s.%d.", subjectOutbox, channel, c.Incident, whom(c.Audience, team, false), c.Update)
}

// PutPart stores a part of an update. Storing it again changes nothing. A
// combined one is found by what it covers as soon as it is offered.
func (b *Bus) PutPart(ctx context.Context, p channels.Part) error {
	data, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode part %s: %w", p.ID(), err)
	}
	var subjects []string
	for _, c := range p.Covers {
		subjects = append(subjects, fmt.Sprintf("%s%s.%d.%d", coveredSubject(p.Channel, c, p.Team), p.Incident, p.Update, p.Chunk))
	}
	for _, subject := range append(subjects, outboxSubject(p)) {
		_, err = b.publish(ctx, subject, data, jetstream.WithExpectLastSequencePerSubject(0))
		if err != nil && !outOfTurn(err) {
			return fmt.Errorf("store part %s: %w", p.ID(), err)
		}
	}
	return nil
}

// heartbeat is how often the embedded server says that it has no part.
const heartbeat = 5 * time.Second

// Queue offers the parts of one channel to a worker in this process.
type Queue struct {
	bus      *Bus
	channel  string
	messages map[bool]jetstream.MessagesContext // by critical

	withdrawn chan struct{}
	shared    shared
}

// Queue opens the outbox of a channel. What an earlier run on this store had
// leased is offered again at once: nobody else can be working on it.
func (b *Bus) Queue(ctx context.Context, channel string) (*Queue, error) {
	q := &Queue{bus: b, channel: channel, messages: map[bool]jetstream.MessagesContext{}, withdrawn: b.withdrawals.listen()}
	if b.cluster != nil {
		return q, q.share(ctx)
	}
	for _, critical := range []bool{true, false} {
		c, err := b.retake(ctx, channel, critical)
		if err == nil {
			q.messages[critical], err = c.Messages(jetstream.PullMaxMessages(1), jetstream.PullHeartbeat(b.beats),
				jetstream.WithMessagesErrOnMissingHeartbeat(false))
		}
		if err != nil {
			q.Close()
			return nil, unopened("the outbox of "+channel, err)
		}
	}
	return q, nil
}

// Close ends the offers.
func (q *Queue) Close() {
	q.shared.close()
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
		// Where the consumer's own file is damaged it may say anything.
		from = min(old.CachedInfo().AckFloor.Stream+1, b.unfinished)
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
	if q.bus.cluster != nil {
		return q.sharedNext(ctx, critical)
	}
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

// Newer reports whether the audience or team was sent a newer update of the
// incident by the same channel, at whatever priority; of a combined part,
// whether each update that it covers has one. Another combined one is none: it
// goes to some of the audience, and what it covers is stored as well. So is what was
// withdrawn: nobody is to get it any more.
func (q *Queue) Newer(ctx context.Context, p channels.Part) (bool, error) {
	if taken, err := q.taken(ctx, p); taken || err != nil {
		return taken, err
	}
	if p.Corrects > 0 {
		return false, nil
	}
	if len(p.Covers) == 0 { // nobody is to get any more what is taken back
		takes, err := q.takesBack(ctx, p)
		if takes || err != nil {
			return takes, err
		}
	}
	if p.For > 0 { // by whatever channel: this one takes the place of another
		return q.Beyond(ctx, p, p.For)
	}
	covers := p.Covers
	if len(covers) == 0 {
		covers = []channels.Cover{{Incident: p.Incident, Audience: p.Audience, Update: p.Update}}
	}
	for _, c := range covers {
		last, found, err := q.last(ctx, fmt.Sprintf("*.%s.%s.>", c.Incident, whom(c.Audience, p.Team, false)))
		if err != nil {
			return false, fmt.Errorf("look for updates newer than %s: %w", p.ID(), err)
		}
		if !found || last.Update <= c.Update {
			return false, nil
		}
	}
	return true, nil
}

// Beyond reports whether a part's audience was sent anything newer than an update, by
// whatever channel.
func (q *Queue) Beyond(ctx context.Context, p channels.Part, update int) (bool, error) {
	for _, channel := range []string{channels.Email, channels.SMS} {
		of := &Queue{bus: q.bus, channel: channel}
		last, found, err := of.last(ctx, fmt.Sprintf("*.%s.%s.>", p.Incident, whom(p.Audience, p.Team, false)))
		if err != nil {
			return false, fmt.Errorf("look for updates newer than %s: %w", p.ID(), err)
		}
		if found && last.Update > update {
			return true, nil
		}
	}
	return false, nil
}

// takesBack reports whether the newest correction for an audience takes back a part's
// update.
func (q *Queue) takesBack(ctx context.Context, p channels.Part) (bool, error) {
	last, found, err := q.last(ctx, fmt.Sprintf("*.%s.!%s.>", p.Incident, whom(p.Audience, p.Team, false)))
	if err != nil {
		return false, fmt.Errorf("look for a correction of %s: %w", p.ID(), err)
	}
	return found && (last.Corrects == p.Update || p.For > 0 && last.Corrects == p.For), nil
}

// Part returns a stored part.
func (q *Queue) Part(ctx context.Context, incident string, update, chunk int) (channels.Part, bool, error) {
	p, found, err := q.last(ctx, fmt.Sprintf("*.%s.*.%d.%d", incident, update, chunk))
	if err != nil {
		err = fmt.Errorf("read chunk %d of update %d of %s: %w", chunk, update, incident, err)
	}
	return p, found, err
}

// Covering returns the parts of combined updates that cover p's update.
func (q *Queue) Covering(ctx context.Context, p channels.Part) ([]channels.Part, error) {
	cover := channels.Cover{Incident: p.Incident, Audience: p.Audience, Update: p.Update}
	subjects, err := q.bus.subjects(ctx, streamOutbox, coveredSubject(q.channel, cover, p.Team)+">")
	var parts []channels.Part
	for _, subject := range slices.Sorted(maps.Keys(subjects)) {
		var c channels.Part
		if err == nil {
			err = q.bus.content(ctx, streamOutbox, subject, &c)
		}
		parts = append(parts, c)
	}
	if err != nil {
		return nil, fmt.Errorf("look for combined updates that cover %s: %w", p.ID(), err)
	}
	return parts, nil
}

// last returns the newest part of the queue's channel under a subject.
func (q *Queue) last(ctx context.Context, subject string) (p channels.Part, found bool, err error) {
	msg, err := q.bus.streams[streamOutbox].GetLastMsgForSubject(ctx, subjectOutbox+q.channel+"."+subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return p, false, nil
	}
	if err == nil {
		err = json.Unmarshal(msg.Data, &p)
	}
	return p, err == nil, err
}

type claim struct {
	msg  jetstream.Msg
	part channels.Part
}

func (c claim) Part() channels.Part { return c.part }
func (c claim) Renew() error        { return c.msg.InProgress() }
func (c claim) Finish() error       { return c.msg.Ack() }
func (c claim) Release() error      { return c.msg.Nak() }
