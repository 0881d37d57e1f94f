package channeltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	gosmtp "github.com/emersion/go-smtp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPipeListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewPipeListener()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.Dial(ctx, "tcp", "x:1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nobody accepts: %v", err)
		}
		l.Close()
		l.Close()
		if _, err := l.Dial(t.Context(), "tcp", "x:1"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("closed: %v", err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("accept: %v", err)
		}
	})
}

const twoParts = "From: =?utf-8?q?Caf=C3=A9?= <cafe@example.org>\r\nTo: jan@example.org\r\nSubject: =?utf-8?b?dsOzw7Ny?= drie\r\n" +
	"Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nE=C3=A9n=\r\n regel\r\n.punt\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+RcOp\r\nbjwvcD4=\r\n--b--\r\n"

// Another client than our own: the standard library's.
func TestSMTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewPipeListener()
		s := NewSMTP(l, SMTPOptions{Username: "u", Password: "p"})
		defer s.Close()
		var told []string
		s.OnMail(func(m Mail) { told = append(told, m.To) })
		dial := func() *smtp.Client {
			c, err := l.Dial(t.Context(), "tcp", "")
			if err != nil {
				t.Fatal(err)
			}
			client, err := smtp.NewClient(c, "localhost")
			if err != nil {
				t.Fatal(err)
			}
			return client
		}

		stranger := dial()
		if err := stranger.Mail("a@example.org"); err == nil {
			t.Error("mail without authentication was taken")
		}
		if err := stranger.Auth(smtp.PlainAuth("", "u", "wrong", "localhost")); err == nil {
			t.Error("a wrong password was taken")
		}
		stranger.Close()

		c := dial()
		if err := c.Auth(smtp.PlainAuth("", "u", "p", "localhost")); err != nil {
			t.Fatal(err)
		}
		send := func(to string) error {
			if err := c.Mail("bounce@example.org"); err != nil {
				return err
			}
			if err := c.Rcpt(to); err != nil {
				c.Reset()
				return err
			}
			w, err := c.Data()
			if err != nil {
				return err
			}
			io.WriteString(w, twoParts)
			return w.Close()
		}
		if err := send("jan@example.org"); err != nil {
			t.Fatal(err)
		}
		box := s.Mailbox("JAN@example.org")
		if len(box) != 1 || len(told) != 1 {
			t.Fatalf("received %d, told of %d", len(box), len(told))
		}
		m := box[0]
		if m.From != "bounce@example.org" || m.User != "u" || m.Subject != "vóór drie" || m.MessageID != "1@example.org" ||
			m.Text != "Eén regel\n.punt" || m.HTML != "<p>Eén</p>" || m.Decoded("From") != "Café <cafe@example.org>" ||
			strings.Join(m.Parts, " ") != "text/plain text/html" || string(m.Raw) != twoParts {
			t.Errorf("received %+v", m)
		}

		s.Misbehave(func(m Moment) Act {
			if m.Stage == StageRcpt && m.N == 1 {
				return Act{Wait: time.Minute, Reply: &gosmtp.SMTPError{Code: 450, EnhancedCode: gosmtp.EnhancedCode{4, 2, 0}, Message: "greylisted"}}
			}
			return Act{}
		})
		began := time.Now()
		if err := send("piet@example.org"); err == nil || !strings.Contains(err.Error(), "4.2.0 greylisted") || time.Since(began) != time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if err := send("piet@example.org"); err != nil {
			t.Error(err)
		}

		// Close also ends what is waiting for its answer.
		s.Misbehave(func(m Moment) Act { return Act{Fate: Mute} })
		hung := make(chan error, 1)
		go func() { hung <- c.Mail("a@example.org") }()
		synctest.Wait()
		s.Close()
		if err := <-hung; err == nil {
			t.Error("answered by a closed server")
		}
		c.Close()
	})
}

func TestTwilio(t *testing.T) {
	twilio := NewTwilio("AC1", "secret")
	ask := func(method, query, token string, form url.Values) (int, map[string]any) {
		t.Helper()
		rec := &recorder{header: http.Header{}}
		r, err := http.NewRequest(method, "http://api.test/2010-04-01/Accounts/AC1/Messages.json"+query, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.RequestURI = r.URL.RequestURI()
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("AC1", token)
		twilio.ServeHTTP(rec, r)
		var body map[string]any
		if err := json.Unmarshal([]byte(rec.body.String()), &body); err != nil {
			t.Fatalf("%v in %s", err, rec.body.String())
		}
		return rec.status, body
	}
	good := func() url.Values {
		return url.Values{"To": {"+31612345678"}, "From": {"Gemeente"}, "Body": {"hallo"}}
	}

	for name, c := range map[string]struct {
		field, value string
		code         float64
	}{
		"no number": {"To", "0612345678", 21211}, "no recipient": {"To", "", 21604}, "no text": {"Body", "", 21602},
		"no sender": {"From", "", 21603}, "bad sender": {"From", "much too long a name", 21212},
		"long text": {"Body", strings.Repeat("x", 1601), 21617}, "no validity": {"ValidityPeriod", "36001", 90007},
	} {
		form := good()
		form.Set(c.field, c.value)
		if status, body := ask("POST", "", "secret", form); status != 400 || body["code"] != c.code || body["status"] != 400.0 || body["message"] == "" {
			t.Errorf("%s: %d %v", name, status, body)
		}
	}
	if status, body := ask("POST", "", "wrong", good()); status != 401 || body["code"] != 20003.0 {
		t.Errorf("a wrong token: %d %v", status, body)
	}

	var told int
	twilio.OnSMS(func(SMS) { told++ })
	for n := range 7 {
		form := good()
		form.Set("Body", fmt.Sprint(n))
		if status, body := ask("POST", "", "secret", form); status != 201 || body["status"] != "queued" || len(body["sid"].(string)) != 34 {
			t.Fatalf("%d %v", status, body)
		}
	}
	if len(twilio.Phone("+31612345678")) != 7 || told != 7 || twilio.Calls("POST", "+31612345678") != 12 {
		t.Errorf("%d messages, told of %d, %d calls", len(twilio.Messages()), told, twilio.Calls("POST", "+31612345678"))
	}

	read := func(query string) (texts []string) {
		for query != "" {
			status, body := ask("GET", query, "secret", nil)
			if status != 200 {
				t.Fatalf("%s: %d %v", query, status, body)
			}
			for _, m := range body["messages"].([]any) {
				texts = append(texts, m.(map[string]any)["body"].(string))
			}
			next, _ := body["next_page_uri"].(string)
			_, query, _ = strings.Cut(next, "?")
			if query != "" {
				query = "?" + query
			}
		}
		return texts
	}
	today, tomorrow := time.Now().UTC().Format(time.DateOnly), time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	for query, want := range map[string]string{
		"?PageSize=3": "6543210", "?To=%2B31612345678&PageSize=7": "6543210", "?To=%2B31600000000": "", "?From=Gemeente": "6543210",
		"?DateSent>=" + today: "6543210", "?DateSent=" + tomorrow: "", "?DateSent>=" + tomorrow: "", "?DateSent<=" + tomorrow + "&PageSize=2": "6543210",
		"?DateSent>=" + url.QueryEscape(time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)): "6543210",
		"?DateSent>=" + url.QueryEscape(time.Now().Add(time.Hour).UTC().Format(time.RFC3339)):  "",
	} {
		if got := strings.Join(read(query), ""); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

func TestSegments(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"empty": {"", 1}, "one": {strings.Repeat("a", 160), 1}, "two": {strings.Repeat("a", 161), 2},
		"two full": {strings.Repeat("a", 306), 2}, "three": {strings.Repeat("a", 307), 3},
		"euro counts twice": {strings.Repeat("€", 80), 1}, "euro too many": {strings.Repeat("€", 81), 2},
		"euro is not cut": {strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 3},
		"accents of gsm":  {strings.Repeat("é", 160), 1},
		"ucs-2":           {strings.Repeat("ó", 70), 1}, "ucs-2, two": {strings.Repeat("ó", 71), 2}, "ucs-2, two full": {strings.Repeat("ó", 134), 2},
		"emoji count twice": {strings.Repeat("😀", 35), 1}, "an emoji is not cut": {strings.Repeat("😀", 67), 3},
	} {
		if got := Segments(c.body); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.String().Draw(t, "body")
		n := Segments(body)
		if more := Segments(body + "a"); more < n || more > n+1 {
			t.Fatalf("one letter more: %d segments instead of %d", more, n)
		}
	})
}
