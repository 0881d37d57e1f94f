package web_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/policies"
	"sitrep/router/web"
)

// reloads notes what is asked, and answers with what is set.
type reloads struct {
	asked []web.Reload
	err   error
}

func (r *reloads) into(o *web.Options) {
	o.Reload = func(_ context.Context, ask web.Reload) (web.Reloaded, error) {
		r.asked = append(r.asked, ask)
		return web.Reloaded{Services: 1, Audiences: []web.ReloadedAudience{{Name: "board", Before: 2, After: 3}}, NeedsRestart: []string{}, Warnings: []string{}}, r.err
	}
}

func TestReloadIsForAdmins(t *testing.T) {
	r := &reloads{}
	inside(t, func(t *testing.T, h *house) {
		h.must(http.StatusUnauthorized, "POST", "/-/reload", "")
		for _, role := range everyRole[:3] {
			h.bearer = "secret of " + string(role)
			h.must(http.StatusForbidden, "POST", "/-/reload", "")
		}
		h.bearer = "secret of admin"
		if a := h.call("GET", "/-/reload", ""); a.status != http.StatusMethodNotAllowed {
			t.Errorf("GET was answered %d", a.status)
		}
		if len(r.asked) > 0 {
			t.Fatalf("it was asked: %+v", r.asked)
		}
		a := h.must(200, "POST", "/-/reload?force=true", "")
		if want := `"name":"board","before":2,"after":3`; !strings.Contains(a.body, want) || !strings.Contains(a.body, `"in_force":true`) {
			t.Errorf("it was answered %s", a.body)
		}
		if a := h.must(200, "POST", "/-/reload?dry_run=true", ""); !strings.Contains(a.body, `"in_force":false`) {
			t.Errorf("a dry run was answered %s", a.body)
		}
		if len(r.asked) != 2 || r.asked[0] != (web.Reload{By: "the-admin", Force: true}) || r.asked[1] != (web.Reload{By: "the-admin", DryRun: true}) {
			t.Errorf("it was asked %+v", r.asked)
		}
		if a := h.must(200, "GET", "/openapi.json", ""); !strings.Contains(a.body, `"/-/reload"`) {
			t.Error("the description does not list it")
		}
	}, tokens, r.into)
}

func TestReloadWithoutAccessIsForThisMachine(t *testing.T) {
	r := &reloads{}
	inside(t, func(t *testing.T, h *house) {
		if a := h.call("POST", "/-/reload", "", from("192.0.2.1:5")); a.status != http.StatusForbidden || len(r.asked) > 0 {
			t.Errorf("it was answered %d", a.status)
		}
		h.must(200, "POST", "/-/reload", "")
	}, r.into)
}

func TestReloadSaysWhatIsWrong(t *testing.T) {
	r := &reloads{}
	inside(t, func(t *testing.T, h *house) {
		r.err = &web.Unloaded{Text: "it has errors", Problems: []web.ReloadProblem{{"sitrep.yml:12:3", "bad duration", "write 15m"}, {"it.csv:2:1", "unknown column", ""}}}
		detail, fields := h.call("POST", "/-/reload", "").problem(t, http.StatusUnprocessableEntity)
		if detail != "it has errors" || fields["sitrep.yml:12:3"] != "bad duration (hint: write 15m)" || fields["it.csv:2:1"] != "unknown column" {
			t.Errorf("%q %v", detail, fields)
		}
		r.err = &web.Unloaded{Text: "the board would be gone", Conflict: true}
		if detail, _ := h.call("POST", "/-/reload", "").problem(t, http.StatusConflict); detail != "the board would be gone" {
			t.Errorf("%q", detail)
		}
		r.err = errors.New("a secret path")
		if detail, _ := h.call("POST", "/-/reload", "").problem(t, http.StatusServiceUnavailable); strings.Contains(detail, "secret") {
			t.Errorf("%q", detail)
		}
	}, r.into)
}

// TestRenewed: another configuration's tokens hold, and the old ones no more; who
// guessed is not let guess anew; who follows is let go.
func TestRenewed(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		for range 12 {
			h.call("GET", "/api/v1/incidents", "", bearer("guess"), from("192.0.2.9:5"))
		}
		h.must(200, "GET", "/api/v1/incidents", "", bearer("secret of viewer"))
		o := h.options
		o.Access = &policies.Access{Tokens: []policies.Token{{Name: "new", Role: policies.RoleViewer, Token: policies.NewSecret("another")}}}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			h.call("GET", "/api/v1/events", "", bearer("secret of viewer"))
		}()
		synctest.Wait()
		h.server = h.server.Renewed(o)
		h.must(http.StatusUnauthorized, "GET", "/api/v1/incidents", "", bearer("secret of viewer"))
		h.must(200, "GET", "/api/v1/incidents", "", bearer("another"))
		h.must(http.StatusTooManyRequests, "GET", "/api/v1/incidents", "", bearer("guess"), from("192.0.2.9:5"))
		select {
		case <-ended:
		case <-time.After(time.Minute):
			t.Error("who followed still does")
		}
	}, tokens)
}

// TestATokenFileThatChanges is read again within a second; where it cannot be, or is
// empty, the token holds as it was. The same holds for its user.
func TestATokenFileThatChanges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first\n")
	inside(t, func(t *testing.T, h *house) {
		is := func(token string, want int) {
			t.Helper()
			if a := h.call("GET", "/api/v1/incidents", "", bearer(token)); a.status != want {
				t.Errorf("%q was answered %d, want %d", token, a.status, want)
			}
		}
		is("first", 200)
		write("second\n")
		time.Sleep(2 * time.Second)
		is("first", 401)
		is("second", 200)
		write(" \n")
		time.Sleep(2 * time.Second)
		is("second", 200)
		is("", 401)
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		is("second", 200)
		if log := h.log.got(); !strings.Contains(log, "it holds as it was") || strings.Contains(log, "second") {
			t.Errorf("the log says %s", log)
		}
	}, func(o *web.Options) {
		o.Access = &policies.Access{Tokens: []policies.Token{{Name: "one", Role: policies.RoleViewer, Token: policies.Secret{File: file}}}}
	})
}
