package router_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/router"
	"sitrep/router/bus"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// gated is a store that takes commits while its gate is open.
type gated struct {
	*bus.Bus
	mu   sync.Mutex
	shut bool
}

func (g *gated) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
}

func (g *gated) Commit(ctx context.Context, c incident.Commit) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return errors.New("the disk is full")
	}
	return g.Bus.Commit(ctx, c)
}

// TestReformWhileTheStoreTakesNothing: the rules are in force at once, and what follows
// from them is stored when that can be; a stop does not wait for it.
func TestReformWhileTheStoreTakesNothing(t *testing.T) {
	for _, again := range []bool{true, false} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			ctx := t.Context()
			log := slog.New(slog.DiscardHandler)
			b, err := bus.Open(ctx, bus.Options{Dir: dir, Log: log})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			pack := shippedWords(t)
			cfg, g := shipped(t), &gated{Bus: b}
			whole := router.Rules{Global: cfg.Global, Writer: pack, Policy: casebook.Policy{
				Severities: cfg.Severities, Services: cfg.Services, Audiences: cfg.Audiences, Policies: cfg.Policies,
			}}
			none := whole
			none.Policy.Services = nil
			r := router.New(router.Options{Store: g, Inbox: g, Library: g, Key: b.Key(), Log: log, Global: none.Global, Writer: none.Writer, Policy: none.Policy})
			if err := r.Start(ctx); err != nil {
				t.Fatal(err)
			}
			late, cancel := context.WithTimeout(ctx, time.Second)
			if err := r.Reform(late, whole); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("before it runs: %v", err)
			}
			cancel()
			running, stop := context.WithCancel(ctx)
			var done sync.WaitGroup
			done.Go(func() {
				if err := r.Run(running); err != nil {
					t.Error(err)
				}
			})
			alert := incident.Observation{Fingerprint: "a", Firing: true, StartsAt: time.Now(), Labels: map[string]string{"alertname": "MailDown", "service": "mail", "severity": "critical"}}
			if err := b.Put(ctx, incident.Input{At: time.Now().UTC(), Alerts: []incident.Observation{alert}}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute)
			if n := len(r.Strays()); n != 1 {
				t.Fatalf("%d strays", n)
			}
			g.set(true)
			if err := r.Reform(ctx, whole); err != nil {
				t.Error(err)
			}
			if n := len(r.Strays()); n != 0 {
				t.Errorf("%d strays are left", n)
			}
			time.Sleep(10 * time.Minute)
			if again {
				if n := len(r.Incidents()); n != 0 || r.Stuck() < 9*time.Minute {
					t.Errorf("%d incidents are shown that are not stored; stuck for %v", n, r.Stuck())
				}
				g.set(false)
				time.Sleep(10 * time.Minute)
				if n := len(r.Incidents()); n != 1 {
					t.Errorf("%d incidents", n)
				}
			}
			stop()
			done.Wait()
		})
	}
}
