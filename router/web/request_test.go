package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/router/web"
)

const say = "/api/v1/incidents/SR-1/updates"

func named(key string) func(*http.Request) { return header("Idempotency-Key", key) }

// The same request under the same name happens once, whoever lost its answer,
// and whatever was restarted meanwhile.
func TestARequestThatIsRepeated(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := build(t, dir)
		h.run()
		h.opens()
		first := h.call("POST", say, `{"text":"we look at it"}`, named("a"))
		if first.status != 200 {
			t.Fatal(first)
		}
		time.Sleep(time.Minute)
		again := h.call("POST", say, `{"text": "we look at it"}`, named("a"))
		if again.status != 200 || again.body != first.body {
			t.Errorf("again: %d %s, want %s", again.status, again.body, first.body)
		}
		// Refusals and what changes nothing are remembered too.
		h.must(200, "PATCH", "/api/v1/incidents/SR-1", `{"lead":"Anna"}`, named("b"))
		h.must(200, "PATCH", "/api/v1/incidents/SR-1", `{"lead":"Anna"}`, named("c"))
		h.must(200, "PATCH", "/api/v1/incidents/SR-1", `{"lead":"Bob"}`)
		h.must(200, "PATCH", "/api/v1/incidents/SR-1", `{"lead":"Anna"}`, named("c"))
		h.must(409, "POST", "/api/v1/incidents/SR-1/reopen", "", named("d"))
		h.close()

		h = build(t, dir)
		defer h.close()
		h.run()
		again = h.call("POST", say, `{"text":"we look at it"}`, named("a"))
		if again.status != 200 || again.body != first.body {
			t.Errorf("after a restart: %d %s, want %s", again.status, again.body, first.body)
		}
		h.must(409, "POST", "/api/v1/incidents/SR-1/reopen", "", named("d"))
		if p := h.router.Incident("SR-1"); p.Lead != "Bob" {
			t.Errorf("%q leads", p.Lead)
		}
		said := 0
		for _, f := range h.router.Incident("SR-1").Timeline {
			if f.Said() != nil {
				said++
			}
		}
		if said != 1 {
			t.Errorf("it was said %d times", said)
		}
		// Another request under the same name is a mistake.
		for _, other := range []string{`{"text":"we look at it again"}`, `{"text":"we look at it","audiences":["it"]}`} {
			if detail, _ := h.call("POST", say, other, named("a")).problem(t, 409); !strings.Contains(detail, "another request") {
				t.Errorf("%s: %s", other, detail)
			}
		}
		if detail, _ := h.call("POST", "/api/v1/incidents/SR-1/resolve", "", named("a")).problem(t, 409); !strings.Contains(detail, "another request") {
			t.Errorf("resolve: %s", detail)
		}
		// A day later the name is free.
		time.Sleep(25 * time.Hour)
		h.must(200, "POST", say, `{"text":"a new day"}`, named("a"))
	})
}

func TestADoubleClick(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		answers := make(chan answer, 2)
		for range 2 {
			go func() { answers <- h.call("POST", say, `{"text":"we look at it"}`, named("click")) }()
		}
		one, two := <-answers, <-answers
		if one.status != 200 || one.body != two.body {
			t.Errorf("%d %s, %d %s", one.status, one.body, two.status, two.body)
		}
		if n := len(h.router.Incident("SR-1").Timeline); n == 0 {
			t.Error("no timeline")
		}
	})
}

// Two people look at the same incident, and both decide.
func TestTwoPeopleDecideAtOnce(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		path := "/api/v1/incidents/SR-1"
		seen := h.must(200, "GET", path, "").header.Get("ETag")
		if seen == "" {
			t.Fatal("no ETag")
		}
		a := h.call("PATCH", path, `{"lead":"Anna"}`, header("If-Match", seen))
		if a.status != 200 || a.header.Get("ETag") == seen || a.header.Get("ETag") != h.must(200, "GET", path, "").header.Get("ETag") {
			t.Errorf("the first: %d, ETag %s after %s", a.status, a.header.Get("ETag"), seen)
		}
		b := h.call("PATCH", path, `{"lead":"Bob"}`, header("If-Match", seen))
		if detail, _ := b.problem(t, http.StatusPreconditionFailed); !strings.Contains(detail, "changed meanwhile") {
			t.Errorf("the second: %s", detail)
		}
		var now struct {
			Incident struct{ ID, Lead string }
		}
		b.into(t, &now)
		if now.Incident.ID != "SR-1" || now.Incident.Lead != "Anna" || b.header.Get("ETag") != a.header.Get("ETag") {
			t.Errorf("the second was not shown how it is now: %s, %v", b.body, b.header)
		}
		h.must(200, "PATCH", path, `{"lead":"Bob"}`, header("If-Match", seen+", "+b.header.Get("ETag")))
		// So it is where somebody said more of it.
		known := h.must(200, "GET", path, "").header.Get("ETag")
		h.must(200, "PATCH", path, `{"workaround":"Call."}`, header("If-Match", known))
		h.must(412, "PATCH", path, `{"workaround":"Write."}`, header("If-Match", known))
		// What is sent and received makes it no other incident.
		before := h.must(200, "GET", path, "").header.Get("ETag")
		time.Sleep(3 * time.Hour)
		if after := h.must(200, "GET", path, "").header.Get("ETag"); after != before {
			t.Errorf("%s became %s by time alone", before, after)
		}
		for header, want := range map[string]int{"*": 200, `W/` + before: 412, `"SR-2.3"`: 412, `"nonsense"`: 412, "SR-1.3": 422, `"`: 422} {
			if got := h.call("PUT", path+"/audiences/board", `{}`, func(r *http.Request) { r.Header.Set("If-Match", header) }).status; got != want {
				t.Errorf("If-Match %s: %d, want %d", header, got, want)
			}
		}
	})
}

func TestRequestsHaveNames(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		if got := h.call("GET", "/api/v1/incidents", "", header("X-Request-Id", "deploy-7/a.b")).header.Get("X-Request-Id"); got != "deploy-7/a.b" {
			t.Errorf("it is called %q", got)
		}
		seen := map[string]bool{}
		for _, given := range []string{"", "with\ttab", `"quoted"`, strings.Repeat("x", 65), "ë"} {
			got := h.call("GET", "/api/v1/incidents", "", header("X-Request-Id", given)).header.Get("X-Request-Id")
			if len(got) != 36 || seen[got] {
				t.Errorf("%q became %q", given, got)
			}
			seen[got] = true
		}
		h.opens()
		for key, want := range map[string]int{"ë": 422, strings.Repeat("x", 256): 422} {
			if got := h.call("POST", say, `{"text":"x"}`, named(key)).status; got != want {
				t.Errorf("key %q: %d, want %d", key, got, want)
			}
		}
	})
}

// A dry run says who would get what, and does nothing.
func TestADryRun(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		before := len(h.router.Incident("SR-1").Timeline)
		stored := len(h.store.stored(t))
		var dry, real struct {
			Updates []struct {
				Update, Deliveries int
				Audience, Kind     string
			}
			Preview *struct {
				Updates []struct {
					Audience, Kind string
					Emails, SMS    int
					Texts          []struct {
						Language, Subject, Text, HTML, SMS string
						Emails, SMSes, Segments            int
					}
				}
				Cost struct {
					Segments int `json:"sms_segments"`
					Amount   *float64
					Currency *string
				}
			}
		}
		body := `{"text":"we look at it","audiences":["it","board"]}`
		h.must(200, "POST", say+"?dry_run=true", body, named("same")).into(t, &dry)
		if len(h.router.Incident("SR-1").Timeline) != before || len(h.store.stored(t)) != stored {
			t.Fatal("it did something")
		}
		h.must(200, "POST", say, body, named("same")).into(t, &real)
		if len(real.Updates) != 2 || fmt.Sprint(real.Updates) != fmt.Sprint(dry.Updates) || real.Preview != nil {
			t.Errorf("previewed %v, came %v", dry.Updates, real.Updates)
		}
		if dry.Preview == nil || len(dry.Preview.Updates) != 2 {
			t.Fatalf("preview %+v", dry.Preview)
		}
		segments := 0
		for _, u := range dry.Preview.Updates {
			if u.Emails+u.SMS == 0 || len(u.Texts) == 0 {
				t.Errorf("%+v", u)
			}
			for _, x := range u.Texts {
				if !strings.Contains(x.Text, "we look at it") || !strings.Contains(x.HTML, "we look at it") || strings.ContainsAny(x.Text+x.HTML, "\x02\x03") {
					t.Errorf("the text is %q", x.Text)
				}
				segments += x.SMSes * x.Segments
			}
		}
		c := dry.Preview.Cost
		if c.Segments != segments || c.Amount == nil || *c.Amount != float64(segments)*0.08 || c.Currency == nil || *c.Currency != "EUR" {
			t.Errorf("cost %+v of %d segments", c, segments)
		}
		// What would be refused is; what ends it would go to all who were told.
		h.call("POST", "/api/v1/incidents/SR-1/reopen?dry_run=true", "").problem(t, 409)
		h.call("POST", "/api/v1/incidents/SR-1/resolve?dry_run=true", "", header("If-Match", `"SR-1.0"`)).problem(t, 412)
		dry.Preview, dry.Updates = nil, nil
		h.must(200, "POST", "/api/v1/incidents/SR-1/resolve?dry_run=true", "").into(t, &dry)
		if len(dry.Preview.Updates) != 2 || dry.Preview.Updates[0].Kind != "closing" {
			t.Errorf("the end: %+v", dry.Preview)
		}
		if !h.router.Incident("SR-1").Open {
			t.Error("it is resolved")
		}
	}, func(o *web.Options) { o.SMSPrice = web.SMSPrice{PerSegment: 0.08, Currency: "EUR"} })
}
