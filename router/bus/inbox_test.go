package bus

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
	"sitrep/router/incident"
)

// gated is an inbox whose writes wait until they are let through.
func gated() (b *Bus, open chan<- error, writes *atomic.Int64) {
	gate := make(chan error)
	writes = new(atomic.Int64)
	b = &Bus{inbox: newInbox(func(ctx context.Context, _ string, _ []byte, _ ...jetstream.PublishOpt) (uint64, error) {
		writes.Add(1)
		select {
		case err := <-gate:
			return 1, err
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	})}
	return b, gate, writes
}

func TestACallerWaitsNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _, writes := gated()
		for _, c := range []struct{ patience, want time.Duration }{{time.Second, time.Second}, {time.Hour, storeTimeout}} {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), c.patience)
			err := b.Put(ctx, tick(1), tick(2))
			cancel()
			if took := time.Since(began); !errors.Is(err, ErrFull) || took != c.want {
				t.Errorf("got %v after %v, want %v", err, took, c.want)
			}
		}
		// Who left is not written for: the next writes are those of who waits.
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := writes.Load(); n > 3 {
			t.Errorf("%d writes for two callers that left", n)
		}
		b.inbox.close()
	})
}

func TestCloseLetsNobodyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, open, _ := gated()
		var callers sync.WaitGroup
		var stored, refused atomic.Int64
		for n := range 10 {
			callers.Go(func() {
				switch err := b.Put(t.Context(), tick(n)); {
				case err == nil:
					stored.Add(1)
				case errors.Is(err, ErrFull):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		began := time.Now()
		go func() { open <- nil }() // the first is written; the others share a write that is not answered
		b.inbox.close()
		callers.Wait()
		if took := time.Since(began); took > 2*storeTimeout || stored.Load() != 1 || refused.Load() != 9 {
			t.Errorf("closed after %v with %d stored and %d refused", took, stored.Load(), refused.Load())
		}
		if err := b.Put(t.Context(), tick(1)); !errors.Is(err, ErrFull) {
			t.Errorf("after the close: %v", err)
		}
	})
}

func TestTooManyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _, _ := gated()
		many := make([]incident.Input, maxWaiting+1)
		for n := range many {
			many[n] = tick(n)
		}
		if err := b.Put(t.Context(), many...); !errors.Is(err, ErrFull) {
			t.Errorf("got %v", err)
		}
		b.inbox.close()
	})
}

func TestCompact(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	ctx := t.Context()
	for n := range 10 {
		if err := b.Put(ctx, tick(n)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		covered uint64
		left    uint64
	}{{0, 10}, {1, 10}, {4, 7}, {3, 7}, {10, 1}, {99, 1}} {
		if err := b.Compact(ctx, c.covered); err != nil {
			t.Fatal(err)
		}
		all, seq := readInputs(t, b, 10-c.left)
		if state, err := b.info(ctx, streamInbox); err != nil || state.Msgs != c.left || state.LastSeq != 10 || seq != 10 || len(all) != int(c.left) {
			t.Errorf("covered up to %d: %d of %d left, want %d; read %d up to %d, %v", c.covered, state.Msgs, state.LastSeq, c.left, len(all), seq, err)
		}
	}
	killed := t.TempDir()
	if err := snapshot(killed, dir); err != nil {
		t.Fatal(err)
	}
	b.Close()
	b = open(t, killed)
	defer b.Close()
	if err := b.Put(ctx, tick(11)); err != nil {
		t.Fatal(err)
	}
	if all, seq := readInputs(t, b, 10); len(all) != 1 || seq != 11 {
		t.Errorf("after a kill: %d inputs up to %d", len(all), seq)
	}
	err := b.Inputs(ctx, 3, func(uint64, []incident.Input, bool) error { return errors.New("taken") })
	if err == nil || err.Error() == "taken" {
		t.Errorf("inputs that are gone were passed over: %v", err)
	}
}

// More parts than may be leased at once wait their turn, and are not lost.
func TestManyPartsAreOfferedInTurn(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		b := open(t, dir)
		const n = 50
		for update := range n {
			if err := b.PutPart(ctx, channels.Part{Incident: "SR-1", Update: update, Channel: "email", Audience: "board"}); err != nil {
				t.Fatal(err)
			}
		}
		q, err := b.Queue(ctx, "email")
		if err != nil {
			t.Fatal(err)
		}
		offered := map[int]int{}
		var claims []channels.Claim
		for range n {
			c, err := q.Next(ctx, false)
			if err != nil {
				t.Fatal(err)
			}
			offered[c.Part().Update]++
			claims = append(claims, c)
		}
		// Half are finished; of the others, half are renewed.
		for i, c := range claims {
			if i < n/2 {
				if err := c.Finish(); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 12 {
			time.Sleep(10 * time.Second)
			for _, c := range claims[n/2 : n*3/4] {
				if err := c.Renew(); err != nil {
					t.Fatal(err)
				}
			}
		}
		again := map[int]int{}
		for {
			short, cancel := context.WithTimeout(ctx, time.Second)
			c, err := q.Next(short, false)
			cancel()
			if err != nil {
				break
			}
			again[c.Part().Update]++
		}
		for update := range n {
			if want := update >= n*3/4; offered[update] != 1 || again[update] > 0 != want {
				t.Errorf("part %d was offered %d times, and %d times after its lease", update, offered[update], again[update])
			}
		}
		q.Close()
		b.Close()
	})
}

// TestADamagedInboxIsFinal: an input that cannot be read is neither waited for
// for ever nor passed over.
func TestADamagedInboxIsFinal(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	for n := range 20 {
		if err := b.Put(t.Context(), tick(n)); err != nil {
			t.Fatal(err)
		}
	}
	b.Close()
	file := filepath.Join(dir, "nats", "jetstream", "$G", "streams", streamInbox, "msgs", "1.blk")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	was := readTimeout
	readTimeout = time.Second
	defer func() { readTimeout = was }()
	b, err = Open(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		defer b.Close()
		err = b.Inputs(t.Context(), 0, func(seq uint64, _ []incident.Input, last bool) error {
			if last {
				return errors.New("all of it was read")
			}
			return nil
		})
		var final interface{ Final() bool }
		if !errors.As(err, &final) || !final.Final() {
			t.Errorf("reading ended with %v, which is not final", err)
		}
	}
	if err == nil || !strings.Contains(err.Error(), "hint:") {
		t.Errorf("a flipped bit went unnoticed: %v", err)
	}
}
