package bus

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

// Options say where the store is.
type Options struct {
	Dir string // the storage path; made where it is missing
	Log *slog.Logger
}

// Bus is an open store. Its methods may be called from any goroutine.
type Bus struct {
	dir     string
	log     *slog.Logger
	lock    *os.File
	server  *server.Server
	conn    *nats.Conn
	js      jetstream.JetStream
	streams map[string]jetstream.Stream
	key     channels.Key
	inbox   *inbox
	marks   *marks
	facts   facts

	ailing atomic.Bool   // the engine cannot write
	sick   chan struct{} // it may be so
	doctor func()        // ends who looks after it
}

// Open opens the store, makes it where there was never one, and checks that
// nothing of it was lost. The error says what to do.
func Open(ctx context.Context, o Options) (*Bus, error) {
	b := &Bus{dir: o.Dir, log: o.Log, streams: map[string]jetstream.Stream{}, sick: make(chan struct{}, 1)}
	if err := b.open(ctx); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Bus) open(ctx context.Context) (err error) {
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return fmt.Errorf("make the storage folder: %w", err)
	}
	if b.lock, err = lock(filepath.Join(b.dir, "lock")); err != nil {
		return err
	}
	if b.marks, err = readMarks(filepath.Join(b.dir, "highest.json")); err != nil {
		return err
	}
	if err := b.startEngine(); err != nil {
		return err
	}
	begun, err := b.openStreams(ctx)
	if err != nil {
		return err
	}
	if err := b.readKey(ctx, begun); err != nil {
		return err
	}
	// Only now: a start cut short before this is a first start again.
	if err := b.marks.write(); err != nil {
		return err
	}
	b.marks.start(b.log)
	b.doctor = b.startDoctor()
	b.inbox = newInbox(b.publish)
	return nil
}

// Close stops everything that Open started and returns when it is stopped. It
// may be called on a store that did not open wholly.
func (b *Bus) Close() {
	if b.inbox != nil {
		b.inbox.close()
	}
	if b.doctor != nil {
		b.doctor()
		b.doctor = nil
	}
	if b.marks != nil {
		b.marks.close()
	}
	if b.conn != nil {
		b.conn.Close()
	}
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
	if b.lock != nil {
		b.lock.Close() // releases it
	}
}

// Key makes the ids that tell nothing about addresses. It is the store's own
// and never changes.
func (b *Bus) Key() channels.Key { return b.key }

// readKey reads the store's key, and makes it on the first start.
func (b *Bus) readKey(ctx context.Context, begun bool) error {
	msg, err := b.streams[streamMeta].GetLastMsgForSubject(ctx, subjectMeta+"key")
	if err == nil {
		b.key = msg.Data
		return nil
	}
	if !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("read the store's key: %w", err)
	}
	if begun {
		return fmt.Errorf("the store's key is missing from stream %s\nhint: restore the storage folder from a backup; without the key every recipient would be written to anew", streamMeta)
	}
	key := make([]byte, 32)
	rand.Read(key)
	if _, err := b.publish(ctx, subjectMeta+"key", key, jetstream.WithExpectLastSequencePerSubject(0)); err != nil {
		return fmt.Errorf("store the store's key: %w", err)
	}
	b.key = key
	return nil
}

// Probe writes something and returns whether that was stored, and whether the
// engine could store all that it was given before. Only this shows a full disk.
func (b *Bus) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err := b.healthy()
	if err == nil {
		_, err = b.publish(ctx, subjectMeta+"probe", []byte(time.Now().UTC().Format(time.RFC3339Nano)))
	}
	if err != nil {
		b.suspect()
		return fmt.Errorf("write to the store: %w", err)
	}
	return nil
}

// Compact removes the inputs that the facts cover, up to a sequence. It is safe
// at any time. The newest stays, so that where the stream ends is still to be
// seen in its files.
func (b *Bus) Compact(ctx context.Context, inbox uint64) error {
	state, err := b.info(ctx, streamInbox)
	if err != nil {
		return err
	}
	inbox = min(inbox, state.LastSeq)
	if inbox <= state.FirstSeq { // purging up to 0 would purge everything
		return nil
	}
	if err := b.streams[streamInbox].Purge(ctx, jetstream.WithPurgeSequence(inbox)); err != nil {
		return fmt.Errorf("purge stream %s: %w", streamInbox, err)
	}
	return nil
}

// storeTimeout is how long a write may take before it counts as failed.
const storeTimeout = 5 * time.Second

// publish stores one message and returns its sequence.
func (b *Bus) publish(ctx context.Context, subject string, data []byte, opts ...jetstream.PublishOpt) (uint64, error) {
	if b.ailing.Load() {
		return 0, errAiling
	}
	msg := &nats.Msg{Subject: subject, Header: nats.Header{"Sitrep-Schema": []string{"1"}}, Data: data}
	ack, err := b.js.PublishMsg(ctx, msg, opts...)
	if err != nil {
		if !outOfTurn(err) && !errors.Is(err, context.Canceled) {
			b.suspect()
		}
		return 0, err
	}
	b.marks.set(ack.Stream, ack.Sequence)
	return ack.Sequence, nil
}

// outOfTurn reports whether a write was refused because its expected sequence
// was not the last.
func outOfTurn(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) &&
		(api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}
