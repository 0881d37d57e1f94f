package bus

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sitrep/channels"
)

// Whatever bit is flipped of where a worker was, a start neither hangs nor takes all
// memory: what is not finished is offered, or it is refused with a hint.
func TestAFlippedBitInAPosition(t *testing.T) {
	pristine := t.TempDir()
	b := open(t, pristine)
	for n := range 6 {
		if err := b.PutPart(t.Context(), channels.Part{Incident: "SR-1", Update: n, Channel: channels.Email, Audience: "board"}); err != nil {
			t.Fatal(err)
		}
	}
	q, err := b.Queue(t.Context(), channels.Email)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		c, err := q.Next(t.Context(), false)
		if err == nil && n == 1 {
			err = c.Finish()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(300 * time.Millisecond) // the engine writes it a moment later
	q.Close()
	b.Close()
	file := filepath.Join("obs", "email-normal", "o.dat")
	data, err := os.ReadFile(streamFile(pristine, streamOutbox, file))
	if err != nil || len(data) < 10 || !position(data) {
		t.Fatalf("%x, %v", data, err)
	}
	refused := 0
	for at := range data {
		for _, bit := range []int{0, 7} {
			dir := copied(t, pristine)
			flipped := append([]byte(nil), data...)
			flipped[at] ^= 1 << bit
			if err := os.WriteFile(streamFile(dir, streamOutbox, file), flipped, 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			b, err := Open(ctx, Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Errorf("bit %d of byte %d: %v", bit, at, err)
				cancel()
				continue
			}
			if q, err := b.Queue(ctx, channels.Email); err != nil && strings.Contains(err.Error(), "hint:") {
				refused++ // by the engine, at once
			} else if err != nil {
				t.Errorf("bit %d of byte %d: %v", bit, at, err)
			} else if c, err := q.Next(ctx, false); err != nil || c.Part().Update != 0 {
				t.Errorf("bit %d of byte %d: offered %+v, %v", bit, at, c, err)
			} else {
				q.Close()
			}
			b.Close()
			cancel()
		}
	}
	t.Logf("%d of %d were refused", refused, 2*len(data))
}
