package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

const subjectSuppressed = subjectMeta + "suppressed."

// suppression is why somebody is not to be written to.
type suppression struct {
	Code  string    `json:"code,omitempty"` // the provider's, or a word of ours; empty: he is written to again
	At    time.Time `json:"at"`
	Until time.Time `json:"until,omitzero"` // zero: until he takes it back
}

// suppressions are those there are, by a name that holds no address.
type suppressions struct {
	mu  sync.RWMutex
	all map[string]suppression
}

func (b *Bus) readSuppressions(ctx context.Context) error {
	b.suppressed.all = map[string]suppression{}
	names, err := b.subjects(ctx, streamMeta, subjectSuppressed+">")
	if err != nil {
		return err
	}
	for _, subject := range slices.Sorted(maps.Keys(names)) {
		var s suppression
		if err := b.content(ctx, streamMeta, subject, &s); err != nil {
			return fmt.Errorf("read who is not to be written to: %w", err)
		}
		b.suppressed.all[strings.TrimPrefix(subject, subjectSuppressed)] = s
	}
	return nil
}

// Suppressed returns why an address is not to be written to by a channel, as one of
// an audience or at all.
func (b *Bus) Suppressed(channel, audience, address string) (code string, yes bool) {
	b.suppressed.mu.RLock()
	defer b.suppressed.mu.RUnlock()
	if len(b.suppressed.all) == 0 {
		return "", false
	}
	now := time.Now()
	for _, of := range []string{"", audience} {
		s := b.suppressed.all[b.key.Suppression(channel, of, address)]
		if s.Code != "" && (s.Until.IsZero() || now.Before(s.Until)) {
			return s.Code, true
		}
	}
	return "", false
}

// Suppress has an address not written to by a channel any more, for a while (0: until
// Restore), and says why.
func (b *Bus) Suppress(ctx context.Context, channel, address, code string, long time.Duration) error {
	s := suppression{Code: code, At: time.Now().UTC()}
	if long > 0 {
		s.Until = s.At.Add(long)
	}
	return b.putSuppression(ctx, b.key.Suppression(channel, "", address), s)
}

// Restore has an address written to again.
func (b *Bus) Restore(ctx context.Context, channel, address string) error {
	name := b.key.Suppression(channel, "", address)
	b.suppressed.mu.RLock()
	known := b.suppressed.all[name].Code != ""
	b.suppressed.mu.RUnlock()
	if !known {
		return nil
	}
	return b.putSuppression(ctx, name, suppression{At: time.Now().UTC()})
}

// Unsubscribe takes whoever a token was given to off a list; false where it is not
// ours.
func (b *Bus) Unsubscribe(ctx context.Context, token string) (bool, error) {
	name, ok := b.key.Unsubscribed(token)
	if !ok {
		return false, nil
	}
	return true, b.putSuppression(ctx, name, suppression{Code: channels.Unsubscribed, At: time.Now().UTC()})
}

func (b *Bus) putSuppression(ctx context.Context, name string, s suppression) error {
	b.suppressed.mu.RLock()
	was := b.suppressed.all[name]
	b.suppressed.mu.RUnlock()
	if was.Code != "" && was.Until.IsZero() && s.Code != "" {
		return nil // it holds already, for longer
	}
	data, err := json.Marshal(s)
	if err == nil {
		_, err = b.publish(ctx, subjectSuppressed+name, data)
	}
	if err != nil {
		return fmt.Errorf("store who is not to be written to: %w", err)
	}
	b.suppressed.mu.Lock()
	defer b.suppressed.mu.Unlock()
	b.suppressed.all[name] = s
	return nil
}

// Bookmark returns what SetBookmark kept under a name; nil where nothing.
func (b *Bus) Bookmark(ctx context.Context, name string) ([]byte, error) {
	msg, err := b.streams[streamMeta].GetLastMsgForSubject(ctx, subjectMeta+"bookmark."+name)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read how far %s were read: %w", name, err)
	}
	return msg.Data, nil
}

// SetBookmark keeps how far something was read.
func (b *Bus) SetBookmark(ctx context.Context, name string, data []byte) error {
	if _, err := b.publish(ctx, subjectMeta+"bookmark."+name, data); err != nil {
		return fmt.Errorf("store how far %s were read: %w", name, err)
	}
	return nil
}
