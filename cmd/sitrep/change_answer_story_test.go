package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// plannedBySMS has people of both teams who are asked by SMS.
var plannedBySMS = planning.Replace(strings.NewReplacer(
	`recipients: [{name: "Piket communicatie", phone: "+31612345601"}]`, `recipients: [{name: Anna, phone: "+31612345601"}]`,
	`recipients: [{name: "Engineer", phone: "+31612345602", language: en}]`, `recipients: [{name: Bert, phone: "+31612345602"}, {name: Kees, phone: "+31612345603", language: en}]`,
).Replace(replyConfig))

// plan plans a change of the storage for six hours from an hour on, with a decision time
// an hour before its end.
func (s *story) plan(lead string) {
	s.t.Helper()
	s.decided(http.StatusOK, "POST", "/api/v1/changes", fmt.Sprintf(`{"title": {"nl": "verhuizing van de opslag", "en": "moving the storage"}, "services": ["mail"],
		"start": "2000-01-01T01:00:00Z", "end": "2000-01-01T07:00:00Z", "decide": "2000-01-01T06:00:00Z", "lead": %q}`, lead))
}

// answered writes an SMS, and looks at the answer.
func (s *story) answered(from, body string, says ...string) string {
	s.t.Helper()
	got := s.writes(from, body)
	for _, one := range says {
		if !strings.Contains(got, one) {
			s.t.Errorf("%q was answered %q, without %q", body, got, one)
		}
	}
	return got
}

// sure is the code in an answer that asks whether somebody is sure.
func (s *story) sure(answer string) string {
	s.t.Helper()
	code := regexp.MustCompile(`Antwoord (\d{4}) |Answer (\d{4}) `).FindStringSubmatch(answer)
	if code == nil {
		s.t.Fatalf("no code: %q", answer)
	}
	return code[1] + code[2]
}

// courseOf is what somebody said last of how a change goes, and its end.
func (s *story) courseOf(id string) (course, end string) {
	s.t.Helper()
	body := s.decided(http.StatusOK, "GET", "/api/v1/changes/"+id, "")
	if m := regexp.MustCompile(`"course":"([a-z_]+)"`).FindStringSubmatch(body); m != nil {
		course = m[1]
	}
	return course, regexp.MustCompile(`"end":"([^"]+)"`).FindStringSubmatch(body)[1]
}

// TestTheLeadAnswersBySMS: he alone is asked before the decision and before the end; that
// it takes longer is told by what he answers, and that it is done once he is sure. What
// anybody else answers changes nothing, until he leads it.
func TestTheLeadAnswersBySMS(t *testing.T) {
	t.Parallel()
	const anna, bert, kees, stranger, councillor = "+31612345601", "+31612345602", "+31612345603", "+31699999999", "+31612345605"
	tellWith(t, plannedBySMS, func(t *testing.T, s *story) {
		s.provider(nil)
		s.plan("bert")
		s.answered(bert, "SR-1 KLAAR", "nog niet begonnen")
		s.answered(bert, "LATER 2u", "geen onderhoud bezig")
		s.pass(5*time.Hour + 46*time.Minute)
		if asked := s.twilio.Phone(bert); len(asked) != 3 || !strings.Contains(asked[2].Body, "besluit om 07.00 uur. Sms OPSCHEMA, LATER 2u, TERUG of KLAAR") { // two are answers
			t.Errorf("the lead is asked %+v", asked)
		}
		if asked := s.twilio.Phone(kees); len(asked) != 0 {
			t.Errorf("who does not lead it is asked %+v", asked)
		}

		s.note("what anybody else answers changes nothing")
		version := func() string { return s.decided(http.StatusOK, "GET", "/api/v1/changes/SR-1", "") }
		before := version()
		s.answered(kees, "LATER 2h", "Bert leads it", "SR-1 LEAD")
		s.answered(kees, "SR-1 DONE", "Bert leads it")
		s.answered(anna, "SR-1 TERUG", "Bert heeft de leiding")
		s.answered(stranger, "KLAAR", "niet bekend")
		s.answered(councillor, "DONE")
		s.answered(kees, "FOUND", "Nothing is out")
		s.answered(kees, "SR-1 FOUND", "planned maintenance")
		s.answered(bert, "KLAAR ermee", "Niet begrepen")
		s.answered(bert, "LATER straks", "Wanneer?")
		s.answered(bert, "LATER 07.30", "moet", "niet later") // it is to be done at eight
		if version() != before {
			t.Error("that changed something")
		}

		s.note("the lead: it takes longer, and until when")
		s.answered(bert, "later.", "duurt langer")
		if course, _ := s.courseOf("SR-1"); course != "later" {
			t.Errorf("it is %q", course)
		}
		for range 2 { // the provider posts it again
			if got := s.writesAs("SMlater", bert, "LATER 2 UUR"); !strings.Contains(got, "moet nu vandaag om 10.00 uur klaar zijn") {
				t.Errorf("it takes two hours: %q", got)
			}
		}
		if _, end := s.courseOf("SR-1"); end != "2000-01-01T09:00:00Z" {
			t.Errorf("it is to be done at %s", end)
		}
		s.restart(time.Minute)
		s.pass(3*time.Hour + 40*time.Minute)
		if v := s.changeOf("SR-1"); v.State != "overrunning" {
			t.Errorf("%+v", v)
		}

		s.note("it runs over, and another leads it from now on")
		s.answered(kees, "SR-1 LEAD", "you lead")
		s.answered(bert, "KLAAR", "Kees heeft de leiding")
		s.answered(kees, "rolling back", "being put back")
		code := s.sure(s.answered(kees, "DONE", "stopped and everything is put back"))
		if v := s.changeOf("SR-1"); v.State != "overrunning" {
			t.Errorf("before he is sure: %+v", v)
		}
		s.answered(bert, code, "Niet begrepen")
		s.answered(kees, "on course", "goes as planned")
		done := s.sure(s.answered(kees, "SR-1 resolve", "the maintenance is done"))
		if done == code {
			t.Fatal("one code is for both")
		}
		s.answered(kees, "sr-1 "+done, "the maintenance is done. Who waits for that hears it now")
		s.answered(kees, "sr-1 "+done, "has ended already: Kees said so")
		s.answered(kees, "SR-1 DONE", "has ended already: Kees said so today at 10:27")
		s.answered(bert, "SR-1 LATER 2u", "Kees zei dat vandaag om 10.27 uur")
		s.answered(bert, "LATER 2u", "geen onderhoud bezig")
		s.pass(10 * time.Hour)
		if v := s.changeOf("SR-1"); v.State != "completed" {
			t.Errorf("%+v", v)
		}
		if body := version(); !strings.Contains(body, `"by":"Kees"`) || !strings.Contains(body, `"by":"Bert"`) {
			t.Errorf("it does not say who said so: %s", body)
		}
		s.collect()
		for i := range s.lines { // they are others in each store
			for _, c := range []string{code, done} {
				s.lines[i] = strings.ReplaceAll(s.lines[i], c, "####")
			}
		}
		s.golden("change-by-sms")
		s.twilio.Close()
	})
}

// TestTheLeadAnswersByPage: the mail that asks how a change goes leads to a page of its
// reader's own. To look at it changes nothing; that it is done is asked once more; who is
// not the lead any more, and who comes too late, is told so.
func TestTheLeadAnswersByPage(t *testing.T) {
	t.Parallel()
	config := strings.Replace(planned, "{name: Bert, email: beheer@voorbeeld.example}", "{name: Bert, email: beheer@voorbeeld.example}, {name: Kees, email: kees@voorbeeld.example, language: en}", 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.plan("Bert")
		s.pass(5*time.Hour + 46*time.Minute)
		if n := len(s.smtp.Mailbox("kees@voorbeeld.example")); n != 0 {
			t.Errorf("who does not lead it was asked %d times", n)
		}
		link := s.link("beheer@voorbeeld.example")
		version := func() string { return s.decided(http.StatusOK, "GET", "/api/v1/changes/SR-1", "") }
		has := func(what string, page string, says ...string) {
			t.Helper()
			for _, one := range says {
				if !strings.Contains(page, one) {
					t.Errorf("%s: %q is not in it: %s", what, one, page)
				}
			}
		}
		once := 0
		post := func(form url.Values) (int, string) {
			once++
			form.Set("once", fmt.Sprint(once))
			return s.browse("POST", link, form)
		}
		before := version()
		for _, query := range []string{"", "?how=done&sure=complete&once=1", "?how=later&estimate=2h"} {
			for _, method := range []string{"GET", "HEAD"} {
				code, page := s.browse(method, link+query, nil)
				if code != 200 {
					t.Fatalf("%d %s", code, page)
				}
				if method == "GET" {
					has("the page", page, "Onderhoud, begonnen vandaag om 02.00 uur. Het moet vandaag om 08.00 uur klaar zijn.", "Het gaat zoals gepland", "Het duurt langer", "We zetten alles terug", "Het is klaar", "Tot wanneer duurt het?")
					picture(t, "change", page)
				}
			}
		}
		for name, c := range map[string]struct {
			form url.Values
			code int
			says string
		}{
			"nothing":              {url.Values{}, 422, "niets ingevuld"},
			"of an outage":         {url.Values{"how": {"found"}}, 422, "Niet begrepen"},
			"over":                 {url.Values{"how": {"resolve"}, "sure": {"yes"}}, 422, "Niet begrepen"},
			"an end, and how not":  {url.Values{"estimate": {"2u"}}, 422, "hoort bij: het duurt langer"},
			"an end, and done":     {url.Values{"how": {"done"}, "estimate": {"2u"}}, 422, "hoort bij: het duurt langer"},
			"no time":              {url.Values{"how": {"later"}, "estimate": {"straks"}}, 422, "Wanneer?"},
			"no later":             {url.Values{"how": {"later"}, "estimate": {"07.30"}}, 422, "niet later"},
			"words":                {url.Values{"how": {"course"}, "words": {"Hallo."}}, 422, "voor het communicatieteam"},
			"done, and not sure":   {url.Values{"how": {"done"}}, 200, "Zeker?"},
			"sure of another step": {url.Values{"how": {"done"}, "sure": {"roll_back"}}, 200, "mensen horen dan dat het onderhoud klaar is. Zeker?"},
		} {
			if code, page := post(c.form); code != c.code || !strings.Contains(page, c.says) {
				t.Errorf("%s: %d %s", name, code, page)
			}
		}
		if version() != before {
			t.Error("that changed something")
		}

		for once, until := range []string{"2u", "10.00"} {
			for range 2 { // a double click, which finds the new end the second time
				code, page := s.browse("POST", link, url.Values{"once": {fmt.Sprint("end ", once)}, "how": {"later"}, "estimate": {until}})
				if code != 200 {
					t.Errorf("%s: %d", until, code)
				}
				has("later", page, "moet nu vandaag om 10.00 uur klaar zijn")
			}
		}
		if _, end := s.courseOf("SR-1"); end != "2000-01-01T09:00:00Z" {
			t.Errorf("it is to be done at %s", end)
		}
		s.pass(time.Minute)
		told := 0
		for _, m := range s.smtp.Mailbox("manager@voorbeeld.example") {
			if strings.Contains(m.Subject, "nieuwe eindtijd") {
				told++
			}
		}
		if told != 1 {
			t.Errorf("management was told %d times", told)
		}

		s.note("who talks may say words, and not how it goes")
		s.pass(3*time.Hour + 5*time.Minute)
		anna := s.link("communicatie@voorbeeld.example")
		_, page := s.browse("GET", anna, nil)
		has("who talks", page, "Bert heeft de leiding en zegt hoe het gaat.", `name="words"`)
		if strings.Contains(page, `name="how"`) {
			t.Errorf("she is asked how it goes: %s", page)
		}
		picture(t, "change-words", page)
		if code, page := s.browse("POST", anna, url.Values{"once": {"a"}, "how": {"done"}, "sure": {"complete"}}); code != 422 || !strings.Contains(page, "Bert heeft de leiding") {
			t.Errorf("%d %s", code, page)
		}
		if code, page := s.browse("POST", anna, url.Values{"once": {"b"}, "words": {"Een kast is over."}}); code != 200 || !strings.Contains(page, "gaat nu naar iedereen") {
			t.Errorf("%d %s", code, page)
		}

		s.note("he is sure that it is done")
		code, page := post(url.Values{"how": {"done"}})
		if code != 200 {
			t.Errorf("%d", code)
		}
		has("sure", page, "Zeker?", `name="sure" value="complete"`)
		picture(t, "change-sure", page)
		if v := s.changeOf("SR-1"); v.State != "running" {
			t.Errorf("before he is sure it is %s", v.State)
		}
		_, page = post(url.Values{"how": {"done"}, "sure": {"complete"}})
		has("done", page, "het onderhoud is klaar. Wie daarop wacht, hoort het nu.")
		_, page = post(url.Values{"how": {"done"}, "sure": {"complete"}})
		has("again", page, "SR-1 is al afgelopen: Bert zei dat vandaag om 09.5")
		if code, page := s.browse("GET", anna, nil); code != 200 || !strings.Contains(page, "al afgelopen: Bert") || strings.Contains(page, "<form") {
			t.Errorf("after the end: %d %s", code, page)
		}
		s.pass(time.Minute)
		if v := s.changeOf("SR-1"); v.State != "completed" {
			t.Errorf("%+v", v)
		}
		box := s.smtp.Mailbox("manager@voorbeeld.example")
		if last := box[len(box)-1].Subject; !strings.Contains(last, "klaar") {
			t.Errorf("management was told last: %s", last)
		}
	})
}

// TestTheTeamAnswersForAStranger: where the lead is of neither team, the team that solves
// is asked, and anybody of it may answer; what fires when it is done is an outage, and
// the answer says so.
func TestTheTeamAnswersForAStranger(t *testing.T) {
	t.Parallel()
	const anna, bert, kees = "+31612345601", "+31612345602", "+31612345603"
	tellWith(t, plannedBySMS, func(t *testing.T, s *story) {
		s.provider(nil)
		s.plan("de leverancier")
		s.pass(5*time.Hour + 46*time.Minute)
		for _, phone := range []string{bert, kees} {
			if n := len(s.twilio.Phone(phone)); n != 1 {
				t.Errorf("%s is asked %d times", phone, n)
			}
		}
		why := false
		for _, f := range s.changeOf("SR-1").Timeline {
			why = why || strings.Contains(f.Text, "to team resolution: nudge") && strings.Contains(f.Text, "its lead de leverancier is not found in the teams")
		}
		if !why {
			t.Error("it does not say why the team is asked")
		}
		s.answered(kees, "ON COURSE", "goes as planned")
		if course, _ := s.courseOf("SR-1"); course != "on_course" {
			t.Errorf("it is %q", course)
		}
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: time.Now()})
		s.pass(10 * time.Minute)
		code := s.sure(s.answered(anna, "KLAAR", "onderhoud klaar is"))
		s.answered(anna, code, "van e-mail zijn er nog meldingen", "storing")
		s.pass(time.Minute)
		if v := s.incident("SR-1"); v.Kind != "outage" || v.State != "open" {
			t.Errorf("%+v", v)
		}
		s.answered(kees, "SR-1 DONE", "That is an outage")
		s.answered(kees, "FOUND", "the cause is known")
		s.twilio.Close()
	})
}
