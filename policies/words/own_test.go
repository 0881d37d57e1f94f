package words

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// mine parses own words over those that ship. A name with a folder is that of a
// file in it.
func mine(t testing.TB, o Options, files map[string]string) (*Pack, error) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		folders := strings.Split("./"+name, "/")
		o.Own = append(o.Own, Source{File: "site/" + name, Folder: folders[len(folders)-2], Text: files[name]})
	}
	return o.Parse(os.DirFS("../default/words"))
}

// say renders a view in Dutch for executives, with own words.
func say(t *testing.T, files map[string]string, v View) Rendered {
	t.Helper()
	p, err := mine(t, Options{}, files)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Render(v, Reader{Reads: "executive", Language: "nl", Zone: zone(t, "Europe/Amsterdam")})
	if err != nil || out.Lapse != nil {
		t.Fatal(err, out.Lapse)
	}
	return out
}

// Own words take the place of those that ship by the name of the part, wherever
// the file stands; all others stay.
func TestOwnWords(t *testing.T) {
	holding := func(n int) View { return outage(Holding, n) }
	for _, c := range []struct {
		name  string
		files map[string]string
		view  View
		says  []string
		not   string
	}{
		{"in the folder of a language", map[string]string{"words/nl/board.tmpl": `{{define "holding.opening"}}Nog niets over {{.Service}}.{{end}}`},
			holding(2), []string{"Nog niets over e-mail.", "Volgend bericht: vóór 14.30 uur."}, "duurt nu"},
		{"with the language in the name", map[string]string{"words/board.tmpl": `{{define "nl.holding.opening"}}Nog niets over {{.Service}}.{{end}}{{define "en.holding.opening"}}Nothing.{{end}}`},
			holding(3), []string{"Nog niets over e-mail."}, "Nothing"},
		{"numbered, fewer than ship", map[string]string{"nl/a.tmpl": `{{define "holding.opening.1"}}Een.{{end}}{{define "holding.opening.2"}}Twee.{{end}}`},
			holding(4), []string{"Twee."}, "Na het vorige bericht"},
		{"numbered in two files", map[string]string{"nl/a.tmpl": `{{define "holding.opening.1"}}Een.{{end}}`, "nl/b.tmpl": `{{define "holding.opening.2"}}Twee.{{end}}`},
			holding(3), []string{"Een."}, "Op dit moment"},
		{"more special than what ships", map[string]string{"nl/a.tmpl": `{{define "holding.executive.opening"}}Voor u, {{.You "mevrouw" "Jan"}}.{{end}}`},
			holding(1), []string{"Voor u, mevrouw."}, "Er is nog geen nieuws"},
		{"for other readers", map[string]string{"nl/a.tmpl": `{{define "holding.staff.opening"}}Voor u.{{end}}`},
			holding(1), []string{"Er is nog geen nieuws"}, "Voor u"},
		{"what others include", map[string]string{"nl/a.tmpl": `{{define "trend"}}Let op de trend.{{end}}`},
			holding(1), []string{"Let op de trend."}, "metingen"},
		{"helpers of its own", map[string]string{"words/a.tmpl": `{{define "nl.holding.opening"}}{{template "greeting" .}} {{template "nl.trend" .}}{{end}}{{define "nl.greeting"}}Dag, {{template "nl.who" .}}{{end}}{{define "nl.who"}}{{.Reads}}!{{end}}`},
			holding(1), []string{"Dag, executive! Onze metingen zien minder"}, "Er is nog geen nieuws"},
		{"how times are said", map[string]string{"nl/a.tmpl": `{{define "language.clock"}}15:04{{end}}`},
			holding(1), []string{"Volgend bericht: vóór 14:30."}, "14.30 uur"},
		{"nothing at all", map[string]string{"nl/a.tmpl": `{{define "holding.body"}}{{end}}`},
			holding(1), []string{"Er is nog geen nieuws"}, "Wij zoeken nog"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := say(t, c.files, c.view)
			for _, want := range c.says {
				if !strings.Contains(out.Text, want) {
					t.Errorf("it does not say %q:\n%s", want, out.Text)
				}
			}
			if strings.Contains(out.Text, c.not) {
				t.Errorf("it says %q:\n%s", c.not, out.Text)
			}
		})
	}
}

// A page of one's own is that of all languages, and escapes all that is put in.
func TestOwnPage(t *testing.T) {
	v := outage(First, 1)
	v.Service = map[string]string{"": "<b>mail</b>"}
	out := say(t, map[string]string{"words/mail.html.tmpl": `<p lang="{{.Language}}">{{.Opening | safeHtml}}</p>{{range .Slots}}{{.}}{{end}}{{date "2006" now}}`}, v)
	if out.HTML != `<p lang="nl">Sinds vandaag om 13.05 uur zijn er problemen met &lt;b&gt;mail&lt;/b&gt;.</p>`+Mark(SlotLate)+Mark(SlotMissed)+"2026" {
		t.Errorf("the page is %q", out.HTML)
	}
}

// A new folder is a new language, in which all must be said.
func TestOwnLanguage(t *testing.T) {
	files := map[string]string{}
	for name, file := range polish(t) {
		files["words/"+name] = string(file.Data)
	}
	files["words/all.tmpl"] = `{{define "pl.holding.opening"}}Nadal brak wiadomości: {{.Service}}.{{end}}`
	p, err := mine(t, Options{}, withoutPart(files, "words/pl/holding.tmpl", "holding.opening"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Render(outage(Holding, 1), Reader{Reads: "staff", Language: "pl"})
	if err != nil || !strings.Contains(out.Text, "Nadal brak wiadomości: email.") || out.Lapse != nil {
		t.Errorf("%v, %v: %s", err, out.Lapse, out.Text)
	}
	delete(files, "words/pl/nudge.tmpl")
	delete(files, "words/all.tmpl")
	edited := strings.Replace(files["words/pl/closing.tmpl"], `"closing.sms.head"`, `"first.closing.sms.head"`, 1)
	files["words/pl/closing.tmpl"] = strings.Replace(edited, `"closing.state"`, `"closing.staff.state"`, 1)
	_, err = mine(t, Options{}, files)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`no message says "first.closing.sms.head"`,
		`hint: the folder site/words/pl makes "pl" a new language; begin with a copy of policies/default/words/en, or give the folder another name`,
		`site/words/pl: the language "pl" lacks the part label.ask`,
		`site/words/pl: the language "pl" lacks the part state (of closing, nudge)`,
		`site/words/pl: the language "pl" lacks the part sms.head (of closing, nudge)`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in\n%v", want, err)
		}
	}
}

// withoutPart takes all phrasings of a part out of a file.
func withoutPart(files map[string]string, file, part string) map[string]string {
	kept := strings.Split(files[file], "{{define ")
	kept = slices.DeleteFunc(kept, func(s string) bool { return strings.HasPrefix(s, `"`+part+`.`) || strings.HasPrefix(s, `"`+part+`"`) })
	files[file] = strings.Join(kept, "{{define ")
	return files
}

// What cannot be said is a fault with its file and line, and all at once.
func TestOwnWordsWithFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"a typo", map[string]string{"nl/a.tmpl": "\n" + `{{define "holdng.opening"}}x{{end}}`},
			[]string{`site/nl/a.tmpl:2: no message says "holdng.opening", and no part includes it`, `hint: did you mean "holding.opening"?`}},
		{"a typo of a number", map[string]string{"nl/a.tmpl": `{{define "holding.opening.1"}}x{{end}}{{define "holding.openng.2"}}y{{end}}`},
			[]string{`site/nl/a.tmpl:1: no message says "holding.openng", and no part includes it`}},
		{"a helper that nothing includes", map[string]string{"nl/a.tmpl": `{{define "mine"}}{{template "mine" .}}{{end}}`},
			[]string{`no message says "mine"`}},
		{"a reader that a kind has not", map[string]string{"nl/a.tmpl": `{{define "nudge.executive.opening"}}x{{end}}`}, []string{`no message says "nudge.executive.opening"`}},
		{"a part that others come before", map[string]string{"nl/a.tmpl": `{{define "opening"}}x{{end}}`},
			[]string{`site/nl/a.tmpl:1: "opening" is never said: `, "that ship are more special", "hint: define those that are to say something else"}},
		{"an unknown function", map[string]string{"nl/a.tmpl": "\n\n" + `{{define "next"}}{{toLowr "X"}}{{end}}`},
			[]string{`site/nl/a.tmpl:3: function "toLowr" not defined`, `did you mean "toLower"?`}},
		{"an include that is not there", map[string]string{"nl/a.tmpl": "\n" + `{{define "next"}}{{template "phse" .}}{{end}}`},
			[]string{`site/nl/a.tmpl:2: "next" includes "phse", and there is no such part`, `did you mean "phase"?`}},
		{"another language's part", map[string]string{"a.tmpl": `{{define "nl.next"}}{{template "en.phase" .}}{{end}}`}, []string{`"next" includes "en.phase"`}},
		{"text outside", map[string]string{"nl/a.tmpl": "{{/* x */}}\n\n  Hello {{define \"next\"}}x{{end}}"}, []string{`site/nl/a.tmpl:3: text outside of {{define}}`}},
		{"an action outside", map[string]string{"nl/a.tmpl": "\n{{if true}}{{end}}"}, []string{`site/nl/a.tmpl:2: text outside of {{define}}`}},
		{"twice in one file", map[string]string{"nl/a.tmpl": `{{define "next"}}x{{end}}` + "\n" + `{{define "next"}}y{{end}}`}, []string{"site/nl/a.tmpl:2: ", `multiple definition of template "next"`}},
		{"twice in two files", map[string]string{"nl/a.tmpl": "\n" + `{{define "next"}}x{{end}}`, "b.tmpl": `{{define "nl.next"}}y{{end}}`},
			[]string{`site/nl/a.tmpl:2: "next" is defined in site/b.tmpl:1 too`}},
		{"with and without numbers", map[string]string{"nl/a.tmpl": `{{define "holding.opening"}}x{{end}}{{define "holding.opening.1"}}x{{end}}`},
			[]string{`site/nl/a.tmpl:1: "holding.opening" is defined both with and without numbers`}},
		{"a gap", map[string]string{"nl/a.tmpl": `{{define "holding.opening.1"}}x{{end}}{{define "holding.opening.3"}}x{{end}}`}, []string{`"holding.opening" has 2 numbered phrasings but no number 2`}},
		{"no language", map[string]string{"words/a.tmpl": `{{define "holding.opening"}}x{{end}}`},
			[]string{`site/words/a.tmpl:1: "holding.opening" does not begin with a language`, `hint: write "nl.holding.opening", or put the file into a folder nl; there are en, nl`}},
		{"a language written in another way", map[string]string{"pt_BR/a.tmpl": `{{define "next"}}x{{end}}`}, []string{`hint: for a language of its own, call the folder pt-BR`}},
		{"a language part that is none", map[string]string{"nl/a.tmpl": `{{define "language.clok"}}15:04{{end}}`}, []string{`site/nl/a.tmpl:1: a language has no part "language.clok"`, `did you mean "language.clock"?`}},
		{"a layout that is none", map[string]string{"nl/a.tmpl": "\n" + `{{define "language.clock"}}uur{{end}}`}, []string{`site/nl/a.tmpl:2: the layout "uur"`}},
		{"unclosed", map[string]string{"nl/a.tmpl": `{{define "next"}}{{.Next`, "en/a.tmpl": `{{define "next"}}{{if}}{{end}}{{end}}`}, []string{"site/nl/a.tmpl:1: unclosed action", "site/en/a.tmpl:1: missing value for if"}},
		{"not UTF-8", map[string]string{"nl/a.tmpl": "{{define \"next\"}}\xff{{end}}"}, []string{"site/nl/a.tmpl: the file is not UTF-8"}},
		{"a language that says nothing", map[string]string{"it/board.tmpl": `{{define "opening"}}x{{end}}`},
			[]string{`site/it: the language "it" has no language.tmpl`, `hint: the folder site/it makes "it" a new language`}},
		{"two pages", map[string]string{"a/mail.html.tmpl": "x", "b/mail.html.tmpl": "y"}, []string{"site/b/mail.html.tmpl: there is another page, site/a/mail.html.tmpl"}},
		{"a page of one language", map[string]string{"nl/mail.html.tmpl": "x"}, []string{"site/nl/mail.html.tmpl: the page is that of all languages"}},
		{"a page that asks too much", map[string]string{"mail.html.tmpl": "\n{{.Openin}}"}, []string{"mail.html.tmpl:2:2: executing", "can't evaluate field Openin"}},
		{"a page that cannot be made safe", map[string]string{"mail.html.tmpl": "\n<p {{if .Foot}}title='{{end}}>"}, []string{"mail.html.tmpl:2", "branches end in different contexts"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mine(t, Options{}, c.files)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not said in\n%v", want, err)
				}
			}
			if strings.Count(err.Error(), c.want[0]) > 1 {
				t.Errorf("it is said more than once:\n%v", err)
			}
		})
	}
}

// What ships holds what is asked of own words: each part is said on some occasion, or
// included by one that is.
func TestShippedWordsAreAllSaid(t *testing.T) {
	p := pack(t)
	for _, code := range p.Languages() {
		if unsaid := p.languages[code].unsaid(); len(unsaid) > 0 {
			t.Errorf("%s: never said are %v", code, unsaid)
		}
		if err := p.languages[code].unfinished(); err != nil {
			t.Error(err)
		}
	}
	files := shipped(t)
	edit(files, "nl/shared.tmpl", `{{define "next"}}`, `{{define "opening"}}x{{end}}{{define "lonely"}}{{template "lonely" .}}{{end}}{{define "next"}}`)
	spoilt, err := Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	if got := spoilt.languages["nl"].unsaid(); !slices.Equal(got, []string{"lonely", "opening"}) {
		t.Errorf("never said are %v", got)
	}
}

// unsaid are the parts that no message says, and no other part includes.
func (l *language) unsaid() []string {
	said, _ := l.heard()
	for _, t := range l.all() {
		for _, n := range includes(t.Tree) {
			said[n.Name] = said[n.Name] || n.Name != t.Name()
		}
	}
	return slices.DeleteFunc(l.names(), func(name string) bool {
		return said[unnumbered(name)] || strings.HasPrefix(name, grammar) || name == l.code
	})
}

// Check looks at own words as at those that ship, and says of which file a fault is,
// and against what it was tried. A language without own words is not looked at.
func TestCheckOwnFindsEachFault(t *testing.T) {
	p, err := mine(t, Options{}, map[string]string{"a.tmpl": `{{define "nl.closing.opening"}}{{.Nothing}}{{end}}
{{define "nl.first.subject"}}Storing {{.Name}}: ` + strings.Repeat("echt ", 20) + `{{end}}
{{define "nl.overdue.sms.head"}}Storing {{.Name}}: ` + strings.Repeat("echt ", 40) + `{{end}}
{{define "nl.holding.opening.1"}}Nog niets over {{.Service}}.{{end}}
{{define "nl.holding.opening.2"}}Nog niets over {{.Service}}.{{end}}
{{define "nl.holding.sms.head"}}Storing {{.Name}}: niets.{{end}}
{{define "nl.progress.next"}}Later meer.{{end}}
{{define "nl.progress.sms.next"}}Later meer.{{end}}`})
	if err != nil {
		t.Fatal(err)
	}
	if err = p.checkOwn([]Kind{First, Progress, Holding, Overdue, Closing}); err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"nl, closing for executive, management, technical, staff, customer, an ordinary view: render message: template: site/a.tmpl:1:33: executing \"closing.opening\" at <.Nothing>: can't evaluate field Nothing",
		`nl, first for executive, management, staff, customer, an ordinary view: the subject has 109 characters, allowed are 1 to 60, by "first.subject" in site/a.tmpl:2`,
		`nl, overdue for executive, management, technical, staff, customer, an ordinary view: the SMS takes 2 segments, allowed are 1 to 1, by "overdue.sms.head" in site/a.tmpl:3, by "sms.next" in nl/shared.tmpl:`,
		`nl, holding for executive, management, technical, staff, customer, an ordinary view: the text of updates 1 and 2 is the same, by "holding.opening.2" in site/a.tmpl:5`,
		`nl, holding for executive, management, technical, staff, customer, an ordinary view: the SMS of updates 1 and 2 is the same, by "holding.sms.head" in site/a.tmpl:6`,
		`nl, progress for executive, management, technical, staff, customer, an ordinary view: the text does not say when the next update comes, by "progress.next" in site/a.tmpl:7`,
		`nl, progress for executive, management, technical, staff, customer, an ordinary view: the SMS does not say when the next update comes, by "progress.sms.next" in site/a.tmpl:8`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not reported in\n%.3000s", want, err)
		}
	}
	if strings.Contains(err.Error(), "\nen, ") {
		t.Error("it looks at English too")
	}
}

// Words are tried as for those who are called by the familiar word too.
func TestCheckOwnTriesBothAddresses(t *testing.T) {
	for code, template := range map[string]string{
		"nl": `{{define "nl.closing.opening"}}{{if .Informal}}{{.Nothing}}{{else}}De storing met {{.Service}} is voorbij.{{end}}{{end}}`,
		"en": `{{define "en.closing.sms.head"}}{{cap .Name}} outage over{{with $.You "" "` + strings.Repeat("really ", 30) + `"}} {{.}}{{end}}.{{end}}`,
	} {
		p, err := mine(t, Options{}, map[string]string{"a.tmpl": template})
		if err != nil {
			t.Fatal(err)
		}
		err = p.checkOwn([]Kind{Closing})
		if want := code + ", closing for executive, management, technical, staff, customer, an ordinary view, address: informal: "; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not reported in\n%.1000v", want, err)
		}
	}
	if pack(t).languages["en"].addressed {
		t.Error("English asks for the address, and has one")
	}
}
