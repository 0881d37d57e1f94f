package reply

import (
	"strings"
	"unicode"

	"sitrep/policies/words"
)

// Vocabulary knows what a word asks for.
type Vocabulary interface {
	CommandOf(word string) (words.Command, bool)
}

// Command is what somebody wrote.
type Command struct {
	Incident string // as "SR-12"; empty: he named none
	Do       words.Command
	// Rest is what follows: words, a time, a code.
	Rest string
}

// Read reads a message: an incident, a word of the vocabulary and what belongs to it.
// The first two may come in either order, and a word may be written as two: "on course".
// Known is false where no word of it is one;
// a code may then stand in Rest.
func Read(body string, v Vocabulary) (c Command, known bool) {
	first, rest := cutWord(body)
	if id, after, is := cutIncident(body); is {
		c.Incident = id
		first, rest = cutWord(after)
	}
	if c.Do, known = v.CommandOf(bareWord(first)); !known {
		second, after := cutWord(rest)
		if c.Do, known = v.CommandOf(bareWord(first) + bareWord(second)); !known || bareWord(second) == "" {
			c.Do, c.Rest = "", strings.TrimSpace(first+" "+rest)
			return c, false
		}
		rest = after
	}
	if id, after, is := cutIncident(rest); is && c.Incident == "" && c.Do != words.SayWords {
		c.Incident, rest = id, after
	}
	c.Rest = strings.TrimSpace(rest)
	return c, true
}

// cutWord takes the first word off a text, and the space and signs after it.
func cutWord(s string) (word, rest string) {
	s = strings.TrimSpace(s)
	end := strings.IndexFunc(s, unicode.IsSpace)
	if colon := strings.IndexByte(s, ':'); colon > 0 && (end < 0 || colon < end) { // "ZEG: …"
		return s[:colon], strings.TrimSpace(s[colon+1:])
	}
	if end < 0 {
		return s, ""
	}
	return s[:end], strings.TrimSpace(s[end:])
}

// bareWord is a word without the signs that a phone puts around it.
func bareWord(w string) string {
	return strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// maxDigits is of an incident's number.
const maxDigits = 9

// cutIncident takes an incident's id off the front of a text: "SR-12", "sr12", "Sr 12".
func cutIncident(s string) (id, rest string, is bool) {
	s = strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '[' })
	if len(s) < 3 || !strings.EqualFold(s[:2], "SR") {
		return "", "", false
	}
	after := strings.TrimLeft(s[2:], " -")
	n := 0
	for n < len(after) && after[n] >= '0' && after[n] <= '9' {
		n++
	}
	number := strings.TrimLeft(after[:n], "0")
	if number == "" || len(number) > maxDigits {
		return "", "", false
	}
	rest = after[n:]
	if r := []rune(rest); len(r) > 0 && (unicode.IsLetter(r[0]) || unicode.IsDigit(r[0])) {
		return "", "", false
	}
	return "SR-" + number, strings.TrimLeft(rest, "]:, "), true
}
