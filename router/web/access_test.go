package web_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"sitrep/policies"
	"sitrep/router/web"
)

// tokens is an access block with one token for each role.
func tokens(o *web.Options) {
	o.Access = &policies.Access{}
	for _, r := range []policies.Role{policies.RoleAlerts, policies.RoleViewer, policies.RoleResponder, policies.RoleAdmin} {
		o.Access.Tokens = append(o.Access.Tokens, policies.Token{Name: "the-" + string(r), Role: r, Token: policies.NewSecret("secret of " + string(r))})
	}
}

func metrics(o *web.Options) {
	o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "sitrep_up 1") })
}

func bearer(token string) func(*http.Request) { return header("Authorization", "Bearer "+token) }

// from sets where a call comes from.
func from(addr string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = addr }
}

// ways are the ways to come in, by role.
var ways = []struct {
	name, is string
	roles    []policies.Role
	show     func(policies.Role) func(*http.Request)
}{
	{"a token", "the token the-%s", everyRole, func(r policies.Role) func(*http.Request) { return bearer("secret of " + string(r)) }},
	{"a password", "the user user-%s", everyRole, func(r policies.Role) func(*http.Request) { return basic("user-"+string(r), "password of "+string(r)) }},
	{"the proxy", "a-%s, whom the proxy let in,", everyRole[1:], func(r policies.Role) func(*http.Request) {
		return func(q *http.Request) { q.RemoteAddr = "10.1.2.3:5"; q.Header.Set("X-Person", "a-"+string(r)) }
	}},
}

var everyRole = []policies.Role{policies.RoleAlerts, policies.RoleViewer, policies.RoleResponder, policies.RoleAdmin}

func basic(user, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

func TestEachRoleMayDoWhatItIsFor(t *testing.T) {
	may := map[policies.Role][]policies.Role{ // who may do what needs this
		policies.RoleAlerts:    {policies.RoleAlerts, policies.RoleAdmin},
		policies.RoleViewer:    {policies.RoleViewer, policies.RoleResponder, policies.RoleAdmin},
		policies.RoleResponder: {policies.RoleResponder, policies.RoleAdmin},
		policies.RoleAdmin:     {policies.RoleAdmin},
		"":                     everyRole,
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			inside(t, func(t *testing.T, h *house) {
				h.bearer = "secret of admin"
				h.opens()
				h.bearer = ""
				for _, e := range endpoints {
					for _, role := range way.roles {
						a := h.call(e.method, e.path, e.body, way.show(role))
						if slices.Contains(may[e.needs], role) {
							if a.status != e.answers && a.status != http.StatusConflict { // once it is resolved
								t.Errorf("%s %s by %s was answered %d %s, want %d", e.method, e.path, role, a.status, a.body, e.answers)
							}
							continue
						}
						detail, _ := a.problem(t, http.StatusForbidden)
						if want := fmt.Sprintf(way.is+" has the role %s; this needs %s", role, role, e.needs); detail != want {
							t.Errorf("%s %s by %s was told %q, want %q", e.method, e.path, role, detail, want)
						}
					}
				}
			}, tokens, whole, users(t), proxy)
		})
	}
}

// proxy adds one at 10.1.2.3 to the access block.
func proxy(o *web.Options) {
	o.Access.Proxy = &policies.Proxy{
		UserHeader: "X-Person", GroupsHeader: "X-Groups", Addresses: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32"), netip.MustParsePrefix("2001:db8:1::/48")},
		Roles: map[policies.Role][]string{"viewer": {"a-viewer", "@staff"}, "responder": {"a-responder", "@oncall"}, "admin": {"a-admin"}},
	}
}

// users adds one for each role, with their passwords in a web configuration file.
func users(t *testing.T) func(*web.Options) {
	file := filepath.Join(t.TempDir(), "web.yml")
	all := map[string]string{}
	for _, r := range everyRole {
		all["user-"+string(r)] = "password of " + string(r)
	}
	writeUsers(t, file, all)
	return func(o *web.Options) {
		o.WebConfig = file
		for _, r := range everyRole {
			o.Access.Tokens = append(o.Access.Tokens, policies.Token{Name: "user-" + string(r), Role: r, BasicAuth: true})
		}
	}
}

// writeUsers writes a web configuration file with these passwords.
func writeUsers(t *testing.T, file string, all map[string]string) {
	t.Helper()
	text := "basic_auth_users:\n"
	for user, password := range all {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("  %s: %s\n", user, hash)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWithoutATokenNobodyComesIn(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.bearer = "secret of admin"
		h.opens()
		before := h.must(200, "GET", "/api/v1/incidents/SR-1", "").body
		h.bearer = ""
		for n, c := range []struct{ name, value, want string }{
			{"none", "", "no bearer token"},
			{"no token in it", "Bearer", "no bearer token"},
			{"blanks", "Bearer   ", "the token is not known"},
			{"basic", "Basic c2VjcmV0IG9mIGFkbWluOng=", "no bearer token"},
			{"the token alone", "secret of admin", "no bearer token"},
			{"a wrong one", "Bearer sesame", "the token is not known"},
			{"its beginning", "Bearer secret of admi", "the token is not known"},
			{"more than it", "Bearer secret of adminn", "the token is not known"},
			{"its case", "Bearer SECRET OF ADMIN", "the token is not known"},
			{"zeros", "Bearer \x00\x00", "the token is not known"},
			{"a huge one", "Bearer " + strings.Repeat("x", 1<<20), "the token is not known"},
		} {
			for i, e := range endpoints {
				a := h.call(e.method, e.path, e.body, header("Authorization", c.value), from(fmt.Sprintf("192.0.%d.%d:5", i, n)))
				if e.needs == "" {
					if a.status != e.answers {
						t.Errorf("%s %s with %s: %d, want %d", e.method, e.path, c.name, a.status, e.answers)
					}
					continue
				}
				if detail, _ := a.problem(t, http.StatusUnauthorized); !strings.Contains(detail, c.want) {
					t.Errorf("%s %s with %s said %q", e.method, e.path, c.name, detail)
				}
				if a.header.Get("WWW-Authenticate") != `Bearer realm="sitrep"` {
					t.Errorf("%s %s with %s: headers %v", e.method, e.path, c.name, a.header)
				}
			}
		}
		if after := h.must(200, "GET", "/openapi.json", ""); strings.Contains(after.body, "secret") {
			t.Error("the description holds a token")
		}
		h.bearer = "secret of viewer"
		if after := h.must(200, "GET", "/api/v1/incidents/SR-1", "").body; after != before {
			t.Errorf("something changed: %s", after)
		}
		if log := h.log.got(); strings.Contains(log, "secret of") || strings.Contains(log, "sesame") {
			t.Errorf("the log holds a token: %s", log)
		}
	}, tokens, whole)
}

func TestATokenIsTakenInItsUsualSpellings(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		for _, value := range []string{"Bearer secret of viewer", "bearer secret of viewer", "BEARER  secret of viewer "} {
			if a := h.call("GET", "/api/v1/incidents", "", header("Authorization", value)); a.status != 200 {
				t.Errorf("%q: %d", value, a.status)
			}
		}
	}, tokens)
}

// TestWithTokensItDoesNotMatterWhereACallComesFrom: what stands in for a token
// where there is none, counts for nothing where there is one.
func TestWithTokensItDoesNotMatterWhereACallComesFrom(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		elsewhere := func(r *http.Request) { r.RemoteAddr, r.Host = "192.0.2.7:5", "sitrep.voorbeeld.example" }
		if a := h.call("GET", "/api/v1/incidents", "", elsewhere, bearer("secret of viewer"), header("X-Forwarded-For", "192.0.2.9")); a.status != 200 {
			t.Errorf("answered %d %s", a.status, a.body)
		}
	}, tokens)
}

func TestWithoutAnAccessBlockOnlyThisMachineIsAnswered(t *testing.T) {
	host := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Host = name }
	}
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		for _, c := range []struct {
			name   string
			change []func(*http.Request)
			in     bool
		}{
			{"from 127.0.0.1", nil, true},
			{"from another loopback address", []func(*http.Request){from("127.8.9.10:5")}, true},
			{"from ::1", []func(*http.Request){from("[::1]:5"), host("[::1]:8420")}, true},
			{"from 127.0.0.1 in IPv6", []func(*http.Request){from("[::ffff:127.0.0.1]:5")}, true},
			{"through a socket file", []func(*http.Request){from("@")}, true},
			{"to the name without a port", []func(*http.Request){host("localhost")}, true},
			{"to the address", []func(*http.Request){host("127.0.0.1:8420")}, true},
			{"from elsewhere", []func(*http.Request){from("192.0.2.7:5")}, false},
			{"from elsewhere in IPv6", []func(*http.Request){from("[2001:db8::7]:5")}, false},
			{"from a link", []func(*http.Request){from("[fe80::1%eth0]:5")}, false},
			{"from another virtual machine", []func(*http.Request){from("vm(3):5")}, false},
			{"to a name that was bent to here", []func(*http.Request){host("evil.example:8420")}, false},
			{"to a name that looks like here", []func(*http.Request){host("localhost.evil.example")}, false},
			{"to an address of the network", []func(*http.Request){host("192.0.2.1:8420")}, false},
			{"to no name", []func(*http.Request){host("")}, false},
			{"by a page elsewhere", []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, false},
			{"by a page of another port here", []func(*http.Request){header("Sec-Fetch-Site", "same-site")}, false},
			{"by a page of sitrep", []func(*http.Request){header("Sec-Fetch-Site", "same-origin"), header("Origin", "http://localhost:8420")}, true},
			{"by the address bar", []func(*http.Request){header("Sec-Fetch-Site", "none")}, true},
			{"by an old browser's page elsewhere", []func(*http.Request){header("Origin", "http://evil.example")}, false},
			{"by an old browser's page of another port", []func(*http.Request){header("Origin", "http://localhost:3000")}, false},
			{"by a page that hides where it is from", []func(*http.Request){header("Origin", "null")}, false},
			{"through a proxy here", []func(*http.Request){header("X-Forwarded-For", "192.0.2.7")}, false},
			{"through a proxy here that says so by the book", []func(*http.Request){header("Forwarded", "for=192.0.2.7")}, false},
		} {
			time.Sleep(10 * time.Second) // so many at once are too many for one caller
			for _, e := range endpoints {
				a := h.call(e.method, e.path, e.body, c.change...)
				if c.in || e.needs == "" {
					if a.status != e.answers && a.status != http.StatusConflict {
						t.Errorf("%s, %s %s: %d %s, want %d", c.name, e.method, e.path, a.status, a.body, e.answers)
					}
					continue
				}
				if detail, _ := a.problem(t, http.StatusForbidden); !strings.Contains(detail, "add an access block") {
					t.Errorf("%s, %s %s said %q", c.name, e.method, e.path, detail)
				}
			}
		}
	}, whole)
}

func TestTheTokensNameStandsBesideWhatWasDone(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.bearer = "secret of admin"
		h.opens()
		h.bearer = "secret of responder"
		h.must(200, "POST", "/api/v1/incidents/SR-1/updates", `{"text":"we look at it"}`)
		var in struct{ Timeline []struct{ Fact, By string } }
		h.must(200, "GET", "/api/v1/incidents/SR-1", "").into(t, &in)
		for _, f := range in.Timeline {
			if want := map[bool]string{true: "the-responder"}[f.Fact == "words_said"]; f.By != want {
				t.Errorf("%s is by %q, want %q", f.Fact, f.By, want)
			}
		}
	}, tokens)
}

func TestTokenFilesAreReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	write := func(s string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one\n")
	inside(t, func(t *testing.T, h *house) {
		round := 0
		holds := func(when string, want ...string) {
			t.Helper()
			time.Sleep(1100 * time.Millisecond)
			round++ // each from an address of its own: too many wrong ones are not looked at
			for _, token := range []string{"one", "two", "three", "fixed"} {
				status := h.call("GET", "/api/v1/incidents", "", bearer(token), from(fmt.Sprintf("192.0.2.%d:5", round))).status
				if in := slices.Contains(want, token); in != (status == 200) || !in != (status == 401) {
					t.Errorf("%s, %s was answered %d", when, token, status)
				}
			}
		}
		holds("at first", "one", "fixed")
		write("two")
		holds("after a change", "two", "fixed")
		if log := h.log.got(); strings.Contains(log, "level=ERROR") {
			t.Errorf("the log says %s", log)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		holds("without the file", "two", "fixed")
		if log := h.log.got(); !strings.Contains(log, "a token cannot be read; it holds as it was") || strings.Contains(log, "two") {
			t.Errorf("the log says %s", log)
		}
		write("\n")
		holds("while it is being written", "two", "fixed")
		write("three")
		holds("when it is back", "three", "fixed")
	}, func(o *web.Options) {
		o.Access = &policies.Access{Tokens: []policies.Token{
			{Name: "from-file", Role: policies.RoleViewer, Token: policies.Secret{File: file}},
			{Name: "fixed", Role: policies.RoleViewer, Token: policies.NewSecret("fixed")},
		}}
	})
}

func TestATokenWhoseFileWasNeverThereMatchesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	inside(t, func(t *testing.T, h *house) {
		for _, token := range []string{"", " ", "x"} {
			if status := h.call("GET", "/api/v1/incidents", "", bearer(token)).status; status != 401 {
				t.Errorf("%q was answered %d", token, status)
			}
		}
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1100 * time.Millisecond)
		if status := h.call("GET", "/api/v1/incidents", "", bearer("x")).status; status != 200 {
			t.Errorf("when the file came, it was answered %d", status)
		}
	}, func(o *web.Options) {
		o.Access = &policies.Access{Tokens: []policies.Token{{Name: "late", Role: policies.RoleViewer, Token: policies.Secret{File: file}}}}
	})
}
