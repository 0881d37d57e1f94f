package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode"

	"sitrep/router/web"
)

// press adds the audience that careful has.
func press(o *web.Options) { o.Audiences = append(o.Audiences, "press") }

// waits has words wait for a second person's yes, and returns where.
func (h *house) waits(change ...func(*http.Request)) string {
	h.t.Helper()
	var said struct{ Awaiting []struct{ Update int } }
	h.must(200, "POST", say, `{"text":"the cable is found","audiences":["press"]}`, change...).into(h.t, &said)
	if len(said.Awaiting) != 1 {
		h.t.Fatalf("%d wait", len(said.Awaiting))
	}
	return fmt.Sprint(say, "/", said.Awaiting[0].Update)
}

// TestUnknownFieldsAreAllNamed: of every operation that has a body, and those that are
// known in other letters are among them.
func TestUnknownFieldsAreAllNamed(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		before := h.must(200, "GET", "/api/v1/incidents/SR-1", "").body
		tried := 0
		for _, e := range endpoints {
			op, _ := checkedIn().operation(web.PatternOf(h.server, request(e.method, e.path, "")))
			if e.method == "GET" || !has(op.Responses, "400") || e.path == hookPath { // the webhook may have any
				continue
			}
			tried++
			path, content := e.really()
			body := map[string]any{}
			if content != "" {
				if err := json.Unmarshal([]byte(content), &body); err != nil {
					t.Fatal(err)
				}
			}
			body["colour"], body["size"], body["REASON"] = "red", 3, "so"
			text, _ := json.Marshal(body)
			_, fields := h.call(e.method, path, string(text)).problem(t, http.StatusUnprocessableEntity)
			for _, name := range []string{"body.colour", "body.size", "body.REASON"} {
				if fields[name] != "unexpected property" {
					t.Errorf("%s %s says nothing of %s: %v", e.method, path, name, fields)
				}
			}
			_, fields = h.call(e.method, path+"?colour=red&size=3", content).problem(t, http.StatusUnprocessableEntity)
			if fields["query.colour"] == "" || fields["query.size"] == "" {
				t.Errorf("%s %s says of parameters %v", e.method, path, fields)
			}
		}
		if tried < 12 {
			t.Errorf("%d operations have a body", tried)
		}
		if after := h.must(200, "GET", "/api/v1/incidents/SR-1", "").body; after != before {
			t.Errorf("something changed: %s", after)
		}
	}, whole)
}

// TestNoLimitIsPassedInOtherLetters: what is checked is what is taken.
func TestNoLimitIsPassedInOtherLetters(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		facts := len(h.router.Incident("SR-1").Timeline)
		for _, c := range []struct{ method, path, body, field string }{
			{"POST", say, `{"text":"x","TEXT":"` + strings.Repeat("y", 100_000) + `"}`, "body.TEXT"},
			{"POST", say, `{"text":"x","Reason":"` + strings.Repeat("y", 501) + `"}`, "body.Reason"},
			{"POST", say, `{"text":"x","Corrects":-1}`, "body.Corrects"},
			{"PATCH", "/api/v1/incidents/SR-1", `{"phase":"identified","Phase":"resolved"}`, "body.Phase"},
			{"PATCH", "/api/v1/incidents/SR-1", `{"lead":"x","\u017Eead":"y","LEAD":"` + strings.Repeat("y", 101) + `"}`, "body.LEAD"},
			{"PUT", "/api/v1/incidents/SR-1/audiences/it", `{"Paused":true}`, "body.Paused"},
		} {
			if _, fields := h.call(c.method, c.path, c.body).problem(t, http.StatusUnprocessableEntity); fields[c.field] != "unexpected property" {
				t.Errorf("%.60s: %v", c.body, fields)
			}
		}
		if n := len(h.router.Incident("SR-1").Timeline); n != facts {
			t.Errorf("they made %d facts", n-facts)
		}
	})
}

// TestWhatIsTooLongIsToldTheLimit: at it nothing is wrong.
func TestWhatIsTooLongIsToldTheLimit(t *testing.T) {
	const path = "/api/v1/incidents/SR-1"
	insideOf(t, careful, func(t *testing.T, h *house) {
		h.opens()
		for _, c := range []struct {
			method, path, body, field string // %s is the text
			limit                     int
		}{
			{"POST", h.waits() + "/reject", `{"reason":"%s"}`, "body.reason", 500}, // before anything changes, and it says something else
			{"POST", say + "?dry_run=true", `{"text":"%s"}`, "body.text", 2000},
			{"POST", say + "?dry_run=true", `{"texts":{"nl":"%s"}}`, "body.texts.nl", 2000},
			{"POST", say + "?dry_run=true", `{"text":"x","reason":"%s"}`, "body.reason", 500},
			{"PATCH", path, `{"lead":"%s"}`, "body.lead", 100},
			{"PATCH", path, `{"title":{"en":"%s"}}`, "body.title.en", 80},
			{"PATCH", path, `{"doing":"%s"}`, "body.doing", 300},
			{"PATCH", path, `{"impact":{"nl":"%s"}}`, "body.impact.nl", 300},
			{"POST", "/api/v1/incidents?dry_run=true", `{"service":"doors","severity":"info","title":{"en":"%s"}}`, "body.title.en", 80},
			{"POST", "/api/v1/incidents?dry_run=true", `{"service":"doors","severity":"info","workaround":"%s"}`, "body.workaround", 300},
			{"POST", path + "/resolve?dry_run=true", `{"reason":"%s"}`, "body.reason", 500},
		} {
			with := func(n int) answer {
				return h.call(c.method, c.path, strings.Replace(c.body, "%s", strings.Repeat("é", n), 1))
			}
			_, fields := with(c.limit+1).problem(t, http.StatusUnprocessableEntity)
			if !strings.Contains(fields[c.field], fmt.Sprint(c.limit)) {
				t.Errorf("%s %s %s, one character too long: %v", c.method, c.path, c.body, fields)
			}
			if a := with(c.limit); a.status != 200 {
				t.Errorf("%s %s %s, as long as it may be: %d %s", c.method, c.path, c.body, a.status, a.body)
			}
		}
	}, press)
}

// TestWhatIsWrittenIsShownCleaned: no control, direction or invisible character of what
// somebody writes comes back, wherever it is shown.
func TestWhatIsWrittenIsShownCleaned(t *testing.T) {
	const path, dirty = "/api/v1/incidents/SR-1", `st\u202eor\u0000in\u001b[2Jg \u2066\u200b%s\ufeff\u009b`
	insideOf(t, careful, func(t *testing.T, h *house) {
		h.opens()
		clean := func(where string, a answer) {
			t.Helper()
			var all any
			a.into(t, &all)
			walk(all, func(s string) {
				if strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) }) {
					t.Errorf("%s shows %q", where, s)
				}
			})
		}
		n := 0
		for _, c := range []struct{ method, path, body string }{
			{"POST", h.waits() + "/reject", `{"reason":"%s"}`},
			{"POST", say, `{"text":"%s","audiences":["it"],"reason":"%s"}`},
			{"POST", say, `{"texts":{"en":"%s"}}`},
			{"PATCH", path, `{"lead":"%s","title":{"nl":"%s","en":"%s"},"summary":"%s","impact":{"nl":"%s"},"workaround":"%s","known":"%s","ruled_out":"%s","doing":"%s","reason":"%s"}`},
			{"PUT", path + "/audiences/board", `{"paused":true,"reason":"%s"}`},
			{"POST", path + "/resolve", `{"reason":"%s"}`},
			{"POST", path + "/reopen", `{"reason":"%s"}`},
		} {
			var marks []string
			body := c.body
			for strings.Contains(body, "%s") { // each by a mark of its own
				n++
				mark := fmt.Sprintf("mark%03d", n)
				marks = append(marks, "storin[2Jg "+mark)
				body = strings.Replace(body, "%s", strings.Replace(dirty, "%s", mark, 1), 1)
			}
			if c.path == say {
				a := h.must(200, c.method, c.path+"?dry_run=true", body)
				clean("a preview", a)
				if !strings.Contains(a.body, "storin[2Jg mark") {
					t.Errorf("a preview does not show it: %s", a.body)
				}
			}
			clean(c.method+" "+c.path, h.must(200, c.method, c.path, body))
			shown := h.must(200, "GET", path, "")
			clean("after "+c.method+" "+c.path+" the incident", shown)
			for _, mark := range marks {
				if !strings.Contains(shown.body, mark) {
					t.Errorf("after %s %s the incident does not show %q", c.method, c.path, mark)
				}
			}
		}
		clean("the list", h.must(200, "GET", list, ""))
		clean("the facts", h.must(200, "GET", "/api/v1/facts", ""))
		_, fields := h.call("POST", h.waits()+"/reject", `{"reason":" \u202e\u200b "}`).problem(t, http.StatusUnprocessableEntity)
		if fields["body.reason"] != "it is empty: say what is wrong with it" {
			t.Errorf("a no without a reason says %v", fields)
		}
	}, press)
}

// walk shows every text of a JSON value, its names too.
func walk(v any, see func(string)) {
	switch v := v.(type) {
	case string:
		see(v)
	case []any:
		for _, one := range v {
			walk(one, see)
		}
	case map[string]any:
		for name, one := range v {
			see(name)
			walk(one, see)
		}
	}
}

// TestWhatBelongsToAnotherIncident: its ETag, its updates, its services; nothing is
// done to either.
func TestWhatBelongsToAnotherIncident(t *testing.T) {
	insideOf(t, careful, func(t *testing.T, h *house) {
		h.opens()         // SR-1
		h.fires("phones") // SR-2
		waits := h.waits()
		number := waits[strings.LastIndexByte(waits, '/')+1:]
		etag := h.must(200, "GET", "/api/v1/incidents/SR-1", "").header.Get("ETag")
		facts := func() (n []int) {
			for _, id := range []string{"SR-1", "SR-2"} {
				told := 0
				for _, f := range h.router.Incident(id).Timeline {
					if f.Refused() == nil {
						told++
					}
				}
				n = append(n, told)
			}
			return n
		}
		before := facts()
		for _, c := range []struct {
			method, path, body string
			status             int
			says               string
			change             []func(*http.Request)
		}{
			{"PATCH", "", `{"lead":"x"}`, 412, "changed meanwhile", []func(*http.Request){header("If-Match", etag)}},
			{"POST", "/resolve", "", 412, "changed meanwhile", []func(*http.Request){header("If-Match", etag)}},
			{"POST", "/updates/" + number + "/approve", "", 409, "there is no update " + number + " of SR-2", nil},
			{"POST", "/updates/" + number + "/reject", `{"reason":"x"}`, 409, "there is no update " + number + " of SR-2", nil},
			{"POST", "/updates/" + number + "/cancel", "", 409, "there is no update " + number + " of SR-2", nil},
			{"POST", "/updates", `{"text":"x","corrects":` + number + `}`, 409, "there is no update " + number + " of SR-2", nil},
			{"POST", "/split", `{"service":"mail"}`, 409, "mail is no part of SR-2", nil},
			{"POST", "/merge", `{"into":"SR-3"}`, 422, "there is no such incident", nil},
		} {
			a := h.call(c.method, "/api/v1/incidents/SR-2"+c.path, c.body, c.change...)
			detail, fields := a.problem(t, c.status)
			if !strings.Contains(detail+fmt.Sprint(fields), c.says) {
				t.Errorf("%s %s said %s, want %q", c.method, c.path, a.body, c.says)
			}
		}
		if after := facts(); !slices.Equal(after, before) {
			t.Errorf("they made facts: %v after %v", after, before)
		}
	}, press)
}

// TestATimeThatNobodyMeans: by the moment that it is, whatever its clock shows.
func TestATimeThatNobodyMeans(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens() // at 00:05:01 in UTC
		const past, far = "it is not in the future", "it is more than a year ahead"
		for at, wrong := range map[string]string{
			"1999-12-31T23:59:59Z": past, "2000-01-01T00:05:01Z": past, "2000-01-01T01:00:00+02:00": past, "2000-01-01T05:00:00+14:00": past, "0001-01-01T00:00:01Z": past,
			"1999-12-31T19:30:00-05:00": "", "2000-01-01T00:05:02Z": "", "2000-01-01T00:05:01.5Z": "", "2001-01-01T00:05:01Z": "",
			"2001-01-01T00:05:02Z": far, "2000-12-31T23:00:00-05:00": far, "9999-12-31T23:59:59Z": far,
		} {
			for field, path := range map[string]string{"estimate": "/api/v1/incidents/SR-1", "hold_until": "/api/v1/incidents/SR-1/audiences/it"} {
				a := h.call(map[string]string{"estimate": "PATCH", "hold_until": "PUT"}[field], path, fmt.Sprintf(`{%q:%q}`, field, at))
				if wrong == "" {
					if a.status != 200 {
						t.Errorf("%s %s was answered %d %s", field, at, a.status, a.body)
					}
					continue
				}
				if _, fields := a.problem(t, 422); fields["body."+field] != wrong {
					t.Errorf("%s %s: %v", field, at, fields)
				}
			}
		}
	})
}
