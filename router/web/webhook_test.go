package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestAWebhookIsStoredBeforeItIsAnswered(t *testing.T) {
	atTheDoor(t, func(t *testing.T, h *house) {
		a := h.call("POST", hookPath, webhook(
			alert("mail", "mx1", "firing", time.Now(), time.Time{}),
			alert("mail", "mx2", "resolved", time.Now().Add(-time.Hour), time.Now())))
		if a.status != http.StatusAccepted || a.body != "" {
			t.Fatalf("answered %d %s", a.status, a.body)
		}
		stored := h.store.stored(t)
		if len(stored) != 1 || len(stored[0].Alerts) != 2 || !stored[0].At.Equal(time.Now()) {
			t.Fatalf("stored %v", stored)
		}
		if o := stored[0].Alerts[0]; !o.Firing || o.Fingerprint != "mail-mx1" || o.Labels["service"] != "mail" || o.Summary != "it does not answer" {
			t.Errorf("stored %+v", o)
		}
		if got := fmt.Sprint(h.hooks); got != "[202 2 2 0]" {
			t.Errorf("the watch was told %s", got)
		}
	})
}

func TestAWebhookWithoutAlertsIsTakenAndStoresNothing(t *testing.T) {
	atTheDoor(t, func(t *testing.T, h *house) {
		h.must(http.StatusAccepted, "POST", hookPath, webhook())
		h.must(http.StatusAccepted, "POST", hookPath, strings.Replace(webhook(), `"truncatedAlerts":0`, `"truncatedAlerts":9,"new":[]`, 1))
		if stored := h.store.stored(t); len(stored) != 0 {
			t.Errorf("stored %v", stored)
		}
		if got := fmt.Sprint(h.hooks); got != "[202 0 0 0 202 0 0 9]" {
			t.Errorf("the watch was told %s", got)
		}
	})
}

func TestRepeatsAreAnsweredAndNotStored(t *testing.T) {
	atTheDoor(t, func(t *testing.T, h *house) {
		hook := webhook(alert("mail", "mx1", "firing", time.Now(), time.Time{}))
		for range 11 { // ten minutes
			h.must(http.StatusAccepted, "POST", hookPath, hook)
			time.Sleep(time.Minute)
		}
		// At 0 to 4 minutes while it settles, and again at 9.
		if stored := h.store.stored(t); len(stored) != 6 {
			t.Errorf("%d of 11 were stored", len(stored))
		}
		if got := h.hooks[5]; got != "202 1 0 0" {
			t.Errorf("of the repeat at 5 minutes the watch was told %s", got)
		}
	})
}

func TestAWebhookThatWillNeverParseIsRefused(t *testing.T) {
	atTheDoor(t, func(t *testing.T, h *house) {
		good := webhook(alert("mail", "mx1", "firing", time.Now(), time.Time{}))
		for _, c := range []struct{ name, body, want string }{
			{"empty", "", "the body is empty"},
			{"not JSON", "alert=1", "not JSON"},
			{"cut", good[:len(good)-10], "not JSON: the body ends too early"},
			{"wrong version", strings.Replace(good, `"4"`, `"3"`, 1), `version "3" is not known`},
			{"no version", strings.Replace(good, `"version"`, `"v"`, 1), `the field "version" is missing`},
			{"wrong types", strings.Replace(good, `"mail"`, `7`, 1), "alerts.labels is a JSON number where a string is expected, at byte"},
			{"a bad time", strings.Replace(good, `"startsAt":"`, `"startsAt":"x`, 1), "alerts[0]: startsAt is"},
			{"two", good + good, "there is more after the JSON object"},
		} {
			detail, _ := h.call("POST", hookPath, c.body).problem(t, http.StatusBadRequest)
			if !strings.Contains(detail, c.want) {
				t.Errorf("%s: said %q, want %q", c.name, detail, c.want)
			}
			if log := h.log.got(); !strings.Contains(log, "Alertmanager does not retry it") {
				t.Errorf("%s: the loss is not logged: %s", c.name, log)
			}
		}
		if stored := h.store.stored(t); len(stored) != 0 {
			t.Errorf("stored %v", stored)
		}
	})
}

func TestAWebhookMustSayThatItIsJSON(t *testing.T) {
	atTheDoor(t, func(t *testing.T, h *house) {
		hook := webhook(alert("mail", "mx1", "firing", time.Now(), time.Time{}))
		for kind, want := range map[string]int{
			"":                                  202,
			"application/json":                  202,
			"application/json; charset=utf-8":   202,
			"Application/JSON":                  202,
			"application/vnd.alertmanager+json": 202,
			"text/plain":                        415, // what a page elsewhere may send unasked
			"text/plain; application/json":      415,
			"application/x-www-form-urlencoded": 415,
			"multipart/form-data; boundary=x":   415,
			"nonsense; ;":                       415,
		} {
			a := h.call("POST", hookPath, hook, header("Content-Type", kind))
			if a.status != want {
				t.Errorf("%q: answered %d %s, want %d", kind, a.status, a.body, want)
			}
			if want == 415 {
				a.problem(t, 415)
			}
		}
	})
}

// stream is a body of a size, without saying so beforehand.
type stream struct{ left int }

func (s *stream) Read(b []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n := min(len(b), s.left)
	clear(b[:n])
	s.left -= n
	return n, nil
}

func TestMoreThanTenMebibytesIsTooLarge(t *testing.T) {
	atTheDoor(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			name string
			body io.Reader
			want int
		}{
			{"one byte more, announced", bytes.NewReader(append(bytes.Repeat([]byte(" "), 10<<20), '{')), 413},
			{"one byte more, in chunks", &stream{10<<20 + 1}, 413},
			{"far more, in chunks", &stream{1 << 30}, 413},
			{"exactly", strings.NewReader(webhook() + strings.Repeat(" ", 10<<20-len(webhook()))), 202},
		} {
			r := httptest.NewRequest("POST", "http://localhost:8420"+hookPath, c.body)
			r.RemoteAddr = "127.0.0.1:40000"
			w := httptest.NewRecorder()
			h.server.ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("%s: answered %d %s, want %d", c.name, w.Code, w.Body, c.want)
			}
			if c.want == 413 {
				answer{w.Code, w.Header(), w.Body.String()}.problem(t, 413)
			}
			if s, ok := c.body.(*stream); ok && s.left > 1<<30-11<<20 && s.left < 1<<30-10<<20-1<<20 {
				t.Errorf("%s: read on to %d", c.name, s.left)
			}
		}
	})
}

func TestAWebhookThatIsNotStoredIsToldToComeAgain(t *testing.T) {
	atTheDoor(t, func(t *testing.T, h *house) {
		hook := webhook(alert("mail", "mx1", "firing", time.Now(), time.Time{}), alert("mail", "mx2", "firing", time.Now(), time.Time{}))
		h.store.set(errors.New("no space left on device"))
		a := h.call("POST", hookPath, hook)
		if detail, _ := a.problem(t, http.StatusServiceUnavailable); !strings.Contains(detail, "send it again") || strings.Contains(a.body, "device") {
			t.Errorf("said %s", a.body)
		}
		if a.header.Get("Retry-After") != "10" {
			t.Errorf("headers %v", a.header)
		}
		if log := h.log.got(); !strings.Contains(log, "no space left") {
			t.Errorf("the log does not say why: %s", log)
		}
		if got := fmt.Sprint(h.hooks); got != "[503 2 0 0]" {
			t.Errorf("the watch was told %s", got)
		}
		h.store.set(nil)
		h.must(http.StatusAccepted, "POST", hookPath, hook)
		if stored := h.store.stored(t); len(stored) != 1 || len(stored[0].Alerts) != 2 {
			t.Errorf("stored %v", stored)
		}
	})
}

// TestWhatMayNotBeStoredIsStoredWhenItIsSaidAgain: nobody knows what came of a
// write that failed, so what is said next is news, even what was said before.
func TestWhatMayNotBeStoredIsStoredWhenItIsSaidAgain(t *testing.T) {
	atTheDoor(t, func(t *testing.T, h *house) {
		began := time.Now()
		hook := webhook(alert("mail", "mx1", "firing", began, time.Time{}))
		h.must(http.StatusAccepted, "POST", hookPath, hook)
		time.Sleep(4 * time.Minute)
		h.must(http.StatusAccepted, "POST", hookPath, hook)
		time.Sleep(time.Minute)
		h.store.set(errors.New("timeout"))
		h.must(http.StatusServiceUnavailable, "POST", hookPath, webhook(alert("mail", "mx1", "resolved", began, time.Now())))
		h.store.set(nil)
		h.must(http.StatusAccepted, "POST", hookPath, hook)
		if stored := h.store.stored(t); len(stored) != 3 {
			t.Errorf("%d were stored", len(stored))
		}
	})
}

func TestAClientThatHangsUpWhileItIsStoredLosesNothing(t *testing.T) {
	atTheDoor(t, func(t *testing.T, h *house) {
		var alerts []string
		for n := range 2000 { // several inputs
			alerts = append(alerts, alert("mail", fmt.Sprint("mx", n), "firing", time.Now(), time.Time{}))
		}
		hold := make(chan struct{})
		h.store.mu.Lock()
		h.store.hold = hold
		h.store.mu.Unlock()
		ctx, hangUp := context.WithCancel(context.Background())
		var posting sync.WaitGroup
		posting.Go(func() {
			h.call("POST", hookPath, webhook(alerts...), func(r *http.Request) { *r = *r.WithContext(ctx) })
		})
		<-h.store.puts
		hangUp()
		synctest.Wait()
		close(hold)
		posting.Wait()
		all := map[string]bool{}
		for _, in := range h.store.stored(t) {
			for _, o := range in.Alerts {
				all[o.Fingerprint] = true
			}
		}
		if len(all) != 2000 {
			t.Errorf("%d of 2000 alerts were stored", len(all))
		}
		if got := fmt.Sprint(h.hooks); got != "[202 2000 2000 0]" {
			t.Errorf("the watch was told %s", got)
		}
	})
}

func TestABodyThatBreaksOffIsNotStoredAndMayComeAgain(t *testing.T) {
	atTheDoor(t, func(t *testing.T, h *house) {
		whole := webhook(alert("mail", "mx1", "firing", time.Now(), time.Time{}))
		r := httptest.NewRequest("POST", "http://localhost:8420"+hookPath, io.MultiReader(strings.NewReader(whole), broken{}))
		r.RemoteAddr = "127.0.0.1:40000"
		w := httptest.NewRecorder()
		h.server.ServeHTTP(w, r)
		answer{w.Code, w.Header(), w.Body.String()}.problem(t, http.StatusServiceUnavailable)
		if stored := h.store.stored(t); len(stored) != 0 {
			t.Errorf("stored %v", stored)
		}
		if log := h.log.got(); !strings.Contains(log, "broke off") {
			t.Errorf("not logged: %s", log)
		}
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestEverythingAcceptedIsFoundInTheInbox(t *testing.T) {
	atTheDoor(t, func(t *testing.T, h *house) {
		var posting sync.WaitGroup
		for n := range 200 {
			posting.Go(func() {
				var alerts []string
				for i := range 5 {
					alerts = append(alerts, alert("mail", fmt.Sprintf("mx%d-%d", n, i), "firing", time.Now(), time.Time{}))
				}
				if a := h.call("POST", hookPath, webhook(alerts...)); a.status != http.StatusAccepted {
					t.Errorf("webhook %d: %d %s", n, a.status, a.body)
				}
			})
		}
		posting.Wait()
		found := map[string]int{}
		for _, in := range h.store.stored(t) {
			for _, o := range in.Alerts {
				found[o.Fingerprint]++
			}
		}
		for n := range 200 {
			for i := range 5 {
				if f := fmt.Sprintf("mail-mx%d-%d", n, i); found[f] != 1 {
					t.Errorf("%s was stored %d times", f, found[f])
				}
			}
		}
	})
}

// TestTheWorstWebhooksAreStored: a body of 10 MiB of whatever takes the most
// room must not fail for ever.
func TestTheWorstWebhooksAreStored(t *testing.T) {
	for _, c := range []struct {
		name, of string
		size     int
	}{
		{"what JSON writes as six bytes", "<>&", 10 << 20}, {"quotes", `\"`, 1 << 20}, {"plain", "x", 1 << 20}, {"four-byte characters", "😀", 1 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			atTheDoor(t, func(t *testing.T, h *house) {
				var labels strings.Builder
				for n := range 70 {
					fmt.Fprintf(&labels, `,"%02d%s":"%s"`, n, strings.Repeat(c.of, 128/len(c.of)), strings.Repeat(c.of, 2048/len(c.of)))
				}
				var alerts []string
				for n, size := 0, 0; size < c.size-200<<10; n++ {
					alerts = append(alerts, fmt.Sprintf(`{"status":"firing","labels":{"alertname":"A%d","service":"mail"%s},"startsAt":"2000-01-01T00:00:00Z"}`, n, labels.String()))
					size += len(alerts[n]) + 1
				}
				h.must(http.StatusAccepted, "POST", hookPath, webhook(alerts...))
				stored := 0
				for _, in := range h.store.stored(t) {
					stored += len(in.Alerts)
				}
				if stored != len(alerts) {
					t.Errorf("%d of %d alerts were stored", stored, len(alerts))
				}
				h.run() // and judged
				time.Sleep(6 * time.Minute)
				synctest.Wait()
				if p := h.router.Incident("SR-1"); p == nil || p.Firing != len(alerts) {
					t.Errorf("of %d alerts the incident is %+v; %s", len(alerts), p, h.log.got())
				}
			})
		})
	}
}
