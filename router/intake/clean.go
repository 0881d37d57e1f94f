package intake

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/prometheus/common/model"
)

// What is kept of an alert at most; the rest is cut.
const (
	maxLabels      = 64
	maxName        = 128      // bytes of a label's name
	maxValue       = 1024     // bytes of a label's value
	maxSummary     = 600      // bytes of the summary
	maxEncoded     = 32 << 10 // of all labels, as JSON writes them
	maxFingerprint = 64
)

// first are the labels that are kept whatever else an alert has: sitrep itself
// reads them.
var first = []string{"alertname", "service", "severity"}

// labels cleans and caps an alert's labels. The same alert always keeps the
// same ones: those that sitrep reads, then the rest by name, as long as there
// is room.
func labels(all map[string]string) map[string]string {
	kept := make(map[string]string, min(len(all), maxLabels))
	room := maxEncoded
	keep := func(raw string) {
		name, value := clean(raw, maxName), clean(all[raw], maxValue)
		if _, taken := kept[name]; taken || name == "" || value == "" || len(kept) == maxLabels {
			return
		}
		if n := encoded(name) + encoded(value) + 2; n <= room {
			room -= n
			kept[name] = value
		}
	}
	for _, name := range first {
		keep(name)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		keep(name)
	}
	return kept
}

// fingerprint returns what Alertmanager calls the alert. Where it is missing, or
// nothing that a fingerprint looks like, it is made as Alertmanager makes it.
func fingerprint(a alert) string {
	if f := clean(a.Fingerprint, maxFingerprint); f != "" && f == a.Fingerprint {
		return f
	}
	set := make(model.LabelSet, len(a.Labels))
	for k, v := range a.Labels {
		if v != "" { // an empty label is none
			set[model.LabelName(k)] = model.LabelValue(v)
		}
	}
	return set.Fingerprint().String()
}

// clean removes what could do harm where the text is shown, and cuts it.
func clean(s string, limit int) string {
	if len(s) <= limit && plain(s) {
		return s
	}
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= ' ' && r <= '~': // nearly all of it
			return r
		case r == utf8.RuneError, unicode.Is(unicode.Cf, r):
			return -1
		case unicode.In(r, unicode.Zl, unicode.Zp): // they end a line
			return ' '
		case unicode.Is(unicode.Cc, r):
			if unicode.IsSpace(r) {
				return ' '
			}
			return -1
		}
		return r
	}, s))
	if len(s) > limit {
		n := limit
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = strings.TrimSpace(s[:n])
	}
	return s
}

// plain says that there is nothing to clean: nearly always.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

// encoded is how many bytes clean text takes as a JSON string, at most.
func encoded(s string) int {
	n := len(s) + 2
	for _, c := range []byte(s) {
		switch c {
		case '"', '\\':
			n++
		case '<', '>', '&': // \u003c
			n += 5
		}
	}
	return n
}
