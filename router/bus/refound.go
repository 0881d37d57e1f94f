package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/router/incident"
)

// The chain of facts is founded anew where much of it is to be forgotten: what is
// kept of it is repeated at its end, in commits that say so, and once these are
// whole, the chain begins with them.
//
//	1 .. 40     41 .. 50 blank     51 .. 53 recap     54 ..
//	                             ^ the mark: begin after 50, whose hash is …
//
// Only with the mark are 51 to 53 read, and 1 to 50 can go; the blank ones let the
// recap be in another file than what goes.
//
// A recap that was cut short is one that no mark begins with: what it repeats
// stands before it, and it is passed over.

// recapped follows a recap, commit by commit.
func (f *facts) recapped(c incident.Commit) {
	switch {
	case c.Recap == nil, c.Recap.Blank:
		f.recap = nil
		return
	case f.recap == nil:
		f.recap = &cut{To: f.number, Hash: f.hash}
	}
	if !c.Recap.More {
		f.founded, f.recap = f.recap, nil
	}
}

// Blanks is how many blank commits come before a recap.
func (b *Bus) Blanks() int { return blockSize/paddingSize + 1 }

// Refound lets the chain begin with the recap that was just committed. The router
// calls it, right after that.
func (b *Bus) Refound(ctx context.Context) error {
	if b.facts.founded == nil {
		return errors.New("no recap was written")
	}
	_, err := b.mark(ctx, streamFacts, *b.facts.founded)
	return err
}

// Trim removes the commits from before the chain begins. The inputs that led to
// them were removed when they were decided; that their file may go as well, the
// inbox goes on in another.
func (b *Bus) Trim(ctx context.Context) error {
	begin, err := b.purged(ctx, streamFacts)
	if err != nil {
		return err
	}
	state, err := b.info(ctx, streamFacts)
	if err != nil || state.FirstSeq > begin.To || begin.To == 0 {
		return err
	}
	if err := b.turnOver(ctx, subjectInbox, []byte("[]")); err != nil {
		return err
	}
	return b.purge(ctx, streamFacts, begin)
}

// Commits hands over the commits after a number, in order, beside whoever writes
// them; 0 is from where the chain begins.
func (b *Bus) Commits(ctx context.Context, after uint64, apply func(incident.Commit) error) error {
	cut, err := b.purged(ctx, streamFacts)
	if err != nil {
		return err
	}
	founding := after <= cut.To && cut.To > 0
	after = max(after, cut.To)
	return b.eachAfter(ctx, streamFacts, after, 0, func(msg *jetstream.RawStreamMsg) error {
		c, err := incident.ReadCommit(msg.Data)
		if err != nil {
			return fmt.Errorf("read commit %d: %w", msg.Sequence, err)
		}
		is := c.Recap == nil || founding
		founding = founding && c.Recap != nil && c.Recap.More
		if is {
			return apply(c)
		}
		return nil
	})
}
