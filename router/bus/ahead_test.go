package bus

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// TestAheadKeepsTheOrder: also where one cannot be decoded, is refused, or is not read.
func TestAheadKeepsTheOrder(t *testing.T) {
	unread, refused := errors.New("unread"), errors.New("refused")
	for _, c := range []struct {
		name             string
		n, broken, stops int
		err, want        error
		applied          int
	}{
		{"all", 1000, -1, -1, nil, nil, 1000},
		{"none", 0, -1, -1, nil, nil, 0},
		{"the reading fails", 1000, -1, -1, unread, unread, 1000},
		{"one is refused", 1000, -1, 130, unread, refused, 130},
		{"one cannot be decoded", 1000, 777, -1, nil, nil, 1000},
	} {
		applied := 0
		err := ahead(t.Context(), func(ctx context.Context, take func(uint64, []byte, bool) error) error {
			for n := range c.n {
				data := fmt.Sprintf(`{"number":%d,"facts":null,"inbox":0,"at":"2026-01-02T03:04:05Z"}`, n)
				if n == c.broken {
					data = "{"
				}
				if err := take(uint64(n), []byte(data), n%100 == 50); err != nil {
					return err
				}
			}
			return c.err
		}, func(s stored) error {
			if applied == c.stops {
				return refused
			}
			if (s.err != nil) != (applied == c.broken) || s.seq != uint64(applied) || s.err == nil && s.commit.Number != uint64(applied) {
				t.Errorf("%s: at %d came %d, %v", c.name, applied, s.seq, s.err)
			}
			applied++
			return nil
		})
		if !errors.Is(err, c.want) || c.want == nil && err != nil || applied != c.applied {
			t.Errorf("%s: %d were applied, %v", c.name, applied, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := ahead(ctx, func(ctx context.Context, take func(uint64, []byte, bool) error) error {
		for n := 0; ; n++ {
			if err := take(uint64(n), []byte("{}"), false); err != nil {
				return err
			}
		}
	}, func(s stored) error {
		if s.seq == 5000 {
			cancel()
			return ctx.Err()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

// TestAheadEndsWithAPanic: it is shown, and nothing hangs.
func TestAheadEndsWithAPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it was hidden")
		}
	}()
	_ = ahead(t.Context(), func(_ context.Context, take func(uint64, []byte, bool) error) error {
		for n := 0; ; n++ {
			if err := take(uint64(n), []byte("{}"), false); err != nil {
				return err
			}
		}
	}, func(stored) error { panic("of the casebook") })
}
