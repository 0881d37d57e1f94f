package email

import (
	"bytes"
	netmail "net/mail"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

func TestMessage(t *testing.T) {
	one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
		d := delivery(1)
		d.ID = strings.Repeat("0123456789abcdef", 4) // an HMAC's length
		d.Name = "Bestuurder (créatif) \"de\" Vries, J."
		d.Subject = "Storing: e-mail – 3 uur, volgend bericht vóór 15:30 uur, vanuit de gemeente"
		d.HTML = "<p>Eén <b>storing</b></p>"
		d.Text = "Eén storing.\n.\n.punt\nFrom hier\n" + strings.Repeat("lang ", 400)
		d.Thread = []string{"first", "second"}
		d.Topic = "SR-12"
		if _, err := s.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		m := server.Messages()[0]
		for field, want := range map[string]string{
			"Message-Id":  "<" + d.ID + "@voorbeeld.example>",
			"In-Reply-To": "<second@voorbeeld.example>",
			"References":  "<first@voorbeeld.example> <second@voorbeeld.example>",
			"Subject":     d.Subject, "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All",
			"List-Id": `"Gemeente Voorbeeld" <sr-12.voorbeeld.example>`, "Content-Language": "nl",
			"User-Agent": "sitrep", "X-Mailer": "sitrep", "Precedence": "", "Mime-Version": "1.0",
		} {
			if got := m.Decoded(field); got != want {
				t.Errorf("%s: %q, want %q", field, got, want)
			}
		}
		if !bytes.Contains(m.Raw, []byte("Message-ID: <"+d.ID+"@voorbeeld.example>\r\n")) {
			t.Errorf("the Message-ID is not on one line:\n%s", m.Raw)
		}
		if bytes.Contains(m.Raw, []byte("go-mail")) {
			t.Error("go-mail advertises itself")
		}
		to, err := m.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Name != d.Name || to[0].Address != d.To {
			t.Errorf("To %v, %v", to, err)
		}
		from, err := m.Header.AddressList("From")
		if err != nil || from[0].Name != "ICT-storingen" || m.From != "ict@voorbeeld.example" {
			t.Errorf("From %v, %v, envelope %s", from, err, m.From)
		}
		if date, err := m.Header.Date(); err != nil || time.Since(date) > time.Second {
			t.Errorf("Date %v, %v", date, err)
		}
		if strings.TrimSpace(m.Text) != strings.TrimSpace(d.Text) || strings.TrimSpace(m.HTML) != d.HTML {
			t.Errorf("text %q, html %q", m.Text, m.HTML)
		}
		if got := strings.Join(m.Parts, " "); got != "text/plain text/html" {
			t.Errorf("parts %s", got)
		}
		if !strings.HasPrefix(m.Header.Get("Content-Type"), "multipart/alternative") {
			t.Errorf("type %s", m.Header.Get("Content-Type"))
		}
		for _, l := range bytes.Split(m.Raw, []byte("\r\n")) {
			if len(l) > 998 || bytes.ContainsFunc(l, func(r rune) bool { return r > unicode.MaxASCII }) {
				t.Errorf("not a line for every server: %q", l)
			}
		}
	})
}

func TestPlainMessage(t *testing.T) {
	one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
		d := delivery(1)
		d.Topic, d.Language, d.Name = "", "nl\r\nX: y", ""
		if _, err := s.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		m := server.Messages()[0]
		if got := strings.Join(m.Parts, " "); got != "text/plain" || m.Text != d.Text {
			t.Errorf("parts %s, text %q", got, m.Text)
		}
		for _, field := range []string{"List-Id", "In-Reply-To", "References", "Content-Language", "X"} {
			if got := m.Header.Get(field); got != "" {
				t.Errorf("%s: %s", field, got)
			}
		}
	})
}

func TestUnsubscribe(t *testing.T) {
	long := "https://storing.voorbeeld.example/u/" + strings.Repeat("0123456789abcdef", 50)
	for address, want := range map[string]bool{
		"https://storing.voorbeeld.example/u/0a1b?x=1&y=%3C": true,
		long: true, long + long: false, "": false,
		"http://storing.voorbeeld.example/u/0a1b": false, "mailto:ict@voorbeeld.example": false,
		"https://storing.voorbeeld.example/u /0a1b": false, "https://storing.voorbeeld.example/>\r\nBcc: x@y.example": false,
		"https://bücher.example/u": false, "https:///u": false, "https://x.example/=?utf-8?q?x?=": false,
	} {
		one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
			d := delivery(1)
			d.Unsubscribe = address
			if _, err := s.Send(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			m := server.Messages()[0]
			fields := "\r\nList-Unsubscribe: <" + address + ">\r\n"
			if got := bytes.Contains(m.Raw, []byte(fields)); got != want {
				t.Errorf("%q: on one line %v, in\n%s", address, got, m.Raw)
			}
			if got := m.Header.Get("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"; got != want {
				t.Errorf("%q: one click %v", address, got)
			}
			if !want && m.Header.Get("List-Unsubscribe") != "" {
				t.Errorf("%q stands in the header", address)
			}
		})
	}
}

func TestUnfold(t *testing.T) {
	const folded = "Message-ID:\r\n <x@y>\r\nSubject: Storing:\r\n e-mail\r\nReferences:\r\n <a@y>\r\n <b@y>\r\n\r\nBody:\r\n text\r\n"
	const want = "Message-ID: <x@y>\r\nSubject: Storing:\r\n e-mail\r\nReferences: <a@y>\r\n <b@y>\r\n\r\nBody:\r\n text\r\n"
	if got := string(unfold([]byte(folded))); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The second try is the first one, byte for byte.
func TestAgainIsTheSame(t *testing.T) {
	one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
		d := delivery(1)
		d.HTML = "<p>E-mail is gestoord.</p>"
		d.Event = &channels.Event{UID: "change-3@voorbeeld.example", Title: "Onderhoud", Start: time.Now(), End: time.Now().Add(time.Hour)}
		first := time.Now()
		if _, err := s.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		d.Again, d.Since = true, first
		if _, err := s.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		got := server.Messages()
		if len(got) != 2 || !bytes.Equal(got[0].Raw, got[1].Raw) {
			t.Errorf("%d messages:\n%s\n%s", len(got), got[0].Raw, got[len(got)-1].Raw)
		}
	})
}

func TestInternationalAddress(t *testing.T) {
	one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
		d := delivery(1)
		d.To = "info@bücher.example"
		if _, err := s.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		d.To = "jürgen@bücher.example"
		if _, err := s.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if got := server.Messages(); got[0].To != "info@xn--bcher-kva.example" || got[1].To != "jürgen@xn--bcher-kva.example" {
			t.Errorf("to %s and %s", got[0].To, got[1].To)
		}
	})
}

// Whatever is in a delivery, the header has the fields that we gave it, each
// once, and the recipient is the one named.
func TestHeaderInjection(t *testing.T) {
	s := New(Config{From: netmail.Address{Name: "ICT", Address: "ict@voorbeeld.example"}, Organisation: "Gemeente\r\nBcc: x@y.example"})
	nasty := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"\r\n", "\n", "\r", "\x00", "\u2028", "\u0085", "Bcc: evil@example.org", "\r\n\r\n", " ", "\t", "=?utf-8?q?=0D=0ABcc:_x?=",
			"a", "é", "\"", "<", ">", "@", ",", "\\", ":", ";", "(", ")", strings.Repeat("x", 90), "\xff", "😀",
		}), 0, 12).Draw(t, "pieces"), "")
	})
	known := map[string]bool{}
	for _, f := range []string{"Auto-Submitted", "Content-Language", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "In-Reply-To",
		"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Message-Id", "Mime-Version", "References", "Subject", "To", "User-Agent", "X-Auto-Response-Suppress", "X-Mailer"} {
		known[f] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		d := channels.Delivery{
			ID: nasty.Draw(t, "id"), To: "jan@example.org", Name: nasty.Draw(t, "name"), Language: nasty.Draw(t, "language"),
			Subject: nasty.Draw(t, "subject"), Text: nasty.Draw(t, "text"), Topic: nasty.Draw(t, "topic"),
			Thread: []string{nasty.Draw(t, "thread")}, Unsubscribe: "https://x.example/" + nasty.Draw(t, "unsubscribe"),
		}
		l, err := s.compose(d)
		if err != nil {
			t.Fatal(err)
		}
		m, err := netmail.ReadMessage(bytes.NewReader(l.raw))
		if err != nil {
			t.Fatalf("%v:\n%s", err, l.raw)
		}
		for field, values := range m.Header {
			if !known[field] || len(values) != 1 {
				t.Fatalf("%s: %q in\n%s", field, values, l.raw)
			}
		}
		if to, err := m.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != "jan@example.org" {
			t.Fatalf("To %v, %v in\n%s", to, err, l.raw)
		}
		decoded := channeltest.Mail{Header: m.Header}
		for _, field := range []string{"Subject", "To", "From", "List-Id"} {
			if strings.ContainsFunc(decoded.Decoded(field), unicode.IsControl) {
				t.Fatalf("%s: %q", field, decoded.Decoded(field))
			}
		}
		for _, line := range bytes.Split(l.raw, []byte("\r\n")) {
			if len(line) > 998 || bytes.ContainsAny(line, "\r\n") {
				t.Fatalf("line %q", line)
			}
		}
	})
}
