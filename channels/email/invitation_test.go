package email

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// entry reads the calendar's entry of a message.
func entry(t *testing.T, raw []byte) (*ics.Calendar, string) {
	t.Helper()
	data, kind := lastPart(t, raw)
	cal, err := ics.ParseCalendar(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%v:\n%s", err, data)
	}
	return cal, kind
}

// file is the calendar's entry as it stands in the message.
func file(t *testing.T, raw []byte) []byte {
	t.Helper()
	data, _ := lastPart(t, raw)
	return data
}

// lastPart is what a message ends with, decoded, and of which type it is.
func lastPart(t *testing.T, raw []byte) ([]byte, string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("%s, %v", kind, err)
	}
	var last *multipart.Part
	parts := multipart.NewReader(m.Body, params["boundary"])
	var data []byte
	for {
		p, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		last = p
		if data, err = io.ReadAll(p); err != nil {
			t.Fatal(err)
		}
	}
	if got := last.Header.Get("Content-Transfer-Encoding"); got != "base64" {
		t.Fatalf("encoded as %q", got)
	}
	decoded, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(data)))
	if err != nil {
		t.Fatal(err)
	}
	return decoded, last.Header.Get("Content-Type")
}

func TestCalendarEntry(t *testing.T) {
	start := time.Date(2026, 11, 28, 7, 0, 0, 0, time.UTC)
	one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
		d := delivery(1)
		d.HTML = "<p>Onderhoud</p>"
		d.Event = &channels.Event{
			UID: "change-3@sitrep.voorbeeld.example", Revision: 2, Title: "Onderhoud: opslag; deel 1, \\ ë\r\nATTENDEE:mailto:x@example.org",
			Text: "Een.\n\nTwee.\r\nEND:VEVENT", Start: start, End: start.Add(6 * time.Hour),
		}
		if _, err := s.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		d.Event.Cancelled = true
		if _, err := s.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		for i, m := range server.Messages() {
			if got := strings.Join(m.Parts, " "); got != "text/plain text/html text/calendar" {
				t.Errorf("parts %s", got)
			}
			cal, kind := entry(t, m.Raw)
			want := []string{"PUBLISH", "CANCEL"}[i]
			if !strings.Contains(kind, "method="+want) || method(cal) != want {
				t.Errorf("%s, and %s in the file, want %s", kind, method(cal), want)
			}
			if !bytes.Contains(file(t, m.Raw), []byte("PRODID:-//sitrep//planned changes//EN\r\n")) {
				t.Error("it does not say that sitrep made it")
			}
			all := cal.Events()
			if len(all) != 1 {
				t.Fatalf("%d events", len(all))
			}
			e := all[0]
			from, err := e.GetStartAt()
			until, err2 := e.GetEndAt()
			if err != nil || err2 != nil || !from.Equal(start) || !until.Equal(start.Add(6*time.Hour)) {
				t.Errorf("from %s to %s, %v, %v", from, until, err, err2)
			}
			if e.Id() != d.Event.UID || e.GetProperty(ics.ComponentPropertySequence).Value != "2" {
				t.Errorf("uid %s, sequence %v", e.Id(), e.GetProperty(ics.ComponentPropertySequence))
			}
			if got := e.GetProperty(ics.ComponentPropertySummary).Value; !strings.HasPrefix(got, "Onderhoud: opslag; deel 1, \\ ë") || strings.Contains(got, "\n") {
				t.Errorf("title %q", got)
			}
			if e.GetProperty(ics.ComponentPropertyAttendee) != nil {
				t.Error("text became a property")
			}
			organizer := e.GetProperty(ics.ComponentPropertyOrganizer)
			if organizer == nil || organizer.Value != "mailto:ict@voorbeeld.example" || len(organizer.ICalParameters["CN"]) != 1 {
				t.Errorf("organizer %+v", organizer)
			}
			for l := range bytes.Lines(file(t, m.Raw)) {
				if !bytes.HasSuffix(l, []byte("\r\n")) || len(l) > 77 {
					t.Errorf("a line of %d bytes: %q", len(l), l)
				}
				for name, layout := range map[string]string{"DTSTART": "20060102T150405Z", "DTEND": "20060102T150405Z", "DTSTAMP": "20060102T150405Z"} {
					if value, is := strings.CutPrefix(strings.TrimSpace(string(l)), name); is {
						if _, err := time.Parse(":"+layout, value); err != nil {
							t.Errorf("%s is not in UTC: %v", name, err)
						}
					}
				}
			}
		}
	})
}

// Whatever an organisation is called, its name is one parameter that any calendar
// reads, and a text holds no control characters.
func TestCalendarEntryOfAnyName(t *testing.T) {
	for name, want := range map[string]string{
		`'s-Hertogenbosch, "ICT"; desk: 1 \`: "ORGANIZER;CN=\u2019s-Hertogenbosch ICT desk 1:mailto:ict@example.org\r\n",
		"X\r\nATTENDEE:mailto:x@example.org": "ORGANIZER;CN=X ATTENDEE mailto x@example.org:mailto:ict@example.org\r\n",
		"":                                   "ORGANIZER;CN=sitrep:mailto:ict@example.org\r\n",
	} {
		s := New(Config{From: mail.Address{Name: name, Address: "ict@example.org"}})
		defer s.Close()
		d := delivery(1)
		d.Event = &channels.Event{UID: "x@example.org", Title: "x", Text: "Een.\x1b[2J\x07\r\nTwee.\u0085", Start: time.Now(), End: time.Now()}
		raw, err := s.Raw(d)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(string(file(t, raw)), "\r\n ", "")
		if !strings.Contains(got, want) || strings.Contains(got, "\nATTENDEE") || !strings.Contains(got, "\nDESCRIPTION:Een.[2J\\nTwee.\r\n") {
			t.Errorf("%q:\n%s\nwant\n%s", name, got, want)
		}
	}
}

func method(c *ics.Calendar) string {
	for _, p := range c.CalendarProperties {
		if p.IANAToken == string(ics.PropertyMethod) {
			return p.Value
		}
	}
	return ""
}
