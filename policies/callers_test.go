package policies

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// callers loads the base files with another access block.
func callers(t *testing.T, access string) *Config {
	t.Helper()
	m := mistake{changes: []change{{"access:\n  tokens:\n    - {name: oncall, role: responder, token_file: token}\n", access}}}
	cfg, err := Load("sitrep.yml", readFrom(m.base(t)))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestWhoMayCall(t *testing.T) {
	cfg := callers(t, `access:
  tokens:
    - {name: desk, role: responder, token: abcd, may_send_to: [staff, it]}
    - {name: alice, role: admin, basic_auth: true}
    - {name: bob, role: viewer, token: efgh, basic_auth: false}
  proxy:
    user_header: X-Forwarded-Preferred-Username
    groups_header: X-Forwarded-Groups
    addresses: [10.1.2.3, 10.2.0.0/24, "2001:db8::/48", "::ffff:192.0.2.1"]
    certificate_names: [proxy.example.org]
    roles: {responder: ["@oncall", anna], viewer: ["*"]}
`)
	a := cfg.Access
	if got, want := fmt.Sprintf("%+v", a.Tokens), "[{Name:desk Role:responder Token:<secret> BasicAuth:false MaySendTo:[staff it]} {Name:alice Role:admin Token: BasicAuth:true MaySendTo:[]} {Name:bob Role:viewer Token:<secret> BasicAuth:false MaySendTo:[]}]"; got != want {
		t.Errorf("tokens\n%s, want\n%s", got, want)
	}
	if a.Tokens[1].MaySendTo != nil {
		t.Error("who has no may_send_to may send to nobody")
	}
	if got, want := fmt.Sprintf("%+v", *a.Proxy), "{UserHeader:X-Forwarded-Preferred-Username GroupsHeader:X-Forwarded-Groups Addresses:[10.1.2.3/32 10.2.0.0/24 2001:db8::/48 192.0.2.1/32] CertificateNames:[proxy.example.org] Roles:map[responder:[@oncall anna] viewer:[*]]}"; got != want {
		t.Errorf("proxy\n%s, want\n%s", got, want)
	}
	var notes []string
	for _, n := range cfg.Notes {
		if strings.Contains(n.Text, "--web.config.file") {
			notes = append(notes, fmt.Sprint(n.Line, ": ", n.Hint))
		}
	}
	if got := strings.Join(notes, "\n"); got != "86: its basic_auth_users must have the user alice\n92: its client_ca_file and client_auth_type: VerifyClientCertIfGiven (or RequireAndVerifyClientCert) must verify the certificate" {
		t.Errorf("the notes are\n%s", got)
	}
}

func TestAProxyNeedsNoTokens(t *testing.T) {
	a := callers(t, "access: {proxy: {user_header: X-User, addresses: [10.1.2.3], roles: {admin: [anna]}}}\n").Access
	if a == nil || a.Proxy == nil || len(a.Tokens) != 0 {
		t.Errorf("it is %+v", a)
	}
}

func TestTheHighestRoleThatFitsCounts(t *testing.T) {
	p := &Proxy{Roles: map[Role][]string{
		RoleAdmin: {"@chiefs", "root"}, RoleResponder: {"anna", "@oncall", "bob@example.org"}, RoleViewer: {"@staff", "anna", "@anna"},
	}}
	for _, c := range []struct {
		user   string
		groups []string
		want   Role
	}{
		{"anna", nil, RoleResponder},
		{"anna", []string{"staff"}, RoleResponder},
		{"anna", []string{"staff", "chiefs"}, RoleAdmin},
		{"eve", []string{"anna"}, RoleViewer},
		{"eve", []string{"staff", "oncall"}, RoleResponder},
		{"eve", []string{"root", "bob@example.org", "@oncall", "*", ""}, ""},
		{"bob@example.org", nil, RoleResponder},
		{"bob@example.com", nil, ""},
		{"bob", nil, ""},
		{"Anna", nil, ""},
		{"@oncall", nil, ""},
		{"oncall", nil, ""},
		{"*", nil, ""},
		{"", []string{""}, ""},
	} {
		if got := p.RoleOf(c.user, c.groups); got != c.want {
			t.Errorf("%q of %q is %q, want %q", c.user, c.groups, got, c.want)
		}
	}
	p.Roles[RoleViewer] = []string{"*"}
	if got := p.RoleOf("eve", nil); got != RoleViewer {
		t.Errorf("one of everybody is %q", got)
	}
	if got := (&Proxy{}).RoleOf("eve", []string{"oncall"}); got != "" {
		t.Errorf("without roles she is %q", got)
	}
}

// TestTheCommentsOfTheExampleMeanWhatTheySay: what stands there after a # is taken
// as it is.
func TestTheCommentsOfTheExampleMeanWhatTheySay(t *testing.T) {
	data, err := os.ReadFile("default/sitrep.yml")
	if err != nil {
		t.Fatal(err)
	}
	before, block, _ := strings.Cut(string(data), "\naccess:\n")
	block, after, _ := strings.Cut(block, "\n\n")
	text := before + "\naccess:\n" + regexp.MustCompile(`(?m)^( +)# `).ReplaceAllString(block, "$1") + "\n\n" + after
	cfg, err := Load("sitrep.yml", func(name string) ([]byte, error) {
		if name == "sitrep.yml" {
			return []byte(text), nil
		}
		if strings.HasSuffix(name, ".csv") {
			return []byte("name,email,phone,language\nJan,jan@voorbeeld.example,,\n"), nil
		}
		return []byte("secret"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := cfg.Access; len(a.Tokens) != 4 || !a.Tokens[3].BasicAuth || len(a.Tokens[2].MaySendTo) != 2 || a.Proxy == nil || len(a.Proxy.Roles) != 2 {
		t.Errorf("it is %+v", a)
	}
}
