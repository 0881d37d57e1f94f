package bus

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

// fewer says that a test is to look at fewer of many cases; see race_test.go.
var fewer bool

// stride is by how many writes a cut comes after the one before.
func stride() int {
	if fewer {
		return 5
	}
	return 1
}

// Fewer reports it.
func Fewer() bool { return fewer }

// History returns all records of a part, also of one that is finished.
func (b *Bus) History(ctx context.Context, part string) (all []channels.Record, err error) {
	for seq := uint64(1); ; {
		msg, err := b.streams[streamLedger].GetMsg(ctx, seq)
		if err != nil {
			return all, nil // past the end
		}
		seq++
		if msg.Subject != subjectLedger+part {
			continue
		}
		r, err := readRecord(msg)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
}

// Last returns a part's last record; the zero one where there is none.
func (b *Bus) Last(ctx context.Context, part string) (r channels.Record, err error) {
	msg, err := b.streams[streamLedger].GetLastMsgForSubject(ctx, subjectLedger+part)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	return readRecord(msg)
}

// Twin is the store as another process on it has it: with a connection of its own.
func Twin(t *testing.T, b *Bus) *Bus {
	t.Helper()
	other := &Bus{dir: t.TempDir(), log: slog.New(slog.DiscardHandler), streams: map[string]jetstream.Stream{}, key: b.key, sick: make(chan struct{}, 1), leaving: leaving{to: map[string]uint64{}}}
	var err error
	if other.marks, err = readMarks(filepath.Join(other.dir, guardFile)); err != nil {
		t.Fatal(err)
	}
	if other.conn, err = nats.Connect("", nats.InProcessServer(b.server)); err != nil {
		t.Fatal(err)
	}
	if other.js, err = jetstream.New(other.conn); err != nil {
		t.Fatal(err)
	}
	for _, c := range wanted {
		if other.streams[c.Name], err = other.js.Stream(t.Context(), c.Name); err != nil {
			t.Fatal(err)
		}
	}
	other.inbox = newInbox(other.publish)
	t.Cleanup(func() {
		other.inbox.close()
		other.conn.Close()
	})
	return other
}

// Cut ends the connection as a kill of the process does.
func (b *Bus) Cut() { b.conn.Close() }
