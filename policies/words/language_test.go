package words

import (
	"maps"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var twoForms = regexp.MustCompile(`\b(count|plural) (\S+) ("[^"]*") ("[^"]*")`)

// polish returns the files of a third language: the English sentences, which are
// long enough to read, with Polish times, durations and counts.
func polish(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for name, file := range shipped(t) {
		if base, is := strings.CutPrefix(name, "en/"); is && strings.HasSuffix(base, ".tmpl") {
			// A noun has three forms here; which ones is not the matter.
			files["pl/"+base] = &fstest.MapFile{Data: twoForms.ReplaceAll(file.Data, []byte(`$1 $2 $3 $4 $4`))}
		}
	}
	own, err := os.ReadFile("testdata/pl/language.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	files["pl/language.tmpl"] = &fstest.MapFile{Data: own}
	return files
}

// A folder is a language, and nothing in Go knows which there are.
func TestAFolderIsALanguage(t *testing.T) {
	files := shipped(t)
	maps.Copy(files, polish(t))
	p, err := Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(p.Languages(), " "); got != "en nl pl" {
		t.Errorf("there are %q", got)
	}
	v := outage(Closing, 3)
	v.Service = map[string]string{"nl": "e-mail", "pl": "poczta"}
	v.Since = v.Ended.Add(-(5*time.Hour + 22*time.Minute))
	r := Reader{Reads: "technical", Language: "pl", Zone: zone(t, "Europe/Amsterdam")}
	out, err := p.Render(v, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"poczta", "5 godzin i 22 minuty", "od 08:43 do godz. 14:05", "dzisiaj o godz. 08:43"} {
		if !strings.Contains(out.Text, want) {
			t.Errorf("it does not say %q:\n%s", want, out.Text)
		}
	}
	if out.Language != "pl" || !strings.Contains(out.HTML, `lang="pl"`) || !strings.Contains(out.SMS, "5 godzin i 22 minuty") {
		t.Errorf("%s: %s", out.Language, out.SMS)
	}
	for _, kind := range kinds {
		for _, reads := range audiences {
			if _, err := p.Render(outage(kind, 2), Reader{Reads: reads, Language: "pl"}); err != nil {
				t.Error(err)
			}
		}
	}
}

// How a language counts is for CLDR to say.
func TestPlurals(t *testing.T) {
	files := shipped(t)
	maps.Copy(files, polish(t))
	p, err := Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	l := p.languages["pl"].tongue
	for d, want := range map[time.Duration]string{
		30 * time.Second: "niecała minuta", time.Minute: "1 minuta", 2 * time.Minute: "2 minuty", 4 * time.Minute: "4 minuty",
		5 * time.Minute: "5 minut", 12 * time.Minute: "12 minut", 21 * time.Minute: "21 minut", 22 * time.Minute: "22 minuty",
		24 * time.Hour: "24 godziny", 25 * time.Hour: "1 dzień i 1 godzina", 127 * time.Hour: "5 dni i 7 godzin",
	} {
		if got := l.lasted(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	titles := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	for n, want := range map[int]string{3: "a, b i c", 4: "a, b i jeszcze 2 usługi", 7: "a, b i jeszcze 5 usług"} {
		if got := newSeries(titles[:n], l).String(); got != want {
			t.Errorf("%d titles: %q, want %q", n, got, want)
		}
	}
	for code, want := range map[string]string{"nl": "one other", "en": "one other", "pl": "one few many", "fr": "one other", "ja": "other", "ar": "zero one two few many other", "lv": "zero one other"} {
		if tag, ok := languageTag(code); !ok || strings.Join(newCounts(tag).uses, " ") != want {
			t.Errorf("%s has %v, want %s", code, newCounts(tag).uses, want)
		}
	}
	if _, err := l.plural(2, "alert", "alerty"); err == nil || !strings.Contains(err.Error(), "3 forms in the language \"pl\" (one, few, many), and here are 2") {
		t.Errorf("two forms of three: %v", err)
	}
}

// What is wrong with a language is said with its file, and all of it at once.
func TestLanguagesWithFaults(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"a part too few", `{{define "language.tomorrow"}}jutro{{end}}`, ``, `pl/language.tmpl: the language "pl" lacks "language.tomorrow"`},
		{"a form too few", `{{define "language.hour.few"}}{n} godziny{{end}}`, ``, `pl/language.tmpl: the language "pl" lacks "language.hour.few"`},
		{"a form too many", `{{define "language.hour.few"}}`, `{{define "language.hour.two"}}{n} godziny{{end}}{{define "language.hour.few"}}`,
			`pl/language.tmpl:42: "language.hour.two": the language "pl" has no form "two" of a noun; it has one, few, many`},
		{"a part that nothing reads", `"language.tomorrow"`, `"language.tommorow"`, `pl/language.tmpl:15: a language has no part "language.tommorow"
    hint: did you mean "language.tomorrow"?`},
		{"a clock without minutes", `godz. 15:04`, `godz. 15`, `pl/language.tmpl:3: the layout "godz. 15" of "language.clock" says the same of 2026-01-01 01:01:00 and 2026-01-01 01:02:00; write it as Go does, such as "15:04"`},
		{"a clock of twelve hours", `godz. 15:04`, `godz. 3:04`, `pl/language.tmpl:3: the layout "godz. 3:04" of "language.clock" says the same of 2026-01-01 01:01:00 and 2026-01-01 13:01:00`},
		{"a clock of another kind", `godz. 15:04`, `HH:mm`, `pl/language.tmpl:3: the layout "HH:mm"`},
		{"a date without a month", `Monday 2 January{{end}}`, `Monday 2{{end}}`, `pl/language.tmpl:5: the layout "Monday 2" of "language.date" says the same of 2026-01-01 01:01:00 and 2026-10-01`},
		{"a date without a year", `2 January 2006`, `2 January`, `pl/language.tmpl:6: the layout "Monday 2 January" of "language.date.year" says the same of 2026-01-01 01:01:00 and 2032-01-01`},
		{"a slot too few", `przed {time}`, `przed`, `pl/language.tmpl:9: "language.before" says "przed", where {time} is to stand once`},
		{"a number too few", `{n} godzin{{end}}`, `godzin{{end}}`, `pl/language.tmpl:43: "language.hour.many" says "godzin", where {n} is to stand for the number`},
		{"an action", `{{define "language.and"}}i`, `{{define "language.and"}}{{.Name}}i`, `pl/language.tmpl:12: "language.and" is plain text`},
		{"nothing", `{{define "language.and"}}i`, `{{define "language.and"}}`, `pl/language.tmpl:12: "language.and" is empty`},
		{"half a notice", `Wypisano | `, ``, `and not a heading and a sentence with | between them`},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := shipped(t)
			maps.Copy(files, polish(t))
			edit(files, "pl/language.tmpl", c.old, c.new)
			edit(files, "nl/language.tmpl", "{{define \"language.digraph\"}}ij", "{{define \"language.digraph\"}}{{.}}")
			_, err := Parse(files)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{c.want, "nl/language.tmpl:62: \"language.digraph\" is plain text"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not said in\n%v", want, err)
				}
			}
		})
	}
}

// The bare facts come without any template, in the nearest language that there is.
func TestBareFacts(t *testing.T) {
	p := pack(t)
	over := outage(Closing, 4)
	alone := outage(First, 1)
	alone.Service, alone.NextBefore = map[string]string{"de": "\x02das Netz\n"}, time.Time{}
	drill, corrected, silent := outage(First, 1), outage(Correction, 2), alarm(1)
	drill.Drill, corrected.Words, corrected.NextBefore, silent.HeardAt = true, map[string]string{"": "Zie http://evil.example"}, time.Time{}, time.Time{}
	done, off, late := maintenance(Completed, 4, weekend.Add(5*time.Hour)), maintenance(Cancelled, 2, noon), maintenance(Holding, 4, weekend.Add(7*time.Hour))
	dateless := maintenance(Announced, 1, noon)
	dateless.Change, dateless.NextBefore = &Change{}, time.Time{}
	for _, c := range []struct {
		view           View
		language, want string
	}{
		{drill, "nl", "OEFENING: Storing: e-mail, sinds vandaag om 13.05 uur. Volgend bericht vóór 14.30 uur."},
		{maintenance(Announced, 1, noon), "nl", "Onderhoud: verhuizing van de opslag. Zaterdag 28 november van 08.00 tot 14.00 uur. Volgend bericht vóór 14.05 uur."},
		{dateless, "nl", "Onderhoud: verhuizing van de opslag."},
		{late, "en", "Maintenance takes longer than planned: moving the storage. Next update before 16:00."},
		{off, "nl", "Onderhoud gaat niet door: verhuizing van de opslag."},
		{done, "en", "Maintenance over: moving the storage."},
		{alarm(1), "nl", "Sitrep hoort de monitoring niet. Sinds vandaag om 13.05 uur."},
		{silent, "en", "Sitrep does not hear the monitoring."},
		{returned(alarm(1)), "nl", "Sitrep hoort de monitoring weer."},
		{returned(ailing(1, Ailment{What: "store"})), "en", "Sitrep works well again."},
		{outage(First, 1), "nl", "Storing: e-mail, sinds vandaag om 13.05 uur. Volgend bericht vóór 14.30 uur."},
		{outage(First, 1), "nl-BE", "Storing: e-mail, sinds vandaag om 13.05 uur. Volgend bericht vóór 14.30 uur."},
		{outage(First, 1), "ja", "Email is out since today at 13:05. Next update before 14:30."},
		{over, "en", "Email works again since today at 14:05."},
		{alone, "en", "Das Netz is out since today at 13:05."},
		{View{Kind: Ailing, Since: noon, Now: noon}, "en", "Sitrep does not work well; its log says more. Since today at 13:05."},
	} {
		out := p.Bare(c.view, Reader{Language: c.language, Zone: zone(t, "Europe/Amsterdam")})
		if out.Text != c.want || out.SMS != GSM7(c.want) || Segments(out.SMS) != 1 || out.Subject == "" {
			t.Errorf("%s: %q, %q, %q; want %q", c.language, out.Subject, out.Text, out.SMS, c.want)
		}
	}
	out := p.Bare(corrected, Reader{Language: "nl", Zone: zone(t, "Europe/Amsterdam")})
	if want := "Storing: e-mail, sinds vandaag om 13.05 uur.\n\nZie evil[.]example\n\n"; out.Text != want {
		t.Errorf("%q, want %q", out.Text, want)
	}
	if l := p.Leaving("nl"); len(l) != 2 || l[0].Language != "nl" || l[0].Done.Title != "U bent afgemeld" || l[1].Ask.Title != "Unsubscribe" {
		t.Errorf("on leaving: %+v", l)
	}
}

func TestFoldersThatAreLanguages(t *testing.T) {
	for folder, want := range map[string]bool{
		"nl": true, "en": true, "pl": true, "fy": true, "pt-BR": true, "zh-Hant": true, "nl-BE": true,
		"": false, ".": false, "..": false, "words": false, "own": false, "board": false, "NL": false, "pt_BR": false, "xx": false, "und": false, path.Base("/"): false,
	} {
		if _, ok := LanguageOf(folder); ok != want {
			t.Errorf("%q: %v", folder, ok)
		}
	}
}
