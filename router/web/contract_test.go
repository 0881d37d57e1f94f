package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/policies"
	"sitrep/router"
	"sitrep/router/incident"
	"sitrep/router/web"
)

// careful is the organisation with a press that hears only what two people want.
var careful = strings.NewReplacer(
	"\npolicies:", "\n  - {name: press, approval: required, channels: [email], recipients: [{name: Three, email: three@voorbeeld.example}]}\npolicies:",
	"every: 2h}]}\n", "every: 2h}]}\n      - {audience: press, cadence: [{from: 0s, every: 3h}]}\n",
).Replace(organisation)

// occurred are the answers that came, by pattern.
type occurred struct {
	mu  sync.Mutex
	all map[string]map[int]bool
}

func (o *occurred) note(pattern string, a answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all[pattern] == nil {
		o.all[pattern] = map[int]bool{}
	}
	o.all[pattern][a.status] = true
}

// later is a desk that stores what people decide, and decides later.
type later struct{ web.Desk }

func (later) Submit(context.Context, incident.Input) (router.Decision, error) {
	return router.Decision{}, router.ErrUndecided
}

// breaksOff is a body that never comes to its end.
type breaksOff struct{}

func (breaksOff) Read(b []byte) (int, error) { return copy(b, `{`), io.ErrUnexpectedEOF }

func body(r io.Reader) func(*http.Request) {
	return func(q *http.Request) { q.Body, q.ContentLength = io.NopCloser(r), -1 }
}

// TestWhatIsDescribedOccurs: each answer of each operation that the description has,
// and no other. All that can go wrong is done to all of them; what came is compared.
func TestWhatIsDescribedOccurs(t *testing.T) {
	d := checkedIn()
	o := occurred{all: map[string]map[int]bool{}}
	reload := &reloads{}
	insideOf(t, careful, func(t *testing.T, h *house) {
		h.bearer = "secret of admin"
		h.opens()         // SR-1
		h.fires("phones") // SR-2
		h.saw = func(pattern string, a answer) {
			o.note(pattern, a)
			d.fits(t, pattern, a)
		}
		succeeds(t, h)
		fails(t, h)

		h.call("POST", "/api/v1/bounces", "about nothing")
		h.store.set(errors.New("no space left on device"))
		time.Sleep(2 * time.Second) // it was ready a moment ago
		h.call("GET", "/-/ready", "")
		h.store.set(nil)
		for _, reload.err = range []error{&web.Unloaded{Text: "the board would lose everybody", Conflict: true}, &web.Unloaded{Text: "it has errors"}, errors.New("the store is full")} {
			h.call("POST", "/-/reload", "")
		}
		h.server = func() *web.Server { o := h.options; o.Desk = later{o.Desk}; return web.New(o) }()
		for _, e := range endpoints {
			path, content := e.really()
			h.call(e.method, h.there(path), content)
		}
	}, tokens, users(t), whole, reload.into, press, func(o *web.Options) {
		o.Access.Tokens = append(o.Access.Tokens, policies.Token{Name: "hurried", Role: policies.RoleAdmin, Token: policies.NewSecret("secret of hurried")})
		o.Bounce = func(_ context.Context, mail io.Reader) error {
			text, err := io.ReadAll(mail)
			if string(text) == "about nothing" {
				return web.ErrNoBounce
			}
			return err
		}
	})
	for path, methods := range d.Paths {
		for method, op := range methods {
			pattern := strings.ToUpper(method) + " " + path
			for status := range op.Responses {
				if n, _ := strconv.Atoi(status); !o.all[pattern][n] {
					t.Errorf("%s: %s is described, and nothing is answered so: only %v", pattern, status, slices.Sorted(maps.Keys(o.all[pattern])))
				}
			}
		}
	}
}

// change plans one that is far from its start.
const change = `{"title":{"en":"new doors"},"services":["doors"],"start":"2000-02-01T00:00:00Z","end":"2000-02-01T06:00:00Z"}`

// there is where an endpoint's row finds what it is about: of a planned change, one that
// there is.
func (h *house) there(path string) string {
	if h.change != "" && strings.HasPrefix(path, "/api/v1/changes/") {
		return strings.Replace(path, "SR-1", h.change, 1)
	}
	return path
}

// succeeds does all that can be done.
func succeeds(t *testing.T, h *house) {
	do := func(status int, method, path, body string, change ...func(*http.Request)) answer {
		t.Helper()
		time.Sleep(time.Minute) // nobody is told twice within one
		return h.must(status, method, path, body, change...)
	}
	waits := func() string {
		t.Helper()
		time.Sleep(time.Minute)
		return h.waits(bearer("secret of responder"))
	}
	do(200, "POST", "/api/v1/incidents", `{"service":"printers","severity":"info"}`)
	do(200, "POST", waits()+"/approve", "")
	do(200, "POST", waits()+"/reject", `{"reason":"it was the other one"}`)
	do(200, "POST", "/api/v1/incidents/SR-2/merge", `{"into":"SR-1"}`)
	do(200, "POST", "/api/v1/incidents/SR-1/split", `{"service":"phones"}`)
	for _, e := range endpoints {
		if e.answers < 400 {
			do(e.answers, e.method, e.path, e.body)
		}
	}
	for _, steps := range [][]string{{"start", "decide", "extend", "complete"}, {"cancel"}, {"start", "roll-back"}, {}} { // the last is there to be
		var planned struct{ Incident string }
		do(200, "POST", "/api/v1/changes", change).into(t, &planned)
		h.change = planned.Incident
		at := "/api/v1/changes/" + h.change
		do(200, "GET", at, "")
		do(200, "PATCH", at, `{"services":["doors","web"]}`)
		for _, step := range steps {
			do(200, "POST", at+"/"+step, map[string]string{"decide": `{"course":"later"}`, "extend": `{"end":"2000-02-01T07:00:00Z"}`}[step])
		}
		do(200, "GET", at, "")
	}
	do(200, "GET", "/api/v1/incidents/SR-1", "") // now with all that was told
	synctest.Wait()
}

// fails does to every endpoint all that can go wrong with a request.
func fails(t *testing.T, h *house) {
	h.must(200, "PATCH", "/api/v1/incidents/SR-1", `{"lead":"Anna"}`, named("taken"))
	for h.call("GET", list, "", bearer("secret of hurried")).status == 200 {
	}
	leave := web.Crowd(h.server)
	guess := 0
	for _, e := range endpoints {
		path, content := e.really()
		missing, tag := strings.Replace(path, "SR-1", "SR-99", 1), `"SR-1.0"`
		if path != h.there(path) {
			path, tag = h.there(path), `"`+h.change+`.0"`
		}
		guess++
		elsewhere := from(fmt.Sprintf("192.0.2.%d:5", guess)) // too many wrong ones from one are not looked at
		low := policies.RoleAlerts
		if e.needs == policies.RoleAlerts {
			low = policies.RoleViewer
		}
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		for _, wrong := range []struct {
			path, body string
			change     []func(*http.Request)
		}{
			{path, content, []func(*http.Request){bearer("sesame"), elsewhere}},
			{path, content, []func(*http.Request){bearer("secret of " + string(low))}},
			{path, content, []func(*http.Request){bearer("secret of hurried")}},
			{path, content, []func(*http.Request){basic("user-admin", fmt.Sprint("guess ", guess)), elsewhere}},
			{path + sep + "colour=red", content, nil},
			{missing, content, nil},
			{path, content, []func(*http.Request){named("taken")}},
			{path, content, []func(*http.Request){header("If-Match", tag)}},
			{path, `{`, nil},
			{path, content + " ", []func(*http.Request){header("Content-Type", "text/plain")}},
			{path, content, []func(*http.Request){body(&stream{11 << 20})}},
			{path, content, []func(*http.Request){body(breaksOff{})}},
		} {
			time.Sleep(100 * time.Millisecond)
			for wrong.change != nil && h.call("GET", list, "", bearer("secret of hurried")).status == 200 { // he goes on
			}
			h.call(e.method, wrong.path, wrong.body, wrong.change...)
		}
	}
	leave()
}
