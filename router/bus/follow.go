package bus

import (
	"context"
	"errors"
	"fmt"

	"sitrep/router/incident"
)

// Follow hands over what another router commits, after what was replayed, followed or
// committed by this one, in order and as it comes, until ctx ends or apply fails. It
// is not to be called beside Commit.
func (b *Bus) Follow(ctx context.Context, apply func(incident.Commit) error) error {
	return b.read(ctx, streamFacts, b.facts.number+1, func(seq uint64, data []byte, _ uint64) error {
		return b.followed(seq, data, apply)
	})
}

// CatchUp hands over what there is of it now, and returns.
func (b *Bus) CatchUp(ctx context.Context, apply func(incident.Commit) error) error {
	end, err := b.End(ctx)
	if err != nil || b.facts.number >= end {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readTimeout, fmt.Errorf("commit %d does not come", b.facts.number+1))
	defer cancel()
	done := errors.New("done")
	err = b.read(ctx, streamFacts, b.facts.number+1, func(seq uint64, data []byte, _ uint64) error {
		if err := b.followed(seq, data, apply); err != nil {
			return err
		}
		if b.facts.number >= end {
			return done
		}
		return nil
	})
	switch {
	case errors.Is(err, done):
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}

func (b *Bus) followed(seq uint64, data []byte, apply func(incident.Commit) error) error {
	c, err := incident.ReadCommit(data)
	if err := b.facts.check(stored{seq, data, c, err}); err != nil {
		return err
	}
	if err := apply(c); err != nil {
		return err
	}
	b.goOn(c, data)
	return nil
}

// End returns the number of the last commit there is, whoever made it.
func (b *Bus) End(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	state, err := b.info(ctx, streamFacts)
	return state.LastSeq, err
}

// Behind returns how many commits there are that this process does not know yet. That
// it knows some that there are not is an error.
func (b *Bus) Behind(ctx context.Context) (uint64, error) {
	place := b.place.Load()
	end, err := b.End(ctx)
	if err == nil && place > end {
		return 0, fmt.Errorf("the facts reach commit %d, and reached %d: the NATS servers have lost some", end, place)
	}
	return end - min(place, end), err
}
