package policies

import (
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/pkg/labels"
)

const (
	defaultResolvedAfter = 5 * time.Minute
	// defaultUnconfirmedAfter is above Alertmanager's usual repeat_interval.
	defaultUnconfirmedAfter = 5 * time.Hour
	// unknownLimit stands for a clock that could not be read, so that one
	// mistake does not cause others.
	unknownLimit time.Duration = math.MaxInt64
)

// parseMatchers is Alertmanager's own parser in its usual mode, which reads
// both the old and the new notation.
var parseMatchers = compat.FallbackMatchersParser(slog.New(slog.DiscardHandler))

func (l *loader) slaList(v value) {
	l.slas = map[string]*SLA{}
	seen := map[string]place{}
	for _, item := range l.list(v) {
		o, ok := l.object(item, "name", "agreed", "expected", "counted_during")
		if !ok {
			continue
		}
		s := &SLA{}
		s.Name, _ = l.named(o.need("name", "give the SLA a name"), "SLAs", seen)
		s.Agreed = l.clock(o, "agreed")
		s.Expected = l.clock(o, "expected")
		if !o.has("agreed") && !o.has("expected") {
			l.fail(o.at, "set agreed, expected or both", "SLA %q sets no time", s.Name)
		}
		if s.Agreed > 0 && s.Expected > s.Agreed {
			l.warn(o.get("expected").at, "people expect more than the contract says, not less", "in SLA %q people expect it later than is agreed", s.Name)
		}
		s.Counted = l.calendar(o.get("counted_during"))
		l.slas[s.Name] = s
		l.cfg.SLAs = append(l.cfg.SLAs, s)
	}
}

func (l *loader) clock(o object, key string) time.Duration {
	if !o.has(key) {
		return 0
	}
	return l.durationOr(o.get(key), false, unknownLimit)
}

func (l *loader) serviceList(v value) {
	l.services = map[string]place{}
	dependencies := map[string][]value{}
	for _, item := range l.someOf(v, "without a service no incident can ever open") {
		o, ok := l.object(item, "name", "title", "impact", "workaround", "matchers", "sla", "depends_on", "threshold", "resolved_after", "unconfirmed_after")
		if !ok {
			continue
		}
		s := &Service{}
		s.Name, _ = l.named(o.need("name", "give the service a name"), "services", l.services)
		if s.Title = l.texts(o.get("title")); s.Title == nil {
			s.Title = Texts{"": s.Name}
		}
		s.Impact, s.Workaround = l.usual(o.get("impact")), l.usual(o.get("workaround"))
		s.Matchers = l.matchers(o.need("matchers", `to catch every alert, write matchers: ['alertname=~".+"']`))
		if name, ok := l.oneOf(o.get("sla"), "SLA", keysOf(l.slas)); ok {
			s.SLA = l.slas[name]
		} else if o.has("sla") {
			s.SLA = &SLA{Agreed: unknownLimit, Expected: unknownLimit}
		}
		s.Threshold = []Threshold{{Alerts: 1}}
		if o.has("threshold") {
			s.Threshold = l.threshold(o.get("threshold"))
		}
		s.ResolvedAfter = l.durationOr(o.get("resolved_after"), true, defaultResolvedAfter)
		s.UnconfirmedAfter = l.durationOr(o.get("unconfirmed_after"), false, defaultUnconfirmedAfter)
		dependencies[s.Name] = l.someOf(o.get("depends_on"), "name at least one, or remove the key")
		l.cfg.Services = append(l.cfg.Services, s)
	}
	for _, s := range l.cfg.Services {
		for _, item := range dependencies[s.Name] {
			name, ok := l.oneOf(item, "service", keysOf(l.services))
			if ok && slices.Contains(s.DependsOn, name) {
				l.fail(item.at, "name it once", "service %q appears twice", name)
			} else if ok {
				s.DependsOn = append(s.DependsOn, name)
			}
		}
	}
	l.circles()
}

// circles reports each service that depends on itself, once per circle, at the
// first service of the file that is in it.
func (l *loader) circles() {
	next := map[string][]string{}
	for _, s := range l.cfg.Services {
		next[s.Name] = s.DependsOn
	}
	reported := map[string]bool{}
	for _, s := range l.cfg.Services {
		path := circle(next, s.Name)
		if path == nil || reported[s.Name] {
			continue
		}
		for _, name := range path {
			reported[name] = true
		}
		l.fail(l.services[s.Name], "remove one depends_on", "services depend on each other in a circle: %s", strings.Join(path, " -> "))
	}
}

// circle returns the shortest way from a service back to itself; nil where
// there is none.
func circle(next map[string][]string, start string) []string {
	from := map[string]string{}
	for queue := []string{start}; len(queue) > 0; queue = queue[1:] {
		for _, n := range next[queue[0]] {
			if n == start {
				path := []string{start}
				for at := queue[0]; at != start; at = from[at] {
					path = append(path, at)
				}
				path = append(path, start)
				slices.Reverse(path)
				return path
			}
			if _, seen := from[n]; !seen {
				from[n] = queue[0]
				queue = append(queue, n)
			}
		}
	}
	return nil
}

func (l *loader) threshold(v value) []Threshold {
	var rows []Threshold
	for _, item := range l.someOf(v, "remove the key: an incident then opens with the first alert") {
		o, ok := l.object(item, "firing_for", "severity", "alerts")
		if !ok {
			continue
		}
		t := Threshold{FiringFor: l.durationOr(o.get("firing_for"), true, 0), Alerts: l.integer(o.get("alerts"), 1, 1)}
		t.Severity, _ = l.oneOf(o.get("severity"), "severity", l.cfg.Severities)
		rows = append(rows, t)
	}
	return rows
}

// matchers returns a list of matchers that must all hold.
func (l *loader) matchers(v value) labels.Matchers {
	const hint = `matchers look like 'service="mail"', with =, !=, =~ or !~`
	var all labels.Matchers
	for _, item := range l.someOf(v, "write at least one, or remove the key") {
		s, ok := l.text(item)
		if !ok {
			continue
		}
		ms, err := parseMatchers(s, "sitrep")
		if err != nil {
			l.fail(item.at, hint, "bad matcher %q", s)
			continue
		}
		if len(ms) == 0 {
			l.fail(item.at, hint, "the matcher %q matches nothing in particular", s)
		}
		all = append(all, ms...)
	}
	return all
}

// texts returns a text by language, or one text for all of them.
func (l *loader) texts(v value) Texts {
	if v.absent() {
		return nil
	}
	if _, plain := scalarText(v.node); plain {
		s, _ := l.text(v)
		return Texts{"": s}
	}
	t, known := Texts{}, slices.Clone(l.languages)
	for _, e := range entriesOf(v.node) {
		if key, ok := scalarText(keyOf(e.Key)); ok && !e.Key.IsMergeKey() && !slices.Contains(known, key) {
			if !l.anyLanguage {
				l.fail(placeOf(e.Key.GetToken()), l.languageHint(), "unknown language %q", key)
			}
			known = append(known, key) // so that it is said once
		}
	}
	o, ok := l.object(v, known...)
	if !ok {
		return nil
	}
	for language := range o.fields {
		t[language], _ = l.text(o.get(language))
	}
	if len(t) == 0 {
		l.fail(v.at, fmt.Sprintf("write {%s: \"…\"}", l.languages[0]), "%q has no text", v.name())
	}
	return t
}

// usual returns texts that are told of every outage of a service.
func (l *loader) usual(v value) Texts {
	t := l.texts(v)
	for _, text := range t {
		if utf8.RuneCountInString(text) > MaxAccount {
			l.fail(v.at, fmt.Sprintf("messages have room for %d characters; a sentence or two will do", MaxAccount), "%q is too long", v.name())
			break
		}
	}
	return t
}
