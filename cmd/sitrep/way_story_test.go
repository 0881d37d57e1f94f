package main

import (
	"strings"
	"testing"
	"time"

	smtp "github.com/emersion/go-smtp"

	"sitrep/channels/channeltest"
)

// secondWay is an organisation whose mail depends on the service that is out.
func secondWay() string {
	config := strings.Replace(storyConfig, "sessions: 2}", "sessions: 2, depends_on: [mail]}", 1)
	return strings.Replace(config,
		`{name: management, channels: [email], recipients: [{name: "Manager ICT", email: manager@voorbeeld.example}]}`,
		`{name: management, channels: [email], fallback: [sms], recipients: [{name: "Manager ICT", email: manager@voorbeeld.example, phone: "+31612345603"}]}`, 1)
}

// TestMailTellsOfItself: while mail is out, who has a phone hears by SMS, who has
// only mail is written to all the same, and both hear the end by mail as well.
func TestMailTellsOfItself(t *testing.T) {
	tellWith(t, secondWay(), func(t *testing.T, s *story) {
		s.note("the mail server of sitrep is the one that is out: it hangs up")
		s.smtp.Misbehave(func(m channeltest.Moment) channeltest.Act {
			if m.Stage == channeltest.StageHello {
				return channeltest.Act{Fate: channeltest.Lost}
			}
			return channeltest.Act{}
		})
		a := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
		s.webhook(a)
		s.pass(50 * time.Minute)
		s.restart(time.Minute)
		s.pass(39 * time.Minute)
		s.note("it answers again")
		s.smtp.Misbehave(nil)
		a.ends = time.Now()
		s.webhook(a)
		s.pass(45 * time.Minute)
		s.golden("mail-tells-of-itself")
		first := s.twilio.Phone("+31612345604")[0] // at 0:15, with the next one before 1:05
		if left := first.Validity; left != 50*time.Minute {
			t.Errorf("the provider may keep an SMS for %s, after the next one came", left)
		}
		if n := len(s.smtp.Mailbox("bestuurder@voorbeeld.example")); n != 1 {
			t.Errorf("the board got %d mails: the end alone was to come by mail", n)
		}
	})
}

// TestWhoCannotBeReachedByMailHearsBySMS: a mail address that is refused for good
// brings the same words by SMS, at once, while others of the part still wait; a
// restart in between changes nothing. Who has no phone is not reached, and the
// promise was kept all the same: it was his own reason.
func TestWhoCannotBeReachedByMailHearsBySMS(t *testing.T) {
	config := strings.Replace(storyConfig,
		`{name: management, channels: [email], recipients: [{name: "Manager ICT", email: manager@voorbeeld.example}]}`,
		`{name: management, channels: [email], fallback: [sms], recipients: [
			{name: "Greylisted", email: grey@voorbeeld.example, phone: "+31612345607"},
			{name: "Manager ICT", email: manager@voorbeeld.example, phone: "+31612345603"},
			{name: "No phone", email: gone@voorbeeld.example}]}`, 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.note("two addresses are gone; a third is greylisted for some minutes")
		s.smtp.Misbehave(func(m channeltest.Moment) channeltest.Act {
			switch {
			case m.Stage != channeltest.StageRcpt:
			case m.To == "manager@voorbeeld.example", m.To == "gone@voorbeeld.example":
				return channeltest.Act{Reply: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}}
			case m.To == "grey@voorbeeld.example" && m.N < 5:
				return channeltest.Act{Reply: &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}}
			}
			return channeltest.Act{}
		})
		a := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
		s.webhook(a)
		s.pass(6 * time.Minute)
		s.restart(time.Minute)
		s.pass(60 * time.Minute)
		a.ends = time.Now()
		s.webhook(a)
		s.pass(10 * time.Minute)
		s.golden("fallback")
		if _, _, broken := s.promises("SR-1"); broken != 0 {
			t.Errorf("%d promises are broken", broken)
		}
	})
}
