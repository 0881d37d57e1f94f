package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const deputy = "deputy@voorbeeld.example"

// mailsTo are the subjects of the mails to somebody, from a moment on.
func (s *story) mailsTo(to string, from time.Time) (all []string) {
	s.t.Helper()
	synctest.Wait()
	for _, m := range s.smtp.Messages() {
		if strings.EqualFold(m.To, to) && !m.At.Before(from) {
			all = append(all, m.Subject)
		}
	}
	return all
}

// gets compares them, in any order.
func (s *story) gets(to string, from time.Time, want ...string) {
	s.t.Helper()
	got := s.mailsTo(to, from)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.t.Errorf("%s %s got %q, want %q", clock(time.Since(s.began)), to, got, want)
	}
}

func recipients(id, audience string) string {
	return fmt.Sprintf("/api/v1/incidents/%s/audiences/%s/recipients", id, audience)
}

// TestOneVoiceToWhoWasAdded: who was added to two audiences gets one mail where both
// fall due in a minute, and the others theirs; out of one of them again, he gets that of
// the other alone.
func TestOneVoiceToWhoWasAdded(t *testing.T) {
	tell(t, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(20 * time.Minute)
		for _, audience := range []string{"management", "board"} {
			s.decided(http.StatusOK, "POST", recipients("SR-1", audience), `{"email": "`+deputy+`", "language": "en"}`)
		}
		now := time.Now()
		s.pass(45 * time.Minute)
		s.gets(deputy, now, "Email outage: taking too long (2)")
		s.gets("manager@voorbeeld.example", now, "Storing e-mail: duurt te lang (2)")
		s.gets("bestuurder@voorbeeld.example", now, "Storing e-mail: duurt te lang (2)")
		s.decided(http.StatusOK, "POST", recipients("SR-1", "management")+"/remove", `{"email": "`+deputy+`"}`)
		now = time.Now()
		s.pass(30 * time.Minute)
		s.gets(deputy, now, "Email outage: no news yet (3)")
		s.gets("councillor@voorbeeld.example", now, "Email outage: no news yet (3)")
		now = time.Now()
		s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-1/updates", `{"texts": {"en": "We know.", "nl": "Wij weten het."}, "audiences": ["management"]}`)
		s.pass(time.Minute)
		s.gets(deputy, now)
	})
}

// TestAReloadKeepsWhoWasAdded: where the configuration comes to have him too, in another
// case, he gets one mail; where it loses him again, or its audience changes, he goes on
// to get one.
func TestAReloadKeepsWhoWasAdded(t *testing.T) {
	tell(t, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(20 * time.Minute)
		s.decided(http.StatusOK, "POST", recipients("SR-1", "it"), `{"email": "`+deputy+`"}`)
		s.decided(http.StatusOK, "POST", recipients("SR-1", "board")+"/remove", `{"phone": "+31612345605"}`)
		has := func(recipient string) string {
			return strings.Replace(storyConfig, `{name: "IT department", email: it@voorbeeld.example}`, recipient, 1)
		}
		for n, config := range []string{
			has(`{name: "IT department", email: it@voorbeeld.example}, {email: DEPUTY@voorbeeld.example}`),
			has(`{name: "Others", email: others@voorbeeld.example}`),
			// The councillor has another number by now, and is who he was.
			strings.Replace(has(`{email: it@voorbeeld.example}`), `"+31612345605"`, `"+31612345606"`, 1),
		} {
			s.configure(config)
			s.reload("", http.StatusOK)
			now := time.Now()
			s.pass(30 * time.Minute)
			if got := s.mailsTo(deputy, now); len(got) != 1 {
				t.Errorf("under configuration %d he got %q", n, got)
			}
			s.gets("councillor@voorbeeld.example", now)
		}
		for _, m := range s.twilio.Messages() {
			if m.To == "+31612345606" {
				t.Errorf("who was removed got an SMS at another number: %s", m.Body)
			}
		}
	})
}

// TestWhoWasAddedGoesAlong: to what his incident becomes part of, and to both when they
// are two again. He hears each end once; who was removed from the folded one hears on of
// the other.
func TestWhoWasAddedGoesAlong(t *testing.T) {
	config := strings.Replace(storyConfig, "audiences:", `  - {name: phones, title: {nl: telefonie, en: phones}, matchers: ['service="phones"'], sla: gold, threshold: [{firing_for: 0s}]}
audiences:`, 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(16 * time.Minute)
		s.decided(http.StatusOK, "POST", "/api/v1/incidents", `{"service": "phones", "severity": "critical"}`)
		s.decided(http.StatusOK, "POST", recipients("SR-2", "it"), `{"email": "`+deputy+`", "language": "en"}`)
		s.decided(http.StatusOK, "POST", recipients("SR-2", "it")+"/remove", `{"email": "it@voorbeeld.example"}`)
		s.pass(4 * time.Minute)
		s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-2/merge", `{"into": "SR-1"}`)
		s.restart(0)
		now := time.Now()
		s.pass(20 * time.Minute)
		s.gets(deputy, now, "[SR-1] Email outage: news (2)")
		s.gets("it@voorbeeld.example", now, "[SR-1] Email outage: news (2)")
		s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-1/split", `{"service": "phones"}`)
		now = time.Now()
		s.pass(40 * time.Minute)
		one, two := 0, 0
		for _, subject := range s.mailsTo(deputy, now) {
			if strings.Contains(subject, "[SR-1]") {
				one++
			}
			if strings.Contains(subject, "[SR-2]") {
				two++
			}
		}
		if one == 0 || two == 0 {
			t.Errorf("after the split he got %q", s.mailsTo(deputy, now))
		}
		now = time.Now()
		s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-1/resolve", "")
		s.pass(time.Minute)
		s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-2/resolve", "")
		s.pass(time.Minute)
		s.gets(deputy, now, "[SR-1] Email outage: over (4)", "[SR-2] Phones outage: over (4)")
	})
}

// TestWhoWasAddedStaysAsLongAsItLasts: his row outlives the deliveries of an incident
// that is open for long, also one that he has heard nothing of yet, and goes after its
// end.
func TestWhoWasAddedStaysAsLongAsItLasts(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		s.retention.Deliveries = 6 * time.Hour // no flag allows so little
		s.restart(0)
		down := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: time.Now()}
		s.webhook(down)
		s.pass(20 * time.Minute)
		s.decided(http.StatusOK, "PUT", "/api/v1/incidents/SR-1/audiences/board", `{"paused": true}`)
		s.decided(http.StatusOK, "POST", addsToBoard, `{"email": "`+deputy+`"}`)
		for range 7 { // as Alertmanager does
			s.webhook(down)
			s.pass(4 * time.Hour)
		}
		if table := s.verified(); strings.Contains(table, "of 0 removed") {
			t.Errorf("nothing went:\n%s", table)
		}
		s.gets(deputy, s.began)
		s.decided(http.StatusOK, "PUT", "/api/v1/incidents/SR-1/audiences/board", `{}`)
		s.pass(2 * time.Hour)
		if got := s.mailsTo(deputy, s.began); len(got) == 0 {
			t.Error("he heard nothing")
		}
		down.ends = time.Now()
		s.webhook(down)
		s.pass(20 * time.Minute)
		if got := s.mailsTo(deputy, s.began); !strings.Contains(got[len(got)-1], "voorbij") {
			t.Errorf("he got %q", got)
		}
		s.restart(25 * time.Hour)
		s.pass(8 * time.Hour)
		if left := traces(t, s.dir, deputy); left != nil {
			t.Errorf("days after the end his address is in %v", left)
		}
		s.verified()
	})
}

// TestWhoWasAddedIsErased: he hears nothing more, also when a restart reads who was
// added, and can be added again.
func TestWhoWasAddedIsErased(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(20 * time.Minute)
		s.decided(http.StatusOK, "POST", recipients("SR-1", "it"), `{"name": "Deputy", "email": "`+deputy+`"}`)
		s.pass(20 * time.Minute)
		if got := s.mailsTo(deputy, s.began); len(got) != 1 {
			t.Errorf("he got %q", got)
		}
		s.daemon.Stop()
		if code, out, errs := s.erase(deputy); code != exitOK || !strings.HasPrefix(out, "erased: 1 recipient in 2 rosters") {
			t.Errorf("exit code %d\n%s%s", code, out, errs)
		}
		s.start()
		now := time.Now()
		s.pass(30 * time.Minute)
		s.gets(deputy, now)
		if got := s.mailsTo("it@voorbeeld.example", now); len(got) != 1 {
			t.Errorf("the others got %q", got)
		}
		s.decided(http.StatusOK, "POST", recipients("SR-1", "it"), `{"name": "Deputy", "email": "`+deputy+`"}`)
		now = time.Now()
		s.pass(30 * time.Minute)
		if got := s.mailsTo(deputy, now); len(got) != 1 {
			t.Errorf("added again, he got %q", got)
		}
		s.verified()
	})
}
