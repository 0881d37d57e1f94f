package bus

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
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
	dir    string
	log    *slog.Logger
	lock   *os.File
	server *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream
	key    channels.Key
	inbox  *inbox
	marks  *marks
	facts  facts
}

// Open opens the store, makes it where there was never one, and checks that
// nothing of it was lost. The error says what to do.
func Open(ctx context.Context, o Options) (*Bus, error) {
	b := &Bus{dir: o.Dir, log: o.Log}
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
	if err := b.start(); err != nil {
		return err
	}
	if err := b.streams(ctx); err != nil {
		return err
	}
	if err := b.readKey(ctx); err != nil {
		return err
	}
	// Only now: a start cut short before this is a first start again.
	if err := b.marks.write(); err != nil {
		return err
	}
	b.marks.start(b.log)
	b.inbox = newInbox(b.publish)
	return nil
}

// Key makes the ids that tell nothing about addresses. It is the store's own
// and never changes.
func (b *Bus) Key() channels.Key { return b.key }

// start runs the embedded server and connects to it.
func (b *Bus) start() (err error) {
	b.server, err = server.NewServer(&server.Options{
		ServerName: "sitrep",
		DontListen: true,
		NoSigs:     true,
		JetStream:  true,
		SyncAlways: true,
		StoreDir:   filepath.Join(b.dir, "nats"),
		// No bound of its own: the disk is the bound, and the write probe says
		// when it is reached. The default is a share of what is free at start.
		JetStreamMaxStore:  1 << 50,
		JetStreamMaxMemory: 64 << 20,
	})
	if err != nil {
		return fmt.Errorf("configure the embedded NATS server: %w", err)
	}
	b.server.SetLoggerV2(engineLog{b.log}, false, false, false)
	b.server.Start()
	if !b.server.ReadyForConnections(30 * time.Second) {
		return errors.New("the embedded NATS server was not ready within 30s\nhint: its own lines in the log say why")
	}
	if !b.server.JetStreamEnabled() {
		return errors.New("the embedded NATS server could not open its files\nhint: its own lines in the log say why; check the rights and the space of the storage folder")
	}
	b.conn, err = nats.Connect("", nats.InProcessServer(b.server), nats.Name("sitrep"),
		nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
	if err != nil {
		return fmt.Errorf("connect to the embedded NATS server: %w", err)
	}
	b.js, err = jetstream.New(b.conn, jetstream.WithDefaultTimeout(storeTimeout))
	return err
}

// Close stops everything that Open started and returns when it is stopped. It
// may be called on a store that did not open wholly.
func (b *Bus) Close() {
	if b.inbox != nil {
		b.inbox.close()
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

// readKey reads the store's key, and makes it on the first start.
func (b *Bus) readKey(ctx context.Context) error {
	s, err := b.js.Stream(ctx, streamMeta)
	if err != nil {
		return fmt.Errorf("open stream %s: %w", streamMeta, err)
	}
	msg, err := s.GetLastMsgForSubject(ctx, subjectMeta+"key")
	if err == nil {
		b.key = msg.Data
		return nil
	}
	if !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("read the store's key: %w", err)
	}
	if !b.marks.fresh() {
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

// Probe writes something and returns whether that was stored. Only this shows
// a full disk: the server itself goes on saying that it is well.
func (b *Bus) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if _, err := b.publish(ctx, subjectMeta+"probe", []byte(time.Now().UTC().Format(time.RFC3339Nano))); err != nil {
		return fmt.Errorf("write to the store: %w", err)
	}
	return nil
}

// Compact removes inputs that the facts cover and outdated housekeeping
// messages. It is safe at any time.
func (b *Bus) Compact(ctx context.Context, inbox uint64) error {
	s, err := b.js.Stream(ctx, streamInbox)
	if err != nil {
		return err
	}
	// The newest stays, so that the stream's last sequence remains visible.
	return s.Purge(ctx, jetstream.WithPurgeSequence(inbox))
}

// storeTimeout is how long a write may take before it counts as failed.
const storeTimeout = 5 * time.Second

// publish stores one message and returns its sequence.
func (b *Bus) publish(ctx context.Context, subject string, data []byte, opts ...jetstream.PublishOpt) (uint64, error) {
	msg := nats.NewMsg(subject)
	msg.Header.Set("Sitrep-Schema", "1")
	msg.Data = data
	ack, err := b.js.PublishMsg(ctx, msg, opts...)
	if err != nil {
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

// engineLog passes the server's warnings on; what it merely notices is debug.
type engineLog struct{ log *slog.Logger }

func (l engineLog) Noticef(f string, v ...any) { l.log.Debug("nats: " + fmt.Sprintf(f, v...)) }
func (l engineLog) Warnf(f string, v ...any)   { l.log.Warn("nats: " + fmt.Sprintf(f, v...)) }
func (l engineLog) Fatalf(f string, v ...any)  { l.log.Error("nats: " + fmt.Sprintf(f, v...)) }
func (l engineLog) Errorf(f string, v ...any)  { l.log.Error("nats: " + fmt.Sprintf(f, v...)) }
func (l engineLog) Debugf(f string, v ...any)  {}
func (l engineLog) Tracef(f string, v ...any)  {}
