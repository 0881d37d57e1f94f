package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"sitrep/channels/channeltest"
)

// testWorld is two mail servers and two SMS accounts, and a configuration that names
// them.
type testWorld struct {
	config string
	smtp   [2]*channeltest.SMTP
	hosts  [2]string
	twilio [2]*channeltest.Twilio
}

func newTestWorld(t *testing.T) *testWorld {
	t.Helper()
	w := &testWorld{}
	var urls [2]string
	for n := range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		w.hosts[n] = l.Addr().String()
		w.smtp[n] = channeltest.NewSMTP(l, channeltest.SMTPOptions{Username: "sitrep", Password: "open-sesame"})
		w.twilio[n] = channeltest.NewTwilio("AC"+strings.Repeat(fmt.Sprint(n), 32), "sesame")
		server := httptest.NewServer(w.twilio[n])
		urls[n] = server.URL
		t.Cleanup(func() { w.smtp[n].Close(); server.Close() })
	}
	w.config = fmt.Sprintf(`
global: {organisation: Gemeente Voorbeeld, language: nl, time_zone: Europe/Amsterdam}
channels:
  email: {smarthosts: [%q, %q], from: "ICT <ict@voorbeeld.example>", require_tls: false, sessions: 2, auth_username: sitrep, auth_password_file: password}
  sms:
    providers:
      - {provider: twilio, account_sid: AC%s, auth_token: sesame, from: GemVoorbld, api_url: %q}
      - {provider: twilio, account_sid: AC%s, auth_token: sesame, from: GemVoorbld, api_url: %q}
services:
  - {name: mail, title: {nl: e-mail}, matchers: ['service="mail"'], threshold: [{firing_for: 1m}]}
audiences:
  - {name: it, channels: [email], recipients: [{name: Ine, email: ine@voorbeeld.example, language: en}]}
  - {name: board, channels: [sms, email], recipients: [{name: Bo, email: bo@voorbeeld.example, phone: "+31612345604"}, {name: Ben, email: ben@voorbeeld.example, phone: "+31612345605"}]}
teams:
  communication: {channels: [email], recipients: [{name: Bo, email: other.bo@voorbeeld.example}]}
policies:
  - {name: all, updates: [{audience: board, cadence: [{from: 0s, every: 1h}]}]}
`, w.hosts[0], w.hosts[1], strings.Repeat("0", 32), urls[0], strings.Repeat("1", 32), urls[1])
	return w
}

// send runs the command, and returns what it says. The mail servers' addresses are
// named mx1 and mx2.
func (w *testWorld) send(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	file := site(t, w.config, map[string]string{"password": "open-sesame"})
	var stdout, stderr bytes.Buffer
	code = run(append([]string{"test", "send", "--config.file=" + file}, args...), &stdout, &stderr)
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 2 {
		t.Errorf("it stores something: %v, %v", entries, err)
	}
	return code, strings.NewReplacer(w.hosts[0], "mx1", w.hosts[1], "mx2").Replace(stdout.String() + stderr.String())
}

func replies(stage channeltest.Stage, code int, enhanced smtp.EnhancedCode, text string) func(channeltest.Moment) channeltest.Act {
	return func(m channeltest.Moment) channeltest.Act {
		if m.Stage != stage {
			return channeltest.Act{}
		}
		return channeltest.Act{Reply: &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}}
	}
}

// TestSendToSomebody: it reaches one recipient and no other, by the channel's own
// settings, and is marked.
func TestSendToSomebody(t *testing.T) {
	w := newTestWorld(t)
	for _, c := range []struct{ args, mail, phone, says string }{
		{"--to=jan@elders.example", "jan@elders.example", "", "an email to the address given, marked as a test\n  mx1: taken after "},
		{"--to=jan@elders.example --channel=email", "jan@elders.example", "", "Whether it arrives, that mail server's log says."},
		{"--audience=it --channel=email", "ine@voorbeeld.example", "", "an email to Ine, marked as a test"},
		{"--audience=board --to=ben --channel=email", "ben@voorbeeld.example", "", "an email to Ben"},
		{"--audience=communication --to=Bo --channel=email", "other.bo@voorbeeld.example", "", "an email to Bo"},
		{"--to=Ben --channel=sms", "", "+31612345605", "an SMS to Ben, marked as a test\n  twilio, account 1: taken after "},
		{"--to=+31612345699", "", "+31612345699", "an SMS to the address given"},
	} {
		mails, sms := len(w.smtp[0].Messages()), len(w.twilio[0].Messages())
		code, out := w.send(t, strings.Fields(c.args)...)
		if code != exitOK || !strings.Contains(out, c.says) || strings.Contains(out, "@") || strings.Contains(out, "+316") || strings.Contains(out, "sesame") {
			t.Errorf("%s: exit code %d\n%s", c.args, code, out)
		}
		all, texts := w.smtp[0].Messages()[mails:], w.twilio[0].Messages()[sms:]
		if c.mail != "" {
			if len(all) != 1 || len(texts) != 0 || all[0].To != c.mail || all[0].User != "sitrep" || !strings.HasPrefix(all[0].Subject, "TEST: ") || !strings.Contains(all[0].Text, "Gemeente Voorbeeld") {
				t.Errorf("%s: %+v", c.args, all)
			}
			if english := strings.Contains(all[0].Text, "There is no outage"); english != (c.mail == "ine@voorbeeld.example") {
				t.Errorf("%s: %s", c.args, all[0].Text)
			}
		} else if len(all) != 0 || len(texts) != 1 || texts[0].To != c.phone || !strings.HasPrefix(texts[0].Body, "TEST Gemeente Voorbeeld: ") || len(texts[0].Body) > 160 {
			t.Errorf("%s: %+v", c.args, texts)
		}
	}
	if n := len(w.smtp[1].Messages()) + len(w.twilio[1].Messages()); n != 0 {
		t.Errorf("the second way has %d messages, and the first one works", n)
	}
}

// TestSendSaysWhatWasAnswered: by each mail server and provider that was tried, with
// what to do about it.
func TestSendSaysWhatWasAnswered(t *testing.T) {
	for _, c := range []struct {
		name, args string
		does       func(w *testWorld)
		code       int
		says       []string
		second     bool // the second way has the message
	}{
		{"the first is away", "--to=jan@elders.example", func(w *testWorld) { w.smtp[0].Close() }, exitOK,
			[]string{"mx1: not taken after ", "connecting: ", "connection refused", "hint: nothing listens there", "mx2: taken after "}, true},
		{"no such mailbox", "--to=jan@elders.example", func(w *testWorld) {
			w.smtp[0].Misbehave(replies(channeltest.StageRcpt, 550, smtp.EnhancedCode{5, 1, 1}, "<jan@elders.example> unknown"))
		}, exitError, []string{"rcpt to: the smarthost answered 550 5.1.1", "hint: there is no such mailbox", "no other way would bring it there"}, false},
		{"no relaying", "--to=jan@elders.example", func(w *testWorld) {
			for n := range 2 {
				w.smtp[n].Misbehave(replies(channeltest.StageRcpt, 550, smtp.EnhancedCode{5, 7, 1}, "relaying denied"))
			}
		}, exitError, []string{"mx1: not taken", "mx2: not taken", "hint: the mail server does not pass mail on for this machine", "none of the 2 took it"}, false},
		{"greylisted", "--to=jan@elders.example", func(w *testWorld) {
			w.smtp[0].Misbehave(replies(channeltest.StageRcpt, 451, smtp.EnhancedCode{4, 7, 1}, "try later"))
		}, exitOK, []string{"451", "hint: the mail server says that a later try may succeed", "mx2: taken"}, true},
		{"a sender that is not wanted", "--to=jan@elders.example", func(w *testWorld) {
			w.smtp[0].Misbehave(replies(channeltest.StageMail, 550, smtp.EnhancedCode{5, 1, 8}, "no <ict@voorbeeld.example>"))
		}, exitOK, []string{"mail from: the smarthost answered 550", "hint: the mail server takes no mail from this sender"}, true},
		{"the reply is lost", "--to=jan@elders.example", func(w *testWorld) {
			w.smtp[0].Misbehave(func(m channeltest.Moment) channeltest.Act {
				if m.Stage == channeltest.StageData {
					return channeltest.Act{Fate: channeltest.Lost}
				}
				return channeltest.Act{}
			})
		}, exitError, []string{"mx1: not taken", "nobody knows whether the message was taken, so it is not sent by another way"}, false},
		{"a wrong password", "--to=jan@elders.example", func(w *testWorld) {
			w.config = strings.Replace(w.config, "auth_password_file: password", "auth_password: wrong-one", 1)
		}, exitError,
			[]string{"authentication", "hint: auth_username, auth_password_file and auth_mechanism", "none of the 2"}, false},
		{"no password", "--to=jan@elders.example", func(w *testWorld) {
			w.config = strings.Replace(w.config, "auth_password_file: password", "auth_password_file: nowhere", 1)
		}, exitError,
			[]string{"hint: "}, false},
		{"a wrong token", "--to=Ben --channel=sms", func(w *testWorld) {
			w.config = strings.Replace(w.config, "auth_token: sesame", "auth_token: wrong-one", 1)
		}, exitOK,
			[]string{"twilio, account 1: not taken", "20003", "hint: account_sid and auth_token_file", "twilio, account 2: taken"}, true},
		{"a number that is none", "--to=Ben --channel=sms", func(w *testWorld) {
			w.twilio[0].Misbehave(func(channeltest.TwilioCall) channeltest.TwilioAct {
				return channeltest.TwilioAct{Status: 400, Code: 21211}
			})
		}, exitError, []string{"the recipient's number is not valid", "hint: write the number as +31612345678", "no other way would bring it there"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTestWorld(t)
			c.does(w)
			code, out := w.send(t, strings.Fields(c.args)...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.says {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not said in\n%s", want, out)
				}
			}
			for _, secret := range []string{"jan@", "ict@", "ben@", "sesame", "wrong-one", "+3161234560"} {
				if strings.Contains(out, secret) {
					t.Errorf("%q is said in\n%s", secret, out)
				}
			}
			if got := len(w.smtp[1].Messages()) + len(w.twilio[1].Messages()); got != map[bool]int{true: 1}[c.second] {
				t.Errorf("the second way has %d messages", got)
			}
		})
	}
}

func TestSendToNobody(t *testing.T) {
	w := newTestWorld(t)
	for args, want := range map[string]string{
		"":                                     "nobody is named",
		"--channel=sms":                        "hint: --to=jan@example.org",
		"--to=Jan --channel=sms":               `nobody who is reached by sms is called "Jan", and it is no address and no number`,
		"--to=Ben":                             "hint: add --channel=email or --channel=sms",
		"--to=Bo --channel=email":              `2 recipients who are reached by email are called "Bo"`,
		"--audience=board --channel=sms":       "board has 2 recipients who are reached by sms, and this is for one\nhint: name one with --to: Bo, Ben",
		"--audience=it --channel=sms":          "it has nobody who is reached by sms",
		"--audience=bord --channel=sms":        "hint: there are it, board, communication",
		"--to=a@b.example --channel=sms":       "what --to names is not reached by sms",
		"--to=a@b.example --audience=board":    "--to names an address, and --audience an audience",
		"--to=a@b.example --channel=pigeon":    "must be one of email,sms",
		"--to=0612345678 --channel=sms":        "it is no address and no number",
		"--to=a@b.example,c@d --channel=email": "it is no address and no number",
	} {
		code, out := w.send(t, strings.Fields(args)...)
		if code != exitUsage || !strings.Contains(out, want) {
			t.Errorf("%q: exit code %d, want %q in\n%s", args, code, want, out)
		}
	}
	if n := len(w.smtp[0].Messages()) + len(w.twilio[0].Messages()); n != 0 {
		t.Errorf("%d messages went out", n)
	}
	if i := strings.Index(w.config, "  sms:"); i > 0 {
		end := strings.Index(w.config, "services:")
		w.config = strings.Replace(w.config[:i]+w.config[end:], "channels: [sms, email]", "channels: [email]", 1)
	}
	if code, out := w.send(t, "--to=+31612345699"); code != exitError || !strings.Contains(out, "the configuration has no channel sms") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// It ends when whoever began it wants it to.
func TestSendIsInterrupted(t *testing.T) {
	w := newTestWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for n := range 2 {
		w.smtp[n].Misbehave(func(m channeltest.Moment) channeltest.Act {
			cancel()
			return channeltest.Act{Fate: channeltest.Mute}
		})
	}
	file := site(t, w.config, map[string]string{"password": "open-sesame"})
	var out, errs bytes.Buffer
	if code := runTestSend(ctx, testSendOptions{config: file, to: "jan@elders.example"}, &out, &errs); code != exitError {
		t.Errorf("exit code %d\n%s%s", code, out.String(), errs.String())
	}
}
