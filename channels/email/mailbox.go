package email

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/textproto"
	"os"
	"regexp"
	"strings"
	"time"
)

// Place is how far a mailbox was read, to be kept as JSON. The zero Place is its
// beginning.
type Place struct {
	// Offset is where the next message of a file begins, Size how long the file
	// was, and Mark tells what stood before Offset: another file, or this one
	// emptied and filled again, is read from its beginning.
	Offset int64  `json:"offset,omitempty"`
	Size   int64  `json:"size,omitempty"`
	Mark   string `json:"mark,omitempty"`
	// Newest is when the last message of a folder was read, Names are those that
	// were read of about that time or later.
	Newest time.Time `json:"newest,omitzero"`
	Names  []string  `json:"names,omitempty"`
}

// ReadMailbox calls each for every message that came into the mailbox at path
// after from, and returns how far it got, also with an error: an error of each
// ends it, and that message comes again. path is an mbox file (RFC 4155) or a
// Maildir. Nothing in it is changed. raw is of use until each returns; of a long
// message in a file it may be the beginning.
func ReadMailbox(path string, from Place, each func(raw io.Reader) error) (Place, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return from, fmt.Errorf("reading a mailbox: %w", err)
	case info.IsDir():
		return readMaildir(path, from, each)
	case !info.Mode().IsRegular():
		return from, errors.New("reading a mailbox: it is neither a file nor a folder")
	}
	f, err := os.Open(path)
	if err != nil {
		return from, fmt.Errorf("reading a mailbox: %w", err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return from, fmt.Errorf("reading a mailbox: %w", err)
	}
	return readMbox(f, info.Size(), from, each)
}

var (
	fromLine = []byte("From ")
	// anEscape is how a line of the text that begins like a separator is written.
	anEscape = regexp.MustCompile(`^>+From `)
)

// readMbox reads messages that begin with a line "From " at the beginning or
// after an empty line. The last one is read when it has its end, or when the
// file did not grow since it was left: another program may be writing it.
func readMbox(f io.ReaderAt, size int64, from Place, each func(io.Reader) error) (Place, error) {
	if from.Offset > size || from.Offset > 0 && from.Mark != mark(f, from.Offset) {
		from = Place{}
	}
	at := func(offset int64) Place { return Place{Offset: offset, Size: size, Mark: mark(f, offset)} }
	in := bufio.NewReaderSize(io.NewSectionReader(f, from.Offset, size-from.Offset), 16<<10)
	if head, _ := in.Peek(len(fromLine)); from.Offset == 0 && !bytes.HasPrefix(fromLine, head) {
		return from, errors.New("reading a mailbox: the file is no mbox, which begins with \"From \"")
	}

	var m message
	begin := from.Offset                      // of the message that is being read
	inside, start, empty := false, true, true // start: of a line; empty: the one before
	for pos := from.Offset; ; {
		piece, err := in.ReadSlice('\n')
		if start && empty && bytes.HasPrefix(piece, fromLine) {
			if inside {
				if err := each(m.text()); err != nil {
					return at(begin), err
				}
			}
			begin, inside = pos, true
			m = message{buf: m.buf[:0]}
		} else if inside {
			if start && anEscape.Match(piece) {
				piece = piece[1:]
				pos++
			}
			m.add(piece)
		}
		pos += int64(len(piece))
		empty = start && (string(piece) == "\n" || string(piece) == "\r\n")
		start = err == nil
		switch {
		case err == nil || errors.Is(err, bufio.ErrBufferFull):
			continue
		case !errors.Is(err, io.EOF):
			return at(begin), fmt.Errorf("reading a mailbox: %w", err)
		}
		if unchanged := from.Size == size && from.Offset == begin; !inside || pos != size || !m.ended() && !unchanged {
			return at(begin), nil
		}
		if err := each(m.text()); err != nil {
			return at(begin), err
		}
		return at(size), nil
	}
}

// message is one of a file, as much of it as is read.
type message struct {
	buf []byte
	cut bool
}

func (m *message) add(piece []byte) {
	if room := bounceLimit - len(m.buf); len(piece) > room {
		piece, m.cut = piece[:room], true
	}
	m.buf = append(m.buf, piece...)
}

func (m *message) text() io.Reader { return bytes.NewReader(m.buf) }

// ended says that the message has its end: the empty line after it, and the
// last boundary where it has parts.
func (m *message) ended() bool {
	if m.cut {
		return false
	}
	text := bytes.ReplaceAll(m.buf, []byte("\r\n"), []byte("\n"))
	head, body, found := bytes.Cut(text, []byte("\n\n"))
	if !found || !bytes.HasSuffix(text, []byte("\n\n")) || len(body) == 0 {
		return false
	}
	fields := readFields(textproto.NewReader(bufio.NewReader(bytes.NewReader(head))))
	media, params, err := mime.ParseMediaType(fields.first("content-type"))
	if err != nil || !strings.HasPrefix(media, "multipart/") {
		return true
	}
	return bytes.Contains(body, []byte("--"+params["boundary"]+"--"))
}

// markLength is how much of a file's beginning, and of what stands before the
// place, tells it from another.
const markLength = 1024

// mark tells what stands in a file before offset.
func mark(f io.ReaderAt, offset int64) string {
	if offset == 0 {
		return ""
	}
	n := min(offset, markLength)
	h := sha256.New()
	io.Copy(h, io.NewSectionReader(f, 0, n))
	io.Copy(h, io.NewSectionReader(f, offset-n, n))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}
