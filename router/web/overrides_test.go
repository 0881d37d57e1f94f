package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/router"
	"sitrep/router/incident"
	"sitrep/router/web"
)

// undecided is a desk that shows one house, and gives overrides to another.
type undecided struct{ shows, takes *house }

func (u undecided) Incidents() []*router.Page       { return u.shows.router.Incidents() }
func (u undecided) Strays() []incident.Observation  { return u.shows.router.Strays() }
func (u undecided) Incident(id string) *router.Page { return u.shows.router.Incident(id) }
func (u undecided) Submit(ctx context.Context, in incident.Input) (router.Decision, error) {
	return u.takes.router.Submit(ctx, in)
}

// due says what the schedule holds, by how far it is from the beginning.
func (h *house) due(began time.Time) string {
	h.t.Helper()
	synctest.Wait()
	var s struct {
		Due []struct {
			At                       time.Time
			Incident, Audience, Kind string
		}
	}
	h.must(200, "GET", "/api/v1/schedule", "").into(h.t, &s)
	var lines []string
	for _, d := range s.Due {
		lines = append(lines, fmt.Sprint(d.Incident, " ", d.Audience, " ", d.Kind, " ", d.At.Sub(began)))
	}
	return strings.Join(lines, ", ")
}

func TestWordsGoOutAtOnceAndResetTheClock(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		began := time.Now()
		if due := h.due(began); due != "" {
			t.Errorf("before anything, due is %s", due)
		}
		h.opens()
		if due, want := h.due(began), "SR-1 board first 30m0s, SR-1 it holding 1h5m0s"; due != want {
			t.Fatalf("due is %s, want %s", due, want)
		}
		time.Sleep(time.Until(began.Add(40 * time.Minute)))
		if due, want := h.due(began), "SR-1 it holding 1h5m0s, SR-1 board holding 2h30m0s"; due != want {
			t.Fatalf("due is %s, want %s", due, want)
		}
		var said struct {
			Incident string
			Decided  bool
			Updates  []struct {
				Update, Deliveries int
				Audience, Kind     string
				Channels           []string
				NextBefore         time.Time `json:"next_before"`
			}
		}
		h.must(200, "POST", "/api/v1/incidents/SR-1/updates", `{"text":"an engineer is on his way","audiences":["it","it"]}`).into(t, &said)
		if len(said.Updates) != 1 || said.Incident != "SR-1" || !said.Decided {
			t.Fatalf("got %+v", said)
		}
		if u := said.Updates[0]; u.Update != 3 || u.Audience != "it" || u.Kind != "progress" || u.Deliveries != 1 || fmt.Sprint(u.Channels) != "[email]" || !u.NextBefore.After(began.Add(100*time.Minute)) {
			t.Errorf("got %+v", u)
		}
		if due, want := h.due(began), "SR-1 it holding 1h40m0s, SR-1 board holding 2h30m0s"; due != want {
			t.Errorf("after words for it, due is %s, want %s", due, want)
		}
		time.Sleep(10 * time.Minute)
		h.must(200, "POST", "/api/v1/incidents/SR-1/updates", `{"texts":{"nl":"bijna klaar","en":"nearly done"},"phase":"identified"}`).into(t, &said)
		if len(said.Updates) != 2 {
			t.Errorf("words for everyone went to %+v", said.Updates)
		}
		if due, want := h.due(began), "SR-1 it holding 1h50m0s, SR-1 board holding 2h50m0s"; due != want {
			t.Errorf("after words for everyone, due is %s, want %s", due, want)
		}
		if p := h.router.Incident("SR-1"); p.Phase != incident.Identified {
			t.Errorf("the phase is %s", p.Phase)
		}
	})
}

func TestWordsAreCleaned(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		seen := 0
		for _, c := range []struct{ name, json, want string }{
			{"lines stay lines", `one\r\ntwo\nthree\rfour\u2028five\u2029six\u0085seven`, "one\ntwo\nthree\nfour\nfive\nsix\nseven"},
			{"tabs are blanks", `a\tb\u000bc\fd`, "a b c d"},
			{"control characters go", `a\u0000b\u001b[31mc\u007fd\u009be`, "ab[31mcde"},
			{"direction and invisible ones too", `\u202efoo\u2066bar\u200b\ufeff`, "foobar"},
			{"what is no character", `a\ud800b\ufffdc`, "abc"},
			{"blanks around it", `  a \n`, "a"},
			{"letters, signs and markup stay", `<b>Störing</b> & "邮件" 😀 {{.}} %s`, `<b>Störing</b> & "邮件" 😀 {{.}} %s`},
			{"as long as it may be", strings.Repeat("é", 2000), strings.Repeat("é", 2000)},
		} {
			text := strings.ReplaceAll(c.json, `"邮件"`, `\"邮件\"`)
			h.must(200, "POST", "/api/v1/incidents/SR-1/updates", `{"text":"`+text+`"}`)
			h.must(200, "POST", "/api/v1/incidents/SR-1/updates", `{"texts":{"nl":"`+text+`"}}`)
			said := 0
			for _, f := range h.router.Incident("SR-1").Timeline[seen:] {
				seen++
				if f.Said != nil {
					said++
					for _, got := range f.Said.Texts {
						if got != c.want {
							t.Errorf("%s: said %q, want %q", c.name, got, c.want)
						}
					}
				}
			}
			if said != 2 {
				t.Errorf("%s: said %d times", c.name, said)
			}
		}
	})
}

func TestAnIncidentIsResolvedByHand(t *testing.T) {
	for _, c := range []struct {
		name, body string
		change     []func(*http.Request)
		reason     string
	}{
		{"with a reason", `{"reason":"the cable\tis back\u202e"}`, nil, "the cable is back"},
		{"with an empty object", `{}`, nil, ""},
		{"with no body and no Content-Type", "", nil, ""},
		{"with no body and a Content-Type", "", []func(*http.Request){header("Content-Type", "application/json")}, ""},
		{"with a body and no Content-Type", `{"reason":"done"}`, []func(*http.Request){header("Content-Type", "")}, "done"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inside(t, func(t *testing.T, h *house) {
				h.opens()
				a := h.call("POST", "/api/v1/incidents/SR-1/resolve", c.body, c.change...)
				if a.status != 200 {
					t.Fatalf("answered %d %s", a.status, a.body)
				}
				var got struct {
					Decided bool
					Updates []struct{ Audience, Kind string }
				}
				a.into(t, &got)
				if !got.Decided || fmt.Sprint(got.Updates) != "[{it closing}]" {
					t.Errorf("got %s", a.body)
				}
				p := h.router.Incident("SR-1")
				if p.Open {
					t.Fatal("it is open")
				}
				for _, f := range p.Timeline {
					if f.Resolved != nil && (f.Resolved.Reason != c.reason || f.By != web.Local) {
						t.Errorf("resolved by %q: %q, want %q", f.By, f.Resolved.Reason, c.reason)
					}
				}
				if due := h.due(time.Now()); due != "" {
					t.Errorf("due is %s", due)
				}
			})
		})
	}
}

func TestWhatTheDeskRefusesIsAConflict(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		h.must(200, "POST", "/api/v1/incidents/SR-1/resolve", "")
		for path, want := range map[string]string{"updates": "SR-1 is resolved", "resolve": "SR-1 is resolved already"} {
			body := map[string]string{"updates": `{"text":"x"}`}[path]
			if detail, _ := h.call("POST", "/api/v1/incidents/SR-1/"+path, body).problem(t, http.StatusConflict); detail != want {
				t.Errorf("%s said %q, want %q", path, detail, want)
			}
		}
	})
}
