package faults

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallDisk mounts one. It needs root, which CI has.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, either("size=48m", "size=512m")); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("mount a small disk: %v", err)
		}
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all the room there is on a disk, until free is called.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1 << 20, 1 << 12, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	f.Close()
	return func() {
		if err := os.Remove(f.Name()); err != nil {
			t.Fatal(err)
		}
	}
}

// refusesWithin is how soon a full disk is to be seen from outside.
const refusesWithin = 10 * time.Second

// unready posts new alerts until one is refused, and waits until sitrep says
// itself that it is not ready. It returns how long each took, and the alerts
// that were accepted before.
func (w *world) unready(name string) (refused, unready time.Duration, accepted []string) {
	w.Helper()
	began := time.Now()
	for n := 0; refused == 0; n++ {
		alert := fmt.Sprintf("%s%04d", name, n)
		status, answer := w.webhook(alert, time.Now(), time.Time{})
		switch status {
		case http.StatusAccepted:
			accepted = append(accepted, alert)
			// Within a commit is room for many small ones; time is what counts.
			wait(time.Millisecond)
		case http.StatusServiceUnavailable:
			refused = time.Since(began)
		default:
			w.Fatalf("seed %d: with a full disk a webhook is answered with %d %s", w.seed, status, answer)
		}
		if refused == 0 && time.Since(began) > refusesWithin {
			w.Fatalf("seed %d: with a full disk %d webhooks were accepted in %v", w.seed, len(accepted), refusesWithin)
		}
	}
	w.until("it is not ready", refusesWithin, func() bool { return w.get("/-/ready", nil) == http.StatusServiceUnavailable })
	if w.get("/-/healthy", nil) != http.StatusOK {
		w.Errorf("seed %d: with a full disk the process is not healthy", w.seed)
	}
	return refused, time.Since(began), accepted
}

func (w *world) readyAgain() time.Duration {
	w.Helper()
	began := time.Now()
	w.until("it is ready again", 30*time.Second, func() bool { return w.get("/-/ready", nil) == http.StatusOK })
	return time.Since(began)
}

func TestDiskFullAtIntake(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	times := either(2, 20)
	w := newWorld(t, setup{mails: 20, store: filepath.Join(disk, "store")})
	w.start()
	w.fire()
	w.settle()
	var refused, unready, ready time.Duration
	var accepted []string
	for k := range times {
		free := fill(t, disk)
		r, u, more := w.unready(fmt.Sprintf("Full%dx", k))
		refused, unready, accepted = max(refused, r), max(unready, u), append(accepted, more...)
		wait(w.within(either(5*time.Second, 30*time.Second)))
		free()
		ready = max(ready, w.readyAgain())
		after := fmt.Sprintf("After%d", k)
		w.taken(w.webhook(after, time.Now(), time.Time{}))
		accepted = append(accepted, after)
	}
	status, answer := w.post("/api/v1/incidents/SR-1/updates", map[string]any{"text": "There is room again."})
	if status != http.StatusOK {
		t.Errorf("seed %d: words were answered with %d %s", w.seed, status, answer)
	}
	w.until("the words were told", patience(), func() bool { p := w.page(); return p.settled() && p.Audiences[0].Updates == 2 })
	fired := map[string]int{}
	for _, f := range w.page().Timeline {
		for _, name := range accepted {
			if strings.Contains(f.Text, name+" ") || strings.HasSuffix(f.Text, name) {
				fired[name]++
			}
		}
	}
	for _, name := range accepted {
		if fired[name] == 0 {
			t.Errorf("seed %d: %s was accepted, and the timeline does not know it", w.seed, name)
		}
	}
	b := w.audit()
	w.figures(b, "full=%d times refused_after=%v unready_after=%v ready_again_after=%v alerts_accepted=%d lost=%d",
		times, refused.Round(time.Millisecond), unready.Round(time.Millisecond), ready.Round(time.Millisecond), len(accepted), b.missing)
	w.everybody(b, 40)
	if refused > refusesWithin || unready > refusesWithin || b.possible > 0 {
		t.Errorf("seed %d: refused after %v, not ready after %v, %d possible duplicates", w.seed, refused, unready, b.possible)
	}
}

func TestDiskFullInAFanOut(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	n, times := either(1000, 10_000), either(2, 20)
	w := newWorld(t, setup{mails: n, phones: n, store: filepath.Join(disk, "store")})
	w.slow(40 * time.Millisecond)
	w.start()
	w.fire()
	var unready, ready time.Duration
	for range times {
		w.more(n/times, 2*n)
		free := fill(t, disk)
		_, u, _ := w.unready(fmt.Sprint("Full", w.below(1_000_000)))
		unready = max(unready, u)
		wait(w.within(either(5*time.Second, 30*time.Second)))
		before := w.got.Load()
		wait(either(time.Second, 5*time.Second))
		if w.got.Load() != before {
			t.Errorf("seed %d: it sends although its ledger takes nothing", w.seed)
		}
		free()
		ready = max(ready, w.readyAgain())
	}
	w.settle()
	b := w.audit()
	w.figures(b, "full=%d times unready_after=%v ready_again_after=%v lost=%d", times, unready.Round(time.Millisecond), ready.Round(time.Millisecond), b.missing)
	w.everybody(b, 2*n)
	if unready > refusesWithin || b.twice > 0 || b.possible > 0 {
		t.Errorf("seed %d: not ready after %v; nothing was killed, and the ledger says %+v", w.seed, unready, b.sums)
	}
}

// TestDiskFullAtStart: killed on a full disk, it does not start on it, changes
// nothing, and goes on when there is room.
func TestDiskFullAtStart(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	n, times := either(500, 5000), either(2, 20)
	w := newWorld(t, setup{mails: n, store: filepath.Join(disk, "store")})
	w.slow(40 * time.Millisecond)
	w.start()
	w.fire()
	for range times {
		w.more(n/times/2, n)
		free := fill(t, disk)
		wait(w.within(2 * time.Second))
		w.kill()
		p := w.run(w.store)
		if err := p.listens(30 * time.Second); err == nil {
			t.Errorf("seed %d: it starts on a full disk", w.seed)
			p.signal(syscall.SIGKILL)
		}
		<-p.dead
		if !strings.Contains(p.log.String(), "hint: make room") {
			t.Errorf("seed %d: it does not say what to do:\n%s", w.seed, p.log.end())
		}
		free()
		w.start()
	}
	w.settle()
	b := w.audit()
	w.figures(b, "full=%d kills=%d sessions=%d lost=%d", times, times, w.sessions, b.missing)
	w.everybody(b, n)
	if b.possible > perSession*w.sessions*times {
		t.Errorf("seed %d: %d possible duplicates after %d kills", w.seed, b.possible, times)
	}
}
