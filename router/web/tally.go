package web

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	tallyEvery = time.Minute
	// manyMatters is how many are told apart within that time.
	manyMatters = 4096
)

// tally logs what may come as often as somebody likes: the first at once, and
// what came since with the end of each minute.
type tally struct {
	log *slog.Logger

	mu    sync.Mutex
	since map[matter]int // how many came since each was logged last
}

// matter is what is logged at most once a minute.
type matter struct {
	level     slog.Level
	text      string
	from, who string // may be empty
	why       string
	status    int
}

func newTally(log *slog.Logger) *tally { return &tally{log: log, since: map[matter]int{}} }

func (t *tally) add(m matter) {
	if t.first(&m) {
		t.write(m, 1)
		time.AfterFunc(tallyEvery, func() { t.look(m) })
	}
}

// first counts a matter, and says whether it is new. Beyond the bound it counts
// with the others.
func (t *tally) first(m *matter) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, known := t.since[*m]
	if !known && len(t.since) >= manyMatters {
		m.from, m.who, m.why = "many", "", ""
		_, known = t.since[*m]
	}
	if !known {
		t.since[*m] = 0
		return true
	}
	t.since[*m]++
	return false
}

// look logs what came since, and forgets a matter of which nothing did.
func (t *tally) look(m matter) {
	t.mu.Lock()
	n := t.since[m]
	t.since[m] = 0
	if n == 0 {
		delete(t.since, m)
	}
	t.mu.Unlock()
	if n > 0 {
		t.write(m, n)
		time.AfterFunc(tallyEvery, func() { t.look(m) })
	}
}

func (t *tally) write(m matter, n int) {
	attrs := []slog.Attr{slog.Int("count", n)}
	for _, a := range []slog.Attr{slog.String("source", m.from), slog.String("caller", m.who), slog.String("reason", m.why)} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	if m.status != 0 {
		attrs = append(attrs, slog.Int("status", m.status))
	}
	t.log.LogAttrs(context.Background(), m.level, m.text, attrs...)
}
