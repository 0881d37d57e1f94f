package policies

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// access reads who may call the API. A block that names nobody would let nobody
// in, which is not what its author meant.
func (l *loader) access(v value) {
	o, ok := l.object(v, "tokens", "proxy")
	if !ok {
		return
	}
	a := &Access{}
	if o.has("proxy") {
		a.Proxy = l.proxy(o.get("proxy"))
	}
	tokens, hint := o.get("tokens"), "add a token, or remove the key: people then come in by the proxy only"
	if !o.has("proxy") {
		hint = "add a token, or remove the block: the API then answers on loopback addresses only"
		tokens = o.need("tokens", hint)
	}
	seen := map[string]place{}
	for _, item := range l.someOf(tokens, hint) {
		if t, ok := l.token(item, seen); ok {
			a.Tokens = append(a.Tokens, t)
		}
	}
	l.cfg.Access = a
}

// token reads a bearer token, or a user who comes with a password.
func (l *loader) token(v value, seen map[string]place) (t Token, ok bool) {
	o, ok := l.object(v, "name", "role", "token", "token_file", "basic_auth", "may_send_to")
	if !ok {
		return t, false
	}
	t.Name, _ = l.named(o.need("name", "give the token a name"), "tokens", seen)
	role, known := l.oneOf(o.need("role", "known here: alerts, viewer, responder, admin"), "role",
		[]string{string(RoleAlerts), string(RoleViewer), string(RoleResponder), string(RoleAdmin)})
	t.Role = Role(role)
	basic := o.get("basic_auth")
	t.BasicAuth = l.boolean(basic, false)
	if t.BasicAuth && (o.has("token") || o.has("token_file")) {
		l.fail(basic.key, "keep one: the password of a user is in the file of --web.config.file", "both %q and a token are set", "basic_auth")
	}
	if t.BasicAuth {
		l.beyond(basic.key, "its basic_auth_users must have the user "+t.Name)
	}
	t.Token = l.secret(o, "token", !t.BasicAuth)
	t.MaySendTo = l.allOf(o.get("may_send_to"), "audience", keysOf(l.audiences))
	if o.has("may_send_to") && known && t.Role != RoleResponder && t.Role != RoleAdmin {
		l.fail(o.get("may_send_to").key, "remove it, or make the role responder", "the role %q sends nothing", t.Role)
	}
	return t, true
}

// beyond notes what lies in the file of --web.config.file, which only a start
// knows.
func (l *loader) beyond(at place, what string) {
	l.note(at, what, "this needs serve --web.config.file; that file is not looked at here")
}

const roleHint = `write roles: {responder: [anna, "@oncall"], viewer: ["*"]}; "@" is a group, "*" everybody whom the proxy lets in`

// proxy reads whose word counts for who somebody is. It is never nil, so that one
// with a mistake in it still counts as there.
func (l *loader) proxy(v value) *Proxy {
	p := &Proxy{Roles: map[Role][]string{}}
	o, ok := l.object(v, "user_header", "groups_header", "addresses", "certificate_names", "roles")
	if !ok {
		return p
	}
	p.UserHeader = l.headerName(o.need("user_header", "name the header that says whom the proxy let in, such as X-Forwarded-Preferred-Username"))
	p.GroupsHeader = l.headerName(o.get("groups_header"))
	if p.GroupsHeader != "" && strings.EqualFold(p.GroupsHeader, p.UserHeader) {
		l.fail(o.get("groups_header").at, "name another header, or remove the key", "%q is \"user_header\" too", "groups_header")
	}
	if !o.has("addresses") && !o.has("certificate_names") {
		l.fail(o.at, "anybody could send the header: write addresses: [10.1.2.3], or certificate_names: [proxy.example.org]", "neither %q nor %q says which is the proxy", "addresses", "certificate_names")
	}
	for _, item := range l.someOf(o.get("addresses"), "name the addresses from which the proxy calls, or remove the key") {
		if a, ok := l.network(item); ok {
			p.Addresses = append(p.Addresses, a)
		}
	}
	for _, item := range l.someOf(o.get("certificate_names"), "name the proxy's client certificate, or remove the key") {
		if name, ok := l.certificateName(item); ok {
			p.CertificateNames = append(p.CertificateNames, name)
		}
	}
	if o.has("certificate_names") {
		l.beyond(o.get("certificate_names").key, "its client_ca_file and client_auth_type: VerifyClientCertIfGiven (or RequireAndVerifyClientCert) must verify the certificate")
	}
	l.proxyRoles(p, o.need("roles", roleHint), o.has("groups_header"))
	return p
}

// proxyRoles reads who gets which role; groups says whether the proxy names any.
func (l *loader) proxyRoles(p *Proxy, v value, groups bool) {
	o, ok := l.object(v, string(RoleViewer), string(RoleResponder), string(RoleAdmin))
	if ok && len(o.fields) == 0 {
		l.fail(v.at, roleHint, "%q gives nobody a role", v.name())
	}
	for name, field := range o.fields {
		for _, item := range l.someOf(field, roleHint) {
			if who, ok := l.proxied(item, groups); ok {
				p.Roles[Role(name)] = append(p.Roles[Role(name)], who)
			}
		}
	}
}

// proxied returns who gets a role. No problem names him: he may be an address.
func (l *loader) proxied(v value, groups bool) (string, bool) {
	who, ok := l.text(v)
	if !ok {
		return "", false
	}
	group, isGroup := cutGroup(who)
	switch {
	case isGroup && strings.TrimSpace(group) == "":
		l.fail(v.at, roleHint, "there is no group after the %q", "@")
	case strings.Contains(who, ","):
		l.fail(v.at, "write each as an entry of its own", "a user or group has no comma in it")
	case isGroup && !groups:
		l.fail(v.at, "add groups_header: X-Forwarded-Groups, or what the proxy calls it", "the proxy names no groups: %q is not set", "groups_header")
	default:
		return who, true
	}
	return "", false
}

var headerPattern = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// spoken are headers that mean something else, or that anybody may set through a
// proxy.
var spoken = []string{"authorization", "cookie", "host", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "origin", "user-agent", "referer", "via"}

// headerName returns the name of a header that only the proxy sets.
func (l *loader) headerName(v value) string {
	s, ok := l.text(v)
	if !ok {
		return ""
	}
	switch {
	case !headerPattern.MatchString(s):
		l.fail(v.at, "write its name alone, such as X-Forwarded-Preferred-Username", "%q is no name of a header", v.name())
	case slices.Contains(spoken, strings.ToLower(s)):
		l.fail(v.at, "name a header that the proxy sets itself, and takes away from what callers send", "the header %q does not say whom a proxy let in", s)
	default:
		return s
	}
	return ""
}

// network returns an address, or a network written as address/bits.
func (l *loader) network(v value) (netip.Prefix, bool) {
	s, ok := l.text(v)
	if !ok {
		return netip.Prefix{}, false
	}
	const hint = "write an address such as 10.1.2.3, or a network such as 10.2.0.0/24"
	var n netip.Prefix
	var err error
	zoned := false
	if strings.Contains(s, "/") {
		n, err = netip.ParsePrefix(s)
	} else {
		var a netip.Addr
		a, err = netip.ParseAddr(s)
		zoned = a.Zone() != "" // a prefix would lose it
		a = a.Unmap()
		n = netip.PrefixFrom(a, a.BitLen())
	}
	switch {
	case err != nil || zoned || n.Addr().Is4In6():
		l.fail(v.at, hint, "%q is neither an address nor a network", s)
	case n.Bits() == 0:
		l.fail(v.at, "anybody could send the header; "+hint, "%q is every address", s)
	case n != n.Masked():
		l.fail(v.at, "write "+n.Masked().String()+", or the address alone", "%q is no network: its address goes on after the first %d bits", s, n.Bits())
	default:
		return n, true
	}
	return n, false
}

// certificateName returns a name as it must stand in the certificate.
func (l *loader) certificateName(v value) (string, bool) {
	s, ok := l.text(v)
	if ok && strings.Contains(s, "*") {
		l.fail(v.at, "write the whole name, as the certificate has it", "a %q stands for nothing in %q", "*", "certificate_names")
		return "", false
	}
	return s, ok
}

func (l *loader) watchdogs(v value) {
	for _, item := range l.list(v) {
		o, ok := l.object(item, "matchers", "absent_for")
		if !ok {
			continue
		}
		w := Watchdog{Matchers: l.matchers(o.need("matchers", `write matchers: ['alertname="Watchdog"']`))}
		w.AbsentFor, _ = l.duration(o.need("absent_for", "write how long it may be absent, such as 15m"), false)
		l.cfg.Watchdogs = append(l.cfg.Watchdogs, w)
	}
}
