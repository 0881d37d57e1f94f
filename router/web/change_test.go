package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sitrep/router/incident"
)

// TestWhatIsSaidOfAnIncidentChanges: each field alone, null, and what the next
// read says.
func TestWhatIsSaidOfAnIncidentChanges(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		began := time.Now()
		due := h.due(began)
		patch := func(body string) { h.must(200, "PATCH", "/api/v1/incidents/SR-1", body) }
		type shown struct {
			Phase, Severity string
			Lead            *string
			Estimate        *time.Time
			Title           map[string]string
		}
		read := func() (s shown) {
			h.must(200, "GET", "/api/v1/incidents/SR-1", "").into(t, &s)
			return s
		}
		at := began.Add(2 * time.Hour).UTC()
		patch(`{"phase":"identified","severity":"warning","estimate":"` + at.Format(time.RFC3339) + `","lead":" Fatima\u202e\nK. ","title":{"en":"sending email"}}`)
		s := read()
		if s.Phase != "identified" || s.Severity != "warning" || s.Lead == nil || *s.Lead != "Fatima K." || s.Estimate == nil || !s.Estimate.Equal(at) || s.Title["en"] != "sending email" || len(s.Title) != 1 {
			t.Errorf("it is %+v", s)
		}
		if after := strings.ReplaceAll(h.due(began), "it progress", "it holding"); after != due {
			t.Errorf("it sent something, or changed when the next comes: %s, was %s", after, due)
		}
		facts := len(h.router.Incident("SR-1").Timeline)
		patch(`{"phase":"identified","lead":"Fatima K."}`)
		if n := len(h.router.Incident("SR-1").Timeline); n != facts {
			t.Errorf("what is so already makes %d facts", n-facts)
		}
		patch(`{"estimate":null,"lead":null,"title":null}`)
		if s = read(); s.Estimate != nil || s.Lead != nil || s.Title["en"] != "email" || s.Phase != "identified" {
			t.Errorf("taken back, it is %+v", s)
		}
	})
}

func TestWhatCannotBeSaidOfAnIncident(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		for body, want := range map[string]string{
			`{}`:                                  "body:it is empty",
			`{"phase":"done"}`:                    "body.phase",
			`{"severity":"terrible"}`:             "body.severity:there is no such severity; there are info, warning, critical",
			`{"estimate":"2000-01-01T00:00:00Z"}`: "body.estimate:it is not in the future",
			`{"estimate":"tomorrow"}`:             "",
			`{"title":{"fr":"le mail","en":" "}}`: "body.title",
			`{"title":{"en":"` + strings.Repeat("x", 81) + `"}}`: "body.title.en:it is longer than 80 characters",
			`{"colour":"red","lead":"x"}`:                        "body.colour",
		} {
			a := h.call("PATCH", "/api/v1/incidents/SR-1", body)
			if a.status/100 != 4 || a.status == 404 {
				t.Errorf("%s was answered %d", body, a.status)
			}
			_, errs := a.problem(t, a.status)
			if all := fmt.Sprint(errs); !strings.Contains(all, want) {
				t.Errorf("%s: %s, want %s", body, all, want)
			}
		}
		h.call("PATCH", "/api/v1/incidents/SR-9", `{"lead":"x"}`).problem(t, 404)
		h.must(200, "POST", "/api/v1/incidents/SR-1/resolve", "")
		if detail, _ := h.call("PATCH", "/api/v1/incidents/SR-1", `{"lead":"x"}`).problem(t, 409); detail != "SR-1 is resolved" {
			t.Errorf("it said %q", detail)
		}
	})
}

// TestAnAudienceIsHeld: the answer says which promise it breaks, and nothing
// comes before.
func TestAnAudienceIsHeld(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		began := time.Now()
		h.opens()
		put := func(body string) (got struct{ Breaks *time.Time }) {
			h.must(200, "PUT", "/api/v1/incidents/SR-1/audiences/it", body).into(t, &got)
			return got
		}
		until := began.Add(3 * time.Hour)
		if got := put(`{"hold_until":"` + until.Format(time.RFC3339) + `"}`); got.Breaks == nil || !got.Breaks.Equal(began.Add(70*time.Minute)) {
			t.Errorf("it breaks %v", got.Breaks)
		}
		if due, want := h.due(began), "SR-1 board first 30m0s, SR-1 it holding 3h0m0s"; due != want {
			t.Errorf("due is %s, want %s", due, want)
		}
		time.Sleep(80 * time.Minute)
		var shown struct {
			Audiences []struct {
				Name      string
				HoldUntil *time.Time `json:"hold_until"`
				Paused    bool
				Promises  struct{ Broken, Held int }
			}
		}
		h.must(200, "GET", "/api/v1/incidents/SR-1", "").into(t, &shown)
		for _, a := range shown.Audiences {
			if a.Name == "it" && (a.Promises.Broken != 1 || a.Promises.Held != 1 || a.HoldUntil == nil || !a.HoldUntil.Equal(until)) {
				t.Errorf("it is %+v", a)
			}
		}
		if got := put(`{"every":"20m"}`); got.Breaks != nil {
			t.Errorf("hearing more often breaks %v", got.Breaks)
		}
		time.Sleep(time.Second)
		if due, want := h.due(began), "SR-1 it holding 1h45m1s, SR-1 board overdue 2h30m0s"; due != want {
			t.Errorf("with 20m instead, due is %s, want %s", due, want)
		}
		put(`{"paused":true}`)
		if due, want := h.due(began), "SR-1 board overdue 2h30m0s"; due != want {
			t.Errorf("paused, due is %s, want %s", due, want)
		}
		put(`{}`)
		if p := h.router.Incident("SR-1"); p.Audiences[1].Paused {
			t.Errorf("resumed, it is %+v", p.Audiences[1])
		}
		for body, want := range map[string]string{
			`{"every":"10s"}`: "body.every:write a duration of a minute or more", `{"every":"often"}`: "body.every",
			`{"hold_until":"1999-01-01T00:00:00Z"}`: "body.hold_until:it is not in the future", `{"hold":"1h"}`: "body.hold",
		} {
			if _, errs := h.call("PUT", "/api/v1/incidents/SR-1/audiences/it", body).problem(t, 422); !strings.Contains(fmt.Sprint(errs), want) {
				t.Errorf("%s: %v, want %s", body, errs, want)
			}
		}
		if detail, _ := h.call("PUT", "/api/v1/incidents/SR-1/audiences/nobody", `{}`).problem(t, 404); detail != `there is no audience "nobody"; there are it, board` {
			t.Errorf("it said %q", detail)
		}
	})
}

func TestAnIncidentIsReopenedByHand(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		if detail, _ := h.call("POST", "/api/v1/incidents/SR-1/reopen", "").problem(t, 409); detail != "SR-1 is open" {
			t.Errorf("it said %q", detail)
		}
		h.must(200, "POST", "/api/v1/incidents/SR-1/resolve", "")
		h.must(200, "POST", "/api/v1/incidents/SR-1/reopen", `{"reason":"it is not"}`)
		if p := h.router.Incident("SR-1"); !p.Open || p.Firing != 1 || p.Phase != incident.Investigating {
			t.Errorf("it is %+v", p)
		}
	})
}

// TestEveryOverrideSaysWhoAndWhy: name, role and reason are in its fact and on the
// timeline; one without a reason has none.
func TestEveryOverrideSaysWhoAndWhy(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		for _, c := range [][2]string{
			{"POST /updates", `{"text":"x","reason":"so\u202e they know"}`}, {"PATCH ", `{"lead":"x","reason":"so they know"}`},
			{"PUT /audiences/board", `{"paused":true,"reason":"so they know"}`}, {"POST /resolve", `{"reason":"so they know"}`}, {"POST /reopen", `{"reason":"so they know"}`},
		} {
			method, path, _ := strings.Cut(c[0], " ")
			before := len(h.router.Incident("SR-1").Timeline)
			h.must(200, method, "/api/v1/incidents/SR-1"+path, c[1])
			f := h.router.Incident("SR-1").Timeline[before]
			if f.By != "local" || f.Role != "admin" || f.Reason != "so they know" || !strings.HasSuffix(f.String(), `(by local, admin: "so they know")`) {
				t.Errorf("%s: %s", c[0], f)
			}
		}
		h.call("PATCH", "/api/v1/incidents/SR-1", `{"lead":"y","reason":"`+strings.Repeat("x", 501)+`"}`).problem(t, 422)
		a := h.must(200, "GET", "/api/v1/incidents/SR-1", "")
		if n := strings.Count(a.body, `"role":"admin","reason":"so they know"`); n != 5 {
			t.Errorf("the timeline says so %d times: %s", n, a.body)
		}
	})
}
