package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sitrep/channels/channeltest"
)

// outside is a service that waits for heartbeats, and what it heard.
type outside struct {
	mu     sync.Mutex
	heard  []string // the moment and the path
	status int
	began  time.Time
}

func (o *outside) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.heard = append(o.heard, fmt.Sprintf("%s %s %s %s", clock(time.Since(o.began)), r.Method, r.URL.Path, r.Header.Get("Authorization")))
	w.WriteHeader(o.status)
}

func (o *outside) answer(status int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.status = status
}

// since returns what was heard since it was asked last.
func (o *outside) since() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	heard := o.heard
	o.heard = nil
	return heard
}

func (o *outside) expect(t *testing.T, when string, want ...string) {
	t.Helper()
	if got := o.since(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s: heard\n%s\nwant\n%s", when, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestHeartbeat: an outside service hears from sitrep every minute, and no more once it
// is stopped; it is tried again soon where it does not answer well. A reload sends the
// heartbeats elsewhere, or ends them.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	with := storyConfig + "heartbeat: {url: \"http://beats.example/ping/sesame-open\", every: 1m, http_config: {authorization: {type: GenieKey, credentials: hush}}}\n"
	tell(t, func(t *testing.T, s *story) {
		listener := channeltest.NewPipeListener()
		o := &outside{status: http.StatusAccepted, began: s.began}
		server := &http.Server{Handler: o}
		go server.Serve(listener)
		defer server.Close()
		s.pass(time.Minute)
		if got := s.metric("sitrep_heartbeat_last"); got != "" {
			t.Errorf("without a heartbeat there is %s", got)
		}
		s.outside = listener.Dial
		s.configure(with)
		s.restart(0)
		ping := func(at string) string { return at + " GET /ping/sesame-open GenieKey hush" }
		s.pass(2*time.Minute + 30*time.Second)
		o.expect(t, "at the start", ping("0:01:00"), ping("0:02:00"), ping("0:03:00"))
		if got := s.metric("sitrep_heartbeat"); !strings.Contains(got, `sitrep_heartbeats_total{result="sent"} 3`) || !strings.Contains(got, "sitrep_heartbeat_last_success_timestamp_seconds 9.46684980e+08") && !strings.Contains(got, "sitrep_heartbeat_last_success_timestamp_seconds 9.4668498e+08") {
			t.Errorf("after three the metrics say\n%s", got)
		}

		o.answer(http.StatusBadGateway)
		s.pass(time.Minute)
		o.expect(t, "while it answers 502", ping("0:04:00"), ping("0:04:10"), ping("0:04:20"), ping("0:04:30"))
		o.answer(http.StatusOK)
		s.pass(time.Minute + 40*time.Second)
		o.expect(t, "when it answers again", ping("0:04:40"), ping("0:05:40"))
		if got := s.metric("sitrep_heartbeats_total{result=\"failed\"}"); got != `sitrep_heartbeats_total{result="failed"} 4` {
			t.Errorf("the metrics say %q", got)
		}

		s.configure(strings.Replace(with, "sesame-open", "another", 1))
		s.reload("", http.StatusOK)
		s.pass(time.Minute + time.Second)
		o.expect(t, "after a reload", "0:06:10 GET /ping/another GenieKey hush", "0:07:10 GET /ping/another GenieKey hush")
		s.configure(storyConfig)
		s.reload("", http.StatusOK)
		s.pass(time.Hour)
		o.expect(t, "taken out")
		s.configure(with)
		s.reload("", http.StatusOK)
		s.pass(time.Second)
		o.expect(t, "put back", ping("1:07:11"))
		s.restart(time.Hour)
		s.pass(time.Second)
		o.expect(t, "while it stands still", ping("2:07:12"))
	})
}

// TestNoHeartbeatWhereSitrepCannotWork: what is sent says that sitrep can do its work, so
// nothing is sent where it cannot.
func TestNoHeartbeatWhereSitrepCannotWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		var full atomic.Pointer[error] // nil while there is room
		var sent atomic.Int64
		p := newPulse(func(context.Context) error {
			if err := full.Load(); err != nil {
				return *err
			}
			return nil
		}, newPulseMetrics(prometheus.NewRegistry()), slog.New(slog.NewTextHandler(&log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { p.run(ctx); close(done) }()
		p.renew(&beat{every: time.Minute, send: func(context.Context) error { sent.Add(1); return nil }})
		time.Sleep(59 * time.Second)
		why := errors.New("the disk is full")
		full.Store(&why)
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := sent.Load(); n != 1 {
			t.Errorf("%d were sent", n)
		}
		full.Store(nil)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if n := sent.Load(); n != 2 {
			t.Errorf("%d were sent within 11 s", n)
		}
		cancel()
		<-done
		if got := strings.Count(log.String(), "the disk is full"); got != 1 {
			t.Errorf("the log says it %d times:\n%s", got, log.String())
		}
	})
}

// TestTheHeartbeatsAddressIsASecret: whatever goes wrong, neither the log nor what
// check-config prints has the address.
func TestTheHeartbeatsAddressIsASecret(t *testing.T) {
	t.Parallel()
	hangs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "gopher://elsewhere/sesame-open") // one that cannot be followed
		w.WriteHeader(http.StatusFound)
	}))
	defer hangs.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	refuses := httptest.NewServer(http.NotFoundHandler())
	defer refuses.Close()
	for _, server := range []*httptest.Server{hangs, gone, refuses} {
		at := server.URL + "/sesame-open"
		err := ask(&http.Client{Timeout: 5 * time.Second}, func() (string, error) { return at, nil })(t.Context())
		if err == nil || strings.Contains(err.Error(), "sesame-open") {
			t.Errorf("it says %v", err)
		}
	}

	p := newProcess(t, "1s")
	config := filepath.Join(p.dir, "sitrep.yml")
	f, err := os.OpenFile(config, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "heartbeat: {url_file: beat}\n"); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "beat"), []byte(refuses.URL+"/sesame-open\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.start()
	for end := time.Now().Add(10 * time.Second); !strings.Contains(p.log.String(), "the heartbeat does not get there"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the log does not say that it fails:\n%s", p.log)
		}
	}
	if !strings.Contains(p.log.String(), "the server answers 404") || strings.Contains(p.log.String(), "sesame-open") {
		t.Errorf("the log says\n%s", p.log)
	}
	p.kill()
	if err := os.WriteFile(filepath.Join(p.dir, "beat"), []byte("beats.example/sesame-open\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := sitrep("check-config", "--config.file="+config).CombinedOutput()
	if err == nil || !strings.Contains(string(said), `"url_file" is no http or https address`) || strings.Contains(string(said), "sesame-open") {
		t.Errorf("check-config says %v\n%s", err, said)
	}
}
