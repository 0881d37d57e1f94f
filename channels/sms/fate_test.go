package sms

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

func TestFates(t *testing.T) {
	none := channels.Fate{}
	failed := func(code string, again bool) channels.Fate {
		return channels.Fate{State: channels.Failed, Code: code, Again: again}
	}
	for _, c := range []struct {
		status, code string
		want         channels.Fate
	}{
		{"accepted", "", none}, {"scheduled", "", none}, {"queued", "", none}, {"sending", "", none}, {"sent", "", none},
		{"receiving", "", none}, {"received", "", none}, {"partially_delivered", "", none}, {"", "", none}, {"Delivered", "", none},
		{"delivered", "", channels.Fate{State: channels.Delivered}}, {"read", "", channels.Fate{State: channels.Delivered}},
		{"undelivered", "30003", failed("30003", true)}, {"undelivered", "30005", failed("30005", false)},
		{"undelivered", "30006", failed("30006", false)}, {"undelivered", "30008", failed("30008", true)},
		{"failed", "30001", failed("30001", true)}, {"failed", "30002", failed("30002", false)},
		{"failed", "30036", failed("30036", true)}, {"failed", "21610", failed("21610", false)},
		{"failed", "30004", failed("30004", false)}, {"failed", "30007", failed("30007", false)},
		{"failed", "39999", failed("39999", true)}, {"failed", "", failed("", true)},
		{"canceled", "", failed("", false)},
	} {
		if got := fate(c.status, c.code); got != c.want {
			t.Errorf("%s %s: %+v, want %+v", c.status, c.code, got, c.want)
		}
	}
}

func TestAsk(t *testing.T) {
	for name, c := range map[string]struct {
		course channeltest.Course
		after  time.Duration
		want   channels.Fate
	}{
		"delivered":   {channeltest.Course{}, 30 * time.Second, channels.Fate{State: channels.Delivered}},
		"undelivered": {channeltest.Course{End: "undelivered", Code: 30005}, 30 * time.Second, channels.Fate{State: channels.Failed, Code: "30005"}},
		"failed":      {channeltest.Course{End: "failed", Code: 30036}, 20 * time.Second, channels.Fate{State: channels.Failed, Code: "30036", Again: true}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, s *stage) {
				defer s.twilio.Close()
				c.course.Wait = 10 * time.Second
				s.twilio.Courses(func(channeltest.SMS) channeltest.Course { return c.course })
				got, err := s.Send(t.Context(), delivery(1))
				if err != nil {
					t.Fatal(err)
				}
				for _, wait := range []time.Duration{0, 15 * time.Second} { // accepted, then queued
					time.Sleep(wait)
					if f, err := s.Ask(t.Context(), got.Provider); err != nil || f.State != "" || f.Code != "" {
						t.Errorf("under way: %+v, %v", f, err)
					}
				}
				time.Sleep(time.Minute)
				f, err := s.Ask(t.Context(), got.Provider)
				if after := f.At.Sub(got.At); after != c.after {
					t.Errorf("it came to that %v after it was accepted, want %v", after, c.after)
				}
				if f.At = (time.Time{}); err != nil || f != c.want {
					t.Errorf("%+v, %v; want %+v", f, err, c.want)
				}
			})
		})
	}
}

func TestAskInVain(t *testing.T) {
	sid := "SM" + strings.Repeat("0", 32)
	for name, c := range map[string]struct {
		sid   string
		act   channeltest.TwilioAct
		class channels.Class
		code  string
		calls int
	}{
		"no sid":        {"", channeltest.TwilioAct{}, channels.ClassPermanent, "", 0},
		"another path":  {"../Calls/" + sid, channeltest.TwilioAct{}, channels.ClassPermanent, "", 0},
		"not known":     {sid, channeltest.TwilioAct{}, channels.ClassPermanent, "20404", 1},
		"a page":        {sid, channeltest.TwilioAct{Status: 404, Body: "<html>"}, channels.ClassDown, "http 404", 1},
		"something":     {sid, channeltest.TwilioAct{Status: 200, Body: `{"sid":"SM1","status":"delivered"}`}, channels.ClassTemporary, "", 1},
		"html":          {sid, channeltest.TwilioAct{Status: 200, Body: "<html>"}, channels.ClassTemporary, "", 1},
		"token":         {sid, channeltest.TwilioAct{Status: 401, Code: 20003}, channels.ClassDown, "20003", 1},
		"internal":      {sid, channeltest.TwilioAct{Status: 500, Code: 20500}, channels.ClassTemporary, "20500", 1},
		"no such thing": {sid, channeltest.TwilioAct{Status: 400, Code: 29999}, channels.ClassTemporary, "29999", 1},
		"no answer":     {sid, channeltest.TwilioAct{Fate: channeltest.Ignored}, channels.ClassTemporary, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, s *stage) {
				var calls atomic.Int64
				s.twilio.Misbehave(func(call channeltest.TwilioCall) channeltest.TwilioAct {
					if call.Method == http.MethodGet && call.SID == c.sid {
						calls.Add(1)
					}
					return c.act
				})
				f, err := s.Ask(t.Context(), c.sid)
				got := channels.Classify(err)
				if err == nil || f != (channels.Fate{}) || got.Class != c.class || got.Code != c.code || int(calls.Load()) != c.calls {
					t.Errorf("%+v, %s %q after %d calls: %v", f, got.Class, got.Code, calls.Load(), err)
				}
			})
		})
	}
}

func TestStatusCallback(t *testing.T) {
	for name, c := range map[string]struct{ url, ref, want string }{
		"none":       {"", "abc", ""},
		"no ref":     {"https://sitrep.example/twilio/status", "", ""},
		"plain":      {"https://sitrep.example/twilio/status", "abc1", "https://sitrep.example/twilio/status?d=abc1"},
		"a prefix":   {"https://sitrep.example:8443/ops/twilio/status", "abc1", "https://sitrep.example:8443/ops/twilio/status?d=abc1"},
		"a query":    {"https://sitrep.example/?to=twilio", "abc1", "https://sitrep.example/?to=twilio&d=abc1"},
		"settings":   {"https://sitrep.example/twilio/status#rc=3&rp=all", "abc1", "https://sitrep.example/twilio/status?d=abc1#rc=3&rp=all"},
		"strange":    {"https://sitrep.example/twilio/status", "a&b c", "https://sitrep.example/twilio/status?d=a%26b+c"},
		"not a url":  {"https://sit rep.example/%", "abc1", ""},
		"underscore": {"https://sit_rep.example/twilio/status", "abc1", ""}, // which Twilio refuses
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(conf *Config) { conf.StatusURL = c.url }, func(t *testing.T, s *stage) {
				d := delivery(1)
				d.Ref = c.ref
				if _, err := s.Send(t.Context(), d); err != nil {
					t.Fatal(err)
				}
				if got := s.twilio.Messages()[0].Callback; got != c.want {
					t.Errorf("asked to be told at %q, want %q", got, c.want)
				}
			})
		})
	}
}

// An address that Twilio does not take costs the callbacks, and one request once:
// no update.
func TestABadStatusURL(t *testing.T) {
	inBubble(t, func(c *Config) { c.StatusURL, c.MessagesPerSecond = "https://sit_rep.example/twilio/status", 1 }, func(t *testing.T, s *stage) {
		for n := range 3 {
			d := delivery(n)
			d.Ref = "abc"
			if _, err := s.Send(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			want := 1
			if n == 0 {
				want = 2
			}
			if got := s.twilio.Calls(http.MethodPost, d.To); got != want {
				t.Errorf("message %d took %d requests", n, got)
			}
		}
	})
}

// The stand-in's callback may come before its answer, as Twilio's may.
func TestTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(c *Config) { c.StatusURL = "https://sitrep.example/twilio/status" })
		defer s.twilio.Close()
		asked := make(chan string, 9)
		s.twilio.Callback(func(r *http.Request) (*http.Response, error) {
			asked <- r.URL.String()
			return nil, fmt.Errorf("nobody is at home")
		})
		d := delivery(1)
		d.Ref = "abc"
		if _, err := s.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(asked) != 3 || <-asked != "https://sitrep.example/twilio/status?d=abc" {
			t.Errorf("%d callbacks", len(asked))
		}
	})
}
