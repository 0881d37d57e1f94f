package words

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func lexicons(t testing.TB) map[string]*Lexicon {
	t.Helper()
	all, err := Lexicons(os.DirFS("../default/words"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// found says what was found in a text: "rule term".
func found(hints []Hint) string {
	var all []string
	for _, h := range hints {
		all = append(all, strings.TrimSpace(h.Rule+" "+h.Term))
	}
	return strings.Join(all, ", ")
}

func TestLint(t *testing.T) {
	all := lexicons(t)
	for _, c := range []struct{ language, text, want string }{
		{"nl", "Sinds vandaag om 13.05 uur zijn er problemen met e-mail. Wij zoeken de oorzaak.", ""},
		{"nl", "Er is een incident. Er is degradatie van de dienstverlening.", "jargon incident, jargon degradatie"},
		{"nl", "De Root Cause is bekend.", "jargon Root Cause"},
		{"nl", "Wij escaleren, en gaan het mitigeren middels een patch.", "jargon escaleren, jargon middels, jargon mitigeren, jargon patch"},
		{"nl", "Het incidentnummer staat hieronder.", ""},
		{"nl", "Wij lossen het zo spoedig mogelijk op.", "no clock time zo spoedig mogelijk"},
		{"nl", "Wij doen het z.s.m. voor u.", "no clock time z s m"},
		{"nl", "Straks, om 14.30 uur, schrijven wij weer.", ""},
		{"nl", "Straks schrijven wij weer, versie 1.2.", "no clock time Straks"},
		{"nl", "Het is de schuld van de leverancier.", "blame schuld van"},
		{"nl", "De storing is te wijten aan een menselijke fout.", "blame menselijke fout, blame te wijten aan"},
		// The passive, and what looks like it.
		{"nl", "De storing wordt nu onderzocht.", "passive wordt … onderzocht"},
		{"nl", "Er wordt hard gewerkt aan een oplossing.", "passive wordt … gewerkt"},
		{"nl", "De servers werden vannacht vervangen.", "passive werden … vervangen"},
		{"nl", "Wij denken dat het morgen opgelost wordt.", "passive wordt … opgelost"},
		{"nl", "De storing is veroorzaakt door een kabel.", "passive is … veroorzaakt"},
		{"nl", "De storing is opgelost. Dat is niet gelukt. Het is begonnen, en nog niet gestopt.", ""},
		{"nl", "Nu zijn er door deze storing ook problemen met het vergunningenloket.", ""},
		{"nl", "Het wordt later dan gedacht, en de gemeente wordt groter.", "passive wordt … gedacht"},
		{"nl", "Dat wordt bekend. Het wordt gewoon weer beter.", ""},
		{"nl", "Zolang wij niet zeker weten dat het weer werkt, gaan wij uit van een storing die ook morgen nog kan duren.", "long sentence"},
		{"nl", "De arbeidsongeschiktheidsverzekering werkt niet.", "long word arbeidsongeschiktheidsverzekering"},
		{"nl", "DE MAIL DOET HET NIET.", "capitals MAIL DOET HET NIET"},
		{"nl", "OEFENING: de SMS van ICT werkt. Kenmerk SR-12.", ""},
		{"nl", "Let op! De mail werkt weer!", "exclamation marks !"},
		{"nl", "Let op!", ""},
		{"nl", "Eerste regel zonder punt\nDaarna nog een zin | en een waarde", ""},

		{"en", "Since today at 13:05 there are problems with email. We are looking for the cause.", ""},
		{"en", "Service is degraded; we will leverage our partner to mitigate it. ETA: two hours.", "jargon degraded, passive is … degraded, jargon leverage, jargon mitigate, jargon ETA"},
		{"en", "We escalated this in order to find the root cause.", "jargon escalated, jargon in order to, jargon root cause"},
		{"en", "We will be back soon, as soon as possible, ASAP.", "no clock time as soon as possible, no clock time ASAP, no clock time soon"},
		{"en", "The supplier is to blame: it was human error.", "blame human error, blame to blame"},
		{"en", "The disk is being replaced. It was broken.", "passive is … replaced, passive was … broken"},
		{"en", "The mail was not yet sent.", "passive was … sent"},
		{"en", "The outage is over and lasted 3 hours. It is needed. That is the speed.", ""},
		{"en", "We are still interested in what you know.", ""},
		{"en", "It may take a while before everything is back to what it was on Monday, and we do not know when that is.", "long sentence"},
		{"en", "Uncharacteristically slow.", "long word Uncharacteristically"},
		{"en", "EXERCISE: nothing is wrong.", ""},
		{"en", "PLEASE READ this.", "capitals PLEASE READ"},
	} {
		x := all[c.language]
		var want []string
		if c.want != "" {
			want = strings.Split(c.want, ", ")
		}
		got := strings.Split(found(Lint([]Said{{Text: c.text}}, x)), ", ")
		slices.Sort(got)
		slices.Sort(want)
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("%s: %q: %v, want %v", c.language, c.text, got, want)
		}
	}
}

// Ours are looked at, each hint once: the golden file is what is left to argue about.
func TestLintOfTheShippedWords(t *testing.T) {
	p := pack(t)
	var b strings.Builder
	for _, code := range slices.Sorted(maps.Keys(lexicons(t))) {
		r := Reader{Language: code, Zone: zone(t, "Europe/Amsterdam")}
		examples, err := p.Examples(Scene{Quoted: r})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, e := range examples {
			for _, reads := range e.Readers() {
				hints, err := p.Hints(e.Pieces(Reader{Reads: reads}), r, lexicons(t)[code])
				if err != nil {
					t.Fatal(err)
				}
				for _, h := range hints {
					said := fmt.Sprintf("%s %s %s: %s\n", code, h.Name, strings.TrimSpace(h.Rule+" "+h.Term), maskDigits(h.Sentence))
					if !seen[said] {
						b.WriteString(said)
					}
					seen[said] = true
				}
			}
		}
	}
	golden(t, "lint.golden", b.String())
}

func TestLintFindsWhatIsMissing(t *testing.T) {
	files := shipped(t)
	edit(files, "nl/shared.tmpl", "{{define \"next\"}}", "{{define \"next\"}}Later meer.{{end}}{{define \"nextt\"}}")
	for name, file := range files {
		files[name] = &fstest.MapFile{Data: bytes.ReplaceAll(file.Data, []byte("{{.Workaround}}"), nil)}
	}
	p, err := Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	v := outage(First, 1)
	v.Account = plenty
	for _, c := range []struct{ reads, want string }{
		{"staff", "no next update, no workaround"}, {"executive", "no next update"},
	} {
		hints, err := p.Hints([]Piece{{View: v, Reads: c.reads}}, Reader{Language: "nl", Zone: zone(t, "Europe/Amsterdam")}, lexicons(t)["nl"])
		if err != nil {
			t.Fatal(err)
		}
		if got := found(hints); got != c.want {
			t.Errorf("%s: %s, want %s", c.reads, got, c.want)
		}
	}
}

// Those who mend it know what an alert is.
func TestExpertsAreSparedNoLongSentence(t *testing.T) {
	files := shipped(t)
	edit(files, "en/first.tmpl", `{{define "first.technical.body"}}`, `{{define "first.technical.body"}}The alerts fire and they fire and they fire and they fire and they fire and they fire and they fire and fire.`)
	p, err := Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	hints, err := p.Hints([]Piece{{View: outage(First, 1), Reads: "technical"}}, Reader{Language: "en"}, lexicons(t)["en"])
	if got := found(hints); err != nil || got != "long sentence" {
		t.Errorf("%s, %v", got, err)
	}
}

// A lexicon of one's own adds to ours, and is all that there is of another language.
func TestOwnLexicons(t *testing.T) {
	all, err := Lexicons(os.DirFS("../default/words"),
		Source{File: "words/nl/lint.txt", Folder: "nl", Text: "[jargon]\nzaaksysteem = zeg wat mensen niet kunnen\n[limits]\nsentence = 8\n"},
		Source{File: "words/pl/lint.txt", Folder: "pl", Text: "[jargon]\nincydent = awaria\n"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ language, text, want string }{
		{"nl", "Het zaaksysteem heeft een incident.", "jargon zaaksysteem, jargon incident"},
		{"nl", "Wij zoeken nu al heel lang naar de oorzaak.", "long sentence"},
		{"pl", "Incydent trwa.", "jargon Incydent"},
	} {
		if got := found(Lint([]Said{{Text: c.text}}, all[c.language])); got != c.want {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
	if _, err := Lexicons(fstest.MapFS{}, Source{File: "words/nl/lint.txt", Folder: "nl", Text: "\n[jargn]"}); err == nil || !strings.Contains(err.Error(), "words/nl/lint.txt:2: ") {
		t.Errorf("a typo in one: %v", err)
	}
	if _, err := Lexicons(fstest.MapFS{}, Source{File: "words/lint.txt", Folder: "words"}); err == nil {
		t.Error("of no language: no error")
	}
}

func TestLexiconsSayWhatIsWrong(t *testing.T) {
	_, err := Lexicons(fstest.MapFS{
		"nl/lint.txt": {Data: []byte("[jargon]\nincident\n[jargn]\nx\n[limits]\nsentence = many\nletters = 3\n")},
		"en/lint.txt": {Data: []byte("[soon]\n... = never\n")},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`nl/lint.txt:3: no heading is called [jargn]; there are [limits], `, `nl/lint.txt:6: "many" is no number`,
		`nl/lint.txt:7: no limit is called "letters"; there are sentence`, `en/lint.txt:2: "... = never" has no words`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}
