package bus

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

// History returns all records of a part, also of one that is finished.
func (b *Bus) History(ctx context.Context, part string) (all []channels.Record, err error) {
	for seq := uint64(1); ; {
		msg, err := b.streams[streamLedger].GetMsg(ctx, seq)
		if err != nil {
			return all, nil // past the end
		}
		seq++
		if msg.Subject != subjectLedger+part {
			continue
		}
		r, err := readRecord(msg)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
}

// Last returns a part's last record; the zero one where there is none.
func (b *Bus) Last(ctx context.Context, part string) (r channels.Record, err error) {
	msg, err := b.streams[streamLedger].GetLastMsgForSubject(ctx, subjectLedger+part)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	return readRecord(msg)
}
