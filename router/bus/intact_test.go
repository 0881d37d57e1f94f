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

// What a worker is going to need is missed at start, and not when somebody waits
// for it.
func TestAFlippedBitInWhatWorkersNeed(t *testing.T) {
	defer func(d time.Duration) { readTimeout = d }(readTimeout)
	readTimeout = time.Second
	pristine := filled(t)
	for _, c := range []struct{ stream, word, want string }{
		{streamTexts, `"sms":"7"`, "message 8 of stream SITREP_TEXTS cannot be read"},
		{streamTexts, `"sms":"19"`, "message 20 of stream SITREP_TEXTS cannot be read"},
		{streamRosters, `"id":"0"`, "message 1 of stream SITREP_ROSTERS cannot be read"},
		{streamOutbox, `"update":7`, "message 8 of stream SITREP_OUTBOX cannot be read"},
		{streamLedger, `{"worker":"7"`, "read the ledger of SR-1.1.0.email: message 8"},
		{streamLedger, `{"worker":"19"`, "read the ledger of SR-1.1.0.email: its last record is damaged"},
	} {
		dir := copied(t, pristine)
		flip(t, streamFile(dir, c.stream, "msgs/1.blk"), c.word)
		if _, err := start(t, dir); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "hint:") {
			t.Errorf("a bit of %s in %s flipped: %v", c.word, c.stream, err)
		}
	}
}

// Whatever the consumer's file says of where a worker was, what is not finished
// is offered again.
func TestADamagedPositionSkipsNothing(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	part := channels.Part{Incident: "SR-1", Update: 1, Channel: channels.Email, Audience: "board"}
	if err := b.PutPart(t.Context(), part); err != nil {
		t.Fatal(err)
	}
	q, err := b.Queue(t.Context(), channels.Email)
	if err != nil {
		t.Fatal(err)
	}
	c, err := q.Next(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	// As a file says in which a bit is flipped: it is acknowledged, and was not
	// finished.
	if err := c.Finish(); err != nil {
		t.Fatal(err)
	}
	q.Close()
	b.Close()
	b = open(t, dir)
	defer b.Close()
	if q, err = b.Queue(t.Context(), channels.Email); err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if c, err := q.Next(ctx, false); err != nil || c.Part().ID() != part.ID() {
		t.Errorf("offered %v, %v", c, err)
	}
}

// Nothing but the position of a worker in the outbox is kept there, and yet the
// engine does not open the stream without it.
func TestADamagedConsumerIsRefusedWithAHint(t *testing.T) {
	dir := filled(t)
	b := open(t, dir)
	q, err := b.Queue(t.Context(), channels.Email)
	if err != nil {
		t.Fatal(err)
	}
	q.Close()
	b.Close()
	for _, file := range []string{"meta.inf", "o.dat"} {
		dir := copied(t, dir)
		damaged := streamFile(dir, streamOutbox, filepath.Join("obs", "email-normal", file))
		data, err := os.ReadFile(damaged)
		if err != nil {
			t.Fatal(err)
		}
		data[0] ^= 1
		if err := os.WriteFile(damaged, data, 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := Open(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
		if err == nil {
			var q *Queue
			if q, err = b.Queue(t.Context(), channels.Email); err == nil {
				q.Close()
			}
			b.Close()
		}
		if err != nil && !strings.Contains(err.Error(), "hint:") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// A flipped bit in the last message of the ledger is refused at start, or changes
// nothing of what the ledger says: taken for less than it was, a part would be sent
// again.
func TestAFlippedBitInTheLastRecords(t *testing.T) {
	defer func(d time.Duration) { readTimeout = d }(readTimeout)
	readTimeout = time.Second
	pristine := filled(t)
	records := func(dir string) (int, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		b, err := Open(ctx, Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return 0, err
		}
		defer b.Close()
		all, _, err := b.Records(ctx, "SR-1.1.0.email")
		return len(all), err
	}
	want, err := records(copied(t, pristine))
	if err != nil || want != 20 {
		t.Fatal(want, err)
	}
	info, err := os.Stat(streamFile(pristine, streamLedger, "msgs/1.blk"))
	if err != nil {
		t.Fatal(err)
	}
	// The beginning of the text, and what the engine keeps before it. Its own length of
	// a message is left out: over that it may turn in circles.
	for back := 100; back < 150; back += 2 {
		dir := copied(t, pristine)
		at := int(info.Size()) - 1 - back
		flipAt(t, streamFile(dir, streamLedger, "msgs/1.blk"), at)
		if got, err := records(dir); err == nil && got != want {
			t.Errorf("a bit of byte %d, %d before the end, flipped: %d of %d records, and no error", at, back, got, want)
		}
	}
}

func flipAt(t *testing.T, file string, at int) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= 1
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
