package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/policies"
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

func (u undecided) Abreast(context.Context)              {}
func (u undecided) Follow(after string) *router.Follower { return u.shows.router.Follow(after) }
func (u undecided) Preview(ctx context.Context, in incident.Input) (router.Preview, error) {
	return u.shows.router.Preview(ctx, in)
}

func (u undecided) Recipient(ctx context.Context, audience string, who policies.Recipient, keep bool) (incident.Recipient, error) {
	return u.takes.router.Recipient(ctx, audience, who, keep)
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
				if f.Said() != nil {
					said++
					for _, got := range f.Said().Texts {
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
					if f.Resolved() != nil && (f.Reason != c.reason || f.By != web.Local || f.Role != "admin") {
						t.Errorf("resolved by %q, %q: %q, want %q", f.By, f.Role, f.Reason, c.reason)
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

// TestWhatIsDueIsSentAtOnce: to one before his time, to all; the clock starts again,
// the promise is kept, and a double click sends nothing twice.
func TestWhatIsDueIsSentAtOnce(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		began := time.Now()
		h.opens() // IT is told at 5m
		var got opened
		h.must(200, "POST", "/api/v1/incidents/SR-1/send?dry_run=true", `{"audiences":["board"]}`).into(t, &got)
		if fmt.Sprint(got.Updates) != "[{board first}]" || got.Preview == nil || len(got.Preview.Updates) != 1 || got.Preview.Updates[0].Emails != 2 {
			t.Errorf("a dry run says %+v", got)
		}
		before := len(h.router.Incident("SR-1").Timeline)
		a := h.must(200, "POST", "/api/v1/incidents/SR-1/send", `{"audiences":["board","board"],"reason":"they ring"}`, named("once"))
		a.into(t, &got)
		if fmt.Sprint(got.Updates) != "[{board first}]" {
			t.Errorf("it says %s", a.body)
		}
		if f := h.router.Incident("SR-1").Timeline[before]; f.Hastened() == nil || f.Reason != "they ring" {
			t.Errorf("its fact is %v", f)
		}
		if again := h.must(200, "POST", "/api/v1/incidents/SR-1/send", `{"audiences":["board","board"],"reason":"they ring"}`, named("once")); again.body != a.body {
			t.Errorf("asked again it says %s", again.body)
		}
		if detail, _ := h.call("POST", "/api/v1/incidents/SR-1/send", `{"audiences":["board"]}`).problem(t, 409); detail != "board was told less than a minute ago" {
			t.Errorf("a double click says %q", detail)
		}
		time.Sleep(time.Until(began.Add(20 * time.Minute)))
		h.must(200, "POST", "/api/v1/incidents/SR-1/send", "").into(t, &got)
		if fmt.Sprint(got.Updates) != "[{it holding} {board holding}]" {
			t.Errorf("to all it says %+v", got.Updates)
		}
		if due, want := h.due(began), "SR-1 it holding 1h20m0s, SR-1 board holding 2h20m0s"; due != want {
			t.Errorf("due is %s, want %s", due, want)
		}
		for body, want := range map[string]string{
			`{"audiences":["bord"]}`: "body.audiences[0]:there is no such audience; there are it, board",
			`{"audiences":[]}`:       "body.audiences:it names nobody",
			`{"to":"board"}`:         "body.to:unexpected property",
		} {
			_, errs := h.call("POST", "/api/v1/incidents/SR-1/send", body).problem(t, 422)
			if all := fmt.Sprint(errs); !strings.Contains(all, want) {
				t.Errorf("%s: %s, want %s", body, all, want)
			}
		}
		h.call("POST", "/api/v1/incidents/SR-9/send", "").problem(t, 404)
		h.call("POST", "/api/v1/incidents/SR-1/send", "", header("If-Match", `"SR-1.1"`)).problem(t, 412)
		h.must(200, "POST", "/api/v1/incidents/SR-1/resolve", "")
		if detail, _ := h.call("POST", "/api/v1/incidents/SR-1/send", "").problem(t, 409); detail != "nothing of SR-1 is due to anybody; to say something anyway, give words and audiences" {
			t.Errorf("after the end it says %q", detail)
		}
	})
}

// TestMergeAndSplit: one incident becomes part of another, with its people and its
// later alerts, and is taken out again. What cannot be is said by field or as a conflict.
func TestMergeAndSplit(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.fires("phones") // SR-1
		h.fires("doors")  // SR-2
		h.fires("web")    // SR-3
		for _, c := range []struct {
			path, body string
			status     int
			want       string
		}{
			{"SR-2/merge", `{}`, 422, "body:expected required property into"},
			{"SR-2/merge", `{"into":"SR-2"}`, 422, "body.into:an incident cannot be folded into itself"},
			{"SR-2/merge", `{"into":"SR-9"}`, 422, "body.into:there is no such incident"},
			{"SR-9/merge", `{"into":"SR-1"}`, 404, ""},
			{"SR-1/split", `{"service":"mial"}`, 422, "body.service:there is no such service"},
			{"SR-1/split", `{"service":"doors"}`, 409, "doors is no part of SR-1"},
			{"SR-2/merge", `{"into":"SR-1","reason":"one cable"}`, 200, ""},
			{"SR-2/merge", `{"into":"SR-1"}`, 409, "SR-2 is a consequence of SR-1, which tells of both; do it there"},
			{"SR-3/merge", `{"into":"SR-2"}`, 409, "SR-2 is part of SR-1, which tells of both; fold it into that"},
			{"SR-1/merge", `{"into":"SR-2"}`, 409, "SR-2 is part of SR-1, which tells of both; fold it into that"},
		} {
			a := h.call("POST", "/api/v1/incidents/"+c.path, c.body)
			if a.status != c.status || c.want != "" && !strings.Contains(said(t, a), c.want) {
				t.Errorf("%s %s was answered %d %s, want %q", c.path, c.body, a.status, a.body, c.want)
			}
		}
		synctest.Wait()
		one, two := h.router.Incident("SR-1"), h.router.Incident("SR-2")
		if two.PartOf != "SR-1" || fmt.Sprint(one.Consequences) != "[doors]" {
			t.Fatalf("SR-2 is part of %q, SR-1 has %v", two.PartOf, one.Consequences)
		}
		h.fires("doors")
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		for _, f := range h.router.Incident("SR-2").Timeline[len(two.Timeline):] {
			if f.Planned() != nil {
				t.Errorf("the folded one says: %s", f)
			}
		}
		h.must(200, "POST", "/api/v1/incidents/SR-3/resolve", "")
		if detail, _ := h.call("POST", "/api/v1/incidents/SR-1/merge", `{"into":"SR-3"}`).problem(t, 409); detail != "SR-3 is resolved" {
			t.Errorf("into one that is over, it says %q", detail)
		}
		var got struct{ Incident, Split string }
		a := h.must(200, "POST", "/api/v1/incidents/SR-1/split", `{"service":"doors","reason":"two cables"}`)
		if a.into(t, &got); got.Split != "SR-2" || a.header.Get("Location") != "/api/v1/incidents/SR-2" {
			t.Errorf("it says %s", a.body)
		}
		synctest.Wait()
		if p := h.router.Incident("SR-2"); p.PartOf != "" || !p.Open || len(h.router.Incident("SR-1").Consequences) != 0 {
			t.Errorf("taken out, it is part of %q", p.PartOf)
		}
		f := h.router.Incident("SR-2").Timeline
		if last := f[len(f)-1]; len(f) < 3 || last.Planned() == nil {
			t.Errorf("nobody is told of it: %v", last)
		}
		h.must(200, "POST", "/api/v1/incidents/SR-2/merge", `{"into":"SR-1"}`) // and again
	})
}

// said is the detail of a problem and its errors; empty where it is none.
func said(t *testing.T, a answer) string {
	if a.status < 400 {
		return ""
	}
	detail, errs := a.problem(t, a.status)
	return fmt.Sprint(detail, errs)
}
