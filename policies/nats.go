package policies

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// NATS says where the durable log lives. Without servers and context it is the
// embedded server.
type NATS struct {
	Servers         []string // nats://host:4222, without secrets
	Context         string   // of the nats command: a name, or a file
	CredentialsFile string
	NKeyFile        string
	CAFile          string
	CertFile        string
	KeyFile         string
	ServerName      string
	TLS             bool // whatever the addresses say
	Replicas        int  // of each stream; 0: three on a cluster, else one
	Unmanaged       bool // somebody else makes the streams
	Monitoring      []string
}

// External reports whether others run the servers.
func (n NATS) External() bool { return len(n.Servers) > 0 || n.Context != "" }

func (l *loader) nats(v value) {
	n := &l.cfg.NATS
	o, ok := l.object(v, "url", "context", "credentials_file", "nkey_file", "tls", "replicas", "manage", "monitoring_url")
	if !ok {
		return
	}
	if s, ok := l.text(o.get("url")); ok {
		for server := range strings.SplitSeq(s, ",") {
			if server = strings.TrimSpace(server); l.natsServer(o.get("url"), server) {
				n.Servers = append(n.Servers, server)
			}
		}
	}
	if s, ok := l.text(o.get("context")); ok {
		n.Context = s
		if strings.ContainsRune(s, '/') || filepath.Ext(s) == ".json" {
			n.Context = l.resolvePath(s)
			if !filepath.IsAbs(n.Context) && !strings.ContainsRune(n.Context, '/') {
				n.Context = "./" + n.Context // a file all the same
			}
			l.readable(o.get("context"), n.Context)
		}
	}
	n.CredentialsFile = l.natsFile(o.get("credentials_file"))
	n.NKeyFile = l.natsFile(o.get("nkey_file"))
	if o.has("credentials_file") && o.has("nkey_file") {
		l.fail(o.get("nkey_file").key, "keep one of the two", "both %q and %q are set", "credentials_file", "nkey_file")
	}
	if t, ok := l.object(o.get("tls"), "ca_file", "cert_file", "key_file", "server_name"); ok {
		n.TLS = true
		n.CAFile, n.CertFile, n.KeyFile = l.natsFile(t.get("ca_file")), l.natsFile(t.get("cert_file")), l.natsFile(t.get("key_file"))
		n.ServerName, _ = l.text(t.get("server_name"))
		if t.has("cert_file") != t.has("key_file") {
			l.fail(t.at, "a certificate and its key go together", "only one of %q and %q is set", "cert_file", "key_file")
		}
	}
	switch n.Replicas = l.integer(o.get("replicas"), 1, 0); n.Replicas {
	case 0, 1, 3, 5:
	default:
		l.fail(o.get("replicas").at, "use 1, 3 or 5", "a stream has 1, 3 or 5 copies")
	}
	if i := slices.IndexFunc(n.Servers, inTheClear); i >= 0 && !o.has("tls") && n.Context == "" {
		l.note(o.get("url").key, "write tls://, or set tls, where the servers have a certificate; they may ask for it themselves", "addresses of recipients may go to %q unencrypted", "url")
	}
	if n.External() && !o.has("monitoring_url") {
		l.note(v.key, "add monitoring_url: http://host:8222 of each server", "whether the servers write to the disk before they answer will not be known")
	}
	n.Unmanaged = !l.boolean(o.get("manage"), true)
	if s, ok := l.text(o.get("monitoring_url")); ok {
		for address := range strings.SplitSeq(s, ",") {
			address = strings.TrimRight(strings.TrimSpace(address), "/")
			if u, err := url.Parse(address); err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
				l.fail(o.get("monitoring_url").at, "write http://host:8222, several separated by commas", "bad address in %q", "monitoring_url")
				continue
			}
			n.Monitoring = append(n.Monitoring, address)
		}
	}
	if !n.External() && !o.has("url") {
		for _, key := range []string{"credentials_file", "nkey_file", "tls", "replicas", "manage", "monitoring_url"} {
			if o.has(key) {
				l.fail(o.get(key).key, "add url, or remove it: the embedded server needs nothing", "%q without %q", key, "url")
			}
		}
	}
}

// inTheClear reports a server on another machine to which nothing says that it is to
// be TLS.
func inTheClear(server string) bool {
	u, err := url.Parse(server)
	return err == nil && (u.Scheme == "nats" || u.Scheme == "ws") && !isLoopback(u.Hostname())
}

// natsFile returns a file that must be there.
func (l *loader) natsFile(v value) string {
	p, ok := l.text(v)
	if !ok {
		return ""
	}
	p = l.resolvePath(p)
	l.readable(v, p)
	return p
}

func (l *loader) natsServer(v value, server string) bool {
	u, err := url.Parse(server)
	switch {
	case err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme):
		l.fail(v.at, "write nats://host:4222, several separated by commas", "bad server address in %q", v.name())
	case u.User != nil:
		l.fail(v.at, "use credentials_file", "a user name or password does not belong into %q", v.name())
	default:
		return true
	}
	return false
}
