package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

// later is under a part's own subject, so that what became of its deliveries after
// they were accepted is stored beside its ledger, and the ledger ends with its end.
const later = ".later"

// Afterwards returns what was told of a part's deliveries after they were accepted,
// and the number of the last.
func (b *Bus) Afterwards(ctx context.Context, part string) (all []channels.Transition, last uint64, err error) {
	s, subject := b.streams[streamLedger], subjectLedger+part+later
	end, err := s.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, 0, nil
	}
	for seq := uint64(0); err == nil && seq < end.Sequence; {
		var msg *jetstream.RawStreamMsg
		var t channels.Transition
		if msg, err = s.GetMsg(ctx, seq+1, jetstream.WithGetMsgSubject(subject)); err == nil {
			seq = msg.Sequence
			err = json.Unmarshal(msg.Data, &t)
			all = append(all, t)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read what became of %s: %w", part, err)
	}
	return all, end.Sequence, nil
}

// Afterward stores what was told of one of a part's deliveries, and refuses where
// something else was told since the message numbered last.
func (b *Bus) Afterward(ctx context.Context, part string, t channels.Transition, last uint64) (uint64, error) {
	data, err := json.Marshal(t)
	if err != nil {
		return 0, fmt.Errorf("encode what became of %s: %w", part, err)
	}
	seq, err := b.publish(ctx, subjectLedger+part+later, data, jetstream.WithExpectLastSequencePerSubject(last))
	if outOfTurn(err) {
		return 0, channels.ErrFenced
	}
	if err != nil {
		return 0, fmt.Errorf("store what became of %s: %w", part, err)
	}
	return seq, nil
}

// Recipient returns a part by its ID, and who is in one of its rows.
func (b *Bus) Recipient(ctx context.Context, part string, row int) (channels.Part, channels.Person, error) {
	var who channels.Person
	tokens := strings.Split(part, ".")
	if len(tokens) != 4 {
		return channels.Part{}, who, channels.ErrForgotten
	}
	update, _ := strconv.Atoi(tokens[1])
	chunk, _ := strconv.Atoi(tokens[2])
	q := &Queue{bus: b, channel: tokens[3]}
	p, found, err := q.Part(ctx, tokens[0], update, chunk)
	if err != nil {
		return p, who, err
	}
	if !found {
		return p, who, channels.ErrForgotten
	}
	people, err := b.Roster(ctx, p.Roster)
	if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && (row < 0 || row >= len(people)) {
		return p, who, channels.ErrForgotten
	}
	if err != nil {
		return p, who, err
	}
	return p, people[row], nil
}

// Recent hands over the last that parts' ledgers say of rows since a moment, and what
// was told of them later.
func (b *Bus) Recent(ctx context.Context, since time.Time, take func(part string, later bool, t channels.Transition)) error {
	err := b.scan(ctx, streamLedger, subjectLedger+">", since, func(subject string, data []byte) error {
		part := strings.TrimPrefix(subject, subjectLedger)
		if part, is := strings.CutSuffix(part, later); is {
			var t channels.Transition
			if err := json.Unmarshal(data, &t); err != nil {
				return err
			}
			take(part, true, t)
			return nil
		}
		var r channels.Record
		if err := json.Unmarshal(data, &r); err != nil {
			return err
		}
		for _, t := range r.Steps {
			take(part, false, t)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what became of deliveries: %w", err)
	}
	return nil
}
