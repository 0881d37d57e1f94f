package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sitrep/policies"
	"sitrep/router/web"
)

// refusals keeps what the watch was told of who was refused.
type refusals struct{ all []web.Refusal }

func (r *refusals) watch(o *web.Options) {
	o.Watch.Refused = func(one web.Refusal) { r.all = append(r.all, one) }
}

// take returns how often each reason was told since the last look.
func (r *refusals) take() string {
	n := map[web.Reason]int{}
	for _, one := range r.all {
		n[one.Reason]++
	}
	r.all = nil
	return strings.TrimPrefix(fmt.Sprint(n), "map")
}

// someOnly adds tokens that may tell some audiences only.
func someOnly(o *web.Options) {
	o.Access.Tokens = append(o.Access.Tokens,
		policies.Token{Name: "desk", Role: policies.RoleResponder, Token: policies.NewSecret("secret of desk"), MaySendTo: []string{"it"}},
		policies.Token{Name: "chief", Role: policies.RoleAdmin, Token: policies.NewSecret("secret of chief"), MaySendTo: []string{"it"}},
		policies.Token{Name: "both", Role: policies.RoleResponder, Token: policies.NewSecret("secret of both"), MaySendTo: []string{"board", "it"}},
	)
}

func TestATokenForSomeAudiencesTellsNobodyElse(t *testing.T) {
	const everybody, another = "this concerns everybody", "this concerns another audience"
	const updates = "/api/v1/incidents/SR-1/updates"
	var told refusals
	inside(t, func(t *testing.T, h *house) {
		h.bearer = "secret of admin"
		h.opens()
		facts := func() int { return len(h.router.Incident("SR-1").Timeline) }
		h.bearer = ""
		before := facts()
		refused := func(token, method, path, body, why string) {
			t.Helper()
			detail, _ := h.call(method, path, body, bearer("secret of "+token)).problem(t, http.StatusForbidden)
			if want := "the token " + token + " may send only to it; " + why; detail != want {
				t.Errorf("%s %s %s by %s was told %q, want %q", method, path, body, token, detail, want)
			}
		}
		for _, token := range []string{"desk", "chief"} {
			for _, e := range endpoints { // as they are, all concern everybody or the board
				switch {
				case e.needs == "":
				case e.needs == policies.RoleAdmin && token == "desk":
					h.call(e.method, e.path, e.body, bearer("secret of desk")).problem(t, http.StatusForbidden)
				case e.method == "GET":
					if a := h.call(e.method, e.path, "", bearer("secret of "+token)); a.status != e.answers {
						t.Errorf("GET %s by %s was answered %d", e.path, token, a.status)
					}
				case e.path == updates:
					refused(token, e.method, e.path, e.body, "name the audiences")
				case e.path == "/api/v1/incidents/SR-1/send":
					refused(token, e.method, e.path, e.body, "name no others")
					refused(token, e.method, e.path, "", "name the audiences")
				case strings.HasPrefix(e.path, "/api/v1/incidents/SR-1/audiences/board"):
					refused(token, e.method, e.path, e.body, another)
				case e.needs == policies.RoleAlerts && token == "desk":
					h.call(e.method, e.path, e.body, bearer("secret of desk")).problem(t, http.StatusForbidden)
				default:
					refused(token, e.method, e.path, e.body, everybody)
				}
			}
			for body, why := range map[string]string{
				`{"text":"x","audiences":[]}`:                          "name the audiences",
				`{"text":"x","audiences":["board"]}`:                   "name no others",
				`{"text":"x","audiences":["it","board"]}`:              "name no others",
				`{"text":"x","audiences":["nobody"]}`:                  "name no others",
				`{"text":"x","corrects":1}`:                            "a correction goes to whoever got the update; name audiences instead",
				`{"text":"x","corrects":1,"audiences":["it"]}`:         "a correction goes to whoever got the update; name audiences instead",
				`{"text":"x","audiences":["it"],"phase":"identified"}`: "a phase concerns everybody; leave it out",
			} {
				refused(token, "POST", updates, body, why)
			}
			for _, name := range []string{"nobody", "IT", "it%20", "board"} {
				refused(token, "PUT", "/api/v1/incidents/SR-1/audiences/"+name, `{"paused":true}`, another)
			}
		}
		if n := facts(); n != before {
			t.Errorf("what was refused made %d facts", n-before)
		}
		if got, want := told.take(), fmt.Sprintf("[other_audiences:%d role:5]", 21+2*changing()); got != want {
			t.Errorf("the watch was told %s, want %s", got, want)
		}

		for _, token := range []string{"desk", "chief"} {
			by := bearer("secret of " + token)
			if detail, _ := h.call("POST", "/api/v1/incidents/SR-1/send", `{"audiences":["it"]}`, by).problem(t, 409); detail != "it was told less than a minute ago" {
				t.Errorf("to send at once by %s was answered %q", token, detail)
			}
			for _, c := range []struct{ method, path, body string }{
				{"POST", updates, `{"text":"we look at it","audiences":["it"]}`},
				{"POST", updates, `{"text":"we still do","audiences":["it","it"]}`},
				{"PUT", "/api/v1/incidents/SR-1/audiences/it", `{"paused":true}`},
				{"PUT", "/api/v1/incidents/SR-1/audiences/it", `{"every":"20m"}`},
				{"PUT", "/api/v1/incidents/SR-1/audiences/%69t", `{}`},
			} {
				if a := h.call(c.method, c.path, c.body, by); a.status != 200 {
					t.Errorf("%s %s %s by %s was answered %d %s", c.method, c.path, c.body, token, a.status, a.body)
				}
			}
		}
		if a := h.call("POST", updates, `{"text":"x","audiences":["it","board"]}`, bearer("secret of both")); a.status != 200 {
			t.Errorf("who may tell both was answered %d %s", a.status, a.body)
		}
		detail, _ := h.call("POST", updates, `{"text":"x"}`, bearer("secret of both")).problem(t, http.StatusForbidden)
		if detail != "the token both may send only to board, it; name the audiences" {
			t.Errorf("who may tell both was told %q", detail)
		}
		if told.all[0].Caller != "both" || told.all[0].From != "127.0.0.1" || told.all[0].Status != 403 {
			t.Errorf("the watch was told %+v", told.all)
		}
	}, tokens, someOnly, whole, told.watch)
}
