package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	smtp "github.com/emersion/go-smtp"

	"sitrep/channels/channeltest"
)

// decided gives an override by the API, and returns what it was answered.
func (s *story) decided(want int, method, path, body string) string {
	s.t.Helper()
	code, answer := s.call(method, path, body)
	if code != want {
		s.t.Fatalf("%s %s was answered %d %s", method, path, code, answer)
	}
	return answer
}

// TestOpenedByHand: nobody's alert says it, so a person does. All are told by the
// policy, on its clock, also over a restart; the alert that comes an hour later opens
// nothing else, and its end is the end.
func TestOpenedByHand(t *testing.T) {
	tell(t, func(t *testing.T, s *story) {
		s.pass(20 * time.Minute)
		s.note("the service desk rings: mail has been out since midnight")
		s.decided(http.StatusOK, "POST", "/api/v1/incidents", `{"service": "mail", "severity": "critical", "started_at": "2000-01-01T00:00:00Z", "impact": {"nl": "Mailen kan niet.", "en": "Mail does not work."}, "reason": "the desk rings"}`)
		s.pass(20 * time.Minute)
		s.restart(time.Minute)
		s.pass(39 * time.Minute)
		s.note("an alert fires")
		fired := time.Now()
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: fired})
		s.decided(http.StatusConflict, "POST", "/api/v1/incidents", `{"service": "mail", "severity": "critical"}`)
		s.pass(10 * time.Minute)
		s.note("and resolves")
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: fired, ends: time.Now()})
		s.pass(time.Hour)
		s.golden("opened-by-hand")
		if v := s.incident("SR-1"); v.State != "resolved" {
			t.Errorf("it is %s", v.State)
		}
		if _, _, broken := s.promises("SR-1"); broken != 0 {
			t.Errorf("%d promises are broken", broken)
		}
	})
}

// TestSentAtOnce: the manager rings, so what is due to him goes now, and the next
// comes an hour after that; who was held for the night is told all the same when
// somebody asks for it, and is held on.
func TestSentAtOnce(t *testing.T) {
	tell(t, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(20 * time.Minute)
		s.note("the board is held for four hours")
		s.decided(http.StatusOK, "PUT", "/api/v1/incidents/SR-1/audiences/board", `{"hold_until": "2000-01-01T04:20:00Z"}`)
		s.pass(10 * time.Minute)
		s.note("what is due to management and the board goes at once")
		s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-1/send", `{"audiences": ["management", "board"], "reason": "he rings"}`)
		s.decided(http.StatusConflict, "POST", "/api/v1/incidents/SR-1/send", `{"audiences": ["board"]}`)
		s.restart(0)
		s.pass(2 * time.Hour)
		s.golden("sent-at-once")
		if _, _, broken := s.promises("SR-1"); broken != 0 {
			t.Errorf("%d promises are broken", broken)
		}
	})
}

// TestCancelled: words go out that should not, and one of the two is still waiting
// behind a server that puts him off. Who has them, has them; the other never gets
// them, also after a restart. The next word comes when it was promised before, and
// says nothing of those words. What nobody waits for cannot be cancelled.
func TestCancelled(t *testing.T) {
	config := managers(`{name: management, channels: [email], recipients: [
		{name: "Manager ICT", email: manager@voorbeeld.example}, {name: "Put off", email: later@voorbeeld.example}]}`)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.smtp.Misbehave(func(m channeltest.Moment) channeltest.Act {
			if m.Stage == channeltest.StageRcpt && m.To == "later@voorbeeld.example" && time.Since(s.began) > 20*time.Minute && time.Since(s.began) < 40*time.Minute {
				return channeltest.Act{Reply: &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "later"}}
			}
			return channeltest.Act{}
		})
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(25 * time.Minute)
		s.note("somebody writes to management what he should not")
		var said struct{ Updates []struct{ Update int } }
		answer := s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-1/updates", `{"text": "Er is een schijf kapot.", "audiences": ["management"]}`)
		if err := json.Unmarshal([]byte(answer), &said); err != nil || len(said.Updates) != 1 {
			t.Fatalf("%v: %s", err, answer)
		}
		s.pass(time.Minute)
		s.note("and cancels it")
		path := fmt.Sprintf("/api/v1/incidents/SR-1/updates/%d/cancel", said.Updates[0].Update)
		answer = s.decided(http.StatusOK, "POST", path, `{"reason": "it is a cable"}`)
		if !strings.Contains(answer, `"stopped":1,"gone":1,"failed":0,"unknown":0,"settled":true`) {
			t.Errorf("it was answered %s", answer)
		}
		s.decided(http.StatusOK, "POST", path, `{"reason": "it is a cable"}`) // a double click
		s.decided(http.StatusConflict, "POST", "/api/v1/incidents/SR-1/updates/1/cancel", "")
		s.decided(http.StatusConflict, "POST", "/api/v1/incidents/SR-1/updates/99/cancel", "")
		s.decided(http.StatusUnprocessableEntity, "POST", "/api/v1/incidents/SR-1/updates/0/cancel", "")
		s.restart(time.Minute)
		s.pass(90 * time.Minute)
		s.golden("cancelled")
		if _, _, broken := s.promises("SR-1"); broken != 0 {
			t.Errorf("%d promises are broken", broken)
		}
	})
}

// TestCancelledWhileMailIsDown: nothing of the first word has gone, and sitrep stops
// right after it was cancelled. Nobody gets it when mail is up again; what comes next
// is the first word.
func TestCancelledWhileMailIsDown(t *testing.T) {
	tellWith(t, boardless(storyConfig), func(t *testing.T, s *story) {
		s.smtpDown(true)
		s.outageBegins()
		s.pass(6 * time.Minute)
		if answer := s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-1/updates/1/cancel", `{"reason": "a test"}`); !strings.Contains(answer, `"stopped":1,"gone":0`) {
			t.Errorf("it was answered %s", answer)
		}
		s.restart(0)
		s.smtpDown(false)
		s.pass(5 * time.Minute)
		if box := s.smtp.Mailbox("it@voorbeeld.example"); len(box) != 0 {
			t.Errorf("IT got %d mails: %+v", len(box), box)
		}
		s.pass(30 * time.Minute)
		box := s.smtp.Mailbox("it@voorbeeld.example")
		if len(box) != 1 || box[0].Subject != "[SR-1] Email outage (2)" || strings.Contains(box[0].Text, "not sent") {
			t.Errorf("IT got %d mails: %+v", len(box), box)
		}
	})
}

// TestMergedAndSplit: the phones, of which a person said that they are out, turn out
// to be part of the mail outage. Who was told hears of both by that one, also after a
// restart; they are taken out again before mail is over, and go on by themselves until
// a person says that they work. Everybody hears each end once.
func TestMergedAndSplit(t *testing.T) {
	config := strings.Replace(storyConfig, "audiences:", `  - {name: phones, title: {nl: telefonie, en: phones}, matchers: ['service="phones"'], sla: gold, threshold: [{firing_for: 0s}]}
audiences:`, 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(16 * time.Minute)
		s.note("somebody says that the phones are out too")
		s.decided(http.StatusOK, "POST", "/api/v1/incidents", `{"service": "phones", "severity": "critical"}`)
		s.pass(4 * time.Minute)
		s.note("it is one thing")
		s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-2/merge", `{"into": "SR-1", "reason": "one switch"}`)
		s.pass(time.Minute)
		s.restart(0)
		s.pass(99 * time.Minute)
		s.note("it is two")
		if answer := s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-1/split", `{"service": "phones"}`); !strings.Contains(answer, `"split":"SR-2"`) {
			t.Errorf("it was answered %s", answer)
		}
		s.pass(20 * time.Minute)
		s.restart(0)
		s.note("mail works again")
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began, ends: time.Now()})
		s.pass(20 * time.Minute)
		s.note("and so do the phones")
		s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-2/resolve", "")
		s.pass(time.Hour)
		s.golden("merged-and-split")
		for _, id := range []string{"SR-1", "SR-2"} {
			if _, _, broken := s.promises(id); broken != 0 {
				t.Errorf("%d promises of %s are broken", broken, id)
			}
		}
	})
}

// TestOpenedByHandBelowAnother: what a person opens joins the incident of what it
// depends on, as a dry run says too, and stands on its own when that is over.
func TestOpenedByHandBelowAnother(t *testing.T) {
	config := strings.Replace(storyConfig, "audiences:", `  - {name: phones, matchers: ['service="phones"'], threshold: [{firing_for: 0s}], depends_on: [mail]}
audiences:`, 1)
	tellWith(t, boardless(config), func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(6 * time.Minute)
		for _, query := range []string{"?dry_run=true", ""} {
			if answer := s.decided(http.StatusOK, "POST", "/api/v1/incidents"+query, `{"service": "phones", "severity": "critical"}`); !strings.Contains(answer, `"incident":"SR-2"`) || !strings.Contains(answer, `"updates":[],"breaks"`) {
				t.Errorf("%q was answered %s", query, answer)
			}
		}
		part := func() string {
			_, body := s.call("GET", "/api/v1/incidents/SR-2", "")
			_, of, _ := strings.Cut(body, `"part_of":`)
			of, _, _ = strings.Cut(of, ",")
			return of
		}
		if of := part(); of != `"SR-1"` {
			t.Errorf("it is part of %s", of)
		}
		s.pass(time.Minute)
		s.restart(0)
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began, ends: time.Now()})
		s.pass(10 * time.Minute)
		if v, of := s.incident("SR-2"), part(); v.State != "open" || of != "null" {
			t.Errorf("when mail is over it is %s, and part of %s", v.State, of)
		}
	})
}

// TestWordsLongerThanAnSMS: they go out, an SMS has their beginning, and who wrote them is
// told so; shorter ones are whole.
func TestWordsLongerThanAnSMS(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(20 * time.Minute)
		for _, c := range []struct {
			words string
			cut   bool
		}{{"Er is een monteur onderweg.", false}, {strings.Repeat("Er is een monteur onderweg. ", 50), true}} {
			body, err := json.Marshal(map[string]any{"text": c.words, "audiences": []string{"it", "board"}})
			if err != nil {
				t.Fatal(err)
			}
			var d struct {
				Updates []struct {
					Audience string
					Cut      bool `json:"sms_cut"`
				}
			}
			if err := json.Unmarshal([]byte(s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-1/updates", string(body))), &d); err != nil || len(d.Updates) != 2 {
				t.Fatalf("%+v, %v", d, err)
			}
			for _, u := range d.Updates {
				if u.Cut != (c.cut && u.Audience == "board") {
					t.Errorf("%d characters to %s: cut is %v", len(c.words), u.Audience, u.Cut)
				}
			}
			s.pass(time.Minute)
			sms := s.twilio.Messages()
			if last := sms[len(sms)-1].Body; strings.Contains(last, "...") != c.cut || !strings.Contains(last, "Er is een monteur onderweg.") {
				t.Errorf("the SMS is %q", last)
			}
		}
	})
}
