package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// How far the streams of a cluster once reached stands in two places. Each router
// keeps it in a file of its own: that is not on the servers whose loss it shows. And
// it is kept among the streams, for a router that begins with an empty folder: that
// shows the loss of one stream, and not of all. Both are lower bounds.
const (
	subjectHighest = subjectMeta + "highest"
	highestEvery   = 10 * time.Second
)

// readHighest takes in what others saw.
func (b *Bus) readHighest(ctx context.Context) error {
	meta := b.streams[streamMeta]
	if b.cluster == nil || meta == nil {
		return nil
	}
	var high map[string]uint64
	err := b.patiently(ctx, func() (err error) { high, _, err = b.highest(ctx); return err }, silent)
	if err != nil {
		return fmt.Errorf("read how far the streams reached: %w", err)
	}
	for stream, seq := range high {
		b.marks.set(stream, seq)
	}
	return nil
}

func (b *Bus) highest(ctx context.Context) (high map[string]uint64, at uint64, err error) {
	msg, err := b.streams[streamMeta].GetLastMsgForSubject(ctx, subjectHighest)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return map[string]uint64{}, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	return high, msg.Sequence, json.Unmarshal(msg.Data, &high)
}

// tellHighest stores what this process saw beyond what is stored. Of two that do so
// at once, one comes again.
func (b *Bus) tellHighest(ctx context.Context, told map[string]uint64) (map[string]uint64, error) {
	mine := b.marks.all()
	delete(mine, streamMeta) // it would move itself
	if maps.Equal(mine, told) {
		return told, nil
	}
	high, at, err := b.highest(ctx)
	if err != nil {
		return told, err
	}
	more := false
	for stream, seq := range mine {
		if seq > high[stream] {
			high[stream], more = seq, true
		}
	}
	if !more {
		return mine, nil
	}
	data, err := json.Marshal(high)
	if err == nil {
		_, err = b.publish(ctx, subjectHighest, data, jetstream.WithExpectLastSequencePerSubject(at))
	}
	if err != nil {
		return told, err
	}
	return mine, nil
}

// keepHighest does so now and then until ctx ends.
func (b *Bus) keepHighest(ctx context.Context) {
	var told map[string]uint64
	for rest(ctx, highestEvery) == nil {
		var err error
		if told, err = b.tellHighest(ctx, told); err != nil && ctx.Err() == nil {
			b.log.Debug("how far the streams reach could not be stored; tried again", "err", err)
		}
	}
}
