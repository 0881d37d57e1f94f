package words

import (
	"os"
	"strings"
	"testing"
	"time"
)

// Own words that fail when a message is said, or that no SMS has room for, are not
// said: those that ship are, and it is told why.
func TestLapses(t *testing.T) {
	long := strings.Repeat("echt ", 40)
	for _, c := range []struct {
		name, template, part, err string
		view                      View
		reads                     string
	}{
		{"an index too far", `{{define "nl.holding.body"}}{{index (list "a" "b") .Number}}{{end}}`, "holding.body", "site/a.tmpl:1:", outage(Holding, 5), "staff"},
		{"in what it includes", `{{define "nl.holding.body"}}{{template "nl.mine" .}}{{end}}{{define "nl.mine"}}{{since .Estimate}}{{end}}`, "mine", "there is no such moment", outage(Holding, 5), "staff"},
		{"in what shipped words include", `{{define "nl.phase"}}{{.Gone}}{{end}}`, "phase", "can't evaluate field Gone", outage(First, 1), "staff"},
		{"an SMS too long", `{{define "nl.holding.sms.head"}}` + long + `{{end}}`, "holding.sms.head", `the SMS takes 2 segments, allowed are at most 1, by "holding.sms.head" in site/a.tmpl:1`, outage(Holding, 5), "staff"},
		{"an SMS that promises too long", `{{define "nl.sms.next"}}` + long + `{{.Next.Before}}{{end}}`, "sms.next", `by "sms.next" in site/a.tmpl:1`, outage(Holding, 5), "staff"},
		{"what has no end", `{{define "nl.holding.body"}}{{range 1000000000}}` + long + `{{end}}{{end}}`, "holding.body", `site/a.tmpl:1: "holding.body": it says more than 100000 bytes`, outage(Holding, 5), "staff"},
		{"what includes itself", `{{define "nl.holding.body"}}{{template "nl.holding.body" .}}{{end}}`, "holding.body", "it takes more than 5000 rounds of loops and parts", outage(Holding, 5), "staff"},
		{"what is not there", `{{define "nl.holding.body"}}{{.Change.Start.At}}{{end}}`, "holding.body", "nil pointer", outage(Holding, 5), "staff"},
		{"to a team", `{{define "nl.nudge.opening"}}{{.Nowhere}}{{end}}`, "nudge.opening", "Nowhere", outage(Nudge, 1), communication},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := mine(t, Options{}, map[string]string{"a.tmpl": c.template})
			if err != nil {
				t.Fatal(err)
			}
			r := Reader{Reads: c.reads, Language: "nl", Zone: zone(t, "Europe/Amsterdam")}
			out, err := p.Render(c.view, r)
			want, _ := pack(t).Render(c.view, r)
			if err != nil || out.Text != want.Text || out.HTML != want.HTML || out.SMS != want.SMS {
				t.Errorf("%v: it does not say what ships:\n%s\n%s", err, out.Text, out.SMS)
			}
			if l := out.Lapse; l == nil || l.Part != c.part || !strings.Contains(l.Err.Error(), c.err) {
				t.Errorf("told of is %+v", l)
			}
		})
	}
}

// Words that would hang a message, or fill the memory, are found before they are said,
// and are not said where they are all the same.
func TestWordsHaveBounds(t *testing.T) {
	for name, c := range map[string]struct{ template, err string }{
		"a loop that says nothing":      {`{{range 1000000000}}{{end}}`, "rounds of loops"},
		"loops in loops":                {`{{range 1000}}{{range 1000}}{{range 1000}}{{end}}{{end}}{{end}}`, "rounds of loops"},
		"a loop that counts":            {`{{$x := 0}}{{range $i := 1000000000}}{{$x = $i}}{{end}}`, "rounds of loops"},
		"a part that includes itself":   {`{{template "nl.mine" .}}{{end}}{{define "nl.mine"}}{{template "nl.mine" .}}{{template "nl.mine" .}}`, "rounds of loops"},
		"a wide number":                 {`{{printf "%1000000d" 1}}`, "a width of 1000000"},
		"a width that is given":         {`{{printf "%*d" 1000000 1}}`, "a width of *"},
		"a precision":                   {`{{printf "%.999999f" 1.0}}`, "a width of 999999"},
		"the same thing over and over":  {`{{$x := printf "%200d%200d%200d%200d%200d%200d" 1 1 1 1 1 1}}{{printf (printf "%s%s%s" "%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s" "%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s" "%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s") $x}}`, "more than"},
		"a text that is doubled":        {`{{$x := "abcdefgh"}}` + strings.Repeat(`{{$x = print $x $x}}`, 40), "bytes"},
		"a text that is quoted again":   {`{{$x := "a"}}` + strings.Repeat(`{{$x = toJson $x}}`, 40), "bytes"},
		"a list that is doubled":        {`{{$x := list 1 2}}` + strings.Repeat(`{{$x = list $x $x}}`, 40) + `{{$x}}`, "list"},
		"a map in a map":                {`{{$x := dict "a" 1}}` + strings.Repeat(`{{$x = dict "a" $x "b" $x}}`, 40) + `{{toJson $x}}`, "dict"},
		"a replacement that multiplies": {`{{$x := "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}` + strings.Repeat(`{{$x = reReplaceAll "" $x $x}}`, 5), "reReplaceAll"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := mine(t, Options{}, map[string]string{"a.tmpl": `{{define "nl.holding.body"}}` + c.template + `{{end}}`})
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			out, err := p.Render(outage(Holding, 5), Reader{Reads: "staff", Language: "nl"})
			if err != nil || out.Lapse == nil || !strings.Contains(out.Lapse.Err.Error(), c.err) {
				t.Fatalf("%v, %+v", err, out.Lapse)
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			if _, faults := p.checkView(outage(Holding, 5), Reader{Reads: "staff", Language: "nl"}); len(faults) != 1 || !strings.Contains(faults[0].Error(), "site/a.tmpl:1") {
				t.Errorf("the check says %v", faults)
			}
		})
	}
}

// A page that has no end is refused before anything is said.
func TestAPageHasBounds(t *testing.T) {
	for page, want := range map[string]string{
		`<p>{{range 1000000000}}{{end}}`: "rounds of loops", `<p>{{range 1000000000}}` + strings.Repeat("meer ", 40) + `{{end}}`: "it says more than",
	} {
		if _, err := mine(t, Options{}, map[string]string{"mail.html.tmpl": page}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", page, err, want)
		}
	}
}

// Several together are said likewise.
func TestLapsesTogether(t *testing.T) {
	p, err := mine(t, Options{}, map[string]string{"a.tmpl": `{{define "nl.holding.opening"}}{{.Nowhere}}{{end}}`})
	if err != nil {
		t.Fatal(err)
	}
	pieces := []Piece{{View: outage(Holding, 2), Reads: "staff"}, {View: network(Holding, 2), Reads: "staff"}}
	out, err := p.Combine(pieces, Reader{Language: "nl"})
	want, _ := pack(t).Combine(pieces, Reader{Language: "nl"})
	if err != nil || out.Text != want.Text || out.Lapse == nil || out.Lapse.Part != "holding.opening" {
		t.Errorf("%v, %+v: %s", err, out.Lapse, out.Text)
	}
}

// A language of the operator's own is told in that which its readers understand
// best. What is no matter of words stays an error.
func TestLapsesOfALanguage(t *testing.T) {
	files := map[string]string{}
	for name, file := range polish(t) {
		files["words/"+name] = string(file.Data)
	}
	files["words/all.tmpl"] = `{{define "pl.reopened.body"}}{{.Nowhere}}{{end}}`
	p, err := mine(t, Options{}, withoutPart(files, "words/pl/reopened.tmpl", "reopened.body"))
	if err != nil {
		t.Fatal(err)
	}
	r := Reader{Reads: "staff", Language: "pl"}
	if out, err := p.Render(outage(First, 1), r); err != nil || out.Lapse != nil || out.Language != "pl" {
		t.Errorf("%v, %+v, in %q", err, out.Lapse, out.Language)
	}
	if out, err := p.Render(outage(Reopened, 2), r); err != nil || out.Lapse == nil || out.Language != "en" || !strings.Contains(out.HTML, `<html lang="en">`) {
		t.Errorf("%v, %+v, in %q", err, out.Lapse, out.Language)
	}
	if _, err := p.Render(outage(Reopened, 2), Reader{Reads: "nobody", Language: "pl"}); err == nil {
		t.Error("nobody reads it")
	}
}

// A language that was taken out of the configuration is still somebody's: he is told
// in the nearest one, not in bare facts.
func TestALanguageThatIsGone(t *testing.T) {
	p := pack(t)
	for gone, want := range map[string]string{"nl-BE": "nl", "pl": "en", "": "en"} {
		out, err := p.Render(outage(Holding, 2), Reader{Reads: "staff", Language: gone})
		both, worse := p.Combine([]Piece{{View: outage(Holding, 2), Reads: "staff"}, {View: network(Holding, 2), Reads: "staff"}}, Reader{Language: gone})
		if err != nil || worse != nil || out.Language != want || both.Language != want || out.Lapse != nil {
			t.Errorf("%q: in %q and %q, %v, %v", gone, out.Language, both.Language, err, worse)
		}
	}
}

// Whatever somebody wrote, an outage is told of.
func FuzzOwnWords(f *testing.F) {
	for _, s := range []string{
		"x", "{{.Service}}", "{{.Gone}}", "{{define \"nl.holding.opening\"}}{{.You \"u\"}}{{end}}", "{{define \"nl.sms.next\"}}\x02late\x03{{end}}",
		"{{define \"nl.holding.body\"}}{{range .Consequences}}{{end}}{{end}}", "{{define \"nl.next\"}}{{$x := .Next}}{{$x.t}}{{end}}",
		"{{define \"nl.language.clock\"}}15:04{{end}}", "{{define \"nl.language.hour.other\"}}{n}{n}{{end}}", "{{define \"nl.phase\"}}{{printf \"%1000d\" 1}}{{end}}",
		"{{define \"nl.holding.sms.head\"}}{{block \"nl.mine\" .}}{{toJson .}}{{end}}{{end}}", "{{define \"nl.facts\"}}{{dict \"a\"}}{{end}}",
	} {
		f.Add(s)
	}
	files := os.DirFS("../default/words")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Options{Own: []Source{{File: "a.tmpl", Text: text}}}.Parse(files)
		if err != nil {
			return
		}
		for _, kind := range []Kind{First, Holding, Closing, Nudge} {
			for _, reads := range readersOf(kind)[:2] {
				out, err := p.Render(outage(kind, 2), Reader{Reads: reads, Language: "nl"})
				if err != nil || out.Text == "" || Segments(out.SMS) > 1 {
					t.Errorf("%s for %s: %v, %q", kind, reads, err, out.SMS)
				}
			}
		}
	})
}

// With a person's words an SMS takes as many segments as are allowed, and never
// more.
func TestSegmentsForWords(t *testing.T) {
	v := outage(Progress, 3)
	v.Words = map[string]string{"": strings.Repeat("Wij vervangen een onderdeel. ", 60)}
	for n := 1; n <= MaxSegments; n++ {
		p, err := mine(t, Options{Segments: n}, nil)
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.Render(v, Reader{Reads: "staff", Language: "nl"})
		if err != nil || Segments(out.SMS) != n || !strings.Contains(out.SMS, "Wij vervangen") || !strings.Contains(out.SMS, "Volgend bericht") {
			t.Errorf("%d allowed: %v, %d segments: %s", n, err, Segments(out.SMS), out.SMS)
		}
	}
	one, err := mine(t, Options{Segments: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v.Service, v.NextBefore = map[string]string{"": strings.Repeat("vergunningen en ", 5)}, v.Now.Add(30*24*time.Hour)
	for v.Kind = range map[Kind]bool{Progress: true, First: true, Overdue: true} { // a name that would leave room for nothing else
		if _, faults := one.checkView(v, Reader{Reads: "staff", Language: "nl"}); len(faults) > 0 {
			t.Errorf("%s: %v", v.Kind, faults)
		}
	}
	if p := pack(t); p.options.Segments != DefaultSegments || p.languages["nl"].segments != DefaultSegments {
		t.Error("where nothing is said it is not the default")
	}
}
