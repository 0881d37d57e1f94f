package bus

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server/ats"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"sitrep/channels"
	"sitrep/router/incident"
)

func TestMain(m *testing.M) {
	ats.Register() // its clock must not belong to a bubble
	// The client library tries for some seconds more to reach servers that are gone: see arrivals.
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(),
		goleak.IgnoreAnyFunction("github.com/nats-io/nats.go/jetstream.retryWithBackoff"),
		goleak.IgnoreAnyFunction("github.com/nats-io/nats.go/jetstream.(*orderedSubscription).Stop"))
}

func open(t *testing.T, dir string) *Bus {
	t.Helper()
	b, err := Open(context.Background(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tick(n int) incident.Input {
	return incident.Input{At: time.Unix(int64(n), 0).UTC(), Resolve: &incident.Resolve{Incident: "SR-1"}}
}

// readInputs returns everything stored after a sequence.
func readInputs(t *testing.T, b *Bus, after uint64) (all []incident.Input, seq uint64) {
	t.Helper()
	done := errors.New("done")
	err := b.Inputs(t.Context(), after, func(s uint64, inputs []incident.Input, last bool) error {
		all, seq = append(all, inputs...), s
		if last {
			return done
		}
		return nil
	})
	if !errors.Is(err, done) {
		t.Fatal(err)
	}
	return all, seq
}

func TestManyCallersShareAWrite(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, dir)
		defer b.Close()
		var wg sync.WaitGroup
		for n := range 1000 {
			wg.Go(func() {
				if err := b.Put(t.Context(), tick(n)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		all, seq := readInputs(t, b, 0)
		if len(all) != 1000 {
			t.Fatalf("stored %d inputs, want 1000", len(all))
		}
		if seq > 900 {
			t.Errorf("1000 concurrent inputs took %d messages: they did not share", seq)
		}
	})
}

func TestRestartFindsEverything(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, dir)
		if err := b.Put(t.Context(), tick(1)); err != nil {
			t.Fatal(err)
		}
		if err := b.Replay(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			if err := b.Commit(t.Context(), incident.Commit{Inbox: uint64(n), Facts: []incident.Fact{{Service: "mail", Body: &incident.Passed{}}}}); err != nil {
				t.Fatal(err)
			}
		}
		key := b.Key()
		hash, err := b.PutTexts(t.Context(), []channels.Text{{Language: "nl", SMS: "hoi"}})
		if err != nil {
			t.Fatal(err)
		}
		again, err := b.PutTexts(t.Context(), []channels.Text{{Language: "nl", SMS: "hoi"}})
		if err != nil || again != hash {
			t.Fatalf("the same texts got %s and %s, %v", hash, again, err)
		}
		b.Close()

		b = open(t, dir)
		defer b.Close()
		if string(b.Key()) != string(key) {
			t.Error("the key changed")
		}
		var numbers []uint64
		if err := b.Replay(t.Context(), func(c incident.Commit) error {
			numbers = append(numbers, c.Number)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(numbers) != 3 || numbers[2] != 3 {
			t.Errorf("replayed %v, want 1 2 3", numbers)
		}
		if err := b.Commit(t.Context(), incident.Commit{Inbox: 9}); err != nil {
			t.Error(err)
		}
		texts, err := b.Texts(t.Context(), hash)
		if err != nil || len(texts) != 1 || texts[0].SMS != "hoi" {
			t.Errorf("texts %v, %v", texts, err)
		}
		if all, _ := readInputs(t, b, 0); len(all) != 1 {
			t.Errorf("%d inputs, want 1", len(all))
		}
		if err := b.Probe(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestSecondOnTheSameFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	defer b.Close()
	_, err := Open(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "another sitrep runs") {
		t.Fatalf("got %v", err)
	}
}

func TestLossIsSeenAtStart(t *testing.T) {
	fill := func(t *testing.T, dir string) {
		b := open(t, dir)
		defer b.Close()
		if err := b.Replay(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if err := b.Commit(t.Context(), incident.Commit{Facts: []incident.Fact{{Service: "mail"}}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	streams := func(dir string) string { return filepath.Join(dir, "nats", "jetstream", "$G", "streams") }
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string)
		want   string
	}{
		"a stream removed": {func(t *testing.T, dir string) {
			os.RemoveAll(filepath.Join(streams(dir), streamLedger))
		}, "stream SITREP_LEDGER is missing"},
		"facts emptied": {func(t *testing.T, dir string) {
			os.RemoveAll(filepath.Join(streams(dir), streamFacts, "msgs"))
		}, "stream SITREP_FACTS ends at message 0; it reached at least 5"},
		"everything but the guard removed": {func(t *testing.T, dir string) {
			os.RemoveAll(filepath.Join(dir, "nats"))
		}, "stream SITREP_FACTS is missing; it reached message 5"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fill(t, dir)
			c.damage(t, dir)
			b, err := Open(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
			if err == nil {
				b.Close()
				t.Fatal("it started as if nothing were lost")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
		})
	}
}

func TestAFlippedBitIsSeenAtStart(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	if err := b.Replay(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := b.Commit(t.Context(), incident.Commit{Facts: []incident.Fact{{Service: "mail"}}}); err != nil {
			t.Fatal(err)
		}
	}
	b.Close()
	file := filepath.Join(dir, "nats", "jetstream", "$G", "streams", streamFacts, "msgs", "1.blk")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err = Open(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		defer b.Close()
		err = b.Replay(t.Context(), func(incident.Commit) error { return nil })
	}
	if err == nil || !strings.Contains(err.Error(), "hint:") {
		t.Fatalf("a flipped bit went unnoticed: %v", err)
	}
}

func TestLedgerFencesAStaleWorker(t *testing.T) {
	b := open(t, t.TempDir())
	defer b.Close()
	ctx := t.Context()
	one, err := b.Record(ctx, "SR-1.1.0.email", channels.Record{Worker: "a", Claim: true}, 0)
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.Record(ctx, "SR-1.1.0.email", channels.Record{Worker: "b", Claim: true}, one)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Record(ctx, "SR-1.1.0.email", channels.Record{Worker: "a"}, one); !errors.Is(err, channels.ErrFenced) {
		t.Errorf("the stale worker got %v", err)
	}
	records, last, err := b.Records(ctx, "SR-1.1.0.email")
	if err != nil || last != two || len(records) != 2 || records[1].Worker != "b" {
		t.Errorf("records %v, last %d, %v", records, last, err)
	}
	if records, last, err := b.Records(ctx, "SR-1.2.0.email"); err != nil || last != 0 || records != nil {
		t.Errorf("of another part: %v, %d, %v", records, last, err)
	}
}

func TestOutboxOffersAgainAfterARestart(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		b := open(t, dir)
		part := func(n int) channels.Part {
			return channels.Part{Incident: "SR-1", Update: n, Channel: channels.Email, Audience: "board"}
		}
		for n := 1; n <= 3; n++ {
			for range 2 { // cutting twice is cutting once
				if err := b.PutPart(ctx, part(n)); err != nil {
					t.Fatal(err)
				}
			}
		}
		q, err := b.Queue(ctx, channels.Email)
		if err != nil {
			t.Fatal(err)
		}
		first, err := q.Next(ctx, false)
		if err != nil {
			t.Fatal(err)
		}
		// A worker acknowledges what its ledger says is finished; without that it is
		// offered again, whatever was acknowledged.
		if _, err := b.Record(ctx, first.Part().ID(), channels.Record{Done: &channels.Report{}}, 0); err != nil {
			t.Fatal(err)
		}
		if err := first.Finish(); err != nil {
			t.Fatal(err)
		}
		if c, err := q.Next(ctx, false); err != nil || c.Part().Update != 2 {
			t.Fatalf("second offer %v, %v", c, err)
		}
		if newer, err := q.Newer(ctx, part(2)); err != nil || !newer {
			t.Errorf("update 2 has a newer one: %v, %v", newer, err)
		}
		if newer, err := q.Newer(ctx, part(3)); err != nil || newer {
			t.Errorf("update 3 is the newest: %v, %v", newer, err)
		}
		time.Sleep(time.Second)
		q.Close()
		b.Close()

		b = open(t, dir)
		defer b.Close()
		q, err = b.Queue(ctx, channels.Email)
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		began := time.Now()
		for want := 2; want <= 3; want++ {
			c, err := q.Next(ctx, false)
			if err != nil || c.Part().Update != want {
				t.Fatalf("after the restart: %v, %v; want update %d", c, err, want)
			}
		}
		if waited := time.Since(began); waited > time.Second {
			t.Errorf("the leases of the dead were waited for: %v", waited)
		}
	})
}

func TestLargeInputsAreRefused(t *testing.T) {
	b := open(t, t.TempDir())
	defer b.Close()
	in := incident.Input{Reason: strings.Repeat("x", MaxInput), Resolve: &incident.Resolve{}}
	if err := b.Put(t.Context(), in); err == nil || errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
}

// BenchmarkPut measures durable inputs from 64 callers at once against one
// publish each, which is what it would cost without sharing.
func BenchmarkPut(b *testing.B) {
	bus, err := Open(b.Context(), Options{Dir: b.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer bus.Close()
	in := tick(1)
	data, _ := json.Marshal([]incident.Input{in})
	for name, put := range map[string]func() error{
		"shared": func() error { return bus.Put(b.Context(), in) },
		"one publish each": func() error {
			_, err := bus.js.Publish(b.Context(), subjectInbox, data, jetstream.WithRetryAttempts(0))
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetParallelism(32) // times two cores
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := put(); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
