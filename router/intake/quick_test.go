package intake

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestWhatAlertmanagerWritesIsReadQuickly: and nothing else of it is different.
func TestWhatAlertmanagerWritesIsReadQuickly(t *testing.T) {
	for _, file := range []string{"testdata/alertmanager-0.25.json", "testdata/alertmanager-0.34.json"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var bodies []json.RawMessage
		if err := json.Unmarshal(data, &bodies); err != nil {
			t.Fatal(err)
		}
		for n, b := range bodies {
			got, ok := quick(b)
			want, err := slowly(b)
			if !ok || err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %d: read quickly %v: %v; slowly %v, %v", file, n, ok, got, want, err)
			}
		}
	}
}

// TestQuicklyOrNotAtAll: whatever members there are, in whatever order and how often.
func TestQuicklyOrNotAtAll(t *testing.T) {
	texts := rapid.SampledFrom([]string{`"firing"`, `"resolved"`, `"mail"`, `""`, `" x "`, `"\u0000"`, `"\ud800"`, `"a\u202eb"`, `"2026-03-01T10:00:00Z"`, `"é"`, `null`, `1`, `{}`, `[]`, `"` + strings.Repeat("x", 1100) + `"`})
	names := rapid.SampledFrom([]string{"status", "Status", "startsAt", "endsAt", "fingerprint", "generatorURL", "\u017ftatus"})
	keys := rapid.SampledFrom([]string{"service", "alertname", " service", "a\u200b", "", "summary", "message", "sitrep_impact", "sitrep_impact_nl", "sitrep_inpact", strings.Repeat("n", 130)})
	quote := func(s string) string { data, _ := json.Marshal(s); return string(data) }
	object := func(t *rapid.T, name *rapid.Generator[string], always ...string) string {
		members := always
		for range rapid.IntRange(0, 4).Draw(t, "members") {
			members = append(members, quote(name.Draw(t, "name"))+":"+texts.Draw(t, "value"))
		}
		return "{" + strings.Join(rapid.Permutation(members).Draw(t, "order"), ",") + "}"
	}
	quickest := 0
	rapid.Check(t, func(t *rapid.T) {
		labels := object(t, keys, `"service":"mail"`)
		annotations := object(t, keys)
		alert := object(t, names, `"status":"firing"`, `"startsAt":"2026-03-01T10:00:00Z"`, `"fingerprint":"c6ec"`, `"labels":`+labels, `"annotations":`+annotations)
		body := object(t, rapid.SampledFrom([]string{"receiver", "Version", "groupKey"}), `"version":"4"`, `"alerts":[`+alert+`]`)
		got, ok := quick([]byte(body))
		if !ok {
			return
		}
		quickest++
		if want, err := slowly([]byte(body)); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\nquickly %v\nslowly %v, %v", body, got, want, err)
		}
	})
	if quickest == 0 {
		t.Error("nothing was read quickly")
	}
}
