package bus

import (
	"bytes"
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// The engine keeps what was removed in its files until most of a file is gone,
// and never touches the newest one. A file holds at most blockSize. So once
// messages of that size without content were stored, whatever is stored then is
// in another file than what was there before, and the old ones go as a whole:
//
//	file 1           file 2
//	a b c padding ... padding b' c'      then all before b' is removed
//
// So a stream never has a hole: what stays is stored again at its end.
const (
	padding     = "padding"
	blockSize   = 8 << 20
	paddingSize = 900 << 10
)

// turnOver lets what is stored next be in another file. What it stores until then
// ends in tail.
func (b *Bus) turnOver(ctx context.Context, subject string, tail []byte) error {
	blank := append(bytes.Repeat([]byte(" "), paddingSize), tail...)
	for n := 0; n <= blockSize; n += paddingSize {
		if _, err := b.publish(ctx, subject, blank); err != nil {
			return fmt.Errorf("begin another file: %w", err)
		}
	}
	return nil
}

// again stores the newest message of a subject at the end of its stream, unless
// it stands after a number already.
func (b *Bus) again(ctx context.Context, stream, subject string, after uint64) (data []byte, err error) {
	last, err := b.streams[stream].GetLastMsgForSubject(ctx, subject)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", subject, err)
	}
	if last.Sequence > after {
		return last.Data, nil
	}
	_, err = b.publish(ctx, subject, last.Data, jetstream.WithExpectLastSequencePerSubject(last.Sequence))
	if err != nil && !outOfTurn(err) { // else somebody stored it in between
		return nil, fmt.Errorf("store %s again: %w", subject, err)
	}
	return last.Data, nil
}
