package main

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	addsToBoard      = "/api/v1/incidents/SR-1/audiences/board/recipients"
	removesFromBoard = addsToBoard + "/remove"
)

// TestOneMoreAndOneLess: the mayor's deputy, who is in no audience, gets what the board
// gets from its next update on, by mail and by SMS; the councillor hears no more but the
// end, as does the manager. A double click, and a restart at any moment, change nothing.
func TestOneMoreAndOneLess(t *testing.T) {
	tell(t, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(20 * time.Minute)
		s.note("the mayor's deputy is to hear what the board hears")
		deputy := `{"name": "Deputy", "email": "Deputy@voorbeeld.example", "phone": "+31 6 12345699", "language": "en", "reason": "the mayor asks"}`
		s.decided(http.StatusOK, "POST", addsToBoard, deputy)
		s.restart(time.Second)
		s.decided(http.StatusOK, "POST", addsToBoard, deputy) // a double click
		s.pass(10 * time.Minute)
		s.note("words go to management alone")
		s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-1/updates", `{"text": "Er is een monteur onderweg.", "audiences": ["management"]}`)
		s.pass(50 * time.Minute)
		s.note("the councillor wants to hear no more of it, and the manager neither")
		s.decided(http.StatusOK, "POST", removesFromBoard, `{"email": "councillor@voorbeeld.example"}`)
		s.decided(http.StatusOK, "POST", removesFromBoard, `{"phone": "+31612345605"}`) // he is gone already
		s.restart(time.Second)
		s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-1/audiences/management/recipients/remove", `{"email": "manager@voorbeeld.example"}`)
		s.pass(90 * time.Minute)
		s.restart(0)
		s.note("mail works again")
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began, ends: time.Now()})
		s.pass(20 * time.Minute)
		s.note("it is over: nobody is added any more")
		s.decided(http.StatusConflict, "POST", addsToBoard, `{"email": "late@voorbeeld.example"}`)
		s.pass(time.Hour)
		s.golden("one-more-and-one-less")
		facts := map[string]int{}
		for _, f := range s.incident("SR-1").Timeline {
			facts[f.Fact]++
			if text := strings.ToLower(f.Text); strings.Contains(text, "voorbeeld.example") || strings.Contains(text, "deputy") || strings.Contains(text, "1234569") {
				t.Errorf("a fact says %q", f.Text)
			}
		}
		if facts["recipient_added"] != 1 || facts["recipient_removed"] != 2 {
			t.Errorf("the facts are %v", facts)
		}
		if code, answer := s.call("GET", "/api/v1/incidents/SR-1", ""); code != 200 || strings.Contains(answer, "eputy") || strings.Count(answer, `"added":[{"recipient":"`) != 1 || strings.Count(answer, `"removed":[{"recipient":"`) != 2 {
			t.Errorf("the incident is %s", answer)
		}
		s.daemon.Stop()
		synctest.Wait()
		for _, f := range traces(t, s.dir, "deputy@voorbeeld.example", "+31612345699") {
			if !strings.Contains(f, "SITREP_ROSTERS") {
				t.Errorf("his address stands in %s", f)
			}
		}
		if code, out, errs := s.verify(); code != exitOK {
			t.Errorf("exit code %d\n%s%s", code, out, errs)
		}
		if code, out, errs := s.erase("deputy@voorbeeld.example"); code != exitOK {
			t.Errorf("exit code %d\n%s%s", code, out, errs)
		}
		if left := traces(t, s.dir, "deputy@voorbeeld.example", "+31612345699"); left != nil {
			t.Errorf("something is left in %v", left)
		}
		s.start()
	})
}
