package faults

import (
	"strings"
	"testing"
	"time"
)

// TestTwoOnOneStore: a second sitrep is started again and again on the store of
// one that sends, and then two at once on a store that nobody uses.
func TestTwoOnOneStore(t *testing.T) {
	t.Parallel()
	n, times := either(500, 5000), either(6, 100)
	w := newWorld(t, setup{mails: n})
	w.slow(20 * time.Millisecond)
	w.start()
	w.fire()
	for range times {
		w.refused(w.run(w.store))
		wait(w.within(100 * time.Millisecond))
	}
	for range times / 2 {
		w.kill()
		one, other := w.run(w.store), w.run(w.store)
		select {
		case <-one.dead:
			one, other = other, one
		case <-other.dead:
		case <-time.After(30 * time.Second):
			t.Errorf("seed %d: two run on one store", w.seed)
		}
		w.now = one
		w.refused(other)
		if err := one.listens(30 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	w.settle()
	b := w.audit()
	w.figures(b, "refused=%d kills=%d lost=%d", times+times/2, times/2, b.missing)
	w.everybody(b, n)
	if most := perSession * w.sessions * (times / 2); b.possible > most {
		t.Errorf("seed %d: %d possible duplicates after %d kills", w.seed, b.possible, times/2)
	}
}

// refused waits for the end of a process that must not run.
func (w *world) refused(p *process) {
	w.Helper()
	select {
	case <-p.dead:
	case <-time.After(30 * time.Second):
		p.cmd.Process.Kill()
		<-p.dead
		w.Errorf("seed %d: a second sitrep runs on the store", w.seed)
	}
	if p.err == nil || !strings.Contains(p.log.String(), "another sitrep runs on the storage folder") || !strings.Contains(p.log.String(), "hint:") {
		w.Errorf("seed %d: %v\n%s", w.seed, p.err, p.log.end())
	}
}
