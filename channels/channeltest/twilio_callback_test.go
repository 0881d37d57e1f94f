package channeltest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// told is what a listener was told, checked for its signature.
type told struct {
	form   url.Values
	signed bool
	at     time.Time
}

// listen has what the stand-in posts read, and answered with a status.
func listen(t *testing.T, twilio *Twilio, answer int) (posts func() []told) {
	var mu sync.Mutex
	var got []told
	t.Cleanup(func() { twilio.Close() })
	twilio.Callback(func(r *http.Request) (*http.Response, error) {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		form, err := url.ParseQuery(string(body))
		if err != nil || r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			t.Errorf("posted %s, %v: %v", r.Method, r.Header, err)
		}
		signed := r.Header.Get("X-Twilio-Signature") == TwilioSignature("secret", r.URL.String(), form)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, told{form, signed, time.Now()})
		return &http.Response{StatusCode: answer, Body: io.NopCloser(strings.NewReader("<Response/>"))}, nil
	})
	return func() []told {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
}

// create sends one message and returns it.
func create(t *testing.T, twilio *Twilio, form url.Values) (status int, message map[string]any) {
	t.Helper()
	return speak(t, twilio, http.MethodPost, "/Messages.json", form)
}

func speak(t *testing.T, twilio *Twilio, method, path string, form url.Values) (int, map[string]any) {
	t.Helper()
	rec := &recorder{header: http.Header{}}
	r, err := http.NewRequest(method, "http://api.test/2010-04-01/Accounts/AC1"+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = r.URL.RequestURI()
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("AC1", "secret")
	twilio.ServeHTTP(rec, r)
	var body map[string]any
	if err := json.Unmarshal([]byte(rec.body.String()), &body); err != nil {
		t.Fatalf("%v in %s", err, rec.body.String())
	}
	return rec.status, body
}

const statusURL = "https://sitrep.example/twilio/status?d=abc"

func message() url.Values {
	return url.Values{"To": {"+31612345678"}, "From": {"Gemeente"}, "Body": {"hallo"}, "StatusCallback": {statusURL}}
}

func TestCourses(t *testing.T) {
	for name, c := range map[string]struct {
		course Course
		posts  string
		status string
		code   any
	}{
		"delivered":             {Course{}, "queued sent delivered", "delivered", nil},
		"undelivered":           {Course{End: "undelivered", Code: 30003}, "queued sent undelivered/30003", "undelivered", 30003.0},
		"failed":                {Course{End: "failed", Code: 30007}, "queued failed/30007", "failed", 30007.0},
		"failed without a word": {Course{End: "failed"}, "queued failed", "failed", nil},
		"twice":                 {Course{Post: Twice}, "queued queued sent sent delivered delivered", "delivered", nil},
		"reordered":             {Course{End: "undelivered", Code: 30005, Post: Reordered}, "undelivered/30005 sent queued", "undelivered", 30005.0},
		"forged":                {Course{Post: Forged}, "queued! sent! delivered!", "delivered", nil},
		"silent":                {Course{Post: Silent}, "", "delivered", nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				twilio := NewTwilio("AC1", "secret")
				posts := listen(t, twilio, 204)
				twilio.Courses(func(SMS) Course { return c.course })
				status, m := create(t, twilio, message())
				if status != 201 || m["status"] != "queued" {
					t.Fatalf("%d %v", status, m)
				}
				synctest.Wait()
				var said []string
				for _, p := range posts() {
					s := p.form.Get("MessageStatus")
					if code := p.form.Get("ErrorCode"); code != "" {
						s += "/" + code
					}
					if !p.signed {
						s += "!"
					}
					said = append(said, s)
					if p.form.Get("MessageSid") != m["sid"] || p.form.Get("AccountSid") != "AC1" || p.form.Get("To") != "+31612345678" {
						t.Errorf("posted %v", p.form)
					}
				}
				if got := strings.Join(said, " "); got != c.posts || len(twilio.Posted()) != len(said) {
					t.Errorf("posted %q, want %q; %v", got, c.posts, twilio.Posted())
				}
				_, one := speak(t, twilio, http.MethodGet, fmt.Sprintf("/Messages/%s.json", m["sid"]), nil)
				_, list := speak(t, twilio, http.MethodGet, "/Messages.json", nil)
				first := list["messages"].([]any)[0].(map[string]any)
				for _, shown := range []map[string]any{one, first} {
					if shown["sid"] != m["sid"] || shown["status"] != c.status || shown["error_code"] != c.code {
						t.Errorf("shows %v", shown)
					}
				}
			})
		})
	}
}

// What is posted is what a look at that moment shows.
func TestStatusBeforeItsCallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		twilio := NewTwilio("AC1", "secret")
		posts := listen(t, twilio, 503)
		twilio.Courses(func(SMS) Course { return Course{Wait: time.Minute} })
		_, m := create(t, twilio, message())
		shown := func() any {
			_, one := speak(t, twilio, http.MethodGet, fmt.Sprintf("/Messages/%s.json", m["sid"]), nil)
			return one["status"]
		}
		began := time.Now()
		for n, want := range []string{"queued", "sent", "delivered"} {
			time.Sleep(time.Minute)
			synctest.Wait()
			got := posts()
			if len(got) != n+1 || got[n].form.Get("MessageStatus") != want || shown() != want || got[n].at.Sub(began) != time.Duration(n+1)*time.Minute {
				t.Fatalf("after %d minutes: %v, shown %v", n+1, got, shown())
			}
		}
		if p := twilio.Posted(); p[2] != (Posted{m["sid"].(string), "delivered", 503}) {
			t.Errorf("noted %v", p)
		}

		// A message that asks for nothing goes on in silence; one that nobody
		// waits for any more stays where it is.
		quiet := message()
		quiet.Del("StatusCallback")
		_, m = create(t, twilio, quiet)
		time.Sleep(time.Hour)
		if len(posts()) != 3 || shown() != "delivered" {
			t.Errorf("%d posts, shown %v", len(posts()), shown())
		}
		_, m = create(t, twilio, message())
		time.Sleep(90 * time.Second)
		twilio.Close()
		_, late := create(t, twilio, message())
		time.Sleep(time.Hour)
		if len(posts()) != 4 || shown() != "queued" || late["status"] != "queued" {
			t.Errorf("after its end: %d posts, shown %v", len(posts()), shown())
		}
	})
}

func TestCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		twilio := NewTwilio("AC1", "secret")
		var finished atomic.Bool
		twilio.Callback(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			time.Sleep(time.Second) // what it takes to notice
			finished.Store(true)
			return nil, r.Context().Err()
		})
		create(t, twilio, message())
		synctest.Wait()
		twilio.Close()
		if !finished.Load() {
			t.Error("a callback is under way after Close")
		}
	})
}

func TestNobodyListens(t *testing.T) {
	twilio := NewTwilio("AC1", "secret")
	defer twilio.Close()
	_, m := create(t, twilio, message())
	if _, one := speak(t, twilio, http.MethodGet, fmt.Sprintf("/Messages/%s.json", m["sid"]), nil); one["status"] != "queued" {
		t.Errorf("shows %v", one)
	}
	if status, no := speak(t, twilio, http.MethodGet, "/Messages/SM0.json", nil); status != 404 || no["code"] != 20404.0 {
		t.Errorf("a message that is none: %d %v", status, no)
	}
	if _, err := twilio.Incoming("https://sitrep.example/twilio/inbound", "+31612345678", "+3197010000001", "STOP"); err == nil {
		t.Error("an incoming message went nowhere without a word")
	}
	for _, bad := range []string{"sitrep", "ftp://sitrep.example/", "https:///x", "https://sit_rep.example/x"} {
		form := message()
		form.Set("StatusCallback", bad)
		if status, no := create(t, twilio, form); status != 400 || no["code"] != 21609.0 {
			t.Errorf("%s: %d %v", bad, status, no)
		}
	}
}

func TestIncoming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		twilio := NewTwilio("AC1", "secret")
		posts := listen(t, twilio, 200)
		resp, err := twilio.Incoming("https://sitrep.example/twilio/inbound", "+31612345678", "+3197010000001", "Stop ")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || string(body) != "<Response/>" {
			t.Errorf("answered %d %s", resp.StatusCode, body)
		}
		p := posts()
		if len(p) != 1 || !p[0].signed || p[0].form.Get("Body") != "Stop " || p[0].form.Get("From") != "+31612345678" ||
			p[0].form.Get("To") != "+3197010000001" || len(p[0].form.Get("MessageSid")) != 34 {
			t.Errorf("posted %v", p)
		}
	})
}

// The worked example of Twilio's documentation.
func TestTwilioSignature(t *testing.T) {
	form := url.Values{
		"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"},
	}
	const address = "https://mycompany.com/myapp.php?foo=1&bar=2"
	if got := TwilioSignature("12345", address, form); got != "RSOYDt4T1cUTdK1PDd93/VVr8B8=" {
		t.Errorf("signed %s", got)
	}
	if TwilioSignature("12345", address+"#rc=5", form) != TwilioSignature("12345", address, form) {
		t.Error("what follows a # is signed")
	}
}
