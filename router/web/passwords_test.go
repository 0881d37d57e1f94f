package web_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"sitrep/policies"
	"sitrep/router/web"
)

func TestAUserComesWithHisPassword(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web.yml")
	writeUsers(t, file, map[string]string{"alice": "open sesame", "bob": "b", "prom": "p"})
	plain, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.WriteString("  carol: unhashed\ntls_server_config: {cert_file: x, key_file: y}\n"); err != nil {
		t.Fatal(err)
	}
	plain.Close()
	inside(t, func(t *testing.T, h *house) {
		log := h.log.got()
		if !strings.Contains(log, "they cannot come in") || !strings.Contains(log, `users="carol, dave"`) || strings.Count(log, "\n") != 1 {
			t.Errorf("at start the log says %s", log)
		}
		for n, c := range []struct {
			name, user, password string
			status               int
		}{
			{"his own", "alice", "open sesame", 200},
			{"another's own", "bob", "b", 200},
			{"another's", "alice", "b", 401},
			{"none", "alice", "", 401},
			{"its beginning", "alice", "open sesam", 401},
			{"its case", "alice", "Open Sesame", 401},
			{"of a user who may not call", "prom", "p", 401},
			{"of a user whose hash is none", "carol", "unhashed", 401},
			{"of a user whom the file does not have", "dave", "", 401},
			{"another's, of a user whom the file does not have", "dave", "open sesame", 401},
			{"of nobody", "", "", 401},
			{"of nobody, with one", "", "open sesame", 401},
			{"of nobody known", "eve", "open sesame", 401},
			{"the name in another case", "Alice", "open sesame", 401},
			{"a colon in it", "alice", "open sesame:x", 401},
			{"a token's", "the-viewer", "secret of viewer", 401},
			{"a huge one", "alice", strings.Repeat("x", 1<<18), 401},
		} {
			for range 2 { // what was said once is remembered
				a := h.call("GET", list, "", basic(c.user, c.password), from(fmt.Sprintf("192.0.2.%d:5", n)))
				if a.status != c.status {
					t.Errorf("%s: answered %d %s, want %d", c.name, a.status, a.body, c.status)
				}
				if c.status == 401 {
					detail, _ := a.problem(t, 401)
					if detail != "no user of access.tokens has this name and password" {
						t.Errorf("%s: was told %q", c.name, detail)
					}
					if got := a.header.Values("WWW-Authenticate"); !slices.Equal(got, []string{`Bearer realm="sitrep"`, `Basic realm="sitrep"`}) {
						t.Errorf("%s: is asked for %q", c.name, got)
					}
				}
			}
		}
		for _, value := range []string{"Basic", "Basic !!!", "Basic YWxpY2U="} { // no name and password
			if detail, _ := h.call("GET", list, "", header("Authorization", value)).problem(t, 401); !strings.Contains(detail, "no bearer token") {
				t.Errorf("%q was told %q", value, detail)
			}
		}
		if log := h.log.got(); strings.Contains(log, "sesame") || strings.Contains(log, "$2a$") {
			t.Errorf("the log says %s", log)
		}
	}, tokens, func(o *web.Options) {
		o.WebConfig = file
		for _, name := range []string{"alice", "bob", "carol", "dave"} {
			o.Access.Tokens = append(o.Access.Tokens, policies.Token{Name: name, Role: policies.RoleViewer, BasicAuth: true})
		}
	})
}

func TestAUsersNameStandsBesideWhatWasDone(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.bearer = "secret of admin"
		h.opens()
		h.bearer = ""
		if a := h.call("POST", "/api/v1/incidents/SR-1/updates", `{"text":"we look at it"}`, basic("user-responder", "password of responder")); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		for _, f := range h.router.Incident("SR-1").Timeline {
			if f.Name() == "words_said" && f.By != "user-responder" {
				t.Errorf("it is by %q", f.By)
			}
		}
	}, tokens, users(t))
}

func TestPasswordsAreReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web.yml")
	writeUsers(t, file, map[string]string{"alice": "one", "bob": "same"})
	inside(t, func(t *testing.T, h *house) {
		round := 0
		holds := func(when string, want ...string) {
			t.Helper()
			time.Sleep(1100 * time.Millisecond)
			round++
			for _, c := range []string{"alice one", "alice two", "bob same"} {
				user, password, _ := strings.Cut(c, " ")
				status := h.call("GET", list, "", basic(user, password), from(fmt.Sprintf("192.0.2.%d:5", round))).status
				if in := slices.Contains(want, c); in != (status == 200) || !in != (status == 401) {
					t.Errorf("%s, %s was answered %d", when, c, status)
				}
			}
		}
		holds("at first", "alice one", "bob same")
		writeUsers(t, file, map[string]string{"alice": "two", "bob": "same"})
		holds("after a change", "alice two", "bob same")
		if log := h.log.got(); strings.Contains(log, "level=ERROR") {
			t.Errorf("the log says %s", log)
		}
		if err := os.WriteFile(file, []byte("basic_auth_users: {alice: [hidden-in-it"), 0o600); err != nil {
			t.Fatal(err)
		}
		holds("while it is broken", "alice two", "bob same")
		if log := h.log.got(); !strings.Contains(log, "its passwords hold as they were") || strings.Contains(log, "hidden") {
			t.Errorf("the log says %s", log)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		holds("while it is gone", "alice two", "bob same")
		writeUsers(t, file, map[string]string{"alice": "two"})
		holds("without bob", "alice two")
		if log := h.log.got(); strings.Count(log, "they cannot come in") != 1 || !strings.Contains(log, "users=bob") {
			t.Errorf("the log says %s", log)
		}
		writeUsers(t, file, map[string]string{"alice": "one", "bob": "same"})
		holds("when all is as before", "alice one", "bob same")
	}, func(o *web.Options) {
		o.WebConfig = file
		o.Access = &policies.Access{Tokens: []policies.Token{
			{Name: "alice", Role: policies.RoleViewer, BasicAuth: true}, {Name: "bob", Role: policies.RoleViewer, BasicAuth: true},
		}}
	})
}

// TestAUserWhoIsGoneHasNobodysPassword: not even where another has the same hash.
func TestAUserWhoIsGoneHasNobodysPassword(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web.yml")
	hash, err := bcrypt.GenerateFromPassword([]byte("open sesame"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	write := func(users ...string) {
		t.Helper()
		text := "basic_auth_users:\n"
		for _, u := range users {
			text += "  " + u + ": " + string(hash) + "\n"
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("alice", "bob")
	inside(t, func(t *testing.T, h *house) {
		alice := func() int { return h.call("GET", list, "", basic("alice", "open sesame")).status }
		if got := alice(); got != 200 {
			t.Fatal(got)
		}
		write("bob")
		time.Sleep(1100 * time.Millisecond)
		if got := alice(); got != 401 {
			t.Errorf("she was answered %d", got)
		}
	}, func(o *web.Options) {
		o.WebConfig = file
		o.Access = &policies.Access{Tokens: []policies.Token{{Name: "alice", Role: policies.RoleViewer, BasicAuth: true}}}
	})
}

func TestWrongPasswordsAreLookedAtEverMoreSeldom(t *testing.T) {
	const here = "192.0.2.7:5"
	inside(t, func(t *testing.T, h *house) {
		try := func(user, password string) int {
			return h.call("GET", list, "", from(here), basic(user, password)).status
		}
		if got := try("user-viewer", "password of viewer"); got != 200 {
			t.Fatal(got)
		}
		for i := range 10 {
			if got := try([]string{"user-admin", "eve"}[i%2], "the same each time"); got != 401 {
				t.Errorf("wrong password %d was answered %d", i+1, got)
			}
		}
		if got := try("user-admin", "password of admin"); got != 429 {
			t.Errorf("the right one, of which nothing is known here, was answered %d", got)
		}
		if got := try("eve", ""); got != 429 {
			t.Errorf("nobody's was answered %d", got)
		}
		if got := try("user-viewer", "password of viewer"); got != 200 {
			t.Errorf("what was right here was answered %d", got)
		}
		if got := h.reads(here, "secret of viewer"); got != 429 {
			t.Errorf("a token, of which nothing is known here, was answered %d", got)
		}
	}, tokens, users(t))
}

// slow is a house in real time with one user, whose password takes a while to
// check. It returns how long at least.
func slow(t *testing.T, cost int) (*house, time.Duration) {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("open sesame"), cost)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "web.yml")
	if err := os.WriteFile(file, []byte("basic_auth_users: {alerts: '"+string(hash)+"'}"), 0o600); err != nil {
		t.Fatal(err)
	}
	once := time.Hour
	for range 3 {
		began := time.Now()
		bcrypt.CompareHashAndPassword(hash, []byte("x"))
		once = min(once, time.Since(began))
	}
	h := build(t, t.TempDir(), func(o *web.Options) {
		o.WebConfig = file
		o.Access = &policies.Access{Tokens: []policies.Token{{Name: "alerts", Role: policies.RoleAlerts, BasicAuth: true}}}
	})
	t.Cleanup(h.close)
	return h, once
}

// TestAStormOfWebhooksPaysOnce: for the right password, and for a wrong one.
func TestAStormOfWebhooksPaysOnce(t *testing.T) {
	h, once := slow(t, 10)
	for password, want := range map[string]int{"open sesame": 202, "x": 401} {
		began := time.Now()
		var all sync.WaitGroup
		for range 200 { // at once, before the first is checked
			all.Go(func() {
				if got := h.call("POST", hookPath, webhook(), basic("alerts", password)).status; got != want {
					t.Errorf("with %q it was answered %d", password, got)
				}
			})
		}
		all.Wait()
		for range 200 {
			h.call("POST", hookPath, webhook(), basic("alerts", password))
		}
		if took := time.Since(began); took > 100*once {
			t.Errorf("with %q 400 webhooks took %v; one password takes %v", password, took, once)
		}
	}
}

func TestNobodyTakesAsLongAsSomebody(t *testing.T) {
	h, once := slow(t, 10)
	for _, user := range []string{"alerts", "eve", ""} {
		began := time.Now()
		h.call("POST", hookPath, webhook(), basic(user, "guess of "+user)).problem(t, 401)
		if took := time.Since(began); took < once/2 {
			t.Errorf("a wrong password of %q took %v; one takes %v", user, took, once)
		}
	}
}

// TestAFloodOfPasswordsIsBounded: some wait, the rest is told to come again, and
// what was right goes past all of them.
func TestAFloodOfPasswordsIsBounded(t *testing.T) {
	h, _ := slow(t, 9)
	right := func() int { return h.call("POST", hookPath, webhook(), basic("alerts", "open sesame")).status }
	if got := right(); got != 202 {
		t.Fatal(got)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	answered := map[int]int{}
	for i := range 300 {
		all.Go(func() {
			path := []string{hookPath, list}[i%2]
			method := map[string]string{hookPath: "POST", list: "GET"}[path]
			a := h.call(method, path, "", basic("alerts", fmt.Sprint("guess ", i)), from(fmt.Sprintf("192.0.%d.%d:5", i/250, i%250)))
			mu.Lock()
			defer mu.Unlock()
			answered[a.status]++
			if a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") == "" {
				t.Errorf("it was not told when to come again: %v", a.header)
			}
		})
	}
	for range 20 {
		if got := right(); got != 202 {
			t.Errorf("meanwhile the right one was answered %d", got)
		}
	}
	all.Wait()
	if answered[401] < 32 || answered[503] == 0 || answered[401]+answered[503] != 300 {
		t.Errorf("they were answered %v", answered)
	}
	if got := right(); got != 202 {
		t.Errorf("after it the right one was answered %d", got)
	}
	if log := h.log.got(); strings.Count(log, "passwords come faster than they can be checked") == 0 || strings.Contains(log, "guess") {
		t.Errorf("the log says %s", log)
	}
}

// TestGuessesSideBySideAreADebt: who sends many at once waits for all of them.
func TestGuessesSideBySideAreADebt(t *testing.T) {
	h, _ := slow(t, 9)
	guess := func(n int) answer {
		return h.call("GET", list, "", basic("alerts", fmt.Sprint("guess ", n)), from("192.0.2.7:5"))
	}
	var all sync.WaitGroup
	var looked atomic.Int32
	began := time.Now()
	for i := range 30 {
		all.Go(func() {
			if guess(i).status == 401 {
				looked.Add(1)
			}
		})
	}
	all.Wait()
	a := guess(31)
	a.problem(t, http.StatusTooManyRequests)
	n, paid := int(looked.Load()), int(time.Since(began).Seconds())+1 // time pays the debt off
	if after, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || n < 15 || after < 10*(n-10)-paid {
		t.Errorf("after %d guesses the next may come in %q seconds", n, a.header.Get("Retry-After"))
	}
}

// TestWhatDoesNotFitTheWebConfigurationIsSaidAtStart: nobody has to find out by
// being refused.
func TestWhatDoesNotFitTheWebConfigurationIsSaidAtStart(t *testing.T) {
	const tls, nobody, full = "{cert_file: a, key_file: b%s}", "verifies no client certificate", "leave no room for a bearer token"
	token := policies.Token{Name: "x", Role: policies.RoleViewer, Token: policies.NewSecret("abcd")}
	user := policies.Token{Name: "x", Role: policies.RoleViewer, BasicAuth: true}
	certificate := &policies.Proxy{UserHeader: "X-Person", CertificateNames: []string{"proxy.example.org"}}
	const hash = "basic_auth_users: {x: '$2a$04$abcdefghijklmnopqrstuuTKuyZlWZQyY8kJ0kQ8l3BOW8tXv2h5y'}\n"
	for _, c := range []struct {
		name, file string
		access     policies.Access
		says       string
	}{
		{"tokens alone", "tls_server_config: " + fmt.Sprintf(tls, ""), policies.Access{Tokens: []policies.Token{token}}, ""},
		{"tokens behind passwords", hash, policies.Access{Tokens: []policies.Token{token}}, full},
		{"a user with a password", hash, policies.Access{Tokens: []policies.Token{token, user}}, ""},
		{"a user without", "basic_auth_users: {}", policies.Access{Tokens: []policies.Token{user}}, "they cannot come in"},
		{"a proxy that brings a password", hash, policies.Access{Proxy: &policies.Proxy{UserHeader: "X-Person"}}, ""},
		{"a certificate", "tls_server_config: " + fmt.Sprintf(tls, ", client_ca_file: c, client_auth_type: VerifyClientCertIfGiven"), policies.Access{Proxy: certificate}, ""},
		{"a certificate, with the authority in the file", "tls_server_config: " + fmt.Sprintf(tls, ", client_ca: c, client_auth_type: RequireAndVerifyClientCert"), policies.Access{Proxy: certificate}, ""},
		{"a certificate of anybody", "tls_server_config: " + fmt.Sprintf(tls, ", client_ca_file: c, client_auth_type: RequireAnyClientCert"), policies.Access{Proxy: certificate}, nobody},
		{"a certificate without an authority", "tls_server_config: " + fmt.Sprintf(tls, ", client_auth_type: VerifyClientCertIfGiven"), policies.Access{Proxy: certificate}, nobody},
		{"a certificate that nobody asks for", "tls_server_config: " + fmt.Sprintf(tls, ""), policies.Access{Proxy: certificate}, nobody},
		{"nonsense", "[", policies.Access{Tokens: []policies.Token{token}}, "cannot be read"},
	} {
		file := filepath.Join(t.TempDir(), "web.yml")
		if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		inside(t, func(t *testing.T, h *house) {
			if log := h.log.got(); (log != "") != (c.says != "") || !strings.Contains(log, c.says) {
				t.Errorf("%s: the log says %q, want %q", c.name, log, c.says)
			}
		}, func(o *web.Options) { o.Access, o.WebConfig = &c.access, file })
	}
}
