package words

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// nudge asks for words for the updates that go out at half past two.
func nudge(t *testing.T, number int, language string, told ...string) View {
	t.Helper()
	v := outage(Nudge, number)
	v.NextBefore, v.API = time.Time{}, "https://sitrep.example/api/v1/incidents/SR-12"
	for i, audience := range told {
		due := outage(Holding, 2+i)
		due.Now, due.NextBefore = v.Now.Add(20*time.Minute), v.Now.Add(40*time.Minute)
		out, err := pack(t).Render(due, Reader{Reads: audiences[i%len(audiences)], Language: language, Zone: zone(t, "Europe/Amsterdam")})
		if err != nil {
			t.Fatal(err)
		}
		v.Asks = append(v.Asks, Ask{Audience: audience, At: v.Now.Add(time.Duration(20+5*i) * time.Minute), Kind: Holding, Text: out.Text})
	}
	return v
}

func question(number int) View {
	v := outage(Question, number)
	v.NextBefore, v.HeardAt, v.API = time.Time{}, noon.Add(4*time.Minute), "https://sitrep.example/api/v1/incidents/SR-12"
	v.Now = noon.Add(6 * time.Hour)
	return v
}

func alarm(number int) View {
	return View{
		Organisation: "Gemeente Voorbeeld", Kind: Alarm, Number: number, Now: noon.Add(20 * time.Minute), HeardAt: noon,
		Watchdog: `alertname="Watchdog"`, Link: "https://sitrep.example/",
	}
}

func TestGoldenTeam(t *testing.T) {
	bare, never, returned := nudge(t, 3, "nl"), alarm(1), alarm(3)
	bare.API, bare.Link, bare.Phase = "", "", "monitoring"
	never.HeardAt = time.Time{}
	returned.Returned, returned.Since = true, noon
	chained := question(2)
	chained.Consequences = mail
	chained.Service = map[string]string{"nl": "het netwerk", "en": "the network"}
	tell(t, "team.", []message{
		{"nudge, one update", "communication", nudge(t, 1, "nl", "board")},
		{"nudge, three updates", "communication", nudge(t, 2, "en", "board", "management", "staff")},
		{"nudge, nothing known", "resolution", bare},
		{"question", "communication", question(1)},
		{"question", "resolution", question(1)},
		{"question again, a consequence", "resolution", chained},
		{"alarm", "communication", alarm(1)},
		{"alarm", "resolution", alarm(1)},
		{"alarm again", "resolution", alarm(2)},
		{"alarm, never heard", "resolution", never},
		{"alarm over", "communication", returned},
		{"alarm over", "resolution", returned},
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
	if !strings.Contains(out.Text, "and 30 more updates") || !strings.Contains(out.Text, "40 updates go out") {
		t.Error(out.Text)
	}
}

// An address of the API that a shell could read as more is left out.
func TestCommandsAreSafeToCopy(t *testing.T) {
	for _, api := range []string{"https://a.example/'; rm -rf ~ #", "https://a.example/$(x) y", "javascript:x", "https://a.example/\n-o x"} {
		v := question(1)
		v.API = api
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
