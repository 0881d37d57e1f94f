package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestAnswersBySMS: an SMS says yes or no to what waits for the yes of a second person,
// also to the end of what is over; a no says why, and of two who answer the second is
// told what the first decided.
func TestAnswersBySMS(t *testing.T) {
	const anna, bert, solves = "+31612345601", "+31612345603", "+31612345602"
	config := strings.NewReplacer(
		"    critical: true\n", "    critical: true\n    approval: required\n",
		`recipients: [{name: "Piket communicatie", phone: "+31612345601"}]`,
		`recipients: [{name: Anna, phone: "+31612345601"}, {name: Bert, phone: "+31612345603", language: en}]`,
	).Replace(replyConfig)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.provider(nil)
		answered := func(from, body string, says ...string) {
			t.Helper()
			got := s.writes(from, body)
			for _, one := range says {
				if !strings.Contains(got, one) {
					t.Errorf("%q was answered %q, without %q", body, got, one)
				}
			}
		}
		n := func() int {
			t.Helper()
			w := s.waiting()
			if len(w) != 1 {
				t.Fatalf("there waits %+v", w)
			}
			return w[0].Update
		}
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(20 * time.Minute)
		first := n()
		for _, body := range []string{"NO", "NO 0 it is wrong", "NEE -", "no idea", fmt.Sprintf("OK %d but mend the number", first), "OK 99999999999999999999"} {
			answered(bert, body, "Not understood")
		}
		answered(bert, fmt.Sprintf("NO %d", first), "Why not?", fmt.Sprintf("SR-1 NO %d ", first))
		answered(anna, fmt.Sprintf("NEE %d !", first), "Waarom niet?")
		answered(bert, "OK 98", "does not wait for a yes")
		answered(solves, fmt.Sprintf("NO %d it is wrong", first), "for the communication team")
		if n() != first {
			t.Error("that changed something")
		}
		answered(anna, fmt.Sprintf("sr-1 akkoord %d.", first), "gaat nu uit")
		answered(bert, fmt.Sprintf("OK %d", first), fmt.Sprintf("Anna said yes to update %d; it has gone out", first))
		s.pass(time.Minute)

		answered(anna, "ZEG Bel 1234.", "wacht op akkoord")
		words := n()
		answered(anna, fmt.Sprintf("AKKOORD %d", words), "eigen werk")
		answered(bert, fmt.Sprintf("SR-1 NO %d: the number is wrong", words), fmt.Sprintf("update %d does not go out", words))
		answered(bert, fmt.Sprintf("SR-1 NO %d: the number is wrong", words), fmt.Sprintf("update %d does not go out", words))
		answered(anna, fmt.Sprintf("AKKOORD %d", words), fmt.Sprintf("Bert wees bericht %d al af", words))
		if _, body := s.call("GET", "/api/v1/incidents/SR-1", ""); !strings.Contains(body, "the number is wrong") {
			t.Error("the timeline does not say why")
		}
		s.pass(2 * time.Minute)
		for _, m := range s.twilio.Phone("+31612345604") {
			if strings.Contains(m.Body, "1234") {
				t.Errorf("it went out: %s", m.Body)
			}
		}

		s.note("what somebody set is his as well")
		s.writes(anna, "TIJD 3u")
		s.pass(50 * time.Minute)
		set := s.waiting()
		if len(set) != 1 || strings.Join(set[0].By, ",") != "Anna" {
			t.Fatalf("there waits %+v", set)
		}
		answered(anna, fmt.Sprintf("AKKOORD %d", set[0].Update), "eigen werk")
		s.decided(http.StatusOK, "PATCH", "/api/v1/incidents/SR-1", `{"title": {"nl": "de post"}}`)
		s.pass(time.Second)
		if set = s.waiting(); len(set) != 1 || strings.Join(set[0].By, ",") != "Anna,local" {
			t.Fatalf("then there waits %+v", set)
		}
		if got := s.decided(http.StatusConflict, "POST", fmt.Sprintf("/api/v1/incidents/SR-1/updates/%d/approve", set[0].Update), ""); !strings.Contains(got, "is your own") {
			t.Errorf("it was refused: %s", got)
		}
		answered(bert, fmt.Sprintf("OK %d", set[0].Update), "goes out now")
		s.pass(time.Minute)

		code := strings.Fields(s.writes(bert, "RESOLVE"))
		over := ""
		for _, w := range code {
			if len(w) == 4 && strings.Trim(w, "0123456789") == "" {
				over = w
			}
		}
		answered(bert, over, "over", "waits for the yes of somebody else")
		end := n()
		answered(anna, "ZEG nog iets", "Er is nu geen storing")
		answered(anna, fmt.Sprintf("NEE %d", end), "Waarom niet?")
		answered(anna, fmt.Sprintf("AKKOORD %d", end), fmt.Sprintf("bericht %d gaat nu uit", end))
		s.pass(time.Minute)
		if box := s.smtp.Mailbox("bestuurder@voorbeeld.example"); !strings.Contains(box[len(box)-1].Subject, "voorbij") {
			t.Errorf("the board was told last: %s", box[len(box)-1].Subject)
		}
		answered(bert, fmt.Sprintf("SR-1 OK %d", end), fmt.Sprintf("Anna said yes to update %d", end))
		answered(bert, fmt.Sprintf("OK %d", end), "Nothing is out")
		s.twilio.Close()
	})
}

// TestNobodyElseCanSayYes: where who wrote what is new are all who could say yes, the
// team is told that, and not how to.
func TestNobodyElseCanSayYes(t *testing.T) {
	config := strings.Replace(replyConfig, "    critical: true\n", "    critical: true\n    approval: required\n", 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.provider(nil)
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(20 * time.Minute)
		newest := func() string {
			all := s.twilio.Phone("+31612345601")
			return all[len(all)-1].Body
		}
		s.writes("+31612345601", fmt.Sprintf("SR-1 AKKOORD %d", s.waiting()[0].Update))
		s.pass(time.Minute)
		s.writes("+31612345601", "SR-1 ZEG Een schijf is stuk.")
		s.pass(2 * time.Minute)
		if got := newest(); !strings.Contains(got, "AKKOORD") || !strings.Contains(got, "NEE") {
			t.Errorf("others can, and it says %q", got)
		}
		s.decided(http.StatusOK, "PATCH", "/api/v1/incidents/SR-1", `{"title": {"nl": "de post"}}`)
		s.pass(2 * time.Minute)
		if got := newest(); !strings.Contains(got, "Alleen wie het schreef") || strings.Contains(got, "AKKOORD") {
			t.Errorf("nobody can, and it says %q", got)
		}
		s.twilio.Close()
	})
}
