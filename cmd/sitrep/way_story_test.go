package main

import (
	"fmt"
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
	t.Parallel()
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
	t.Parallel()
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

// dead refuses everybody whose address begins so.
func dead(m channeltest.Moment) channeltest.Act {
	if m.Stage == channeltest.StageRcpt && strings.HasPrefix(m.To, "dead") {
		return channeltest.Act{Reply: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}}
	}
	return channeltest.Act{}
}

// told counts the SMS to a number that hold a text.
func (s *story) told(number, text string) (n int) {
	for _, m := range s.twilio.Phone(number) {
		if strings.Contains(m.Body, text) {
			n++
		}
	}
	return n
}

// once checks that a number was told each of some texts once.
func (s *story) once(number string, texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if n := s.told(number, text); n != 1 {
			s.t.Errorf("%s was told %q %d times: %+v", number, text, n, s.twilio.Phone(number))
		}
	}
}

// outage is one of mail, and what follows in the twenty minutes after it.
func (s *story) outage(long time.Duration) {
	a := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
	s.webhook(a)
	s.pass(long)
	a.ends = time.Now()
	s.webhook(a)
	s.pass(20 * time.Minute)
}

// permits adds a service to a configuration.
func permits(config string) string {
	return strings.Replace(config, "services:\n", "services:\n  - {name: permits, title: permits, matchers: ['alertname=\"PermitsDown\"'], sla: gold, threshold: [{firing_for: 5m}]}\n", 1)
}

// boardless takes the board out of a configuration.
func boardless(config string) string {
	from, to := strings.Index(config, "  - name: board\n"), strings.Index(config, "policies:\n")
	return strings.Replace(config[:from]+config[to:], "      - {audience: board, cadence: [{from: 15m, every: 1h}, {from: 100% expected, every: 30m}]}\n", "", 1)
}

// managers is the story's organisation with others for its manager.
func managers(section string) string {
	return strings.Replace(storyConfig,
		`{name: management, channels: [email], recipients: [{name: "Manager ICT", email: manager@voorbeeld.example}]}`, section, 1)
}

// TestManyFallAtOnce: each of them hears the beginning and the end, once.
func TestManyFallAtOnce(t *testing.T) {
	t.Parallel()
	const n = 24
	var people []string
	number := func(i int) string { return fmt.Sprintf("+316123457%02d", i) }
	for i := range n {
		people = append(people, fmt.Sprintf(`{name: "P%d", email: dead%d@voorbeeld.example, phone: "%s"}`, i, i, number(i)))
	}
	config := managers(`{name: management, channels: [email], fallback: [sms], recipients: [` + strings.Join(people, ", ") + `]}`)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.smtp.Misbehave(dead)
		s.outage(20 * time.Minute)
		for i := range n {
			s.once(number(i), "begonnen", "is voorbij")
		}
	})
}

// TestWhoIsInTwoAudiencesFallsOnce: what comes in one message has a second way too.
func TestWhoIsInTwoAudiencesFallsOnce(t *testing.T) {
	t.Parallel()
	const x, phone = `{name: "X", email: dead@voorbeeld.example, phone: "+31612345777"}`, "+31612345777"
	config := strings.Replace(managers(`{name: management, channels: [email], fallback: [sms], recipients: [`+x+`]}`),
		`channels: [email], recipients: [{name: "IT department", email: it@voorbeeld.example}]`,
		`channels: [email], fallback: [sms], recipients: [{name: "IT department", email: it@voorbeeld.example}, `+x+`]`, 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.smtp.Misbehave(dead)
		s.outage(20 * time.Minute)
		if began, ended := s.told(phone, "began")+s.told(phone, "begonnen"), s.told(phone, "over")+s.told(phone, "voorbij"); began != 1 || ended != 1 {
			t.Errorf("told %d times of the beginning and %d times of the end: %+v", began, ended, s.twilio.Phone(phone))
		}
	})
}

// TestTheEndGoesTheSameWay: also where the configuration names the way no more, or
// the audience.
func TestTheEndGoesTheSameWay(t *testing.T) {
	const phone = "+31612345777"
	config := managers(`{name: management, channels: [email], fallback: [sms], recipients: [{name: "X", email: dead@voorbeeld.example, phone: "` + phone + `"}]}`)
	for name, later := range map[string]string{
		"the fallback is gone": strings.Replace(config, "fallback: [sms], ", "", 1),
		"the audience is gone": strings.Replace(strings.Replace(config, "  - {name: management, channels: [email], fallback: [sms], recipients: [{name: \"X\", email: dead@voorbeeld.example, phone: \""+phone+"\"}]}\n", "", 1),
			"      - {audience: management, cadence: [{from: 5m, every: 1h}, {from: 100% expected, every: 30m}]}\n", "", 1),
	} {
		t.Run(name, func(t *testing.T) {
			tellWith(t, config, func(t *testing.T, s *story) {
				s.smtp.Misbehave(dead)
				a := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
				s.webhook(a)
				s.pass(10 * time.Minute)
				s.configure(later)
				s.restart(time.Minute)
				a.ends = time.Now()
				s.webhook(a)
				s.pass(10 * time.Minute)
				s.once(phone, "begonnen", "is voorbij")
			})
		})
	}
}

// TestWhoWasToldByTheOtherChannel hears the end by it, where the audience is gone
// after a channel that had been out caught up.
func TestWhoWasToldByTheOtherChannel(t *testing.T) {
	t.Parallel()
	const phone = "+31612345699"
	config := permits(strings.Replace(secondWay(), `- {name: Bestuurder,`, `- {name: P, phone: "`+phone+`"}
      - {name: Bestuurder,`, 1))
	tellWith(t, config, func(t *testing.T, s *story) {
		mail := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
		permits := alert{name: "PermitsDown", instance: "p1", severity: "critical", starts: s.began}
		s.webhook(mail)
		s.webhook(permits)
		s.pass(20 * time.Minute)
		mail.ends = time.Now()
		s.webhook(mail)
		s.pass(10 * time.Minute)
		s.configure(boardless(config))
		s.restart(time.Minute)
		permits.ends = time.Now()
		s.webhook(permits)
		s.pass(10 * time.Minute)
		s.once(phone, "permits is voorbij")
	})
}

// TestAnEndThatMailCannotBring: it goes by SMS once, and by mail once that works,
// to an audience that is gone from the configuration as to one that is not.
func TestAnEndThatMailCannotBring(t *testing.T) {
	const phone = "+31612345699"
	config := permits(strings.Replace(secondWay(), `- {name: Bestuurder,`, `- {name: P, phone: "`+phone+`", email: p@voorbeeld.example}
      - {name: Bestuurder,`, 1))
	for name, later := range map[string]string{"it stays": config, "it is gone": boardless(config)} {
		t.Run(name, func(t *testing.T) {
			tellWith(t, config, func(t *testing.T, s *story) {
				mail := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began.Add(30 * time.Minute)}
				permits := alert{name: "PermitsDown", instance: "p1", severity: "critical", starts: s.began}
				s.webhook(permits)
				s.pass(40 * time.Minute)
				s.webhook(mail)
				s.pass(15 * time.Minute)
				s.configure(later)
				s.restart(time.Minute)
				permits.ends = time.Now()
				s.webhook(permits)
				s.pass(10 * time.Minute)
				mail.ends = time.Now()
				s.webhook(mail)
				s.pass(15 * time.Minute)
				mails := 0
				for _, m := range s.smtp.Mailbox("p@voorbeeld.example") {
					if m.At.After(mail.ends) && strings.Contains(m.Text, "permits") {
						mails++
					}
				}
				if sms := s.told(phone, "permits is voorbij"); sms != 1 || mails != 1 {
					t.Errorf("told of the end by %d SMS and %d mails", sms, mails)
				}
			})
		})
	}
}

// TestWhoHeardBySMSIsNotToldAgain: what mail cannot bring later either, he has.
func TestWhoHeardBySMSIsNotToldAgain(t *testing.T) {
	t.Parallel()
	const phone = "+31612345777"
	config := strings.Replace(managers(`{name: management, channels: [email], fallback: [sms], recipients: [{name: "X", email: dead@voorbeeld.example, phone: "`+phone+`"}]}`),
		"sessions: 2}", "sessions: 2, depends_on: [mail]}", 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.smtp.Misbehave(dead)
		s.outage(20 * time.Minute)
		s.once(phone, "begonnen", "is voorbij")
	})
}
