package web_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"sitrep/router/web"
)

func TestReadyMeansThatTheStoreTookAWrite(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		look := func(when string, ready int) {
			t.Helper()
			for path, want := range map[string]int{"/-/healthy": 200, "/-/ready": ready} {
				a := h.call("GET", path, "")
				if a.status != want || a.header.Get("Content-Type") != "text/plain; charset=utf-8" || a.header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s, %s: %d %s %v", when, path, a.status, a.body, a.header)
				}
			}
		}
		look("at first", 200)
		h.store.set(errors.New("no space left on device"))
		time.Sleep(1100 * time.Millisecond)
		look("with a full disk", 503)
		if a := h.call("GET", "/-/ready", ""); !strings.Contains(a.body, "the store takes no writes") || strings.Contains(a.body, "device") {
			t.Errorf("it said %s", a.body)
		}
		if log := h.log.got(); !strings.Contains(log, "no space left") {
			t.Errorf("the log says %s", log)
		}
		if status := h.call("POST", hookPath, webhook(alert("mail", "x", "firing", time.Now(), time.Time{}))).status; status != 503 {
			t.Errorf("a webhook was answered %d", status)
		}
		if status := h.call("GET", "/api/v1/incidents", "").status; status != 200 {
			t.Errorf("a reader was answered %d", status)
		}
		h.store.set(nil)
		time.Sleep(1100 * time.Millisecond)
		look("with room again", 200)
		if status := h.call("POST", hookPath, webhook(alert("mail", "x", "firing", time.Now(), time.Time{}))).status; status != 202 {
			t.Errorf("a webhook was answered %d", status)
		}
	})
}

// counting counts the probes, each of which takes a while.
type counting struct {
	mu sync.Mutex
	n  int
}

func (c *counting) Probe(ctx context.Context) error {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	select {
	case <-time.After(100 * time.Millisecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestManyWhoAskAreOneWrite(t *testing.T) {
	c := &counting{}
	inside(t, func(t *testing.T, h *house) {
		var asking sync.WaitGroup
		for range 50 {
			asking.Go(func() {
				if a := h.call("GET", "/-/ready", ""); a.status != 200 {
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		asking.Wait()
		if c.n != 1 {
			t.Errorf("%d probes", c.n)
		}
	}, func(o *web.Options) { o.Store = c })
}

func TestMetricsAreThereWhenGiven(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		if a := h.must(200, "GET", "/metrics", ""); a.body != "sitrep_up 1\n" {
			t.Errorf("got %s", a.body)
		}
	}, metrics)
	inside(t, func(t *testing.T, h *house) { h.must(404, "GET", "/metrics", "") })
}
