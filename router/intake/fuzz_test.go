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
	f.Fuzz(func(t *testing.T, data []byte) {
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
