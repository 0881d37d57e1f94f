package words

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// An SMS holds 160 septets of the GSM 7-bit alphabet (GSM 03.38); each segment
// of a longer one holds 153, since a header joins them. One character outside
// of that alphabet would turn the whole message into UCS-2, of 70 characters a
// segment: so nothing outside of it is ever sent.
const (
	oneSegment  = 160
	perSegment  = 153
	maxSegments = 3 // for a person's words; without them a message is one segment
)

const (
	gsmBasic = "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "^{}\\[~]|€" // two septets each
)

// septetsOf says what each character of the alphabet costs.
var septetsOf = func() map[rune]int {
	m := make(map[rune]int)
	for _, r := range gsmBasic {
		m[r] = 1
	}
	for _, r := range gsmExtension {
		m[r] = 2
	}
	return m
}()

// latin is what stands for characters that decomposition does not bring into
// the alphabet.
var latin = strings.NewReplacer(
	"‘", "'", "’", "'", "‚", "'", "‛", "'", "′", "'", "`", "'", "´", "'", "‹", "'", "›", "'",
	"“", `"`, "”", `"`, "„", `"`, "‟", `"`, "″", `"`, "«", `"`, "»", `"`,
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-", "•", "-", "·", "-",
	"⁄", "/", "÷", "/", "×", "x", "→", "->", "←", "<-", "⇒", "=>", "≥", ">=", "≤", "<=", "≈", "~",
	"œ", "oe", "Œ", "OE", "ł", "l", "Ł", "L", "đ", "d", "Đ", "D", "ð", "d", "Ð", "D", "þ", "th", "Þ", "Th",
	"ı", "i", "ħ", "h", "Ħ", "H", "ŧ", "t", "Ŧ", "T", "ẞ", "SS", "µ", "u", "μ", "u", "№", "No", "©", "(c)", "®", "(R)",
)

// GSM7 returns s in the GSM 7-bit alphabet: accents that it lacks are dropped
// (ë becomes e), curly quotes and dashes become plain ones, the euro stays. A
// letter that has no counterpart becomes "?"; signs such as emoji are dropped.
func GSM7(s string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(s) {
		if septetsOf[r] > 0 {
			b.WriteRune(r)
			continue
		}
		if isSpace(r) {
			b.WriteByte(' ')
			continue
		}
		b.WriteString(nearest(r))
	}
	return b.String()
}

// nearest returns what stands for a character that is not in the alphabet.
func nearest(r rune) string {
	if t := latin.Replace(string(r)); t != string(r) {
		return t
	}
	var b strings.Builder
	letters := false
	for _, d := range latin.Replace(norm.NFKD.String(string(r))) {
		if septetsOf[d] > 0 {
			b.WriteRune(d)
		}
		letters = letters || unicode.IsLetter(d) || unicode.IsNumber(d)
	}
	if b.Len() == 0 && letters {
		return "?"
	}
	return b.String()
}

// Septets returns how many septets s takes as GSM7 writes it.
func Septets(s string) int {
	n := 0
	for _, r := range GSM7(s) {
		n += septetsOf[r]
	}
	return n
}

// Segments returns how many segments s takes as GSM7 writes it. A character of
// two septets is never split over two segments.
func Segments(s string) int {
	s = GSM7(s)
	if s == "" {
		return 0
	}
	if Septets(s) <= oneSegment {
		return 1
	}
	segments, used := 1, 0
	for _, r := range s {
		if used+septetsOf[r] > perSegment {
			segments, used = segments+1, 0
		}
		used += septetsOf[r]
	}
	return segments
}
