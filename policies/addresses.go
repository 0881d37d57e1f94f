package policies

import (
	"net/mail"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

const (
	emailHint = "write name@example.org"
	phoneHint = "write the number with + and the country code, such as +31612345678"
)

// mailbox returns an address that may have a name before it.
func (l *loader) mailbox(v value) (*mail.Address, bool) {
	s, ok := l.text(v)
	if !ok {
		return nil, false
	}
	a, ok := parseEmail(s)
	if !ok {
		l.fail(v.at, emailHint, "%q is no email address", v.name())
	}
	return a, ok
}

// phone returns a number as E.164.
func (l *loader) phone(v value) (string, bool) {
	s, ok := l.text(v)
	if !ok {
		return "", false
	}
	number, ok := parsePhone(s)
	if !ok {
		l.fail(v.at, phoneHint, "%q is no international phone number", v.name())
	}
	return number, ok
}

// parseEmail lower-cases the domain. It refuses addresses that would need
// quotes on the wire: they are typing errors or worse.
func parseEmail(s string) (*mail.Address, bool) {
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, false
	}
	at := strings.LastIndexByte(a.Address, '@')
	if at < 1 || strings.ContainsFunc(a.Address, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`<>()",;:\`, r)
	}) {
		return nil, false
	}
	a.Address = a.Address[:at] + strings.ToLower(a.Address[at:])
	return a, true
}

// parsePhone asks for a possible number, not for one that is handed out today:
// numbering plans grow faster than libraries.
func parsePhone(s string) (string, bool) {
	if !strings.HasPrefix(s, "+") || strings.Trim(s[1:], "0123456789 ()-.") != "" {
		return "", false
	}
	n, err := phonenumbers.Parse(s, "")
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return "", false
	}
	return phonenumbers.Format(n, phonenumbers.E164), true
}

// Reach reads how somebody is reached, as a recipient's address and number are read:
// a bare email address, or an E.164 number. Both are empty where it is neither.
func Reach(text string) (email, phone string) {
	if a, ok := parseEmail(text); ok && a.Name == "" {
		return a.Address, ""
	}
	phone, _ = parsePhone(text)
	return "", phone
}
