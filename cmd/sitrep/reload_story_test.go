package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sitrep/channels/channeltest"
)

// reload asks for one, and returns what was answered.
func (s *story) reload(query string, want int) string {
	s.t.Helper()
	code, body := s.call("POST", "/-/reload"+query, "")
	if code != want {
		s.t.Fatalf("the reload was answered %d %s, want %d", code, body, want)
	}
	return body
}

// metric returns the lines of one metric.
func (s *story) metric(name string) string {
	s.t.Helper()
	_, all := s.call("GET", "/metrics", "")
	var out []string
	for line := range strings.Lines(all) {
		if strings.HasPrefix(line, name) && !strings.HasPrefix(line, "#") {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return strings.Join(out, "\n")
}

// TestReloadInTheMiddleOfAnIncident: what comes next follows the new file; a restart
// right after it goes on alike.
func TestReloadInTheMiddleOfAnIncident(t *testing.T) {
	for _, again := range []bool{false, true} {
		tell(t, func(t *testing.T, s *story) {
			a := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
			s.webhook(a)
			s.pass(40 * time.Minute) // it hears every half hour: at 5 and 35 minutes
			s.note("IT hears every ten minutes from now on, and there is a new audience")
			s.configure(strings.Replace(strings.Replace(storyConfig, "{audience: it, cadence: [{from: 0s, every: 30m}]}", "{audience: it, cadence: [{from: 0s, every: 10m}]}\n      - {audience: press, cadence: [{from: 0s, every: 1h}]}", 1),
				"audiences:\n", "audiences:\n  - {name: press, channels: [email], recipients: [{name: Press, email: press@voorbeeld.example}]}\n", 1))
			s.pass(time.Minute)
			s.reload("", http.StatusOK)
			if again {
				s.restart(0)
			}
			s.pass(25 * time.Minute)
			a.ends = time.Now()
			s.webhook(a)
			s.pass(10 * time.Minute)
			s.golden("reload")
		})
	}
}

// TestReloadTakesAllOrNothing: a file with mistakes changes nothing, and each is named
// with its line; so does one that looks like a mistake, until it is forced.
func TestReloadTakesAllOrNothing(t *testing.T) {
	tell(t, func(t *testing.T, s *story) {
		a := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
		s.webhook(a)
		s.pass(10 * time.Minute)
		before := s.due()
		loaded := s.metric("sitrep_config_last_reload_success_timestamp_seconds")
		s.configure(strings.Replace(strings.Replace(storyConfig, "every: 30m", "every: soon", 1), "sla: gold", "sla: golden", 1))
		body := s.reload("", http.StatusUnprocessableEntity)
		for _, want := range []string{"sitrep.yml:", "golden", "soon"} {
			if !strings.Contains(body, want) {
				t.Errorf("the answer does not say %q: %s", want, body)
			}
		}
		if strings.Contains(body, "@voorbeeld") {
			t.Errorf("the answer holds an address: %s", body)
		}
		if got := s.due(); got != before {
			t.Errorf("due is %s, was %s", got, before)
		}
		if got := s.metric("sitrep_config_last_reload_successful"); got != "sitrep_config_last_reload_successful 0" {
			t.Error(got)
		}

		s.configure(boardless(storyConfig))
		body = s.reload("", http.StatusConflict)
		if !strings.Contains(body, `audience \"board\" would lose all its recipients: 2 before, none after`) {
			t.Error(body)
		}
		if got := s.due(); got != before {
			t.Errorf("due is %s, was %s", got, before)
		}
		body = s.reload("?dry_run=true&force=true", http.StatusOK)
		var dry struct {
			InForce bool `json:"in_force"`
		}
		if err := json.Unmarshal([]byte(body), &dry); err != nil || dry.InForce {
			t.Errorf("%v %s", err, body)
		}
		if got := s.due(); got != before {
			t.Errorf("due is %s, was %s", got, before)
		}
		time.Sleep(time.Minute)
		s.reload("?force=true", http.StatusOK)
		if got := s.due(); strings.Contains(got, "board") || got == before {
			t.Errorf("due is %s", got)
		}
		if got := s.metric("sitrep_config_last_reload_successful"); got != "sitrep_config_last_reload_successful 1" {
			t.Error(got)
		}
		if got := s.metric("sitrep_config_last_reload_success_timestamp_seconds"); got == loaded {
			t.Error("the moment of the last reload did not change")
		}

		var many []string
		for _, n := range strings.Split("abcdefghij", "") {
			many = append(many, "{email: "+n+"@voorbeeld.example}")
		}
		s.configure(strings.Replace(boardless(storyConfig), `{name: "IT department", email: it@voorbeeld.example}`, strings.Join(many, ", "), 1))
		if body := s.reload("", http.StatusConflict); !strings.Contains(body, `audience \"it\" would grow from 1 recipient to 10`) {
			t.Error(body)
		}
	})
}

// subjects are those of the mails that somebody got.
func (s *story) subjects(address string) string {
	var all []string
	for _, m := range s.smtp.Mailbox(address) {
		all = append(all, m.Subject)
	}
	return strings.Join(all, "\n")
}

// due is what comes next, as the API says it.
func (s *story) due() string {
	s.t.Helper()
	s.pass(0)
	_, body := s.call("GET", "/api/v1/schedule", "")
	return body
}

// onDuty is an organisation whose team, and one audience, stand in files.
func onDuty() string {
	config := withTeams(storyConfig)
	config = strings.Replace(config, "recipients: [{name: Piket communicatie, email: communicatie@voorbeeld.example}]", "recipients_files: [duty.csv]", 1)
	return strings.Replace(config, `recipients: [{name: "IT department", email: it@voorbeeld.example}]`, "recipients_files: [it.csv]", 1)
}

// TestWhoIsOnDutyStandsInAFile: a recipients file that changes comes into force by
// itself; one that is wrong, or was emptied, does not, and the last good one holds.
// The configuration itself waits for a reload meanwhile.
func TestWhoIsOnDutyStandsInAFile(t *testing.T) {
	tellFiles(t, onDuty(), map[string]string{
		"duty.csv": "name,email\nAnna,anna@voorbeeld.example\n",
		"it.csv":   "name,email\nIT,it@voorbeeld.example\n",
	}, func(t *testing.T, s *story) {
		count := func(name string) int { return len(s.smtp.Mailbox(name + "@voorbeeld.example")) }
		a := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began}
		s.webhook(a)
		s.pass(30 * time.Minute)
		if count("anna") == 0 || count("bob") != 0 {
			t.Fatalf("asked before: anna %d, bob %d", count("anna"), count("bob"))
		}
		s.configure("this is no configuration") // nobody asked for a reload
		s.write("duty.csv", "name,email\nBob,bob@voorbeeld.example\n")
		s.pass(30 * time.Second)
		anna := count("anna")
		s.pass(time.Hour)
		if count("bob") == 0 || count("anna") != anna {
			t.Errorf("asked after: anna %d more, bob %d", count("anna")-anna, count("bob"))
		}

		bob := count("bob")
		for what, text := range map[string]string{"emptied": "name,email\n", "gone": "", "wrong": "name,email\nCarl,carl\n", "no file": "-"} {
			s.write("duty.csv", text)
			if text == "-" {
				s.remove("duty.csv")
			}
			s.pass(time.Minute)
			if got := s.metric(`sitrep_recipients_file_refused{file="duty.csv"}`); !strings.HasSuffix(got, " 1") {
				t.Errorf("%s: %s", what, got)
			}
		}
		s.pass(time.Hour)
		if count("bob") == bob {
			t.Error("nobody was asked while the file was wrong")
		}
		alarms := s.subjects("beheer@voorbeeld.example")
		if !strings.Contains(alarms, "Alarm:") {
			t.Errorf("nobody was alarmed of the file: %s", alarms)
		}
		s.write("duty.csv", "name,email\nBob,bob@voorbeeld.example\n")
		s.pass(time.Minute)
		if got := s.metric(`sitrep_recipients_file_refused{file="duty.csv"}`); !strings.HasSuffix(got, " 0") {
			t.Errorf("it is right again: %s", got)
		}

		s.write("it.csv", "name,email\nX,x@voorbeeld.example\n")
		s.pass(time.Minute)
		x := count("x")
		s.pass(time.Hour)
		if count("x") == x {
			t.Error("the new department hears nothing")
		}
		all := "name,email\n"
		for _, n := range strings.Split("abcdefghijkl", "") {
			all += n + "," + n + "@voorbeeld.example\n"
		}
		s.write("it.csv", all)
		s.pass(2 * time.Hour)
		if count("a") != 0 {
			t.Error("a list twelve times as long was taken by itself")
		}
		s.configure(onDuty())
		s.reload("?force=true", http.StatusOK)
		s.pass(time.Hour)
		if count("a") == 0 {
			t.Error("a list twelve times as long was not taken though it was forced")
		}
	})
}

// TestReloadOfTheChannels: what is sent after it goes by the new settings, and what was
// being sent ends by the old ones, once; a channel may come, and go.
func TestReloadOfTheChannels(t *testing.T) {
	tell(t, func(t *testing.T, s *story) {
		last := func(name string) channeltest.Mail {
			t.Helper()
			all := s.smtp.Mailbox(name + "@voorbeeld.example")
			if len(all) == 0 {
				t.Fatalf("%s got nothing", name)
			}
			return all[len(all)-1]
		}
		slow := true // the first mail takes until after the reload
		s.smtp.Misbehave(func(m channeltest.Moment) channeltest.Act {
			if slow && m.Stage == channeltest.StageData && m.To == "it@voorbeeld.example" {
				return channeltest.Act{Wait: 3 * time.Minute}
			}
			return channeltest.Act{}
		})
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(6 * time.Minute)
		slow = false
		other := strings.Replace(storyConfig, "ICT-storingen <ict@voorbeeld.example>", "Servicedesk <desk@voorbeeld.example>", 1)
		s.configure(other)
		s.reload("", http.StatusOK)
		s.pass(4 * time.Minute)
		if n := len(s.smtp.Mailbox("it@voorbeeld.example")); n != 1 || !strings.Contains(last("it").From, "ict@") {
			t.Errorf("IT got %d mails, the last from %s", n, last("it").From)
		}
		s.pass(50 * time.Minute) // it is 1:00
		if from := last("it").From; !strings.Contains(from, "desk@") {
			t.Errorf("the next came from %s", from)
		}

		// SMS goes, and comes again with another budget; the board is told by mail meanwhile.
		sms := len(s.twilio.Messages())
		from, to := strings.Index(other, "  sms: {"), strings.Index(other, "severities:")
		s.configure(strings.Replace(other[:from]+other[to:], "channels: [sms, email]", "channels: [email]", 1))
		s.reload("", http.StatusOK)
		s.pass(45 * time.Minute)
		if n := len(s.twilio.Messages()); n != sms {
			t.Errorf("%d SMS were sent without a channel", n-sms)
		}
		s.configure(strings.Replace(other, "from: GemVoorbld,", "from: Gemeente, budget: {per_day: 500},", 1))
		s.reload("", http.StatusOK)
		s.pass(45 * time.Minute)
		if all := s.twilio.Messages(); len(all) == sms || all[len(all)-1].From != "Gemeente" {
			t.Errorf("%d SMS were sent by the channel that came: %+v", len(all)-sms, all[len(all)-1])
		}
		s.smtp.Misbehave(nil)
		if made, _, broken := s.promises("SR-1"); made == 0 || broken != 0 {
			t.Errorf("of %d promises %d are broken", made, broken)
		}
	})
}

// TestReloadOfWhoMayCall: a token that is gone opens nothing, a new one does; and where
// others can reach sitrep, an access block cannot go.
func TestReloadOfWhoMayCall(t *testing.T) {
	with := func(name string) string {
		return storyConfig + "access: {tokens: [{name: " + name + ", role: admin, token: of-" + name + "}]}\n"
	}
	tellWith(t, with("anna"), func(t *testing.T, s *story) {
		s.configure(with("bob"))
		if code := s.said("of-anna", "192.0.2.1", "POST", "/-/reload", ""); code != http.StatusOK {
			t.Fatalf("it was answered %d", code)
		}
		for token, want := range map[string]int{"of-anna": http.StatusUnauthorized, "of-bob": http.StatusOK} {
			if code := s.said(token, "192.0.2.1", "GET", "/api/v1/incidents", ""); code != want {
				t.Errorf("%s was answered %d", token, code)
			}
		}
		s.daemon.o.open = true
		s.configure(storyConfig)
		if code := s.said("of-bob", "192.0.2.1", "POST", "/-/reload", ""); code != http.StatusUnprocessableEntity {
			t.Errorf("without an access block it was answered %d", code)
		}
	})
}

// TestReloadOfWords: what is told after it is told in them; with a fault in them nothing
// changes.
func TestReloadOfWords(t *testing.T) {
	foot := func(n string) string {
		return `{{define "first.foot"}}Afzender ` + n + `{{with .Organisation}} · {{.}}{{end}}{{with .Incident}} · Kenmerk {{.}}{{end}} · Bericht {{.Number}}{{end}}`
	}
	file := site(t, "", map[string]string{"words/nl/a.tmpl": foot("een")})
	pattern := filepath.Join(filepath.Dir(file), "words", "nl", "*.tmpl")
	own := filepath.Join(filepath.Dir(pattern), "a.tmpl")
	tellWith(t, storyConfig+"templates: ["+pattern+"]\n", func(t *testing.T, s *story) {
		write := func(text string) {
			t.Helper()
			if err := os.WriteFile(own, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(`{{define "first.foot"}}Dit is stuk{{end}`)
		if body := s.reload("", http.StatusUnprocessableEntity); !strings.Contains(body, "a.tmpl") {
			t.Errorf("it does not name the file: %s", body)
		}
		write(`{{define "first.opening"}}Dit zegt niet wat er is.{{end}}`)
		if body := s.reload("", http.StatusUnprocessableEntity); !strings.Contains(body, "does not say") {
			t.Errorf("it does not say what is wrong: %s", body)
		}
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(10 * time.Minute) // the management heard
		write(foot("twee"))
		s.reload("", http.StatusOK)
		s.pass(10 * time.Minute) // the board heard
		for name, want := range map[string]string{"manager": "Afzender een", "bestuurder": "Afzender twee"} {
			if box := s.smtp.Mailbox(name + "@voorbeeld.example"); len(box) != 1 || !strings.Contains(box[0].Text, want) {
				t.Errorf("%s got %+v", name, box)
			}
		}
	})
}
