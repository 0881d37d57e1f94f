package words

import (
	"unicode"
	"unicode/utf8"
)

// maxAccount is for each thing that is known of an outage, in runes.
const maxAccount = 300

// account is what people know of an outage, in the reader's language where that
// is known; each is a line, or empty.
type account struct {
	Summary, Impact, Workaround, Known, RuledOut, Doing string
}

func newAccount(a Account, language string, clean func(string, int) string) account {
	say := func(texts map[string]string) string { return sentence(pick(texts, language, clean, maxAccount).text) }
	return account{
		Summary: say(a.Summary), Impact: say(a.Impact), Workaround: say(a.Workaround),
		Known: say(a.Known), RuledOut: say(a.RuledOut), Doing: say(a.Doing),
	}
}

// sentence ends a text where its author did not.
func sentence(s string) string {
	r, _ := utf8.DecodeLastRuneInString(s)
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		return s + "."
	}
	return s
}
