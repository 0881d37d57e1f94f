package policies

import (
	"strings"
	"time"
)

// Heartbeat is how an outside service hears, regularly, that sitrep can do its work. It is
// that service which says so when it hears nothing.
type Heartbeat struct {
	URL   Secret // http or https; who knows the address can beat in sitrep's place
	HTTP  HTTPClient
	Every time.Duration
}

const defaultBeat = time.Minute

func (l *loader) heartbeat(v value) {
	if v.absent() {
		return
	}
	if l.hideAddress(v); !isMapping(v.node) {
		l.hideAll(v.node)
	}
	o, ok := l.object(v, "url", "url_file", "http_config", "every")
	if !ok {
		return
	}
	h := &Heartbeat{URL: l.secret(o, "url", true), HTTP: l.httpClient(o.get("http_config")), Every: l.refresh(o.get("every"), defaultBeat)}
	at, address := o.get("url"), h.URL.Value()
	if h.URL.File != "" {
		at = o.get("url_file")
		data, _ := l.read(h.URL.File) // what is wrong with the file was said
		address = strings.TrimSpace(string(data))
	}
	l.feed(at, address, "write https://host/path, as the service that waits for it says")
	if h.HTTP.authenticates() {
		l.plainHTTP(value{at: at.key}, address)
	}
	l.cfg.Heartbeat = h
}
