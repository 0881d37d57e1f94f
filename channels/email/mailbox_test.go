package email

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// aBox is a mailbox under test, and where a reader stands in it.
type aBox struct {
	t     *testing.T
	path  string
	place Place
}

func newBox(t *testing.T) *aBox {
	return &aBox{t: t, path: filepath.Join(t.TempDir(), "bounces")}
}

func (b *aBox) write(text string) {
	b.t.Helper()
	if err := os.WriteFile(b.path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// read returns what came since the last time. The place goes through JSON, and
// the file stays as it was.
func (b *aBox) read() (got []string) {
	b.t.Helper()
	before, _ := os.ReadFile(b.path)
	next, err := ReadMailbox(b.path, b.place, func(raw io.Reader) error {
		text, err := io.ReadAll(raw)
		got = append(got, string(text))
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	kept, err := json.Marshal(next)
	if err != nil {
		b.t.Fatal(err)
	}
	b.place = Place{}
	if err := json.Unmarshal(kept, &b.place); err != nil {
		b.t.Fatal(err)
	}
	if after, _ := os.ReadFile(b.path); !bytes.Equal(before, after) {
		b.t.Error("the file was changed")
	}
	return got
}

// inFile is a message without parts as it stands in a file; its text is written
// as mboxrd does.
func inFile(n int, text string) string {
	return fmt.Sprintf("From MAILER-DAEMON  Mon Jul 27 10:%02d:00 2026\nSubject: %d\n\n%s\n\n", n, n, text)
}

func TestReadMbox(t *testing.T) {
	b := newBox(t)
	text := inFile(1, "One.\n\n>From here\n>>From there\nFrom inside a paragraph") + inFile(2, "Two.")
	b.write(text)
	got := b.read()
	want := []string{"Subject: 1\n\nOne.\n\nFrom here\n>From there\nFrom inside a paragraph\n\n", "Subject: 2\n\nTwo.\n\n"}
	if !slices.Equal(got, want) {
		t.Fatalf("%q", got)
	}
	if got := b.read(); len(got) != 0 {
		t.Errorf("again: %q", got)
	}
	text += inFile(3, "Three.")
	b.write(text)
	if got := b.read(); len(got) != 1 || !strings.Contains(got[0], "Three.") {
		t.Errorf("the third: %q", got)
	}
	// Rotated: another file, longer than where the reader stands.
	b.write(inFile(4, strings.Repeat("Four. ", 200)) + inFile(5, "Five."))
	if got := b.read(); len(got) != 2 || !strings.Contains(got[0], "Four.") {
		t.Errorf("of another file: %q", got)
	}
	// Emptied, and filled again.
	b.write("")
	if got := b.read(); len(got) != 0 {
		t.Errorf("of an empty file: %q", got)
	}
	b.write(inFile(6, "Six."))
	if got := b.read(); len(got) != 1 {
		t.Errorf("of a file filled again: %q", got)
	}
	// The same beginning, other messages behind it.
	b.write(inFile(6, "Six.") + inFile(7, "Seven."))
	b.read()
	b.write(inFile(6, "Six.") + inFile(8, "Eight!") + inFile(9, "Nine."))
	if got := b.read(); len(got) != 3 {
		t.Errorf("of a file that was written anew: %q", got)
	}
}

// Wherever its writer has got to, no half message is read, and none is lost or
// comes twice. The writer of the file is a mail server that returns ours.
func TestReadMboxHalfWritten(t *testing.T) {
	var whole string
	var want []string
	for _, name := range []string{"postfix-unknown", "exchange-full", "utf8-group"} {
		m := strings.ReplaceAll(string(bounced(t, name)), "\r\n", "\n")
		whole += "From MAILER-DAEMON  Mon Jul 27 10:02:11 2026\n" + m + "\n"
		want = append(want, m+"\n")
	}
	for _, ends := range []string{"\n", "\r\n"} {
		text := strings.ReplaceAll(whole, "\n", ends)
		for cut := range len(text) {
			if cut%7 != 0 && text[cut-1] != '\n' {
				continue
			}
			var got []string
			keep := func(raw io.Reader) error {
				m, err := io.ReadAll(raw)
				got = append(got, string(m))
				return err
			}
			place, err := readMbox(strings.NewReader(text), int64(cut), Place{}, keep)
			if err == nil {
				_, err = readMbox(strings.NewReader(text), int64(len(text)), place, keep)
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want) {
				t.Fatalf("cut at %d: %d messages", cut, len(got))
			}
			for i := range got {
				if strings.ReplaceAll(got[i], "\r\n", "\n") != want[i] {
					t.Fatalf("cut at %d, message %d: %q", cut, i, got[i])
				}
			}
		}
	}
	// One that never gets its end is read when nothing is added to it.
	b := newBox(t)
	b.write(strings.TrimSuffix(whole, "--utf--\n\n"))
	if got := b.read(); len(got) != 2 {
		t.Errorf("%d at first", len(got))
	}
	if got := b.read(); len(got) != 1 {
		t.Errorf("%d then", len(got))
	}
	if got := b.read(); len(got) != 0 {
		t.Errorf("%d in the end", len(got))
	}
}

// What the caller could not take comes again; what it took does not.
func TestReadMailboxStops(t *testing.T) {
	full := errors.New("the store is full")
	for name, fill := range map[string]func(b *aBox){
		"file": func(b *aBox) { b.write(inFile(1, "1.") + inFile(2, "2.") + inFile(3, "3.")) },
		"folder": func(b *aBox) {
			for n := range 3 {
				b.deliver("new", fmt.Sprintf("178513%d.M1P1.mail", n), fmt.Sprintf("Subject: x\n\n%d.\n", n+1), time.Duration(n)*time.Second)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t)
			fill(b)
			var got []string
			for range 5 {
				n := 0
				next, err := ReadMailbox(b.path, b.place, func(raw io.Reader) error {
					if n++; n > 1 {
						return full
					}
					text, _ := io.ReadAll(raw)
					got = append(got, string(text))
					return nil
				})
				if err != nil && !errors.Is(err, full) {
					t.Fatal(err)
				}
				b.place = next
			}
			if len(got) != 3 || !strings.Contains(got[0], "1.") || !strings.Contains(got[2], "3.") {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestReadMboxLongMessage(t *testing.T) {
	b := newBox(t)
	b.write(inFile(1, strings.Repeat("long ", 600_000)) + inFile(2, strings.Repeat("line\n", 400_000)) + inFile(3, "Three."))
	got := b.read()
	if len(got) != 3 || len(got[0]) != bounceLimit || len(got[1]) != bounceLimit || !strings.Contains(got[2], "Three.") {
		t.Errorf("%d messages", len(got))
	}
}

func TestNoMailbox(t *testing.T) {
	b := newBox(t)
	none := func(io.Reader) error { t.Error("a message"); return nil }
	if _, err := ReadMailbox(b.path, Place{}, none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	b.write("#!/bin/sh\necho From here\n")
	if _, err := ReadMailbox(b.path, Place{}, none); err == nil {
		t.Error("a script is no mailbox")
	}
	if _, err := ReadMailbox(filepath.Dir(b.path), Place{}, none); err == nil || !strings.Contains(err.Error(), "no Maildir") {
		t.Errorf("a folder: %v", err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadMailbox(pipe, Place{}, none); err == nil {
		t.Error("a pipe is no mailbox")
	}
}

// Each message of a mailbox is read as a bounce, as the daemon does it.
func TestMailboxOfBounces(t *testing.T) {
	b := newBox(t)
	for n, name := range []string{"absence", "postfix-unknown", "complaint", "expired-in-queue"} {
		b.deliver("new", fmt.Sprintf("%d.M1P1.mail", n), string(bounced(t, name)), time.Duration(n)*time.Second)
	}
	var codes []string
	if _, err := ReadMailbox(b.path, Place{}, func(raw io.Reader) error {
		got, err := ReadBounce(raw, bounces)
		for _, f := range got {
			codes = append(codes, f.Fate(time.Now()).Code)
		}
		if errors.Is(err, ErrNoReport) || errors.Is(err, ErrNoRef) {
			return nil
		}
		return err
	}); err != nil || !slices.Equal(codes, []string{"5.1.1", "4.4.7"}) {
		t.Errorf("%v, %v", codes, err)
	}
}

// Whatever is in a file, reading it ends, and a second time brings nothing.
func FuzzReadMbox(f *testing.F) {
	f.Add([]byte(inFile(1, "One.") + inFile(2, ">From x")))
	f.Add([]byte("From x\n\nFrom y\r\n\r\n\nFrom "))
	f.Fuzz(func(t *testing.T, text []byte) {
		n := 0
		count := func(io.Reader) error { n++; return nil }
		file, size := bytes.NewReader(text), int64(len(text))
		place, err := readMbox(file, size, Place{}, count)
		if err != nil {
			return
		}
		for range 2 { // the first may bring what was left for next time
			n = 0
			if place, err = readMbox(file, size, place, count); err != nil || n > 1 {
				t.Fatalf("%d more, %v", n, err)
			}
		}
		if n != 0 {
			t.Fatal("it goes on")
		}
	})
}
