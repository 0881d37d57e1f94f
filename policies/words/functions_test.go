package words

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Every function that a template may call, called from one of the operator's own.
func TestFunctions(t *testing.T) {
	rows := []struct{ function, template, want string }{
		{"append", `{{range append (list "a") "b" "c"}}{{.}}-{{end}}`, "a-b-c-"},
		{"base64decode", `{{base64decode "aGk_"}}`, "hi?"},
		{"base64encode", `{{base64encode "hi?"}}`, "aGk_"},
		{"cap", `{{cap "ijs"}}`, "IJs"},
		{"count", `{{count 1 "alert" "alerts"}}, {{count 3 "alert" "alerts"}}`, "1 alert, 3 alerts"},
		{"date", `{{date "Monday 2 January 2006 15:04" .Since}}`, "maandag 23 november 2026 13:05"},
		{"date", `{{.Since | date "02-01-06"}}[{{date "15:04" .Estimate}}]`, "23-11-26[]"},
		{"dict", `{{with dict "a" "b"}}{{.a}}{{end}}`, "b"},
		{"duration", `{{duration .Took}}, {{since .Since | duration}}, {{duration .Agreed.Allowed}}`, "1 uur en 5 minuten, 1 uur en 5 minuten, 24 uur"},
		{"humanizeDuration", `{{humanizeDuration .Took}}, {{.Since | since | humanizeDuration}}, {{humanizeDuration 90}}, {{humanizeDuration .Expected.Used}}`, "1h 5m 0s, 1h 5m 0s, 1m 30s, 1h 5m 0s"},
		{"join", `{{join ", " (stringSlice "a" "b")}}`, "a, b"},
		{"list", `{{list .Consequences}}; [{{list .Recovered}}]; {{range list "a" 2}}{{.}}{{end}}; {{len (list)}}`, "e-mail, de telefoons en nog 2 diensten; []; a2; 0"},
		{"match", `{{match "^SR-[0-9]+$" .Incident}}`, "true"},
		{"mustToDate", `{{(mustToDate "2006-01-02 15:04" "2026-11-24 08:00").At}}`, "morgen om 08.00 uur"},
		{"now", `{{now}}, {{date "2006-01-02T15:04:05Z07:00" now}}`, "vandaag om 14.10 uur, 2026-11-23T14:10:00+01:00"},
		{"plural", `{{plural 1 "melding" "meldingen"}}, {{plural 0 "melding" "meldingen"}}, {{plural .Firing "de enige" "alle {n} meldingen"}}`, "1 melding, 0 meldingen, alle 3 meldingen"},
		{"reReplaceAll", `{{reReplaceAll "e-(\\w+)" "$1" .Service}}`, "mail"},
		{"safeHtml", `{{safeHtml "a&b"}}`, "a&b"},
		{"safeUrl", `{{safeUrl "a&b"}}`, "a&b"},
		{"share", `{{share .Expected}} en {{share .Agreed}}`, "108% en 4%"},
		{"since", `{{since .Since}}, {{since (tz "Asia/Tokyo" .Since)}}`, "1h5m0s, 1h5m0s"},
		{"stringSlice", `{{len (stringSlice "a" "b")}}`, "2"},
		{"time", `{{time .Since}}, {{time .Next}}[{{time .Estimate}}]`, "vandaag om 13.05 uur, vandaag om 14.30 uur[]"},
		{"title", `{{title "de server"}}`, "De Server"},
		{"toDate", `{{date "2 January" (toDate "2006-01-02" "2026-05-07")}}[{{toDate "2006" "no year"}}]`, "7 mei[]"},
		{"toJson", `{{toJson .Number}}`, "1"},
		{"toLower", `{{toLower "ABC"}}`, "abc"},
		{"toUpper", `{{.Service | toUpper}}`, "E-MAIL"},
		{"trimSpace", `{{trimSpace " a "}}`, "a"},
		{"tz", `{{date "15:04 MST" (tz "America/New_York" .Since)}}, {{(tz "Asia/Tokyo" .Since).At}}, [{{tz "UTC" .Estimate}}]`, "07:05 EST, vandaag om 21.05 uur, []"},
		{"urlUnescape", `{{urlUnescape "a%20b"}}`, "a b"},
	}
	v := network(Holding, 1)
	v.Service, v.Consequences = map[string]string{"": "e-mail"}, slices.Concat(mail, phone, desk, named("wifi", "wifi"))
	for _, r := range rows {
		t.Run(r.function, func(t *testing.T) {
			p, err := mine(t, Options{}, map[string]string{"nl/a.tmpl": `{{define "holding.headline"}}` + r.template + `{{end}}`})
			if err != nil {
				t.Fatal(err)
			}
			s, err := p.speaker(v, Reader{Reads: "staff", Language: "nl", Zone: zone(t, "Europe/Amsterdam")})
			if err != nil {
				t.Fatal(err)
			}
			if got := s.must("headline"); got != r.want || s.err != nil {
				t.Errorf("%s says %q, want %q (%v)", r.template, got, r.want, s.err)
			}
		})
	}
	for _, name := range functionNames() {
		if !slices.ContainsFunc(rows, func(r struct{ function, template, want string }) bool {
			return r.function == name && strings.Contains(r.template, name)
		}) {
			t.Errorf("%s is not tried", name)
		}
	}
	if slices.Contains(functionNames(), "routeLabels") {
		t.Error("there are no labels of routes")
	}
}

// A template knows one moment, that of its message: two renderings of one view are
// the same, whenever they are made, and of another moment they differ.
func TestNowIsTheMomentOfTheMessage(t *testing.T) {
	p, err := mine(t, Options{}, map[string]string{"nl/a.tmpl": `{{define "holding.headline"}}{{date "15:04:05" now}}{{end}}`, "mail.html.tmpl": `{{range .Slots}}{{.}}{{end}}{{.Headline}} {{date "15:04" now}}`})
	if err != nil {
		t.Fatal(err)
	}
	r := Reader{Reads: "staff", Language: "nl", Zone: time.UTC}
	for minutes, want := range map[int]string{0: "13:10:00 13:10", 7: "13:17:00 13:17"} {
		v := outage(Holding, 1)
		v.Now = v.Now.Add(time.Duration(minutes) * time.Minute)
		for range 2 {
			out, err := p.Render(v, r)
			if err != nil || !strings.HasSuffix(out.HTML, want) {
				t.Errorf("after %d minutes: %q, %v; want %q", minutes, out.HTML, err, want)
			}
		}
	}
}

// What a function cannot do is an error that names the file, and what to do.
func TestFunctionsRefuse(t *testing.T) {
	for template, want := range map[string]string{
		`{{since .Estimate}}`:              "there is no such moment: ask .Set first",
		`{{tz "Mars/Base" .Since}}`:        "unknown time zone Mars/Base",
		`{{plural 2 "melding"}}`:           `a noun has 2 forms in the language "nl" (one, other), and here are 1`,
		`{{mustToDate "2006" "x"}}`:        "cannot parse",
		`{{reReplaceAll "(" "" "x"}}`:      "missing closing",
		`{{humanizeDuration .Since}}`:      "can't convert",
		`{{duration .Service}}`:            "expected time.Duration",
		`{{share .Service}}`:               "wrong type",
		`{{.Nothing}}`:                     "can't evaluate field Nothing",
		`{{date "15:04" "a moment ago"}}`:  "for arg of type words.moment",
		`{{dict "a"}}`:                     "even number",
		`{{base64decode "?"}}`:             "illegal base64",
		`{{urlUnescape "%"}}`:              "invalid URL escape",
		`{{.Consequences.All "too much"}}`: "wrong number of args",
	} {
		p, err := mine(t, Options{}, map[string]string{"nl/a.tmpl": "\n" + `{{define "holding.headline"}}` + template + `{{end}}`})
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.speaker(outage(Holding, 1), Reader{Reads: "staff", Language: "nl"})
		if err != nil {
			t.Fatal(err)
		}
		s.must("headline")
		if s.err == nil || !strings.Contains(s.err.Error(), want) || !strings.Contains(s.err.Error(), "site/nl/a.tmpl:2:") {
			t.Errorf("%s: %v, want %q", template, s.err, want)
		}
	}
}
