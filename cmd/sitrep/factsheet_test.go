package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sitrep/policies"
	"sitrep/policies/words"
)

func TestFactSheet(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 5, 0, 0, time.UTC)
	one := words.View{
		Kind: words.Overrunning, Number: 3, Service: map[string]string{"": "opslag"}, Now: now, Late: true,
		Expected:     words.ClockShare{Limit: time.Hour, Used: 65 * time.Minute},
		Consequences: []map[string]string{{"nl": "e-mail", "en": "email"}, {"": "wifi"}},
		Change:       &words.Change{Start: now.Add(-time.Hour), End: now, RolledBack: true},
		Account:      words.Account{Impact: map[string]string{"nl": "Niets werkt."}},
		Alerts:       []words.Alert{{Name: "Down", Firing: true}},
	}
	for _, c := range []struct {
		text string
		kind words.Kind
		want []words.View
	}{
		{`{"kind": "overrunning", "number": 3, "service": "opslag", "now": "2026-11-23T13:05:00+01:00", "late": true, "lead": null,
			"expected": {"limit": "1h", "used": "65m"}, "consequences": [{"nl": "e-mail", "en": "email"}, "wifi"],
			"change": {"start": "2026-11-23T11:05:00Z", "end": "2026-11-23T12:05:00Z", "rolled_back": true}, "account": {"impact": {"nl": "Niets werkt."}},
			"alerts": [{"name": "Down", "firing": true}]}`, "", []words.View{one}},
		{"\ufeff" + `[{"now": "2026-11-23T12:05:00Z", "since": "2026-11-23T11:05:00Z"}, {"kind": "first", "now": "2026-11-23T12:05:00Z", "since": "2026-11-23T11:05:00Z"}]`, words.Closing,
			[]words.View{{Kind: words.Closing, Number: 1, Since: now.Add(-time.Hour), Now: now}, {Kind: words.Closing, Number: 1, Since: now.Add(-time.Hour), Now: now}}},
	} {
		got, err := factSheet("sheet.json", []byte(c.text), c.kind)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got { // by the moment, in whatever zone it was written
			got[i].Now = got[i].Now.UTC()
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n%+v, want\n%+v", c.text, got, c.want)
		}
	}
}

func TestFactSheetSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		text string
		says []string
	}{
		{"{\n  \"kind\": \"first\",\n  \"now\": \"2026-11-23T13:05:00+01:00\",\n  \"nextBefore\": \"x\",\n  \"servce\": {\"a\": [1, {}]},\n  \"change\": {\"begin\": 1}\n}",
			[]string{`sheet.json:4:3: unknown field "nextBefore" of the fact sheet`, `     4 |   "nextBefore": "x",`, `hint: did you mean "next_before"?`,
				`sheet.json:5:3: unknown field "servce"`, "hint: there are account, after, agreed, ailment, alerts, answer, api, ", `sheet.json:6:14: unknown field "begin" of change`, "hint: there are course, decide, end, end_before"}},
		{`{"kind": "first", "now": "yesterday", "number": 1.5, "late": "yes", "service": 3, "alerts": {}, "account": "much", "expected": {"limit": "soon"}}`,
			[]string{`sheet.json:1:26: "now" is not right: "yesterday"`, `moments look like "2026-11-23T13:05:00+01:00"`, `"number" is not right: 1.5`, "write a whole number",
				`"late" is not right: "yes"`, "write true or false", `"service" is not right: 3`, `{"nl": "e-mail", "en": "email"}`, `"alerts" is not right: {`, "write a list",
				`"account" is not right: "much"`, "write an object", `"limit" is not right: "soon"`, `"65m"`}},
		{`{"kind": "first", "kind": "holding", "now": "2026-11-23T13:05:00Z"}`, []string{`sheet.json:1:19: "kind" stands twice in the fact sheet`}},
		{`{"kind": "opening", "phase": "asleep"}`, []string{`sheet.json: the "kind" of the fact sheet is "opening"`, "hint: there are first, reopened, ",
			`does not say "now"`, `the "phase" of the fact sheet is "asleep"`, "investigating, identified, monitoring, resolved"}},
		{`[{"kind": "first", "now": "2026-11-23T13:05:00Z"}, {}]`, []string{`the "kind" of fact sheet 2 is ""`}},
		{`{"kind": "announced", "now": "2026-11-23T13:05:00Z", "change": {"end": "2026-11-23T13:05:00Z"}}`,
			[]string{`the "change" of the fact sheet does not say "start" and "end"`, "moments look like"}},
		{`{"kind": "announced", "now": "2026-11-23T13:05:00Z", "change": {"start": "2026-11-23T13:05:00Z", "end": "2026-11-23T13:05:00Z"}}`,
			[]string{`the "change" of the fact sheet ends before it has begun`}},
		{`{"kind": "correction", "now": "2026-11-23T13:05:00Z", "next_before": "2026-11-23T13:05:00Z", "expected": {"used": "5m"}, "agreed": {"limit": "0s", "used": "5m"}}`,
			[]string{`does not say "corrects_at"`, "promises a next message that should have come already", `does not say "since", when the outage began`,
				`"expected" of the fact sheet says what is used`, `"agreed" of the fact sheet says what is used`, `hint: write the "limit" too`}},
		{`{"kind": "first", "now": "2026-11-23T13:05:00Z", "since": "2026-11-23T13:06:00Z"}`, []string{"is told before the outage has begun"}},
		{`{"kind": "closing", "now": "2026-11-23T13:05:00Z", "since": "2026-11-23T13:00:00Z", "ended": "2026-11-23T13:06:00Z"}`, []string{`hint: "ended" is between "since" and "now"`}},
		{`{"kind": "closing", "now": "2026-11-23T13:05:00Z", "since": "2026-11-23T13:00:00Z", "ended": "2026-11-23T12:06:00Z"}`, []string{`hint: "ended" is between "since" and "now"`}},
		{`{"kind": "first", "number": -5, "firing": -3}`, []string{`"number" is not right: -5`, `"firing" is not right: -3`, "hint: write a whole number, 0 or more"}},
		{`[]`, []string{"there is no fact sheet in it", "hint: sitrep render --example"}},
		{"{\n  \"kind\": first\n}", []string{"sheet.json:2:11: this is no JSON: ", "sitrep render --example prints"}},
		{`{"kind": "first"`, []string{"this is no JSON: it ends too early"}},
		{`{"kind": "first", "now": "2026-11-23T13:05:00Z"} {}`, []string{"there is more after its end"}},
		{"{\"x\": \"" + strings.Repeat("{", 20) + "\xff", []string{"this is no JSON"}},
	} {
		_, err := factSheet("sheet.json", []byte(c.text), "")
		var problems policies.Problems
		if !errors.As(err, &problems) {
			t.Fatalf("%s: %v", c.text, err)
		}
		for _, want := range c.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: it does not say %q:\n%v", c.text, want, err)
			}
		}
	}
}

// FuzzFactSheet: what is read is JSON, says all that a message needs, and written down
// again is read as the same; what is not read comes with a place in the file, and a
// message of it is made or refused, whatever it says.
func FuzzFactSheet(f *testing.F) {
	f.Add([]byte(`{"kind": "first", "now": "2026-11-23T13:05:00Z", "service": {"nl": "e-mail"}, "change": {"start": null}}`))
	f.Add([]byte(`[{"kind": "nudge", "asks": [{"audience": "board"}]}, {}, [`))
	f.Add([]byte(`{"alerts": [[{"x": {}}]], "expected": []}`))
	f.Add([]byte(`{"kind": "first"}`))
	f.Add([]byte(`{"kind": "moved", "now": "2026-11-23T13:05:00+01:00", "late": true, "account": {"impact": "x"}, "expected": {"limit": "90s", "used": "1d"},
		"change": {"start": "2026-11-24T13:05:00Z", "end": "2026-11-24T14:05:00Z"}, "alerts": [{"name": "\u202e", "firing": true}], "asks": [{"audience": "board", "at": "2026-11-23T13:05:00Z"}]}`))
	s, err := openStudio("")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		views, err := factSheet("sheet.json", data, "")
		var problems policies.Problems
		if err != nil {
			if !errors.As(err, &problems) || views != nil {
				t.Fatalf("%v, and %d fact sheets", err, len(views))
			}
			for _, p := range problems {
				if p.File != "sheet.json" || p.Text == "" || p.Hint == "" || p.Line < 0 || p.Line > 1+bytes.Count(data, []byte("\n")) || p.Line > 0 && p.Column < 1 {
					t.Errorf("%+v", p)
				}
			}
			return
		}
		if len(views) == 0 || !json.Valid(data) {
			t.Fatalf("%d fact sheets of what is JSON: %v", len(views), json.Valid(data))
		}
		for _, v := range views {
			if v.Now.IsZero() || !slices.Contains(words.Kinds(), v.Kind) {
				t.Errorf("it is taken without a moment or a kind: %+v", v)
			}
			text, err := json.Marshal(v)
			if err != nil {
				continue // a year of five digits is none
			}
			again, err := factSheet("sheet.json", text, "")
			if err != nil || len(again) != 1 {
				t.Fatalf("written down it is not read: %v\n%s", err, text)
			}
			if back, err := json.Marshal(again[0]); err != nil || !bytes.Equal(back, text) {
				t.Errorf("%v: it is read as\n%s\nand was\n%s", err, back, text)
			}
		}
		proofs, err := s.one(renderOptions{}, views)
		if err != nil {
			return
		}
		if said, err := s.say(proofs[0], false, 0); err == nil && (said.Subject == "" || said.Text == "" || said.HTML == "" || said.SMS == "") {
			t.Errorf("a message that says nothing: %+v", said)
		}
	})
}
