package words

import (
	"regexp"
	"strings"
)

// line puts a part on one line: templates may be laid out as their author
// likes.
func line(s string) string { return strings.Join(strings.Fields(s), " ") }

var blankLine = regexp.MustCompile(`\n[ \t]*\n`)

// paragraphs splits a part at its blank lines.
func paragraphs(s string) []string {
	var out []string
	for _, p := range blankLine.Split(s, -1) {
		if p = line(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// rows reads "label | value" lines; one without a value is left out.
func rows(s string) []row {
	var out []row
	for _, l := range strings.Split(s, "\n") {
		label, value, _ := strings.Cut(l, "|")
		if r := (row{Label: line(label), Value: line(value)}); r.Value != "" {
			out = append(out, r)
		}
	}
	return out
}
