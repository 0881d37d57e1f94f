package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"sitrep/router/audit"
	"sitrep/router/bus"
)

// links knows up to when the links were revoked by which people of the teams answer.
type links struct {
	store   *bus.Bus
	revoked atomic.Pointer[time.Time]
}

const linksBookmark = "links"

func openLinks(ctx context.Context, store *bus.Bus) (*links, error) {
	l := &links{store: store}
	l.revoked.Store(&time.Time{})
	return l, l.renew(ctx)
}

// renew takes in what was revoked at another router.
func (l *links) renew(ctx context.Context) error {
	kept, err := l.store.Bookmark(ctx, linksBookmark)
	if err != nil || kept == nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, string(kept))
	if err != nil {
		return fmt.Errorf("read up to when links were revoked: %w", err)
	}
	for was := l.revoked.Load(); at.After(*was) && !l.revoked.CompareAndSwap(was, &at); {
		was = l.revoked.Load()
	}
	return nil
}

func (l *links) until() time.Time { return *l.revoked.Load() }

// revoke makes those useless that were made so far. A link knows the second in which
// it was made: those of this second go too.
func (l *links) revoke(ctx context.Context) error {
	now := time.Now().UTC()
	if err := l.store.SetBookmark(ctx, linksBookmark, []byte(now.Format(time.RFC3339Nano))); err != nil {
		return err
	}
	l.revoked.Store(&now)
	return nil
}

// revokeLinks revokes them for a caller of the API.
func (d *daemon) revokeLinks(ctx context.Context, by string) error {
	if err := d.links.revoke(ctx); err != nil {
		return err
	}
	d.clerk.write(ctx, audit.Line{At: time.Now().UTC(), Kind: audit.Links, By: audit.Named(by), Text: "the links that teams answer by were revoked"})
	return nil
}
