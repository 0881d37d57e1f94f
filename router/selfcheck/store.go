package selfcheck

import (
	"context"
	"time"
)

const (
	// probeEvery is how often a store that is well is written to.
	probeEvery = 30 * time.Second
	// storeFor is how long it takes nothing before that is told, and shoutEvery how
	// often it is told at most.
	storeFor, shoutEvery = time.Minute, time.Hour
)

// store is how the store does. Run alone touches it.
type store struct {
	well      time.Time // when it took a write last
	since     time.Time // it takes nothing; zero: it does
	told      bool
	shoutedAt time.Time
}

// probe reports whether the store takes a write, and has the team told past the
// store where it does not: once an hour at most, whatever comes and goes.
func (c *Checker) probe(ctx context.Context) bool {
	s := &c.store
	if s.since.IsZero() && time.Since(s.well) < probeEvery {
		return true
	}
	err := c.o.Probe(ctx)
	if ctx.Err() != nil {
		return false
	}
	if c.o.Probed != nil {
		c.o.Probed(err == nil)
	}
	now := time.Now()
	switch {
	case err != nil && s.since.IsZero():
		s.since = now
	case err != nil && !s.told && now.Sub(s.since) >= storeFor && (s.shoutedAt.IsZero() || now.Sub(s.shoutedAt) >= shoutEvery):
		c.o.Log.Error("the store takes no write; the team is told past it", "since", s.since, "err", err)
		s.told, s.shoutedAt = true, now
		c.o.Shout(ctx, s.since, false)
	case err == nil && !s.since.IsZero():
		c.o.Log.Info("the store takes writes again", "after", now.Sub(s.since).Round(time.Second))
		if s.told {
			c.o.Shout(ctx, s.since, true)
		}
		s.since, s.told = time.Time{}, false
	}
	if err == nil {
		s.well = now
	}
	return err == nil
}
