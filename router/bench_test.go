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
func (nowhere) Withdraw(context.Context, channels.Part) error             { return nil }
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

func (terse) Bare(words.View, words.Reader) words.Rendered { return words.Rendered{Text: "t"} }

// BenchmarkInput is what a webhook that changes something costs the router, store
// and words left out, with so many open incidents: taken, judged, planned,
// committed and shown. It must not grow with their number.
func BenchmarkInput(b *testing.B) {
	for _, open := range []int{10, 1000, 100_000} {
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

// everywhere is a router with so many services, each of which one audience of so many
// people is told of.
func everywhere(b *testing.B, services, people int) *Router {
	b.Helper()
	all := &policies.Audience{Name: "all", Channels: []string{"email"}}
	for n := range people {
		all.Recipients = append(all.Recipients, policies.Recipient{Email: fmt.Sprintf("p%07d@example.org", n), Language: "en", TimeZone: "UTC"})
	}
	p := casebook.Policy{
		Severities: policies.Severities{"warning", "critical"}, Audiences: []*policies.Audience{all},
		Policies: []*policies.Policy{{Name: "all", Updates: []policies.Updates{{Audience: all, Cadence: []policies.Row{{Every: time.Hour}}}}}},
	}
	for n := range services {
		name := fmt.Sprint("s", n)
		m, err := labels.NewMatcher(labels.MatchEqual, "service", name)
		if err != nil {
			b.Fatal(err)
		}
		p.Services = append(p.Services, &policies.Service{Name: name, Matchers: labels.Matchers{m}, ResolvedAfter: time.Hour, Threshold: []policies.Threshold{{Alerts: 1}}})
	}
	r := New(Options{
		Store: nowhere{}, Inbox: nowhere{}, Library: nowhere{}, Writer: terse{}, Global: policies.Global{TimeZone: time.UTC},
		Policy: p, Key: channels.Key("k"), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	now := time.Now().UTC()
	for n := range services {
		o := incident.Observation{Fingerprint: fmt.Sprint(n), Firing: true, StartsAt: now, Labels: map[string]string{"alertname": "A", "service": fmt.Sprint("s", n), "severity": "warning"}}
		if err := r.take(b.Context(), message{seq: uint64(n + 1), inputs: []incident.Input{{At: now, Alerts: []incident.Observation{o}}}}); err != nil {
			b.Fatal(err)
		}
	}
	if err := r.tick(b.Context(), now); err != nil {
		b.Fatal(err)
	}
	if len(r.Incidents()) != services {
		b.Fatalf("%d incidents are open", len(r.Incidents()))
	}
	return r
}

// BenchmarkDue is what it costs, store and words left out, to plan an update of each of
// 10,000 open incidents that all fall due in one moment (to so many people that nobody is
// told of several in one message), and one to a million people.
func BenchmarkDue(b *testing.B) {
	for _, of := range []struct{ services, people int }{{10_000, 1_001}, {1, 1_000_000}} {
		b.Run(fmt.Sprintf("%d incidents, %d people", of.services, of.people), func(b *testing.B) {
			r := everywhere(b, of.services, of.people)
			now := time.Now().UTC()
			updates := 0
			for b.Loop() {
				now = now.Add(time.Hour + time.Second)
				before := r.Incidents()[0].Audiences[0].Updates
				if err := r.tick(b.Context(), now); err != nil {
					b.Fatal(err)
				}
				if r.Incidents()[0].Audiences[0].Updates != before+1 {
					b.Fatal("nothing was planned")
				}
				updates += of.services
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(updates), "ns/update")
		})
	}
}
