package bus

import (
	"cmp"
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
	// Existing says that there must be a store already: none is made.
	Existing bool
	// Cluster is where the streams are; nil: the embedded server has them, under Dir.
	Cluster *Cluster
	// Name tells this process from all others, also those before it on this machine.
	Name string
	// Worker says that this process only works on what others order, on a cluster. It
	// keeps no files, makes no streams, and waits for those that a router makes.
	Worker bool
	// Reader says that this process looks at a store on a cluster, or changes it while
	// nobody else is at it, and keeps no files.
	Reader bool
	// Heartbeat is how often the embedded server says of a channel that it has no part;
	// zero: every five seconds. A request that it lost is made again after twice that.
	Heartbeat time.Duration
}

// Bus is an open store. Its methods may be called from any goroutine.
type Bus struct {
	dir     string
	log     *slog.Logger
	lock    *os.File
	server  *server.Server // nil: on a cluster
	cluster *Cluster       // nil: embedded
	name    string
	worker  bool
	reader  bool
	beats   time.Duration          // of the embedded server
	refusal atomic.Pointer[string] // what the server said last that it does not allow
	closing atomic.Bool
	conn    *nats.Conn
	js      jetstream.JetStream
	streams map[string]jetstream.Stream
	key     channels.Key
	inbox   *inbox
	marks   *marks
	facts   facts
	place   atomic.Uint64 // of the last commit that is known here
	cutAt   atomic.Int64  // when the connection to others' servers was cut last
	audit   auditing
	leaving leaving
	shelved shelved

	suppressed  suppressions
	withdrawals withdrawals

	// unfinished is where in the outbox the first part stands that was not
	// finished at the start; beyond its end, where all were.
	unfinished uint64
	existing   bool // no stream is made

	ailing atomic.Bool   // the engine cannot write
	sick   chan struct{} // it may be so
	doctor func()        // ends who looks after it
}

// Open opens the store, makes it where there was never one, and checks that
// nothing of it was lost. The error says what to do.
func Open(ctx context.Context, o Options) (*Bus, error) {
	if o.Existing && o.Cluster == nil {
		if _, err := os.Stat(filepath.Join(o.Dir, "nats")); err != nil {
			return nil, fmt.Errorf("there is no store under %s\nhint: --storage.path names the folder that sitrep serve uses; where nats.url is set, --config.file names the configuration, and nats account backup takes the place of an export", o.Dir)
		}
	}
	b := &Bus{
		dir: o.Dir, log: o.Log, streams: map[string]jetstream.Stream{}, sick: make(chan struct{}, 1),
		leaving: leaving{to: map[string]uint64{}}, cluster: o.Cluster, name: o.Name, worker: o.Worker, reader: o.Reader,
		existing: o.Existing || o.Worker, beats: cmp.Or(o.Heartbeat, heartbeat),
	}
	if b.cluster != nil && (b.worker || o.Reader) {
		b.dir = ""
	}
	err := b.open(ctx)
	if err == nil {
		return b, nil
	}
	b.Close()
	switch {
	case ctx.Err() != nil || !silent(err):
	case b.cluster != nil:
		err = b.refused(err)
	default:
		err = fmt.Errorf("%w\nhint: the embedded NATS server does not answer; one of its files is damaged: restore the store from a backup", err)
	}
	return nil, err
}

func (b *Bus) open(ctx context.Context) (err error) {
	if err := b.takeFolder(); err != nil {
		return err
	}
	if b.cluster != nil {
		var cancel context.CancelFunc
		ctx, cancel = undated(ctx)
		defer cancel()
		err = b.join(ctx)
	} else {
		err = b.startEngine()
	}
	if err != nil {
		return err
	}
	begun, err := b.openStreams(ctx)
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error { return b.readKey(ctx, begun) },
		func() error { return b.readSuppressions(ctx) },
	}
	if !b.worker { // whoever orders parts has looked whether they can be read
		steps = append(steps, func() error { return b.intact(ctx) })
	}
	for _, step := range steps {
		if err := b.patiently(ctx, step, silent); err != nil {
			return err
		}
	}
	// Only now: a start cut short before this is a first start again.
	if err := b.marks.write(); err != nil {
		return err
	}
	b.marks.start(b.log)
	if b.cluster == nil {
		b.doctor = b.startDoctor()
	} else {
		b.doctor = b.startEars()
		if !b.reader {
			if err := b.answerAlive(); err != nil {
				return err
			}
		}
	}
	b.inbox = newInbox(b.publish)
	return nil
}

// takeFolder takes the storage folder for this process, and reads how far the streams
// once reached. A worker has none.
func (b *Bus) takeFolder() (err error) {
	if b.dir == "" {
		b.marks = newMarks("")
		return nil
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return fmt.Errorf("make the storage folder: %w", err)
	}
	if b.lock, err = lock(filepath.Join(b.dir, lockFile)); err != nil {
		return err
	}
	guard := guardFile
	if b.cluster != nil {
		guard = clusterGuardFile
		if _, err := os.Stat(filepath.Join(b.dir, "nats")); err == nil {
			b.log.Warn("the storage folder holds a store of the embedded server, which is left alone: nats.url is set", "dir", b.dir)
		}
	}
	b.marks, err = readMarks(filepath.Join(b.dir, guard))
	return err
}

// Close stops everything that Open started and returns when it is stopped. It
// may be called on a store that did not open wholly.
func (b *Bus) Close() {
	b.closing.Store(true)
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
	if !b.stopEngine() {
		b.log.Error("the embedded NATS server does not stop; one of its files is damaged", "dir", b.dir)
		return // and keeps the folder as long as this process lives
	}
	if b.lock != nil {
		b.lock.Close() // releases it
	}
}

// Name tells this process from all others.
func (b *Bus) Name() string { return b.name }

// Key makes the ids that tell nothing about addresses. It is the store's own
// and never changes.
func (b *Bus) Key() channels.Key { return b.key }

// readKey reads the store's key, and makes it on the first start.
func (b *Bus) readKey(ctx context.Context, begun bool) error {
	msg, err := b.streams[streamMeta].GetLastMsgForSubject(ctx, subjectMeta+"key")
	for b.worker && errors.Is(err, jetstream.ErrMsgNotFound) { // a router is about to make it
		if err = rest(ctx, workerPause); err == nil {
			msg, err = b.streams[streamMeta].GetLastMsgForSubject(ctx, subjectMeta+"key")
		}
	}
	if err == nil {
		b.key = msg.Data
		return nil
	}
	if !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("read the store's key: %w", err)
	}
	if begun {
		return fmt.Errorf("%w from stream %s\nhint: restore the store from a backup; without the key every recipient would be written to anew", errNoKey, streamMeta)
	}
	key := make([]byte, 32)
	rand.Read(key)
	_, err = b.publish(ctx, subjectMeta+"key", key, jetstream.WithExpectLastSequencePerSubject(0))
	if outOfTurn(err) { // another one began at the same moment; a cluster refuses before the other's can be read
		return b.patiently(ctx, func() error { return b.readKey(ctx, true) }, func(err error) bool { return errors.Is(err, errNoKey) })
	}
	if err != nil {
		return fmt.Errorf("store the store's key: %w", err)
	}
	b.key = key
	return nil
}

var errNoKey = errors.New("the store's key is missing")

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
	var ack *jetstream.PubAck
	var err error
	if b.cluster != nil {
		ack, err = b.publishAway(ctx, msg, opts)
	} else {
		ack, err = b.js.PublishMsg(ctx, msg, opts...)
	}
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
