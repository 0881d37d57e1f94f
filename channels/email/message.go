package email

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"mime"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"

	"sitrep/channels"
)

// letter is a message ready for the wire.
type letter struct {
	from, to string // the envelope's bare addresses, as they are written there
	// utf8 says that the address needs SMTPUTF8 (RFC 6531).
	utf8 bool
	raw  []byte
	// dotted is called when all of it is about to be with the smarthost, up to
	// the final dot; may be nil.
	dotted func()
}

// fieldLimit bounds a subject or a name, in characters: a line of a message
// has at most 998 (RFC 5322, section 2.1.1).
const fieldLimit = 400

// addressLimit bounds an address in the web, which may not be folded.
const addressLimit = 900

var (
	lineEnds    = strings.NewReplacer("\r\n", "\n", "\r", "\n")
	listLabel   = regexp.MustCompile(`[^a-z0-9-]+`)
	languageTag = regexp.MustCompile(`^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$`)
)

// compose writes the message. An error means that the recipient's address is
// none; it does not repeat it.
func (s *Sender) compose(d channels.Delivery) (letter, error) {
	to, err := recipient(d.To)
	if err != nil {
		return letter{}, err
	}
	domain := domainOf(s.config.From)

	m := gomail.NewMsg()
	m.FromMailAddress(&mail.Address{Name: phrase(s.config.From.Name), Address: s.config.From.Address})
	m.ToMailAddress(&mail.Address{Name: phrase(d.Name), Address: to})
	m.Subject(line(d.Subject))
	// A second try is the same message, so it has the date of the first.
	date := d.Since
	if date.IsZero() {
		date = time.Now()
	}
	m.SetDateWithValue(date.UTC())
	m.SetMessageIDWithValue(messageID(d.ID, domain))
	if n := len(d.Thread); n > 0 {
		// Ours are followed in a mail client as one thread (RFC 5322, section
		// 3.6.4).
		ids := make([]string, n)
		for i, id := range d.Thread {
			ids[i] = "<" + messageID(id, domain) + ">"
		}
		m.SetGenHeader(gomail.HeaderInReplyTo, ids[n-1])
		m.SetGenHeader(gomail.HeaderReferences, strings.Join(ids, " "))
	}
	// Nobody's absence note shall answer: RFC 3834, and Exchange's own header.
	// No Precedence: bulk. It says the same to old programs, and to others
	// that the mail may wait.
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	if d.Topic != "" {
		m.SetGenHeader("List-Id", s.listID(d.Topic, domain))
	}
	// RFC 8058: a POST alone takes the recipient off. Receivers believe it only
	// where a DKIM signature covers both fields.
	if u := oneClick(d.Unsubscribe); u != "" {
		m.SetGenHeader(gomail.HeaderListUnsubscribe, "<"+u+">")
		m.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	if languageTag.MatchString(d.Language) {
		m.SetGenHeader(gomail.HeaderContentLang, d.Language)
	}
	m.SetUserAgent("sitrep")
	head, err := heading(m)
	if err != nil {
		return letter{}, err
	}
	rest, err := s.content(d, date.UTC())
	if err != nil {
		return letter{}, err
	}
	raw := make([]byte, 0, len(head)+len(rest))
	return letter{from: s.envelope(d.Ref), to: to, utf8: !ascii(to), raw: append(append(raw, head...), rest...)}, nil
}

// content is what comes after a message's own fields. An entry for calendars says
// when it was written, so that nobody else has the same.
func (s *Sender) content(d channels.Delivery, date time.Time) ([]byte, error) {
	if d.Event == nil {
		return s.contents.of(d)
	}
	m := gomail.NewMsg()
	say(m, d)
	if err := attach(m, d.Event, s.organizer(), date); err != nil {
		return nil, fmt.Errorf("attaching the calendar's entry: %w", err)
	}
	return content(m, d.ID)
}

// organizer is who the entries of calendars are from.
func (s *Sender) organizer() mail.Address {
	from := s.config.From
	return mail.Address{Name: cmp.Or(line(from.Name), line(s.config.Organisation), "sitrep"), Address: from.Address}
}

// listID names the incident's messages as a list (RFC 2919), by which mail
// clients filter: `"Organisation" <sr-12.voorbeeld.example>`.
func (s *Sender) listID(topic, domain string) string {
	label := strings.Trim(listLabel.ReplaceAllString(strings.ToLower(topic), "-"), "-")
	if len(label) > 63 {
		label = label[:63]
	}
	id := "<" + label + "." + domain + ">"
	switch name := phrase(s.config.Organisation); {
	case name == "":
		return id
	case ascii(name):
		return `"` + strings.ReplaceAll(name, `"`, "") + `" ` + id
	default:
		return mime.BEncoding.Encode("utf-8", name) + " " + id
	}
}

// oneClick is an https address that may stand in a header, or empty: in angle
// brackets and unfolded, so as one printable word (RFC 2369, section 2).
func oneClick(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || len(address) > addressLimit || strings.Contains(address, "=?") ||
		strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r >= unicode.MaxASCII || strings.ContainsRune(`<>"\`, r) }) {
		return ""
	}
	return address
}

// messageID is the delivery's ID at the sender's domain. The ID is ours and
// plain; anything else in it would break the header.
func messageID(id, domain string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= unicode.MaxASCII || strings.ContainsRune(`<>()[]\,;:@"`, r) {
			return '-'
		}
		return r
	}, id) + "@" + domain
}

// recipient checks a bare address and writes its domain in ASCII (IDNA).
func recipient(addr string) (string, error) {
	parsed, err := mail.ParseAddress(addr)
	if err != nil || parsed.Name != "" || strings.ContainsAny(addr, "<>\r\n") {
		return "", errors.New("the recipient's address is not an email address")
	}
	at := strings.LastIndexByte(parsed.Address, '@')
	domain := parsed.Address[at+1:]
	if !ascii(domain) {
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return "", errors.New("the recipient's domain is not a domain name")
		}
	}
	return parsed.Address[:at+1] + domain, nil
}

// line makes text fit for one header field: nothing that ends a line or
// controls anything gets through, nor what a reader would decode (RFC 2047).
func line(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	text = strings.ReplaceAll(text, "=?", "= ?")
	if runes := []rune(text); len(runes) > fieldLimit {
		text = string(runes[:fieldLimit-1]) + "…"
	}
	return text
}

// phrase is a line that names somebody. net/mail leaves a backslash as it is in
// an encoded word, where it may not be (RFC 2047, section 5).
func phrase(text string) string {
	return strings.ReplaceAll(line(text), `\`, "")
}

// body ends every line, and the last, with LF; the encoder makes CRLF of it.
func body(text string) string {
	text = lineEnds.Replace(text)
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// unfold undoes line breaks straight after a field's name, which go-mail makes
// before a long word: they are allowed, but some programs then see no
// Message-ID at all.
func unfold(raw []byte) []byte {
	fold := []byte(":\r\n ")
	end := bytes.Index(raw, []byte("\r\n\r\n"))
	out := make([]byte, 0, len(raw))
	for done := 0; ; {
		i := bytes.Index(raw[done:max(done, end)], fold)
		if i < 0 {
			return append(out, raw[done:]...)
		}
		colon := done + i
		name := raw[bytes.LastIndexByte(raw[:colon], '\n')+1 : colon]
		out = append(out, raw[done:colon+1]...)
		done = colon + len(fold) - 1
		if bytes.ContainsAny(name, " :") { // a colon in the text: the fold stays
			out = append(out, "\r\n"...)
		}
	}
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}
