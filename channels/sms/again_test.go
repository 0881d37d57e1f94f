package sms

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// What may be anywhere is looked for everywhere, twice, before it is sent again.
func TestAgainAtAll(t *testing.T) {
	inPair(t, nil, func(t *testing.T, p *pair) {
		began := time.Now()
		for n, s := range []*stage{p.first, p.other} {
			d := delivery(n)
			there, err := s.Send(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			d.Again, d.Since = true, began
			want := fmt.Sprintf("%d:%s", n+1, there.Provider)
			if got, err := p.Send(t.Context(), d); err != nil || got.Provider != want || !got.Before {
				t.Errorf("%+v, %v; want %s", got, err, want)
			}
			if first, other := p.received(d); first+other != 1 {
				t.Errorf("%d and %d received", first, other)
			}
		}

		// One of them lags behind: the second look finds it.
		d := delivery(5)
		if _, err := p.other.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		d.Again, d.Since = true, time.Now()
		p.other.late(time.Now().Add(20 * time.Second))
		if f := channels.Classify(second(p.Send(t.Context(), d))); !f.Sought || f.After != listLag {
			t.Fatalf("not shown: %+v", f)
		}
		time.Sleep(listLag)
		d.Sought = 1
		if got, err := p.Send(t.Context(), d); err != nil || !strings.HasPrefix(got.Provider, "2:") {
			t.Errorf("shown at last: %+v, %v", got, err)
		}

		// None of them shows it, twice: it goes out, by the first.
		d = delivery(6)
		d.Again, d.Since = true, time.Now()
		if f := channels.Classify(second(p.Send(t.Context(), d))); !f.Sought {
			t.Errorf("not shown: %+v", f)
		}
		d.Sought = 1
		if got, err := p.Send(t.Context(), d); err != nil || !strings.HasPrefix(got.Provider, "1:") {
			t.Errorf("sent again: %+v, %v", got, err)
		}
	})
}

// Where one cannot be asked nothing is sent by any, whatever the others show.
func TestAgainWhereOneCannotBeAsked(t *testing.T) {
	for name, act := range map[string]channeltest.TwilioAct{
		"token": badToken, "no answer": {Fate: channeltest.Ignored}, "unavailable": {Status: 503}, "html": {Status: 200, Body: "<html>"},
		"unknown code": {Status: 400, Code: 29999}, "too many": {Status: 429, Code: 20429, Header: says("9")},
	} {
		for n := range 2 {
			t.Run(fmt.Sprint(name, " ", n+1), func(t *testing.T) {
				inPair(t, nil, func(t *testing.T, p *pair) {
					bad := []*stage{p.first, p.other}[n]
					bad.twilio.Misbehave(func(channeltest.TwilioCall) channeltest.TwilioAct { return act })
					d := delivery(1)
					d.Again, d.Since, d.Sought = true, time.Now(), 1
					_, err := p.Send(t.Context(), d)
					f := channels.Classify(err)
					if f.Class != channels.ClassTemporary || f.Sought || !strings.HasPrefix(f.Error(), fmt.Sprintf("provider %d: looking for", n+1)) {
						t.Errorf("%+v", f)
					}
					if name == "too many" && f.After != 9*time.Second {
						t.Errorf("after %v", f.After)
					}
					for _, s := range []*stage{p.first, p.other} {
						if got := s.twilio.Calls(http.MethodPost, d.To); got != 0 {
							t.Errorf("%d sent", got)
						}
					}
				})
			})
		}
	}
}

// One alone is what it was: where its list says that the token is wrong, the
// channel is down.
func TestAgainWhereTheOnlyOneIsDown(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *stage) {
		s.twilio.Misbehave(func(channeltest.TwilioCall) channeltest.TwilioAct { return badToken })
		d := delivery(1)
		d.Again, d.Since = true, time.Now()
		if f := channels.Classify(second(NewProviders(s.Sender).Send(t.Context(), d))); f.Class != channels.ClassDown || f.Code != "20003" {
			t.Errorf("%+v", f)
		}
	})
}
