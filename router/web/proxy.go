package web

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"sitrep/policies"
)

// maxPerson is how many characters of a person's name facts have room for.
const maxPerson = 60

// proxied returns whom the proxy let in. through is false where it let in nobody,
// or the request does not come by it: what stands in the header then counts for
// nothing.
func (d *door) proxied(r *http.Request) (who caller, no *refusal, through bool) {
	p := d.access.Proxy
	if p == nil {
		return caller{}, nil, false
	}
	users := r.Header.Values(p.UserHeader)
	if len(users) == 0 {
		return caller{}, nil, false
	}
	if !fromProxy(p, r) {
		d.tally.add(matter{level: slog.LevelWarn, text: "somebody who is not the proxy of access.proxy sent its header, which was ignored"})
		return caller{}, nil, false
	}
	var groups []string
	if p.GroupsHeader != "" {
		groups = r.Header.Values(p.GroupsHeader)
	}
	who, no = letIn(p, users, groups)
	return who, no, true
}

// fromProxy reports whether a request comes from the proxy. Who is at the other
// end of the connection counts, never what a header says of others behind him.
func fromProxy(p *policies.Proxy, r *http.Request) bool {
	if len(p.Addresses) == 0 && len(p.CertificateNames) == 0 {
		return false
	}
	from := addressOf(r.RemoteAddr)
	if len(p.Addresses) > 0 && !slices.ContainsFunc(p.Addresses, func(n netip.Prefix) bool { return n.Contains(from) }) {
		return false
	}
	return len(p.CertificateNames) == 0 || shows(r.TLS, p.CertificateNames)
}

// shows reports whether a connection showed a certificate with one of the names,
// and it was verified.
func shows(c *tls.ConnectionState, names []string) bool {
	if c == nil || len(c.VerifiedChains) == 0 || len(c.VerifiedChains[0]) == 0 {
		return false
	}
	leaf := c.VerifiedChains[0][0]
	return slices.ContainsFunc(append([]string{leaf.Subject.CommonName}, leaf.DNSNames...), func(has string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return n != "" && strings.EqualFold(n, has) })
	})
}

// letIn returns whom the headers of the proxy name. Two of one kind are one that
// the caller sent himself, past a proxy that only adds its own.
func letIn(p *policies.Proxy, users, groups []string) (caller, *refusal) {
	unclear := func(text string) (caller, *refusal) {
		return caller{}, &refusal{reason: UnclearProxy, text: text + "; it must set the header itself, and take away what callers send"}
	}
	if len(users) > 1 || strings.Contains(users[0], ",") {
		return unclear("the proxy's request names two users in " + p.UserHeader)
	}
	if len(groups) > 1 {
		return unclear("the proxy's request has " + p.GroupsHeader + " twice")
	}
	user := strings.TrimSpace(users[0])
	name := personName(user)
	if name == "" {
		return unclear("the proxy's request names no user in " + p.UserHeader)
	}
	var in []string
	for _, g := range groups {
		for one := range strings.SplitSeq(g, ",") {
			in = append(in, strings.TrimSpace(one))
		}
	}
	who := caller{name: name, is: name + ", whom the proxy let in,", role: p.RoleOf(user, in), browser: true}
	if who.role == "" {
		return who, &refusal{reason: WrongRole, text: "the proxy let " + name + " in, and access.proxy.roles has no role for that user or a group of it"}
	}
	return who, nil
}

// personName is what facts call somebody: what stands before the @ of an address,
// since no address belongs there.
func personName(user string) string {
	user, _, _ = strings.Cut(user, "@")
	name := []rune(oneLine(user))
	return strings.TrimSpace(string(name[:min(len(name), maxPerson)]))
}

// ownSite refuses what pages of other sites than sitrep's make a browser do.
func ownSite(external string) *http.CrossOriginProtection {
	site := http.NewCrossOriginProtection()
	u, err := url.Parse(external)
	if err != nil || u.Host == "" {
		return site
	}
	origin := strings.ToLower(u.Scheme + "://" + u.Host)
	for scheme, port := range map[string]string{"https": ":443", "http": ":80"} { // browsers leave it out
		if strings.EqualFold(u.Scheme, scheme) {
			origin = strings.TrimSuffix(origin, port)
		}
	}
	_ = site.AddTrustedOrigin(origin) // one that is no origin is nobody's
	return site
}
