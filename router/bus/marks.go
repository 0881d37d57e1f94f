package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"sync"
	"time"
)

// marks is the file of the highest sequences seen: a lower bound of what the
// streams must hold. It is written at most once a second, and is never the
// truth about anything.
type marks struct {
	file string
	was  bool // the file was there at start

	mu    sync.Mutex
	high  map[string]uint64
	dirty bool

	wake chan struct{} // something is to be written
	stop chan struct{}
	done chan struct{}
}

// newMarks begins with nothing; without a file, nothing is kept here.
func newMarks(file string) *marks {
	return &marks{file: file, high: map[string]uint64{}, wake: make(chan struct{}, 1)}
}

func readMarks(file string) (*marks, error) {
	m := newMarks(file)
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the highest sequences: %w", err)
	}
	if err := json.Unmarshal(data, &m.high); err != nil {
		return nil, fmt.Errorf("read the highest sequences in %s: %w\nhint: the file only guards against loss; where the streams are known to be whole, remove it", file, err)
	}
	if m.high == nil { // null
		m.high = map[string]uint64{}
	}
	m.was = true
	return m, nil
}

// fresh reports whether there was never a store here.
func (m *marks) fresh() bool { return !m.was }

func (m *marks) all() map[string]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.high)
}

func (m *marks) get(stream string) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.high[stream]
}

func (m *marks) set(stream string, seq uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.high[stream]
	if ok && seq <= old {
		return
	}
	m.high[stream] = seq
	// The store is tried every few seconds by a message in the meta stream: an idle
	// sitrep does not write a file for each, the next that is worth it takes it along.
	if stream != streamMeta || !ok {
		m.dirty = true
		m.rouse()
	}
}

func (m *marks) rouse() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// write stores the file by renaming, so that a cut write leaves the old one.
func (m *marks) write() error {
	m.mu.Lock()
	high, dirty := maps.Clone(m.high), m.dirty
	m.dirty = false
	m.mu.Unlock()
	if !dirty || m.file == "" {
		return nil
	}
	data, err := json.Marshal(high)
	if err == nil {
		err = replace(m.file, data)
	}
	if err != nil {
		m.mu.Lock()
		m.dirty = true
		m.mu.Unlock()
		return fmt.Errorf("write the highest sequences: %w", err)
	}
	return nil
}

// replace puts data in the place of a file, whole or not at all, also where the
// power fails.
func replace(file string, data []byte) error {
	f, err := os.OpenFile(file+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// start keeps the file up to date, to a second, until close.
func (m *marks) start(log *slog.Logger) {
	m.stop, m.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(m.done)
		for ended := false; !ended; {
			select {
			case <-m.wake:
				select {
				case <-time.After(time.Second):
				case <-m.stop:
				}
			case <-m.stop:
				ended = true
			}
			if err := m.write(); err != nil {
				log.Warn("the guard against loss is not up to date", "err", err)
				m.rouse()
			}
		}
	}()
}

func (m *marks) close() {
	if m.stop != nil {
		close(m.stop)
		<-m.done
		m.stop = nil
	}
}
