package policies

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"github.com/prometheus/common/model"
)

// namePattern is what names may look like: they become parts of ids and of
// subjects on the bus.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

const maxName = 63

// text returns a non-empty text on one line. A number counts as the text that
// was written, so that a phone number needs no quotes.
func (d *decoder) text(v value) (string, bool) {
	if v.absent() {
		return "", false
	}
	s, ok := scalarText(v.node)
	if !ok {
		d.wrongKind(v, "a text")
		return "", false
	}
	if s = strings.TrimSpace(s); s == "" {
		d.fail(v.at, "write a text, or remove the key", "%q is empty", v.name())
		return "", false
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		d.fail(v.at, "write it on one line", "%q has a line break or a control character in it", v.name())
		return "", false
	}
	return s, true
}

// named returns a name that is valid and new. One that is not is returned and
// seen all the same, so that references to it cause no further problems.
func (d *decoder) named(v value, what string, seen map[string]place) (name string, ok bool) {
	if name, ok = d.text(v); !ok {
		return "", false
	}
	first, taken := seen[name]
	if !taken {
		seen[name] = v.at
	}
	if !namePattern.MatchString(name) || len(name) > maxName {
		d.fail(v.at, "use letters, digits, - and _, beginning with a letter or digit, at most 63 in all", "bad name %q", name)
		return name, false
	}
	if taken {
		d.fail(v.at, fmt.Sprintf("the first is on line %d; give each a name of its own", first.line), "two %s are named %q", what, name)
		return name, false
	}
	return name, true
}

// oneOf returns a text that must be among the known ones.
func (d *decoder) oneOf(v value, what string, known []string) (string, bool) {
	s, ok := d.text(v)
	if !ok {
		return "", false
	}
	if !slices.Contains(known, s) {
		hint := "there is none in this file"
		if len(known) > 0 {
			hint = hintFor(s, known)
		}
		d.fail(v.at, hint, "unknown %s %q", what, s)
		return s, false
	}
	return s, true
}

// allOf returns a list of texts that must all be known and different.
func (d *decoder) allOf(v value, what string, known []string) []string {
	var all []string
	for _, item := range d.someOf(v, "name at least one, or remove the key") {
		s, ok := d.oneOf(item, what, known)
		if !ok {
			continue
		}
		if slices.Contains(all, s) {
			d.fail(item.at, "name it once", "%s %q appears twice", what, s)
			continue
		}
		all = append(all, s)
	}
	return all
}

// duration returns a Prometheus duration; zero says whether 0s makes sense.
func (d *decoder) duration(v value, zero bool) (time.Duration, bool) {
	s, ok := d.text(v)
	if !ok {
		return 0, false
	}
	return d.durationOf(v, s, zero)
}

func (d *decoder) durationOf(v value, s string, zero bool) (time.Duration, bool) {
	const hint = "durations look like 90s, 15m, 1h30m or 1d"
	parsed, err := model.ParseDuration(s)
	switch {
	case err != nil && strings.HasPrefix(s, "-"):
		d.fail(v.at, hint, "%q must not be negative", v.name())
	case err != nil:
		d.fail(v.at, hint, "bad duration %q", s)
	case parsed == 0 && !zero:
		d.fail(v.at, hint, "%q must be longer than 0s", v.name())
	default:
		return time.Duration(parsed), true
	}
	return 0, false
}

// durationOr returns the duration of a key that has a default.
func (d *decoder) durationOr(v value, zero bool, otherwise time.Duration) time.Duration {
	if got, ok := d.duration(v, zero); ok {
		return got
	}
	return otherwise
}

// integer returns a whole number from least on, or the default.
func (d *decoder) integer(v value, least, otherwise int) int {
	if v.absent() {
		return otherwise
	}
	n, ok := v.node.(*ast.IntegerNode)
	if !ok {
		d.wrongKind(v, "a whole number")
		return otherwise
	}
	i, err := strconv.ParseInt(n.GetToken().Value, 10, 32)
	if err != nil || int(i) < least {
		d.fail(v.at, fmt.Sprintf("write a whole number from %d on", least), "bad number %q for %q", n.GetToken().Value, v.name())
		return otherwise
	}
	return int(i)
}

// rate returns a number above zero; 0 where the key is absent.
func (d *decoder) rate(v value) float64 {
	if v.absent() {
		return 0
	}
	s, ok := scalarText(v.node)
	if _, text := v.node.(*ast.StringNode); !ok || text {
		d.wrongKind(v, "a number")
		return 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 0 && f <= 1e6) {
		d.fail(v.at, "write a number above 0, or remove the key for no limit", "bad number %q for %q", s, v.name())
		return 0
	}
	return f
}

// boolean returns true or false, or the default.
func (d *decoder) boolean(v value, otherwise bool) bool {
	if v.absent() {
		return otherwise
	}
	n, ok := v.node.(*ast.BoolNode)
	if !ok {
		d.wrongKind(v, "true or false")
		return otherwise
	}
	return n.Value
}

// zone returns a time zone; nil where there is none.
func (d *decoder) zone(v value) *time.Location {
	s, ok := d.text(v)
	if !ok {
		return nil
	}
	loc, ok := loadZone(s)
	if !ok {
		d.fail(v.at, zoneHint, "unknown time zone %q", s)
	}
	return loc
}

const zoneHint = "use a name such as Europe/Amsterdam or UTC"

// loadZone refuses "Local", which would mean something else on each machine.
func loadZone(name string) (*time.Location, bool) {
	if name == "" || name == "Local" {
		return nil, false
	}
	loc, err := time.LoadLocation(name)
	return loc, err == nil
}
