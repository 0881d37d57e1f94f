package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// cut says how far the front of a stream was removed. It is durable before
// anything goes, so that a front that is gone for another reason is seen.
type cut struct {
	// To is the last message that may be gone.
	To uint64 `json:"to"`
	// Hash, of the facts, is that of commit To: the chain begins after it.
	Hash string `json:"hash,omitempty"`
	// Before is the moment of which everything older may be gone.
	Before time.Time `json:"before,omitzero"`
}

const subjectPurged = subjectMeta + "purged."

// purged returns how far a stream was cut; the zero cut where it never was.
func (b *Bus) purged(ctx context.Context, stream string) (cut, error) {
	c, _, err := b.lastCut(ctx, stream)
	return c, err
}

// lastCut also returns where that is written.
func (b *Bus) lastCut(ctx context.Context, stream string) (c cut, at uint64, err error) {
	meta := b.streams[streamMeta]
	if meta == nil { // which is reported as lost itself
		return c, 0, nil
	}
	msg, err := meta.GetLastMsgForSubject(ctx, subjectPurged+stream)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return c, 0, nil
	}
	if err == nil {
		at, err = msg.Sequence, json.Unmarshal(msg.Data, &c)
	}
	if err != nil {
		return c, 0, fmt.Errorf("read how far stream %s was purged: %w", stream, err)
	}
	return c, at, nil
}

// purge removes the front of a stream, up to a cut, which never falls back. The
// newest message stays, so that where the stream ends is still to be seen in its
// files.
func (b *Bus) purge(ctx context.Context, stream string, to cut) error {
	to, err := b.mark(ctx, stream, to)
	if err != nil {
		return err
	}
	state, err := b.info(ctx, stream)
	if err != nil || to.To < state.FirstSeq { // purging up to 0 would purge everything
		return err
	}
	if err := b.streams[stream].Purge(ctx, jetstream.WithPurgeSequence(to.To+1)); err != nil {
		return fmt.Errorf("purge stream %s: %w", stream, err)
	}
	return nil
}

// mark makes a cut durable, and returns the one that is in force. It fails where
// another router did so at the same moment: a mark that comes late would fall back.
func (b *Bus) mark(ctx context.Context, stream string, to cut) (cut, error) {
	state, err := b.info(ctx, stream)
	if err != nil {
		return to, err
	}
	was, at, err := b.lastCut(ctx, stream)
	if err != nil {
		return to, err
	}
	to.To = min(to.To, max(state.LastSeq, 1)-1)
	if to.To < was.To || to.To == was.To && !to.Before.After(was.Before) {
		return was, nil // the last purge was cut short, perhaps
	}
	if was.Before.After(to.Before) {
		to.Before = was.Before
	}
	data, err := json.Marshal(to)
	if err == nil {
		_, err = b.publish(ctx, subjectPurged+stream, data, jetstream.WithExpectLastSequencePerSubject(at))
	}
	if err != nil {
		return to, fmt.Errorf("store how far stream %s is purged: %w", stream, err)
	}
	return to, nil
}
