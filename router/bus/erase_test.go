package bus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
	"sitrep/router/incident"
)

// cutOff is an engine that takes so many messages, and then none.
type cutOff struct {
	jetstream.JetStream
	left int
}

var errCut = errors.New("cut off")

func (c *cutOff) PublishMsg(ctx context.Context, m *nats.Msg, o ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	if c.left == 0 {
		return nil, errCut
	}
	c.left--
	return c.JetStream.PublishMsg(ctx, m, o...)
}

// unpurged is a stream that is not purged: what comes after that is not done.
type unpurged struct{ jetstream.Stream }

func (unpurged) Purge(context.Context, ...jetstream.StreamPurgeOpt) error { return errCut }

func person(n int) channels.Person {
	return channels.Person{ID: fmt.Sprint("id", n), Name: fmt.Sprint("Persoon ", n), Email: fmt.Sprintf("p%d@example.org", n), Phone: fmt.Sprintf("+3161234%04d", n), Language: "nl"}
}

// housed fills a store: three chunks, the third of which is somebody's phone
// alone.
func housed(t *testing.T, dir string) (hashes []string) {
	t.Helper()
	b := open(t, dir)
	defer b.Close()
	phone := person(1)
	phone.Email = ""
	for _, people := range [][]channels.Person{{person(0), person(1)}, {person(2)}, {phone}} {
		hash, err := b.PutRoster(t.Context(), people)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, hash)
	}
	return hashes
}

func folderHolds(t *testing.T, dir, word string) bool {
	t.Helper()
	found := false
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, _ := os.ReadFile(path)
			found = found || strings.Contains(string(data), word)
		}
		return nil
	})
	return found
}

// erased erases person 1, cut off after so many writes; negative: not at all.
func erased(t *testing.T, dir string, left int, purge bool) (incident.Erased, error) {
	t.Helper()
	b := open(t, dir)
	defer b.Close()
	var last incident.Commit
	if err := b.Replay(t.Context(), func(c incident.Commit) error { last = c; return nil }); err != nil {
		t.Fatal(err)
	}
	if left >= 0 {
		b.js = &cutOff{b.js, left}
	}
	if !purge {
		b.streams[streamRosters] = unpurged{b.streams[streamRosters]}
	}
	return b.Erase(t.Context(), last, func(p channels.Person) bool { return p.Email == "p1@example.org" },
		func(stream string) (bool, error) {
			return folderHolds(t, streamFile(dir, stream, ""), "p1@example.org"), nil
		})
}

// An erasure that is cut short anywhere is finished by the next one, and in
// between every chunk is there, one way or the other.
func TestErasureCutAnywhere(t *testing.T) {
	pristine := t.TempDir()
	hashes := housed(t, pristine)
	cuts := 0
	for left := 0; ; left += stride() {
		if left == 7 { // one blank message is like the other
			left += 6
		}
		dir := copied(t, pristine)
		_, err := erased(t, dir, left, true)
		whole := err == nil
		if whole {
			if left < 10 {
				t.Fatalf("it took %d writes", left)
			}
			if _, err = erased(t, dir, -1, false); err != nil { // nothing is left to purge
				t.Error(err)
			}
		}
		cuts++
		check := func(blanked bool) {
			b := open(t, dir)
			defer b.Close()
			for n, rows := range []int{2, 1, 1} {
				people, err := b.Roster(t.Context(), hashes[n])
				if err != nil || len(people) != rows {
					t.Fatalf("cut after %d writes: chunk %d is %v, %v", left, n, people, err)
				}
				if n != 1 && blanked && people[rows-1] != (channels.Person{ID: "id1", Language: "nl"}) {
					t.Errorf("cut after %d writes: chunk %d is %v", left, n, people)
				}
				if n != 2 && people[0] != person(2*n) {
					t.Errorf("cut after %d writes: chunk %d is %v", left, n, people)
				}
			}
			stock, err := b.Stock(t.Context())
			if err != nil || len(stock.Damage) > 0 {
				t.Errorf("cut after %d writes: %v, %v", left, stock.Damage, err)
			}
		}
		check(whole)
		if _, err := erased(t, dir, -1, true); err != nil {
			t.Fatalf("cut after %d writes: %v", left, err)
		}
		for _, word := range []string{"p1@example.org", "+31612340001", "Persoon 1"} {
			if folderHolds(t, dir, word) {
				t.Errorf("cut after %d writes: %s is left", left, word)
			}
		}
		check(true)
		named := 0
		b := open(t, dir)
		if err := b.Replay(t.Context(), func(c incident.Commit) error {
			for _, f := range c.Facts {
				named += f.Erased().Recipients
			}
			return nil
		}); err != nil || named == 0 {
			t.Errorf("cut after %d writes: the facts name %d, %v", left, named, err)
		}
		b.Close()
		if whole {
			break
		}
	}
	t.Logf("cut in %d places", cuts)
}

// The purge itself may be what did not happen.
func TestErasureWithoutItsPurge(t *testing.T) {
	dir := t.TempDir()
	housed(t, dir)
	if _, err := erased(t, dir, -1, false); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	if !folderHolds(t, dir, "p1@example.org") {
		t.Fatal("nothing was to be purged")
	}
	if _, err := erased(t, dir, -1, true); err != nil || folderHolds(t, dir, "p1@example.org") {
		t.Errorf("something is left; %v", err)
	}
}

// A stream's front that is gone, and was not purged, is damage; a hole always is.
func TestAPurgedFrontIsKnown(t *testing.T) {
	dir := t.TempDir()
	housed(t, dir)
	if _, err := erased(t, dir, -1, true); err != nil {
		t.Fatal(err)
	}
	if _, err := start(t, dir); err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(b *Bus) error{
		"another piece of the front": func(b *Bus) error {
			state, err := b.info(t.Context(), streamRosters)
			if err != nil {
				return err
			}
			return b.streams[streamRosters].Purge(t.Context(), jetstream.WithPurgeSequence(state.FirstSeq+1))
		},
		"a hole": func(b *Bus) error {
			state, err := b.info(t.Context(), streamRosters)
			if err != nil {
				return err
			}
			return b.streams[streamRosters].SecureDeleteMsg(t.Context(), state.FirstSeq+1)
		},
	} {
		dir := copied(t, dir)
		b := open(t, dir)
		if err := damage(b); err != nil {
			t.Fatal(err)
		}
		b.Close()
		if _, err := start(t, dir); err == nil || !strings.Contains(err.Error(), streamRosters) || !strings.Contains(err.Error(), "hint:") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
