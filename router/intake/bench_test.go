package intake

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkParse is what reading a webhook costs, and what it costs where the
// standard library reads it.
func BenchmarkParse(b *testing.B) {
	const long = `{"status":"firing","labels":{"alertname":"TargetDown","cluster":"prod-1","env":"production","instance":"node-1.example.org:9100","job":"blackbox","namespace":"mail-system","pod":"postfix-1","prometheus":"monitoring/k8s","service":"mail","severity":"critical"},` +
		`"annotations":{"description":"Of the targets of job blackbox in namespace mail-system, 10% have been down for more than 10 minutes.","runbook_url":"https://runbooks.example.org/target-down","summary":"postfix-1 does not answer on port 25 \u003csince a while\u003e"},` +
		`"startsAt":"2026-03-01T10:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus.example.org:9090/graph?g0.expr=probe_success+%3D%3D+0\u0026g0.tab=1","fingerprint":"c6ec3a3ce2ea2ed1"}`
	for _, n := range []int{1, 100} {
		var alerts []string
		for i := range n {
			alerts = append(alerts, strings.NewReplacer("c6ec3a3ce2ea2ed1", fmt.Sprintf("%016x", i), "node-1", fmt.Sprint("node-", i)).Replace(long))
		}
		data := []byte(body(alerts...))
		for name, parse := range map[string]func([]byte) (Webhook, error){"": Parse, ", by the standard library": slowly} {
			b.Run(fmt.Sprintf("%d alerts%s", n, name), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(data)))
				for b.Loop() {
					if _, err := parse(data); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
