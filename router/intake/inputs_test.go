package intake

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"sitrep/router/incident"
)

// maxStored is what the inbox takes of one input: bus.MaxInput.
const maxStored = 200 << 10

var intakeAt = time.Date(2026, 3, 1, 10, 0, 30, 0, time.UTC)

// checkInputs holds what must hold of inputs: each fits, none is empty, and
// together they are the alerts in their order.
func checkInputs(t testing.TB, alerts []incident.Observation, inputs []incident.Input) (largest int) {
	t.Helper()
	n := 0
	for i, in := range inputs {
		data, err := json.Marshal(in)
		if err != nil {
			t.Fatalf("input %d cannot be stored: %v", i, err)
		}
		largest = max(largest, len(data))
		if len(in.Alerts) == 0 || n+len(in.Alerts) > len(alerts) {
			t.Fatalf("input %d holds %d alerts, after %d of %d", i, len(in.Alerts), n, len(alerts))
		}
		for _, o := range in.Alerts {
			if o.Fingerprint != alerts[n].Fingerprint {
				t.Fatalf("alert %d came out of its order", n)
			}
			n++
		}
	}
	if n != len(alerts) {
		t.Fatalf("%d of %d alerts are in the inputs", n, len(alerts))
	}
	if largest > maxInput {
		t.Fatalf("an input takes %d bytes, more than the %d meant", largest, maxInput)
	}
	if largest > maxStored {
		t.Fatalf("an input takes %d bytes, more than the %d that can be stored", largest, maxStored)
	}
	return largest
}

func TestInputsOfNothingAreNone(t *testing.T) {
	if got := Inputs(nil, intakeAt); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestAFewAlertsAreOneInput(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	w := parse(t, body(one, one, one))
	inputs := Inputs(w.Alerts, intakeAt.In(zone))
	if len(inputs) != 1 || len(inputs[0].Alerts) != 3 || !inputs[0].At.Equal(intakeAt) || inputs[0].At.Location() != time.UTC {
		t.Errorf("got %v", inputs)
	}
}

func TestEveryInputFitsInTheWorstCase(t *testing.T) {
	const whole, part = MaxBody - 1000, 1 << 20
	for _, c := range []struct {
		name  string
		room  int
		alert func(n int) string
	}{
		{"many tiny alerts", whole, func(n int) string { return `{"status":"firing","labels":{"a":"` + fmt.Sprint(n) + `"}}` }},
		{"about a thousand ordinary ones", 1000 * 240, func(n int) string {
			return strings.Replace(strings.Replace(one, "mx1", fmt.Sprint("mx", n), 1), "c6ec3a3ce2ea2ed1", fmt.Sprintf("%016x", n), 1)
		}},
		{"huge alerts", part, func(n int) string { return hugeAlert(n, "x") }},
		{"huge alerts of what JSON writes as six bytes", whole, func(n int) string { return hugeAlert(n, "<") }},
		{"and the others that it writes so", part, func(n int) string { return hugeAlert(n, ">&") }},
		{"huge alerts of quotes", part, func(n int) string { return hugeAlert(n, `\"\\`) }},
		{"huge alerts of control characters", part, func(n int) string { return hugeAlert(n, `\u0001`) }},
		{"huge alerts of ends of lines", part, func(n int) string { return hugeAlert(n, `\u2028\n\t`) }},
		{"huge alerts of four-byte characters", part, func(n int) string { return hugeAlert(n, "😀") }},
		{"huge alerts of no characters", part, func(n int) string { return hugeAlert(n, "\xff") }},
		{"huge alerts of deletes", part, func(n int) string { return hugeAlert(n, "\x7f~") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var alerts []string
			for size := 0; ; {
				a := c.alert(len(alerts))
				if size += len(a) + 1; size > c.room {
					break
				}
				alerts = append(alerts, a)
			}
			w := parse(t, body(alerts...))
			if len(w.Alerts) != len(alerts) {
				t.Fatalf("%d of %d alerts were read", len(w.Alerts), len(alerts))
			}
			inputs := Inputs(w.Alerts, intakeAt)
			largest := checkInputs(t, w.Alerts, inputs)
			t.Logf("%d alerts in %d inputs, the largest of %d bytes", len(w.Alerts), len(inputs), largest)
		})
	}
}

// hugeAlert is an alert of about 190 KiB: a hundred labels of a long name and a
// long value, a long summary, and much for every reader.
func hugeAlert(n int, of string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"status":"resolved","startsAt":"2026-03-01T10:00:00.123456789Z","endsAt":"2026-03-01T10:00:00.987654321Z","annotations":{"summary":"%s"`, strings.Repeat(of, 800))
	for _, name := range []string{"summary", "impact", "workaround"} {
		for _, l := range []string{"", "_nl", "_en", "_de", "_fr", "_pl", "_uk"} {
			fmt.Fprintf(&b, `,"sitrep_%s%s":"%s"`, name, l, strings.Repeat(of, 400))
		}
	}
	fmt.Fprintf(&b, `},"labels":{"alertname":"A%d"`, n)
	for l := range 100 {
		fmt.Fprintf(&b, `,"%03d%s":"%s"`, l, strings.Repeat(of, 130/len(of)), strings.Repeat(of, 1600/len(of)))
	}
	b.WriteString("}}")
	return b.String()
}

func TestAHugeAlertKeepsTheLabelsThatMatter(t *testing.T) {
	labels := map[string]string{}
	for n := range 100 {
		labels[fmt.Sprintf("a%03d", n)] = strings.Repeat("<", 3000)
	}
	for _, name := range first {
		labels[name] = strings.Repeat("&", 3000)
	}
	o := parse(t, webhookOf(t, labels, strings.Repeat("<", 3000))).Alerts[0]
	for _, name := range first {
		if len(o.Labels[name]) != maxValue {
			t.Errorf("%s has %d bytes", name, len(o.Labels[name]))
		}
	}
	names := slices.Sorted(maps.Keys(o.Labels))
	if len(names) < 5 || names[0] != "a000" {
		t.Errorf("kept %v", names)
	}
	checkInputs(t, []incident.Observation{o}, Inputs([]incident.Observation{o}, intakeAt))
}
