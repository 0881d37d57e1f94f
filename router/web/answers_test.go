package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/router/web"
)

func TestWhatIsNotThereIsAProblem(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		for _, c := range []struct{ method, path, body, want string }{
			{"GET", "/api/v1/incidents/SR-2", "", `there is no incident "SR-2"`},
			{"GET", "/api/v1/incidents/sr-1", "", `there is no incident "sr-1"`},
			{"GET", "/api/v1/incidents/%3Cscript%3E", "", `there is no incident "<script>"`},
			{"POST", "/api/v1/incidents/SR-2/updates", `{"text":"x"}`, `there is no incident "SR-2"`},
			{"POST", "/api/v1/incidents/SR-2/resolve", "", `there is no incident "SR-2"`},
			{"GET", "/api/v1/incident", "", "there is nothing at this path; GET /openapi.json lists what there is"},
			{"POST", "/api/v1/alertmanager/", "", "there is nothing at this path; GET /openapi.json lists what there is"},
			{"GET", "/api/", "", "there is nothing at this path; GET /openapi.json lists what there is"},
			{"DELETE", "/api/v2/incidents", "", "there is nothing at this path; GET /openapi.json lists what there is"},
		} {
			detail, _ := h.call(c.method, c.path, c.body).problem(t, http.StatusNotFound)
			if detail != c.want {
				t.Errorf("%s %s said %q, want %q", c.method, c.path, detail, c.want)
			}
		}
		for _, path := range []string{"/", "/favicon.ico", "/docs", "/schemas/IncidentBody.json", "/-/reload"} {
			if a := h.call("GET", path, ""); a.status != http.StatusNotFound {
				t.Errorf("%s: %d", path, a.status)
			}
		}
	})
}

func TestWhatCannotBeDoneNamesWhatCan(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		for _, c := range []struct{ method, path, allow string }{
			{"GET", "/api/v1/alertmanager", "POST"},
			{"PUT", "/api/v1/alertmanager", "POST"},
			{"DELETE", "/api/v1/incidents/SR-1", "GET, HEAD, PATCH"},
			{"POST", "/api/v1/schedule", "GET, HEAD"},
			{"GET", "/api/v1/incidents/SR-1/updates", "POST"},
			{"GET", "/api/v1/incidents/SR-1/resolve", "POST"},
			{"OPTIONS", "/api/v1/incidents/SR-1/resolve", "POST"},
		} {
			a := h.call(c.method, c.path, "")
			if detail, _ := a.problem(t, http.StatusMethodNotAllowed); detail != "this takes "+c.allow || a.header.Get("Allow") != c.allow {
				t.Errorf("%s %s said %q, Allow: %s", c.method, c.path, detail, a.header.Get("Allow"))
			}
		}
		if a := h.call("POST", "/-/healthy", ""); a.status != http.StatusMethodNotAllowed {
			t.Errorf("POST /-/healthy: %d", a.status)
		}
		h.must(200, "HEAD", "/api/v1/incidents/SR-1", "")
	})
}

func TestReadersCannotChangeAnythingAndNothingIsKept(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		a := h.must(200, "GET", "/api/v1/incidents/SR-1", "")
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", a.header)
		}
		if b := h.must(200, "GET", "/api/v1/incidents/SR-1", ""); b.body != a.body {
			t.Errorf("read twice, it changed: %s", b.body)
		}
	})
}

func TestBadFieldsAreNamed(t *testing.T) {
	const updates = "/api/v1/incidents/SR-1/updates"
	long := strings.Repeat("é", 2001)
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		before := h.must(200, "GET", "/api/v1/incidents/SR-1", "").body
		for _, c := range []struct{ method, path, body, field, want string }{
			{"POST", updates, `{"text":"x","colour":"red"}`, "body.colour", "unexpected property"},
			{"POST", updates, `{}`, "body.text", "it is empty"},
			{"POST", updates, `{"text":" \u202e\n"}`, "body.text", "it is empty"},
			{"POST", updates, `{"text":7}`, "body.text", "expected string"},
			{"POST", updates, `{"text":"` + long + `"}`, "body.text", "2000"},
			{"POST", updates, `{"text":"x","texts":{"nl":"y"}}`, "body.texts", "not both"},
			{"POST", updates, `{"texts":{}}`, "body.text", "it is empty"},
			{"POST", updates, `{"texts":{"nl":"x","en":" "}}`, "body.texts.en", "it is empty"},
			{"POST", updates, `{"texts":{"nl":"x","fr":"y"}}`, "body.texts.fr", "they are told in en, nl, pl"},
			{"POST", updates, `{"texts":{"nl":"x","en":"` + long + `"}}`, "body.texts.en", "longer than 2000"},
			{"POST", updates, `{"texts":["x"]}`, "body.texts", "expected object"},
			{"POST", updates, `{"texts":{"a":"","b":"","c":"","d":"","e":"","f":"","g":"","h":"","i":"","j":"","k":""}}`, "body.texts", "at most 10"},
			{"POST", updates, `{"text":"x","audiences":["board","press"]}`, "body.audiences[1]", "there are it, board"},
			{"POST", updates, `{"text":"x","audiences":"board"}`, "body.audiences", "expected array"},
			{"POST", updates, `{"text":"x","audiences":[` + strings.Repeat(`"it",`, 100) + `"it"]}`, "body.audiences", "<= 100"},
			{"POST", updates, `{"text":"x","phase":"resolved"}`, "body.phase", "investigating, identified, monitoring"},
			{"POST", updates, `[]`, "body", "expected object"},
			{"POST", updates, `null`, "body", "expected object"},
			{"POST", updates + "?dry=1", `{"text":"x"}`, "query.dry", "unknown query parameter"},
			{"POST", "/api/v1/incidents/SR-1/resolve", `{"reasons":"x"}`, "body.reasons", "unexpected property"},
			{"POST", "/api/v1/incidents/SR-1/resolve", `{"reason":["x"]}`, "body.reason", "expected string"},
			{"POST", "/api/v1/incidents/SR-1/resolve", `{"reason":"` + long + `"}`, "body.reason", "500"},
			{"POST", "/api/v1/incidents/SR-1/resolve", "null", "body", "expected object"},
			{"GET", "/api/v1/incidents?state=closed", "", "query.state", "open, unconfirmed, resolved"},
			{"GET", "/api/v1/incidents?limit=0", "", "query.limit", ">= 1"},
			{"GET", "/api/v1/incidents?limit=1001", "", "query.limit", "<= 1000"},
			{"GET", "/api/v1/incidents?limit=ten", "", "query.limit", "invalid integer"},
			{"GET", "/api/v1/incidents?cursor=SR-9", "", "query.cursor", "no incident has this id"},
			{"GET", "/api/v1/incidents?sate=open", "", "query.sate", "unknown query parameter"},
			{"GET", "/api/v1/incidents/" + strings.Repeat("x", 41), "", "path.id", "40"},
		} {
			detail, fields := h.call(c.method, c.path, c.body).problem(t, http.StatusUnprocessableEntity)
			if detail != "validation failed" || !strings.Contains(fields[c.field], c.want) {
				t.Errorf("%s %s %.60s: said %q %v, want %s: %s", c.method, c.path, c.body, detail, fields, c.field, c.want)
			}
		}
		if after := h.must(200, "GET", "/api/v1/incidents/SR-1", "").body; after != before {
			t.Errorf("something changed: %s", after)
		}
	})
}

func TestABodyThatIsNoJSONIsABadRequest(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		for path, bodies := range map[string][]string{
			"/api/v1/incidents/SR-1/updates": {"", "{", `{"text":"x"`, `{"text":"x"} {}`, "text=x"},
			"/api/v1/incidents/SR-1/resolve": {"{", `{"reason":"x"`, `{} {}`, "reason=x"},
		} {
			for _, body := range bodies {
				if a := h.call("POST", path, body); a.status != http.StatusBadRequest {
					t.Errorf("%s %q: %d %s", path, body, a.status, a.body)
				} else {
					a.problem(t, http.StatusBadRequest)
				}
			}
		}
	})
}

// TestAPageElsewhereCannotPost: what a browser sends for a page without asking
// first is no JSON.
func TestAPageElsewhereCannotPost(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		for _, path := range []string{"/api/v1/incidents/SR-1/updates", "/api/v1/incidents/SR-1/resolve"} {
			for _, kind := range []string{"text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
				h.call("POST", path, `{"text":"x"}`, header("Content-Type", kind)).problem(t, http.StatusUnsupportedMediaType)
				if path == "/api/v1/incidents/SR-1/resolve" {
					h.call("POST", path, `{}`, header("Content-Type", kind)).problem(t, http.StatusUnsupportedMediaType)
				}
			}
		}
		if p := h.router.Incident("SR-1"); !p.Open {
			t.Error("it was resolved")
		}
	})
}

func TestABodyOfTheAPIIsBounded(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		for name, r := range map[string]*http.Request{
			"announced": request("POST", "/api/v1/incidents/SR-1/updates", `{"text":"`+strings.Repeat("x", 1<<20)+`"}`),
			"in chunks": httptest.NewRequest("POST", "http://localhost:8420/api/v1/incidents/SR-1/updates", &stream{2 << 20}),
		} {
			r.RemoteAddr = "127.0.0.1:40000"
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			h.server.ServeHTTP(w, r)
			t.Log(name)
			answer{w.Code, w.Header(), w.Body.String()}.problem(t, http.StatusRequestEntityTooLarge)
		}
	})
}

func TestAnOverrideThatIsNotStoredIsToldToComeAgain(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		h.store.set(errors.New("no space left on device"))
		for path, body := range map[string]string{"updates": `{"text":"x"}`, "resolve": ""} {
			a := h.call("POST", "/api/v1/incidents/SR-1/"+path, body)
			if detail, _ := a.problem(t, http.StatusServiceUnavailable); !strings.Contains(detail, "send it again") || a.header.Get("Retry-After") != "5" {
				t.Errorf("%s: %s, %v", path, a.body, a.header)
			}
		}
		if log := h.log.got(); !strings.Contains(log, "no space left") {
			t.Errorf("the log says %s", log)
		}
		h.store.set(nil)
		h.must(200, "POST", "/api/v1/incidents/SR-1/resolve", "")
	})
}

func TestAnOverrideThatIsNotDecidedYetSaysWhereToLook(t *testing.T) {
	atTheDoor(t, func(t *testing.T, h *house) {
		h.run()
		h.opens()
		still := build(t, t.TempDir()) // its router decides nothing
		defer still.close()
		o := h.options
		o.Desk, o.Inbox = undecided{h, still}, still.store
		h.server = web.New(o)
		began := time.Now()
		a := h.call("POST", "/api/v1/incidents/SR-1/resolve", "")
		if a.status != http.StatusAccepted || a.header.Get("Location") != "/api/v1/incidents/SR-1" || time.Since(began) != 15*time.Second {
			t.Errorf("after %v: %d %v %s", time.Since(began), a.status, a.header, a.body)
		}
		if want := `{"incident":"SR-1","decided":false,"updates":[],"breaks":null}`; strings.TrimSpace(a.body) != want {
			t.Errorf("said %s, want %s", a.body, want)
		}
		synctest.Wait()
		if got := fmt.Sprint(len(still.store.stored(t))); got != "1" {
			t.Errorf("%s inputs were stored", got)
		}
	})
}
