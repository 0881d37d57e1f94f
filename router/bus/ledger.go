package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

// Records returns a part's records in order and the number of the last; none
// and 0 where nobody claimed it yet. Of a finished part it returns only the
// record that says so.
func (b *Bus) Records(ctx context.Context, part string) ([]channels.Record, uint64, error) {
	s, err := b.js.Stream(ctx, streamLedger)
	if err != nil {
		return nil, 0, fmt.Errorf("open stream %s: %w", streamLedger, err)
	}
	last, err := s.GetLastMsgForSubject(ctx, subjectLedger+part)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the ledger of %s: %w", part, err)
	}
	var records []channels.Record
	read := func(msg *jetstream.RawStreamMsg) error {
		var r channels.Record
		if err := json.Unmarshal(msg.Data, &r); err != nil {
			return fmt.Errorf("read the ledger of %s at message %d: %w", part, msg.Sequence, err)
		}
		records = append(records, r)
		return nil
	}
	if err := read(last); err != nil {
		return nil, 0, err
	}
	if records[0].Done != nil {
		return records, last.Sequence, nil
	}
	records = nil
	for seq := uint64(1); seq <= last.Sequence; {
		msg, err := s.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(subjectLedger+part))
		if err != nil {
			return nil, 0, fmt.Errorf("read the ledger of %s: %w", part, err)
		}
		if err := read(msg); err != nil {
			return nil, 0, err
		}
		seq = msg.Sequence + 1
	}
	return records, last.Sequence, nil
}

// Record appends a record to a part's ledger, and refuses where another came
// after the one numbered last.
func (b *Bus) Record(ctx context.Context, part string, r channels.Record, last uint64) (uint64, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("encode a record of %s: %w", part, err)
	}
	subject := subjectLedger + part
	seq, err := b.publish(ctx, subject, data, jetstream.WithExpectLastSequencePerSubject(last))
	if outOfTurn(err) {
		// It may be this very record, whose answer was lost.
		if s, e := b.js.Stream(ctx, streamLedger); e == nil {
			if msg, e := s.GetLastMsgForSubject(ctx, subject); e == nil && string(msg.Data) == string(data) {
				return msg.Sequence, nil
			}
		}
		return 0, channels.ErrFenced
	}
	if err != nil {
		return 0, fmt.Errorf("store a record of %s: %w", part, err)
	}
	return seq, nil
}
