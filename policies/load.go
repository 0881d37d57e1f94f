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

var defaultSeverities = Severities{"info", "warning", "critical"}

// Load reads, checks and resolves a configuration file. Relative paths in it
// start at its folder. The files it names are read too: recipients for good,
// secrets only to see that they are there. Where anything is wrong the error is
// of type Problems and holds everything that is. Messages are told in the
// languages that ship.
func Load(file string, read ReadFile) (*Config, error) { return LoadWith(file, read, nil) }

// LoadWith is Load where the operator's own templates may bring languages.
func LoadWith(file string, read ReadFile, brings Brings) (*Config, error) {
	return LoadFor(nil, file, read, brings)
}

// Elsewhere says of a key, such as channels.sms.auth_token_file, that what its file
// holds is of use on other machines only: here it may not be there.
type Elsewhere func(key string) bool

// LoadFor is LoadWith on a machine that has not all of the files. Nil: it has.
func LoadFor(elsewhere Elsewhere, file string, read ReadFile, brings Brings) (*Config, error) {
	data, err := read(file)
	if err != nil {
		return nil, Problems{{File: file, Text: "cannot read the file: " + reason(err), Hint: "check --config.file"}}
	}
	l := &loader{
		decoder: &decoder{file: file, aliases: map[*ast.AliasNode]ast.Node{}, set: map[string]place{}},
		read:    read,
		brings:  brings,

		elsewhere: elsewhere,

		cfg:   &Config{},
		zones: map[string]*time.Location{},
	}
	if root := l.parse(data); root != nil {
		l.config(value{node: l.resolve(root), at: placeOfNode(root), key: placeOfNode(root)})
	}
	if len(l.problems) > 0 {
		return nil, l.problems.inOrder(file)
	}
	l.cfg.Warnings, l.cfg.Notes = l.warnings.inOrder(file), l.notes.inOrder(file)
	l.cfg.NotInForce, l.cfg.Languages = l.idleKeys(), l.languages
	return l.cfg, nil
}

// loader builds a Config. References go to what stands earlier in the order of
// config, whatever the order in the file.
type loader struct {
	*decoder
	read   ReadFile
	brings Brings
	cfg    *Config

	elsewhere Elsewhere

	languages   []string // that messages can be written in, sorted
	anyLanguage bool     // or in others, of which this machine does not know
	calendars   map[string]*Calendar
	slas        map[string]*SLA
	services    map[string]place
	audiences   map[string]*Audience
	places      map[*Audience]place
	gated       map[*Audience]place       // where they want a second person's yes
	zones       map[string]*time.Location // of recipients; a file may name the same one very often
}

func (l *loader) config(v value) {
	o, ok := l.object(v, "global", "nats", "channels", "time_intervals", "severities", "slas", "services",
		"teams", "audiences", "policies", "access", "watchdogs", "heartbeat", "templates", "changes")
	if !ok {
		return
	}
	l.templates(o.get("templates"))
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
	l.heartbeat(o.get("heartbeat"))
	l.changes(o.get("changes"))
	l.secondYes()
}

func (l *loader) global(v value) {
	g := &l.cfg.Global
	o, _ := l.object(v, "organisation", "language", "time_zone", "external_url", "address", "link_hosts")
	g.Organisation, _ = l.text(o.get("organisation"))
	g.Language = cmp.Or(l.language(o.get("language")), "en")
	if g.TimeZone = l.zone(o.get("time_zone")); g.TimeZone == nil {
		g.TimeZone = time.UTC
	}
	g.ExternalURL = l.webAddress(o.get("external_url"))
	g.Informal = l.informal(o.get("address"), false)
	g.LinkHosts = l.hosts(o.get("link_hosts"))
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
	if l.isElsewhere(v) {
		return
	}
	data, err := l.read(path)
	switch {
	case err != nil:
		l.fail(v.at, "relative paths start at the configuration's folder", "cannot read the file of %q: %s", v.name(), reason(err))
	case strings.TrimSpace(string(data)) == "":
		l.fail(v.at, "write the secret into the file", "the file of %q is empty", v.name())
	}
	clear(data)
}

func (l *loader) isElsewhere(v value) bool { return l.elsewhere != nil && l.elsewhere(v.path) }

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
