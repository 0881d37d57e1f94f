package words

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// three are pieces of three incidents: a new one, one without news, and one with
// news.
func three(reads string) []Piece {
	fresh, same, news := outage(First, 1), network(Holding, 4), outage(Progress, 2)
	fresh.NextBefore = fresh.Now.Add(30 * time.Minute)
	same.Incident, same.Consequences = "SR-9", mail
	same.Known, same.KnownAt = map[string]string{"nl": "Een switch is stuk.\nDe vervanging is onderweg.", "en": "A switch is broken.\nIts replacement is on its way."}, noon.Add(40*time.Minute)
	news.Incident, news.Service, news.Phase = "SR-13", desk[0], "identified"
	news.NextBefore, news.Alerts = news.Now.Add(time.Hour), nil
	same.Link, news.Link = "https://sitrep.example/incidents/SR-9", "https://sitrep.example/incidents/SR-13"
	return []Piece{{View: fresh, Reads: reads}, {View: same, Reads: reads}, {View: news, Reads: reads}}
}

func nudges(t *testing.T, language string, n int) []Piece {
	var pieces []Piece
	for i := range n {
		v := nudge(t, 1, language, "board")
		v.Incident = fmt.Sprintf("SR-%d", 1+i)
		v.API, v.Answer = "https://sitrep.example/api/v1/incidents/"+v.Incident, "https://sitrep.example/answer/~"+v.Incident
		v.Link = "https://sitrep.example/incidents/" + v.Incident
		pieces = append(pieces, Piece{View: v, Reads: communication})
	}
	return pieces
}

func many(n int, reads string) []Piece {
	var pieces []Piece
	for i := range n {
		v := outage(Holding, 2)
		v.Service = map[string]string{"": fmt.Sprintf("dienst %d", 1+i)}
		v.Incident, v.Alerts = fmt.Sprintf("SR-%d", 1+i), nil
		pieces = append(pieces, Piece{View: v, Reads: reads})
	}
	return pieces
}

func TestGoldenCombined(t *testing.T) {
	p := pack(t)
	for _, code := range []string{"nl", "en"} {
		late, over := three("staff")[:2], three("executive")[1:]
		late[1].View.Late = true
		for i := range over {
			over[i].View.Phase, over[i].View.Firing = "monitoring", 0
		}
		today := maintenance(Overrunning, 3, noon.Add(65*time.Minute))
		today.Change = work(noon.Add(time.Hour))
		begun, coming := maintenance(Started, 2, weekend), maintenance(Announced, 2, weekend.Add(-time.Hour))
		named := func(v View, title string) View {
			v.Service = map[string]string{"": title}
			return v
		}
		mixed := three("executive")
		mixed[1].Reads = "technical"
		var b strings.Builder
		for _, c := range []struct {
			title  string
			pieces []Piece
		}{
			{"three, executive", three("executive")},
			{"three, technical", three("technical")},
			{"three, one of them technical", mixed},
			{"two, one of them late, staff", late},
			{"two that seem over, executive", over},
			{"twelve, executive", many(12, "executive")},
			{"twelve, technical", many(12, "technical")[:11]},
			{"an outage and a change, executive", []Piece{
				{View: outage(Holding, 2), Reads: "executive"}, {View: today, Reads: "executive"},
			}},
			{"two changes over time, staff", []Piece{{View: named(today, "Alpha"), Reads: "staff"}, {View: named(today, "Beta"), Reads: "staff"}}},
			{"a change begins in an outage, staff", []Piece{{View: outage(Holding, 2), Reads: "staff"}, {View: named(begun, "Beta"), Reads: "staff"}}},
			{"two changes to come, staff", []Piece{{View: named(coming, "Alpha"), Reads: "staff"}, {View: named(coming, "Beta"), Reads: "staff"}}},
			{"nudges", nudges(t, code, 2)},
			{"many nudges", nudges(t, code, 5)},
		} {
			out, err := p.Combine(c.pieces, Reader{Language: code, Zone: zone(t, "Europe/Amsterdam")})
			if err != nil {
				t.Fatal(err)
			}
			show(&b, c.title, out)
		}
		golden(t, "combined."+code+".golden", b.String())
	}
}

func TestCombineRefuses(t *testing.T) {
	p := pack(t)
	r := Reader{Language: "nl"}
	two := three("executive")[:2]
	closing, question := Piece{View: outage(Closing, 2), Reads: "staff"}, Piece{View: question(1), Reads: communication}
	drill := slices.Clone(two)
	drill[1].View.Drill = true
	for name, pieces := range map[string][]Piece{
		"an outage and an exercise": drill, "an exercise and an outage": {drill[1], drill[0]},
		"none": nil, "one": two[:1], "a closing": {two[0], closing}, "a question": {two[0], question}, "questions": {question, question},
		"a nudge and an update": {two[0], nudges(t, "nl", 1)[0]}, "an update and a nudge": {nudges(t, "nl", 1)[0], two[0]},
		"a nudge for the board": {nudges(t, "nl", 1)[0], {View: two[0].View, Reads: "executive"}}, "nobody": {two[0], {View: two[1].View}},
		"nothing named": {two[0], {View: View{Kind: First}, Reads: "staff"}},
	} {
		if _, err := p.Combine(pieces, r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCombinedNamesWhatDoesNotFit(t *testing.T) {
	p := pack(t)
	out, err := p.Combine(many(137, "executive"), Reader{Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nDienst 10 outage\n", "\nDienst 11 outage, began", "\nDienst 100 outage, began", "\nand 37 more outages\n"} {
		if !strings.Contains(out.Text, want) {
			t.Errorf("lacks %q", want)
		}
	}
	if strings.Contains(out.Text, "Dienst 101 ") {
		t.Error("names more than a hundred")
	}
	if want := "137 outages: dienst 1, dienst 2, "; !strings.Contains(out.SMS, want) || Segments(out.SMS) != 1 {
		t.Error(out.SMS)
	}
}

// The email stays under its limit whatever the pieces hold.
func TestCombinedStaysSmall(t *testing.T) {
	p := pack(t)
	for _, fill := range []string{`"'<&`, "🔥", "a\n"} {
		s := strings.Repeat(fill, 700)
		for _, kind := range []Kind{First, Progress, Nudge} {
			v := outage(kind, 1)
			v.Service, v.Incident, v.Lead, v.Severity, v.Organisation = map[string]string{"": s}, s, s, s, s
			v.Words, v.Known = map[string]string{"": s}, map[string]string{"": s}
			v.Link, v.API = "https://example.org/"+strings.Repeat("&", 400), "https://example.org/"+strings.Repeat("&", 400)
			for i := range 30 {
				title := map[string]string{"": fmt.Sprint(i) + s}
				v.Consequences, v.Recovered, v.Folded = append(v.Consequences, title), append(v.Recovered, title), append(v.Folded, title)
				v.Alerts = append(v.Alerts, Alert{Name: s, Severity: s, Summary: s, Instance: s})
				if kind == Nudge {
					v.Asks = append(v.Asks, Ask{Audience: s, At: v.Now, Kind: Holding, Text: s})
				}
			}
			for _, n := range []int{2, 11, 101} { // all in full, one that is named, and one that is not
				if n > 11 && fill != `"'<&` { // of what HTML makes the most
					continue
				}
				out, err := p.Combine(slices.Repeat([]Piece{{View: v, Reads: choose(kind == Nudge, communication, "technical")}}, n), Reader{Language: "nl"})
				if err != nil {
					t.Fatal(err)
				}
				if size := len(out.HTML) + len(out.Text); size >= maxMail {
					t.Errorf("%d of %s with %q: %d bytes", n, kind, fill, size)
				}
				if Segments(out.SMS) != 1 {
					t.Errorf("%d of %s with %q: %q", n, kind, fill, out.SMS)
				}
			}
		}
	}
}

// Readers of several audiences are called as those of the first piece are.
func TestTheFirstPieceSaysHowReadersAreCalled(t *testing.T) {
	p := pack(t)
	for _, informal := range []bool{true, false} {
		pieces := []Piece{{View: outage(First, 1), Reads: "staff", Informal: informal}, {View: network(First, 1), Reads: "staff", Informal: !informal}}
		out, err := p.Combine(pieces, Reader{Language: "nl", Informal: !informal})
		if err != nil {
			t.Fatal(err)
		}
		formal := strings.Contains(out.Text, " u ") || strings.Contains(out.Text, "U hoeft")
		if familiar := strings.Contains(out.Text, " je ") || strings.Contains(out.Text, "Je hoeft"); familiar != informal || formal == informal {
			t.Errorf("informal %v:\n%s", informal, out.Text)
		}
	}
}

// Drawn pieces of every kind, for drawn readers.
func TestEveryCombination(t *testing.T) {
	p := pack(t)
	together := slices.DeleteFunc(slices.Clone(kinds), func(k Kind) bool { return slices.Contains(alone, k) })
	for code := range tongues {
		t.Run(code, rapid.MakeCheck(func(t *rapid.T) {
			var pieces []Piece
			technical, late, drill := false, false, rapid.Bool().Draw(t, "all are exercises")
			for i := range rapid.IntRange(2, 14).Draw(t, "pieces") {
				v := anyView(t, rapid.SampledFrom(together).Draw(t, "kind"))
				v.Incident = fmt.Sprintf("SRX-%d", i)
				v.Words, v.Drill = nil, drill
				reads := rapid.SampledFrom(audiences).Draw(t, "reads")
				technical, late = technical || reads == "technical", late || v.Late
				pieces = append(pieces, Piece{View: v, Reads: reads})
			}
			s, each, err := p.gather(pieces, Reader{Language: code, Zone: time.UTC})
			if err != nil {
				t.Fatal(err)
			}
			out, err := p.combine(s, each)
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range p.pieceFaults(s, each, out) {
				t.Error(fault)
			}
			emptiedSlotsLeaveNoTrace(t, out)
			all := out.Subject + out.Text + out.HTML + out.SMS
			for _, inner := range []string{"Zalert", "zlink", "SRX-"} {
				if !technical && strings.Contains(all, inner) {
					t.Errorf("%q is shown to people who are not technical", inner)
				}
			}
			excuse := map[string]string{"nl": "later dan beloofd", "en": "later than promised"}[code]
			if n := strings.Count(out.Text, excuse); n != choose(late, 1, 0) {
				t.Errorf("late %v, and the excuse stands %d times", late, n)
			}
		}))
	}
}

// The worst cases that are tried together are of one name, and of all kinds that may
// go together.
func TestWorstCasesTogether(t *testing.T) {
	for _, reads := range []string{"staff", resolution} {
		tried := map[Kind]bool{}
		for _, c := range worstPieces(reads) {
			for _, piece := range c.pieces {
				tried[piece.View.Kind] = true
				if piece.View.Drill != (c.name == "an exercise") || piece.View.Late != (c.name == "estimate missed, late") || (len(piece.View.Alerts) > 30) != (strings.HasPrefix(c.name, "names") || strings.HasPrefix(c.name, "hostile") || strings.HasPrefix(c.name, "signs")) {
					t.Errorf("%s for %s holds a %s of another name", c.name, reads, piece.View.Kind)
				}
			}
		}
		for _, kind := range kinds {
			if tried[kind] != (reads == "staff" && !slices.Contains(alone, kind)) {
				t.Errorf("%s for %s: tried is %v", kind, reads, tried[kind])
			}
		}
	}
}
