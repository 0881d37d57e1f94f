package bus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/router/incident"
)

// facts is where the chain of commits stands. Only the one router touches it.
type facts struct {
	number uint64 // of the last commit
	hash   string // of the last commit's bytes
	// recap is after which commit the one that is being written begins, and founded
	// the last that was written whole.
	recap, founded *cut
}

// ErrNotAlone says that another router committed in between: this one is not
// the active one any more, and what it remembers is outdated.
var ErrNotAlone error = notAlone{}

type notAlone struct{}

func (notAlone) Error() string { return "another router has committed to this store" }

// Final says that trying again is of no use.
func (notAlone) Final() bool { return true }

// Outdated says why: somebody else's turn has come.
func (notAlone) Outdated() bool { return true }

// Commit appends one commit: its facts happened, all of them, or none did. The
// number and hash of the chain are filled in. An error other than ErrNotAlone
// may be tried again with the same commit.
func (b *Bus) Commit(ctx context.Context, c incident.Commit) error {
	c.Number, c.Prev = b.facts.number+1, b.facts.hash
	data, err := c.Encode()
	if err != nil {
		return fmt.Errorf("encode commit %d: %w", c.Number, err)
	}
	if c.Recap != nil && c.Recap.Blank {
		data = append(data, bytes.Repeat([]byte(" "), paddingSize)...)
	}
	_, err = b.publish(ctx, subjectFacts, data, jetstream.WithExpectLastSequence(b.facts.number))
	if outOfTurn(err) {
		// An earlier try may have been stored, and only its answer lost.
		var same bool
		if same, err = b.holds(ctx, c.Number, data); err == nil && !same {
			return ErrNotAlone
		}
	}
	if err != nil {
		return fmt.Errorf("store commit %d: %w", c.Number, err)
	}
	b.facts.recapped(c)
	b.goOn(c, data)
	return nil
}

// check asks that a commit is the next.
func (f *facts) check(s stored) error {
	switch c := s.commit; {
	case s.err != nil:
		return broken(f.number+1, "it cannot be read: "+s.err.Error())
	case c.Number != f.number+1 || s.seq != c.Number:
		return broken(f.number+1, fmt.Sprintf("commit %d stands at message %d in its place", c.Number, s.seq))
	case c.Prev != f.hash:
		return broken(max(f.number, 1), "the commit after it names another hash")
	}
	return nil
}

// goOn goes on after a commit.
func (b *Bus) goOn(c incident.Commit, data []byte) {
	b.facts.number, b.facts.hash = c.Number, digest(data)
	b.place.Store(c.Number)
}

// holds reports whether a stored commit is byte for byte this one.
func (b *Bus) holds(ctx context.Context, number uint64, data []byte) (bool, error) {
	msg, err := b.streams[streamFacts].GetMsg(ctx, number)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	return err == nil && bytes.Equal(msg.Data, data), err
}

// readTimeout is how long the next commit may take to come.
var readTimeout = 10 * time.Second

// Replay hands every commit to apply, in order, and checks the chain: a commit
// that is lost, cut or changed is an error that names it. It must be called
// once before the first Commit.
func (b *Bus) Replay(ctx context.Context, apply func(incident.Commit) error) error {
	cut, err := b.purged(ctx, streamFacts)
	if err != nil {
		return err
	}
	b.facts = facts{number: cut.To, hash: cut.Hash}
	state, err := b.info(ctx, streamFacts)
	if err != nil {
		return err
	}
	if known := b.marks.get(streamFacts); b.cluster != nil && state.LastSeq < known {
		return b.lossOf([]string{fmt.Sprintf("the facts reach commit %d, and reached %d", state.LastSeq, known)})
	}
	if state.LastSeq == 0 {
		return nil
	}
	founding := cut.To > 0
	done := errors.New("done")
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	// The engine says nothing of a message that it cannot read: none comes.
	stalled := time.AfterFunc(readTimeout, cancel)
	defer stalled.Stop()
	err = ahead(reading, func(ctx context.Context, take func(uint64, []byte, bool) error) error {
		return b.read(ctx, streamFacts, cut.To+1, func(seq uint64, data []byte, pending uint64) error {
			stalled.Stop()
			defer stalled.Reset(readTimeout)
			err := take(seq, data, pending == 0)
			if err == nil && pending == 0 && (seq >= state.LastSeq || b.cluster == nil) { // a copy may not have all of it yet
				return done
			}
			return err
		})
	}, func(s stored) error {
		c := s.commit
		if err := b.facts.check(s); err != nil {
			return err
		}
		if c.Recap == nil || founding { // else one that was begun and came to nothing: the facts stand before it
			if err := apply(c); err != nil {
				return err
			}
		}
		founding = founding && c.Recap != nil && c.Recap.More
		b.goOn(c, s.data)
		return nil
	})
	switch {
	case errors.Is(err, done) && b.facts.number < state.LastSeq:
		return broken(b.facts.number+1, "it is missing")
	case errors.Is(err, done):
		return nil
	case reading.Err() != nil && ctx.Err() == nil:
		if err := b.absent(ctx, streamFacts, b.facts.number+1); err != nil {
			return fmt.Errorf("read commit %d: %w", b.facts.number+1, err)
		}
		return broken(b.facts.number+1, "it cannot be read")
	}
	return err
}

func broken(number uint64, what string) error {
	return fmt.Errorf("the facts are broken at commit %d: %s\nhint: restore the store from a backup", number, what)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
