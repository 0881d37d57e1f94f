package words

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The longest that each kind of data may be in a message, in runes. What is
// longer ends in "…". A link is never cut: one that is too long is left out.
const (
	maxOrganisation = 60
	maxIncident     = 12
	maxService      = 80
	maxSeverity     = 20
	maxLead         = 60
	maxWords        = 2000
	maxAlertName    = 120
	maxInstance     = 120
	maxSummary      = 300
	maxLink         = 500
)

// Clean returns s fit for one line of a message: valid UTF-8 without control,
// bidirectional and zero-width characters (a line break becomes a space), with
// no space around it, of at most limit runes; what is cut ends in "…".
func Clean(s string, limit int) string {
	if printable(s) {
		return clip(strings.TrimSpace(s), limit)
	}
	var b strings.Builder
	n := 0
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], string(r)) {
			continue // no rune at all
		}
		if isSpace(r) {
			r = ' '
		}
		if r = visible(r); r < 0 || r == ' ' && n == 0 {
			continue
		}
		b.WriteRune(r)
		if n++; n > limit && r != ' ' { // the rest is cut off
			break
		}
	}
	return clip(strings.TrimSpace(b.String()), limit)
}

// printable reports whether all of a text is printable ASCII, of which nothing has
// to be taken.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n")

// CleanText is Clean for a person's words: it keeps line breaks, of which at
// most two follow each other.
func CleanText(s string, limit int) string {
	s = lineEnds.Replace(strings.ToValidUTF8(s, ""))
	var lines []string
	for _, line := range strings.Split(s, "\n") {
		line = Clean(line, len(line))
		if line == "" && (len(lines) == 0 || lines[len(lines)-1] == "") {
			continue
		}
		lines = append(lines, line)
	}
	return clip(strings.TrimSpace(strings.Join(lines, "\n")), limit)
}

// blank is a braille cell without dots, which looks as a space does.
const blank = '\u2800'

func isSpace(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', '\u0085', '\u2028', '\u2029', blank:
		return true
	}
	return r > '~' && unicode.Is(unicode.Zs, r)
}

// visible returns -1 for a character that shows nothing of its own: the controls,
// the format characters, among which are all bidirectional and zero-width ones, and
// what Unicode says to be ignored where it cannot be shown: fillers of Hangul, tags,
// variation selectors, and what may become one of them.
func visible(r rune) rune {
	if r >= ' ' && r <= '~' {
		return r
	}
	if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return -1
	}
	return r
}

// clip cuts s to limit runes.
func clip(s string, limit int) string {
	if len(s) <= limit || utf8.RuneCountInString(s) <= limit {
		return s
	}
	if limit <= 0 {
		return ""
	}
	cut := start(s, limit-1)
	return strings.TrimSpace(whole(cut, s[len(cut):])) + "…"
}

// shorten cuts s to limit runes as clip does, at the end of a word where that
// leaves at least half of them.
func shorten(s string, limit int) string {
	cut := clip(s, limit)
	if cut == s || limit < 2 {
		return cut
	}
	kept := strings.TrimSuffix(cut, "…")
	if strings.HasPrefix(s[len(kept):], " ") { // it ends with a word as it is
		return cut
	}
	if i := strings.LastIndexAny(kept, " \n"); i > 0 && utf8.RuneCountInString(kept[:i]) >= limit/2 {
		return strings.TrimSpace(kept[:i]) + "…"
	}
	return cut
}

// webLink returns s if it is a plain http or https address, else nothing: no
// other scheme ever becomes a link.
func webLink(s string) string {
	s = strings.TrimSpace(s)
	lower := strings.ToLower(s)
	rest, ok := strings.CutPrefix(lower, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(lower, "http://")
	}
	if !ok || rest == "" || len(s) > maxLink || s != Clean(s, maxLink) || strings.ContainsAny(s, " <>\"'`\\") {
		return ""
	}
	return s
}
