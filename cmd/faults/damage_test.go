package faults

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"sitrep/channels/channeltest"
)

// What came of damage to a store.
const (
	atStart  = "refused_at_start" // with a hint, and nothing was sent
	later    = "refused_later"    // it ended by itself with a hint, and nothing was sent that should not be
	held     = "held_back"        // what cannot be read is not sent, the log says so, and all else works
	harmless = "harmless"         // all is there, and everybody was told once
	silent   = "silent"           // anything else; it must never be
)

// damaged is one store that was damaged, and how.
type damaged struct {
	*world
	dir, how string
}

// told is what a store that was not damaged tells from a moment on.
type told struct {
	before incidentPage   // at the moment
	after  incidentPage   // when all is over
	mails  map[string]int // since the moment, by Message-ID
	texts  map[string]int // number of SMS since the moment, by number
	alert  time.Time
}

// TestDamage stops sitrep in the middle of a fan-out and damages copies of its
// store. Each is started, until everybody was told, also that it is over.
func TestDamage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{mails: 40, phones: 10})
	w.start()
	w.fire()
	w.settle()
	w.smtp.Misbehave(func(m channeltest.Moment) channeltest.Act {
		if m.Stage == channeltest.StageData {
			return channeltest.Act{Wait: 200 * time.Millisecond}
		}
		return channeltest.Act{}
	})
	before := w.got.Load()
	if status, answer := w.post("/api/v1/incidents/SR-1/updates", map[string]any{"text": "We are at it."}); status != 200 {
		t.Fatalf("words were answered with %d %s", status, answer)
	}
	w.received(before + 20) // the SMS, and a part of the mails
	w.stop(stopsWithin)

	var want told
	t.Run("no damage", func(t *testing.T) {
		s := newWorld(t, setup{mails: 40, phones: 10, store: copied(t, w.store)})
		s.start()
		want.before, want.alert = s.page(), w.alert
		if err := s.untilOver(w.alert); err != nil {
			t.Fatal(err)
		}
		wait(time.Second) // a promise is counted a moment after it was kept
		want.after = s.page()
		s.stop(stopsWithin)
		want.mails, want.texts = s.sent()
		if len(want.mails) < 41 || len(want.texts) != 10 {
			t.Fatalf("seed %d: %d mails and %d phones were written to", w.seed, len(want.mails), len(want.texts))
		}
	})

	var mu sync.Mutex
	tally := map[string]map[string]int{}
	t.Run("damage", func(t *testing.T) {
		for _, kind := range []string{"flip", "cut", "remove", "folder"} { // in this order, so that a seed finds the same places
			tally[kind] = map[string]int{}
			for range map[string]int{"flip": either(14, 400), "cut": either(6, 200), "remove": either(4, 60), "folder": 8}[kind] {
				seed := uint64(w.below(1<<62)) + 1
				t.Run(fmt.Sprint(kind, " ", seed), func(t *testing.T) {
					t.Parallel()
					s := newWorld(t, setup{mails: 40, phones: 10, store: copied(t, w.store)})
					d := damaged{world: s, dir: s.store}
					s.dice = throw(seed)
					d.damage(kind, tally, &mu)
					came, why := d.play(want)
					if came == silent || kind == "folder" && came != atStart {
						t.Errorf("%s: %s: %s", d.how, came, why)
					} else {
						t.Logf("%s: %s %s", d.how, came, why)
					}
					mu.Lock()
					defer mu.Unlock()
					tally[kind][came]++
				})
			}
		}
	})
	for _, kind := range slices.Sorted(maps.Keys(tally)) {
		n := tally[kind]
		t.Logf("seed=%d damage=%s %s=%d %s=%d %s=%d %s=%d %s=%d took=%v", w.seed, kind, atStart, n[atStart], later, n[later], held, n[held],
			harmless, n[harmless], silent, n[silent], time.Since(w.began).Round(100*time.Millisecond))
	}
}

func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "store")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// damage does one thing to a store. Every second time the place is chosen among
// files, else among bytes: most of those are messages.
func (d *damaged) damage(kind string, tally map[string]map[string]int, mu *sync.Mutex) {
	d.Helper()
	var files []string
	var sizes []int
	total := 0
	folders := map[string]bool{}
	err := filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if filepath.Base(filepath.Dir(path)) == "streams" {
				folders[path] = true
			}
			return nil
		}
		info, err := e.Info()
		if err == nil && info.Size() > 0 {
			files, sizes, total = append(files, path), append(sizes, int(info.Size())), total+int(info.Size())
		}
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
	if kind == "folder" { // each of them once
		mu.Lock()
		n := tally[kind]["chosen"]
		tally[kind]["chosen"]++
		mu.Unlock()
		folder := slices.Sorted(maps.Keys(folders))[n%len(folders)]
		d.how = "removed " + filepath.Base(folder)
		if err := os.RemoveAll(folder); err != nil {
			d.Fatal(err)
		}
		return
	}
	n := d.below(len(files))
	if d.below(2) == 0 {
		for at := d.below(total); at >= sizes[n%len(files)]; n++ {
			at -= sizes[n%len(files)]
		}
		n %= len(files)
	}
	file, size := files[n], sizes[n]
	rel, _ := filepath.Rel(d.dir, file)
	switch kind {
	case "remove":
		d.how = "removed " + rel
		err = os.Remove(file)
	case "cut":
		to := d.below(size)
		d.how = fmt.Sprintf("cut %s of %d bytes to %d", rel, size, to)
		err = os.Truncate(file, int64(to))
	case "flip":
		at, bit := d.below(size), d.below(8)
		d.how = fmt.Sprintf("flipped bit %d of byte %d of %d in %s", bit, at, size, rel)
		var data []byte
		if data, err = os.ReadFile(file); err == nil {
			data[at] ^= 1 << bit
			err = os.WriteFile(file, data, 0o600)
		}
	}
	if err != nil {
		d.Fatal(err)
	}
}
