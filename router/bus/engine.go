package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The engine is the embedded server. Once it could not write to a stream's file
// it never writes to it again, also when there is room again, and does not
// answer: a publisher gets a time-out. So a time-out is looked into, and the
// engine's files are closed and opened anew as soon as they can be written:
//
//	well ──a write is not answered, and the engine owns up──> ailing: every write fails at once
//	  ^                                                          │ every second: is there room?
//	  └───────────── files opened, nothing is missing ───────────┘
const (
	memory = 64 << 20
	// No bound of its own: the disk is the bound, and the write probe says when
	// it is reached. The default is a share of what is free at start.
	disk = 1 << 50
	// roomNeeded is what must fit before the files are opened anew.
	roomNeeded = 1 << 20
)

// startTimeout is how long the engine may take to open its files. It reads
// little of them: a store of gigabytes takes seconds.
var startTimeout = 2 * time.Minute

// startEngine runs the embedded server and connects to it.
func (b *Bus) startEngine() (err error) {
	if err := errors.Join(b.room(), b.sparePositions()); err != nil {
		return err
	}
	b.server, err = server.NewServer(&server.Options{
		ServerName:         "sitrep",
		DontListen:         true,
		NoSigs:             true,
		JetStream:          true,
		SyncAlways:         true,
		StoreDir:           filepath.Join(b.dir, "nats"),
		JetStreamMaxStore:  disk,
		JetStreamMaxMemory: memory,
	})
	if err != nil {
		return fmt.Errorf("configure the embedded NATS server: %w", err)
	}
	b.server.SetLoggerV2(engineLog{b.log}, false, false, false)
	// Over some damage the engine turns in circles for ever. It cannot be
	// stopped then; the process is to end.
	started := make(chan struct{})
	starting := b.server
	go func() {
		defer close(started)
		starting.Start()
	}()
	select {
	case <-started:
	case <-time.After(startTimeout):
		b.server = nil
		return fmt.Errorf("the embedded NATS server did not open its files within %v\nhint: one of them is damaged; restore the store from a backup", startTimeout)
	}
	if !b.server.ReadyForConnections(startTimeout) {
		return fmt.Errorf("the embedded NATS server was not ready within %v\nhint: its own lines in the log say why", startTimeout)
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

// stopTimeout is how long the engine may take to stop. Over some damage it turns
// in circles when a file is read, and cannot be stopped; the process is to end.
const stopTimeout = 20 * time.Second

// stopEngine reports whether it is stopped.
func (b *Bus) stopEngine() bool {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if b.conn != nil {
			if b.cluster != nil && b.conn.IsConnected() { // what says that a part is free is on its way
				b.conn.FlushTimeout(time.Second)
			}
			b.conn.Close()
		}
		if b.server != nil {
			b.server.Shutdown()
			b.server.WaitForShutdown()
		}
	}()
	late := time.NewTimer(stopTimeout)
	defer late.Stop()
	select {
	case <-stopped:
		return true
	case <-late.C:
		return false
	}
}

// errAiling says that the engine cannot write, and that the doctor is at it.
var errAiling = errors.New("the store's files cannot be written")

// healthy asks the engine itself. It does not know of a disk that will refuse
// the next write, but does of one that refused the last.
func (b *Bus) healthy() error {
	if b.ailing.Load() {
		return errAiling
	}
	if b.cluster != nil {
		return b.connected()
	}
	if h := b.server.Healthz(nil); h.StatusCode != 200 {
		return errors.New(h.Error)
	}
	return nil
}

// room reports whether something can be written to the folder.
func (b *Bus) room() error {
	file := filepath.Join(b.dir, "room")
	f, err := os.Create(file)
	if err == nil {
		defer os.Remove(file)
		_, err = f.Write(make([]byte, roomNeeded))
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return fmt.Errorf("write to the storage folder: %w\nhint: make room on its disk, and check the rights of %s", err, b.dir)
	}
	return nil
}

// suspect has the engine looked at.
func (b *Bus) suspect() {
	select {
	case b.sick <- struct{}{}:
	default:
	}
}

// startDoctor looks after the engine until stop is called, which returns when
// that has ended.
func (b *Bus) startDoctor() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-b.sick:
				b.heal(ctx)
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { cancel(); <-done }
}

// heal opens the engine's files anew, if it is ailing, as soon as that can be.
func (b *Bus) heal(ctx context.Context) {
	err := b.healthy()
	if err == nil {
		return
	}
	b.ailing.Store(true)
	b.log.Error("the store's files cannot be written; nothing is taken until there is room on the disk", "dir", b.dir, "err", err)
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
		if b.room() != nil {
			continue
		}
		if err := b.reopen(ctx); err != nil {
			b.log.Error("the store's files could not be opened anew; tried again in a second", "err", err)
			continue
		}
		b.ailing.Store(false)
		b.log.Warn("the store's files can be written again")
		return
	}
}

// reopen closes the engine's files, opens them, and checks that nothing is
// missing.
func (b *Bus) reopen(ctx context.Context) error {
	b.server.ShutdownJetStream()
	err := b.server.EnableJetStream(&server.JetStreamConfig{
		StoreDir: filepath.Join(b.dir, "nats"), SyncAlways: true, MaxStore: disk, MaxMemory: memory,
	})
	if err != nil {
		return err
	}
	if h := b.server.Healthz(nil); h.StatusCode != 200 {
		return errors.New(h.Error)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return b.whole(ctx)
}

// engineLog passes the server's warnings on; what it merely notices is debug.
type engineLog struct{ log *slog.Logger }

func (l engineLog) Noticef(f string, v ...any) { l.log.Debug("nats: " + fmt.Sprintf(f, v...)) }
func (l engineLog) Warnf(f string, v ...any)   { l.log.Warn("nats: " + fmt.Sprintf(f, v...)) }
func (l engineLog) Fatalf(f string, v ...any)  { l.log.Error("nats: " + fmt.Sprintf(f, v...)) }
func (l engineLog) Errorf(f string, v ...any)  { l.log.Error("nats: " + fmt.Sprintf(f, v...)) }
func (l engineLog) Debugf(f string, v ...any)  {}
func (l engineLog) Tracef(f string, v ...any)  {}
