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
	oneSegment = 160
	perSegment = 153
)

// How many segments an SMS takes at most with a person's words, where nothing else
// is said, and how many may be said. Without such words it takes one.
const (
	DefaultSegments = 3
	MaxSegments     = 6
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

// plainSeptets are those of the first 128 characters, of which most texts are.
var plainSeptets = func() (all [128]uint8) {
	for r, n := range septetsOf {
		if r < 128 {
			all[r] = uint8(n)
		}
	}
	return all
}()

// septets is what one character costs; 0: it is not in the alphabet.
func septets(r rune) int {
	if r < 128 {
		return int(plainSeptets[r])
	}
	return septetsOf[r]
}

// inAlphabet reports whether a text is plain and stays as it is.
func inAlphabet(s string) bool {
	for i := range len(s) {
		if s[i] >= 128 || plainSeptets[s[i]] == 0 {
			return false
		}
	}
	return true
}

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
	if inAlphabet(s) {
		return s
	}
	var b strings.Builder
	for _, r := range norm.NFC.String(s) {
		if septets(r) > 0 {
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
		n += septets(r)
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
	all, segments, used := 0, 1, 0
	for _, r := range s {
		n := septets(r)
		if all += n; used+n > perSegment {
			segments, used = segments+1, 0
		}
		used += n
	}
	if all <= oneSegment {
		return 1
	}
	return segments
}

// besides is what an SMS says beside a person's words at least, in septets: of what, and
// when the next one comes.
const besides = 60

// TooLong reports whether an SMS of so many segments has no room for all of a person's
// words: it has their beginning then.
func TooLong(text string, segments int) bool {
	room := oneSegment
	if segments > 1 {
		room = segments * perSegment
	}
	return Septets(GSM7(text))+besides > room
}
