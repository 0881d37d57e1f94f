package sms

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// pair is two providers.
type pair struct {
	*Providers
	first, other *stage
}

func inPair(t *testing.T, change func(*Config), test func(t *testing.T, p *pair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newPair(t, change)) })
}

// newPair changes the first one's configuration.
func newPair(t *testing.T, change func(*Config)) *pair {
	p := &pair{first: newStage(t, change), other: newStage(t, nil)}
	p.Providers = NewProviders(p.first.Sender, p.other.Sender)
	return p
}

// always has a stand-in do one thing, or only to what sends.
func (s *stage) always(act channeltest.TwilioAct) {
	s.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
		if c.Method == http.MethodPost {
			return act
		}
		return channeltest.TwilioAct{}
	})
}

var badToken = channeltest.TwilioAct{Status: 401, Code: 20003}

func (p *pair) received(d channels.Delivery) (first, other int) {
	return len(p.first.twilio.Phone(d.To)), len(p.other.twilio.Phone(d.To))
}

// The first one's token is wrong, so all goes by the other, which is as one alone.
func TestSuiteOfTheOther(t *testing.T) {
	channeltest.Suite(t, func(t *testing.T) channeltest.Rig {
		p := newPair(t, nil)
		p.first.always(badToken)
		return channeltest.Rig{
			Sender: p,
			Delivery: func(n int) channels.Delivery {
				d := delivery(n)
				d.To = fmt.Sprintf("+31612345%03d", n)
				return d
			},
			Secrets:    []string{token},
			FindsFirst: true,
			Received: func(to string) (got []channeltest.Receipt) {
				for _, m := range append(p.first.twilio.Phone(to), p.other.twilio.Phone(to)...) {
					got = append(got, channeltest.Receipt{Text: m.Body})
				}
				return got
			},
			Trouble: func(trouble channeltest.Trouble) {
				p.other.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
					return misbehaviour(trouble, c)
				})
			},
		}
	})
}

// Only what certainly was not taken goes to the next.
func TestTheNextOne(t *testing.T) {
	page := "<html>"
	for name, c := range map[string]struct {
		act   channeltest.TwilioAct
		next  bool
		class channels.Class // where it is not the next one's
		code  string
	}{
		"accepted":           {channeltest.TwilioAct{}, false, "", ""},
		"token":              {badToken, true, "", ""},
		"suspended":          {channeltest.TwilioAct{Status: 400, Code: 30002}, true, "", ""},
		"sender":             {channeltest.TwilioAct{Status: 400, Code: 21606}, true, "", ""},
		"region":             {channeltest.TwilioAct{Status: 400, Code: 21408}, true, "", ""},
		"not twilio":         {channeltest.TwilioAct{Status: 403, Body: page}, true, "", ""},
		"bad number":         {channeltest.TwilioAct{Status: 400, Code: 21211}, false, channels.ClassPermanent, "21211"},
		"unsubscribed":       {channeltest.TwilioAct{Status: 400, Code: 21610}, false, channels.ClassPermanent, "21610"},
		"too many":           {channeltest.TwilioAct{Status: 429, Code: 20429}, false, channels.ClassTemporary, "20429"},
		"unavailable":        {channeltest.TwilioAct{Status: 503, Body: page}, true, "", ""},
		"unknown code":       {channeltest.TwilioAct{Status: 400, Code: 29999}, false, channels.ClassTemporary, "29999"},
		"gateway":            {channeltest.TwilioAct{Status: 502, Body: page}, false, channels.ClassAmbiguous, "http 502"},
		"html":               {channeltest.TwilioAct{Status: 200, Body: page}, false, channels.ClassAmbiguous, ""},
		"kept, no answer":    {channeltest.TwilioAct{Fate: channeltest.Mute}, false, channels.ClassAmbiguous, ""},
		"read, and cut":      {channeltest.TwilioAct{Fate: channeltest.Lost}, false, channels.ClassAmbiguous, ""},
		"read, never more":   {channeltest.TwilioAct{Fate: channeltest.Ignored}, false, channels.ClassAmbiguous, ""},
		"kept, and then cut": {channeltest.TwilioAct{Fate: channeltest.Cut}, false, channels.ClassAmbiguous, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inPair(t, nil, func(t *testing.T, p *pair) {
				p.first.always(c.act)
				d := delivery(1)
				d.Tries = 1
				got, err := p.Send(t.Context(), d)
				_, other := p.received(d)
				if asked := p.other.twilio.Calls(http.MethodPost, d.To); (asked > 0) != c.next || other != asked {
					t.Errorf("the other one was asked %d times, and took %d", asked, other)
				}
				switch {
				case c.next:
					if err != nil || !strings.HasPrefix(got.Provider, "2:SM") {
						t.Errorf("%+v, %v", got, err)
					}
				case c.class == "":
					if err != nil || !strings.HasPrefix(got.Provider, "1:SM") {
						t.Errorf("%+v, %v", got, err)
					}
				default:
					if f := channels.Classify(err); f.Class != c.class || f.Code != c.code || !strings.HasPrefix(err.Error(), "provider 1: ") {
						t.Errorf("%s %q: %v", f.Class, f.Code, err)
					}
				}
			})
		})
	}
}

func TestAskTheRightOne(t *testing.T) {
	inPair(t, nil, func(t *testing.T, p *pair) {
		defer p.first.twilio.Close()
		defer p.other.twilio.Close()
		for n, s := range []*stage{p.first, p.other} {
			s.twilio.Courses(func(channeltest.SMS) channeltest.Course {
				return channeltest.Course{End: "undelivered", Code: 30005 + n}
			})
			got, err := s.Send(t.Context(), delivery(n))
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			// As Send names it; as it was when there was one provider; with the
			// providers in another order since, or fewer.
			for _, id := range []string{fmt.Sprintf("%d:%s", n+1, got.Provider), got.Provider, fmt.Sprintf("%d:%s", 2-n, got.Provider), "3:" + got.Provider} {
				if f, err := p.Ask(t.Context(), id); err != nil || f.Code != fmt.Sprint(30005+n) {
					t.Errorf("%s: %+v, %v", id, f, err)
				}
			}
			if f, err := NewProviders(s.Sender).Ask(t.Context(), "2:"+got.Provider); err != nil || f.Code != fmt.Sprint(30005+n) {
				t.Errorf("with one provider: %+v, %v", f, err)
			}
		}
		nowhere := "1:SM" + strings.Repeat("0", 32)
		if _, err := p.Ask(t.Context(), nowhere); channels.Classify(err).Class != channels.ClassPermanent {
			t.Errorf("nowhere: %v", err)
		}
		// It may be at the one that cannot be asked.
		p.first.twilio.Misbehave(func(channeltest.TwilioCall) channeltest.TwilioAct { return channeltest.TwilioAct{Status: 503} })
		if _, err := p.Ask(t.Context(), nowhere); channels.Classify(err).Class != channels.ClassTemporary {
			t.Errorf("perhaps: %v", err)
		}
		if _, err := NewProviders().Ask(t.Context(), nowhere); err == nil {
			t.Error("nobody was asked, and nobody says so")
		}
	})
}
