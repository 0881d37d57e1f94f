package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sitrep/router/audit"
)

func lineOf(n int) audit.Line {
	kind := audit.Login
	if n%2 == 0 {
		kind = audit.Override
	}
	return audit.Line{At: time.Date(2026, 3, 2, 12, n, 0, 0, time.UTC), Kind: kind, Input: fmt.Sprint("i", n), Text: fmt.Sprint("line ", n)}
}

// audited makes a store with so many lines and closes it.
func audited(t *testing.T, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	b := open(t, dir)
	defer b.Close()
	for i := range n {
		if err := b.Audit(t.Context(), lineOf(i)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// foundIn are the findings about the audit of a store.
func foundIn(t *testing.T, dir string) []string {
	t.Helper()
	b := open(t, dir)
	defer b.Close()
	c, err := b.CheckAudit(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return c.Findings
}

func TestAuditGoesOnAfterARestart(t *testing.T) {
	dir := audited(t, 5)
	b := open(t, dir)
	if err := b.Audit(t.Context(), lineOf(5)); err != nil {
		t.Fatal(err)
	}
	last, err := b.Audited(t.Context())
	if err != nil || last.Input != "i4" || last.Number != 5 {
		t.Errorf("the last that follows from facts is %+v, %v", last, err)
	}
	page, err := b.AuditLines(t.Context(), 0, 2)
	if err != nil || len(page) != 2 || page[0].Number != 6 || page[1].Number != 5 {
		t.Errorf("%+v, %v", page, err)
	}
	if page, err = b.AuditLines(t.Context(), 3, 10); err != nil || len(page) != 2 || page[0].Number != 2 || page[1].Text != "line 0" {
		t.Errorf("%+v, %v", page, err)
	}
	b.Close()
	if found := foundIn(t, dir); found != nil {
		t.Errorf("findings %v", found)
	}
}

func TestAuditOfManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if err := b.Audit(t.Context(), lineOf(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	b.Close()
	b = open(t, dir)
	defer b.Close()
	c, err := b.CheckAudit(t.Context(), 0)
	if err != nil || c.Lines != 50 || c.Findings != nil {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestAuditWhoseAnswerIsLost: tried again, a line is there once; also where another
// came in between.
func TestAuditWhoseAnswerIsLost(t *testing.T) {
	for _, between := range []bool{false, true} {
		b := open(t, t.TempDir())
		ctx := t.Context()
		if err := b.Audit(ctx, lineOf(0)); err != nil {
			t.Fatal(err)
		}
		// As where it was stored, and the answer came too late.
		l := lineOf(1)
		l.Number, l.Prev = b.audit.number+1, b.audit.hash
		data, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.publish(ctx, auditSubject(l), data); err != nil {
			t.Fatal(err)
		}
		b.audit.doubt, b.audit.known = &l, false
		want := []string{"line 0", "line 1"}
		if between {
			if err := b.Audit(ctx, lineOf(2)); err != nil {
				t.Fatal(err)
			}
			want = append(want, "line 2")
		}
		if err := b.Audit(ctx, lineOf(1)); err != nil {
			t.Fatal(err)
		}
		page, err := b.AuditLines(ctx, 0, 10)
		if err != nil || len(page) != len(want) {
			t.Fatalf("%+v, %v", page, err)
		}
		for i, l := range page {
			if l.Text != want[len(want)-1-i] {
				t.Errorf("line %d is %q", l.Number, l.Text)
			}
		}
		b.Close()
	}
}

// TestAuditThatWasTamperedWith: a start goes on, and says which line it is.
func TestAuditThatWasTamperedWith(t *testing.T) {
	raw := func(t *testing.T, dir string, do func(s jetstream.Stream, js jetstream.JetStream) error) {
		t.Helper()
		b := open(t, dir)
		defer b.Close()
		if err := do(b.streams[streamAudit], b.js); err != nil {
			t.Fatal(err)
		}
	}
	// again stores the lines anew, as somebody does who has the files and an engine.
	again := func(t *testing.T, dir string, change func([]*jetstream.RawStreamMsg) []*jetstream.RawStreamMsg) {
		t.Helper()
		raw(t, dir, func(s jetstream.Stream, js jetstream.JetStream) error {
			ctx := t.Context()
			var all []*jetstream.RawStreamMsg
			for place := uint64(1); place <= s.CachedInfo().State.LastSeq; place++ {
				msg, err := s.GetMsg(ctx, place)
				if err != nil {
					return err
				}
				all = append(all, msg)
			}
			if err := js.DeleteStream(ctx, streamAudit); err != nil {
				return err
			}
			if _, err := js.CreateStream(ctx, stream(streamAudit, subjectAudit+">", "")); err != nil {
				return err
			}
			for _, msg := range change(all) {
				if _, err := js.PublishMsg(ctx, &nats.Msg{Subject: msg.Subject, Data: msg.Data}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, c := range []struct {
		what, want string
		do         func(t *testing.T, dir string)
	}{
		{"remove one", "line 4 is missing", func(t *testing.T, dir string) {
			raw(t, dir, func(s jetstream.Stream, _ jetstream.JetStream) error { return s.SecureDeleteMsg(t.Context(), 4) })
		}},
		{"remove the last", "line 9 is missing", func(t *testing.T, dir string) {
			raw(t, dir, func(s jetstream.Stream, _ jetstream.JetStream) error { return s.DeleteMsg(t.Context(), 9) })
		}},
		{"remove the first", "line 1 is missing", func(t *testing.T, dir string) {
			raw(t, dir, func(s jetstream.Stream, _ jetstream.JetStream) error { return s.DeleteMsg(t.Context(), 1) })
		}},
		{"purge the front", "lines 1 to 5 are missing", func(t *testing.T, dir string) {
			raw(t, dir, func(s jetstream.Stream, _ jetstream.JetStream) error {
				return s.Purge(t.Context(), jetstream.WithPurgeSequence(6))
			})
		}},
		{"change one", "line 4 was changed", func(t *testing.T, dir string) {
			again(t, dir, func(all []*jetstream.RawStreamMsg) []*jetstream.RawStreamMsg {
				all[3].Data = []byte(strings.Replace(string(all[3].Data), "line 3", "line X", 1))
				return all
			})
		}},
		{"change the last", "line 9 was changed", func(t *testing.T, dir string) {
			again(t, dir, func(all []*jetstream.RawStreamMsg) []*jetstream.RawStreamMsg {
				all[8].Data = []byte(strings.Replace(string(all[8].Data), "line 8", "line X", 1))
				return all
			})
		}},
		{"swap two", "in the place of line 3 stands line 6", func(t *testing.T, dir string) {
			again(t, dir, func(all []*jetstream.RawStreamMsg) []*jetstream.RawStreamMsg {
				all[2], all[5] = all[5], all[2]
				return all
			})
		}},
		{"cut the end", "lines 8 to 9 are missing", func(t *testing.T, dir string) {
			again(t, dir, func(all []*jetstream.RawStreamMsg) []*jetstream.RawStreamMsg { return all[:7] })
		}},
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := audited(t, 9)
			c.do(t, dir)
			found := foundIn(t, dir)
			if len(found) == 0 || !strings.HasPrefix(found[0], c.want) {
				t.Errorf("findings %q, want %q", found, c.want)
			}
			b := open(t, dir) // and it goes on
			defer b.Close()
			if err := b.Audit(t.Context(), lineOf(20)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTheLastLinesOfTheAudit are looked at by a start: what is before them is not
// missed, nor is the one right before them needed.
func TestTheLastLinesOfTheAudit(t *testing.T) {
	dir := audited(t, 9)
	for _, c := range []struct {
		most   uint64
		remove uint64
		want   int
		lines  int
	}{{4, 0, 0, 4}, {9, 0, 0, 9}, {20, 0, 0, 9}, {4, 5, 0, 4}, {4, 7, 1, 3}, {0, 0, 2, 7}} {
		b := open(t, dir)
		if c.remove > 0 {
			if err := b.streams[streamAudit].DeleteMsg(t.Context(), c.remove); err != nil {
				t.Fatal(err)
			}
		}
		check, err := b.CheckAudit(t.Context(), c.most)
		if err != nil || len(check.Findings) != c.want || check.Lines != c.lines {
			t.Errorf("the last %d: %d lines, %v, %v", c.most, check.Lines, check.Findings, err)
		}
		b.Close()
	}
}

// TestAFlippedBitOfTheAudit in its file is found, and keeps nobody from starting.
func TestAFlippedBitOfTheAudit(t *testing.T) {
	dir := audited(t, 9)
	file := streamFile(dir, streamAudit, "msgs/1.blk")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	i := strings.Index(string(data), "line 3")
	if i < 0 {
		t.Fatal("the line is not in the file")
	}
	data[i] ^= 1
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if found := foundIn(t, dir); len(found) == 0 || !strings.Contains(strings.Join(found, "; "), "line") {
		t.Errorf("findings %v", found)
	}
}

func TestOldLinesOfTheAuditGo(t *testing.T) {
	dir := audited(t, 9)
	b := open(t, dir)
	middle := time.Now()
	for i := 9; i < 14; i++ {
		if err := b.Audit(t.Context(), lineOf(i)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // again: nothing more goes
		if err := b.ExpireAudit(t.Context(), middle); err != nil {
			t.Fatal(err)
		}
	}
	page, err := b.AuditLines(t.Context(), 0, 100)
	if err != nil || len(page) != 5 || page[4].Number != 10 {
		t.Fatalf("%+v, %v", page, err)
	}
	if err := b.ExpireAudit(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if found := foundIn(t, dir); found != nil {
		t.Errorf("findings %v", found)
	}
	b = open(t, dir)
	defer b.Close()
	if page, err = b.AuditLines(t.Context(), 0, 100); err != nil || len(page) != 1 || page[0].Number != 14 {
		t.Errorf("the newest does not stay: %+v, %v", page, err)
	}
	if err := b.Audit(t.Context(), lineOf(14)); err != nil {
		t.Error(err)
	}
	if c, err := b.CheckAudit(t.Context(), 0); err != nil || c.Findings != nil || c.Lines != 2 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestAuditOfAStoreThatTakesNothing(t *testing.T) {
	b := open(t, t.TempDir())
	defer b.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Audit(ctx, lineOf(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := b.Audit(t.Context(), lineOf(0)); err != nil {
		t.Error(err)
	}
	if page, err := b.AuditLines(t.Context(), 0, 10); err != nil || len(page) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
}
