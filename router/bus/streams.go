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

// openStreams makes the streams on the first start; later it checks that each is
// there and whole. Begun says that there was a store here before.
func (b *Bus) openStreams(ctx context.Context) (begun bool, err error) {
	// The guard may have been removed by hand. A first start that was cut short
	// got no further than the key.
	begun = !b.marks.fresh()
	missing := map[string]bool{}
	for _, c := range wanted {
		s, err := b.js.Stream(ctx, c.Name)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			missing[c.Name] = true
			continue
		case err != nil:
			return begun, fmt.Errorf("open stream %s: %w", c.Name, err)
		}
		b.streams[c.Name] = s
		begun = begun || c.Name != streamMeta && s.CachedInfo().State.LastSeq > 0
	}
	if !begun {
		for _, c := range wanted {
			if !missing[c.Name] {
				continue
			}
			if b.streams[c.Name], err = b.js.CreateStream(ctx, c); err != nil {
				return begun, fmt.Errorf("make stream %s: %w", c.Name, err)
			}
		}
	}
	return begun, b.whole(ctx)
}

// info returns what the engine says of a stream now. The handles' own picture
// is not to be shared by goroutines.
func (b *Bus) info(ctx context.Context, name string) (jetstream.StreamState, error) {
	s, err := b.js.Stream(ctx, name)
	if err != nil {
		return jetstream.StreamState{}, fmt.Errorf("read stream %s: %w", name, err)
	}
	return s.CachedInfo().State, nil
}

// count returns how many messages a stream says that it has of a subject.
func (b *Bus) count(ctx context.Context, name, subject string) (uint64, error) {
	all, err := b.subjects(ctx, name, subject)
	return all[subject], err
}

// subjects returns those of a stream that match, with how many messages each
// has.
func (b *Bus) subjects(ctx context.Context, name, filter string) (map[string]uint64, error) {
	s, err := b.js.Stream(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", name, err)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", name, err)
	}
	return info.State.Subjects, nil
}

// whole checks that every stream is there, reaches as far as it once did, and
// has no holes: nothing but the oldest inputs is ever removed.
func (b *Bus) whole(ctx context.Context) error {
	var lost []string
	lose := func(f string, v ...any) { lost = append(lost, fmt.Sprintf(f, v...)) }
	for _, c := range wanted {
		state, err := b.info(ctx, c.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			lose("stream %s is missing; it reached message %d", c.Name, b.marks.get(c.Name))
			continue
		}
		if err != nil {
			return err
		}
		last, first := state.LastSeq, max(state.FirstSeq, 1)
		was := b.marks.get(c.Name)
		if c.Name != streamInbox {
			first = 1
		}
		switch {
		case last < was:
			lose("stream %s ends at message %d; it reached at least %d", c.Name, last, was)
		case c.Name == streamMeta: // each message takes the place of one before
		case state.Msgs != last+1-first, state.Msgs == 0 && last > 0:
			lose("stream %s holds %d of its %d messages", c.Name, state.Msgs, last+1-first)
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
