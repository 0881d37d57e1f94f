package main

import (
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// escaping is where people read. What the command line prints may come from
// anywhere: a file, a fact sheet, an alert's label. Whatever in it would move a
// cursor, colour or hide something, or turn the direction of the text, is written as
// it would be escaped in JSON: there it means the same, and elsewhere it is seen.
type escaping struct {
	w    io.Writer
	rest []byte // the beginning of a character
}

// unescaped is what a program reads, and no person.
func unescaped(w io.Writer) io.Writer {
	if e, is := w.(*escaping); is {
		return e.w
	}
	return w
}

func (e *escaping) Write(p []byte) (int, error) {
	text := append(e.rest, p...)
	e.rest = nil
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		if !utf8.FullRune(text) {
			e.rest = append(e.rest, text...)
			break
		}
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1: // C1 is one byte, to some terminals
			out = utf8.AppendRune(out, r)
		case !startles(r):
			out = append(out, text[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[size:]
	}
	if _, err := e.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// startles reports whether a character does something to a terminal, or cannot be
// seen.
func startles(r rune) bool {
	if r == '\n' || r == '\t' {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}
