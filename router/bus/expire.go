package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

// Old deliveries go in this order, so that a crash between any two steps leaves
// nothing that needs what is gone:
//
//	Leave      from now on, content that is stored does not rely on old messages
//	           (the router then says what it needs, and forgets what it had stored)
//	Clear      parts            from the front, up to the first that must stay
//	           ledgers          of parts that are gone
//	           texts, rosters   what still is needed is stored again, then the rest goes

// Leave announces that what was stored before a moment is about to be removed,
// and reports whether there is any.
func (b *Bus) Leave(ctx context.Context, before time.Time) (some bool, err error) {
	for stream, subject := range map[string]string{streamOutbox: subjectOutbox, streamLedger: subjectLedger, streamTexts: subjectTexts, streamRosters: subjectRosters} {
		if err := b.outlive(ctx, stream, subject, before); err != nil {
			return false, err
		}
		to, err := b.older(ctx, stream, before)
		if err != nil {
			return false, err
		}
		some = some || to > 0
		if stream == streamTexts || stream == streamRosters {
			b.leaving.mu.Lock()
			b.leaving.to[stream] = to
			b.shelved.forget()
			b.leaving.mu.Unlock()
		}
	}
	return some, nil
}

// outlive ends a stream of which even the newest message is old with one that
// holds nothing, so that this can go and where the stream ends stays.
func (b *Bus) outlive(ctx context.Context, stream, subject string, before time.Time) error {
	state, err := b.info(ctx, stream)
	if err != nil || state.Msgs == 0 || !state.LastTime.Before(before) {
		return err
	}
	last, err := b.streams[stream].GetMsg(ctx, state.LastSeq)
	if err == nil && last.Subject != subject+padding {
		_, err = b.publish(ctx, subject+padding, []byte("{}"))
	}
	if err != nil {
		return fmt.Errorf("end stream %s: %w", stream, err)
	}
	return nil
}

// older returns the number of the last message from before a moment; 0 where
// there is none. The newest of a stream stays, whatever its age.
func (b *Bus) older(ctx context.Context, stream string, before time.Time) (uint64, error) {
	state, err := b.info(ctx, stream)
	if err != nil || state.Msgs < 2 {
		return 0, err
	}
	n := sort.Search(int(state.LastSeq-state.FirstSeq), func(n int) bool {
		if err != nil {
			return true
		}
		var msg *jetstream.RawStreamMsg
		msg, err = b.streams[stream].GetMsg(ctx, state.FirstSeq+uint64(n))
		return err != nil || !msg.Time.Before(before)
	})
	if err != nil {
		return 0, fmt.Errorf("look for old messages of stream %s: %w", stream, err)
	}
	if n == 0 {
		return 0, nil
	}
	return state.FirstSeq + uint64(n) - 1, nil
}

// Clear removes old deliveries. Keep says which parts must stay, by their last
// record if there is one; what comes after such a part stays, too. The hashes are
// of content that is needed although no part names it.
func (b *Bus) Clear(ctx context.Context, before time.Time, keep func(channels.Part, *channels.Record) bool, hashes map[string]bool) (channels.Cleared, error) {
	var out channels.Cleared
	if err := b.clearParts(ctx, before, keep, &out); err != nil {
		return out, err
	}
	if err := b.clearLedgers(ctx, before); err != nil {
		return out, err
	}
	needed := map[string][]string{}
	seen := map[string]bool{}
	need := func(stream, hash string) {
		if !seen[stream+hash] {
			seen[stream+hash] = true
			needed[stream] = append(needed[stream], hash)
		}
	}
	err := b.each(ctx, streamOutbox, 0, func(msg *jetstream.RawStreamMsg) error {
		if msg.Subject == subjectOutbox+padding {
			return nil
		}
		var p channels.Part
		err := json.Unmarshal(msg.Data, &p)
		need(streamTexts, p.Texts)
		need(streamRosters, p.Roster)
		return err
	})
	if err != nil {
		return out, err
	}
	for hash := range hashes {
		need(streamTexts, hash)
		need(streamRosters, hash)
	}
	if out.Texts, err = b.clearContent(ctx, streamTexts, subjectTexts, needed[streamTexts], before); err != nil {
		return out, err
	}
	out.Rosters, err = b.clearContent(ctx, streamRosters, subjectRosters, needed[streamRosters], before)
	return out, err
}

func (b *Bus) clearParts(ctx context.Context, before time.Time, keep func(channels.Part, *channels.Record) bool, out *channels.Cleared) error {
	to, err := b.older(ctx, streamOutbox, before)
	if err != nil || to == 0 {
		return err
	}
	var gone cut
	stop := errors.New("stop")
	err = b.each(ctx, streamOutbox, to, func(msg *jetstream.RawStreamMsg) error {
		if msg.Subject == subjectOutbox+padding {
			gone.To = msg.Sequence
			return nil
		}
		var p channels.Part
		if err := json.Unmarshal(msg.Data, &p); err != nil {
			return err
		}
		last, err := b.lastRecord(ctx, p.ID())
		if err != nil {
			return err
		}
		if keep(p, last) {
			out.Held = p.ID()
			return stop
		}
		gone = cut{To: msg.Sequence, Before: msg.Time.Add(1)}
		out.Parts++
		return nil
	})
	if err != nil && !errors.Is(err, stop) {
		return err
	}
	return b.purge(ctx, streamOutbox, gone)
}

// lastRecord returns a part's last record; nil where nobody claimed it.
func (b *Bus) lastRecord(ctx context.Context, part string) (*channels.Record, error) {
	msg, err := b.streams[streamLedger].GetLastMsgForSubject(ctx, subjectLedger+part)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the ledger of %s: %w", part, err)
	}
	r, err := readRecord(msg)
	return &r, err
}

// clearLedgers removes records up to the first of a part that is still there.
func (b *Bus) clearLedgers(ctx context.Context, before time.Time) error {
	to, err := b.older(ctx, streamLedger, before)
	if err != nil || to == 0 {
		return err
	}
	var gone cut
	stop := errors.New("stop")
	there := map[string]bool{padding: false}
	err = b.each(ctx, streamLedger, to, func(msg *jetstream.RawStreamMsg) error {
		part := strings.TrimSuffix(strings.TrimPrefix(msg.Subject, subjectLedger), later)
		is, known := there[part]
		if !known {
			if is, err = b.hasPart(ctx, part); err != nil {
				return err
			}
			there[part] = is
		}
		if is {
			return stop
		}
		gone = cut{To: msg.Sequence, Before: msg.Time.Add(1)}
		return nil
	})
	if err != nil && !errors.Is(err, stop) {
		return err
	}
	return b.purge(ctx, streamLedger, gone)
}

// hasPart reports whether the outbox has a part, by its id.
func (b *Bus) hasPart(ctx context.Context, id string) (bool, error) {
	tokens := strings.Split(id, ".")
	if len(tokens) != 4 {
		return true, nil // whatever it is, it stays
	}
	_, err := b.streams[streamOutbox].GetLastMsgForSubject(ctx, fmt.Sprintf("%s%s.*.%s.*.%s.%s", subjectOutbox, tokens[3], tokens[0], tokens[1], tokens[2]))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	return err == nil, err
}

// clearContent stores what is needed again, and removes what was announced to
// leave.
func (b *Bus) clearContent(ctx context.Context, stream, subject string, needed []string, before time.Time) (gone int, err error) {
	b.leaving.mu.RLock()
	to := b.leaving.to[stream]
	b.leaving.mu.RUnlock()
	if to == 0 {
		return 0, nil
	}
	wanted := map[string]bool{padding: true}
	for _, hash := range needed {
		wanted[hash] = true
	}
	err = b.each(ctx, stream, to, func(msg *jetstream.RawStreamMsg) error {
		if !wanted[strings.TrimPrefix(msg.Subject, subject)] {
			gone++
		}
		return nil
	})
	if err != nil || gone == 0 {
		return 0, err
	}
	if stream == streamRosters {
		young, err := b.leaveFile(ctx, &to)
		if err != nil {
			return 0, err
		}
		needed = append(needed, young...)
	}
	for n := 0; n < len(needed); n++ {
		data, err := b.again(ctx, stream, subject+needed[n], to)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue // it is another stream's
		}
		if err != nil {
			return 0, err
		}
		if now, is := isPointer(data); is && stream == streamRosters {
			needed = append(needed, now)
		}
	}
	return gone, b.purge(ctx, stream, cut{To: to, Before: before})
}

// leaveFile lets the rosters go on in another file, so that no address stays in
// an old one: all that is before it is to leave, and nobody relies on it from
// then on. It returns what was stored since that was last announced.
func (b *Bus) leaveFile(ctx context.Context, to *uint64) (young []string, err error) {
	b.leaving.mu.Lock()
	defer b.leaving.mu.Unlock()
	if err := b.turnOver(ctx, subjectRosters+padding, nil); err != nil {
		return nil, err
	}
	state, err := b.info(ctx, streamRosters)
	if err != nil {
		return nil, err
	}
	for seq := *to + 1; seq <= state.LastSeq; seq++ { // others may have stored some just now
		msg, err := b.streams[streamRosters].GetMsg(ctx, seq)
		if err != nil {
			return nil, fmt.Errorf("read message %d of stream %s: %w", seq, streamRosters, err)
		}
		if hash := strings.TrimPrefix(msg.Subject, subjectRosters); hash != padding {
			young = append(young, hash)
		}
	}
	*to = state.LastSeq
	b.leaving.to[streamRosters] = *to
	b.shelved.forget()
	return young, nil
}
