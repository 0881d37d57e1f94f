package sms

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

const (
	account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	token   = "0123456789abcdef0123456789abcdef"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stage is a sender and a Twilio over an in-memory network.
type stage struct {
	*Sender
	twilio *channeltest.Twilio
	config Config
	slow   time.Duration // what a refusal takes
}

// newStage builds both, and takes them down with the test.
func newStage(t *testing.T, change func(*Config)) *stage {
	t.Helper()
	l := channeltest.NewPipeListener()
	twilio := channeltest.NewTwilio(account, token)
	server := &http.Server{Handler: twilio}
	served := make(chan struct{})
	go func() { defer close(served); server.Serve(l) }()
	c := Config{
		AccountSID: account,
		AuthToken:  func() (string, error) { return token, nil },
		From:       "GemVoorbld",
		APIURL:     "http://twilio.test",
		HTTP:       &http.Client{Transport: &http.Transport{DialContext: l.Dial}},
	}
	if change != nil {
		change(&c)
	}
	s := &stage{Sender: New(c), twilio: twilio, config: c}
	t.Cleanup(func() {
		s.Close()
		server.Close()
		<-served
	})
	return s
}

func delivery(n int) channels.Delivery {
	return channels.Delivery{
		ID: fmt.Sprintf("delivery-%d", n), To: fmt.Sprintf("+316123456%02d", n%100), Language: "nl",
		Text: fmt.Sprintf("E-mail is sinds 14:05 gestoord. Volgend bericht vóór 15:30. (%d)", n),
	}
}

func TestSuite(t *testing.T) {
	channeltest.Suite(t, func(t *testing.T) channeltest.Rig {
		s := newStage(t, nil)
		return channeltest.Rig{
			Sender: s,
			Delivery: func(n int) channels.Delivery {
				d := delivery(n)
				d.To = fmt.Sprintf("+31612345%03d", n)
				return d
			},
			Secrets:    []string{token},
			FindsFirst: true,
			Received: func(to string) (got []channeltest.Receipt) {
				for _, m := range s.twilio.Phone(to) {
					got = append(got, channeltest.Receipt{Text: m.Body})
				}
				return got
			},
			Trouble: func(trouble channeltest.Trouble) {
				s.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
					return misbehaviour(trouble, c)
				})
			},
		}
	})
}

func misbehaviour(trouble channeltest.Trouble, c channeltest.TwilioCall) channeltest.TwilioAct {
	says := func(status, code int) channeltest.TwilioAct {
		return channeltest.TwilioAct{Status: status, Body: fmt.Sprintf(
			`{"code":%d,"message":"The 'To' number %s is refused for token %s","status":%d}`, code, c.To, token, status)}
	}
	switch trouble {
	case channeltest.BadRecipient:
		return says(400, 21610)
	case channeltest.Busy:
		return says(429, 20429)
	case channeltest.ChannelRefused:
		return says(401, 20003)
	case channeltest.ReplyCut:
		return channeltest.TwilioAct{Fate: channeltest.Cut}
	case channeltest.ReplyMute:
		return channeltest.TwilioAct{Fate: channeltest.Mute}
	case channeltest.Hanging:
		return channeltest.TwilioAct{Fate: channeltest.Ignored}
	}
	return channeltest.TwilioAct{}
}

// inBubble runs a test in virtual time.
func inBubble(t *testing.T, change func(*Config), test func(t *testing.T, s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newStage(t, change)) })
}

func TestRequest(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *stage) {
		d := delivery(1)
		d.Expires = time.Now().Add(90 * time.Minute)
		got, err := s.Send(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		m := s.twilio.Messages()[0]
		if got.Provider != m.SID || !strings.HasPrefix(m.SID, "SM") || len(m.SID) != 34 {
			t.Errorf("provider %q, sid %q", got.Provider, m.SID)
		}
		if m.To != d.To || m.Body != d.Text || m.From != "GemVoorbld" || m.Validity != 90*time.Minute || m.Segments != 1 {
			t.Errorf("received %+v", m)
		}

		d = delivery(2)
		d.Expires = time.Now().Add(100 * time.Hour)
		if _, err := s.Send(t.Context(), d); err != nil || s.twilio.Phone(d.To)[0].Validity != 10*time.Hour {
			t.Errorf("beyond the limit: %v, %v", err, s.twilio.Phone(d.To))
		}
		d = delivery(3)
		d.Expires = time.Now().Add(-time.Second)
		if _, err := s.Send(t.Context(), d); err == nil || len(s.twilio.Phone(d.To)) != 0 {
			t.Errorf("expired: %v, %v", err, s.twilio.Phone(d.To))
		}
	})
}

func TestMessagingService(t *testing.T) {
	const service = "MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	inBubble(t, func(c *Config) { c.From, c.MessagingServiceSID = "", service }, func(t *testing.T, s *stage) {
		d := delivery(1)
		first, err := s.Send(t.Context(), d)
		if err != nil || s.twilio.Messages()[0].Service != service {
			t.Fatalf("%v, %+v", err, s.twilio.Messages())
		}
		d.Again, d.Since = true, time.Now()
		if again, err := s.Send(t.Context(), d); err != nil || again.Provider != first.Provider {
			t.Errorf("again: %v, %v; first %v", again, err, first)
		}
	})
}

func TestBasePath(t *testing.T) {
	t.Setenv("TWILIO_REGION", "ie1") // twilio-go reads these; api_url decides
	t.Setenv("TWILIO_EDGE", "dublin")
	var got []string
	c := Config{AccountSID: account, AuthToken: func() (string, error) { return token, nil }, From: "+3197010000001",
		APIURL: "https://proxy.example.org:8443/twilio/", HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			got = append(got, r.Method+" "+r.URL.String())
			return nil, errors.New("no network")
		})}}
	d := delivery(1)
	New(c).Send(t.Context(), d)
	d.Again = true
	New(c).Send(t.Context(), d)
	want := "https://proxy.example.org:8443/twilio/2010-04-01/Accounts/" + account + "/Messages.json"
	if len(got) != 2 || got[0] != "POST "+want || !strings.HasPrefix(got[1], "GET "+want+"?") {
		t.Errorf("asked %q", got)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestPace(t *testing.T) {
	inBubble(t, func(c *Config) { c.MessagesPerSecond = 10 }, func(t *testing.T, s *stage) {
		began := time.Now()
		done := make(chan error)
		for n := range 31 {
			go func() {
				_, err := s.Send(t.Context(), delivery(n))
				done <- err
			}()
		}
		for range 31 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took < 3*time.Second || took > 3*time.Second+100*time.Millisecond {
			t.Errorf("31 messages at 10 a second took %v", took)
		}
	})
}

func TestAgainIsExact(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *stage) {
		old := delivery(1)
		if _, err := s.Send(t.Context(), old); err != nil { // the same text, long before
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		first := time.Now()
		other := old
		other.Text += " " // nearly the same text, just now
		if _, err := s.Send(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		d := old
		d.Again, d.Since, d.Sought = true, first, 1
		got, err := s.Send(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		all := s.twilio.Phone(d.To)
		if len(all) != 3 || all[2].SID != got.Provider {
			t.Errorf("%d messages, accepted %s", len(all), got.Provider)
		}
	})
}

// late makes the list show nothing before some moment.
func (s *stage) late(from time.Time) {
	s.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
		if c.Method == http.MethodGet && time.Now().Before(from) {
			return channeltest.TwilioAct{Status: http.StatusOK, Body: `{"messages":[]}`}
		}
		return channeltest.TwilioAct{}
	})
}

func TestAgainIsSoughtTwice(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *stage) {
		s.late(time.Now().Add(20 * time.Second))
		d := delivery(1)
		first, err := s.Send(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		d.Again, d.Since = true, time.Now()
		_, err = s.Send(t.Context(), d)
		if f := channels.Classify(err); !f.Sought || f.Class != channels.ClassTemporary || f.After != listLag {
			t.Fatalf("not in the list: %v, %+v", err, f)
		}
		time.Sleep(listLag)
		d.Sought = 1
		if got, err := s.Send(t.Context(), d); err != nil || got.Provider != first.Provider || len(s.twilio.Phone(d.To)) != 1 {
			t.Errorf("in the list: %v, %v; %d messages", got, err, len(s.twilio.Phone(d.To)))
		}
		s.late(time.Now().Add(time.Hour))
		if got, err := s.Send(t.Context(), d); err != nil || got.Provider == first.Provider || len(s.twilio.Phone(d.To)) != 2 {
			t.Errorf("sought twice in vain: %v, %v; %d messages", got, err, len(s.twilio.Phone(d.To)))
		}
	})
}

func TestAgainReadsPages(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *stage) {
		first := time.Now()
		d := delivery(1)
		sent, err := s.Send(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		for n := range listPage + 20 { // the first is on the second page then
			other := delivery(1)
			other.Text = fmt.Sprint("another ", n)
			if _, err := s.Send(t.Context(), other); err != nil {
				t.Fatal(err)
			}
		}
		d.Again, d.Since = true, first
		if got, err := s.Send(t.Context(), d); err != nil || got.Provider != sent.Provider {
			t.Errorf("found %v, %v; want %v", got, err, sent)
		}
	})
}

func TestAgainWithoutAList(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *stage) {
		s.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
			if c.Method == http.MethodGet {
				return channeltest.TwilioAct{Fate: channeltest.Ignored}
			}
			return channeltest.TwilioAct{}
		})
		d := delivery(1)
		d.Again, d.Since = true, time.Now()
		_, err := s.Send(t.Context(), d)
		if channels.Classify(err).Class != channels.ClassTemporary || s.twilio.Calls(http.MethodPost, d.To) != 0 {
			t.Errorf("%v, and %d sent blindly", err, s.twilio.Calls(http.MethodPost, d.To))
		}
	})
}
