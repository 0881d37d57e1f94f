package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// afternoon is the story that sitrep exists for: mail is out for hours, nobody
// has time to write, and everybody hears in time all the same.
func afternoon(t *testing.T, s *story) {
	down := func(instance string, ends time.Time) alert {
		return alert{name: "MailDown", instance: instance, severity: "critical", starts: s.began, ends: ends}
	}
	s.note("mail goes down: one alert, critical")
	s.webhook(down("mx1", time.Time{}))
	s.pass(4*time.Minute + 50*time.Second)
	s.note("nobody has heard anything; Alertmanager says it again")
	s.webhook(down("mx1", time.Time{}))
	s.pass(30 * time.Minute)
	s.note("a second server fails; that is the same incident")
	s.webhook(down("mx1", time.Time{}), down("mx2", time.Time{}))
	s.pass(15 * time.Minute)
	s.note("the person on call has a minute")
	code, answer := s.call("POST", "/api/v1/incidents/SR-1/updates", `{"texts":{"nl":"Een opslagsysteem is stuk. De leverancier is onderweg.","en":"A storage array failed. The supplier is on the way."},"phase":"identified"}`)
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, answer)
	}
	s.pass(2 * time.Hour)
	s.note("one server answers again")
	s.webhook(down("mx1", time.Now()))
	s.pass(20 * time.Minute)
	s.note("and the other")
	s.webhook(down("mx2", time.Now()))
	s.pass(2 * time.Minute)
	s.note("mx1 flaps inside resolved_after: that neither closes nor opens anything")
	again := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: time.Now()}
	s.webhook(again)
	s.pass(time.Minute)
	again.ends = time.Now()
	s.webhook(again)
	s.pass(6 * time.Minute)
	s.note("it is over, and it stays quiet")
	s.pass(3 * time.Hour)

	if v := s.incident("SR-1"); v.State != "resolved" {
		t.Errorf("SR-1 is %s", v.State)
	}
	made, kept, broken := s.promises("SR-1")
	if made == 0 || kept != made || broken != 0 {
		t.Errorf("%d promises made, %d kept, %d broken", made, kept, broken)
	}
	for _, a := range s.incident("SR-1").Audiences {
		if d := a.Deliveries; d.Planned == 0 || d.Accepted != d.Planned {
			t.Errorf("%s: %d deliveries planned, %d accepted", a.Name, d.Planned, d.Accepted)
		}
	}
}

func TestAfternoon(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		afternoon(t, s)
		s.golden("afternoon")
	})
}

// TestAfternoonWithRestarts is the same story, and nobody notices that sitrep
// was stopped and started in the middle of every pause.
func TestAfternoonWithRestarts(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		s.restarts = true
		afternoon(t, s)
		if !*update { // the file is the other story's
			s.golden("afternoon")
		}
	})
}

func TestShortOutageIsNobodysBusiness(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		a := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
		s.webhook(a)
		s.pass(4 * time.Minute)
		a.ends = time.Now()
		s.webhook(a)
		s.pass(time.Hour)
		s.collect()
		if len(s.lines) != 0 {
			t.Errorf("people were told: %q", s.lines)
		}
		if code, body := s.call("GET", "/api/v1/incidents", ""); code != 200 || !strings.Contains(body, `"incidents":[]`) {
			t.Errorf("%d %s", code, body)
		}
	})
}

// TestTheFourthOfFiveMinutes: what was stored before a stop counts after it,
// also short of the threshold, and also while sitrep was down.
func TestTheFourthOfFiveMinutes(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		time.Sleep(4 * time.Minute)
		s.restart(30 * time.Second)
		s.pass(45 * time.Second)
		s.golden("fourth-minute")
	})
}

// TestSeverityRises: a severity that rises takes another policy into force, and
// nothing that was said is said again.
func TestSeverityRises(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		s.note("a warning: IT only, every hour")
		s.webhook(alert{name: "QueueLong", instance: "mx1", severity: "warning", starts: s.began})
		s.pass(20 * time.Minute)
		s.note("critical by now: the policy for critical outages is in force")
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: time.Now()})
		s.pass(40 * time.Minute)
		s.note("the critical alert ends; only a person lowers a severity")
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began.Add(20 * time.Minute), ends: time.Now()})
		s.pass(time.Hour)
		s.golden("severity-rises")
	})
}

func TestResolvedByHandWhileItFires(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		a := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
		s.webhook(a)
		s.pass(20 * time.Minute)
		s.note("the person on call knows better")
		if code, answer := s.call("POST", "/api/v1/incidents/SR-1/resolve", `{"reason":"the probe is broken, mail works"}`); code != http.StatusOK {
			t.Fatalf("%d %s", code, answer)
		}
		s.pass(time.Hour)
		s.webhook(a)
		s.pass(time.Hour)
		s.note("the alert resolves, and later fires anew: that is a relapse")
		a.ends = time.Now()
		s.webhook(a)
		s.pass(10 * time.Minute)
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: time.Now()})
		s.pass(25 * time.Minute)
		s.golden("resolved-by-hand")
	})
}

// TestSitrepWasDown: after three hours of silence each audience gets one
// update, which says that it is late; the broken promises are facts.
func TestSitrepWasDown(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		time.Sleep(20 * time.Minute)
		s.note("sitrep's machine is off for three hours")
		s.restart(3 * time.Hour)
		s.pass(10 * time.Minute)
		s.golden("sitrep-was-down")
		for _, m := range s.smtp.Mailbox("bestuurder@voorbeeld.example")[1:] {
			if !strings.Contains(m.Text, "later dan beloofd") {
				t.Errorf("a late update does not say so:\n%s", m.Text)
			}
		}
		if _, _, broken := s.promises("SR-1"); broken != 3 {
			t.Errorf("%d promises are counted as broken, want 3", broken)
		}
	})
}

// TestWhoLeftHearsTheEnd: whoever was told that something broke is told that it
// is over, also when the configuration knows him no more; whoever came later
// hears only what is new to him.
func TestWhoLeftHearsTheEnd(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		a := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
		s.webhook(a)
		s.pass(20 * time.Minute)
		s.note("the councillor leaves the board, another one comes, and management is no audience any more")
		text := strings.Replace(s.text, `{name: Councillor, email: councillor@voorbeeld.example, phone: "+31612345605", language: en}`,
			`{name: Successor, email: successor@voorbeeld.example, phone: "+31612345606", language: en}`, 1)
		text = strings.Replace(text, `  - {name: management, channels: [email], recipients: [{name: "Manager ICT", email: manager@voorbeeld.example}]}`+"\n", "", 1)
		text = strings.Replace(text, `      - {audience: management, cadence: [{from: 5m, every: 1h}, {from: 100% expected, every: 30m}]}`+"\n", "", 1)
		s.configure(text)
		s.restart(0)
		s.pass(time.Hour)
		a.ends = time.Now()
		s.webhook(a)
		s.pass(10 * time.Minute)
		s.golden("who-left")
	})
}

// TestAContactIsCorrected: the end comes once to each address, though the row of
// a person has changed.
func TestAContactIsCorrected(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		a := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
		s.webhook(a)
		s.pass(20 * time.Minute)
		s.note("the phone number of the bestuurder was wrong")
		s.configure(strings.Replace(s.text, "+31612345604", "+31612345609", 1))
		s.restart(0)
		s.pass(time.Hour)
		a.ends = time.Now()
		s.webhook(a)
		s.pass(10 * time.Minute)
		s.golden("contact-corrected")
	})
}

// TestMailIsDown: mail itself is the outage. What could not be sent is tried
// again, and when mail is back everybody gets the newest, once.
func TestMailIsDown(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		a := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
		s.coarse = time.Minute
		s.note("the mail server refuses everything")
		s.smtpDown(true)
		s.webhook(a)
		s.pass(3 * time.Hour)
		s.note("it works again")
		s.smtpDown(false)
		a.ends = time.Now()
		s.webhook(a)
		s.pass(time.Hour)
		s.golden("mail-is-down")
		seen := map[string]int{}
		for _, m := range s.smtp.Messages() {
			seen[m.To+m.MessageID]++
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%s was delivered %d times", id, n)
			}
		}
	})
}

// TestWebhooksStop: silence is not recovery. Nobody is told that it is over, and
// everybody is told that nobody knows.
func TestWebhooksStop(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		a := alert{name: "MailDown", instance: "mx1", severity: "warning", starts: s.began}
		s.webhook(a)
		s.pass(4 * time.Hour)
		s.note("Alertmanager repeats it")
		s.webhook(a)
		s.pass(4 * time.Hour)
		s.note("the monitoring itself is gone from now on")
		s.restart(0)
		s.pass(3 * time.Hour)
		s.note("it is back, and the alert still fires")
		s.webhook(a)
		s.pass(time.Hour)
		a.ends = time.Now()
		s.webhook(a)
		s.pass(10 * time.Minute)
		s.golden("webhooks-stop")
	})
}

// TestInputsThatMeanNothing pile up and are removed; what comes after them is
// judged all the same, also after a restart before and after the removal.
func TestInputsThatMeanNothing(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		for n := range 1500 {
			s.webhook(alert{name: "Info", instance: fmt.Sprint(n), severity: "none", starts: time.Now()})
			time.Sleep(time.Second)
			if n == 700 || n == 1300 {
				s.restart(0)
			}
		}
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: time.Now()})
		s.restart(0)
		s.pass(10 * time.Minute)
		s.restart(0)
		if v := s.incident("SR-1"); v.State != "open" {
			t.Errorf("SR-1 is %s", v.State)
		}
		s.collect()
		if len(s.lines) != 2 {
			t.Errorf("told: %q", s.lines)
		}
	})
}

// TestHostileAlert: alert text is data, in every output.
func TestHostileAlert(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		s.webhook(alert{
			name: "Mail\r\nBcc: evil@evil.example\r\n\r\n<script>alert(1)</script>{{.Organisation}}", instance: "mx1\u202e", severity: "critical", starts: s.began,
			summary: "<img src=x onerror=alert(1)> {{template \"x\"}} \x1b[31m http://evil.example/ " + strings.Repeat("A", 5000),
		})
		s.pass(70 * time.Minute)
		s.collect()
		if len(s.smtp.Messages()) == 0 || len(s.twilio.Messages()) == 0 {
			t.Fatal("nobody was told")
		}
		for _, m := range s.smtp.Messages() {
			technical := strings.HasPrefix(m.To, "it@")
			if m.Header.Get("Bcc") != "" || strings.Contains(m.Subject, "\n") {
				t.Errorf("a header was injected: %v", m.Header)
			}
			for _, bad := range []string{"<script", "<img src=x", "\x1b", "\u202e", `href="http://evil`} {
				if strings.Contains(m.HTML, bad) {
					t.Errorf("to %s: the HTML holds %q", m.To, bad)
				}
			}
			if !technical && (strings.Contains(m.HTML, "onerror") || strings.Contains(m.Text, "evil.example")) {
				t.Errorf("to %s: alert text reached somebody who is not technical", m.To)
			}
			if len(m.Raw) > 100<<10 {
				t.Errorf("to %s: %d bytes", m.To, len(m.Raw))
			}
		}
		for _, m := range s.twilio.Messages() {
			if m.Segments != 1 || strings.Contains(m.Body, "evil") || strings.Contains(m.Body, "AAAA") {
				t.Errorf("%d segments: %s", m.Segments, m.Body)
			}
		}
	})
}

// TestThreads: an incident is one thread in each mailbox, and every message
// says what it is.
func TestThreads(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		a := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
		s.webhook(a)
		s.pass(2 * time.Hour)
		a.ends = time.Now()
		s.webhook(a)
		s.pass(10 * time.Minute)
		for _, box := range []string{"it", "manager", "bestuurder", "councillor"} {
			mails := s.smtp.Mailbox(box + "@voorbeeld.example")
			if len(mails) < 3 {
				t.Fatalf("%s has %d mails", box, len(mails))
			}
			texts := map[string]bool{}
			for i, m := range mails {
				if m.Header.Get("Auto-Submitted") != "auto-generated" {
					t.Errorf("%s: Auto-Submitted: %q", box, m.Header.Get("Auto-Submitted"))
				}
				if !strings.HasSuffix(m.MessageID, "@voorbeeld.example") {
					t.Errorf("%s: Message-ID %q", box, m.MessageID)
				}
				wantReply, wantRefs := "", ""
				if i > 0 {
					wantReply = fmt.Sprintf("<%s>", mails[i-1].MessageID)
					wantRefs = fmt.Sprintf("<%s>", mails[0].MessageID)
				}
				if got := m.Header.Get("In-Reply-To"); got != wantReply {
					t.Errorf("%s, mail %d: In-Reply-To %q, want %q", box, i+1, got, wantReply)
				}
				if got := m.Header.Get("References"); !strings.HasPrefix(got, wantRefs) {
					t.Errorf("%s, mail %d: References %q do not begin with %q", box, i+1, got, wantRefs)
				}
				if texts[m.Text] || m.HTML == "" {
					t.Errorf("%s, mail %d repeats the one before, or has no HTML", box, i+1)
				}
				texts[m.Text] = true
			}
		}
	})
}
