package web_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// opened is the answer to what opens an incident.
type opened struct {
	Incident string
	Decided  bool
	Updates  []struct{ Audience, Kind string }
	Preview  *struct {
		Updates []struct {
			Audience string
			Emails   int
			Texts    []struct{ Text string }
		}
	}
}

// TestAnIncidentIsOpenedByHand: without an alert; who asks again by the same name has
// the same answer, and who opens it a second time is told which one it is.
func TestAnIncidentIsOpenedByHand(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		began := time.Now()
		time.Sleep(time.Hour)
		at := began.Add(40 * time.Minute).UTC().Format(time.RFC3339)
		body := `{"service":"mail","severity":"critical","started_at":"` + at + `","title":{"en":"sending email"},"impact":{"en":"No mail\u202e leaves."},"reason":"the desk rings"}`
		var got opened
		h.must(200, "POST", "/api/v1/incidents?dry_run=true", body).into(t, &got)
		if got.Incident != "SR-1" || fmt.Sprint(got.Updates) != "[{it first}]" || got.Preview == nil || len(got.Preview.Updates) != 1 || !strings.Contains(got.Preview.Updates[0].Texts[0].Text, "No mail leaves.") {
			t.Errorf("a dry run says %+v", got)
		}
		if n := len(h.router.Incidents()); n != 0 {
			t.Fatalf("a dry run opened %d", n)
		}
		a := h.must(200, "POST", "/api/v1/incidents", body, named("once"))
		a.into(t, &got)
		if got.Incident != "SR-1" || !got.Decided || fmt.Sprint(got.Updates) != "[{it first}]" || a.header.Get("Location") != "/api/v1/incidents/SR-1" || a.header.Get("ETag") == "" {
			t.Errorf("%s %v", a.body, a.header)
		}
		again := h.must(200, "POST", "/api/v1/incidents", body, named("once"))
		if again.body != a.body {
			t.Errorf("asked again: %s", again.body)
		}
		h.must(409, "POST", "/api/v1/incidents", strings.Replace(body, "critical", "warning", 1), named("once"))
		p := h.router.Incident("SR-1")
		if f := p.Timeline[0]; f.Opened() == nil || f.Reason != "the desk rings" || f.Role != "admin" || f.Opened().StartedAt != began.Add(40*time.Minute).UTC() || p.Title["en"] != "sending email" {
			t.Errorf("it is %v", f)
		}
		if due, want := h.due(began), "SR-1 board first 1h10m0s, SR-1 it holding 2h0m0s"; due != want { // by its own clocks
			t.Errorf("due is %s, want %s", due, want)
		}
		if detail, _ := h.call("POST", "/api/v1/incidents", `{"service":"mail","severity":"info"}`).problem(t, 409); detail != "mail is out already: SR-1" {
			t.Errorf("a second time it says %q", detail)
		}
		if detail, _ := h.call("POST", "/api/v1/incidents?dry_run=true", `{"service":"mail","severity":"info"}`).problem(t, 409); detail != "mail is out already: SR-1" {
			t.Errorf("a second time, dry, it says %q", detail)
		}
		h.must(200, "POST", "/api/v1/incidents/SR-1/resolve", "")
		h.must(200, "POST", "/api/v1/incidents", `{"service":"mail","severity":"info"}`).into(t, &got)
		if got.Incident != "SR-2" {
			t.Errorf("the next is %s", got.Incident)
		}
		if detail, _ := h.call("POST", "/api/v1/incidents/SR-1/reopen", "").problem(t, 409); detail != "SR-2 is the newer incident of mail; reopen that, or tell of it there" {
			t.Errorf("reopening the one before says %q", detail)
		}
	})
}

// TestAnAlertJoinsWhatWasOpenedByHand: silence ends nothing before it, and its
// recovery does.
func TestAnAlertJoinsWhatWasOpenedByHand(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.must(200, "POST", "/api/v1/incidents", `{"service":"phones","severity":"warning"}`)
		time.Sleep(30 * time.Hour)
		synctest.Wait()
		if p := h.router.Incident("SR-1"); !p.Open || p.Unconfirmed || p.Phase != "investigating" {
			t.Fatalf("after a day in which no alert came it is %+v", p)
		}
		h.fires("phones")
		if p := h.router.Incident("SR-1"); p.Firing != 1 || len(h.router.Incidents()) != 1 {
			t.Fatalf("%d incidents, %d alerts fire", len(h.router.Incidents()), p.Firing)
		}
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		if p := h.router.Incident("SR-1"); !p.Unconfirmed {
			t.Error("no webhook said for long that it fires, and it is confirmed")
		}
	})
}

func TestWhatCannotBeOpened(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		for body, want := range map[string]string{
			`{"severity":"critical"}`:                  "body:expected required property service",
			`{"service":"mail"}`:                       "body:expected required property severity",
			`{"service":"mial","severity":"critical"}`: "body.service:there is no such service; there are doors, mail, payroll, phones, printers, web",
			`{"service":"mail","severity":"terrible"}`: "body.severity:there is no such severity",
			`{"service":"mail","severity":"critical","started_at":"2000-01-01T00:00:01Z"}`:     "body.started_at:it is in the future",
			`{"service":"mail","severity":"critical","started_at":"1999-11-01T00:00:00Z"}`:     "body.started_at:it is more than 30 days ago",
			`{"service":"mail","severity":"critical","impact":{"fr":"Plus de courrier."}}`:     "body.impact.fr:",
			`{"service":"mail","severity":"critical","impact":null}`:                           "body.impact:there is nothing to take back",
			`{"service":"mail","severity":"critical","colour":"red","title":{"en":"a\u202e"}}`: "body.colour",
		} {
			_, errs := h.call("POST", "/api/v1/incidents", body).problem(t, 422)
			if all := fmt.Sprint(errs); !strings.Contains(all, want) {
				t.Errorf("%s: %s, want %s", body, all, want)
			}
		}
		if n := len(h.router.Incidents()); n != 0 {
			t.Errorf("%d were opened", n)
		}
	})
}
