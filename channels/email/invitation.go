package email

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"time"
	"unicode"

	ics "github.com/arran4/golang-ical"
	gomail "github.com/wneessen/go-mail"

	"sitrep/channels"
)

// attach adds the entry for the recipient's calendar as a file, which any
// calendar can open. It is published, and asks for no answer: a request would
// need everybody's address in it, and have their calendars write back (RFC 5546,
// sections 3.2.1 and 3.2.2). The method is in the file and in its type. Whoever
// publishes an entry or takes it back has to be named as its organizer.
func attach(m *gomail.Msg, e *channels.Event, organizer mail.Address, now time.Time) error {
	method, status := ics.MethodPublish, ics.ObjectStatusConfirmed
	if e.Cancelled {
		method, status = ics.MethodCancel, ics.ObjectStatusCancelled
	}
	cal := ics.NewCalendar()
	cal.SetProductId("-//sitrep//planned changes//EN")
	cal.SetMethod(method)
	v := cal.AddEvent(e.UID)
	v.SetSequence(e.Revision)
	v.SetDtStampTime(now)
	v.SetStartAt(e.Start)
	v.SetEndAt(e.End)
	v.SetSummary(line(e.Title))
	if e.Text != "" {
		v.SetDescription(spoken(e.Text))
	}
	v.SetOrganizer("mailto:"+url.PathEscape(organizer.Address), ics.WithCN(displayed(organizer.Name)))
	v.SetStatus(status)
	v.SetTimeTransparency(ics.TransparencyTransparent) // it keeps nobody from meeting others
	return m.AttachReader("sitrep.ics", strings.NewReader(cal.Serialize(ics.WithNewLineWindows)),
		gomail.WithFileContentType(gomail.ContentType("text/calendar; charset=utf-8; method="+string(method))))
}

// spoken is a text without what no text in a calendar may hold: control
// characters other than the ends of lines (RFC 5545, section 3.1).
func spoken(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, lineEnds.Replace(strings.ToValidUTF8(text, "\uFFFD")))
}

// parameter takes out of a name what stands between the parameters of a property,
// which the library escapes in a way that none but itself undoes (RFC 5545, section
// 3.1; in 's-Hertogenbosch the apostrophe, too).
var parameter = strings.NewReplacer(`"`, "", `\`, "", ";", " ", ":", " ", ",", " ", "'", "\u2019")

// displayed is a name as the value of a parameter.
func displayed(name string) string { return line(parameter.Replace(name)) }

// bounded gives the parts of a message boundaries that follow from a name which
// nobody knows who writes the text: a second try is the same message, byte for
// byte. The library can only set one for all parts, which those within another
// must not have.
func bounded(raw []byte, name string) []byte {
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	for n := 0; ; n++ {
		drawn := boundary(head)
		if drawn == nil {
			return raw
		}
		raw = bytes.ReplaceAll(raw, drawn, fmt.Appendf(nil, "sitrep-%d-%x", n, sha256.Sum224([]byte(name))))
		head = raw // the next is in a part's head
	}
}

// boundary is the first one that the library drew; nil where there is none.
func boundary(raw []byte) []byte {
	key := []byte("\r\n boundary=")
	for {
		i := bytes.Index(raw, key)
		if i < 0 {
			return nil
		}
		raw = raw[i+len(key):]
		n := 0
		for n < len(raw) && (raw[n] >= '0' && raw[n] <= '9' || raw[n] >= 'a' && raw[n] <= 'f') {
			n++
		}
		if n > 0 && (n == len(raw) || raw[n] == '\r') {
			return raw[:n]
		}
	}
}
