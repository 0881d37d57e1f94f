package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	smtp "github.com/emersion/go-smtp"

	"sitrep/channels/channeltest"
)

// TestACorrection: what was said wrongly is taken back from those who got it, by mail
// and by SMS, in each one's language; who waits for it behind a server that puts him
// off gets neither; and those after him are told what is right. The clock and the
// promise stay, also over a restart.
func TestACorrection(t *testing.T) {
	t.Parallel()
	config := managers(`{name: management, channels: [email], recipients: [
		{name: "Manager ICT", email: manager@voorbeeld.example}, {name: "Put off", email: later@voorbeeld.example}]}`)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.smtp.Misbehave(func(m channeltest.Moment) channeltest.Act {
			if m.Stage == channeltest.StageRcpt && m.To == "later@voorbeeld.example" && time.Since(s.began) > 20*time.Minute && time.Since(s.began) < time.Hour {
				return channeltest.Act{Reply: &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "later"}}
			}
			return channeltest.Act{}
		})
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(25 * time.Minute)
		post := func(body string, want int) string {
			t.Helper()
			code, answer := s.call("POST", "/api/v1/incidents/SR-1/updates", body)
			if code != want {
				t.Fatalf("%d %s", code, answer)
			}
			return answer
		}
		s.note("somebody writes that a disk broke, to management and the board")
		post(`{"texts": {"nl": "Er is een schijf kapot.", "en": "A disk broke."}, "audiences": ["management", "board"]}`, http.StatusOK)
		s.pass(5 * time.Minute)
		s.note("it was a cable: both updates are corrected")
		var of []string
		for _, f := range s.incident("SR-1").Timeline {
			if f.Fact == "update_planned" && strings.Contains(f.Text, "progress") {
				of = append(of, strings.Fields(f.Text)[3])
			}
		}
		if len(of) != 2 {
			t.Fatalf("%q are the updates", of)
		}
		for _, n := range of {
			answer := post(`{"texts": {"nl": "Het is een kabel.", "en": "It is a cable."}, "corrects": `+n+`}`, http.StatusOK)
			if !strings.Contains(answer, `"kind":"correction"`) {
				t.Errorf("the answer says %s", answer)
			}
		}
		s.pass(time.Minute)
		s.restart(time.Minute)
		s.pass(65 * time.Minute)
		s.golden("correction")
		post(`{"text": "x", "corrects": 99}`, http.StatusConflict)
		post(`{"text": "x", "corrects": 5, "audiences": ["board"]}`, http.StatusUnprocessableEntity)
		if _, _, broken := s.promises("SR-1"); broken > 1 { // to who was put off
			t.Errorf("%d promises are broken", broken)
		}
	})
}

// TestACorrectionOfWhatNobodyGot: mail is down while somebody speaks and corrects
// himself; when it is up again, who waited gets the correction in its place, once, and
// no promise is broken by it.
func TestACorrectionOfWhatNobodyGot(t *testing.T) {
	t.Parallel()
	tellWith(t, boardless(storyConfig), func(t *testing.T, s *story) {
		s.smtpDown(true)
		s.outageBegins()
		s.pass(6 * time.Minute)
		say := func(body string) {
			t.Helper()
			if code, answer := s.call("POST", "/api/v1/incidents/SR-1/updates", body); code != http.StatusOK {
				t.Fatalf("%d %s", code, answer)
			}
		}
		say(`{"text": "A disk broke.", "audiences": ["it"]}`)
		s.pass(time.Minute)
		say(`{"text": "It is a cable.", "corrects": 3}`)
		s.pass(time.Minute)
		s.smtpDown(false)
		s.pass(3 * time.Minute)
		box := s.smtp.Mailbox("it@voorbeeld.example")
		if len(box) != 1 || !strings.Contains(box[0].Text, "It is a cable.") {
			t.Errorf("IT got %d mails: %+v", len(box), box)
		}
		if _, _, broken := s.promises("SR-1"); broken != 0 {
			t.Errorf("%d promises are broken", broken)
		}
	})
}
