package rehearse

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sitrep/policies"
)

const begins = "start 2026-05-12T09:00+02:00\n"

func TestAScriptIsRead(t *testing.T) {
	s, err := Parse("friday.script", `# A title
# and more
start 2026-10-23T16:40+02:00   # the zone is kept
3h     resolve MailDown instance=2
0s     fire    MailDown x3   service=mail severity=critical summary="No \"answer\""
1d2h   say     SR-2 board,it nl:"Een schijf." en:"A disk.\nTwo." phase=identified
1d2h   say     "To all"
1d     flap    MailDown every 2m for 1d
25h    restart for 10m
25h    end     "Done"
25h    lose    webhooks
26h    find    webhooks
`)
	if err != nil {
		t.Fatal(err)
	}
	if s.Title != "A title" || s.Start.Format(time.RFC3339) != "2026-10-23T16:40:00+02:00" {
		t.Errorf("%q begins at %v", s.Title, s.Start)
	}
	if want := s.Start.Add(3 * day); !s.End.Equal(want) { // a day after it flaps no more
		t.Errorf("it ends at %v, not %v", s.End, want)
	}
	var lines []int
	for _, step := range s.Steps {
		lines = append(lines, step.Line)
	}
	if len(lines) != 9 || lines[0] != 5 || lines[1] != 4 || lines[2] != 8 || lines[3] != 9 || lines[4] != 10 {
		t.Errorf("the lines are played in the order %v", lines)
	}
	fire := s.Steps[0].Fire
	if fire.Name != "MailDown" || fire.Count != 3 || fire.Summary != `No "answer"` || len(fire.Labels) != 2 {
		t.Errorf("%+v", fire)
	}
	say := s.Steps[6].Say
	if say.Incident != "SR-2" || strings.Join(say.Audiences, " ") != "board it" || say.Texts["en"] != "A disk.\nTwo." || say.Phase != "identified" {
		t.Errorf("%+v", say)
	}
}

func TestWhatIsToldIsRead(t *testing.T) {
	s, err := Parse("s", begins+`0s fire X x2 sitrep_impact_nl="Geen mail." service=mail sitrep_impact="No mail." sitrep_summary_pt_BR="Nada."
0s flap Y every 1m for 1h sitrep_workaround="Call."
1m set SR-2 known_nl="Een schijf." known="A disk." impact="" lead="Jan"
`)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []string{
		`X fires: 2 alerts (service=mail), and says: summary pt-BR:"Nada."; impact "No mail." nl:"Geen mail."`,
		`Y flaps, and says: workaround "Call." every 1m for 1h`,
		`a person sets lead Jan, impact none, known "A disk." nl:"Een schijf."`,
	} {
		if got := s.Steps[n].sentence(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if s.Steps[2].Set.Incident != "SR-2" || len(s.Steps[0].Fire.Labels) != 1 {
		t.Errorf("%+v %+v", s.Steps[2].Set, s.Steps[0].Fire)
	}
}

func TestMistakesNameTheirLine(t *testing.T) {
	for _, c := range []struct{ script, says string }{
		{"", "s:1:1: the script says nothing: expected start"},
		{"# only a comment\n", "the script says nothing"},
		{"0s fire MailDown", "s:1:1: expected start and a moment before anything else, not 0s"},
		{"start", "s:1:1: expected one moment after start"},
		{"start tomorrow", "s:1:7: expected a moment with its time zone, not tomorrow"},
		{"start 2026-05-12T09:00", "expected a moment with its time zone"},
		{"start 0001-01-01T00:00Z", "calendars do not reach the year 1"},
		{begins + begins, "s:2:1: the script starts twice"},
		{begins + "0s", "s:2:3: expected a command after the offset: fire, resolve"},
		{begins + "-5m fire X", "s:2:1: -5m is before the start"},
		{begins + "soon fire X", "s:2:1: expected a duration, not soon"},
		{begins + "5 fire X", "expected a duration, not 5"},
		{begins + "11y fire X", "11y is too long"},
		{begins + "0s burn X", "s:2:4: expected a command, not burn"},
		{begins + "0s phase identified", `hint: a phase goes with words`},
		{begins + "0s fire", "s:2:4: expected the name of an alert after fire"},
		{begins + "0s fire x3", "s:2:9: expected the name of an alert, not x3"},
		{begins + "0s fire X x0", "expected from x1 to x10000, not x0"},
		{begins + "0s fire X x99999999999999999999", "expected from x1 to"},
		{begins + "0s fire X service", "s:2:11: expected label=value, not service"},
		{begins + "0s fire X a-b=c", `"a-b" is no name of a label`},
		{begins + "0s fire X alertname=Y", "the name of the alert stands after fire"},
		{begins + "0s fire X a=b a=c", "label a appears twice"},
		{begins + `0s fire X sitrep_sumary="a"`, "s:2:11: sitrep_sumary is none of sitrep_summary, sitrep_impact and sitrep_workaround"},
		{begins + `0s fire X sitrep_known="a"`, "sitrep_known is none of"},
		{begins + `0s fire X sitrep_impact_dutch="a"`, "sitrep_impact_dutch is none of"},
		{begins + `0s fire X sitrep_impact=" "`, "s:2:11: the text is empty"},
		{begins + `0s fire X sitrep_impact_nl="a" sitrep_impact_NL="b"`, "s:2:32: there are two texts for the same readers"},
		{begins + `0s fire X sitrep_impact="` + strings.Repeat("é", 301) + `"`, "the text is longer than 300 characters"},
		{begins + "0s fire X\n1h resolve X sitrep_impact=a", "sitrep_impact is no label here"},
		{begins + "0s set", "s:2:4: expected what to set"},
		{begins + `0s set impacts="a"`, "expected phase, severity, estimate, lead, title, summary, impact, workaround, known, ruled_out or doing, not impacts"},
		{begins + `0s set impact_dutch="a"`, "or doing, not impact_dutch"},
		{begins + `0s set impact="a" impact="b"`, "s:2:19: impact appears twice"},
		{begins + `0s set impact_nl=""`, `the text is empty; impact="" takes it back`},
		{begins + `0s set ruled_out_en="a" ruled_out=""`, "ruled_out is given and taken back in one line"},
		{begins + `0s set ruled_out="" ruled_out_en="a"`, "ruled_out is given and taken back in one line"},
		{begins + `0s set doing="` + strings.Repeat("x", 301) + `"`, "the text is longer than 300 characters"},
		{begins + "0s open", "s:2:4: expected a service after open"},
		{begins + "0s open severity=critical", "s:2:4: expected a service after open"},
		{begins + "0s open mail", "s:2:4: expected severity=…"},
		{begins + "0s open mail critical", "s:2:14: expected name=value, not critical"},
		{begins + "0s open mail severity=critical since=soon", "s:2:32: expected a duration, not soon"},
		{begins + "0s open mail severity=critical colour=red", "expected severity, since, title, summary, impact, workaround, known, ruled_out or doing, not colour"},
		{begins + `0s open mail severity=critical "why" "more"`, `nothing was expected here, but there is "more"`},
		{begins + "0s send board it", "nothing was expected here, but there is it"},
		{begins + "0s cancel", "expected the number of an update after cancel"},
		{begins + "0s cancel SR-1 0", "expected the number of an update after cancel"},
		{begins + "0s merge", "expected an incident after merge"},
		{begins + "0s merge SR-2 SR-1", "expected into and another incident"},
		{begins + "0s merge SR-2 into mail", "expected an incident after into"},
		{begins + "0s split SR-1", "expected a service"},
		{begins + "0s resolve X", "s:2:1: no alert X has fired by then"},
		{begins + "1h fire X\n30m resolve X", "s:3:1: no alert X has fired by then"},
		{begins + "0s flap X", "expected every and a duration"},
		{begins + "0s flap X every 2m", "expected for and a duration"},
		{begins + "0s flap X every 0s for 1d", "expected more than 0s"},
		{begins + "0s flap X every 1d for 2m", "it flaps for less than one turn"},
		{begins + "0s flap X every 1ms for 1d", "it flaps more than"},
		{begins + "0s say board", "expected a text in quotes"},
		{begins + `0s say "never closed`, "s:2:8: the quotes are never closed"},
		{begins + `0s say "bad \q"`, "the quoted text cannot be read"},
		{begins + `0s say "a"b`, "something follows the quotes at once"},
		{begins + `0s say "  "`, "the text is empty"},
		{begins + `0s say "a" "b"`, "two texts for the same readers"},
		{begins + `0s say dutch:"a"`, "expected a language such as en: before the text, not dutch:"},
		{begins + `0s say "a" phase=over`, `phase "over" is none of [investigating identified monitoring]`},
		{begins + `0s say "a" board`, "expected the text or phase=…, not board"},
		{begins + `0s end "a" "b"`, `nothing was expected here, but there is "b"`},
		{begins + "0s restart for", "expected a duration after for"},
		{begins + "0s restart soon", "expected for and a duration, not soon"},
		{begins + "0s lose", "expected webhooks after lose"},
		{begins + "until", "expected one offset after until"},
		{begins + "until 1d\nuntil 2d", "s:3:1: the script ends twice"},
		{begins + "2h fire X\nuntil 1h", "s:3:1: the rehearsal ends before line 2 does"},
		{"\xff", "the script is not text"},
	} {
		_, err := Parse("s", c.script)
		var problems policies.Problems
		if !errors.As(err, &problems) {
			t.Errorf("%q: %v", c.script, err)
			continue
		}
		if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "hint:") {
			t.Errorf("%q: it does not say %q with a hint, but\n%v", c.script, c.says, err)
		}
	}
}

func TestAllMistakesAreNamedAtOnce(t *testing.T) {
	_, err := Parse("s", begins+"0s burn\n0s fire\n# fine\n1h say\n")
	var problems policies.Problems
	if !errors.As(err, &problems) || len(problems) != 3 || problems[0].Line != 2 || problems[1].Line != 3 || problems[2].Line != 5 {
		t.Errorf("%v", err)
	}
}

func TestAnAudienceMustBeConfigured(t *testing.T) {
	s, err := Parse("s", begins+"0s fire X service=mail\n1h say bored \"Hello\"\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = Play(stage(t, ""), s); err == nil || !strings.Contains(err.Error(), "s:3:1: no audience is called bored") {
		t.Errorf("%v", err)
	}
}

func TestWhatIsOpenedMustBeConfigured(t *testing.T) {
	s, err := Parse("s", begins+"0s open mial severity=critical\n1h open mail severity=terrible\n2h send bored\n")
	if err != nil {
		t.Fatal(err)
	}
	var problems policies.Problems
	if _, err = Play(stage(t, ""), s); !errors.As(err, &problems) || len(problems) != 3 || !strings.Contains(err.Error(), "s:2:1: no service is called mial") || !strings.Contains(err.Error(), "s:3:1: no severity is called terrible") {
		t.Errorf("%v", err)
	}
}

func TestALanguageMustBeThere(t *testing.T) {
	s, err := Parse("s", begins+"0s fire X service=mail\n1h set SR-1 impact_fr=\"Rien.\" impact_nl=\"Niets.\"\n2h say fr:\"Rien.\"\n")
	if err != nil {
		t.Fatal(err)
	}
	on := stage(t, "")
	on.Languages = []string{"en", "nl"}
	var problems policies.Problems
	if _, err = Play(on, s); !errors.As(err, &problems) || len(problems) != 2 || !strings.Contains(err.Error(), "s:3:1: no message is told in fr") {
		t.Errorf("%v", err)
	}
}

// FuzzScript: whatever a script says, it is read or refused with a place, and
// what is read has its steps in order between start and end.
func FuzzScript(f *testing.F) {
	f.Add("start 2026-10-23T16:40+02:00\n0s fire MailDown x3 service=mail severity=critical\n45m say board \"A disk.\"\n3h resolve MailDown\nuntil 1d\n")
	f.Add("start 2026-10-23T16:40Z\n0s flap X every 2m for 1d\n1h restart for 10m\n2h lose webhooks\n3h find webhooks\n4h end SR-1 \"x\"\n")
	f.Add("start 2026-10-23T16:40Z\n0s say nl:\"\\u00e9\" en:\"#\" phase=monitoring # more\n")
	f.Add("start 2026-10-23T16:40Z\n0s fire X sitrep_impact_nl=\"Niets.\" sitrep_summary=\"Out\"\n1m set impact=\"\" ruled_out_nl=\"Nee\" doing=\"x\"\n")
	f.Add("start 2026-10-23T16:40Z\n0s open mail severity=info since=2h impact=\"No.\" \"why\"\n1m send it\n2m cancel 1\n3m merge SR-2 into SR-1\n4m split SR-1 mail\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("s", text)
		if err != nil {
			var problems policies.Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("%v", err)
			}
			for _, p := range problems {
				if p.Line < 1 || p.Column < 1 || p.Text == "" || p.Hint == "" {
					t.Fatalf("%+v", p)
				}
			}
			return
		}
		last := s.Start
		for _, step := range s.Steps {
			if step.At.Before(last) || step.At.After(s.End) {
				t.Fatalf("line %d at %v, after %v, before %v", step.Line, step.At, last, s.End)
			}
			last = step.At
			_ = step.sentence()
		}
	})
}
