package web_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sitrep/policies"
	"sitrep/router/web"
)

const list = "/api/v1/incidents"

// reads tries a token from somewhere, and returns what it is answered.
func (h *house) reads(addr, token string) int {
	h.t.Helper()
	return h.call("GET", list, "", from(addr), bearer(token)).status
}

// guesses shows n wrong tokens, each of which must be answered so.
func (h *house) guesses(addr string, n, want int) {
	h.t.Helper()
	for i := range n {
		if got := h.reads(addr, fmt.Sprint("guess ", i)); got != want {
			h.t.Fatalf("guess %d of %d from %s was answered %d, want %d", i+1, n, addr, got, want)
		}
	}
}

func TestWrongTokensAreLookedAtEverMoreSeldom(t *testing.T) {
	const here, there = "192.0.2.7:5", "192.0.2.8:5"
	var told refusals
	inside(t, func(t *testing.T, h *house) {
		h.guesses(here, 10, 401)
		a := h.call("GET", list, "", from(here), bearer("guess"))
		if detail, _ := a.problem(t, http.StatusTooManyRequests); !strings.Contains(detail, "too many wrong tokens") || a.header.Get("Retry-After") != "10" {
			t.Errorf("it was told %q, Retry-After %q", detail, a.header.Get("Retry-After"))
		}
		h.guesses(here, 100, 429)
		h.call("POST", "/api/v1/bounces", "x", from(here), bearer("guess")).problem(t, http.StatusTooManyRequests)
		// Not even the right one, of which nothing is known here.
		if got := h.reads(here, "secret of viewer"); got != 429 {
			t.Errorf("the right one was answered %d", got)
		}
		if got := h.reads("192.0.2.7:6", "secret of viewer"); got != 429 {
			t.Errorf("by another port it was answered %d", got)
		}
		if got := h.reads("[::ffff:192.0.2.7]:6", "secret of viewer"); got != 429 {
			t.Errorf("by the same address in IPv6 it was answered %d", got)
		}
		if got := h.reads(there, "secret of viewer"); got != 200 {
			t.Errorf("elsewhere it was answered %d", got)
		}
		if a := h.call("GET", "/-/ready", "", from(here)); a.status != 200 {
			t.Errorf("what needs no token was answered %d", a.status)
		}
		if a := h.call("GET", list, "", from(here)); a.status != 401 { // that is no guess
			t.Errorf("no token at all was answered %d", a.status)
		}
		time.Sleep(9 * time.Second)
		h.guesses(here, 1, 429)
		time.Sleep(time.Second)
		h.guesses(here, 1, 401)
		h.guesses(here, 1, 429)
		time.Sleep(10 * time.Second)
		for range 50 { // what is right costs nothing
			if got := h.reads(here, "secret of viewer"); got != 200 {
				t.Fatalf("after ten seconds the right one was answered %d", got)
			}
		}
		h.guesses(here, 1, 401)
		time.Sleep(time.Hour)
		h.guesses(here, 10, 401)
		h.guesses(here, 1, 429)
		if got, want := told.take(), "[no_login:1 too_many_wrong:108 wrong_login:22]"; got != want {
			t.Errorf("the watch was told %s, want %s", got, want)
		}
	}, tokens, told.watch)
}

func TestANetworkOfIPv6IsOneSource(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		for i := range 10 {
			h.guesses(fmt.Sprintf("[2001:db8:0:1::%x]:5", i+1), 1, 401)
		}
		h.guesses("[2001:db8:0:1:ffff::]:5", 1, 429)
		h.guesses("[2001:db8:0:2::1]:5", 1, 401)
		for range 10 {
			h.guesses("[fe80::1%eth0]:5", 1, 401)
		}
		h.guesses("[fe80::2%eth1]:5", 1, 429)
		for range 5 { // whatever has no address is one
			h.guesses("@", 1, 401)
			h.guesses("vm(3):5", 1, 401)
		}
		h.guesses("", 1, 429)
	}, tokens)
}

// TestWhoWasRightIsNotShutOut: a program with a wrong token beside the person on
// call, and what that is no use for.
func TestWhoWasRightIsNotShutOut(t *testing.T) {
	const desk, other = "192.0.2.7:5", "192.0.2.8:5"
	file := filepath.Join(t.TempDir(), "token")
	write := func(s string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	inside(t, func(t *testing.T, h *house) {
		limited := func(addr string) {
			t.Helper()
			for range 12 {
				h.reads(addr, "guess")
			}
			h.guesses(addr, 1, 429)
		}
		if got := h.reads(desk, "secret of viewer") + h.reads(desk, "one"); got != 400 {
			t.Fatal("they are not right")
		}
		limited(desk)
		limited(other)
		if got := h.reads(desk, "secret of viewer"); got != 200 {
			t.Errorf("what was right here was answered %d", got)
		}
		if got := h.reads(desk, "secret of responder"); got != 429 {
			t.Errorf("what was never shown here was answered %d", got)
		}
		if got := h.reads(other, "secret of viewer"); got != 429 {
			t.Errorf("what was right somewhere else was answered %d", got)
		}
		// What was right and is not any more is a guess like any other.
		write("two")
		time.Sleep(1100 * time.Millisecond)
		if got := h.reads(desk, "one"); got != 401 {
			t.Errorf("a token that was changed was answered %d", got)
		}
		if got := h.reads(desk, "one"); got != 429 {
			t.Errorf("the second time it was answered %d", got)
		}
		time.Sleep(23 * time.Hour)
		limited(desk)
		if got := h.reads(desk, "secret of viewer"); got != 200 {
			t.Errorf("within a day it was answered %d", got)
		}
		time.Sleep(24*time.Hour + time.Second)
		limited(desk)
		if got := h.reads(desk, "secret of viewer"); got != 429 {
			t.Errorf("after a day it was answered %d", got)
		}
	}, tokens, func(o *web.Options) {
		o.Access.Tokens = append(o.Access.Tokens, policies.Token{Name: "file", Role: policies.RoleViewer, Token: policies.Secret{File: file}})
	})
}

// TestAlertmanagerIsNeverToldToWait: it would take that for the end of it. And its
// wrong token takes nothing from the people beside it.
func TestAlertmanagerIsNeverToldToWait(t *testing.T) {
	const here = "192.0.2.7:5"
	inside(t, func(t *testing.T, h *house) {
		post := func(token string) int {
			t.Helper()
			return h.call("POST", hookPath, webhook(), from(here), bearer(token)).status
		}
		for range 200 {
			if got := post("guess"); got != 401 {
				t.Fatalf("a wrong token was answered %d", got)
			}
		}
		if got := post("secret of alerts"); got != 202 {
			t.Errorf("the right one was answered %d", got)
		}
		// By the answers to webhooks nobody finds out what may do more.
		for _, token := range []string{"secret of viewer", "secret of responder", "secret of admin"} {
			if got := post(token); got != 401 {
				t.Errorf("%s was answered %d", token, got)
			}
		}
		h.guesses(here, 10, 401)
		h.guesses(here, 1, 429)
		if got := post("secret of alerts"); got != 202 {
			t.Errorf("when people had to wait, the right one was answered %d", got)
		}
		time.Sleep(10 * time.Second)
		if got := post("secret of viewer"); got != 403 {
			t.Errorf("a reader's token was answered %d", got)
		}
		if got := post("secret of admin"); got != 202 {
			t.Errorf("an admin's token was answered %d", got)
		}
		post("guess")
		if got := post("secret of admin"); got != 202 {
			t.Errorf("what was right here was answered %d", got)
		}
	}, tokens)
}

// TestTheOldestSourceIsForgotten: the memory has a bound, and who guesses cannot
// push out of it who was right.
func TestTheOldestSourceIsForgotten(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		const first = "192.0.2.7:5"
		if got := h.reads(first, "secret of viewer"); got != 200 {
			t.Fatal(got)
		}
		h.guesses(first, 10, 401)
		h.guesses(first, 1, 429)
		for i := range 4096 {
			h.guesses(fmt.Sprintf("10.%d.%d.1:5", i/256, i%256), 1, 401)
		}
		h.guesses(first, 10, 401)
		if got := h.reads(first, "secret of responder") + h.reads(first, "secret of viewer"); got != 429+200 {
			t.Errorf("what was never shown and what was right are answered %d together", got)
		}
	}, tokens)
}

func TestFailedLoginsAreLoggedOnceAMinute(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		lines := func(when, want string) {
			t.Helper()
			var got []string
			for line := range strings.Lines(h.log.got()) {
				_, line, _ = strings.Cut(line, " level=")
				got = append(got, strings.TrimSpace(line))
			}
			if all := strings.Join(got, "; "); all != want {
				t.Errorf("%s the log says\n%s, want\n%s", when, all, want)
			}
		}
		guess := func(n int, addr string) {
			for range n {
				h.reads(addr, "sesame")
			}
		}
		guess(15, "192.0.2.7:5")
		lines("at once", `WARN msg="logins failed" count=1 source=192.0.2.7`)
		time.Sleep(30 * time.Second)
		guess(20, "192.0.2.7:6")
		guess(1, "[2001:db8::1]:5")
		lines("within the minute", `WARN msg="logins failed" count=1 source=2001:db8::/64`)
		time.Sleep(31 * time.Second)
		lines("after it", `WARN msg="logins failed" count=34 source=192.0.2.7`)
		guess(1, "192.0.2.7:5")
		lines("soon after", "")
		time.Sleep(time.Minute)
		lines("with the next", `WARN msg="logins failed" count=1 source=192.0.2.7`)
		time.Sleep(10 * time.Minute)
		lines("when it is over", "")
		guess(1, "192.0.2.7:5")
		lines("when it begins again", `WARN msg="logins failed" count=1 source=192.0.2.7`)

		for range 100 {
			h.call("POST", hookPath, webhook(), from("192.0.2.9:5"), bearer("sesame"))
			h.call("POST", hookPath, webhook(), from("192.0.2.9:5"))
		}
		const lost = `ERROR msg="a webhook was refused; Alertmanager does not retry it, and comes again with the group's next notification at the earliest" `
		lines("of webhooks", lost+`count=1 source=192.0.2.9 reason="the token is not known" status=401; `+
			lost+`count=1 source=192.0.2.9 reason="no bearer token; send the header Authorization: Bearer <token>" status=401`)
		time.Sleep(61 * time.Second)
		if log := h.log.got(); strings.Count(log, "count=99") != 2 || strings.Count(log, "\n") != 2 || strings.Contains(log, "sesame") {
			t.Errorf("of webhooks, after a minute, the log says %s", log)
		}
	}, tokens)
}

// TestTheLogIsNoPlaceToFill: thousands of sources are a line each, and the rest of
// them one.
func TestTheLogIsNoPlaceToFill(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		for i := range 5000 {
			h.guesses(fmt.Sprintf("10.%d.%d.1:5", i/256, i%256), 1, 401)
		}
		if log := h.log.got(); strings.Count(log, "\n") != 4097 || !strings.Contains(log, "count=1 source=many") {
			t.Errorf("there are %d lines", strings.Count(log, "\n"))
		}
		time.Sleep(61 * time.Second)
		if log := h.log.got(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "count=903 source=many") {
			t.Errorf("after a minute the log says %s", log)
		}
	}, tokens)
}

func TestOneCallerCannotTakeWhatAllNeed(t *testing.T) {
	var told refusals
	inside(t, func(t *testing.T, h *house) {
		many := func(n int, change ...func(*http.Request)) (in int) {
			t.Helper()
			for range n {
				a := h.call("GET", list, "", change...)
				if a.status == 200 {
					in++
					continue
				}
				detail, _ := a.problem(t, http.StatusTooManyRequests)
				if !strings.Contains(detail, "sends more than 50 requests a second") || a.header.Get("Retry-After") != "1" {
					t.Errorf("it was told %q, Retry-After %q", detail, a.header.Get("Retry-After"))
				}
			}
			return in
		}
		is := func(what string, got, want int) {
			t.Helper()
			if got != want {
				t.Errorf("%s: %d were answered, want %d", what, got, want)
			}
		}
		viewer := bearer("secret of viewer")
		is("at once", many(150, viewer), 100)
		is("from elsewhere with the same token", many(1, viewer, from("192.0.2.8:5")), 0)
		is("with another token", many(150, bearer("secret of responder")), 100)
		is("with a password", many(150, basic("user-viewer", "password of viewer")), 100)
		is("by the proxy", many(150, from("10.1.2.3:5"), header("X-Person", "a-viewer")), 100)
		is("another by the proxy", many(150, from("10.1.2.3:5"), header("X-Person", "viewer"), header("X-Groups", "staff")), 100)
		time.Sleep(time.Second)
		is("after a second", many(150, viewer), 50)
		time.Sleep(time.Minute)
		is("after a rest", many(150, viewer), 100)
		for range 300 {
			for path, want := range map[string]int{"/-/healthy": 200, "/-/ready": 200, "/metrics": 200} {
				if a := h.call("GET", path, "", viewer); a.status != want {
					t.Fatalf("%s was answered %d", path, a.status)
				}
			}
			for _, token := range []string{"secret of alerts", "secret of admin"} {
				if a := h.call("POST", hookPath, webhook(), bearer(token)); a.status != 202 {
					t.Fatalf("a webhook was answered %d", a.status)
				}
			}
		}
		is("after webhooks with the same token", many(150, bearer("secret of admin")), 100)
		if got := told.take(); got != "[too_fast:451]" {
			t.Errorf("the watch was told %s", got)
		}
		if log := h.log.got(); strings.Count(log, "a caller sends too many requests") != 12 || !strings.Contains(log, "caller=the-viewer") {
			t.Errorf("the log says %s", log)
		}
	}, tokens, users(t), proxy, metrics, told.watch)
	inside(t, func(t *testing.T, h *house) {
		for range 100 {
			h.must(200, "GET", list, "")
		}
		h.must(429, "GET", list, "")
		h.must(202, "POST", hookPath, webhook())
	})
}
