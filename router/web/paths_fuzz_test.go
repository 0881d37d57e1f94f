package web_test

import (
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/reply"
	"sitrep/router/web"
)

// openedFor is a house in real time where the payroll is out: SR-1.
func openedFor(f *testing.F, change ...func(*web.Options)) *house {
	f.Helper()
	h := build(f, f.TempDir(), change...)
	f.Cleanup(h.close)
	h.run()
	h.must(http.StatusAccepted, "POST", hookPath, webhook(alert("payroll", "x1", "firing", time.Now(), time.Time{})), h.somebody())
	for range 500 {
		if p := h.router.Incident("SR-1"); p != nil && p.Timeline[len(p.Timeline)-1].Planned() != nil {
			return h
		}
		time.Sleep(10 * time.Millisecond)
	}
	f.Fatal("nothing is out")
	return nil
}

// somebody comes by the proxy, as nobody did before: each has a pace of his own.
func (h *house) somebody() func(*http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.people++
	name := "person-" + time.Duration(h.people).String()
	return func(r *http.Request) { r.RemoteAddr = throughProxy; r.Header.Set("X-Person", name) }
}

// anybody lets in everybody by the proxy, to do all.
func anybody(o *web.Options) {
	o.Access = &policies.Access{Proxy: &policies.Proxy{
		UserHeader: "X-Person", Addresses: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32")}, Roles: map[policies.Role][]string{policies.RoleAdmin: {"*"}},
	}}
}

// at makes a request whose path has something in it that is no path.
func at(method, before, id, after, body string) *http.Request {
	r := request(method, "/", body)
	r.URL = &url.URL{Scheme: "http", Host: r.Host, Path: before + id + after, RawPath: before + url.PathEscape(id) + after}
	r.RequestURI = r.URL.RequestURI()
	return r
}

// answered returns what a request gets.
func (h *house) answered(r *http.Request, change ...func(*http.Request)) answer {
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// FuzzIDs: whatever stands where the id of an incident, the number of an update, the
// name of an audience or a cursor does, nothing breaks, and nothing happens to what is
// there under another name.
func FuzzIDs(f *testing.F) {
	h := openedFor(f, anybody)
	facts := func() int { return len(h.router.Incident("SR-1").Timeline) }
	for _, s := range []string{
		"", "SR-1", "SR-01", "sr-1", "SR-1 ", "SR-1\x00", "SR-1/", "SR-1/updates", "SR-1%2fsend", "SR-2", "SR--1", "SR-99999999999999999999", "..", "../SR-1", ".", "1", "0", "-1", "1e0", "+1", "01", "1.0", "9223372036854775808",
		"board", "it", "\xff\xfe", "\u202eSR-1", "*", "null", "{id}", strings.Repeat("é", 40), strings.Repeat("x", 41), "SR-1?dry_run=true", "SR-1;x", "<script>", "%",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		before, open := facts(), len(h.router.Incidents())
		for _, c := range []struct {
			method, before, after, body string
			is                          []string // what there is
		}{
			{"GET", "/api/v1/incidents/", "", "", []string{"SR-1"}},
			{"PATCH", "/api/v1/incidents/", "", `{"lead":"x"}`, []string{"SR-1"}},
			{"POST", "/api/v1/incidents/", "/updates", `{"text":"x"}`, []string{"SR-1"}},
			{"POST", "/api/v1/incidents/", "/resolve", "", []string{"SR-1"}},
			{"POST", "/api/v1/incidents/", "/merge", `{"into":"SR-1"}`, []string{"SR-1"}},
			{"POST", "/api/v1/incidents/SR-1/updates/", "/cancel", "", []string{"1", "+1", "01"}},
			{"POST", "/api/v1/incidents/SR-1/updates/", "/reject", `{"reason":"x"}`, nil},
			{"PUT", "/api/v1/incidents/SR-1/audiences/", "", `{"paused":true}`, []string{"it", "board"}},
			{"GET", "/api/v1/", "", "", []string{"incidents", "alerts", "schedule", "audit", "facts", "events"}},
		} {
			if slices.Contains(c.is, id) || strings.TrimLeft(id, "+0") == "1" {
				continue
			}
			a := h.answered(at(c.method, c.before, id, c.after, c.body), h.somebody())
			if a.status < 300 || a.status >= 500 {
				t.Errorf("%s %s%q%s was answered %d %s", c.method, c.before, id, c.after, a.status, a.body)
			}
			if a.status >= 400 {
				a.problem(t, a.status)
			}
		}
		for _, query := range []string{"/api/v1/incidents?cursor=", "/api/v1/audit?cursor=", "/api/v1/incidents?state=", "/api/v1/incidents?limit="} {
			r := request("GET", query+url.QueryEscape(id), "")
			if a := h.answered(r, h.somebody()); a.status != 200 && a.status != 422 {
				t.Errorf("GET %s%q was answered %d %s", query, id, a.status, a.body)
			}
		}
		for _, f := range h.router.Incident("SR-1").Timeline[before:] { // what is refused is a fact, of what was asked of it
			if f.Refused() == nil {
				t.Errorf("%q: %s", id, f)
			}
		}
		if n := len(h.router.Incidents()); n != open {
			t.Errorf("%q opened %d", id, n-open)
		}
	})
}

// FuzzLink: whatever stands where a link does that somebody was given, nothing breaks;
// only what was made does something, and neither an answer nor the log has it.
func FuzzLink(f *testing.F) {
	h := openedFor(f, anybody, func(o *web.Options) {
		o.Leaving = []web.Leaving{{Language: "nl", Ask: web.Notice{Title: "Afmelden"}, Unknown: web.Notice{Title: "Onbekend"}}}
	})
	files, err := fs.Sub(policies.Default, "default/words")
	if err != nil {
		f.Fatal(err)
	}
	pack, err := words.Parse(files)
	if err != nil {
		f.Fatal(err)
	}
	who := policies.Recipient{Name: "Jan", Email: "jan@voorbeeld.example"}
	key := h.store.Key()
	clerk := reply.New(reply.Options{
		Desk: h.router, Pack: pack, Teams: []*policies.Team{{Name: "communication", Recipients: []policies.Recipient{who}}}, Services: map[string]policies.Texts{},
		Language: "nl", Zone: time.UTC, Code: key.Code, Linked: key.Linked, Person: key.Person, Revoked: func() time.Time { return time.Time{} },
		Log: slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	h.options.Unsubscribe = h.store.Unsubscribe
	h.server = web.New(h.options)
	for _, method := range []string{"GET ", "POST "} {
		h.server.Handle(method+reply.PagePath+"{token}", http.HandlerFunc(clerk.ServePage))
	}
	link := key.Link("SR-1", key.Person(who.Email, who.Phone), time.Now())
	leave := key.Unsubscribe("board", "one@voorbeeld.example")
	for _, s := range []string{
		"", link, strings.ToUpper(link), link + "\n", link + "0", link[1:], link[:len(link)-1], leave, leave + " ", key.Ref("SR-1.1.0.email", 0),
		channels.Key("another").Link("SR-1", key.Person(who.Email, ""), time.Now()), key.Link("SR-9", key.Person(who.Email, ""), time.Now()), key.Link("SR-1", key.Person("eve@evil.example", ""), time.Now()),
		key.Link("SR-1", key.Person(who.Email, ""), time.Now().Add(-25*time.Hour)), "..", "../api/v1/incidents", "%", "\x00", "\xff", "<script>alert(1)</script>", strings.Repeat("0", 4000),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		before := len(h.router.Incident("SR-1").Timeline)
		answers, leaves := strings.ToLower(token) == link, strings.ToLower(token) == leave
		for _, page := range []string{reply.PagePath, web.UnsubscribePath} {
			for _, method := range []string{"GET", "POST"} {
				if method == "POST" && (answers || leaves) { // it does what it was made for
					continue
				}
				r := at(method, page, token, "", "how=found&words=x&once=1")
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				a := h.answered(r)
				there := method == "GET" && (page == web.UnsubscribePath || answers) // the question is everybody's
				if a.status >= 500 || a.status == 200 && !there {
					t.Errorf("%s %s%q was answered %d %s", method, page, token, a.status, a.body)
				}
				if len(token) > 20 && strings.Contains(a.body, token) {
					t.Errorf("%s %s%q: the answer has it: %s", method, page, token, a.body)
				}
				if a.status == 404 && strings.Contains(a.body, "SR-1") {
					t.Errorf("%s %s%q: the answer says what is out: %s", method, page, token, a.body)
				}
			}
		}
		if log := h.log.got(); len(token) > 20 && strings.Contains(strings.ToLower(log), strings.ToLower(token)) {
			t.Errorf("%q: the log has it: %s", token, log)
		}
		if n := len(h.router.Incident("SR-1").Timeline); n != before {
			t.Errorf("%q made %d facts", token, n-before)
		}
	})
}
