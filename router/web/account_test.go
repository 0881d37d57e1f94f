package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// says is an alert of the mail whose annotations are these, as JSON.
func says(annotations string, starts time.Time) string {
	return strings.Replace(alert("mail", "x1", "firing", starts, time.Time{}), `"summary":"it does not answer"`, annotations, 1)
}

// TestWhatIsToldHasItsShapes: what an alert and a person say of an incident, before
// and after its end.
func TestWhatIsToldHasItsShapes(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		began := time.Now()
		h.must(http.StatusAccepted, "POST", hookPath, webhook(says(`"sitrep_summary_nl":"mx1 ligt plat.","sitrep_summary_en":"mx1 is down.","sitrep_impact":"No mail.","sitrep_workaround":"Call."`, began)))
		time.Sleep(10 * time.Minute)
		h.must(200, "PATCH", "/api/v1/incidents/SR-1", `{"impact":{"nl":"Alleen mail naar buiten.","en":"Only mail to outside."},"ruled_out":"No mail is lost."}`)
		synctest.Wait()
		golden(t, "incident-told", h.must(200, "GET", "/api/v1/incidents/SR-1", "").body)
	})
}

// TestAPersonSaysWhatIsTold: in either form, cleaned; null takes it back; and it
// sends nothing by itself.
func TestAPersonSaysWhatIsTold(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		began := time.Now()
		due := h.due(began)
		type passage struct {
			Texts    map[string]string
			From, By string
			At       time.Time
		}
		read := func() map[string]passage {
			t.Helper()
			var shown struct{ Account map[string]passage }
			h.must(200, "GET", "/api/v1/incidents/SR-1", "").into(t, &shown)
			return shown.Account
		}
		patch := func(body string) { t.Helper(); h.must(200, "PATCH", "/api/v1/incidents/SR-1", body) }
		long := strings.Repeat("é", 300)
		for n, name := range []string{"summary", "impact", "workaround", "known", "ruled_out", "doing"} {
			for _, c := range []struct{ body, want string }{
				{`"a\u202e\tb\n{{.}} <b>"`, "map[:a b {{.}} <b>]"},
				{`{"nl":" hoi ","en":"hello"}`, "map[en:hello nl:hoi]"},
				{`{"":"all","nl":"hoi"}`, "map[:all nl:hoi]"},
				{`"` + long + `"`, "map[:" + long + "]"},
			} {
				patch(`{"` + name + `":` + c.body + `}`)
				got := read()
				if p := got[name]; fmt.Sprint(p.Texts) != c.want || p.From != "person" || p.By == "" || !p.At.Equal(began.UTC()) || len(got) != 1 {
					t.Errorf("%s: told is %+v, want %s", name, got, c.want)
				}
			}
			if after := strings.ReplaceAll(h.due(began), "it progress", "it holding"); after != due || after == h.due(began) {
				t.Errorf("it sent something, or changed when the next comes: %s, was %s", h.due(began), due)
			}
			facts := len(h.router.Incident("SR-1").Timeline)
			patch(`{"` + name + `":"` + long + `"}`)
			if n := len(h.router.Incident("SR-1").Timeline); n != facts {
				t.Errorf("what is so already makes %d facts", n-facts)
			}
			patch(`{"` + name + `":null}`)
			if got := read(); len(got) != 0 || h.due(began) != due {
				t.Errorf("taken back, told is %+v, and due %s", got, h.due(began))
			}
			patch(`{"` + name + `":null}`)
			if n := len(h.router.Incident("SR-1").Timeline); n != facts+1 {
				t.Errorf("taken back twice makes %d facts", n-facts)
			}
			if last := h.router.Incident("SR-1").Timeline; n == 4 && !strings.Contains(last[len(last)-1].String(), "ruled out: what was given is taken back (by ") {
				t.Errorf("the last fact is %s", last[len(last)-1])
			}
		}
	})
}

func TestWhatCannotBeTold(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		for body, want := range map[string]string{
			`{"impact":"` + strings.Repeat("é", 301) + `"}`:                 "body.impact:it is longer than 300 characters",
			`{"known":{"nl":"ja","en":"` + strings.Repeat("x", 301) + `"}}`: "body.known.en:it is longer than 300 characters",
			`{"ruled_out":{"fr":"non"}}`:                                    "body.ruled_out.fr:no message is told in this language; they are told in en, nl",
			`{"doing":" \u202e "}`:                                          "body.doing:it is empty; null takes it back",
			`{"doing":{"nl":""}}`:                                           "body.doing.nl:it is empty; null takes it back",
			`{"workaround":{}}`:                                             "body.workaround:it is empty; null takes it back",
			`{"summary":5}`:                                                 "body.summary:",
			`{"summary":["x"]}`:                                             "body.summary:",
			`{"summary":{"nl":5}}`:                                          "body.summary:",
			`{"summary":{"nl":null}}`:                                       "body.summary",
			`{"impacts":"x"}`:                                               "body.impacts:",
			`{"impact":"","known":"` + strings.Repeat("x", 301) + `","lead":"x"}`:           "body.known:it is longer than 300 characters",
			`{"impact":"x","severity":"terrible"}`:                                          "body.severity:there is no such severity",
			`{"impact":"` + strings.Repeat("x", 300) + `","phase":"over","summary":"fine"}`: "body.phase:",
		} {
			_, errs := h.call("PATCH", "/api/v1/incidents/SR-1", body).problem(t, 422)
			if all := fmt.Sprint(errs); !strings.Contains(all, want) {
				t.Errorf("%.60s: %s, want %s", body, all, want)
			}
		}
		if facts := h.router.Incident("SR-1").Timeline; strings.Contains(fmt.Sprint(facts), "(by ") {
			t.Errorf("it was said all the same: %v", facts)
		}
		h.must(200, "POST", "/api/v1/incidents/SR-1/resolve", "")
		if detail, _ := h.call("PATCH", "/api/v1/incidents/SR-1", `{"known":"x"}`).problem(t, 409); detail != "SR-1 is resolved" {
			t.Errorf("it said %q", detail)
		}
	})
}

// TestAMisspeltAnnotationIsNamedOnce: each repeat of its webhook brings it again.
func TestAMisspeltAnnotationIsNamedOnce(t *testing.T) {
	atTheDoor(t, func(t *testing.T, h *house) {
		post := func(annotations string) string {
			h.must(http.StatusAccepted, "POST", hookPath, webhook(says(annotations, time.Now())))
			return h.log.got()
		}
		if log := post(`"sitrep_sumary":"secret words","sitrep_impact":"x"`); strings.Count(log, "annotation=sitrep_sumary") != 1 || !strings.Contains(log, "sitrep_summary") || strings.Contains(log, "secret") {
			t.Errorf("the log says %q", log)
		}
		if log := post(`"sitrep_sumary":"secret words"`); log != "" {
			t.Errorf("it says again %q", log)
		}
		for n := range 30 { // somebody makes them up
			var names []string
			for m := range 10 {
				names = append(names, fmt.Sprintf(`"sitrep_%d_%d":"x"`, n, m))
			}
			post(strings.Join(names, ","))
		}
		if log := post(`"sitrep_new":"x"`); log != "" {
			t.Errorf("after 300 it says %q", log)
		}
	})
}
