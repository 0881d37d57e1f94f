package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/policies"
	"sitrep/router/web"
)

// two adds two people who may decide.
func two(o *web.Options) {
	for _, name := range []string{"anna", "bob"} {
		o.Access.Tokens = append(o.Access.Tokens, policies.Token{Name: name, Role: policies.RoleResponder, Token: policies.NewSecret("secret of " + name)})
	}
}

// atOnce makes calls at the same moment, and returns their answers in order.
func atOnce(calls ...func() answer) []answer {
	out := make([]answer, len(calls))
	var all sync.WaitGroup
	start := make(chan struct{})
	for i, call := range calls {
		all.Go(func() {
			<-start
			out[i] = call()
		})
	}
	close(start)
	all.Wait()
	return out
}

// statuses are those of answers, in order of size.
func statuses(all []answer) string {
	var out []int
	for _, a := range all {
		out = append(out, a.status)
	}
	slices.Sort(out)
	return fmt.Sprint(out)
}

// row is one of a timeline.
type row struct{ Fact, By, Text string }

// rows are those of SR-1's timeline that say a kind of thing.
func (h *house) rows(fact string) (out []row) {
	h.t.Helper()
	var in struct{ Timeline []row }
	h.must(200, "GET", "/api/v1/incidents/SR-1", "", bearer("secret of viewer")).into(h.t, &in)
	for _, f := range in.Timeline {
		if f.Fact == fact {
			out = append(out, f)
		}
	}
	return out
}

// TestTwoPeopleAtOneIncident: at three in the morning two look at SR-1, and both act on
// what they saw.
func TestTwoPeopleAtOneIncident(t *testing.T) {
	const path = "/api/v1/incidents/SR-1"
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := build(t, dir, tokens, two)
		h.run()
		h.bearer = "secret of alerts"
		h.opens()
		h.bearer = ""
		as := func(name, method, path, body string, change ...func(*http.Request)) func() answer {
			return func() answer {
				return h.call(method, path, body, append([]func(*http.Request){bearer("secret of " + name)}, change...)...)
			}
		}
		type shown struct {
			Incident struct{ ID, Lead, Phase string }
		}

		// Both read it, and both say who leads: one is asked to look again, and shown
		// what is so now.
		seen := as("anna", "GET", path, "")().header.Get("ETag")
		if other := as("bob", "GET", path, "")().header.Get("ETag"); seen == "" || other != seen {
			t.Fatalf("anna saw %q, bob %q", seen, other)
		}
		both := atOnce(as("anna", "PATCH", path, `{"lead":"Anna"}`, header("If-Match", seen)), as("bob", "PATCH", path, `{"lead":"Bob"}`, header("If-Match", seen)))
		if statuses(both) != "[200 412]" {
			t.Fatalf("they were answered %d %s, %d %s", both[0].status, both[0].body, both[1].status, both[1].body)
		}
		won, lost, loser, leads := both[0], both[1], "bob", "Anna"
		if won.status == 412 {
			won, lost, loser, leads = lost, won, "anna", "Bob"
		}
		var now shown
		lost.into(t, &now)
		if now.Incident.ID != "SR-1" || now.Incident.Lead != leads || lost.header.Get("ETag") != won.header.Get("ETag") {
			t.Errorf("who came second was shown %s, %v; %s leads", lost.body, lost.header, leads)
		}
		lost.problem(t, http.StatusPreconditionFailed)
		mine := map[string]string{"anna": "Anna", "bob": "Bob"}[loser]
		if a := as(loser, "PATCH", path, `{"lead":"`+mine+`"}`, header("If-Match", lost.header.Get("ETag")))(); a.status != 200 {
			t.Errorf("with what he was shown he was answered %d %s", a.status, a.body)
		}
		if p := h.router.Incident("SR-1"); p.Lead != mine {
			t.Errorf("%q leads, want %q", p.Lead, mine)
		}

		// Who does not say what he saw decides all the same: the last one holds, and
		// both stand in the timeline by their names.
		before := len(h.rows("lead_changed"))
		both = atOnce(as("anna", "PATCH", path, `{"lead":"Carla"}`), as("bob", "PATCH", path, `{"lead":"Dirk"}`))
		lead := h.rows("lead_changed")[before:]
		if statuses(both) != "[200 200]" || len(lead) != 2 || lead[0].By == lead[1].By {
			t.Fatalf("they were answered %s; the timeline says %+v", statuses(both), lead)
		}
		if p, want := h.router.Incident("SR-1"), map[string]string{"anna": "Carla", "bob": "Dirk"}[lead[1].By]; p.Lead != want {
			t.Errorf("%q leads, and %s was the last", p.Lead, lead[1].By)
		}

		// Both have words for everybody: both are told, as updates of their own.
		both = atOnce(as("anna", "POST", say, `{"text":"The cable is found."}`), as("bob", "POST", say, `{"text":"A man is on his way."}`))
		var numbers []int
		for _, a := range both {
			var said struct{ Updates []struct{ Update int } }
			a.into(t, &said)
			if a.status != 200 || len(said.Updates) != 1 {
				t.Fatalf("he was answered %d %s", a.status, a.body)
			}
			numbers = append(numbers, said.Updates[0].Update)
		}
		if words := h.rows("words_said"); len(words) != 2 || words[0].By == words[1].By || numbers[0] == numbers[1] {
			t.Errorf("updates %v; the timeline says %+v", numbers, words)
		}

		// A double click, and another request under the same name, at one moment.
		click := as("anna", "POST", say, `{"text":"Nearly done."}`, named("click"))
		clicks := atOnce(click, click, click, click, click)
		for _, a := range clicks {
			if a.status != 200 || a.body != clicks[0].body {
				t.Errorf("a double click was answered %d %s, and %s", a.status, a.body, clicks[0].body)
			}
		}
		if words := h.rows("words_said"); len(words) != 3 {
			t.Errorf("after a double click words were said %d times", len(words))
		}
		both = atOnce(as("anna", "POST", say, `{"text":"One."}`, named("both")), as("anna", "POST", say, `{"text":"Other."}`, named("both")))
		if statuses(both) != "[200 409]" || len(h.rows("words_said")) != 4 {
			t.Errorf("two under one name were answered %s", statuses(both))
		}
		// A name is its caller's own.
		if a := as("bob", "POST", say, `{"text":"Mine."}`, named("click"))(); a.status != 200 || len(h.rows("words_said")) != 5 {
			t.Errorf("bob's own request of anna's name was answered %d %s", a.status, a.body)
		}
		if a := as("anna", "POST", say, `{"text":"Nearly done!"}`, named("click"))(); a.status != 409 {
			t.Errorf("other words under a name that was given were answered %d %s", a.status, a.body)
		}
		version := as("anna", "GET", path, "")().header.Get("ETag")
		h.close()
		time.Sleep(time.Minute)

		// So it is after a restart.
		h = build(t, dir, tokens, two)
		defer h.close()
		h.run()
		if a := click(); a.status != 200 || a.body != clicks[0].body {
			t.Errorf("after a restart the double click was answered %d %s, want %s", a.status, a.body, clicks[0].body)
		}
		for body, name := range map[string]string{`{"text":"Nearly done!"}`: "click", `{"text":"Third."}`: "both"} {
			if detail, _ := as("anna", "POST", say, body, named(name))().problem(t, http.StatusConflict); detail != "this Idempotency-Key was given to another request; give each request its own" {
				t.Errorf("after a restart %s was told %q", body, detail)
			}
		}
		as("anna", "PATCH", path, `{"lead":"Eva"}`, header("If-Match", seen))().problem(t, http.StatusPreconditionFailed)
		if a := as("bob", "PATCH", path, `{"phase":"identified"}`, header("If-Match", version))(); a.status != 200 {
			t.Errorf("with what was so before the restart bob was answered %d %s", a.status, a.body)
		}
		if n := len(h.rows("words_said")); n != 5 {
			t.Errorf("after a restart words were said %d times", n)
		}

		// Both say that it is over: it ends once.
		both = atOnce(as("anna", "POST", path+"/resolve", ""), as("bob", "POST", path+"/resolve", ""))
		if statuses(both) != "[200 409]" || len(h.rows("resolved")) != 1 {
			t.Errorf("to end it they were answered %s; the timeline says %+v", statuses(both), h.rows("resolved"))
		}
	})
}
