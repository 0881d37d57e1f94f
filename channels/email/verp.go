package email

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// localLimit is the longest left half of an address (RFC 5321, section
// 4.5.3.1.1); bouncesLimit is what of it leaves room for a delivery's name.
const localLimit, bouncesLimit = 64, 8

// CheckBounces says what is wrong with an address for Config.Bounces; nil: it
// can be used.
func CheckBounces(address string) error {
	local, _, err := bounceAddress(address)
	switch {
	case err != nil:
		return err
	case len(local) > bouncesLimit:
		return fmt.Errorf("the part before the @ has %d characters: with more than %d the name of a delivery may not fit behind it", len(local), bouncesLimit)
	}
	return nil
}

// bounceAddress takes an address for bounces apart.
func bounceAddress(address string) (local, domain string, err error) {
	whole, err := recipient(address)
	if err != nil {
		return "", "", errors.New("it is not an email address")
	}
	at := strings.LastIndexByte(whole, '@')
	local, domain = whole[:at], whole[at+1:]
	if !ascii(local) || strings.ContainsAny(local, "+\" ") {
		return "", "", errors.New("the part before the @ has a plus sign, a quote or a letter beyond ASCII in it")
	}
	return local, domain, nil
}

// envelope is the sender as a smarthost is told: of a delivery with a reference
// it is an address that the reference is part of, by which a bounce is known
// again (VERP). It follows from the delivery alone, so that a server that wants
// the same sender, recipient and client once more (greylisting) gets them.
func (s *Sender) envelope(ref string) string {
	if ref == "" || s.config.Bounces == "" {
		return s.config.From.Address
	}
	local, domain, err := bounceAddress(s.config.Bounces)
	if err != nil || !aRef.MatchString(ref) || len(local)+1+len(ref) > localLimit {
		return s.config.From.Address
	}
	return local + "+" + ref + "@" + domain
}

var aRef = regexp.MustCompile(`^[0-9a-v]+$`)

// newReturned finds the reference behind address, in a text that holds it.
func newReturned(address string) (*regexp.Regexp, error) {
	local, domain, err := bounceAddress(address)
	if err != nil {
		return nil, fmt.Errorf("the address for bounces: %w", err)
	}
	return regexp.MustCompile(`(?i)(?:^|[\s<,:;"'(=])` + regexp.QuoteMeta(local) + `\+([0-9a-v]{1,` + fmt.Sprint(localLimit) + `})@` +
		regexp.QuoteMeta(domain) + `(?:$|[^a-z0-9.-])`), nil
}
