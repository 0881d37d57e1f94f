package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sitrep/channels/channeltest"
)

// provider has Twilio post to sitrep, as it does over the net.
func (s *story) provider(course func(channeltest.SMS) channeltest.Course) {
	s.twilio.Courses(course)
	s.twilio.Callback(func(r *http.Request) (*http.Response, error) {
		in := httptest.NewRequest(r.Method, r.URL.String(), r.Body)
		in.Header = r.Header
		w := httptest.NewRecorder()
		s.daemon.handler.ServeHTTP(w, in)
		return w.Result(), nil
	})
}

// TestWhatDoesNotArrive: what another try may help goes once more by SMS, and what
// never arrives by mail, in the same words; who hears of it twice over changes
// nothing, and neither do callbacks that never come.
func TestWhatDoesNotArrive(t *testing.T) {
	t.Parallel()
	config := managers(`{name: management, channels: [sms], fallback: [email], recipients: [
		{name: "Off", email: off@voorbeeld.example, phone: "+31612345601"},
		{name: "Landline", email: landline@voorbeeld.example, phone: "+31612345602"},
		{name: "Silent", email: silent@voorbeeld.example, phone: "+31612345603"},
		{name: "Well", email: well@voorbeeld.example, phone: "+31612345606"}]}`)
	tellWith(t, boardless(config), func(t *testing.T, s *story) {
		off, lost := 0, 0
		s.provider(func(m channeltest.SMS) channeltest.Course {
			switch m.To {
			case "+31612345601": // it is on again at the second try
				if off++; off == 1 {
					return channeltest.Course{End: "undelivered", Code: 30003, Wait: 10 * time.Second, Post: channeltest.Twice}
				}
			case "+31612345602":
				return channeltest.Course{End: "undelivered", Code: 30006, Wait: 10 * time.Second, Post: channeltest.Reordered}
			case "+31612345603": // nothing is posted of either; both are lost
				if lost++; lost < 3 {
					return channeltest.Course{End: "undelivered", Code: 30008, Wait: 10 * time.Second, Post: channeltest.Silent}
				}
			}
			return channeltest.Course{Wait: 10 * time.Second}
		})
		s.note("one telephone is off, one is a landline, and one loses two messages of which nothing is posted")
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(20 * time.Minute)
		s.restart(time.Minute)
		s.pass(30 * time.Minute)
		s.note("the end")
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began, ends: time.Now()})
		s.pass(30 * time.Minute)
		s.golden("aftermath")
		for _, a := range s.incident("SR-1").Audiences {
			if a.Name == "management" && (a.Deliveries.Delivered != 5 || a.Deliveries.Undelivered != 4) {
				t.Errorf("the API counts %+v", a.Deliveries)
			}
		}
		if _, _, broken := s.promises("SR-1"); broken != 0 {
			t.Errorf("%d promises are broken", broken)
		}
		s.twilio.Close()
	})
}

// TestForgedCallbacks: what Twilio did not sign is refused, and changes nothing.
func TestForgedCallbacks(t *testing.T) {
	t.Parallel()
	tellWith(t, storyConfig, func(t *testing.T, s *story) {
		s.provider(func(channeltest.SMS) channeltest.Course {
			return channeltest.Course{End: "undelivered", Code: 30003, Wait: time.Second, Post: channeltest.Forged}
		})
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(16 * time.Minute)
		for _, p := range s.twilio.Posted() {
			if p.Answer != http.StatusForbidden {
				t.Errorf("%s was answered %d", p.Status, p.Answer)
			}
		}
		if n := len(s.twilio.Posted()); n == 0 || len(s.twilio.Messages()) != 2 {
			t.Errorf("%d posted, %d messages", n, len(s.twilio.Messages()))
		}
		s.twilio.Close()
	})
}

// TestStop: who answers STOP gets no SMS, and mail all the same; after START he does.
func TestStop(t *testing.T) {
	t.Parallel()
	config := strings.Replace(storyConfig, "from: GemVoorbld,", `from: GemVoorbld, reply_to_number: "+3197010000001",`, 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.provider(nil)
		answer := func(from, to, word string) {
			t.Helper()
			resp, err := s.twilio.Incoming("https://sitrep.voorbeeld.example/twilio/inbound", from, to, word)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatal(resp, err)
			}
		}
		answer("+31612345604", "+3197010000001", " Stop ")
		answer("+31612345605", "+31612349999", "STOP") // to a number for other things
		s.restart(time.Minute)
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(20 * time.Minute)
		if n, m := len(s.twilio.Phone("+31612345604")), len(s.twilio.Phone("+31612345605")); n != 0 || m != 1 {
			t.Errorf("%d and %d SMS after STOP", n, m)
		}
		if n := len(s.smtp.Mailbox("bestuurder@voorbeeld.example")); n != 1 {
			t.Errorf("%d mails", n)
		}
		answer("+31612345604", "+3197010000001", "START")
		s.pass(time.Hour)
		if n := len(s.twilio.Phone("+31612345604")); n == 0 {
			t.Error("no SMS after START")
		}
		s.twilio.Close()
	})
}

// report is what a mail server sends back, to the sender in the envelope.
func report(to, action, status string) string {
	return strings.ReplaceAll(fmt.Sprintf(`From: MAILER-DAEMON@mx.example
To: %s
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

It did not work.
--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; somebody@elsewhere.example
Action: %s
Status: %s

--b1--
`, to, action, status), "\n", "\r\n")
}

// bouncing is an organisation that reads what comes back.
func bouncing(more string) string {
	return strings.Replace(managers(`{name: management, channels: [email], fallback: [sms], recipients: [
		{name: "Manager ICT", email: manager@voorbeeld.example, phone: "+31612345603"},
		{name: "Deputy", email: deputy@voorbeeld.example, phone: "+31612345607"}]}`),
		"sessions: 2}", "sessions: 2, bounces: {address: bounces@voorbeeld.example"+more+"}}", 1)
}

// TestABounceBringsAnSMS: mail that was accepted and comes back goes by SMS; a report
// that it is delayed does nothing, and neither does a forged one.
func TestABounceBringsAnSMS(t *testing.T) {
	t.Parallel()
	tellWith(t, bouncing(""), func(t *testing.T, s *story) {
		post := func(to, action, status string, want int) {
			t.Helper()
			if code, body := s.call("POST", "/api/v1/bounces", report(to, action, status)); code != want {
				t.Fatalf("%d %s", code, body)
			}
		}
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(6 * time.Minute)
		from := func(mailbox string) string { return s.smtp.Mailbox(mailbox)[0].From }
		manager, deputy := from("manager@voorbeeld.example"), from("deputy@voorbeeld.example")
		if !strings.HasPrefix(manager, "bounces+") || manager == deputy {
			t.Fatalf("the envelopes' senders are %s and %s", manager, deputy)
		}
		s.note("the deputy's mail is delayed; the manager's comes back, twice; somebody makes one up")
		post(deputy, "delayed", "4.4.1", http.StatusAccepted)
		post(manager, "failed", "5.1.1", http.StatusAccepted)
		post(manager, "failed", "5.1.1", http.StatusAccepted)
		post("bounces+"+strings.Repeat("0", 45)+"@voorbeeld.example", "failed", "5.1.1", http.StatusUnprocessableEntity)
		post("manager@voorbeeld.example", "failed", "5.1.1", http.StatusUnprocessableEntity)
		s.pass(time.Minute)
		s.restart(time.Minute)
		s.pass(time.Minute)
		s.golden("bounce")
	})
}

// TestTheMailboxOfBounces: the same by a file that a mail server writes to; what was
// read before a restart is not read again, and a file begun anew is.
func TestTheMailboxOfBounces(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "bounces")
	write := func(flags int, to string) {
		f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|flags, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		fmt.Fprintf(f, "From MAILER-DAEMON Sat Jan  1 00:06:00 2000\n%s\n", strings.ReplaceAll(report(to, "failed", "5.1.1"), "\r\n", "\n"))
	}
	tellWith(t, bouncing(", mailbox: "+file), func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(6 * time.Minute)
		write(os.O_APPEND, s.smtp.Mailbox("manager@voorbeeld.example")[0].From)
		s.pass(time.Minute)
		s.once("+31612345603", "Storing")
		s.restart(time.Minute)
		write(os.O_TRUNC, s.smtp.Mailbox("deputy@voorbeeld.example")[0].From)
		s.pass(2 * time.Minute)
		s.once("+31612345603", "Storing")
		s.once("+31612345607", "Storing")
	})
}

// TestUnsubscribe: one click takes a person off one list; a scanner that opens the
// link does not.
func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	config := managers(`{name: management, channels: [email], unsubscribe: true, recipients: [
		{name: "Manager ICT", email: manager@voorbeeld.example}, {name: "Deputy", email: deputy@voorbeeld.example}]}`)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(6 * time.Minute)
		mail := s.smtp.Mailbox("manager@voorbeeld.example")[0]
		if got := mail.Header.Get("List-Unsubscribe-Post"); got != "List-Unsubscribe=One-Click" {
			t.Errorf("List-Unsubscribe-Post: %q", got)
		}
		if it := s.smtp.Mailbox("it@voorbeeld.example")[0]; it.Header.Get("List-Unsubscribe") != "" {
			t.Error("IT may not, and is offered it")
		}
		link := strings.Trim(mail.Header.Get("List-Unsubscribe"), "<>")
		path := strings.TrimPrefix(link, "https://sitrep.voorbeeld.example")
		for _, c := range []struct {
			method, path string
			want         int
			says         string
		}{
			{"GET", path, http.StatusOK, `<form method="post">`},
			{"POST", path[:len(path)-1] + "x", http.StatusNotFound, "Deze link klopt niet"},
			{"POST", path, http.StatusOK, "U bent afgemeld"},
			{"POST", path, http.StatusOK, "U bent afgemeld"},
		} {
			if code, body := s.call(c.method, c.path, "List-Unsubscribe=One-Click"); code != c.want || !strings.Contains(body, c.says) {
				t.Errorf("%s: %d %s", c.method, code, body)
			}
		}
		s.restart(time.Minute)
		s.pass(2 * time.Hour)
		if n, m := len(s.smtp.Mailbox("manager@voorbeeld.example")), len(s.smtp.Mailbox("deputy@voorbeeld.example")); n != 1 || m < 2 {
			t.Errorf("%d mails to who left, %d to the other", n, m)
		}
		if links := s.links(); len(slices.Compact(links)) != 2 {
			t.Errorf("the links: %q", links)
		}
	})
}

// links are the addresses by which people leave lists, sorted.
func (s *story) links() []string {
	var all []string
	for _, m := range s.smtp.Messages() {
		if l := m.Header.Get("List-Unsubscribe"); l != "" {
			all = append(all, l)
		}
	}
	slices.Sort(all)
	return all
}

// TestWhatComesTooLate: what goes by a fallback is overtaken like anything else: after
// hours without mail there is one, the newest, and not one of each. Who left a list is
// not followed by SMS, and hears as one of another list all the same.
func TestWhatComesTooLate(t *testing.T) {
	t.Parallel()
	config := managers(`{name: management, channels: [sms], fallback: [email], recipients: [{name: "Manager ICT", email: manager@voorbeeld.example, phone: "+31612345603"}]}
  - {name: staff, channels: [email], fallback: [sms], unsubscribe: true, recipients: [{name: "Clerk", email: clerk@voorbeeld.example, phone: "+31612345609"}]}
  - {name: others, channels: [email], recipients: [{name: "Clerk", email: clerk@voorbeeld.example}]}`)
	config = strings.Replace(config, "      - {audience: board,", `      - {audience: staff, cadence: [{from: 5m, every: 30m}]}
      - {audience: others, cadence: [{from: 5m, every: 30m}]}
      - {audience: board,`, 1)
	config = strings.Replace(config, "from: GemVoorbld,", `from: GemVoorbld, reply_to_number: "+3197010000001",`, 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.provider(nil)
		if _, err := s.twilio.Incoming("https://sitrep.voorbeeld.example/twilio/inbound", "+31612345603", "+3197010000001", "STOP"); err != nil {
			t.Fatal(err)
		}
		s.outageBegins()
		s.pass(6 * time.Minute)
		clerk := func() int { return len(s.smtp.Mailbox("clerk@voorbeeld.example")) }
		if clerk() != 2 {
			t.Fatalf("the clerk got %d mails", clerk())
		}
		link := s.links()[0]
		if code, _ := s.call("POST", strings.Trim(strings.TrimPrefix(link, "<https://sitrep.voorbeeld.example"), ">"), ""); code != http.StatusOK {
			t.Fatal(code)
		}
		s.smtp.Misbehave(func(channeltest.Moment) channeltest.Act { return channeltest.Act{Fate: channeltest.Lost} })
		s.pass(3 * time.Hour)
		s.smtp.Misbehave(nil)
		s.pass(2 * time.Minute)
		if n := len(s.smtp.Mailbox("manager@voorbeeld.example")); n != 2 {
			t.Errorf("the manager got %d mails: the first, and the newest, were to come", n)
		}
		if clerk() != 3 {
			t.Errorf("the clerk got %d mails", clerk())
		}
		if n := len(s.twilio.Phone("+31612345609")); n != 0 {
			t.Errorf("the clerk, who left, got %d SMS", n)
		}
		s.twilio.Close()
	})
}

// TestAnAccountThatMayNot: what is accepted and never arrives since the account is
// suspended is told to who can mend it, and not sent again and again.
func TestAnAccountThatMayNot(t *testing.T) {
	t.Parallel()
	tellWith(t, withTeams(storyConfig), func(t *testing.T, s *story) {
		s.provider(func(channeltest.SMS) channeltest.Course {
			return channeltest.Course{End: "failed", Code: 30002, Wait: time.Second}
		})
		s.outageBegins()
		s.pass(20 * time.Minute)
		if n := len(s.twilio.Phone("+31612345604")); n != 1 {
			t.Errorf("the board's member was sent %d SMS", n)
		}
		found := false
		for _, m := range s.smtp.Mailbox("beheer@voorbeeld.example") {
			found = found || m.Subject == "Alarm: sitrep kan geen sms sturen" && strings.Contains(m.Text, "30002")
		}
		if !found {
			t.Error("nobody was alarmed")
		}
		s.twilio.Close()
	})
}

// TestWithoutSMSAfterwards: what was sent by a channel that is gone is nobody's any more.
func TestWithoutSMSAfterwards(t *testing.T) {
	t.Parallel()
	tellWith(t, storyConfig, func(t *testing.T, s *story) {
		s.outageBegins()
		s.pass(16 * time.Minute)
		from, to := strings.Index(s.text, "  sms: {"), strings.Index(s.text, "severities:")
		s.configure(strings.Replace(s.text[:from]+s.text[to:], "channels: [sms, email]", "channels: [email]", 1))
		s.restart(time.Minute)
		s.pass(time.Hour)
		if s.incident("SR-1").State != "open" {
			t.Error("it does not go on")
		}
	})
}
