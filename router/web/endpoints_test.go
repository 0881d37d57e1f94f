package web_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sitrep/policies"
	"sitrep/router/web"
)

// endpoint is one of them, with what it needs, a body that it would act on, and what
// it answers where SR-1 is open.
type endpoint struct {
	method, path string
	needs        policies.Role // "": nothing
	body         string
	answers      int
}

// really is what makes it act where its row only tries, or cannot succeed.
func (e endpoint) really() (path, body string) {
	return strings.TrimSuffix(e.path, "?dry_run=true"), strings.Replace(e.body, `"into":"SR-1"`, `"into":"SR-2"`, 1)
}

// endpoints are all there are.
var endpoints = []endpoint{
	{"POST", "/api/v1/alertmanager", policies.RoleAlerts, webhook(), 202},
	{"POST", "/api/v1/bounces", policies.RoleAlerts, "a mail", 202},
	{"GET", "/api/v1/incidents", policies.RoleViewer, "", 200},
	{"POST", "/api/v1/incidents?dry_run=true", policies.RoleResponder, `{"service":"doors","severity":"info"}`, 200},
	{"GET", "/api/v1/incidents/SR-1", policies.RoleViewer, "", 200},
	{"POST", "/api/v1/incidents/SR-1/updates", policies.RoleResponder, `{"text":"we look at it"}`, 200},
	{"POST", "/api/v1/incidents/SR-1/send", policies.RoleResponder, `{"audiences":["board"]}`, 200},
	{"POST", "/api/v1/incidents/SR-1/updates/1/cancel", policies.RoleResponder, "", 200},
	{"POST", "/api/v1/incidents/SR-1/updates/1/approve", policies.RoleResponder, "", 409},
	{"POST", "/api/v1/incidents/SR-1/updates/1/reject", policies.RoleResponder, `{"reason":"no"}`, 409},
	{"POST", "/api/v1/incidents/SR-1/merge", policies.RoleResponder, `{"into":"SR-1"}`, 422},
	{"POST", "/api/v1/incidents/SR-1/split", policies.RoleResponder, `{"service":"doors"}`, 409},
	{"PATCH", "/api/v1/incidents/SR-1", policies.RoleResponder, `{"lead":"Fatima"}`, 200},
	{"PUT", "/api/v1/incidents/SR-1/audiences/board", policies.RoleResponder, `{"paused":true}`, 200},
	{"POST", "/api/v1/incidents/SR-1/audiences/board/recipients", policies.RoleResponder, `{"email":"deputy@voorbeeld.example"}`, 200},
	{"POST", "/api/v1/incidents/SR-1/audiences/board/recipients/remove", policies.RoleResponder, `{"email":"two@voorbeeld.example"}`, 200},
	{"POST", "/api/v1/incidents/SR-1/resolve", policies.RoleResponder, "", 200},
	{"POST", "/api/v1/incidents/SR-1/reopen", policies.RoleResponder, "", 200},
	{"GET", "/api/v1/changes", policies.RoleViewer, "", 200},
	{"POST", "/api/v1/changes?dry_run=true", policies.RoleResponder, `{"title":{"en":"new doors"},"services":["doors"],"start":"2000-02-01T00:00:00Z","end":"2000-02-01T06:00:00Z"}`, 200},
	{"GET", "/api/v1/changes/SR-1", policies.RoleViewer, "", 404}, // it is none
	{"PATCH", "/api/v1/changes/SR-1", policies.RoleResponder, `{"lead":"Fatima"}`, 404},
	{"POST", "/api/v1/changes/SR-1/extend", policies.RoleResponder, `{"end":"2000-02-01T07:00:00Z"}`, 404},
	{"POST", "/api/v1/changes/SR-1/decide", policies.RoleResponder, `{"course":"later"}`, 404},
	{"POST", "/api/v1/changes/SR-1/start", policies.RoleResponder, "", 404},
	{"POST", "/api/v1/changes/SR-1/complete", policies.RoleResponder, "", 404},
	{"POST", "/api/v1/changes/SR-1/roll-back", policies.RoleResponder, "", 404},
	{"POST", "/api/v1/changes/SR-1/cancel", policies.RoleResponder, "", 404},
	{"GET", eventsPath, policies.RoleViewer, "", 200},
	{"GET", "/api/v1/schedule", policies.RoleViewer, "", 200},
	{"GET", "/api/v1/alerts?service=none", policies.RoleViewer, "", 200},
	{"DELETE", "/api/v1/links", policies.RoleResponder, "", 204},
	{"GET", "/api/v1/audit?limit=1", policies.RoleAdmin, "", 200},
	{"GET", "/api/v1/facts", policies.RoleAdmin, "", 200},
	{"POST", "/-/reload", policies.RoleAdmin, "", 200},
	{"GET", "/-/healthy", "", "", 200},
	{"GET", "/-/ready", "", "", 200},
	{"GET", "/metrics", "", "", 200},
	{"GET", "/openapi.json", "", "", 200},
	// Who has the address was given it, and needs to be nobody else.
	{"GET", "/unsubscribe/a-token", "", "", 200},
	{"POST", "/unsubscribe/a-token", "", "", 200},
}

const eventsPath = "/api/v1/events"

// changing counts the endpoints that change something for whoever may.
func changing() (n int) {
	for _, e := range endpoints {
		if e.method != "GET" && e.needs != "" {
			n++
		}
	}
	return n
}

// whole is a server with all that there can be.
func whole(o *web.Options) {
	metrics(o)
	o.Reload = func(context.Context, web.Reload) (web.Reloaded, error) {
		return web.Reloaded{Services: 1, Audiences: []web.ReloadedAudience{}, NeedsRestart: []string{}, Warnings: []string{}}, nil
	}
	o.Bounce = func(_ context.Context, mail io.Reader) error {
		_, err := io.Copy(io.Discard, mail)
		return err
	}
	o.Unsubscribe = func(context.Context, string) (bool, error) { return true, nil }
}

// TestEveryEndpointHasItsRow: what is answered and has no row above, or another role
// than its row and the description say, fails here before anybody forgets it.
func TestEveryEndpointHasItsRow(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		var d struct {
			Paths map[string]map[string]struct{ Security []map[string][]string }
		}
		h.must(200, "GET", "/openapi.json", "").into(t, &d)
		rows := map[string]bool{}
		for _, e := range endpoints {
			pattern := web.PatternOf(h.server, request(e.method, e.path, e.body))
			if pattern == "" || rows[pattern] {
				t.Errorf("%s %s is answered by %q, as another row is, or by nothing", e.method, e.path, pattern)
			}
			rows[pattern] = true
			method, path, _ := strings.Cut(pattern, " ")
			op, described := d.Paths[path][strings.ToLower(method)]
			if !described && !strings.HasPrefix(path, web.UnsubscribePath) {
				t.Errorf("%s is not described", pattern)
			}
			var needs []string
			for _, s := range op.Security {
				needs = append(needs, s["token"]...)
			}
			if want := []string{string(e.needs)}; e.needs != "" && !slices.Equal(needs, want) || e.needs == "" && len(needs) > 0 {
				t.Errorf("%s says that it needs %q, and its row %q", pattern, needs, e.needs)
			}
		}
		for _, pattern := range web.Patterns(h.server) {
			if !rows[pattern] {
				t.Errorf("%s has no row among the endpoints: who may what there?", pattern)
			}
		}
		for path, methods := range d.Paths {
			for method := range methods {
				if !rows[strings.ToUpper(method)+" "+path] {
					t.Errorf("%s %s is described, and not answered", method, path)
				}
			}
		}
	}, whole)
}

// hangsUp is a caller who has read enough before anything comes.
func hangsUp(r *http.Request) *http.Request {
	ctx, cancel := context.WithCancel(r.Context())
	cancel()
	return r.WithContext(ctx)
}
