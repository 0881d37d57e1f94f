package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	streamInbox   = "SITREP_INBOX"
	streamFacts   = "SITREP_FACTS"
	streamTexts   = "SITREP_TEXTS"
	streamRosters = "SITREP_ROSTERS"
	streamOutbox  = "SITREP_OUTBOX"
	streamLedger  = "SITREP_LEDGER"
	streamAudit   = "SITREP_AUDIT"
	streamMeta    = "SITREP_META"

	subjectInbox   = "sitrep.v1.inbox"
	subjectFacts   = "sitrep.v1.facts"
	subjectTexts   = "sitrep.v1.texts."
	subjectRosters = "sitrep.v1.rosters."
	subjectOutbox  = "sitrep.v1.outbox."
	subjectLedger  = "sitrep.v1.ledger."
	subjectAudit   = "sitrep.v1.audit."
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
	stream(streamAudit, subjectAudit+">", "who did what, chained"),
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

// config is how a stream is wanted here. Of one that has copies, only the leader
// answers what is in it: another may not have the newest yet, and a worker that reads
// less than there is would send twice.
func (b *Bus) config(c jetstream.StreamConfig) jetstream.StreamConfig {
	c.Replicas = b.replicas()
	c.AllowDirect = c.Replicas == 1
	return c
}

// openStreams makes the streams on the first start; later it checks that each is
// there and whole. Begun says that there was a store here before.
func (b *Bus) openStreams(ctx context.Context) (begun bool, err error) {
	missing, begun, err := b.findStreams(ctx)
	for b.worker && err == nil && len(missing) > 0 {
		b.log.Warn("a router makes the streams, and did not yet; waiting for it", "missing", strings.Join(missing, ", "))
		if err = rest(ctx, workerPause); err == nil {
			missing, begun, err = b.findStreams(ctx)
		}
	}
	switch {
	case err != nil:
		return begun, err
	case begun || len(missing) == 0:
	case b.existing:
		return begun, fmt.Errorf("there is no store on NATS: no stream %s\nhint: sitrep serve makes it; look at nats.url", missing[0])
	case b.cluster != nil && b.cluster.Unmanaged:
		return begun, fmt.Errorf("these streams are missing, and nats.manage is false: %s\nhint: sitrep nats print shows how to make them", strings.Join(missing, ", "))
	}
	if !begun {
		for _, c := range wanted {
			if !slices.Contains(missing, c.Name) {
				continue
			}
			if err := b.makeStream(ctx, b.config(c)); err != nil {
				return begun, err
			}
		}
	}
	if b.worker { // it hears of a loss from whoever orders
		return true, nil
	}
	if err := b.patiently(ctx, func() error { return b.readHighest(ctx) }, silent); err != nil {
		return begun, err
	}
	return begun, b.patiently(ctx, func() error { return b.whole(ctx) }, func(err error) bool { return err != nil })
}

// workerPause is how often a worker looks whether the streams are there.
const workerPause = 2 * time.Second

// findStreams opens those that are there. Begun says that there was a store here
// before: the guard may have been removed by hand, and a first start that was cut
// short got no further than the key.
func (b *Bus) findStreams(ctx context.Context) (missing []string, begun bool, err error) {
	begun = !b.marks.fresh()
	for _, c := range wanted {
		var s jetstream.Stream
		err := b.patiently(ctx, func() (err error) { s, err = b.js.Stream(ctx, c.Name); return err }, silent)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			missing = append(missing, c.Name)
			continue
		case err != nil:
			return nil, begun, unopened("stream "+c.Name, err)
		}
		b.keep(s)
		begun = begun || c.Name != streamMeta && s.CachedInfo().State.LastSeq > 0
	}
	return missing, begun, nil
}

// keep takes a stream in use.
func (b *Bus) keep(s jetstream.Stream) {
	if b.cluster != nil {
		s.CachedInfo().Config.AllowDirect = false // ask the leader, whatever the stream allows: see config
	}
	b.streams[s.CachedInfo().Config.Name] = s
}

// makeStream makes one. Of two that do so at once, both find it made.
func (b *Bus) makeStream(ctx context.Context, c jetstream.StreamConfig) error {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	s, err := b.js.CreateStream(ctx, c)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // as another wants it; drift.go says how
		s, err = b.js.Stream(ctx, c.Name)
	}
	if err != nil {
		err = fmt.Errorf("make stream %s: %w", c.Name, err)
		if c.Replicas > 1 {
			err = fmt.Errorf("%w\nhint: it is wanted on %d servers with JetStream; nats.replicas says on how many", err, c.Replicas)
		}
		return err
	}
	b.keep(s)
	return nil
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

// whole checks that every stream is there, reaches as far as it once did, begins
// where it was purged to, and has no holes: only the oldest is ever removed.
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
		cut, err := b.purged(ctx, c.Name)
		if err != nil {
			return err
		}
		switch {
		case c.Name == streamAudit: // CheckAudit says what is wrong with it; people are told of outages all the same
			continue
		case last < was:
			lose("stream %s ends at message %d; it reached at least %d", c.Name, last, was)
		case c.Name == streamMeta: // each message takes the place of one before
		case c.Name != streamInbox && first > cut.To+1:
			lose("stream %s begins at message %d; nothing after message %d was ever removed", c.Name, first, cut.To)
		case state.Msgs != last+1-first, state.Msgs == 0 && last > 0:
			lose("stream %s holds %d of its %d messages", c.Name, state.Msgs, last+1-first)
		}
		b.marks.set(c.Name, last)
	}
	return b.lossOf(lost)
}
