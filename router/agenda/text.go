package agenda

import (
	"html"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/prometheus/common/model"
)

// What is kept of a text at most, in runes: what messages have room for.
const (
	maxTitle, maxLead, maxService = 80, 60, 63
	maxUID                        = 200
	// maxText is how much of a description or comment is looked at, in bytes, and
	// maxNamed how many services one may name.
	maxText, maxNamed = 16 << 10, 100
)

// clean is a text on one line, less what could do harm where it is shown, and cut.
func clean(s string, limit int) string {
	if len(s) > 4*maxText {
		s = s[:4*maxText]
	}
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			return -1
		case unicode.IsSpace(r), unicode.Is(unicode.Cc, r):
			return ' '
		}
		return r
	}, s)), " ")
	if n := utf8.RuneCountInString(s); n > limit {
		s = strings.TrimSpace(string([]rune(s)[:limit-1])) + "…"
	}
	return s
}

var (
	// breaks and tags are of descriptions that calendars keep as HTML.
	breaks = regexp.MustCompile(`(?i)<\s*(?:br|/p|/div|/li|/tr)\b[^>]*>`)
	tags   = regexp.MustCompile(`<[^>]*>`)
	// told is a line that says something of a change.
	told = regexp.MustCompile(`(?i)^(services|decide|lead)\s*:(.*)$`)
)

// lines are what a description or comment says of a change.
type lines struct {
	services     []string
	decide, lead string
}

// readLines finds lines such as "services: mail, permits". The first of a kind counts.
func readLines(text string) (l lines) {
	if len(text) > maxText {
		text = text[:maxText]
	}
	if strings.Contains(text, "<") {
		text = html.UnescapeString(tags.ReplaceAllString(breaks.ReplaceAllString(text, "\n"), ""))
	}
	for line := range strings.Lines(text) {
		m := told.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		switch rest := m[2]; strings.ToLower(m[1]) {
		case "services":
			if l.services == nil {
				l.services = named(rest)
			}
		case "decide":
			if l.decide == "" {
				l.decide = clean(rest, maxLead)
			}
		case "lead":
			if l.lead == "" {
				l.lead = person(rest)
			}
		}
	}
	return l
}

// named splits a list of services.
func named(list string) (all []string) {
	for one := range strings.SplitSeq(list, ",") {
		if one = clean(one, maxService); one != "" && len(all) < maxNamed {
			all = append(all, one)
		}
	}
	return all
}

// person is a name. An address is none: messages and facts hold no addresses.
func person(s string) string {
	if s = clean(s, maxLead); strings.Contains(s, "@") {
		return ""
	}
	return s
}

// decision reads when it is decided: so long after the start, as in +5h, or at a time of
// the clock, the first from the start on.
func decision(s string, start local) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if after, is := strings.CutPrefix(s, "+"); is {
		if d, err := model.ParseDuration(strings.ReplaceAll(after, " ", "")); err == nil {
			return start.moment().Add(time.Duration(d)), nil
		}
	} else if at, err := time.Parse("15:04", s); err == nil {
		day := start.wall
		when := time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), 0, 0, time.UTC)
		if when.Before(day) {
			when = when.AddDate(0, 0, 1)
		}
		return start.at(when).moment(), nil
	}
	return time.Time{}, wrong("decide is neither such as +5h nor a time such as 03:00")
}
