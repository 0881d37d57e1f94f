package sms

import (
	"strings"
	"testing"
)

func TestReplies(t *testing.T) {
	for body, want := range map[string]Word{
		"STOP": Stop, "stop": Stop, " Stop\n": Stop, "StopAll": Stop, "UNSUBSCRIBE": Stop, "cancel": Stop, "End": Stop, "quit": Stop,
		"REVOKE": Stop, "optout": Stop, "\u00a0STOP\u00a0": Stop,
		"START": Start, "yes": Start, "Unstop": Start, "HELP": Help, "info ": Help,
		"": Other, "STOP please": Other, "please stop": Other, "STOP.": Other, "stop all": Other, "ja": Other, "Wat is er aan de hand?": Other,
	} {
		d := newDesk(nil)
		form := status("From", "+31612345678", "To", "+3197010000001", "Body", body)
		w := d.post(t, token, external+InboundPath, InboundPath, form)
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/xml") || w.Body.String() != "<Response></Response>" {
			t.Errorf("%q: %d %v %s", body, w.Code, w.Header(), w.Body)
		}
		one := Reply{SID: form.Get("MessageSid"), From: "+31612345678", To: "+3197010000001", Body: body, Word: want}
		if len(d.replies) != 1 || d.replies[0] != one || len(d.fates) != 0 {
			t.Errorf("%q: the store got %+v", body, d.replies)
		}
	}
	for _, c := range []struct {
		body, kind string
		want       Word
	}{
		{"AFMELDEN", "STOP", Stop}, {"aan", "start", Start}, {"hulp", "HELP", Help}, {"STOP", "", Stop}, {"STOP", "ELSE", Stop}, {"YES", "HELP", Help},
	} {
		if got := word(c.body, c.kind); got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.body, c.kind, got, c.want)
		}
	}
}

// TestAnswers: what is said back is a message of TwiML, whatever it holds.
func TestAnswers(t *testing.T) {
	for answer, want := range map[string]string{
		"":                          "<Response></Response>",
		"SR-1: over.":               "<Response><Message>SR-1: over.</Message></Response>",
		"</Message><Dial>1</Dial>&": "<Response><Message>&lt;/Message&gt;&lt;Dial&gt;1&lt;/Dial&gt;&amp;</Message></Response>",
	} {
		d := newDesk(nil)
		d.answer = answer
		w := d.post(t, token, external+InboundPath, InboundPath, status("From", "+31612345678", "To", "+3197010000001", "Body", "FOUND"))
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("%q: %d %s", answer, w.Code, w.Body)
		}
	}
}
