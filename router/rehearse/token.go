package rehearse

import (
	"strconv"
	"strings"
	"unicode"
)

// token is one word of a line: bare, "quoted", or with a bare beginning as in
// summary="quoted" and nl:"quoted".
type token struct {
	column int    // from 1, in characters
	head   string // what stands before the quotes; all of a bare word
	text   string // what stands between the quotes
	quoted bool
}

// pair splits name=value, quoted or not.
func (t token) pair() (name, value string, ok bool) {
	if t.quoted {
		name, ok = strings.CutSuffix(t.head, "=")
		return name, t.text, ok
	}
	return strings.Cut(t.head, "=")
}

// shown is the token as a complaint names it.
func (t token) shown() string {
	if t.quoted {
		return t.head + strconv.Quote(t.text)
	}
	return t.head
}

// split cuts a line into tokens. A # where a token may begin, begins a comment.
// The complaint is empty where the line can be read.
func split(line string) (all []token, column int, complaint, hint string) {
	rest := []rune(line)
	at := 0
	for {
		for at < len(rest) && unicode.IsSpace(rest[at]) {
			at++
		}
		if at == len(rest) || rest[at] == '#' {
			return all, 0, "", ""
		}
		t := token{column: at + 1}
		begin := at
		for at < len(rest) && !unicode.IsSpace(rest[at]) && rest[at] != '"' {
			at++
		}
		t.head = string(rest[begin:at])
		if at < len(rest) && rest[at] == '"' {
			end := closing(rest, at)
			if end < 0 {
				return nil, at + 1, "the quotes are never closed", `write "…" on one line, and \" for quotes within it`
			}
			text, err := strconv.Unquote(string(rest[at : end+1]))
			if err != nil {
				return nil, at + 1, "the quoted text cannot be read", `after a backslash stands one of n, t, ", \ or a code such as u00e9`
			}
			t.text, t.quoted, at = text, true, end+1
			if at < len(rest) && !unicode.IsSpace(rest[at]) {
				return nil, at + 1, "something follows the quotes at once", "put a space after the quotes"
			}
		}
		all = append(all, t)
	}
}

// closing returns where the quotes that open at from are closed; -1: nowhere.
func closing(line []rune, from int) int {
	for i := from + 1; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}
