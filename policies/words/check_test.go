package words

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestShippedTemplatesHoldUnderCheck(t *testing.T) {
	p := pack(t)
	for _, code := range p.Languages() {
		for n, kind := range Kinds() { // as Check does, at once
			if fewer && n%12 != 0 {
				continue
			}
			t.Run(code+" "+string(kind), func(t *testing.T) {
				t.Parallel()
				if err := reported(p.check([]string{code}, []Kind{kind})); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// fewer says that a test is to look at fewer of many cases; see race_test.go.
var fewer bool

// Check looks at all kinds in all languages.
func TestCheckLooksEverywhere(t *testing.T) {
	kinds := Kinds()
	if fewer {
		kinds = []Kind{kinds[0], Announced, kinds[len(kinds)-1]}
	}
	var b strings.Builder
	for _, kind := range kinds {
		name := string(kind)
		if slices.Contains(ofChange, kind) {
			name = flavour + "." + name
		}
		b.WriteString(`{{define "nl.` + name + `.foot"}}{{.Nothing}}{{end}}`)
	}
	p, err := mine(t, Options{}, map[string]string{"a.tmpl": b.String()})
	if err != nil {
		t.Fatal(err)
	}
	err = p.checkOwn(kinds)
	for _, kind := range kinds {
		if want := "nl, " + string(kind) + " for "; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in\n%.500v", want, err)
		}
	}
}

// shipped is a copy of the templates that a test may spoil.
func shipped(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	root := os.DirFS("../default/words")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func edit(files fstest.MapFS, name, old, new string) {
	before := string(files[name].Data)
	if !strings.Contains(before, old) {
		panic(name + " does not hold " + old)
	}
	files[name] = &fstest.MapFile{Data: []byte(strings.Replace(before, old, new, 1))}
}

func TestParseNamesFileAndLine(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(fstest.MapFS)
		want  []string
	}{
		{"unknown function", func(f fstest.MapFS) { edit(f, "nl/first.tmpl", "{{.Since.Brief}}", "{{shout .Since.Brief}}") },
			[]string{"nl/first.tmpl:", `function "shout" not defined`}},
		{"two files at once", func(f fstest.MapFS) {
			edit(f, "nl/first.tmpl", "{{.Since.Brief}}", "{{.Since.Brief")
			edit(f, "en/closing.tmpl", "{{.Period}}", "{{.Period}")
		}, []string{"nl/first.tmpl:", "en/closing.tmpl:"}},
		{"a part twice", func(f fstest.MapFS) {
			f["nl/zz.tmpl"] = &fstest.MapFile{Data: []byte(`{{define "next"}}x{{end}}`)}
		}, []string{`nl/zz.tmpl:1: "next" is defined in nl/shared.tmpl:7 too`}},
		{"text outside", func(f fstest.MapFS) {
			edit(f, "en/first.tmpl", `{{define "first.state"}}`, `Hello {{define "first.state"}}`)
		},
			[]string{"en/first.tmpl:3: text outside"}},
		{"a gap in the turns", func(f fstest.MapFS) { edit(f, "en/holding.tmpl", `"holding.opening.2"`, `"holding.opening.7"`) },
			[]string{`"holding.opening" has 4 numbered phrasings but no number 2`}},
		{"no skeleton", func(f fstest.MapFS) { delete(f, skeleton) }, []string{skeleton}},
		{"a language without files", func(f fstest.MapFS) { f["fy/README.md"] = &fstest.MapFile{} }, []string{"fy: no *.tmpl files"}},
		{"a folder that is no language", func(f fstest.MapFS) { f["dutch/first.tmpl"] = &fstest.MapFile{} }, []string{"dutch: the folder's name is no language tag"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := shipped(t)
			c.spoil(files)
			_, err := Parse(files)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

// Faults that hide each other stand in different rows.
func TestCheckFindsEachFault(t *testing.T) {
	for _, c := range []struct {
		name  string
		kinds []Kind // that the faults are in
		spoil func(fstest.MapFS)
		want  []string
	}{
		{"parts that cannot be rendered", []Kind{First, Closing}, func(f fstest.MapFS) {
			edit(f, "nl/closing.tmpl", `"closing.state"`, `"closing.stat"`)
			edit(f, "en/first.tmpl", "{{.Since.Brief}}", "{{.Sins}}")
			edit(f, "en/closing.tmpl", "{{.Period}}", "{{.Alerts}}") // out of a template's reach
		}, []string{
			"nl, closing for executive, an ordinary view: render message: nl: no part closing.executive.state",
			"en/first.tmpl:", "Sins",
			"en/closing.tmpl:", "Alerts",
		}},
		{"messages that fall short", []Kind{First, Holding, Closing}, func(f fstest.MapFS) {
			edit(f, "nl/first.tmpl", `"first.subject"}}Storing {{.Name}}`, `"first.subject"}}Storing`)
			edit(f, "en/shared.tmpl", `{{define "sms.next"}}{{if .Next.Set}}Next update {{.Next.Before}}.{{end}}{{end}}`, `{{define "sms.next"}}{{end}}`)
			edit(f, "en/holding.tmpl", "The {{.Name}} outage is not over yet", "{{cap .Name}} outage: no news yet")
			edit(f, "nl/closing.tmpl", ": voorbij{{if", ": voorbij, "+strings.Repeat("echt ", 20)+"{{if")
			edit(f, "nl/closing.tmpl", "Storing {{.Name}} is voorbij", "Storing {{.Name}} is voorbij "+strings.Repeat("echt ", 40))
			edit(f, "en/shared.tmpl", "we apologise", "we're sorry")
			edit(f, skeleton, "{{range .Slots}} <span>{{.}}</span>{{end}}", "")
			edit(f, skeleton, `<a class="link" href="{{.}}"`, `<a class="link" href="{{.}}" style="{{.}}"`)
		}, []string{
			"nl, first for executive, an ordinary view: the subject does not say the service",
			"the SMS does not say when the next update comes",
			"the SMS of updates 1 and 2 is the same",
			"the subject has",
			"the SMS takes 2 segments",
			`the phrase "late"`,
			`the slot "missed"`,
			"cannot be made safe",
		}},
		{"what hangs together", []Kind{First, Progress, Holding, Closing, Unknown}, func(f fstest.MapFS) {
			edit(f, "nl/chain.tmpl", "De problemen met {{.}} zijn voorbij.", "Iets is voorbij.")
			edit(f, "nl/chain.tmpl", "kreeg eerder bericht over {{.}}. Dat blijkt", "kreeg eerder bericht. Dat blijkt")
			edit(f, "nl/closing.tmpl", "Nog niet voorbij: {{.}}.", "{{.Nothing}}")
			edit(f, "en/first.tmpl", "{{else if .Outlived}}The outage of {{.Outlived}} is over", "{{else if .Outlived}}Something else is over")
			edit(f, "en/unconfirmed.tmpl", "{{define", `{{define "unconfirmed.facts"}}{{end}}{{define "unconfirmed.executive.facts"}}{{end}}{{define`)
			edit(f, "en/unconfirmed.tmpl", "{{define", `{{define "unconfirmed.preheader"}}Still out{{end}}{{define`)
			edit(f, "en/chain.tmpl", "The problems with {{.}} are part of this outage.", "More is out.")
		}, []string{
			"nl, holding for executive, consequences that came back or turned up: the text does not say what came back",
			"nl, holding for staff, consequences that came back or turned up: the text does not say what it turned out to be the cause of",
			"nl, closing for executive, many consequences, new and old: render message:",
			"en, first for staff, a consequence that outlived its cause: the text does not say what it was a consequence of",
			"en, unconfirmed for executive, one consequence: the HTML does not say what else is out because of it",
		}},
		{"what the teams get, and several together", []Kind{Nudge, Question, Alarm, Combined}, func(f fstest.MapFS) {
			edit(f, "nl/nudge.tmpl", "{{if .Asks}}{{.Ask.At.Soon}} bericht aan", "{{if .Asks}}bericht aan")
			edit(f, "nl/nudge.tmpl", `wacht op akkoord{{else}}{{.Ask.Audience}},`, `wacht op akkoord{{else}}`)
			edit(f, "nl/question.tmpl", "'{{.}}/resolve'", "")
			edit(f, "en/alarm.tmpl", "Report that should always come | {{.Watchdog}}", "")
			edit(f, "en/alarm.tmpl", `{{define "alarm.opening.2"}}`, `{{define "alarm.opening.2"}}{{.Nothing}}`)
			edit(f, "en/team.tmpl", "later than it was meant to", `later "than" it was meant to`)
			edit(f, "nl/combined.tmpl", `{{count .Outages "storing" "storingen"}}`, "storingen")
			edit(f, "en/combined.tmpl", `{{else}}{{template "sms.next" .}}{{end}}{{end}}
{{define "combined.sms.body"}}`, `{{end}}{{end}}
{{define "combined.sms.body"}}`)
			edit(f, "en/combined.tmpl", `{{define "technical.item"}}`, `{{define "technical.item"}}{{.Gone}}`)
			edit(f, skeleton, "{{- range .Sections}}", "{{- range .Sections}}{{else}}")
		}, []string{
			"nl, nudge for communication, an ordinary view: the SMS does not say when an update falls due",
			"nl, nudge for communication, an ordinary view: the text does not say who is told",
			"nl, question for resolution, an ordinary view: the HTML does not say the address of the API",
			"en, alarm for communication, an ordinary view: the text does not say which alert should never stop",
			"en/alarm.tmpl:", "Nothing",
			`en, nudge for communication, an ordinary view: the phrase "late"`,
			"nl, combined for executive, an ordinary view: the subject does not say how many outages there are",
			"en, combined for staff, an ordinary view: the SMS does not say when the next update comes",
			"en/combined.tmpl:", "Gone",
			"nl, combined for customer, an ordinary view: the HTML does not say one of the services",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // each takes a while
			if fewer && len(c.kinds) > 2 {
				return
			}
			files := shipped(t)
			c.spoil(files)
			p, err := Parse(files)
			if err != nil {
				t.Fatal(err)
			}
			err = reported(p.check(p.Languages(), c.kinds))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not reported in\n%.2000s", want, err)
				}
			}
		})
	}
}
