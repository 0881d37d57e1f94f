package email

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// deliver puts a message into a Maildir, written some time after ten o'clock.
func (b *aBox) deliver(folder, name, text string, after time.Duration) {
	b.t.Helper()
	for _, f := range []string{"new", "cur", "tmp"} {
		if err := os.MkdirAll(filepath.Join(b.path, f), 0o700); err != nil {
			b.t.Fatal(err)
		}
	}
	at := time.Date(2026, 1, 27, 10, 0, 0, 0, time.UTC).Add(after)
	path := filepath.Join(b.path, folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		b.t.Fatal(err)
	}
}

func TestReadMaildir(t *testing.T) {
	b := newBox(t)
	expect := func(what string, want ...string) {
		t.Helper()
		if got := b.read(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	b.deliver("new", "2.M1P1.mail", "second", time.Minute)
	b.deliver("new", "1.M1P1.mail", "first", 0)
	b.deliver("tmp", "3.M1P1.mail", "being written", time.Minute)
	b.deliver("new", ".hidden", "no message", 0)
	expect("in order", "first", "second")
	expect("once")
	// A mail client was there.
	if err := os.Rename(filepath.Join(b.path, "new", "1.M1P1.mail"), filepath.Join(b.path, "cur", "1.M1P1.mail:2,S")); err != nil {
		t.Fatal(err)
	}
	expect("moved")
	b.deliver("cur", "4.M1P1.mail:2,", "already moved", 2*time.Minute)
	b.deliver("new", "5.M1P1.mail", "long in writing", -30*time.Minute)
	expect("late, and moved", "long in writing", "already moved")
	// Old ones are forgotten, and do not come back.
	b.deliver("new", "6.M1P1.mail", "next day", 24*time.Hour)
	expect("next day", "next day")
	if len(b.place.Names) != 1 {
		t.Errorf("remembers %d names", len(b.place.Names))
	}
	expect("after that")
	// A clock that was wrong hides nothing that comes after it.
	b.deliver("new", "7.M1P1.mail", "from the future", 200*365*24*time.Hour)
	expect("from the future", "from the future")
	b.deliver("new", "8.M1P1.mail", "now", 0)
	now := time.Now()
	os.Chtimes(filepath.Join(b.path, "new", "8.M1P1.mail"), now, now)
	expect("after the one from the future", "now")
	expect("nothing more")
	kept, err := json.Marshal(b.place)
	if err != nil || len(kept) > 200 {
		t.Errorf("%s, %v", kept, err)
	}
}
