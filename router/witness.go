package router

import (
	"context"
	"time"

	"sitrep/router/audit"
)

// Audit keeps who did what.
type Audit interface {
	// Audit appends a line; tried again with the same one, it is stored once.
	Audit(ctx context.Context, l audit.Line) error
	// Audited returns the last line that followed from facts; the zero one where
	// there is none.
	Audited(ctx context.Context) (audit.Line, error)
	// ExpireAudit removes the lines of before a moment.
	ExpireAudit(ctx context.Context, before time.Time) error
}

// unwritten is what finds out, from all facts, which lines a crash kept from being
// written.
func (r *Router) unwritten(ctx context.Context) (g audit.Gather, err error) {
	if r.o.Audit != nil {
		g.Last, err = r.o.Audit.Audited(ctx)
	}
	return g, err
}

// witness writes lines, each until the store takes it: nobody is answered before.
func (r *Router) witness(ctx context.Context, lines []audit.Line) error {
	if r.o.Audit == nil {
		return nil
	}
	for _, l := range lines {
		if err := r.insist(ctx, "a line of the audit", func() error { return r.o.Audit.Audit(ctx, l) }); err != nil {
			return err
		}
	}
	return nil
}

// cleanAudit removes lines that are old enough.
func (r *Router) cleanAudit(ctx context.Context, now time.Time) error {
	if r.o.Audit == nil || r.o.Retention.Audit == 0 {
		return nil
	}
	return r.o.Audit.ExpireAudit(ctx, now.Add(-r.o.Retention.Audit))
}
