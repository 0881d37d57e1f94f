package web_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/policies"
)

// flow is a response that is read while it is written.
type flow struct {
	*httptest.ResponseRecorder
	mu   sync.Mutex
	said strings.Builder
}

func (s *flow) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.Write(b)
}

func (s *flow) Flush() {}

func (s *flow) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// follow opens the stream of events, and returns what ends it.
func (h *house) follow(path string, change ...func(*http.Request)) (*flow, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &flow{ResponseRecorder: httptest.NewRecorder()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.server.ServeHTTP(s, request("GET", path, "", change...).WithContext(ctx))
	}()
	synctest.Wait()
	return s, func() { cancel(); <-done }
}

// told returns the events of a stream, as kind and text, and the last id.
func told(s *flow) (events []string, last string) {
	kind := ""
	for scan := bufio.NewScanner(strings.NewReader(s.text())); scan.Scan(); {
		name, value, _ := strings.Cut(scan.Text(), ": ")
		switch name {
		case "id":
			last = value
		case "event":
			kind = value
		case "data":
			_, fact, _ := strings.Cut(value, `"fact":"`)
			fact, _, _ = strings.Cut(fact, `"`)
			events = append(events, strings.TrimSpace(kind+" "+fact))
		}
	}
	return events, last
}

func TestEventsAsTheyHappen(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		s, end := h.follow("/api/v1/events")
		h.opens()
		synctest.Wait()
		events, last := told(s)
		if got := fmt.Sprint(events); !strings.Contains(got, "fact opened") || !strings.Contains(got, "fact update_planned") {
			t.Errorf("told %s", got)
		}
		if s.Header().Get("Content-Type") != "text/event-stream" || s.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", s.Header())
		}
		// It says that it is there when nothing happens.
		before := len(s.text())
		time.Sleep(35 * time.Second)
		synctest.Wait()
		if quiet := s.text()[before:]; strings.Count(quiet, ":\n\n") < 2 {
			t.Errorf("in 35 quiet seconds it said %q", quiet)
		}
		end()
		// Who lost the connection goes on where he was.
		h.must(200, "PATCH", "/api/v1/incidents/SR-1", `{"lead":"Anna"}`)
		again, endAgain := h.follow("/api/v1/events", header("Last-Event-ID", last))
		events, _ = told(again)
		if len(events) == 0 || events[len(events)-1] != "fact lead_changed" || strings.Contains(fmt.Sprint(events), "opened") {
			t.Errorf("after %s: %q", last, events)
		}
		endAgain()
		// And is told where that cannot be.
		for _, id := range []string{"x-1", "nonsense", last + "0", strings.Split(last, "-")[0] + "-99999"} {
			lost, endLost := h.follow("/api/v1/events", header("Last-Event-ID", id))
			if events, _ := told(lost); fmt.Sprint(events) != "[missed]" {
				t.Errorf("after %s: %q", id, events)
			}
			endLost()
		}
		// Of one incident alone.
		other, endOther := h.follow("/api/v1/events?incident=SR-2")
		h.must(200, "PATCH", "/api/v1/incidents/SR-1", `{"lead":"Bob"}`)
		synctest.Wait()
		if events, _ := told(other); len(events) > 0 {
			t.Errorf("of SR-2: %q", events)
		}
		endOther()
	})
}

func TestEventsAreForViewers(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		for role, want := range map[policies.Role]int{policies.RoleAlerts: 403, "": 401} {
			if got := h.call("GET", "/api/v1/events", "", bearer("secret of "+string(role))).status; got != want {
				t.Errorf("%s: %d", role, got)
			}
		}
	}, tokens)
}
