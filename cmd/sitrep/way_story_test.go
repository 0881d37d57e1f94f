package main

import (
	"strings"
	"testing"
	"time"

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
		if n := len(s.smtp.Mailbox("bestuurder@voorbeeld.example")); n != 1 {
			t.Errorf("the board got %d mails: the end alone was to come by mail", n)
		}
	})
}
