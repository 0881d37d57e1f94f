package bus

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	streamInbox   = "SITREP_INBOX"
	streamFacts   = "SITREP_FACTS"
	streamTexts   = "SITREP_TEXTS"
	streamRosters = "SITREP_ROSTERS"
	streamOutbox  = "SITREP_OUTBOX"
	streamLedger  = "SITREP_LEDGER"
	streamMeta    = "SITREP_META"

	subjectInbox   = "sitrep.v1.inbox"
	subjectFacts   = "sitrep.v1.facts"
	subjectTexts   = "sitrep.v1.texts."
	subjectRosters = "sitrep.v1.rosters."
	subjectOutbox  = "sitrep.v1.outbox."
	subjectLedger  = "sitrep.v1.ledger."
	subjectMeta    = "sitrep.v1.meta."
)

// wanted are the streams there are. All of them have Limits retention: what is
// done is not forgotten, since cutting an update twice must find the first cut.
var wanted = []jetstream.StreamConfig{
	stream(streamInbox, subjectInbox, "inputs: webhooks, overrides, receipts"),
	stream(streamFacts, subjectFacts, "commits of facts: the truth"),
	stream(streamTexts, subjectTexts+">", "what updates say, by hash"),
	stream(streamRosters, subjectRosters+">", "who gets them, by hash; holds addresses"),
	stream(streamOutbox, subjectOutbox+">", "updates cut into parts"),
	stream(streamLedger, subjectLedger+">", "what became of each delivery"),
	func() jetstream.StreamConfig {
		c := stream(streamMeta, subjectMeta+">", "the store's key and write probe")
		c.MaxMsgsPerSubject = 1
		return c
	}(),
}

func stream(name, subject, description string) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:        name,
		Description: description,
		Subjects:    []string{subject},
		Retention:   jetstream.LimitsPolicy,
		Storage:     jetstream.FileStorage,
		Discard:     jetstream.DiscardNew,
		MaxMsgSize:  1 << 20,
		AllowDirect: true,
	}
}

// streams makes the streams on the first start; later it checks that each is
// there and reaches as far as it once did.
func (b *Bus) streams(ctx context.Context) error {
	var lost []string
	for _, c := range wanted {
		s, err := b.js.Stream(ctx, c.Name)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound) && b.marks.fresh():
			if s, err = b.js.CreateStream(ctx, c); err != nil {
				return fmt.Errorf("make stream %s: %w", c.Name, err)
			}
		case errors.Is(err, jetstream.ErrStreamNotFound):
			lost = append(lost, fmt.Sprintf("stream %s is missing; it reached message %d", c.Name, b.marks.get(c.Name)))
			continue
		case err != nil:
			return fmt.Errorf("open stream %s: %w", c.Name, err)
		}
		info, err := s.Info(ctx)
		if err != nil {
			return fmt.Errorf("read stream %s: %w", c.Name, err)
		}
		last := info.State.LastSeq
		if was := b.marks.get(c.Name); last < was {
			lost = append(lost, fmt.Sprintf("stream %s ends at message %d; it reached at least %d", c.Name, last, was))
		}
		if c.Name == streamFacts {
			if info.State.Msgs != last || (last > 0 && info.State.FirstSeq != 1) {
				lost = append(lost, fmt.Sprintf("stream %s holds %d of its %d messages", c.Name, info.State.Msgs, last))
			}
			b.facts.end = last
		}
		b.marks.set(c.Name, last)
	}
	if len(lost) > 0 {
		sort.Strings(lost)
		return fmt.Errorf("the store under %s has lost data: %s\nhint: nothing was changed; restore the folder from a backup, or begin with an empty one and accept that open incidents are forgotten",
			b.dir, strings.Join(lost, "; "))
	}
	return nil
}
