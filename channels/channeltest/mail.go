package channeltest

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
)

// Mail is one message that the SMTP server accepted for one recipient.
type Mail struct {
	// At is when it was accepted.
	At time.Time
	// From and To are the envelope's bare addresses.
	From, To string
	// Raw is the message as it came, with CRLF line ends.
	Raw []byte
	// TLS says whether it came over an encrypted connection, User as whom the
	// client had authenticated, Session over which connection, from 1 on.
	TLS     bool
	User    string
	Session int

	// Header is the message's own header, as it came; Subject is decoded
	// (RFC 2047), MessageID is without its angle brackets.
	Header    mail.Header
	Subject   string
	MessageID string
	// Text, HTML and Calendar are the first parts of these types, decoded, with LF line
	// ends; empty where there is none.
	Text, HTML, Calendar string
	// Parts are the media types of all leaves, in their order.
	Parts []string
}

// Decoded returns a header field's value with its encoded words decoded.
func (m Mail) Decoded(field string) string {
	s, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get(field))
	if err != nil {
		return m.Header.Get(field)
	}
	return s
}

// parse fills in what the raw message says. What cannot be read stays empty:
// the server keeps broken mail too, as real ones do.
func (m *Mail) parse() {
	msg, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return
	}
	m.Header = msg.Header
	m.Subject = m.Decoded("Subject")
	m.MessageID = strings.Trim(msg.Header.Get("Message-Id"), "<>")
	m.leaf(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body)
}

// leaf reads one part, and the parts inside it.
func (m *Mail) leaf(contentType, encoding string, body io.Reader) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = "text/plain" // RFC 2045, section 5.2
	}
	if strings.HasPrefix(media, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err != nil {
				return
			}
			m.leaf(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return
	}
	m.Parts = append(m.Parts, media)
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	switch {
	case media == "text/plain" && m.Text == "":
		m.Text = text
	case media == "text/html" && m.HTML == "":
		m.HTML = text
	case media == "text/calendar" && m.Calendar == "":
		m.Calendar = text
	}
}
