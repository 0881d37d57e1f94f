package router

import (
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// BenchmarkMemory is what an open incident takes of which ten audiences were told, once
// that is delivered: the router's part of the process, store and workers left out.
func BenchmarkMemory(b *testing.B) {
	const incidents, audiences = 1000, 10
	p := casebook.Policy{Severities: policies.Severities{"warning", "critical"}, Rate: map[string]float64{"email": 50}}
	all := &policies.Policy{Name: "all"}
	for n := range audiences {
		a := &policies.Audience{Name: fmt.Sprint("a", n), Channels: []string{"email"}, Recipients: []policies.Recipient{{Name: "Reader", Email: fmt.Sprintf("reader%d@example.org", n), Language: "en", TimeZone: "UTC"}}}
		p.Audiences = append(p.Audiences, a)
		all.Updates = append(all.Updates, policies.Updates{Audience: a, Cadence: []policies.Row{{Every: 10 * time.Hour}}})
	}
	p.Policies = append(p.Policies, all)
	for n := range incidents {
		m, err := labels.NewMatcher(labels.MatchEqual, "service", fmt.Sprint("s", n))
		if err != nil {
			b.Fatal(err)
		}
		p.Services = append(p.Services, &policies.Service{Name: m.Value, Matchers: labels.Matchers{m}, ResolvedAfter: time.Hour, Threshold: []policies.Threshold{{Alerts: 1}}})
	}
	heap := func() float64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	for b.Loop() {
		r := New(Options{
			Store: nowhere{}, Inbox: nowhere{}, Library: nowhere{}, Writer: terse{}, Global: policies.Global{TimeZone: time.UTC},
			Policy: p, Key: channels.Key("k"), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
		before := heap()
		seq := uint64(0)
		take := func(in incident.Input) {
			seq++
			if err := r.take(b.Context(), message{seq: seq, inputs: []incident.Input{in}}); err != nil {
				b.Fatal(err)
			}
			if err := r.tick(b.Context(), in.At); err != nil {
				b.Fatal(err)
			}
		}
		for n := range incidents {
			now := time.Now().UTC()
			o := incident.Observation{Fingerprint: fmt.Sprintf("%016x", n), Firing: true, StartsAt: now.Add(-time.Hour), Summary: "postfix does not answer on port 25", Labels: map[string]string{
				"alertname": "TargetDown", "service": fmt.Sprint("s", n), "severity": "critical", "instance": fmt.Sprintf("node-%d.example.org:9100", n), "job": "blackbox", "namespace": "mail-system",
			}}
			take(incident.Input{At: now, Alerts: []incident.Observation{o}})
		}
		told := 0
		for _, page := range r.Incidents() {
			for _, f := range page.Timeline {
				if f.Planned() != nil {
					told++
					take(incident.Input{At: time.Now().UTC(), Receipt: &incident.Receipt{Incident: page.ID, Delivered: incident.Delivered{
						Update: f.Planned().Update, Part: fmt.Sprintf("%s.%d.0.email", page.ID, f.Planned().Update), Accepted: 1, LastAt: time.Now().UTC(),
					}}})
				}
			}
		}
		b.ReportMetric((heap()-before)/incidents/1024, "KiB/incident")
		if told != incidents*audiences {
			b.Fatalf("%d updates were told of %d incidents", told, len(r.Incidents()))
		}
		runtime.KeepAlive(r)
	}
}
