package intake

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"sitrep/router/incident"
)

// annotated is a webhook of one alert with annotations.
func annotated(t testing.TB, annotations map[string]string) string {
	return body(asJSON(t, map[string]any{"status": "firing", "labels": map[string]string{"alertname": "x"}, "annotations": annotations}))
}

// hostile are annotations as somebody would write them who means no good.
func hostile() []map[string]string {
	many := map[string]string{}
	for n := range 400 {
		many[fmt.Sprintf("sitrep_impact_%c%c_%c%c", 'a'+n/26%26, 'a'+n%26, 'a'+n%26, 'a'+n/26)] = "x"
		many[fmt.Sprintf("sitrep_%03d", n)] = "x"
	}
	return []map[string]string{
		{"sitrep_summary": "a\x1b[31mb\x07c\x00\r\nBcc: x@example.org", "sitrep_impact_nl": "\u202etxt.exe\u2066\u200b\u2028"},
		{"sitrep_workaround": strings.Repeat("x", 1<<20), "sitrep_impact": strings.Repeat("\u200b", 1<<18), "sitrep_summary": strings.Repeat("😀", 1000)},
		{"sitrep_summary": "{{ .Links }}{{template \"account\"}}%s ${x} <script>alert(1)</script>", "sitrep_{{.}}": "x"},
		{"sitrep_summary": "a\xff\xfeb\ufffd", "sitrep_impact_\xff": "x", "sitrep_workaround_nl\x00": "x"},
		{"sitrep_summary_nl": "one", "sitrep_summary_NL": "two", "sitrep_summary_": "x", "sitrep_": "x", "sitrep_summary__nl": "x", "sitrep_impact_x_" + strings.Repeat("a_", 500) + "a": "x"},
		many,
	}
}

func TestWhatAnAlertSaysToEveryReader(t *testing.T) {
	long := strings.Repeat("é", 299)
	for _, c := range []struct {
		name        string
		annotations map[string]string
		want        string
		unknown     string
	}{
		{"nothing", map[string]string{"summary": "s", "description": "d", "impact": "i", "Sitrep_impact": "x"}, `null`, ""},
		{"all of it", map[string]string{"sitrep_summary": "s", "sitrep_impact_nl": "i", "sitrep_workaround_en": "w", "sitrep_workaround": "v"},
			`{"impact":{"nl":"i"},"summary":{"":"s"},"workaround":{"":"v","en":"w"}}`, ""},
		{"any language", map[string]string{"sitrep_impact_pt_BR": "i", "sitrep_impact_EN": "j"}, `{"impact":{"en":"j","pt-BR":"i"}}`, ""},
		{"what only a person says", map[string]string{"sitrep_known": "k", "sitrep_doing_nl": "d", "sitrep_ruled_out": "r"}, `null`, "sitrep_known sitrep_doing_nl sitrep_ruled_out"},
		{"slips of the pen", map[string]string{"sitrep_sumary": "s", "sitrep_impact_dutch": "i", "sitrep_impact-nl": "j", "sitrep_impact_nl": "ja"}, `{"impact":{"nl":"ja"}}`, "sitrep_impact-nl sitrep_sumary sitrep_impact_dutch"},
		{"one language by two names", map[string]string{"sitrep_summary_nl": "small", "sitrep_summary_NL": "large"}, `{"summary":{"nl":"large"}}`, ""},
		{"texts of nothing", map[string]string{"sitrep_summary": " \u202e\x00 ", "sitrep_summary_nl": ""}, `null`, ""},
		{"control and direction characters", map[string]string{"sitrep_impact": "a\x1b[31m\u202eb\r\nc"}, `{"impact":{"":"a[31mb  c"}}`, ""},
		{"templates", map[string]string{"sitrep_impact": "{{.}}%s"}, `{"impact":{"":"{{.}}%s"}}`, ""},
		{"as long as it may be", map[string]string{"sitrep_impact": long + "x"}, `{"impact":{"":"` + long + `x"}}`, ""},
		{"longer", map[string]string{"sitrep_impact": long + "xy"}, `{"impact":{"":"` + long + `…"}}`, ""},
		{"longer, with a blank where it is cut", map[string]string{"sitrep_impact": long[:len(long)-2] + " xy"}, `{"impact":{"":"` + long[:len(long)-2] + `…"}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := parse(t, annotated(t, c.annotations))
			if got := asJSON(t, w.Alerts[0].Account); got != c.want {
				t.Errorf("it says %s, want %s", got, c.want)
			}
			if got := strings.Join(w.Unknown, " "); got != c.unknown {
				t.Errorf("unknown are %s, want %s", got, c.unknown)
			}
		})
	}
}

func TestAnAlertCannotSayMuch(t *testing.T) {
	for n, annotations := range hostile() {
		want := parse(t, annotated(t, annotations))
		mustBeBounded(t, want.Alerts[0].Account)
		for range 20 { // the same alert says the same each time
			if got := parse(t, annotated(t, annotations)); asJSON(t, got) != asJSON(t, want) {
				t.Fatalf("%d: the same webhook gave %v, then %v", n, want, got)
			}
		}
	}
	tags := strings.Fields("nl en de fr es it pt pl uk ar tr sv da nb fi cs hu ro bg el")
	all := map[string]string{"sitrep_impact": "i", "sitrep_summary": "s", "sitrep_workaround": "w"}
	for _, tag := range tags {
		all["sitrep_impact_"+tag] = tag
	}
	a := parse(t, annotated(t, all)).Alerts[0].Account
	if len(a) != 3 || len(a[incident.Impact]) != maxAccount-2 || a[incident.Impact][""] != "i" {
		t.Errorf("it says %v", a)
	}
}

func TestUnknownAnnotationsAreNamedOnceEach(t *testing.T) {
	annotations := map[string]string{}
	for n := range 30 {
		annotations[fmt.Sprintf("sitrep_%02d%s", n, strings.Repeat("é\u202e", 100))] = "x"
	}
	one := asJSON(t, map[string]any{"status": "firing", "labels": map[string]string{"alertname": "x"}, "annotations": annotations})
	w := parse(t, body(one, one))
	if len(w.Unknown) != maxUnknown || len(w.Unknown[0]) > maxName || !utf8.ValidString(w.Unknown[0]) || strings.Contains(w.Unknown[0], "\u202e") {
		t.Errorf("unknown are %q", w.Unknown)
	}
}
