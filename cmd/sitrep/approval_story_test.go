package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// waiting is what of an incident waits for a yes.
func (s *story) waiting() (all []awaitingView) {
	s.t.Helper()
	_, body := s.call("GET", "/api/v1/incidents/SR-1", "")
	var v incidentView
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		s.t.Fatal(err)
	}
	return v.Awaiting
}

// TestASecondPersonsYes: the board hears what is new only with the yes of a second
// person. The first word waits for it, and comes by an SMS of the communication team;
// words that who wrote them approves do not go, so the board hears in time that it goes
// on, and nothing else; then the team says yes, after a restart. What is rejected never
// goes, and the end comes without a yes too, in its plain form.
func TestASecondPersonsYes(t *testing.T) {
	const talks = "+31612345601"
	config := strings.Replace(replyConfig, "    critical: true\n", "    critical: true\n    approval: required\n", 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.provider(nil)
		path := func(update int, what string) string {
			return fmt.Sprintf("/api/v1/incidents/SR-1/updates/%d/%s", update, what)
		}
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(20 * time.Minute)
		w := s.waiting()
		if len(w) != 1 || w[0].Audience != "board" || w[0].Kind != "first" || len(w[0].By) != 0 {
			t.Fatalf("at first there waits %+v", w)
		}
		if got := s.writes(talks, fmt.Sprintf("SR-1 AKKOORD %d", w[0].Update)); !strings.Contains(got, "gaat nu uit") {
			t.Errorf("the yes was answered %q", got)
		}
		s.pass(10 * time.Minute)
		s.note("somebody writes to the board")
		answer := s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-1/updates", `{"text": "Er is een schijf kapot.", "audiences": ["board"]}`)
		w = s.waiting()
		if len(w) != 1 || len(w[0].By) != 1 || w[0].By[0] != "local" || !strings.Contains(answer, `"awaiting"`) {
			t.Fatalf("then there waits %+v; it was answered %s", w, answer)
		}
		s.note("and approves it himself")
		if got := s.decided(http.StatusConflict, "POST", path(w[0].Update, "approve"), ""); !strings.Contains(got, "somebody else") {
			t.Errorf("it was refused: %s", got)
		}
		s.decided(http.StatusConflict, "POST", path(w[0].Update, "cancel"), "")
		s.decided(http.StatusConflict, "POST", path(1, "approve"), "")
		s.decided(http.StatusConflict, "POST", path(99, "approve"), "")
		s.decided(http.StatusUnprocessableEntity, "POST", path(w[0].Update, "reject"), `{}`)
		s.pass(time.Hour)
		s.restart(time.Minute)
		w = s.waiting() // the SLA ran out since, so it would be told otherwise
		s.writes(talks, fmt.Sprintf("SR-1 AKKOORD %d", w[0].Update))
		s.pass(10 * time.Minute)
		s.decided(http.StatusConflict, "POST", path(w[0].Update, "approve"), "")
		s.note("somebody writes nonsense, and it is rejected")
		s.decided(http.StatusOK, "POST", "/api/v1/incidents/SR-1/updates", `{"text": "Onzin.", "audiences": ["board"]}`)
		s.decided(http.StatusOK, "POST", path(s.waiting()[0].Update, "reject"), `{"reason": "it is not so"}`)
		s.pass(30 * time.Minute)
		s.note("it is over")
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began, ends: time.Now()})
		s.pass(time.Hour)
		s.golden("approved")
		if _, _, broken := s.promises("SR-1"); broken != 0 {
			t.Errorf("%d promises are broken", broken)
		}
		s.twilio.Close()
	})
}
