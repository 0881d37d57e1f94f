package words

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// tellAll renders one message, of one view or of several.
func (p *Pack) tellAll(pieces []Piece, r Reader) (Rendered, error) {
	if len(pieces) > 1 {
		return p.Combine(pieces, r)
	}
	r.Reads, r.Informal = pieces[0].Reads, pieces[0].Informal
	return p.Render(pieces[0].View, r)
}

func TestExamplesShowEachKindToEachReader(t *testing.T) {
	p := pack(t)
	for _, code := range p.Languages() {
		r := Reader{Language: code, Zone: zone(t, "Europe/Amsterdam")}
		examples, err := p.Examples(Scene{Organisation: "Gemeente Elders", Titles: map[string]map[string]string{"mail": {"": "de post"}},
			Address: "https://elders.example", Quoted: r})
		if err != nil {
			t.Fatal(err)
		}
		shown, names, said := map[Kind]bool{}, map[string]bool{}, map[string]bool{}
		for _, e := range examples {
			shown[e.Kind()] = true
			if names[e.Name] {
				t.Errorf("%s stands twice", e.Name)
			}
			names[e.Name] = true
			for _, reads := range e.Readers() {
				out, err := p.tellAll(e.Pieces(Reader{Reads: reads}), r)
				if err != nil {
					t.Fatalf("%s for %s: %v", e.Name, reads, err)
				}
				if all := out.Text + out.HTML + out.SMS; strings.Contains(all, "Voorbeeld") || strings.Contains(all, "sitrep.example/") ||
					strings.Contains(all, "e-mail") && e.Kind() != Ailing && !strings.HasPrefix(e.Name, "change") {
					t.Errorf("%s for %s is not of this scene:\n%s", e.Name, reads, out.Text)
				}
				parts, err := p.Said(e.Pieces(Reader{Reads: reads}), r)
				if err != nil {
					t.Fatal(err)
				}
				for _, one := range parts {
					said[one.Name] = true
				}
			}
		}
		for _, k := range Kinds() {
			if !shown[k] {
				t.Errorf("%s: no example of %s", code, k)
			}
		}
		// Whoever looks through them has seen each way in which something is put.
		for part, n := range p.languages[code].turns {
			for i := range n {
				if name := part + "." + string(rune('1'+i)); !said[name] {
					t.Errorf("%s: no example says %s", code, name)
				}
			}
		}
	}
}

// An example calls its reader as he is called, alone and together with others.
func TestExamplesCallTheReaderAsHeIsCalled(t *testing.T) {
	p := pack(t)
	examples, err := p.Examples(Scene{Quoted: Reader{Language: "nl", Zone: time.UTC}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		if e.Name != "first" && e.Name != "combined" && e.Name != "change-first" {
			continue
		}
		for _, informal := range []bool{false, true} {
			r := Reader{Reads: "staff", Language: "nl", Zone: time.UTC, Informal: informal}
			out, err := p.tellAll(e.Pieces(r), r)
			if err != nil {
				t.Fatal(err)
			}
			parts, err := p.Said(e.Pieces(r), r)
			if err != nil {
				t.Fatal(err)
			}
			said := out.Text
			for _, one := range parts {
				said += one.Text
			}
			you, thou := regexp.MustCompile(`\b[Uu]\b`).MatchString(said), regexp.MustCompile(`\b[Jj]e\b`).MatchString(said)
			if you == informal || thou != informal {
				t.Errorf("%s, informal %v:\n%s", e.Name, informal, said)
			}
		}
	}
}

func TestSaidNamesTheTemplate(t *testing.T) {
	p := pack(t)
	parts, err := p.Said([]Piece{{View: outage(Holding, 6), Reads: "executive"}}, Reader{Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(parts, func(s Said) bool { return s.Part == "opening" })
	want := Said{Part: "opening", Name: "holding.opening.2", File: "en/holding.tmpl", Own: "holding.executive.opening",
		Text: "The outage is not over yet. After 1 hour and 5 minutes there is nothing new that we can tell you about email."}
	got := parts[i]
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	i = slices.IndexFunc(parts, func(s Said) bool { return s.Part == "body" })
	if !slices.Contains(parts[i].Uses, "estimate") {
		t.Errorf("the body uses %v", parts[i].Uses)
	}
}

// A fact sheet says in JSON what it says in Go.
func TestViewInJSON(t *testing.T) {
	p := pack(t)
	examples, err := p.Examples(Scene{Quoted: Reader{Language: "nl", Zone: time.UTC}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		text, err := json.Marshal(e.Views)
		if err != nil {
			t.Fatal(err)
		}
		var back []View
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, e.Views) {
			t.Errorf("%s: %s", e.Name, text)
		}
	}
	text, _ := json.Marshal(ClockShare{Limit: 24 * time.Hour, Used: 65*time.Minute + 3*time.Millisecond})
	if want := `{"limit":"1d","used":"1h5m3ms"}`; string(text) != want {
		t.Errorf("%s, want %s", text, want)
	}
	for _, bad := range []string{`{"limit":"soon"}`, `{"limit":3}`, `{"used":"-3m"}`} {
		if err := json.Unmarshal([]byte(bad), new(ClockShare)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
