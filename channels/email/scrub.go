package email

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode"
)

// Servers echo what they refuse: "<jan@example.org>: user unknown", links with
// the address in them, the user name. An error's text holds none of it.
var (
	// anAddress is a word with an at sign in it, plain or escaped for a URL;
	// its local part may be a quoted string.
	anAddress = regexp.MustCompile(`(?:"[^"]*"|[^\s<>()\[\]"',;:]*)(?:@|%40|=40)[^\s<>()"',;]*`)
	// anEnhancedCode begins the text of a reply (RFC 2034, RFC 3463).
	anEnhancedCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)
	// aQueueID is how common relays name a message that they took.
	aQueueID = regexp.MustCompile(`(?i)\b(?:queued as|id=)\s*([A-Za-z0-9][A-Za-z0-9.-]{4,63})\b`)
)

// scrubLimit is the length, in bytes, that a reply's text is cut to.
const scrubLimit = 200

// scrub makes a server's words fit for an error: one line, without any
// address, and without the words given.
func scrub(text string, secrets ...string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	for _, s := range secrets {
		if s != "" {
			text = replaceWord(text, s)
		}
	}
	text = anAddress.ReplaceAllString(text, "<address>")
	for strings.Contains(text, "<<address>>") {
		text = strings.ReplaceAll(text, "<<address>>", "<address>")
	}
	if len(text) > scrubLimit {
		text = strings.ToValidUTF8(text[:scrubLimit], "") + "…"
	}
	return text
}

// replaceWord replaces s, in any case, where it is not a part of a longer
// word: the local part of it@example.org must not spoil "recipient".
func replaceWord(text, s string) string {
	word := regexp.MustCompile(`(?i)(^|[^\pL\pN])` + regexp.QuoteMeta(s) + `($|[^\pL\pN])`)
	for range 2 { // the second time for those that shared a space
		text = word.ReplaceAllString(text, "${1}<address>${2}")
	}
	return text
}

// echoes are the words by which a server may name an address.
func echoes(addr string) []string {
	if at := strings.LastIndexByte(addr, '@'); at > 0 {
		return []string{addr, addr[:at]}
	}
	return []string{addr}
}

// queueID is the name that the relay gave to the message in its final reply,
// or empty.
func queueID(reply string) string {
	if m := aQueueID.FindStringSubmatch(reply); m != nil {
		return m[1]
	}
	return ""
}

// domainOf is the part after the at sign.
func domainOf(a mail.Address) string {
	return a.Address[strings.LastIndexByte(a.Address, '@')+1:]
}
