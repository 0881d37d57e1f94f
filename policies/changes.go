package policies

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Changes say where planned changes come from beside people.
type Changes struct {
	Calendars []ChangeCalendar
	Silences  *SilenceSource // nil: silences are no changes
}

// ChangeCalendar is an iCalendar file or feed of which every entry is a planned change.
// Exactly one of File and URL is set.
type ChangeCalendar struct {
	Name     string // of its own among the calendars
	File     string // absolute, or relative to where the program stands
	URL      Secret // http or https; who knows the address of a feed may often read it
	HTTP     HTTPClient
	Services []string // of entries that name none
	Refresh  time.Duration
}

// SilenceSource is an Alertmanager of which some silences are planned changes.
type SilenceSource struct {
	AlertmanagerURL string // without a trailing slash
	HTTP            HTTPClient
	Refresh         time.Duration
}

// SilencesName is what the silences are called where calendars have a name.
const SilencesName = "silences"

// HTTPClient is how a web address is asked: Prometheus's http_config, the part of it that
// is of use here.
type HTTPClient struct {
	Username            string // of basic authentication; empty: none
	Password            Secret
	AuthorizationType   string // "Bearer" and so on
	Credentials         Secret
	CAFile, CertFile    string
	KeyFile, ServerName string
	InsecureSkipVerify  bool
	ProxyURL            string
	FollowRedirects     bool
}

// authenticates reports whether something secret is sent along.
func (h HTTPClient) authenticates() bool { return h.Username != "" || !h.Credentials.IsZero() }

const (
	defaultCalendarRefresh, defaultSilenceRefresh = 5 * time.Minute, time.Minute
	leastRefresh, mostRefresh                     = 10 * time.Second, 24 * time.Hour
)

func (l *loader) changes(v value) {
	o, ok := l.object(v, "calendars", "from_silences")
	if !ok {
		return
	}
	c := &Changes{}
	names := map[string]place{}
	for _, item := range l.list(o.get("calendars")) {
		if calendar, ok := l.changeCalendar(item, names); ok {
			c.Calendars = append(c.Calendars, calendar)
		}
	}
	c.Silences = l.silences(o.get("from_silences"))
	if len(c.Calendars) == 0 && c.Silences == nil {
		return
	}
	l.cfg.Changes = c
	if !slices.ContainsFunc(l.cfg.Policies, func(p *Policy) bool { return written{Policy: p}.takes("kind", "change") }) {
		l.warn(v.key, `add a policy that matches kind="change"`, "no policy is for planned changes: nobody is told of them")
	}
}

func (l *loader) changeCalendar(v value, names map[string]place) (c ChangeCalendar, ok bool) {
	l.hideAddress(v)
	o, ok := l.object(v, "name", "file", "url", "url_file", "http_config", "services", "refresh")
	if !ok {
		return c, false
	}
	if c.Name, ok = l.named(o.need("name", "give it a name; alarms and metrics say it"), "calendars", names); ok && c.Name == SilencesName {
		l.fail(o.get("name").at, "give it another name", "%q is what silences are called", SilencesName)
	}
	file, web := o.has("file"), o.has("url") || o.has("url_file")
	switch {
	case file && web:
		l.fail(o.get("file").key, "keep one of the two", `both "file" and an address are set`)
	case !file && !web:
		l.fail(o.at, "write file: changes.ics, or url: https://…", "a calendar has neither %q nor %q", "file", "url")
	}
	if p, ok := l.text(o.get("file")); ok {
		c.File = l.resolvePath(p)
		l.calendarFile(o.get("file"), c.File)
	}
	c.URL = l.secret(o, "url", false)
	if o.has("url") {
		l.feed(o.get("url"), c.URL.Value(), "write https://host/path; webcal:// is https://")
	}
	c.HTTP = l.httpClient(o.get("http_config"))
	if file && o.has("http_config") {
		l.fail(o.get("http_config").key, "remove it", "a file needs no %q", "http_config")
	}
	if o.has("url") && c.HTTP.authenticates() {
		l.plainHTTP(value{at: o.get("url").key}, c.URL.Value())
	}
	c.Services = l.allOf(o.get("services"), "service", keysOf(l.services))
	c.Refresh = l.refresh(o.get("refresh"), defaultCalendarRefresh)
	return c, true
}

// calendarFile warns of one that is not there: it may be written later, and the
// configuration is not wrong by that.
func (l *loader) calendarFile(v value, path string) {
	if l.isElsewhere(v) {
		return
	}
	if _, err := l.read(path); err != nil {
		l.warn(v.at, "relative paths start at the configuration's folder; the teams are told if it stays so", "cannot read the calendar: %s", reason(err))
	}
}

// hideAddress sees to it that nothing shows the address under "url", before anything shows
// its line.
func (l *loader) hideAddress(v value) {
	for _, e := range entriesOf(v.node) {
		if key, _ := scalarText(keyOf(e.Key)); key == "url" {
			l.hideAll(e.Value)
		}
	}
}

// hideAll hides all that stands under a node. Of an address with a password only that is
// known to every line; what follows it is no less of a secret here.
func (l *loader) hideAll(n ast.Node) {
	found := secretsUnder(n, l.secrets)
	for _, s := range found {
		if _, rest, is := strings.Cut(s, "@"); is {
			found = append(found, rest)
		}
	}
	l.secrets = longestFirst(found)
}

// feed checks an address without saying it.
func (l *loader) feed(v value, address, hint string) {
	u, err := url.Parse(address)
	switch {
	case address == "":
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		l.fail(v.key, hint, "%q is no http or https address", v.name())
	case u.User != nil:
		l.fail(v.key, "use http_config: {basic_auth: …}", "a user name or password does not belong into %q", v.name())
	}
}

func (l *loader) silences(v value) *SilenceSource {
	o, ok := l.object(v, "alertmanager_url", "http_config", "refresh")
	if !ok {
		return nil
	}
	s := &SilenceSource{AlertmanagerURL: l.webAddress(o.need("alertmanager_url", "write alertmanager_url: http://localhost:9093"))}
	if s.HTTP = l.httpClient(o.get("http_config")); s.HTTP.authenticates() && s.AlertmanagerURL != "" {
		l.plainHTTP(o.get("alertmanager_url"), s.AlertmanagerURL)
	}
	s.Refresh = l.refresh(o.get("refresh"), defaultSilenceRefresh)
	return s
}

func (l *loader) refresh(v value, otherwise time.Duration) time.Duration {
	d := l.durationOr(v, false, otherwise)
	if d < leastRefresh || d > mostRefresh {
		l.fail(v.at, "write between 10s and 1d", "bad %q", v.name())
	}
	return d
}

// httpClient reads how an address is asked. Files are there when it is read.
func (l *loader) httpClient(v value) HTTPClient {
	h := HTTPClient{FollowRedirects: true}
	o, ok := l.object(v, "basic_auth", "authorization", "tls_config", "proxy_url", "follow_redirects")
	if !ok {
		return h
	}
	if o.has("basic_auth") && o.has("authorization") {
		l.fail(o.get("authorization").key, "keep one of the two", `both "basic_auth" and "authorization" are set`)
	}
	if b, ok := l.object(o.get("basic_auth"), "username", "password", "password_file"); ok {
		h.Username, _ = l.text(b.need("username", "write the user's name"))
		h.Password = l.secret(b, "password", true)
	}
	if a, ok := l.object(o.get("authorization"), "type", "credentials", "credentials_file"); ok {
		h.AuthorizationType = "Bearer"
		if t, ok := l.text(a.get("type")); ok {
			h.AuthorizationType = t
		}
		h.Credentials = l.secret(a, "credentials", true)
	}
	if t, ok := l.object(o.get("tls_config"), "ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify"); ok {
		for key, to := range map[string]*string{"ca_file": &h.CAFile, "cert_file": &h.CertFile, "key_file": &h.KeyFile} {
			if p, ok := l.text(t.get(key)); ok {
				*to = l.resolvePath(p)
				l.readable(t.get(key), *to)
			}
		}
		if t.has("cert_file") != t.has("key_file") {
			l.fail(t.at, "write both, or neither", "one of %q and %q is missing", "cert_file", "key_file")
		}
		h.ServerName, _ = l.text(t.get("server_name"))
		if h.InsecureSkipVerify = l.boolean(t.get("insecure_skip_verify"), false); h.InsecureSkipVerify {
			l.warn(t.get("insecure_skip_verify").key, "name the certificate's authority with ca_file", "anybody on the way can take the place of that server")
		}
	}
	h.ProxyURL = l.webAddress(o.get("proxy_url"))
	h.FollowRedirects = l.boolean(o.get("follow_redirects"), true)
	return h
}
