package policies

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is one finding about a configuration file: where, what, and what to
// do about it.
type Problem struct {
	File   string
	Line   int // from 1; 0 where the file could not be read at all
	Column int // from 1, in characters
	// Source is the line itself with secrets masked. It may hold an address,
	// so print it to the operator but do not log it.
	Source string
	Text   string
	Hint   string
}

// seen is text as a terminal may show it: a file is anybody's, and a character in it
// that would move the cursor, hide something or turn the direction of the text is
// shown as a sign that stands for it. Each stays one character, so that a column is
// the same.
func seen(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ':
			return '\u2400' + r // its picture: ␛ for ESC
		case r == 0x7f:
			return '␡'
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
}

// Head returns the first line of String: the position and the text, without
// the source.
func (p Problem) Head() string {
	if p.Line == 0 {
		return seen(p.File + ": " + p.Text)
	}
	return seen(fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text))
}

// String returns the problem as check-config prints it, without a line break
// at the end.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.Head())
	if p.Line > 0 && p.Source != "" {
		source, column := p.excerpt()
		number := fmt.Sprintf("%6d", p.Line)
		fmt.Fprintf(&b, "\n%s | %s", number, string(source))
		fmt.Fprintf(&b, "\n%s | %s^", strings.Repeat(" ", len(number)), padding(source, column))
	}
	if p.Hint != "" {
		b.WriteString("\n    hint: " + seen(p.Hint))
	}
	return b.String()
}

// excerpt returns the part of a long source line around the column, and the
// column in it.
func (p Problem) excerpt() ([]rune, int) {
	const width = 120
	source, column := []rune(seen(p.Source)), p.Column
	if from := column - width/2; len(source) > width && from > 0 {
		source, column = append([]rune("…"), source[min(from, len(source)):]...), column-from+1
	}
	if len(source) > width {
		source = append(source[:width:width], '…')
	}
	return source, column
}

// padding keeps tabs, so that the mark stands under its column.
func padding(source []rune, column int) string {
	var b strings.Builder
	for i := range column - 1 {
		if i < len(source) && source[i] == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// Problems are all findings of one Load: those of the configuration file in
// line order, then those of the files it names.
type Problems []Problem

// Error returns all problems, one after the other.
func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.String()
	}
	return strings.Join(texts, "\n")
}

// inOrder sorts by position, the file named first before all others, and drops
// what an alias made appear twice.
func (ps Problems) inOrder(first string) Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if a.File != b.File && (a.File == first || b.File == first) {
			if a.File == first {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(ps)
}
