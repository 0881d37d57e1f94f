package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// replyConfig has both teams, and a number that they can answer to.
var replyConfig = strings.Replace(storyConfig, "from: GemVoorbld,", `from: GemVoorbld, reply_to_number: "+3197010000001",`, 1) + `
teams:
  communication:
    channels: [sms]
    nudge_before: 10m
    recipients: [{name: "Piket communicatie", phone: "+31612345601"}]
  resolution:
    channels: [sms]
    recipients: [{name: "Engineer", phone: "+31612345602", language: en}]
`

// writes sends an SMS to sitrep, and returns what it answers.
func (s *story) writes(from, body string) string {
	s.t.Helper()
	s.messages++
	return s.writesAs(fmt.Sprintf("SM%032x", s.messages), from, body)
}

// writesAs sends one with a name.
func (s *story) writesAs(sid, from, body string) string {
	s.t.Helper()
	s.note("%s writes %q", from[len(from)-2:], body)
	resp, err := s.twilio.IncomingAs(sid, "https://sitrep.voorbeeld.example/twilio/inbound", from, "+3197010000001", body)
	if err != nil {
		s.t.Fatal(err)
	}
	twiML, err := io.ReadAll(resp.Body)
	var said struct{ Message string }
	if err != nil || resp.StatusCode != http.StatusOK || xml.Unmarshal(twiML, &said) != nil {
		s.t.Fatalf("%q: %d %s %v", body, resp.StatusCode, twiML, err)
	}
	return said.Message
}

// TestWordsBySMS: at night, from a phone, and nothing else: who solves says how it is
// going, who talks says what everybody reads, and that it is over is asked once more.
func TestWordsBySMS(t *testing.T) {
	const talks, solves = "+31612345601", "+31612345602"
	tellWith(t, replyConfig, func(t *testing.T, s *story) {
		s.provider(nil)
		if got := s.writes(solves, "FOUND"); !strings.Contains(got, "Nothing is out") {
			t.Errorf("before anything is out: %q", got)
		}
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(16 * time.Minute)

		s.writes(solves, "found")
		if p := s.incident("SR-1").Phase; p != "identified" {
			t.Errorf("after FOUND it is %s", p)
		}
		s.writes(solves, "SR-1 EST 02:30")
		if got := s.writes(solves, "SAY It was me"); !strings.Contains(got, "communication team") {
			t.Errorf("the resolution team may say words: %q", got)
		}
		s.writes(talks, "Gevonden hebben we nog niets")
		s.writes(talks, "SR-1 ZEG: De leverancier is ter plaatse.")
		s.pass(10 * time.Second)
		s.writes(talks, "WACHT 90")
		s.restart(time.Minute)
		s.pass(30 * time.Minute)
		s.writes(solves, "fixed")

		got := s.writes(talks, "voorbij sr-1")
		code := regexp.MustCompile(`\d{4}`).FindString(strings.TrimPrefix(got, "SR-1"))
		if code == "" {
			t.Fatalf("no code: %q", got)
		}
		if got := s.writes(solves, code); !strings.Contains(got, "Not understood") {
			t.Errorf("somebody else's code: %q", got)
		}
		s.restart(time.Minute)
		if got := s.writes(talks, "SR-1 "+code); !strings.Contains(got, "voorbij") {
			t.Errorf("the code: %q", got)
		}
		s.pass(2 * time.Hour)
		if st := s.incident("SR-1").State; st != "resolved" {
			t.Errorf("it is %s", st)
		}
		s.writes(talks, "SR-1 ZEG: nog iets")
		s.collect()
		for i := range s.lines { // it is another in each store
			s.lines[i] = strings.ReplaceAll(s.lines[i], code, "####")
		}
		s.golden("replies")
		s.twilio.Close()
	})
}

// TestStrangersBySMS: a number of nobody's is answered once.
func TestStrangersBySMS(t *testing.T) {
	tellWith(t, replyConfig, func(t *testing.T, s *story) {
		s.provider(nil)
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(16 * time.Minute)
		const stranger, councillor = "+31699999999", "+31612345605"
		if got := s.writes(stranger, "SR-1 GEMAAKT"); !strings.Contains(got, "niet bekend") {
			t.Errorf("%q", got)
		}
		for range 3 {
			if got := s.writes(stranger, "ZEG alles is voorbij"); got != "" {
				t.Errorf("again: %q", got)
			}
		}
		s.writes(councillor, "FIXED") // is told things, and is on no team
		if p := s.incident("SR-1").Phase; p != "investigating" {
			t.Errorf("it is %s", p)
		}
		s.call("POST", "/api/v1/incidents/SR-1/resolve", "")
		s.pass(24 * time.Hour)
		if got := s.writes(stranger, "hallo?"); got == "" {
			t.Error("not answered a day later")
		}
		s.twilio.Close()
	})
}

// TestTheSameSMSTwice: what the provider posts again happens once.
func TestTheSameSMSTwice(t *testing.T) {
	tellWith(t, replyConfig, func(t *testing.T, s *story) {
		s.provider(nil)
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(16 * time.Minute)
		before := len(s.smtp.Messages())
		for range 2 {
			for range 2 {
				if got := s.writesAs("SMaa", "+31612345601", "ZEG Eenmaal."); got != "SR-1: de tekst gaat nu naar iedereen." {
					t.Errorf("%q", got)
				}
			}
			s.restart(time.Minute)
		}
		s.pass(time.Minute)
		told := 0
		for _, m := range s.smtp.Messages()[before:] {
			if strings.Contains(m.Text, "Eenmaal.") {
				told++
			}
		}
		if told != 4 { // one for each recipient of mail
			t.Errorf("it was told %d times", told)
		}
		s.twilio.Close()
	})
}

// mailingTeams has both teams asked by mail.
var mailingTeams = storyConfig + `
teams:
  communication:
    channels: [email]
    nudge_before: 10m
    recipients: [{name: "Piket communicatie", email: communicatie@voorbeeld.example}]
  resolution:
    channels: [email]
    recipients: [{name: "Engineer", email: beheer@voorbeeld.example, language: en}]
`

var ownLink = regexp.MustCompile(`https://sitrep\.voorbeeld\.example(/answer/[0-9a-z]+)`)

// browse does what a browser does with a link and its form.
func (s *story) browse(method, path string, form url.Values) (status int, page string) {
	s.t.Helper()
	r := httptest.NewRequest(method, "https://sitrep.voorbeeld.example"+path, strings.NewReader(form.Encode()))
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	s.daemon.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// TestAnswerByLink: a mail that asks for words leads to a page of its reader's own. To
// look at it changes nothing; what is filled in is done, once; it stops working when
// its person leaves the team, when it is revoked, and with time.
func TestAnswerByLink(t *testing.T) {
	tellWith(t, mailingTeams, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(6 * time.Minute)
		box := s.smtp.Mailbox("communicatie@voorbeeld.example")
		if len(box) == 0 {
			t.Fatal("nobody was asked")
		}
		m := ownLink.FindStringSubmatch(box[0].Text)
		if m == nil || !strings.Contains(box[0].HTML, m[0]) || strings.Contains(box[0].Text, "~SR-1") {
			t.Fatalf("no link of his own: %s", box[0].Text)
		}
		link := m[1]
		version := func() string { _, body := s.call("GET", "/api/v1/incidents/SR-1", ""); return body }
		before := version()
		for _, method := range []string{"GET", "HEAD"} {
			if code, page := s.browse(method, link, nil); code != 200 || method == "GET" && !strings.Contains(page, "Hoe gaat het?") {
				t.Fatalf("%s: %d %s", method, code, page)
			}
		}
		if version() != before {
			t.Error("to look at it changed something")
		}

		once := url.Values{"once": {"1"}, "how": {"found"}, "estimate": {"2 uur"}, "words": {"De leverancier is ter plaatse. <b>"}}
		for range 2 { // a double click
			code, page := s.browse("POST", link, once)
			if code != 200 || !strings.Contains(page, "de oorzaak is bekend") || !strings.Contains(page, "naar verwachting voorbij") || !strings.Contains(page, "gaat nu naar iedereen") {
				t.Errorf("%d %s", code, page)
			}
		}
		s.pass(time.Minute)
		told := 0
		for _, m := range s.smtp.Messages() {
			if strings.Contains(m.Text, "De leverancier is ter plaatse. <b>") && !strings.Contains(m.HTML, "<b>") {
				told++
			}
		}
		if told != 2 { // it, and management; the board comes later
			t.Errorf("the words were told %d times", told)
		}
		if p := s.incident("SR-1").Phase; p != "identified" {
			t.Errorf("it is %s", p)
		}

		for name, c := range map[string]struct {
			form url.Values
			code int
			says string
		}{
			"nothing":      {url.Values{"once": {"2"}}, 422, "niets ingevuld"},
			"no time":      {url.Values{"once": {"3"}, "how": {"fixing"}, "estimate": {"straks \"><script>"}}, 422, "Wanneer?"},
			"what is that": {url.Values{"once": {"4"}, "how": {"say"}}, 422, "Niet begrepen"},
			"too long":     {url.Values{"once": {"5"}, "how": {"fixing"}, "words": {strings.Repeat("é", 2001)}}, 422, "2000"},
			"too large":    {url.Values{"words": {strings.Repeat("x", 100_000)}}, 422, "2000"},
			"is it over":   {url.Values{"once": {"6"}, "how": {"resolve"}}, 200, "Zeker?"},
		} {
			code, page := s.browse("POST", link, c.form)
			if code != c.code || !strings.Contains(page, c.says) || strings.Contains(page, "<script") {
				t.Errorf("%s: %d %s", name, code, page)
			}
		}
		if v := s.incident("SR-1"); v.Phase != "identified" || v.State != "open" {
			t.Errorf("what could not be read was done: %s, %s", v.State, v.Phase)
		}
		for _, bad := range []string{"/answer/x", link + "0", "/answer/" + strings.Repeat("0", 3000)} {
			if code, page := s.browse("POST", bad, once); code != 404 || strings.Contains(page, "SR-1") {
				t.Errorf("%s: %d %s", bad, code, page)
			}
		}

		s.configure(strings.Replace(mailingTeams, "communicatie@voorbeeld", "ander@voorbeeld", 1))
		s.restart(time.Minute)
		if code, _ := s.browse("GET", link, nil); code != 404 {
			t.Errorf("he is on no team any more, and it answers %d", code)
		}
		s.configure(mailingTeams)
		s.restart(time.Minute)
		if code, _ := s.browse("GET", link, nil); code != 200 {
			t.Errorf("he is on it again: %d", code)
		}
		code, page := s.browse("POST", link, url.Values{"once": {"7"}, "how": {"resolve"}, "sure": {"yes"}})
		if code != 200 || !strings.Contains(page, "voorbij. Iedereen hoort het nu.") {
			t.Errorf("%d %s", code, page)
		}
		if code, page := s.browse("GET", link, nil); code != 200 || !strings.Contains(page, "al voorbij") || strings.Contains(page, "<form") {
			t.Errorf("of what is over: %d %s", code, page)
		}
		s.pass(24 * time.Hour)
		if code, _ := s.browse("GET", link, nil); code != 404 {
			t.Errorf("a day later it answers %d", code)
		}
	})
}

// TestLinksAreRevoked: all at once, also after a restart; later ones work.
func TestLinksAreRevoked(t *testing.T) {
	tellWith(t, mailingTeams, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(6 * time.Minute)
		newest := func() string {
			box := s.smtp.Mailbox("communicatie@voorbeeld.example")
			return ownLink.FindStringSubmatch(box[len(box)-1].Text)[1]
		}
		first := newest()
		if code, body := s.call("DELETE", "/api/v1/links", ""); code != 204 {
			t.Fatal(code, body)
		}
		for range 2 {
			if code, _ := s.browse("GET", first, nil); code != 404 {
				t.Errorf("it answers %d", code)
			}
			s.restart(time.Second)
		}
		s.pass(2 * time.Hour)
		if second := newest(); second == first {
			t.Fatal("nobody was asked again")
		} else if code, _ := s.browse("GET", second, nil); code != 200 {
			t.Errorf("the next one answers %d", code)
		}
	})
}

// TestWhoSolvesIsAsked: how it is going, before an update is due, and every half hour at
// most; what he answers is a draft for who talks, at once, and he is left alone after it.
func TestWhoSolvesIsAsked(t *testing.T) {
	const talks, solves = "+31612345601", "+31612345602"
	config := strings.Replace(replyConfig, "  resolution:\n    channels: [sms]", "  resolution:\n    channels: [sms]\n    nudge_before: 15m", 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.provider(nil)
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(7 * time.Minute)
		s.writes(solves, "GEVONDEN 2u")
		s.pass(90 * time.Minute)
		s.writes(talks, "FIXED")
		s.pass(40 * time.Minute)
		s.golden("asked")
		asked := 0
		for _, m := range s.twilio.Phone(solves) {
			if strings.Contains(m.Body, "how is it going?") {
				asked++
			}
		}
		if asked != 3 {
			t.Errorf("he was asked %d times in two hours", asked)
		}
		if _, _, broken := s.promises("SR-1"); broken != 0 {
			t.Errorf("%d promises are broken", broken)
		}
		s.twilio.Close()
	})
}
