package web_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sitrep/policies"
	"sitrep/router/web"
)

// add adds one more of a header.
func add(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(name)] = append(r.Header.Values(name), value) }
}

const throughProxy = "10.1.2.3:40000"

func TestWhoComesByTheProxy(t *testing.T) {
	const noLogin, unclear = "no bearer token; send the header Authorization: Bearer <token>, or come by the proxy", "it must set the header itself, and take away what callers send"
	person := func(name string) func(*http.Request) { return add("X-Person", name) }
	groups := func(names string) func(*http.Request) { return add("X-Groups", names) }
	cases := []struct {
		name   string
		from   string
		change []func(*http.Request)
		status int // of a read
		says   string
	}{
		{"a reader", throughProxy, []func(*http.Request){person("a-viewer")}, 200, ""},
		{"a reader, from the proxy's network", "[2001:db8:1:7::9]:5", []func(*http.Request){person("a-viewer")}, 200, ""},
		{"a reader, from the proxy's address written as IPv6", "[::ffff:10.1.2.3]:5", []func(*http.Request){person("a-viewer")}, 200, ""},
		{"by a group", throughProxy, []func(*http.Request){person("eve"), groups("staff")}, 200, ""},
		{"by one of several groups", throughProxy, []func(*http.Request){person("eve"), groups("chess, staff,,tea")}, 200, ""},
		{"by blanks around the name", throughProxy, []func(*http.Request){person(" a-viewer ")}, 200, ""},
		{"a token wins", throughProxy, []func(*http.Request){person("nobody"), bearer("secret of viewer")}, 200, ""},
		{"a token wins from anywhere", "192.0.2.7:5", []func(*http.Request){person("nobody"), bearer("secret of viewer")}, 200, ""},
		{"a password wins", throughProxy, []func(*http.Request){person("nobody"), basic("user-viewer", "password of viewer")}, 200, ""},
		{"the proxy's own password is not looked at", throughProxy, []func(*http.Request){person("a-viewer"), basic("proxy", "x")}, 200, ""},

		{"nobody", throughProxy, nil, 401, noLogin},
		{"no group and no name that is known", throughProxy, []func(*http.Request){person("eve")}, 403, "the proxy let eve in, and access.proxy.roles has no role for that user or a group of it"},
		{"a group of another name", throughProxy, []func(*http.Request){person("eve"), groups("staff2")}, 403, "the proxy let eve in"},
		{"a group that is a user", throughProxy, []func(*http.Request){person("eve"), groups("a-viewer")}, 403, "the proxy let eve in"},
		{"a name that is a group", throughProxy, []func(*http.Request){person("staff")}, 403, "the proxy let staff in"},
		{"a name that is written as a group", throughProxy, []func(*http.Request){person("@staff")}, 401, unclear},
		{"a name in another case", throughProxy, []func(*http.Request){person("A-Viewer")}, 403, "the proxy let A-Viewer in"},
		{"the name of another domain", throughProxy, []func(*http.Request){person("a-viewer@partner.example")}, 403, "the proxy let a-viewer in"},
		{"two names", throughProxy, []func(*http.Request){person("a-viewer"), person("a-admin")}, 401, unclear},
		{"twice the same", throughProxy, []func(*http.Request){person("a-viewer"), person("a-viewer")}, 401, unclear},
		{"an empty one and a name", throughProxy, []func(*http.Request){person(""), person("a-viewer")}, 401, unclear},
		{"two in one", throughProxy, []func(*http.Request){person("a-viewer, a-admin")}, 401, unclear},
		{"an empty one", throughProxy, []func(*http.Request){person("")}, 401, unclear},
		{"blanks", throughProxy, []func(*http.Request){person(" \t")}, 401, unclear},
		{"nothing that can be seen", throughProxy, []func(*http.Request){person("\u202e\u200b")}, 401, unclear},
		{"bytes that are no text", throughProxy, []func(*http.Request){person("\xff\xfe")}, 401, unclear},
		{"groups twice", throughProxy, []func(*http.Request){person("eve"), groups("chess"), groups("staff")}, 401, "it must set the header itself"},
		{"a wrong token is not mended by the proxy", throughProxy, []func(*http.Request){person("a-viewer"), bearer("sesame")}, 401, "the token is not known"},
		{"a user's wrong password is not mended by the proxy", throughProxy, []func(*http.Request){person("a-viewer"), basic("user-viewer", "x")}, 401, "no user of access.tokens"},

		{"somebody else", "192.0.2.7:5", []func(*http.Request){person("a-admin"), groups("oncall")}, 401, noLogin},
		{"the address beside the proxy's", "10.1.2.4:5", []func(*http.Request){person("a-admin")}, 401, noLogin},
		{"the network beside the proxy's", "[2001:db8:2::1]:5", []func(*http.Request){person("a-admin")}, 401, noLogin},
		{"this machine", "127.0.0.1:5", []func(*http.Request){person("a-admin")}, 401, noLogin},
		{"a socket file", "@", []func(*http.Request){person("a-admin")}, 401, noLogin},
		{"who says that he is behind the proxy", "192.0.2.7:5", []func(*http.Request){person("a-admin"), add("X-Forwarded-For", "10.1.2.3"), add("Forwarded", "for=10.1.2.3"), add("X-Real-Ip", "10.1.2.3")}, 401, noLogin},
		{"who says it twice", "192.0.2.7:5", []func(*http.Request){person("a-admin"), person("a-admin")}, 401, noLogin},
		{"groups alone", "192.0.2.7:5", []func(*http.Request){groups("oncall")}, 401, noLogin},
	}
	inside(t, func(t *testing.T, h *house) {
		for _, c := range cases {
			for _, e := range endpoints {
				if e.needs != policies.RoleViewer || strings.Contains(e.path, "SR-1") {
					continue
				}
				a := h.call(e.method, e.path, e.body, append([]func(*http.Request){from(c.from)}, c.change...)...)
				if c.status == 200 {
					if a.status != 200 {
						t.Errorf("%s, %s: answered %d %s", c.name, e.path, a.status, a.body)
					}
					continue
				}
				if detail, _ := a.problem(t, c.status); !strings.Contains(detail, c.says) {
					t.Errorf("%s, %s: was told %q, want %q", c.name, e.path, detail, c.says)
				}
			}
		}
	}, tokens, whole, users(t), proxy)
}

// TestAHeaderFromSomebodyElseIsSaidOnceAMinute: whoever sends it.
func TestAHeaderFromSomebodyElseIsSaidOnceAMinute(t *testing.T) {
	var told refusals
	inside(t, func(t *testing.T, h *house) {
		for i := range 200 {
			h.call("GET", list, "", from(fmt.Sprintf("192.0.2.%d:5", i)), add("X-Person", "a-admin")).problem(t, 401)
		}
		const says = `msg="somebody who is not the proxy of access.proxy sent its header, which was ignored"`
		if log := h.log.got(); strings.Count(log, says+" count=1") != 1 || strings.Count(log, "\n") != 1 || strings.Contains(log, "a-admin") {
			t.Errorf("at once the log says %s", log)
		}
		time.Sleep(61 * time.Second)
		if log := h.log.got(); strings.Count(log, says+" count=199") != 1 || strings.Count(log, "\n") != 1 {
			t.Errorf("after a minute the log says %s", log)
		}
		if got := told.take(); got != "[no_login:200]" {
			t.Errorf("the watch was told %s", got)
		}
	}, tokens, proxy, told.watch)
}

func TestTheProxysCertificateCounts(t *testing.T) {
	verified := func(c *x509.Certificate) *tls.ConnectionState {
		return &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}, VerifiedChains: [][]*x509.Certificate{{c, {Subject: pkix.Name{CommonName: "proxy.example.org"}}}}}
	}
	right := &x509.Certificate{DNSNames: []string{"other.example.org", "Proxy.example.org"}}
	cases := []struct {
		name string
		tls  *tls.ConnectionState
		in   bool
	}{
		{"a DNS name", verified(right), true},
		{"the common name", verified(&x509.Certificate{Subject: pkix.Name{CommonName: "proxy.example.org"}}), true},
		{"a name whose authority alone is called so", verified(&x509.Certificate{DNSNames: []string{"evil.example.org"}}), false},
		{"a name that ends so", verified(&x509.Certificate{DNSNames: []string{"my-proxy.example.org", "proxy.example.org.evil.example"}}), false},
		{"any name of the domain", verified(&x509.Certificate{DNSNames: []string{"*.example.org"}}), false},
		{"no name", verified(&x509.Certificate{}), false},
		{"a certificate that nobody verified", &tls.ConnectionState{PeerCertificates: []*x509.Certificate{right}}, false},
		{"no certificate", &tls.ConnectionState{}, false},
		{"no TLS", nil, false},
	}
	for addresses, here := range map[string]bool{"": true, "192.0.2.7/32": true, "192.0.2.8/32": false} {
		inside(t, func(t *testing.T, h *house) {
			for _, c := range cases {
				a := h.call("GET", list, "", from("192.0.2.7:5"), add("X-Person", "a-viewer"), func(r *http.Request) { r.TLS = c.tls })
				if want := map[bool]int{true: 200, false: 401}[c.in && here]; a.status != want {
					t.Errorf("%s, addresses %q: answered %d", c.name, addresses, a.status)
				}
			}
		}, tokens, proxy, func(o *web.Options) {
			o.Access.Proxy.CertificateNames = []string{"proxy.example.org"}
			o.Access.Proxy.Addresses = nil
			if addresses != "" {
				o.Access.Proxy.Addresses = append(o.Access.Proxy.Addresses, netip.MustParsePrefix(addresses))
			}
		})
	}
}

// TestAProxyThatIsNotToldFromOthersIsNobody: whatever made the configuration.
func TestAProxyThatIsNotToldFromOthersIsNobody(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.call("GET", list, "", from(throughProxy), add("X-Person", "a-admin")).problem(t, 401)
	}, tokens, proxy, func(o *web.Options) { o.Access.Proxy.Addresses = nil })
}

// TestAPersonsAddressStaysOutOfFacts: what stands before the @ is his name.
func TestAPersonsAddressStaysOutOfFacts(t *testing.T) {
	for user, want := range map[string]string{
		"anna":                          "anna",
		"anna@voorbeeld.example":        "anna",
		"Anna\tvan  Dam@x@y.example":    "Anna van Dam",
		"an\u202ena\u0007":              "anna",
		strings.Repeat("é", 70):         strings.Repeat("é", 60),
		strings.Repeat("x", 59) + " yy": strings.Repeat("x", 59),
	} {
		inside(t, func(t *testing.T, h *house) {
			h.bearer = "secret of admin"
			h.opens()
			h.bearer = ""
			by := []func(*http.Request){from(throughProxy), add("X-Person", user)}
			a := h.call("POST", "/api/v1/incidents/SR-1/updates", `{"text":"we look at it"}`, by...)
			if a.status != 200 {
				t.Fatalf("%q was answered %d %s", user, a.status, a.body)
			}
			var in struct {
				Timeline []struct{ Fact, By, Text string }
			}
			a = h.call("GET", "/api/v1/incidents/SR-1", "", by...)
			a.into(t, &in)
			said := false
			for _, f := range in.Timeline {
				said = said || f.Fact == "words_said" && f.By == want
			}
			if !said || strings.Contains(a.body+h.log.got(), "voorbeeld.example") {
				t.Errorf("%q: %s", user, a.body)
			}
		}, tokens, proxy, func(o *web.Options) { o.Access.Proxy.Roles["responder"] = []string{"*"} })
	}
}

// TestAPageElsewhereCannotAct: what a browser shows by itself, it shows whichever
// page makes it call.
func TestAPageElsewhereCannotAct(t *testing.T) {
	const own, elsewhere = "https://sitrep.voorbeeld.example", "https://evil.example"
	site := func(s string) func(*http.Request) { return header("Sec-Fetch-Site", s) }
	origin := func(s string) func(*http.Request) { return header("Origin", s) }
	cases := []struct {
		name   string
		change []func(*http.Request)
		acts   bool
	}{
		{"no browser", nil, true},
		{"its own page", []func(*http.Request){site("same-origin"), origin(own)}, true},
		{"its own page, behind a proxy that changes the host", []func(*http.Request){origin(own)}, true},
		{"an old browser's own page", []func(*http.Request){origin("http://localhost:8420")}, true},
		{"the address bar", []func(*http.Request){site("none")}, true},
		{"a page elsewhere", []func(*http.Request){site("cross-site"), origin(elsewhere)}, false},
		{"a page elsewhere, without saying which", []func(*http.Request){site("cross-site")}, false},
		{"a page of a neighbour", []func(*http.Request){site("same-site"), origin("https://shop.voorbeeld.example")}, false},
		{"an old browser's page elsewhere", []func(*http.Request){origin(elsewhere)}, false},
		{"another port", []func(*http.Request){origin(own + ":8443")}, false},
		{"without encryption", []func(*http.Request){origin("http://sitrep.voorbeeld.example")}, false},
		{"a name that begins so", []func(*http.Request){origin(own + ".evil.example")}, false},
		{"a page that hides where it is from", []func(*http.Request){origin("null")}, false},
		{"nonsense", []func(*http.Request){site("yes"), origin("%")}, false},
	}
	logins := map[string][]func(*http.Request){
		"by the proxy":    {from(throughProxy), add("X-Person", "a-admin")},
		"with a password": {basic("user-admin", "password of admin")},
		"with a token":    {bearer("secret of admin")},
	}
	var told refusals
	for name, login := range logins {
		inside(t, func(t *testing.T, h *house) {
			h.bearer = "secret of admin"
			h.opens()
			h.bearer = ""
			for _, c := range cases {
				for _, e := range endpoints {
					a := h.call(e.method, e.path, e.body, append(append([]func(*http.Request){}, login...), c.change...)...)
					if e.method == "GET" || e.needs == "" || c.acts || name == "with a token" { // which no page elsewhere has
						if a.status != e.answers && a.status != http.StatusConflict {
							t.Errorf("%s, %s, %s %s: %d %s", c.name, name, e.method, e.path, a.status, a.body)
						}
						continue
					}
					if detail, _ := a.problem(t, http.StatusForbidden); !strings.Contains(detail, "a page of another site made this request") {
						t.Errorf("%s, %s, %s %s was told %q", c.name, name, e.method, e.path, detail)
					}
				}
				time.Sleep(time.Second)
			}
			if log := h.log.got(); name != "with a token" && !strings.Contains(log, "a page of another site made a browser call; nothing was done") {
				t.Errorf("the log says %s", log)
			}
		}, tokens, whole, users(t), proxy, told.watch, func(o *web.Options) { o.ExternalURL = "https://SITREP.voorbeeld.example:443/sitrep" })
	}
	if got, want := told.take(), fmt.Sprintf("[other_site:%d]", 18*changing()); got != want {
		t.Errorf("the watch was told %s, want %s", got, want)
	}
}
