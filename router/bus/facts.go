package bus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	b.facts.number, b.facts.hash = c.Number, digest(data)
	return nil
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
	b.facts.number, b.facts.hash = 0, ""
	state, err := b.info(ctx, streamFacts)
	if err != nil || state.LastSeq == 0 {
		return err
	}
	done := errors.New("done")
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	// The engine says nothing of a message that it cannot read: none comes.
	stalled := time.AfterFunc(readTimeout, cancel)
	defer stalled.Stop()
	err = b.read(reading, streamFacts, 1, func(seq uint64, data []byte, pending uint64) error {
		stalled.Stop()
		defer stalled.Reset(readTimeout)
		var c incident.Commit
		if err := json.Unmarshal(data, &c); err != nil {
			return broken(b.facts.number+1, "it cannot be read: "+err.Error())
		}
		switch {
		case c.Number != b.facts.number+1 || seq != c.Number:
			return broken(b.facts.number+1, fmt.Sprintf("commit %d stands at message %d in its place", c.Number, seq))
		case c.Prev != b.facts.hash:
			return broken(max(b.facts.number, 1), "the commit after it names another hash")
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
	switch {
	case errors.Is(err, done) && b.facts.number < state.LastSeq:
		return broken(b.facts.number+1, "it is missing")
	case errors.Is(err, done):
		return nil
	case reading.Err() != nil && ctx.Err() == nil:
		return broken(b.facts.number+1, "it cannot be read")
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
