package words

import (
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"  mail  ", 20, "mail"},
		{"a\r\nBcc: b\tc", 20, "a  Bcc: b c"},
		{"a\x00\x02late\x03\x1b[31m\u0085b", 40, "alate[31m b"},
		{"\u202eevil\u2066\u200b\u200d\ufeff\u061c\u2065x", 20, "evilx"},
		{"\xff\xfea\xc3\ufffd", 20, "a\ufffd"},
		// What shows nothing: fillers, selectors, tags, and what may become one.
		{"a\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180e\u2064\u3164\ufe0f\uffa0\ufff0b", 20, "ab"},
		{"a\U000e0000\U000e0001\U000e0041\U000e0100\U000e0fffb", 20, "ab"},
		{"\u2800a\u2800b", 20, "a b"},
		{"\u200b  \u200b a \u200b\u200bb" + strings.Repeat(" ", 30), 3, "a b"},
		{"é 3 ", 2, "é…"},
		{"abcdef", 4, "abc…"},
		{"abcd", 4, "abcd"},
		{"abc def", 5, "abc…"},
		{"abc", 0, ""},
		{"héé\u00a0wat", 20, "héé wat"},
	} {
		if got := Clean(c.in, c.limit); got != c.want {
			t.Errorf("Clean(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func TestCleanTextKeepsLines(t *testing.T) {
	if got, want := CleanText("\n one \r\n\r\n\r\n\n two\u2028three\x02\n", 100), "one\n\ntwo\nthree"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestShortenEndsAtAWord(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"het vergunningenloket", 21, "het vergunningenloket"},
		{"one two three", 10, "one two…"},
		{"one two three", 8, "one two…"},
		{"a verylongwordindeed", 10, "a verylon…"},
	} {
		if got := shorten(c.in, c.limit); got != c.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func TestOnlyWebAddressesAreLinks(t *testing.T) {
	for in, ok := range map[string]bool{
		"https://sitrep.example/i/SR-12": true,
		"HTTP://sitrep.example":          true,
		"javascript:alert(1)":            false,
		"https://":                       false,
		"https://a b":                    false,
		"https://a\nb":                   false,
		`https://a"onclick=b`:            false,
		"//sitrep.example":               false,
		"":                               false,
		"https://a/" + strings.Repeat("x", maxLink): false,
	} {
		if got := webLink(in) != ""; got != ok {
			t.Errorf("webLink(%q): %v, want %v", in, got, ok)
		}
	}
}
