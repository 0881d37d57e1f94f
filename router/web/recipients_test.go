package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const boardRecipients = "/api/v1/incidents/SR-1/audiences/board/recipients"

// TestWhoCannotBeAdded: each field is judged as in a recipients file, and what is said
// of it holds no address, nor does the log.
func TestWhoCannotBeAdded(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		for _, c := range []struct {
			path, body string
			status     int
			where      string // empty: it is in the detail
			says       string
		}{
			{boardRecipients, `{}`, 422, "body", "there is no address for email: give one by which the audience is told"},
			{boardRecipients, `{"phone":"+31612345699"}`, 422, "body", "there is no address for email: give one by which the audience is told"},
			{boardRecipients, `{"email":"deputy at voorbeeld.example"}`, 422, "body.email", "this is no email address: write name@example.org"},
			{boardRecipients, `{"email":"deputy@voorbeeld.example","phone":"0612345699"}`, 422, "body.phone", "this is no international phone number: write the number with + and the country code, such as +31612345678"},
			{boardRecipients, `{"email":"deputy@voorbeeld.example","language":"fy"}`, 422, "body.language", "unknown language: known here: "},
			{boardRecipients, `{"email":"deputy@voorbeeld.example","time_zone":"Mars/Olympus"}`, 422, "body.time_zone", "unknown time zone: "},
			{boardRecipients, `{"email":"deputy@voorbeeld.example","colour":"red"}`, 422, "body.colour", "unexpected property"},
			{boardRecipients + "/remove", `{}`, 422, "body", "name him by one address: give email or phone"},
			{boardRecipients + "/remove", `{"email":"one@voorbeeld.example","phone":"+31612345699"}`, 422, "body", "name him by one address: give email or phone"},
			{boardRecipients + "/remove", `{"email":"one"}`, 422, "body.email", "this is no email address: "},
			{boardRecipients + "/remove", `{"phone":"one@voorbeeld.example"}`, 422, "body.phone", "this is no international phone number: "},
			{boardRecipients + "/remove", `{"email":"deputy@voorbeeld.example"}`, 409, "", "board has no recipient with this address"},
			{"/api/v1/incidents/SR-1/audiences/nobody/recipients", `{"email":"deputy@voorbeeld.example"}`, 404, "", `there is no audience "nobody"; there are it, board`},
			{"/api/v1/incidents/SR-9/audiences/board/recipients", `{"email":"deputy@voorbeeld.example"}`, 404, "", `there is no incident "SR-9"`},
		} {
			a := h.call("POST", c.path, c.body)
			detail, fields := a.problem(t, c.status)
			if c.where != "" {
				detail = fields[c.where]
			}
			if !strings.HasPrefix(detail, c.says) || len(fields) > 1 {
				t.Errorf("%s %s was told %q, %v", c.path, c.body, detail, fields)
			}
			if c.where == "body.colour" { // the framework's own, which shows the whole body to whom it is from
				continue
			}
			if strings.Contains(a.body, "voorbeeld.example") || strings.Contains(a.body, "12345699") {
				t.Errorf("%s %s is answered with the address: %s", c.path, c.body, a.body)
			}
		}
		if log := h.log.got(); strings.Contains(log, "voorbeeld.example") || strings.Contains(log, "12345699") {
			t.Errorf("the log says %s", log)
		}
	})
}

// TestOneMoreOnce: what is named happens once, what is meant for another version not at
// all, a dry run changes nothing, and who is in the audience by any address is not added
// again. An incident shows who was added and by whom, and nothing of him.
func TestOneMoreOnce(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		facts := func() (n int) {
			for _, f := range h.router.Incident("SR-1").Timeline {
				if f.Added() != nil || f.Removed() != nil {
					n++
				}
			}
			return n
		}
		seen := h.must(200, "GET", "/api/v1/incidents/SR-1", "").header.Get("ETag")
		deputy := `{"name":"Deputy","email":"Deputy@Voorbeeld.example","reason":"the mayor asks"}`
		if a := h.must(200, "POST", boardRecipients+"?dry_run=true", deputy); facts() != 0 || !strings.Contains(a.body, `"decided":false`) {
			t.Errorf("a dry run made %d facts: %s", facts(), a.body)
		}
		for range 2 {
			h.must(200, "POST", boardRecipients, deputy, header("Idempotency-Key", "one"))
		}
		h.call("POST", boardRecipients, strings.Replace(deputy, "Deputy@", "other@", 1), header("Idempotency-Key", "one")).problem(t, 409)
		h.call("POST", boardRecipients, strings.Replace(deputy, "Deputy@", "other@", 1), header("If-Match", seen)).problem(t, 412)
		for _, who := range []string{`{"email":"deputy@voorbeeld.example"}`, `{"name":"One","email":"ONE@voorbeeld.example"}`} {
			h.must(200, "POST", boardRecipients, who)
		}
		if n := facts(); n != 1 {
			t.Errorf("%d facts", n)
		}
		h.must(200, "POST", boardRecipients+"/remove", `{"email":"two@voorbeeld.example"}`)
		a := h.must(200, "POST", boardRecipients+"/remove", `{"email":"one@voorbeeld.example"}`) // the deputy is left
		if strings.Contains(a.body, `"breaks":"`) {
			t.Errorf("it breaks a promise: %s", a.body)
		}
		var shown struct {
			Audiences []struct {
				Name           string
				Added, Removed []struct {
					Recipient, By string
					At            time.Time
				}
			}
		}
		a = h.must(200, "GET", "/api/v1/incidents/SR-1", "")
		a.into(t, &shown)
		for _, b := range shown.Audiences {
			if b.Name == "board" && (len(b.Added) != 1 || len(b.Removed) != 2 || len(b.Added[0].Recipient) != 32 || b.Added[0].By == "" || b.Added[0].At.IsZero()) {
				t.Errorf("the board is %+v", b)
			}
		}
		if body := strings.ToLower(a.body + h.log.got()); strings.Contains(body, "voorbeeld.example") || strings.Contains(body, `"deputy"`) {
			t.Errorf("the incident or the log says %s", body)
		}
		// Who was removed and is added again is in it as before.
		h.must(200, "POST", boardRecipients, `{"email":"two@voorbeeld.example"}`)
		a = h.must(200, "GET", "/api/v1/incidents/SR-1", "")
		if a.into(t, &shown); facts() != 4 || len(shown.Audiences[0].Removed) != 1 {
			t.Errorf("%d facts, and the board is %+v", facts(), shown.Audiences[0])
		}
		h.must(200, "POST", "/api/v1/incidents/SR-1/resolve", "")
		h.call("POST", boardRecipients, `{"email":"late@voorbeeld.example"}`).problem(t, 409)
	})
}

// TestNobodyIsStoredWhereTheStoreTakesNothing: it is answered 503, and says nothing of
// whom it was about.
func TestNobodyIsStoredWhereTheStoreTakesNothing(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		h.log.got()
		before := len(h.router.Incident("SR-1").Timeline)
		h.store.set(http.ErrServerClosed)
		a := h.call("POST", boardRecipients, `{"email":"deputy@voorbeeld.example"}`)
		a.problem(t, 503)
		if log := h.log.got(); a.header.Get("Retry-After") != "5" || !strings.Contains(log, "could not be stored") || strings.Contains(log, "voorbeeld.example") {
			t.Errorf("headers %v, log %s", a.header, log)
		}
		h.store.set(nil)
		if n := len(h.router.Incident("SR-1").Timeline); n != before {
			t.Errorf("%d facts, %d before", n, before)
		}
	})
}

// TestOnlyOfHisAudiences: who may tell some audiences adds to those alone.
func TestOnlyOfHisAudiences(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.bearer = "secret of admin"
		h.opens()
		h.bearer = "secret of desk"
		h.call("POST", boardRecipients, `{"email":"deputy@voorbeeld.example"}`).problem(t, 403)
		h.call("POST", boardRecipients+"/remove", `{"email":"one@voorbeeld.example"}`).problem(t, 403)
		h.must(200, "POST", "/api/v1/incidents/SR-1/audiences/it/recipients", `{"email":"deputy@voorbeeld.example"}`)
		if got := h.router.Incident("SR-1").Lists.Added; len(got) != 1 || got[0].By != "desk" || got[0].Audience != "it" {
			t.Errorf("added are %+v", got)
		}
	}, tokens, someOnly)
}
