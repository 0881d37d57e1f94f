package email

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	gomail "github.com/wneessen/go-mail"

	"sitrep/channels"
)

// What a message says is the same for nearly everybody who gets an update: it is
// written once, and each recipient's fields are put before it.

// contents keeps what was written lately. The zero value is ready.
type contents struct {
	mu   sync.Mutex
	last map[said][]byte
}

type said struct{ text, html string }

// keptContents is how many are kept: an update is in a few languages, and a few
// updates go out at a time. Past it, all are forgotten.
const keptContents = 32

// of returns the fields that say what kind of content it is, and the content.
// Nobody changes it.
func (c *contents) of(d channels.Delivery) ([]byte, error) {
	key := said{d.Text, d.HTML}
	c.mu.Lock()
	known := c.last[key]
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	m := gomail.NewMsg()
	say(m, d)
	// The sum of what it says cannot stand in it.
	sum := sha256.New()
	fmt.Fprintf(sum, "%d:%s%s", len(d.Text), d.Text, d.HTML)
	written, err := content(m, hex.EncodeToString(sum.Sum(nil)))
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil || len(c.last) >= keptContents {
		c.last = map[said][]byte{}
	}
	c.last[key] = written
	return written, nil
}

// say puts the words into a message.
func say(m *gomail.Msg, d channels.Delivery) {
	m.SetBodyString(gomail.TypeTextPlain, body(d.Text))
	if d.HTML != "" {
		m.AddAlternativeString(gomail.TypeTextHTML, body(d.HTML))
	}
}

// content writes a message that has no fields of its own, and leaves out those
// that the library adds. The boundaries of its parts follow from name.
func content(m *gomail.Msg, name string) ([]byte, error) {
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("writing the message: %w", err)
	}
	begin := bytes.Index(raw.Bytes(), []byte("\r\nContent-"))
	if begin < 0 {
		return nil, errors.New("writing the message: it has no content")
	}
	return bounded(raw.Bytes()[begin+len("\r\n"):], name), nil
}

// heading writes a message's own fields.
func heading(m *gomail.Msg) ([]byte, error) {
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("writing the message: %w", err)
	}
	raw.WriteString("\r\n") // where the fields end
	return bytes.TrimSuffix(unfold(raw.Bytes()), []byte("\r\n")), nil
}
