package web

import (
	"context"
	"time"
)

// Readiness is whether the store took a write within the last second.
type Readiness struct {
	probe func(context.Context) error
	turn  chan struct{} // holds one thing while somebody looks or writes below

	at  time.Time
	err error
}

// NewReadiness returns one that was not looked at yet.
func NewReadiness(probe func(context.Context) error) *Readiness {
	return &Readiness{probe: probe, turn: make(chan struct{}, 1)}
}

// Check returns why the store takes no write; nil: it does.
func (r *Readiness) Check(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.turn }()
	if r.at.IsZero() || time.Since(r.at) > time.Second {
		// A caller that hangs up does not make the store unready.
		r.err = r.probe(context.WithoutCancel(ctx))
		r.at = time.Now()
	}
	return r.err
}
