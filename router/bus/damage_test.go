package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
	"sitrep/router/incident"
)

// filled makes a store with something in each stream and closes it.
func filled(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	b := open(t, dir)
	defer b.Close()
	ctx := t.Context()
	if err := b.Replay(ctx, nil); err != nil {
		t.Fatal(err)
	}
	last := uint64(0)
	for n := range 20 {
		if err := b.Put(ctx, tick(n)); err != nil {
			t.Fatal(err)
		}
		if err := b.Commit(ctx, incident.Commit{Inbox: uint64(n), Facts: []incident.Fact{{Service: fmt.Sprint("mail", n)}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.PutTexts(ctx, []channels.Text{{SMS: fmt.Sprint(n)}}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.PutRoster(ctx, []channels.Person{{ID: fmt.Sprint(n)}}); err != nil {
			t.Fatal(err)
		}
		if err := b.PutPart(ctx, channels.Part{Incident: "SR-1", Update: n, Channel: "email", Audience: "board"}); err != nil {
			t.Fatal(err)
		}
		var err error
		if last, err = b.Record(ctx, "SR-1.1.0.email", channels.Record{Worker: fmt.Sprint(n)}, last); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func streamFile(dir, stream, name string) string {
	return filepath.Join(dir, "nats", "jetstream", "$G", "streams", stream, name)
}

// start opens a store and reads the facts as the router does. It must not hang.
func start(t *testing.T, dir string) (services []string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	b, err := Open(ctx, Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	err = b.Replay(ctx, func(c incident.Commit) error {
		services = append(services, c.Facts[0].Service)
		return nil
	})
	if ctx.Err() != nil {
		t.Error("the start hangs")
	}
	return services, err
}

func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "store")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// Where a file ends too early, or is gone, the start says so.
func TestACutFileIsSeen(t *testing.T) {
	pristine := filled(t)
	want, err := start(t, copied(t, pristine))
	if err != nil || len(want) != 20 {
		t.Fatal(want, err)
	}
	for _, stream := range []string{streamFacts, streamLedger, streamOutbox, streamInbox, streamTexts, streamRosters} {
		for _, damage := range []string{"cut", "cut, and the index gone", "emptied", "block gone", "all gone"} {
			dir := copied(t, pristine)
			block := streamFile(dir, stream, "msgs/1.blk")
			info, err := os.Stat(block)
			if err != nil {
				t.Fatal(err)
			}
			switch damage {
			case "cut":
				err = os.Truncate(block, info.Size()*2/3)
			case "cut, and the index gone":
				err = errors.Join(os.Remove(streamFile(dir, stream, "msgs/index.db")), os.Truncate(block, info.Size()-7))
			case "emptied":
				err = os.Truncate(block, 0)
			case "block gone":
				err = os.Remove(block)
			case "all gone":
				err = os.RemoveAll(streamFile(dir, stream, ""))
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := start(t, dir); err == nil || !strings.Contains(err.Error(), "hint:") || !strings.Contains(err.Error(), stream) {
				t.Errorf("%s of %s: %v", damage, stream, err)
			}
		}
	}
}

// A flipped bit in a commit is seen at start, also in the last one, of which
// the engine says nothing at all.
func TestAFlippedBitInACommit(t *testing.T) {
	defer func(d time.Duration) { readTimeout = d }(readTimeout)
	readTimeout = time.Second
	pristine := filled(t)
	for _, n := range []int{0, 7, 19} {
		dir := copied(t, pristine)
		flip(t, streamFile(dir, streamFacts, "msgs/1.blk"), fmt.Sprint("mail", n))
		if got, err := start(t, dir); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("at commit %d:", n+1)) || !strings.Contains(err.Error(), "hint:") {
			t.Errorf("a bit of commit %d flipped: %d commits, %v", n+1, len(got), err)
		}
	}
}

// One in the ledger is seen when the part is claimed: it is not taken for one of
// which less is known.
func TestAFlippedBitInTheLedger(t *testing.T) {
	defer func(d time.Duration) { readTimeout = d }(readTimeout)
	readTimeout = time.Second
	pristine := filled(t)
	for _, worker := range []string{"0", "7", "19"} {
		dir := copied(t, pristine)
		flip(t, streamFile(dir, streamLedger, "msgs/1.blk"), `{"worker":"`+worker+`"`)
		b, err := Open(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			continue
		}
		if records, last, err := b.Records(t.Context(), "SR-1.1.0.email"); err == nil {
			t.Errorf("a bit of record %s flipped: %d records, the last is %d", worker, len(records), last)
		}
		b.Close()
	}
}

func flip(t *testing.T, file, word string) {
	t.Helper()
	data, err := os.ReadFile(file)
	place := bytes.Index(data, []byte(word))
	if err != nil || place < 0 {
		t.Fatal(place, err)
	}
	data[place+len(word)/2] ^= 1
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheGuardItself(t *testing.T) {
	pristine := filled(t)
	for name, c := range map[string]struct {
		content string // of the guard; empty: none
		remove  string // a stream
		want    string // in the error; empty: it starts
	}{
		"half written":                 {content: `{"SITREP_FACTS": 2`, want: "highest.json"},
		"empty of content":             {content: "null"},
		"not a number":                 {content: `{"SITREP_FACTS": "x"}`, want: "hint: the file only guards"},
		"of another store":             {content: `{"SITREP_FACTS": 99}`, want: "stream SITREP_FACTS ends at message 20; it reached at least 99"},
		"removed":                      {},
		"removed, and the key":         {remove: streamMeta, want: "stream SITREP_META is missing"},
		"removed, and the ledger":      {remove: streamLedger, want: "stream SITREP_LEDGER is missing"},
		"a half-written one beside it": {content: `{"SITREP_FACTS": 20}`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t, pristine)
			guard := filepath.Join(dir, "highest.json")
			if c.content == "" {
				if err := os.Remove(guard); err != nil {
					t.Fatal(err)
				}
			} else if err := os.WriteFile(guard, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(guard+".new", []byte(`{"SITR`), 0o600); err != nil {
				t.Fatal(err)
			}
			if c.remove != "" {
				if err := os.RemoveAll(streamFile(dir, c.remove, "")); err != nil {
					t.Fatal(err)
				}
			}
			got, err := start(t, dir)
			switch {
			case c.want == "" && (err != nil || len(got) != 20):
				t.Errorf("got %d commits, %v", len(got), err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v does not say %q", err, c.want)
			}
		})
	}
}

// A key that is gone from a store in use is not made anew.
func TestTheKeyIsNeverMadeTwice(t *testing.T) {
	dir := filled(t)
	b := open(t, dir)
	if err := b.streams[streamMeta].Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if err := os.Remove(filepath.Join(dir, "highest.json")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if _, err := start(t, dir); err == nil || !strings.Contains(err.Error(), "the store's key is missing") {
		t.Errorf("got %v", err)
	}
}

// A first start that is cut short, wherever that is, is a first start again.
func TestAFirstStartCutShort(t *testing.T) {
	for steps := range len(wanted) + 4 {
		dir := t.TempDir()
		b := &Bus{dir: dir, log: slog.New(slog.DiscardHandler), streams: map[string]jetstream.Stream{}, sick: make(chan struct{}, 1)}
		var err error
		do := func(n int, f func()) {
			if err == nil && steps >= n {
				f()
			}
		}
		do(0, func() { b.lock, err = lock(filepath.Join(dir, "lock")) })
		do(0, func() { b.marks, err = readMarks(filepath.Join(dir, "highest.json")) })
		do(1, func() { err = b.startEngine() })
		for n, c := range wanted {
			do(2+n, func() { b.streams[c.Name], err = b.js.CreateStream(t.Context(), c) })
		}
		do(2+len(wanted), func() { err = b.readKey(t.Context(), false) })
		do(3+len(wanted), func() { err = b.marks.write() })
		key := b.key
		b.Close()
		if err != nil {
			t.Fatal(err)
		}

		b = open(t, dir)
		if key != nil && string(b.Key()) != string(key) {
			t.Errorf("cut after step %d: another key", steps)
		}
		if len(b.Key()) != 32 {
			t.Errorf("cut after step %d: a key of %d bytes", steps, len(b.Key()))
		}
		if err := b.Put(t.Context(), tick(1)); err != nil {
			t.Errorf("cut after step %d: %v", steps, err)
		}
		b.Close()
		if _, err := start(t, dir); err != nil {
			t.Errorf("cut after step %d, at the start after next: %v", steps, err)
		}
	}
}

// Whatever a kill leaves on the disk at whatever moment can be started from,
// and holds what was accepted before.
func TestAKillLosesNothingAccepted(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	if err := b.Replay(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for n := range 10 {
		for range 20 {
			if err := b.Commit(t.Context(), incident.Commit{Facts: []incident.Fact{{Service: "mail"}}}); err != nil {
				t.Fatal(err)
			}
		}
		// The files as they are, while the engine runs: as a kill leaves them.
		killed := filepath.Join(t.TempDir(), "store")
		if err := snapshot(killed, dir); err != nil {
			t.Fatal(err)
		}
		got, err := start(t, killed)
		if err != nil || len(got) != 20*(n+1) {
			t.Errorf("after %d commits: %d are there, %v", 20*(n+1), len(got), err)
		}
	}
	b.Close()
}

// snapshot copies what can be read; a file that goes away meanwhile is none.
func snapshot(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(from, path)
		if err != nil {
			return nil
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		return os.WriteFile(filepath.Join(to, rel), data, 0o600)
	})
}
