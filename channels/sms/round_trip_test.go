package sms

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// From Send to the store and back, over HTTP: what was sent is told of, whatever
// Twilio does with its callbacks, and a forged one is not believed.
func TestRoundTrip(t *testing.T) {
	for name, c := range map[string]struct {
		course channeltest.Course
		want   []channels.State
		answer int
	}{
		"delivered": {channeltest.Course{}, []channels.State{channels.Delivered}, 204},
		"twice":     {channeltest.Course{Post: channeltest.Twice}, []channels.State{channels.Delivered, channels.Delivered}, 204},
		"reordered": {channeltest.Course{End: "undelivered", Code: 30003, Post: channeltest.Reordered}, []channels.State{channels.Failed}, 204},
		"forged":    {channeltest.Course{Post: channeltest.Forged}, nil, 403},
		"silent":    {channeltest.Course{Post: channeltest.Silent}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(conf *Config) { conf.StatusURL = "http://sitrep.test/ops" + StatusPath }, func(t *testing.T, s *stage) {
				d := newDesk(func(conf *CallbackConfig) { conf.ExternalURL = "http://sitrep.test/ops" })
				l := channeltest.NewPipeListener()
				server := &http.Server{Handler: d}
				served := make(chan struct{})
				go func() { defer close(served); server.Serve(l) }()
				transport := &http.Transport{DialContext: l.Dial}
				s.twilio.Callback((&http.Client{Transport: transport}).Do)
				s.twilio.Courses(func(channeltest.SMS) channeltest.Course { return c.course })

				one := delivery(1)
				one.Ref = "abc"
				if _, err := s.Send(t.Context(), one); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				resp, err := s.twilio.Incoming("http://sitrep.test/ops"+InboundPath, one.To, "+3197010000001", " stop")
				if err != nil {
					t.Fatal(err)
				}
				if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || string(body) != "<Response></Response>" {
					t.Errorf("answered %d %s", resp.StatusCode, body)
				}
				resp.Body.Close()
				s.twilio.Close()
				transport.CloseIdleConnections()
				server.Close()
				<-served

				var got []channels.State
				for _, f := range d.fates {
					got = append(got, f.State)
					if f.Ref != "abc" {
						t.Errorf("of %q", f.Ref)
					}
				}
				if fmt.Sprint(got) != fmt.Sprint(c.want) {
					t.Errorf("told %v, want %v", got, c.want)
				}
				for _, p := range s.twilio.Posted() {
					if p.Answer != c.answer {
						t.Errorf("%s was answered %d", p.Status, p.Answer)
					}
				}
				if len(d.replies) != 1 || d.replies[0].Word != Stop || d.replies[0].From != one.To {
					t.Errorf("replies %+v", d.replies)
				}
			})
		})
	}
}

// Nothing that anybody posts is believed unsigned, or makes the handler fall;
// everything that can be read and is signed is taken.
func FuzzForm(f *testing.F) {
	f.Add(status().Encode(), "abc")
	f.Add(status("MessageStatus", "undelivered", "ErrorCode", "30005").Encode(), "")
	f.Add("AccountSid="+account+"&Body=%F0%9F%98%80+STOP&OptOutType=STOP", "a&b=c")
	f.Add("a=1&a=2;b&%zz", "\x00")
	f.Add("&&=&=x", "é")
	f.Fuzz(func(t *testing.T, body, ref string) {
		query := "?" + url.Values{refParam: {ref}}.Encode()
		for _, path := range []string{StatusPath, InboundPath} {
			d := newDesk(nil)
			r := httptest.NewRequest(http.MethodPost, path+query, strings.NewReader(body))
			r.Header.Set("X-Twilio-Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
			w := httptest.NewRecorder()
			d.ServeHTTP(w, r)
			if w.Code != 403 && w.Code != 413 || len(d.fates)+len(d.replies) != 0 {
				t.Fatalf("%d; the store got %v, %v", w.Code, d.fates, d.replies)
			}

			read, ok := readForm(body)
			if !ok {
				continue
			}
			form := url.Values{}
			for name, value := range read {
				form.Set(name, value)
			}
			form.Set("AccountSid", account)
			if len(form.Encode()) > formLimit {
				continue
			}
			w = d.post(t, token, external+path+query, path+query, form)
			if w.Code/100 != 2 {
				t.Fatalf("%s, signed: %d %s", path, w.Code, d.log.String())
			}
			for _, fate := range d.fates {
				if fate.Ref != ref || fate.State != channels.Delivered && fate.State != channels.Failed {
					t.Fatalf("the store got %+v", fate)
				}
			}
			if path == InboundPath && (len(d.replies) != 1 || d.replies[0].Word == "" || d.replies[0].Body != form.Get("Body")) {
				t.Fatalf("the store got %+v", d.replies)
			}
			if got := d.post(t, subToken, external+path+query, path+query, form).Code; got != 403 {
				t.Fatalf("%s, signed by another: %d", path, got)
			}
		}
	})
}
