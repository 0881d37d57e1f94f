package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

// The engine looks at a message when it is read, and where that is damaged says
// that there is none. A worker would miss it when somebody waits for an update,
// or would never be offered a part at all. So a start reads what workers rely
// on: all texts, rosters and parts; of the ledger, which is most of a store, the
// last record of each part, and all of one that is not finished. Facts and
// inputs are read by whoever replays them.

// intact checks that all of that can be read, and finds out which part is the
// first one that is not finished.
func (b *Bus) intact(ctx context.Context) error {
	var lost []string
	var gaps []gap
	parts := map[string]uint64{} // where they stand in the outbox, by id
	for _, name := range []string{streamTexts, streamRosters, streamOutbox} {
		state, err := b.info(ctx, name)
		if err != nil {
			return err
		}
		next := max(state.FirstSeq, 1)
		missing := func(until uint64) {
			if until > next {
				gaps = append(gaps, gap{next, until - 1})
			}
			next = until + 1
		}
		err = b.sweep(ctx, name, jetstream.DeliverAllPolicy, func(msg jetstream.Msg, seq uint64) {
			missing(seq)
			var p channels.Part
			if name == streamOutbox && !strings.HasSuffix(msg.Subject(), "."+padding) && !strings.HasPrefix(msg.Subject(), withdrawnPrefix) && json.Unmarshal(msg.Data(), &p) == nil {
				parts[p.ID()] = seq
			}
		})
		if err != nil {
			return err
		}
		missing(state.LastSeq + 1)
		now, err := b.info(ctx, name) // the active router may have removed the front meanwhile
		if err != nil {
			return err
		}
		for _, g := range gaps {
			if text := g.beyond(now.FirstSeq); text != "" {
				lost = append(lost, text+" of stream "+name+" cannot be read")
			}
		}
		gaps = gaps[:0]
		if name == streamOutbox {
			b.unfinished = state.LastSeq + 1
		}
	}
	unread, err := b.subjects(ctx, streamLedger, subjectLedger+">")
	if err != nil {
		return err
	}
	delete(unread, subjectLedger+padding)
	err = b.sweep(ctx, streamLedger, jetstream.DeliverLastPerSubjectPolicy, func(msg jetstream.Msg, _ uint64) {
		var r channels.Record
		if json.Unmarshal(msg.Data(), &r) == nil && r.Done != nil {
			delete(unread, msg.Subject())
			delete(parts, strings.TrimPrefix(msg.Subject(), subjectLedger))
		}
	})
	if err != nil {
		return err
	}
	for subject, n := range unread { // not finished, or damaged
		part := strings.TrimPrefix(subject, subjectLedger)
		read, err := b.readable(ctx, part)
		switch {
		case err != nil:
			text, _, _ := strings.Cut(err.Error(), "\n")
			lost = append(lost, text)
		case read < n && b.cluster != nil && b.gone(ctx, subject): // with the incident that it is of
		case read < n, read > n && b.cluster == nil: // on a cluster workers go on writing; of one damage the engine says the message before as the last
			lost = append(lost, fmt.Sprintf("read the ledger of %s: %d of its %d records can be read", part, read, n))
		}
	}
	for _, seq := range parts {
		b.unfinished = min(b.unfinished, seq)
	}
	if err := b.lossOf(lost); err != nil {
		return err
	}
	// Having met a message that it cannot read, the engine may take a stream for
	// shorter than it was.
	return b.whole(ctx)
}

// gap is messages of a stream that did not come.
type gap struct{ from, to uint64 }

// beyond says which of them are not before the first; empty where all are.
func (g gap) beyond(first uint64) string {
	switch from := max(g.from, first); {
	case from > g.to:
		return ""
	case from == g.to:
		return fmt.Sprintf("message %d", from)
	default:
		return fmt.Sprintf("messages %d to %d", from, g.to)
	}
}

// gone reports whether nothing is left under a subject of the ledger.
func (b *Bus) gone(ctx context.Context, subject string) bool {
	left, err := b.subjects(ctx, streamLedger, subject)
	return err == nil && len(left) == 0
}

// readable returns how many records of a part can be read, or of what became of it
// later.
func (b *Bus) readable(ctx context.Context, part string) (uint64, error) {
	if of, is := strings.CutSuffix(part, later); is {
		all, _, err := b.Afterwards(ctx, of)
		return uint64(len(all)), err
	}
	all, _, err := b.Records(ctx, part)
	return uint64(len(all)), err
}

// sweep reads a stream to its end. What the engine cannot read does not come, so
// that where the last message is damaged, waiting for it has an end.
func (b *Bus) sweep(ctx context.Context, name string, policy jetstream.DeliverPolicy, take func(msg jetstream.Msg, seq uint64)) error {
	fail := func(err error) error { return fmt.Errorf("read stream %s: %w", name, err) }
	c, err := b.js.OrderedConsumer(ctx, name, jetstream.OrderedConsumerConfig{DeliverPolicy: policy})
	if err != nil {
		return fail(err)
	}
	until, err := b.behind(ctx, name, c)
	if err != nil || until == 0 {
		if err != nil {
			return fail(err)
		}
		return nil
	}
	next, stop, err := b.arrivals(c, 500)
	if err != nil {
		return fail(err)
	}
	defer stop()
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	stalled := time.AfterFunc(readTimeout, cancel)
	defer stalled.Stop()
	for {
		msg, err := next(reading)
		if reading.Err() != nil && ctx.Err() == nil {
			if b.cluster != nil {
				if err := b.connected(); err != nil {
					return fail(err)
				}
			}
			return nil
		}
		if err != nil {
			return fail(err)
		}
		stalled.Reset(readTimeout)
		meta, err := msg.Metadata()
		if err != nil {
			return fail(err)
		}
		take(msg, meta.Sequence.Stream)
		if meta.NumPending == 0 && (meta.Sequence.Stream >= until || b.cluster == nil) {
			return nil
		}
	}
}

// lossOf is the error of a store that lacks something; nil where it does not.
func (b *Bus) lossOf(lost []string) error {
	if len(lost) == 0 {
		return nil
	}
	sort.Strings(lost)
	if b.cluster != nil {
		return fmt.Errorf("the store on NATS has lost data: %s\nhint: nothing was changed; stop all of sitrep; nats stream restore brings back a backup of the streams. Where it is meant that they begin anew, remove all SITREP_ streams and %s of each router, and accept that open incidents are forgotten",
			strings.Join(lost, "; "), filepath.Join(b.dir, clusterGuardFile))
	}
	return fmt.Errorf("the store under %s has lost data: %s\nhint: nothing was changed; restore it from a backup, or begin with an empty one and accept that open incidents are forgotten",
		b.dir, strings.Join(lost, "; "))
}

// unopened is the error of what the engine does not open. Where it says why, that
// is in the log.
func unopened(what string, err error) error {
	return fmt.Errorf("open %s: %w\nhint: the log's lines before may say more; where one of its files is damaged, restore the store from a backup", what, err)
}
