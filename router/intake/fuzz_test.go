package intake

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"sitrep/router/incident"
)

// FuzzParse feeds any bytes. What parses must be clean, within its caps, the
// same each time, come back from the store as it was, and fit into inputs.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"testdata/alertmanager-0.25.json", "testdata/alertmanager-0.34.json"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var bodies []json.RawMessage
		if err := json.Unmarshal(data, &bodies); err != nil {
			f.Fatal(err)
		}
		for _, b := range bodies {
			f.Add([]byte(b))
		}
	}
	for _, s := range []string{"", "{}", body(), body(one), body(one, one),
		strings.Replace(body(one), "mx1", `\u202e\u2028\ud800<\"`, 1),
		strings.Replace(body(one), "2026-03-01T10:00:00Z", "9999-12-31T23:59:59-23:59", 1),
		strings.Replace(body(one), `"service"`, `"service\u200b":"x"," service":"y","service"`, 1),
	} {
		f.Add([]byte(s))
	}
	for _, annotations := range hostile() {
		f.Add([]byte(annotated(f, annotations)))
		f.Add([]byte(strings.Replace(annotated(f, annotations), `"sitrep_`, `"\u202esitrep_`, 1)))
	}
	f.Add([]byte(strings.Replace(body(one), `"summary"`, `"sitrep_impact":"\ud800\u0000\u2066x","sitrep_impact_nl":null,"summary"`, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if w, ok := quick(data); ok {
			if same, err := slowly(data); err != nil || !reflect.DeepEqual(w, same) {
				t.Fatalf("read quickly it is %v, slowly %v, %v", w, same, err)
			}
		}
		w, err := Parse(data)
		if err != nil {
			mustBeClean(t, "the error", err.Error(), 600)
			return
		}
		if again, err := Parse(data); err != nil || !reflect.DeepEqual(w, again) {
			t.Fatalf("the same bytes gave %v, then %v, %v", w, again, err)
		}
		for _, o := range w.Alerts {
			mustBeClean(t, "the fingerprint", o.Fingerprint, maxFingerprint)
			mustBeClean(t, "the summary", o.Summary, maxSummary)
			mustBeBounded(t, o.Account)
			if len(o.Labels) == 0 || len(o.Labels) > maxLabels || o.Fingerprint == "" {
				t.Fatalf("%d labels, fingerprint %q", len(o.Labels), o.Fingerprint)
			}
			for k, v := range o.Labels {
				mustBeClean(t, "a label's name", k, maxName)
				mustBeClean(t, "a label's value", v, maxValue)
				if k == "" || v == "" {
					t.Fatalf("label %q=%q", k, v)
				}
			}
		}
		for _, name := range w.Unknown {
			mustBeClean(t, "an unknown annotation", name, maxName)
		}
		if len(w.Unknown) > maxUnknown {
			t.Fatalf("%d unknown annotations", len(w.Unknown))
		}
		inputs := Inputs(w.Alerts, intakeAt)
		checkInputs(t, w.Alerts, inputs)
		stored, err := json.Marshal(inputs)
		if err != nil {
			t.Fatal(err)
		}
		var back []incident.Input
		if err := json.Unmarshal(stored, &back); err != nil || !reflect.DeepEqual(inputs, back) {
			t.Fatalf("stored %v, read back %v, %v", inputs, back, err)
		}
		var m Memory
		if news := m.News(w.Alerts, intakeAt); len(news) != len(w.Alerts) {
			t.Fatalf("%d of %d alerts are news to nobody", len(w.Alerts)-len(news), len(w.Alerts))
		}
		m.Stored(w.Alerts, intakeAt)
		m.News(w.Alerts, intakeAt.Add(time.Hour))
	})
}

// mustBeBounded: what an alert says to every reader is clean, and not much.
func mustBeBounded(t *testing.T, a incident.Account) {
	t.Helper()
	n := 0
	for thing, texts := range a {
		if thing != incident.Summary && thing != incident.Impact && thing != incident.Workaround || len(texts) == 0 {
			t.Fatalf("an alert says %q: %v", thing, texts)
		}
		for l, text := range texts {
			mustBeClean(t, "a language", l, 35)
			mustBeClean(t, "a text", text, 4*incident.MaxText)
			if n++; text == "" || utf8.RuneCountInString(text) > incident.MaxText {
				t.Fatalf("%d texts, one of %d characters", n, utf8.RuneCountInString(text))
			}
		}
	}
	if n > maxAccount {
		t.Fatalf("an alert says %d texts", n)
	}
}

func mustBeClean(t *testing.T, what, s string, limit int) {
	t.Helper()
	if !utf8.ValidString(s) || len(s) > limit {
		t.Fatalf("%s is no text, or of %d bytes: %q", what, len(s), s)
	}
	for _, r := range s {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			t.Fatalf("%s holds %U: %q", what, r, s)
		}
	}
}
