package web_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/crypto/bcrypt"

	"sitrep/policies"
	"sitrep/router/web"
)

// anywhere returns an address that was not seen before.
func anywhere() func() func(*http.Request) {
	n := 0
	return func() func(*http.Request) {
		n++
		return from(fmt.Sprintf("11.%d.%d.%d:5", n>>16&255, n>>8&255, n&255))
	}
}

// FuzzAuthorization: whatever the header holds, only who knows a secret comes in,
// and nobody makes it panic.
func FuzzAuthorization(f *testing.F) {
	hash, err := bcrypt.GenerateFromPassword([]byte("open sesame"), bcrypt.MinCost)
	if err != nil {
		f.Fatal(err)
	}
	file := filepath.Join(f.TempDir(), "web.yml")
	if err := os.WriteFile(file, []byte("basic_auth_users: {alice: '"+string(hash)+"'}"), 0o600); err != nil {
		f.Fatal(err)
	}
	h := build(f, f.TempDir(), tokens, func(o *web.Options) {
		o.WebConfig = file
		o.Access.Tokens = append(o.Access.Tokens, policies.Token{Name: "alice", Role: policies.RoleAdmin, BasicAuth: true}, policies.Token{Name: "void", Role: policies.RoleAdmin})
	})
	f.Cleanup(h.close)
	encoded := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, s := range []string{
		"Bearer secret of viewer", "bearer  secret of admin ", "Bearer", "Bearer ", "Bearer \x00", "Basic", "Basic ", "Basic " + encoded("alice:open sesame"),
		"basic " + encoded("alice:open sesame"), "Basic " + encoded("alice"), "Basic " + encoded(":"), "Basic " + encoded("void:"), "Basic " + encoded("alice:"+string(hash)), "Digest x", "\xff", "Bearer secret of viewer, Basic x",
	} {
		f.Add(s)
	}
	next := anywhere()
	f.Fuzz(func(t *testing.T, value string) {
		somewhere := next()
		a := h.call("GET", list, "", somewhere, func(r *http.Request) { r.Header["Authorization"] = []string{value} })
		scheme, shown, _ := strings.Cut(value, " ")
		knows := slices.Contains([]string{"secret of viewer", "secret of responder", "secret of admin"}, strings.TrimSpace(shown)) && strings.EqualFold(scheme, "bearer")
		if decoded, err := base64.StdEncoding.DecodeString(shown); err == nil && string(decoded) == "alice:open sesame" && strings.EqualFold(scheme, "basic") {
			knows = true
		}
		if in := a.status == 200; in != knows || !in && a.status != 401 && a.status != 403 {
			t.Errorf("%q was answered %d", value, a.status)
		}
		if a.status == 403 && strings.TrimSpace(shown) != "secret of alerts" {
			t.Errorf("%q was taken for somebody", value)
		}
	})
}

// FuzzProxyHeader: whatever the headers hold, they give nobody what no list of the
// configuration gives him; from anywhere else they give nothing at all.
func FuzzProxyHeader(f *testing.F) {
	h := build(f, f.TempDir(), tokens, proxy)
	f.Cleanup(h.close)
	for _, s := range [][2]string{
		{"a-viewer", ""}, {"eve", "staff"}, {"eve", "chess,staff"}, {"", ""}, {"a-viewer,eve", ""}, {"@staff", "@staff"}, {" a-admin", "\x00"},
		{"anna@voorbeeld.example", "oncall,"}, {"\xff\u202e", "*"}, {"*", "*"}, {strings.Repeat("é", 70), ","}, {"a-viewer@", "a-viewer"}, {"\u2028", "staff"},
	} {
		f.Add(s[0], s[1])
	}
	next := anywhere()
	f.Fuzz(func(t *testing.T, user, groups string) {
		headers := func(r *http.Request) {
			r.Header["X-Person"] = []string{user}
			if groups != "" {
				r.Header["X-Groups"] = []string{groups}
			}
		}
		if a := h.call("GET", list, "", next(), headers); a.status != 401 {
			t.Errorf("%q of %q from elsewhere was answered %d", user, groups, a.status)
		}
		a := h.call("GET", list, "", from(throughProxy), headers)
		if a.status == http.StatusTooManyRequests {
			return
		}
		listed := slices.Contains([]string{"a-viewer", "a-responder", "a-admin"}, strings.TrimSpace(user))
		for g := range strings.SplitSeq(groups, ",") {
			listed = listed || slices.Contains([]string{"staff", "oncall"}, strings.TrimSpace(g))
		}
		if a.status == 200 && (!listed || strings.ContainsAny(user, ",") || strings.HasPrefix(strings.TrimSpace(user), "@")) || !slices.Contains([]int{200, 401, 403}, a.status) {
			t.Errorf("%q of %q was answered %d", user, groups, a.status)
		}
		if a.status != 403 {
			return
		}
		detail, _ := a.problem(t, 403)
		name, _, told := strings.Cut(strings.TrimPrefix(detail, "the proxy let "), " in, and access.proxy.roles ")
		if !told || name == "" || len([]rune(name)) > 60 || strings.ContainsFunc(name, func(r rune) bool { return r == '@' || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Errorf("%q is called %q", user, name)
		}
	})
}
