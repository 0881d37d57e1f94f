package audit

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sitrep/router/incident"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// chain are n lines as they are stored, the first numbered after.
func chain(t testing.TB, n int) (stored [][]byte) {
	t.Helper()
	prev := ""
	for i := range n {
		data, err := json.Marshal(Line{Number: uint64(i + 1), Prev: prev, At: noon.Add(time.Duration(i) * time.Minute), Kind: Override, By: "anna", Text: fmt.Sprint("words ", i)})
		if err != nil {
			t.Fatal(err)
		}
		stored, prev = append(stored, data), Hash(data)
	}
	return stored
}

// checked are the findings about lines in their places; nil ones are not there.
func checked(stored [][]byte, highest, noted uint64, hash string) []string {
	var c Check
	for i, data := range stored {
		if data != nil {
			c.Take(uint64(i+1), data)
		}
	}
	c.End(highest, noted, hash)
	return c.Findings
}

func TestWhatWasDoneToLinesIsFound(t *testing.T) {
	whole := chain(t, 9)
	end := Hash(whole[8])
	flip := func(n int) func([][]byte) [][]byte {
		return func(s [][]byte) [][]byte {
			s[n-1] = []byte(strings.Replace(string(s[n-1]), "anna", "hans", 1))
			return s
		}
	}
	for _, c := range []struct {
		what string
		do   func([][]byte) [][]byte
		want string // of the first finding; empty: none
	}{
		{"nothing", func(s [][]byte) [][]byte { return s }, ""},
		{"flip the first", flip(1), "line 1 was changed"},
		{"flip one", flip(4), "line 4 was changed"},
		{"flip the last", flip(9), "line 9 was changed"},
		{"remove the first", func(s [][]byte) [][]byte { s[0] = nil; return s }, "line 1 is missing"},
		{"remove one", func(s [][]byte) [][]byte { s[3] = nil; return s }, "line 4 is missing"},
		{"remove some", func(s [][]byte) [][]byte { s[3], s[4], s[5] = nil, nil, nil; return s }, "lines 4 to 6 are missing"},
		{"remove one, and close the gap", func(s [][]byte) [][]byte { return slices.Delete(s, 3, 4) }, "in the place of line 4 stands line 5"},
		{"put one in", func(s [][]byte) [][]byte { return slices.Insert(s, 3, s[3]) }, "in the place of line 5 stands line 4"},
		{"swap two", func(s [][]byte) [][]byte { s[3], s[5] = s[5], s[3]; return s }, "in the place of line 4 stands line 6"},
		{"cut the end", func(s [][]byte) [][]byte { return s[:7] }, "lines 8 to 9 are missing"},
		{"cut one", func(s [][]byte) [][]byte { return s[:8] }, "line 9 is missing"},
		{"cut all", func(s [][]byte) [][]byte { return nil }, "lines 1 to 9 are missing"},
		{"garbage", func(s [][]byte) [][]byte { s[4] = []byte("{"); return s }, "line 5 cannot be read"},
		{"write it anew", func(s [][]byte) [][]byte { // whole in itself, and another
			prev := ""
			for i := range s {
				var l Line
				if err := json.Unmarshal(s[i], &l); err != nil {
					t.Fatal(err)
				}
				l.By, l.Prev = "hans", prev
				s[i], _ = json.Marshal(l)
				prev = Hash(s[i])
			}
			return s
		}, "line 9 was changed"},
	} {
		found := checked(c.do(slices.Clone(whole)), 9, 9, end)
		if c.want == "" && len(found) > 0 || c.want != "" && (len(found) == 0 || !strings.HasPrefix(found[0], c.want)) {
			t.Errorf("%s: %q, want %q", c.what, found, c.want)
		}
	}
}

// TestAnyFlippedBitIsFound, wherever it is.
func TestAnyFlippedBitIsFound(t *testing.T) {
	whole := chain(t, 3)
	end := Hash(whole[2])
	for n, line := range whole {
		for at := range line {
			for bit := range 8 {
				changed := slices.Clone(whole)
				changed[n] = slices.Clone(line)
				changed[n][at] ^= 1 << bit
				if checked(changed, 3, 3, end) == nil {
					t.Fatalf("bit %d of byte %d of line %d is not found", bit, at, n+1)
				}
			}
		}
	}
}

// TestLinesThatWentByTheirAge are not missed, and what follows is held to the last of
// them.
func TestLinesThatWentByTheirAge(t *testing.T) {
	whole := chain(t, 9)
	for _, hash := range []string{Hash(whole[3]), Hash(whole[2])} {
		c := Check{After: 4, Hash: hash}
		for i := 4; i < 9; i++ {
			c.Take(uint64(i+1), whole[i])
		}
		c.End(9, 8, "older")
		if wrong := hash != Hash(whole[3]); wrong != (len(c.Findings) == 1) {
			t.Errorf("findings %v", c.Findings)
		}
	}
}

// decided are facts of one override.
func decided(n int, facts ...incident.Fact) []incident.Fact {
	for i := range facts {
		facts[i].At, facts[i].Incident, facts[i].By, facts[i].Input = noon.Add(time.Duration(n)*time.Second), "SR-1", "anna@example.org", fmt.Sprint("input-", n)
	}
	return facts
}

func TestNoLineHoldsWhatPeopleWrote(t *testing.T) {
	const words = "call +31612345678 or jan@example.org"
	var all []incident.Fact
	for n, f := range []incident.Fact{
		{Body: &incident.Said{Number: 1, Texts: map[string]string{"": words}, Audiences: []string{"board"}}},
		{Body: &incident.Said{Number: 2, Texts: map[string]string{"": words}, Corrects: 4}},
		{Body: &incident.Resolved{}, Reason: words, Role: "responder"}, {Body: &incident.Reopened{}, Reason: words},
		{Body: &incident.Led{Lead: words}}, {Body: &incident.Titled{Title: map[string]string{"nl": words}}},
		{Body: &incident.Refused{What: "change it", Reason: words}}, {Body: &incident.Accounted{}},
		{Body: &incident.Phased{From: "investigating", To: "identified"}},
		{Body: &incident.Estimated{At: noon}}, {Body: &incident.Steered{Steer: incident.Steer{Audience: "board", Paused: true, Every: time.Hour}}},
	} {
		all = append(all, decided(n, f)...)
	}
	lines := Derive(all)
	if len(lines) != len(all) {
		t.Fatalf("%d lines of %d overrides", len(lines), len(all))
	}
	data, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"@", "31612345678", "call"} {
		if strings.Contains(string(data), bad) {
			t.Errorf("they hold %q: %s", bad, data)
		}
	}
	for i, want := range map[int]string{0: "words 1 for board", 1: "words 2, which take back update 4", 2: "resolved", 6: "refused to change it", 8: "phase identified, was investigating", 9: "estimate 2026-03-02T12:00:00Z", 10: "board: paused, every 1h0m0s"} {
		if lines[i].Text != want || lines[i].Refused != (i == 6) || lines[i].By != "anna" {
			t.Errorf("line %d is %+v, want %q", i, lines[i], want)
		}
	}
}

// TestGather: whatever was written before a crash, what is written after it makes up
// every line once, in order; also where the facts of the last were forgotten.
func TestGather(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var facts []incident.Fact
		for n := range rapid.IntRange(0, 12).Draw(t, "overrides") {
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				facts = append(facts, decided(n, incident.Fact{Body: &incident.Phased{To: "identified"}}, incident.Fact{Body: &incident.Led{}})...)
			case 1:
				at := noon.Add(time.Duration(n) * time.Second)
				facts = append(facts, incident.Fact{At: at, Body: &incident.Erased{Recipients: 1}}, incident.Fact{At: at, Body: &incident.Erased{Recipients: 2}})
			case 2:
				facts = append(facts, incident.Fact{At: noon.Add(time.Duration(n) * time.Second), Incident: "SR-1", Body: &incident.Opened{}})
			default:
				facts = append(facts, decided(n, incident.Fact{Body: &incident.Refused{What: "resolve"}})...)
			}
		}
		want := Derive(facts)
		written := rapid.IntRange(0, len(want)).Draw(t, "written")
		g := Gather{}
		if written > 0 {
			g.Last = want[written-1]
		}
		gone := map[time.Time]bool{} // incidents of long ago
		for _, l := range want[:written] {
			gone[l.At] = rapid.Bool().Draw(t, "forgotten")
		}
		for _, f := range facts {
			if !gone[f.At] {
				g.Take(f)
			}
		}
		got := append(slices.Clone(want[:written]), g.Left()...)
		if !slices.EqualFunc(got, want, Same) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	})
}
