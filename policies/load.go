package policies

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// ReadFile returns the content of a file, as os.ReadFile does.
type ReadFile func(name string) ([]byte, error)

var (
	languages         = []string{"en", "nl"}
	defaultSeverities = Severities{"info", "warning", "critical"}
)

// Load reads, checks and resolves a configuration file. Relative paths in it
// start at its folder. The files it names are read too: recipients for good,
// secrets only to see that they are there. Where anything is wrong the error is
// of type Problems and holds everything that is.
func Load(file string, read ReadFile) (*Config, error) {
	data, err := read(file)
	if err != nil {
		return nil, Problems{{File: file, Text: "cannot read the file: " + reason(err), Hint: "check --config.file"}}
	}
	l := &loader{
		decoder: &decoder{file: file, aliases: map[*ast.AliasNode]ast.Node{}, set: map[string]place{}},
		read:    read,
		cfg:     &Config{},
		zones:   map[string]*time.Location{},
	}
	if root := l.parse(data); root != nil {
		l.config(value{node: l.resolve(root), at: placeOfNode(root), key: placeOfNode(root)})
	}
	if len(l.problems) > 0 {
		return nil, l.problems.inOrder(file)
	}
	l.cfg.Warnings = l.warnings.inOrder(file)
	l.cfg.NotInForce = l.idleKeys()
	return l.cfg, nil
}

// loader builds a Config. References go to what stands earlier in the order of
// config, whatever the order in the file.
type loader struct {
	*decoder
	read ReadFile
	cfg  *Config

	calendars map[string]*Calendar
	slas      map[string]*SLA
	services  map[string]place
	audiences map[string]*Audience
	places    map[*Audience]place
	zones     map[string]*time.Location // of recipients; a file may name the same one very often
}

func (l *loader) config(v value) {
	o, ok := l.object(v, "global", "nats", "channels", "time_intervals", "severities", "slas", "services",
		"teams", "audiences", "policies", "access", "watchdogs")
	if !ok {
		return
	}
	l.global(o.get("global"))
	l.nats(o.get("nats"))
	l.severities(o.get("severities"))
	l.timeIntervals(o.get("time_intervals"))
	l.slaList(o.get("slas"))
	l.serviceList(o.need("services", "without a service no incident can ever open"))
	l.channels(o.get("channels"))
	l.teams(o.get("teams"))
	l.audienceList(o.need("audiences", "without an audience nobody is ever told"))
	l.policyList(o.need("policies", "without a policy nobody is ever told"))
	l.access(o.get("access"))
	l.watchdogs(o.get("watchdogs"))
}

func (l *loader) global(v value) {
	g := &l.cfg.Global
	o, _ := l.object(v, "organisation", "language", "time_zone", "external_url")
	g.Organisation, _ = l.text(o.get("organisation"))
	g.Language = cmp.Or(l.language(o.get("language")), "en")
	if g.TimeZone = l.zone(o.get("time_zone")); g.TimeZone == nil {
		g.TimeZone = time.UTC
	}
	g.ExternalURL = l.webAddress(o.get("external_url"))
}

func (l *loader) nats(v value) {
	n := &l.cfg.NATS
	o, ok := l.object(v, "url", "credentials_file", "replicas")
	if !ok {
		return
	}
	if s, ok := l.text(o.get("url")); ok {
		n.URL = s
		for server := range strings.SplitSeq(s, ",") {
			l.natsServer(o.get("url"), strings.TrimSpace(server))
		}
	}
	if p, ok := l.text(o.get("credentials_file")); ok {
		n.CredentialsFile = l.resolvePath(p)
		l.readable(o.get("credentials_file"), n.CredentialsFile)
	}
	if n.Replicas = l.integer(o.get("replicas"), 1, 0); n.Replicas > 5 {
		l.fail(o.get("replicas").at, "use 1, 3 or 5", "a stream has at most 5 replicas")
	}
}

func (l *loader) natsServer(v value, server string) {
	u, err := url.Parse(server)
	switch {
	case err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme):
		l.fail(v.at, "write nats://host:4222, several separated by commas", "bad server address in %q", v.name())
	case u.User != nil:
		l.fail(v.at, "use credentials_file", "a user name or password does not belong into %q", v.name())
	}
}

func (l *loader) severities(v value) {
	l.cfg.Severities = defaultSeverities
	if v.absent() {
		return
	}
	l.cfg.Severities = nil
	for _, item := range l.someOf(v, "name them from low to high") {
		s, ok := l.text(item)
		switch {
		case !ok:
		case s == "none":
			l.fail(item.at, "remove it", `severity "none" never opens an incident`)
		case slices.Contains(l.cfg.Severities, s):
			l.fail(item.at, "name it once", "severity %q appears twice", s)
		default:
			l.cfg.Severities = append(l.cfg.Severities, s)
		}
	}
}

// webAddress returns an http or https address without its trailing slash.
func (l *loader) webAddress(v value) string {
	s, ok := l.text(v)
	if !ok {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		l.fail(v.at, "write https://host, with a port or path where needed", "%q is no http or https address", v.name())
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		l.fail(v.at, "leave only https://host/path", "%q has a user name, password, query or fragment in it", v.name())
	default:
		return strings.TrimRight(s, "/")
	}
	return ""
}

// resolvePath returns a path of the configuration relative to where the
// program stands.
func (l *loader) resolvePath(p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(filepath.Dir(l.file), p)
}

// readable reports a file that cannot be read or is empty, and keeps nothing
// of it.
func (l *loader) readable(v value, path string) {
	data, err := l.read(path)
	switch {
	case err != nil:
		l.fail(v.at, "relative paths start at the configuration's folder", "cannot read the file of %q: %s", v.name(), reason(err))
	case strings.TrimSpace(string(data)) == "":
		l.fail(v.at, "write the secret into the file", "the file of %q is empty", v.name())
	}
	clear(data)
}

// secret returns the secret of a key or of its _file twin; required says
// whether one of them must be there. Problems stand at the key, not at the
// value.
func (l *loader) secret(o object, key string, required bool) Secret {
	plain, file := o.get(key), o.get(key+"_file")
	plain.at = plain.key
	switch {
	case o.has(key) && o.has(key+"_file"):
		l.fail(file.key, "keep one, best the file", "both %q and %q are set", key, key+"_file")
	case o.has(key + "_file"):
		if p, ok := l.text(file); ok {
			s := Secret{File: l.resolvePath(p)}
			l.readable(file, s.File)
			return s
		}
	case o.has(key):
		if _, ok := l.text(plain); ok {
			s, _ := scalarText(plain.node) // untrimmed: a secret may begin with a space
			return NewSecret(strings.TrimRight(s, "\r\n"))
		}
	case required:
		l.fail(o.at, "put the secret into a file and name it", "missing key %q", key+"_file")
	}
	return Secret{}
}

// reason returns why a file could not be read, without its path.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// keysOf returns the names of what has one.
func keysOf[V any](m map[string]V) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(m)), func(name string) bool { return name == "" })
}
