package router

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// nowhere takes everything and keeps nothing: what is left is the router's own
// work.
type nowhere struct{}

func (nowhere) Replay(context.Context, func(incident.Commit) error) error { return nil }
func (nowhere) Commit(context.Context, incident.Commit) error             { return nil }
func (nowhere) PutPart(context.Context, channels.Part) error              { return nil }
func (nowhere) Put(context.Context, ...incident.Input) error              { return nil }
func (nowhere) Compact(context.Context, uint64) error                     { return nil }
func (nowhere) Inputs(context.Context, uint64, func(uint64, []incident.Input, bool) error) error {
	return nil
}
func (nowhere) PutTexts(context.Context, []channels.Text) (string, error)    { return "t", nil }
func (nowhere) PutRoster(context.Context, []channels.Person) (string, error) { return "r", nil }
func (nowhere) Roster(context.Context, string) ([]channels.Person, error)    { return nil, nil }

type terse struct{}

func (terse) Render(words.View, words.Reader) (words.Rendered, error) {
	return words.Rendered{Text: "t"}, nil
}
func (terse) Combine([]words.Piece, words.Reader) (words.Rendered, error) {
	return words.Rendered{Text: "t"}, nil
}

// BenchmarkInput is what a webhook that changes something costs the router, store
// and words left out, with so many open incidents: taken, judged, planned,
// committed and shown. It must not grow with their number.
func BenchmarkInput(b *testing.B) {
	for _, open := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(open), func(b *testing.B) {
			sla := &policies.SLA{Name: "gold", Agreed: 24 * time.Hour, Expected: time.Hour}
			it := &policies.Audience{Name: "it", Channels: []string{"email"}, Recipients: []policies.Recipient{{Email: "it@example.org", Language: "en", TimeZone: "UTC"}}}
			p := casebook.Policy{
				Severities: policies.Severities{"warning", "critical"}, Audiences: []*policies.Audience{it},
				Policies: []*policies.Policy{{Name: "all", Updates: []policies.Updates{{Audience: it, Cadence: []policies.Row{{Every: time.Hour}}}}}},
			}
			for n := range open {
				name := fmt.Sprint("s", n)
				m, err := labels.NewMatcher(labels.MatchEqual, "service", name)
				if err != nil {
					b.Fatal(err)
				}
				p.Services = append(p.Services, &policies.Service{Name: name, Matchers: labels.Matchers{m}, SLA: sla, ResolvedAfter: time.Hour, Threshold: []policies.Threshold{{Alerts: 1}}})
			}
			r := New(Options{
				Store: nowhere{}, Inbox: nowhere{}, Library: nowhere{}, Writer: terse{}, Global: policies.Global{TimeZone: time.UTC},
				Policy: p, Key: channels.Key("k"), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
			})
			ctx := b.Context()
			seq := uint64(0)
			began := time.Now().UTC()
			happen := func(service int, name string, firing bool) {
				seq++
				now := time.Now().UTC()
				o := incident.Observation{Fingerprint: fmt.Sprint(service, name), Firing: firing, StartsAt: began, EndsAt: now, Labels: map[string]string{
					"alertname": name, "service": fmt.Sprint("s", service), "severity": "warning",
				}}
				if err := r.take(ctx, message{seq: seq, inputs: []incident.Input{{At: now, Alerts: []incident.Observation{o}}}}); err != nil {
					b.Fatal(err)
				}
				if err := r.tick(ctx, now); err != nil {
					b.Fatal(err)
				}
			}
			for n := range open {
				happen(n, "A", true)
			}
			if len(r.Incidents()) != open {
				b.Fatalf("%d incidents are open", len(r.Incidents()))
			}
			firing := true
			for turn := 0; b.Loop(); turn++ { // the same ten, so that memory is as near
				happen(turn%10*(open/10), "B", firing)
				if turn%10 == 9 {
					firing = !firing
				}
			}
		})
	}
}
