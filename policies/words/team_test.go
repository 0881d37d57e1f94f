package words

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// nudge is one whose quoted updates are in a language.
func nudge(t *testing.T, number int, language string, told ...string) View {
	t.Helper()
	v, err := pack(t).nudge(Scene{Quoted: Reader{Language: language, Zone: zone(t, "Europe/Amsterdam")}}, number, told...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestGoldenTeam(t *testing.T) {
	bare, never, silent := nudge(t, 3, "nl"), alarm(1), returned(alarm(2))
	bare.API, bare.Link, bare.Phase = "", "", "monitoring"
	never.HeardAt = time.Time{}
	over := returned(ailing(1, Ailment{What: "channel", Channel: "email", Code: "535 5.7.8"}))
	chained := question(2)
	chained.Consequences = mail
	chained.Service = map[string]string{"nl": "het netwerk", "en": "the network"}
	tell(t, "team.", []message{
		{title: "nudge, one update", reads: "communication", view: nudge(t, 1, "nl", "board")},
		{title: "nudge, three updates", reads: "communication", view: nudge(t, 2, "en", "board", "management", "staff")},
		{title: "nudge, nothing known", reads: "resolution", view: bare},
		{title: "question", reads: "communication", view: question(1)},
		{title: "question", reads: "resolution", view: question(1)},
		{title: "question again, a consequence", reads: "resolution", view: chained},
		{title: "alarm", reads: "communication", view: alarm(1)},
		{title: "alarm", reads: "resolution", view: alarm(1)},
		{title: "alarm again", reads: "resolution", view: alarm(2)},
		{title: "alarm, never heard", reads: "resolution", view: never},
		{title: "alarm over", reads: "communication", view: silent},
		{title: "alarm over", reads: "resolution", view: silent},
		{title: "no mail", reads: "resolution", view: ailing(1, Ailment{What: "channel", Channel: "email", Code: "535 5.7.8"})},
		{title: "no SMS", reads: "resolution", view: ailing(1, Ailment{What: "channel", Channel: "sms", Code: "20003"})},
		{title: "mail again", reads: "resolution", view: over},
		{title: "budget near its end", reads: "resolution", view: ailing(1, Ailment{What: "budget", Channel: "sms", Spent: 400, Limit: 500, Incident: "SR-12"})},
		{title: "budget used up", reads: "resolution", view: ailing(2, Ailment{What: "budget", Channel: "sms", Spent: 2000, Limit: 2000})},
		{title: "mail is late", reads: "resolution", view: ailing(1, Ailment{What: "queue", Channel: "email"})},
		{title: "a token is wrong", reads: "resolution", view: ailing(1, Ailment{What: "webhook", Code: "401"})},
		{title: "a webhook is too large", reads: "resolution", view: ailing(1, Ailment{What: "webhook", Code: "413"})},
		{title: "a full disk", reads: "resolution", view: ailing(1, Ailment{What: "store"})},
	})
}

// The text that goes out by itself is quoted whole, and is no part of the
// message's own.
func TestNudgeQuotes(t *testing.T) {
	v := nudge(t, 1, "nl", "board", "staff")
	v.Asks[0].At, v.Asks[1].At = v.Asks[1].At, v.Asks[0].At
	v.Asks[1].Text = "{{.Lead}} <b>\x02late\x03\r\n\u202e\n" + strings.Repeat("lang ", 3000) + "\n--\nfoot\n"
	out, err := pack(t).Render(v, Reader{Reads: communication, Language: "nl", Zone: zone(t, "Europe/Amsterdam")})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nstaff, om 14.30 uur (geen nieuws):\n> {{.Lead}} <b>\n", "…\n\nboard, om 14.35 uur (geen nieuws):\n> Storing e-mail\n>\n> De storing is nog",
	} {
		if !strings.Contains(out.Text, want) {
			t.Errorf("lacks %q:\n%s", want, out.Text)
		}
	}
	for _, alien := range []string{"foot", "\n> --", Mark(SlotLate) + Mark(SlotLate)} {
		if strings.Contains(out.Text, alien) {
			t.Errorf("holds %q:\n%s", alien, out.Text)
		}
	}
	if n := strings.Count(out.HTML, "<blockquote"); n != 2 {
		t.Errorf("%d quotes in the HTML", n)
	}
}

func TestNudgeOfManyUpdatesStaysSmall(t *testing.T) {
	v := outage(Nudge, 1)
	for i := range 40 {
		v.Asks = append(v.Asks, Ask{Audience: fmt.Sprintf("audience%d", i), At: v.Now, Kind: Holding, Text: strings.Repeat(`"'<&`, 5000)})
	}
	out, err := pack(t).Render(v, Reader{Reads: communication, Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(out.HTML) + len(out.Text); n >= maxMail {
		t.Errorf("%d bytes", n)
	}
	if !strings.Contains(out.Text, "and 30 more updates") || !strings.Contains(out.Text, "the first of 40 updates") {
		t.Error(out.Text)
	}
}

// An address of the API that a shell could read as more is left out.
func TestCommandsAreSafeToCopy(t *testing.T) {
	for _, api := range []string{"https://a.example/'; rm -rf ~ #", "https://a.example/$(x) y", "javascript:x", "https://a.example/\n-o x"} {
		v := question(1)
		v.API, v.Answer = api, ""
		for _, reads := range teams {
			out, err := pack(t).Render(v, Reader{Reads: reads, Language: "en"})
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out.Text, "curl") || !strings.Contains(out.Text, "via the API of sitrep") {
				t.Errorf("%q:\n%s", api, out.Text)
			}
		}
	}
}

func TestTeamsAndAudiencesReadTheirOwn(t *testing.T) {
	p := pack(t)
	for _, c := range []struct {
		kind  Kind
		reads string
		ok    bool
	}{
		{First, communication, false}, {Closing, resolution, false}, {Nudge, "technical", false}, {Alarm, "executive", false},
		{Question, "", false}, {Combined, "staff", false}, {Nudge, resolution, true}, {Question, communication, true},
	} {
		_, err := p.Render(outage(c.kind, 1), Reader{Reads: c.reads, Language: "nl"})
		if (err == nil) != c.ok {
			t.Errorf("%s for %q: %v", c.kind, c.reads, err)
		}
	}
}

// The teams see alerts only when they are asked whether these still fire.
func TestAlertsForTeams(t *testing.T) {
	p := pack(t)
	for _, kind := range teamKinds {
		for _, reads := range teams {
			v := outage(kind, 1)
			out, err := p.Render(v, Reader{Reads: reads, Language: "nl"})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(out.Text+out.HTML, "MailQueueHigh"); got != (kind == Question) {
				t.Errorf("%s for %s: alerts %v", kind, reads, got)
			}
			if !strings.Contains(out.Text, v.Link) || !strings.Contains(out.HTML, v.Link) {
				t.Errorf("%s for %s: no link", kind, reads)
			}
		}
	}
}
