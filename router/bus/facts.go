package bus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/router/incident"
)

// facts is where the chain of commits stands. Only the one router touches it.
type facts struct {
	number uint64 // of the last commit
	hash   string // of the last commit's bytes
	end    uint64 // last sequence of the stream at start
}

// ErrNotAlone says that another router committed in between: this one is not
// the active one any more, and what it remembers is outdated.
var ErrNotAlone error = notAlone{}

type notAlone struct{}

func (notAlone) Error() string { return "another router has committed to this store" }

// Final says that trying again is of no use.
func (notAlone) Final() bool { return true }

// Commit appends one commit: its facts happened, all of them, or none did. The
// number and hash of the chain are filled in. An error other than ErrNotAlone
// may be tried again with the same commit.
func (b *Bus) Commit(ctx context.Context, c incident.Commit) error {
	c.Number, c.Prev = b.facts.number+1, b.facts.hash
	data, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode commit %d: %w", c.Number, err)
	}
	_, err = b.publish(ctx, subjectFacts, data, jetstream.WithExpectLastSequence(b.facts.number))
	if outOfTurn(err) && b.ours(ctx, c.Number, data) {
		err = nil // an earlier try was stored, and only its answer was lost
	}
	if outOfTurn(err) {
		return ErrNotAlone
	}
	if err != nil {
		return fmt.Errorf("store commit %d: %w", c.Number, err)
	}
	b.facts.number, b.facts.hash = c.Number, digest(data)
	return nil
}

// ours reports whether a stored commit is byte for byte this one.
func (b *Bus) ours(ctx context.Context, number uint64, data []byte) bool {
	s, err := b.js.Stream(ctx, streamFacts)
	if err != nil {
		return false
	}
	msg, err := s.GetMsg(ctx, number)
	return err == nil && bytes.Equal(msg.Data, data)
}

// Replay hands every commit to apply, in order, and checks the chain: a commit
// that is lost, cut or changed is an error that names it. It must be called
// once before the first Commit.
func (b *Bus) Replay(ctx context.Context, apply func(incident.Commit) error) error {
	b.facts.number, b.facts.hash = 0, ""
	if b.facts.end == 0 {
		return nil
	}
	done := errors.New("done")
	err := b.read(ctx, streamFacts, 1, func(seq uint64, data []byte, pending uint64) error {
		var c incident.Commit
		if err := json.Unmarshal(data, &c); err != nil {
			return broken(b.facts.number+1, "it cannot be read: "+err.Error())
		}
		switch {
		case c.Number != b.facts.number+1 || seq != c.Number:
			return broken(b.facts.number+1, fmt.Sprintf("commit %d stands at message %d in its place", c.Number, seq))
		case c.Prev != b.facts.hash:
			return broken(b.facts.number, "the commit after it names another hash")
		}
		if err := apply(c); err != nil {
			return err
		}
		b.facts.number, b.facts.hash = c.Number, digest(data)
		if pending == 0 {
			return done
		}
		return nil
	})
	if errors.Is(err, done) {
		return nil
	}
	return err
}

func broken(number uint64, what string) error {
	return fmt.Errorf("the facts are broken at commit %d: %s\nhint: restore the storage folder from a backup", number, what)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
