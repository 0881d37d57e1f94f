package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// secondYes has two people who talk, and an engineer; the board hears what is new only
// with a yes.
var secondYes = strings.NewReplacer(
	"    critical: true\n", "    critical: true\n    approval: required\n",
	`recipients: [{name: "Piket communicatie", email: communicatie@voorbeeld.example}]`,
	`recipients: [{name: Anna, email: anna@voorbeeld.example}, {name: Bert, email: bert@voorbeeld.example, language: en}]`,
	"  resolution:\n", "  resolution:\n    nudge_before: 15m\n",
).Replace(mailingTeams)

// link is the newest by which somebody answers.
func (s *story) link(address string) string {
	s.t.Helper()
	box := s.smtp.Mailbox(address)
	if len(box) == 0 {
		s.t.Fatalf("%s was asked nothing", address)
	}
	m := ownLink.FindStringSubmatch(box[len(box)-1].Text)
	if m == nil {
		s.t.Fatalf("no link in %s", box[len(box)-1].Text)
	}
	return m[1]
}

// says posts an answer to what waits, each time as a form of its own.
func (s *story) says(link string, update int, answer, why string) (status int, page string) {
	s.t.Helper()
	s.messages++
	return s.browse("POST", link, url.Values{"draft": {fmt.Sprint(update)}, "answer": {answer}, "why": {why}, "once": {fmt.Sprint("page", s.messages)}})
}

// picture keeps a page to look at, where SITREP_PAGES names a folder.
func picture(t *testing.T, name, page string) {
	t.Helper()
	if dir := os.Getenv("SITREP_PAGES"); dir != "" {
		if err := os.WriteFile(dir+"/"+name+".html", []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestApproveByLink: the page of who talks shows what waits as the board would read it,
// and takes a yes or a no. To look at it changes nothing; who wrote it is not asked; of
// two who answer, the second is told what the first decided; and a yes is never for a
// text that its giver did not read.
func TestApproveByLink(t *testing.T) {
	tellWith(t, secondYes, func(t *testing.T, s *story) {
		s.provider(nil)
		told := func(text string) (n int) {
			for _, m := range s.smtp.Mailbox("bestuurder@voorbeeld.example") {
				if strings.Contains(m.Text, text) {
					n++
				}
			}
			return n
		}
		waits := func() awaitingView {
			t.Helper()
			all := s.waiting()
			if len(all) != 1 {
				t.Fatalf("there waits %+v", all)
			}
			return all[0]
		}
		has := func(what, page string, says ...string) {
			t.Helper()
			for _, one := range says {
				if !strings.Contains(page, one) {
					t.Errorf("%s: %q is not in it: %s", what, one, page)
				}
			}
		}
		version := func() string { _, body := s.call("GET", "/api/v1/incidents/SR-1", ""); return body }

		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(20 * time.Minute)
		anna, bert := s.link("anna@voorbeeld.example"), s.link("bert@voorbeeld.example")
		first := waits().Update
		before := version()
		for _, query := range []string{"", fmt.Sprintf("?draft=%d&answer=yes&once=1", first)} {
			code, page := s.browse("GET", anna+query, nil)
			if code != 200 {
				t.Fatalf("%d %s", code, page)
			}
			has("the page", page, fmt.Sprintf("Bericht %d aan board wacht op akkoord", first), "Niemand schreef dit", "Storing e-mail (1)", "De e-mail (nl)", "De e-mail (en)",
				"Wij zoeken de oorzaak", "Zonder akkoord gaat er niets uit", `name="answer" value="yes"`, `name="answer" value="no"`)
			picture(t, "first", page)
		}
		if code, _ := s.browse("POST", fmt.Sprintf("%s?draft=%d&answer=yes", anna, first), url.Values{}); code != 422 {
			t.Errorf("what stands in an address only is answered %d", code)
		}
		r := httptest.NewRequest("POST", "https://sitrep.voorbeeld.example"+anna, strings.NewReader(url.Values{"draft": {fmt.Sprint(first)}, "answer": {"yes"}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		s.daemon.handler.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("another site's form is answered %d", w.Code)
		}
		for _, bad := range []url.Values{{"draft": {"x"}, "answer": {"yes"}}, {"draft": {"-1"}, "answer": {"yes"}}, {"draft": {fmt.Sprint(first)}, "answer": {"maybe"}}} {
			if code, page := s.browse("POST", anna, bad); code != 422 || !strings.Contains(page, "Niet begrepen") {
				t.Errorf("%v: %d %s", bad, code, page)
			}
		}
		if code, page := s.says(s.link("beheer@voorbeeld.example"), first, "yes", ""); code != 422 || strings.Contains(page, "class=\"draft\"") {
			t.Errorf("who solves: %d %s", code, page)
		}
		if version() != before {
			t.Error("that changed something")
		}

		twice := url.Values{"draft": {fmt.Sprint(first)}, "answer": {"yes"}, "once": {"a form"}}
		for range 2 { // a double click
			code, page := s.browse("POST", anna, twice)
			if code != 200 || strings.Contains(page, "class=\"draft\"") {
				t.Errorf("%d %s", code, page)
			}
			has("a yes", page, fmt.Sprintf("bericht %d gaat nu uit", first))
			picture(t, "yes", page)
		}
		code, page := s.says(bert, first, "yes", "")
		if code != 200 {
			t.Errorf("%d", code)
		}
		has("a second yes", page, fmt.Sprintf("Anna said yes to update %d", first))
		_, page = s.says(bert, first, "no", "too late")
		has("a no after it", page, fmt.Sprintf("Anna said yes to update %d", first))
		s.pass(time.Minute)
		if n := told("Wij zoeken de oorzaak"); n != 1 {
			t.Errorf("the board was told %d times", n)
		}

		_, page = s.browse("POST", anna, url.Values{"once": {"w1"}, "words": {"Een schijf is stuk. <b>Bel 1234</b>"}})
		has("words", page, "wacht op akkoord")
		old := waits().Update
		s.pass(2 * time.Minute)
		box := s.smtp.Mailbox("bert@voorbeeld.example")
		has("the mail", box[len(box)-1].Text, "What is new in it comes from Anna, so somebody else has to give it.", "gets an update without this news at 02:00", "by the link in this message")
		picture(t, "nudge-en", box[len(box)-1].HTML)
		box = s.smtp.Mailbox("anna@voorbeeld.example")
		picture(t, "nudge-nl", box[len(box)-1].HTML)
		_, page = s.browse("GET", anna, nil)
		has("who wrote it", page, "komt van Anna zelf", "&lt;b&gt;Bel 1234&lt;/b&gt;", `name="answer" value="no"`)
		if strings.Contains(page, `name="answer" value="yes"`) || strings.Contains(page, "<b>") {
			t.Errorf("who wrote it is asked: %s", page)
		}
		picture(t, "own", page)
		_, page = s.says(anna, old, "yes", "")
		has("her own yes", page, "Iemand anders moet akkoord geven")
		_, page = s.browse("GET", bert, nil)
		has("somebody else", page, "comes from Anna", "Een schijf is stuk.", "an update without this news goes out", `name="answer" value="yes"`)
		picture(t, "words", page)

		s.browse("POST", anna, url.Values{"once": {"w2"}, "words": {"Een schijf is stuk. Bel 4321."}})
		fresh := waits().Update
		_, page = s.says(bert, old, "yes", "")
		has("a yes to the old text", page, fmt.Sprintf("waits as update %d", fresh), "Bel 4321.", fmt.Sprintf(`name="draft" value="%d"`, fresh))
		picture(t, "replaced", page)
		s.pass(time.Minute)
		if told("Bel 1234")+told("Bel 4321") != 0 {
			t.Error("it went out")
		}
		if code, page := s.says(bert, fresh, "no", " ."); code != 422 || !strings.Contains(page, `<details class="reject" open>`) {
			t.Errorf("a no without a reason: %d %s", code, page)
		} else {
			picture(t, "why", page)
		}
		_, page = s.says(bert, fresh, "no", "The number is wrong <i>")
		has("a no", page, fmt.Sprintf("update %d does not go out", fresh))
		_, page = s.says(anna, fresh, "no", "Ik ook")
		has("another no", page, "gaat niet uit")
		_, page = s.says(bert, fresh, "yes", "")
		has("a yes after the no", page, fmt.Sprintf("Bert said no to update %d", fresh))
		if !strings.Contains(version(), "The number is wrong") {
			t.Error("the timeline does not say why")
		}

		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began, ends: time.Now()})
		s.pass(10 * time.Minute)
		anna = s.link("anna@voorbeeld.example")
		end := waits()
		code, page = s.browse("GET", anna, nil)
		if code != 200 || end.Kind != "closing" || strings.Contains(page, `name="how"`) {
			t.Errorf("of the end: %d %+v", code, end)
		}
		has("of the end", page, "wacht nog op akkoord", "Storing e-mail voorbij", "alleen uit dat het voorbij is")
		picture(t, "end", page)
		if _, page := s.browse("POST", anna, url.Values{"once": {"late"}, "words": {"Nog iets."}}); !strings.Contains(page, "wacht nog op akkoord") {
			t.Errorf("words about what is over: %s", page)
		}
		_, page = s.says(anna, end.Update, "yes", "")
		has("its yes", page, "gaat nu uit")
		_, page = s.says(bert, end.Update, "yes", "")
		has("the second", page, "Anna said yes")
		s.pass(time.Minute)
		if told("voorbij") == 0 {
			t.Error("the board was not told the end")
		}
		if code, page := s.browse("GET", anna, nil); code != 200 || !strings.Contains(page, "al voorbij") || strings.Contains(page, "<form") {
			t.Errorf("after the end: %d %s", code, page)
		}
		s.twilio.Close()
	})
}
