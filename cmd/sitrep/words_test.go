package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/incident"
)

// site writes a configuration with templates of its own, and returns its file.
func site(t *testing.T, config string, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files["sitrep.yml"] = config
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "sitrep.yml")
}

// The patterns that these name.
const (
	flat    = "templates: [words/*.tmpl]\n"
	folders = "templates: [words/*/*.tmpl]\n"
)

// TestOwnWordsAreChecked: own words are held to all that those that ship are, and each
// fault comes with its file.
func TestOwnWordsAreChecked(t *testing.T) {
	for _, c := range []struct {
		name, config string
		files        map[string]string
		want         []string
	}{
		{"all at once", storyConfig + folders, map[string]string{"words/nl/board.tmpl": `{{define "closing.opening"}}{{.Nothing}}{{end}}
{{define "first.subject"}}Storing {{.Name}}: ` + strings.Repeat("echt ", 20) + `{{end}}
{{define "overdue.sms.head"}}Storing {{.Name}}: ` + strings.Repeat("echt ", 40) + `{{end}}
{{define "holding.opening"}}Nog niets over {{.Service}}.{{end}}
{{define "progress.next"}}Later meer.{{end}}
{{define "reopened.sms.head"}}Storing {{.Name}} terug.{{.You "" "` + strings.Repeat(" Je", 60) + `"}}{{end}}`}, []string{
			"can't evaluate field Nothing", "words/nl/board.tmpl:1:", "the subject has 109 characters, allowed are 1 to 60", "words/nl/board.tmpl:2\n",
			"the SMS takes 2 segments, allowed are 1 to 1", "words/nl/board.tmpl:3", "signs only: the subject has",
			"the text of updates 1 and 2 is the same", "words/nl/board.tmpl:4\n", "an ordinary view: the text does not say when the next update comes", "words/nl/board.tmpl:5\n",
			`by "reopened.sms.head" in`, "words/nl/board.tmpl:6",
		}},
		{"an unknown function", storyConfig + flat, map[string]string{"words/board.tmpl": "\n" + `{{define "nl.next"}}{{shout .Name}}{{end}}`},
			[]string{`words/board.tmpl:2: function "shout" not defined`}},
		{"a typo", storyConfig + flat, map[string]string{"words/board.tmpl": `{{define "nl.holdng.opening"}}x{{end}}`},
			[]string{`words/board.tmpl:1: no message says "holdng.opening"`, `hint: did you mean "holding.opening"?`}},
		{"nothing there", storyConfig + "templates: [word/*.tmpl]\n", map[string]string{"words/board.tmpl": ``},
			[]string{"sitrep.yml:35:13: no file matches", "    35 | templates: [word/*.tmpl]", "hint: patterns start at the configuration's folder"}},
		{"a folder", storyConfig + "templates: [words/*]\n", map[string]string{"words/nl/board.tmpl": ``},
			[]string{"sitrep.yml:35:13: cannot read ", "words/nl: is a directory", "hint: end the pattern in .tmpl"}},
		{"a language that no folder brings", strings.Replace(storyConfig, "language: nl", "language: pl", 1) + folders, map[string]string{"words/fy/a.tmpl": ``},
			[]string{"sitrep.yml:2:54: unknown language \"pl\"", "hint: known here: en, fy, nl;"}},
		{"a language without words", storyConfig + folders, map[string]string{"words/fy/a.tmpl": `{{define "next"}}x{{end}}`},
			[]string{`the language "fy" has no language.tmpl`, `hint: the folder `, `makes "fy" a new language`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := sitrepSays("check-config", "--config.file="+site(t, c.config, c.files))
			if code != exitError || out != "" {
				t.Errorf("exit code %d, %s", code, out)
			}
			for _, want := range c.want {
				if !strings.Contains(errs, want) {
					t.Errorf("%q is not said in\n%.4000s", want, errs)
				}
			}
		})
	}
}

var twoForms = regexp.MustCompile(`\b(count|plural) (\S+) ("[^"]*") ("[^"]*")`)

// TestALanguageOfOnesOwn: a folder beside the configuration is a language, in which
// people can be told; nothing else has to know of it.
func TestALanguageOfOnesOwn(t *testing.T) {
	files := map[string]string{}
	english, err := filepath.Glob("../../policies/default/words/en/*.tmpl")
	if err != nil || len(english) == 0 {
		t.Fatal(english, err)
	}
	for _, name := range append(english, "../../policies/words/testdata/pl/language.tmpl") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files["words/pl/"+filepath.Base(name)] = twoForms.ReplaceAllString(string(text), `$1 $2 $3 $4 $4`)
	}
	files["a.script"] = "start 2026-10-23T16:40+02:00\n0s fire MailDown service=mail severity=critical\n10m say board pl:\"Dysk jest pełny.\"\nuntil 1h\n"
	files["contacts.csv"] = "email,language\ndyrektor@voorbeeld.example,pl\n"
	config := strings.Replace(storyConfig, `title: {nl: "e-mail"`, `title: {pl: "poczta", nl: "e-mail"`, 1)
	config = strings.Replace(config, `{name: Bestuurder, email: bestuurder@voorbeeld.example, phone: "+31612345604"}`, `{name: Prezes, email: prezes@voorbeeld.example, phone: "+31612345604", language: pl}`, 1)
	config = strings.Replace(config, `{name: management, channels: [email],`, `{name: management, channels: [email], recipients_files: [contacts.csv],`, 1)
	file := site(t, config+folders, files)
	if code, out, errs := sitrepSays("check-config", "--config.file="+file); code != exitOK || !strings.Contains(out, "is valid") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	code, out, errs := sitrepSays("rehearse", "--config.file="+file, "--format=timeline", filepath.Join(filepath.Dir(file), "a.script"))
	if code != exitOK || errs != "" || !strings.Contains(out, "Poczta outage") || !strings.Contains(out, "przed godz.") || !strings.Contains(out, "Dysk jest pelny.") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	other := filepath.Join(filepath.Dir(file), "b.script")
	if err := os.WriteFile(other, []byte(strings.Replace(files["a.script"], "pl:", "de:", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := sitrepSays("rehearse", "--config.file="+file, other); code != exitError || !strings.Contains(errs, "no message is told in de") || !strings.Contains(errs, "messages are told in: en, nl, pl") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}

// TestServeRefusesFaultyWords: as it refuses a faulty configuration.
func TestServeRefusesFaultyWords(t *testing.T) {
	for template, want := range map[string]string{
		`{{define "nl.next"}}{{shout .Name}}{{end}}`: `words/board.tmpl:1: function "shout" not defined`,
		`{{define "nl.holdng.next"}}x{{end}}`:        `words/board.tmpl:1: no message says "holdng.next"`,
		`{{define "next"}}x{{end}}`:                  `words/board.tmpl:1: "next" does not begin with a language`,
	} {
		file := site(t, storyConfig+flat, map[string]string{"words/board.tmpl": template})
		code, _, errs := sitrepSays("serve", "--config.file="+file, "--storage.path="+t.TempDir(), "--web.listen-address=127.0.0.1:0")
		if code != exitError || !strings.Contains(errs, want) {
			t.Errorf("exit code %d, want %q in\n%s", code, want, errs)
		}
	}
}

// TestRenderTellsOfLapses: who looks at a message that cannot be said in his own words
// sees what people would get, and is told which line is to blame.
func TestRenderTellsOfLapses(t *testing.T) {
	file := site(t, storyConfig+folders, map[string]string{"words/nl/a.tmpl": `{{define "first.opening"}}Oei.{{end}}
{{define "overdue.opening"}}{{index (list "a") .Number}}{{end}}
{{define "closing.sms.head"}}Storing {{.Name}}: ` + strings.Repeat("echt ", 40) + `{{end}}`})
	script := written(t, "long.script", "start 2026-10-23T10:00+02:00\n0s fire MailDown service=mail severity=critical\nuntil 3h\n")
	const lapsed = "not told in your own words, but in those that ship: "
	for _, c := range []struct {
		args      []string
		code      int
		out, says string // on which line
	}{
		{[]string{"--kind=first"}, exitOK, "Oei.", ""},
		{[]string{"--kind=overdue"}, exitError, "De storing met e-mail duurt", "words/nl/a.tmpl:2:"},
		{[]string{"--kind=overdue", "--language=en"}, exitOK, "Email outage", ""},
		{[]string{"--kind=closing", "--channel=sms"}, exitError, "voorbij", "words/nl/a.tmpl:3"},
		{[]string{"--data=" + script, "--audience=board", "--language=nl"}, exitError, "De storing met e-mail duurt", "words/nl/a.tmpl:2:"},
	} {
		code, out, errs := sitrepSays(append([]string{"render", "--config.file=" + file}, c.args...)...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.says) || strings.Contains(errs, lapsed) != (c.says != "") {
			t.Errorf("%v: exit code %d\n%s%s", c.args, code, out, errs)
		}
	}
	dir := filepath.Join(t.TempDir(), "gallery")
	code, _, errs := sitrepSays("render", "--config.file="+file, "--all", "--out-dir="+dir)
	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	if code != exitError || !strings.Contains(errs, "overdue for executive in nl, overdue for management in nl") || strings.Count(errs, "words/nl/a.tmpl:3") != 1 {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	for id, marked := range map[string]bool{"nl-overdue-executive": true, "nl-closing-staff": true, "nl-first-executive": false, "en-overdue-executive": false} {
		_, frame, _ := strings.Cut(string(page), `<article class="frame" id="`+id+`"`)
		frame, _, _ = strings.Cut(frame, "</article>")
		if frame == "" || strings.Contains(frame, "Not in your own words") != marked {
			t.Errorf("%s is marked: %v\n%.600s", id, !marked, frame)
		}
	}
}

// TestOwnWordsGoOut: people get own words, by the word that their audience is called
// by; where own words fail, they get those that ship.
func TestOwnWordsGoOut(t *testing.T) {
	t.Parallel()
	file := site(t, "", map[string]string{"words/nl/a.tmpl": `{{define "first.opening"}}{{.You "U weet" "Je weet"}} het nu ook: {{.Service}} doet het niet.{{end}}
{{define "overdue.opening"}}{{index (list "a") .Number}}{{end}}`})
	config := strings.Replace(storyConfig, "{name: management,", "{name: management, address: informal,", 1)
	config = strings.Replace(config, "  - name: board\n", "  - name: board\n    language: nl\n", 1) + "templates: [" + filepath.Join(filepath.Dir(file), "words", "nl", "*.tmpl") + "]\n"
	tellWith(t, config, func(t *testing.T, s *story) {
		s.outageBegins()
		s.pass(80 * time.Minute)
		for address, want := range map[string]string{"manager@voorbeeld.example": "Je weet het nu ook: e-mail doet het niet.", "bestuurder@voorbeeld.example": "U weet het nu ook: e-mail doet het niet."} {
			box := s.smtp.Mailbox(address)
			if len(box) < 2 || !strings.Contains(box[0].Text, want) {
				t.Fatalf("%s got %d mails: %+v", address, len(box), box)
			}
			if !strings.Contains(box[1].Text, "De storing met e-mail duurt nu 1 uur. Dat is langer dan") {
				t.Errorf("%s got %s", address, box[1].Text)
			}
		}
	})
}

// TestHowPeopleAreCalled: each by what his audience or team says, else all; also in
// what a team is shown of others, in one message for several audiences, and in a
// rehearsal.
func TestHowPeopleAreCalled(t *testing.T) {
	config := strings.Replace(withTeams(storyConfig), "global: {", "global: {address: informal, ", 1)
	config = strings.Replace(config, "resolution: {", "resolution: {address: formal, ", 1)
	config = strings.Replace(config, "  - name: board\n", "  - name: board\n    language: nl\n    address: formal\n", 1)
	// Who is in both hears of both at once.
	config = strings.Replace(config, "email: manager@voorbeeld.example}", "email: manager@voorbeeld.example}, {name: Both, email: both@voorbeeld.example}", 1)
	config = strings.Replace(config, "    recipients:\n", "    recipients:\n      - {name: Both, email: both@voorbeeld.example}\n", 1)
	called := regexp.MustCompile(`(?i)\b(u|je)\b`)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.outageBegins()
		s.pass(65 * time.Minute)
		for address, want := range map[string]string{"manager@voorbeeld.example": "je", "bestuurder@voorbeeld.example": "u", "communicatie@voorbeeld.example": "je u", "both@voorbeeld.example": "je"} {
			box := s.smtp.Mailbox(address)
			if len(box) == 0 {
				t.Fatalf("%s got nothing", address)
			}
			said := called.FindAllString(strings.ToLower(box[len(box)-1].Text), -1)
			slices.Sort(said)
			if got := strings.Join(slices.Compact(said), " "); got != want {
				t.Errorf("%s is called %q, want %q:\n%s", address, got, want, box[len(box)-1].Text)
			}
		}
	})
	script := "start 2026-10-23T16:40+02:00\n0s fire MailDown service=mail severity=critical\nuntil 20m\n"
	file := site(t, config, map[string]string{"a.script": script})
	for _, c := range []struct{ args, want string }{
		{"--audience=management", "je"}, {"--audience=board", "u"}, {"--audience=resolution --kind=nudge", "u"}, {"--audience=communication --kind=nudge", "je"},
		{"--audience=executive", "je"}, // nobody in particular: as all are
		{"--audience=management --kind=combined", "je"}, {"--audience=board --kind=combined", "u"},
		{"--data=" + filepath.Join(filepath.Dir(file), "a.script") + " --audience=management", "je"},
	} {
		code, out, errs := sitrepSays(append([]string{"render", "--config.file=" + file}, strings.Fields(c.args)...)...)
		said := called.FindAllString(strings.ToLower(out), -1)
		slices.Sort(said)
		if got := slices.Compact(said); code != exitOK || !slices.Contains(got, c.want) {
			t.Errorf("%s: exit code %d, it calls its reader %q\n%s%s", c.args, code, got, out, errs)
		}
	}
	if code, out, errs := sitrepSays("rehearse", "--config.file="+file, "--format=json", filepath.Join(filepath.Dir(file), "a.script")); code != exitOK || !strings.Contains(out, "Je krijgt op vaste tijden bericht") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
}

// TestNewsIsWhatIsShown: what makes news of an incident for a reader is what the
// messages that ship tell him of it.
func TestNewsIsWhatIsShown(t *testing.T) {
	s, err := openStudio("")
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range []string{"nl", "en"} {
		e, err := s.example(string(words.Progress), language)
		if err != nil {
			t.Fatal(err)
		}
		for _, reads := range []policies.Reads{policies.Executive, policies.Management, policies.Technical, policies.Staff, policies.Customer} {
			for _, thing := range incident.Things {
				v, told := e.Views[0], map[string]string{"": "Dit is het geheim."}
				v.Account = map[incident.Thing]words.Account{
					incident.Summary: {Summary: told}, incident.Impact: {Impact: told}, incident.Workaround: {Workaround: told},
					incident.Known: {Known: told}, incident.RuledOut: {RuledOut: told}, incident.Doing: {Doing: told},
				}[thing]
				out, err := s.pack.Render(v, words.Reader{Reads: string(reads), Language: language, Zone: time.UTC})
				if err != nil {
					t.Fatal(err)
				}
				if shown := slices.Contains(incident.Shown(reads), thing); strings.Contains(out.Text, told[""]) != shown {
					t.Errorf("%s, %s: that %s is news is %v, and that it is told is not", language, reads, thing, shown)
				}
			}
		}
	}
}

// TestLinksLeadToKnownHosts: those of the configuration, and its own.
func TestLinksLeadToKnownHosts(t *testing.T) {
	t.Parallel()
	g := policies.Global{ExternalURL: "https://sitrep.voorbeeld.example:8443/x", LinkHosts: []string{"*.wiki.example.org"}}
	if got := clickable(g); !slices.Equal(got, []string{"*.wiki.example.org", "sitrep.voorbeeld.example"}) {
		t.Errorf("links lead to %q", got)
	}
	config := strings.Replace(storyConfig, "global: {", "global: {link_hosts: [intranet.example.org], ", 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.outageBegins()
		s.pass(20 * time.Minute)
		const text = "Lees https://intranet.example.org/a en https://sitrep.voorbeeld.example/b, niet https://evil.example/c."
		if code, body := s.call("POST", "/api/v1/incidents/SR-1/updates", `{"text":"`+text+`"}`); code != 200 {
			t.Fatal(code, body)
		}
		s.pass(time.Minute)
		box := s.smtp.Mailbox("manager@voorbeeld.example")
		html := box[len(box)-1].HTML
		for address, leads := range map[string]bool{"https://intranet.example.org/a": true, "https://sitrep.voorbeeld.example/b": true, "https://evil.example/c": false} {
			if strings.Contains(html, `href="`+address+`"`) != leads {
				t.Errorf("%s: a link is %v", address, !leads)
			}
		}
	})
}

// TestSegmentsOfTheConfiguration: an SMS with words is as long as the configuration
// lets it be, and as the provider counts it.
func TestSegmentsOfTheConfiguration(t *testing.T) {
	t.Parallel()
	config := strings.Replace(storyConfig, "from: GemVoorbld,", "from: GemVoorbld, max_segments: 2,", 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.outageBegins()
		s.pass(20 * time.Minute)
		if code, body := s.call("POST", "/api/v1/incidents/SR-1/updates", `{"text":"`+strings.Repeat("Wij vervangen een onderdeel. ", 40)+`"}`); code != 200 {
			t.Fatal(code, body)
		}
		s.pass(time.Minute)
		longest := 0
		for _, m := range s.twilio.Messages() {
			longest = max(longest, len([]rune(m.Body)))
		}
		if longest <= 160 || longest > 2*153 {
			t.Errorf("the longest SMS has %d characters", longest)
		}
	})
}
