package email

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// mechanism is one way to say who we are.
type mechanism struct {
	word string // in Config.Mechanism; empty: it is only discovered
	name string // as servers offer it
	// bare says that the password, or what is as good as one, crosses the wire:
	// never in clear over a network.
	bare bool
	// told says that it is used only where the configuration names it.
	told  bool
	begin func(m login) smtp.Auth
}

// login is what a mechanism may need.
type login struct {
	user, password, host string
	state                *tls.ConnectionState // nil in clear
}

// mechanisms stand in the order of discovery. Those bound to the TLS connection
// come late: which binding a server means differs between them and between
// versions of TLS, and mail that does not go is worse than a login less bound.
var mechanisms = []mechanism{
	{word: "scram-sha-256", name: "SCRAM-SHA-256", begin: func(l login) smtp.Auth { return smtp.ScramSHA256Auth(l.user, l.password) }},
	{word: "scram-sha-1", name: "SCRAM-SHA-1", begin: func(l login) smtp.Auth { return smtp.ScramSHA1Auth(l.user, l.password) }},
	{word: "cram-md5", name: "CRAM-MD5", begin: func(l login) smtp.Auth { return smtp.CRAMMD5Auth(l.user, l.password) }},
	{word: "plain", name: "PLAIN", bare: true, begin: func(l login) smtp.Auth { return smtp.PlainAuth("", l.user, l.password, l.host, true) }},
	{word: "login", name: "LOGIN", bare: true, begin: func(l login) smtp.Auth { return smtp.LoginAuth(l.user, l.password, l.host, true) }},
	{word: "scram-sha-256-plus", name: "SCRAM-SHA-256-PLUS", bare: true, begin: func(l login) smtp.Auth {
		return smtp.ScramSHA256PlusAuth(l.user, l.password, l.state)
	}},
	{word: "scram-sha-1-plus", name: "SCRAM-SHA-1-PLUS", bare: true, begin: func(l login) smtp.Auth {
		return smtp.ScramSHA1PlusAuth(l.user, l.password, l.state)
	}},
	{name: "NTLM", begin: func(l login) smtp.Auth { return smtp.NTLMAuth(l.user, l.password, "") }},
	// What Password returns is then no password: discovery would say a token to
	// a server that takes one, and a password as a token to another.
	{word: "xoauth2", name: "XOAUTH2", bare: true, told: true, begin: func(l login) smtp.Auth { return smtp.XOAuth2Auth(l.user, l.password) }},
}

// Mechanisms are the words that Config.Mechanism knows, besides none at all.
func Mechanisms() []string {
	var words []string
	for _, m := range mechanisms {
		if m.word != "" {
			words = append(words, m.word)
		}
	}
	slices.Sort(words)
	return words
}

// authenticate says who we are, where the configuration wants that.
func (s *Sender) authenticate(c *smtp.Client, h *smarthost, password string) error {
	if s.config.Username == "" || s.config.Password == nil {
		return nil
	}
	_, line := c.Extension("AUTH")
	offered := strings.Fields(strings.ToUpper(line))
	l := login{user: s.config.Username, password: password, host: h.host}
	l.state, _ = c.GetTLSConnectionState()
	// In clear to this machine only, and only when TLS is not required.
	m, err := choose(s.config.Mechanism, offered, l.state != nil || s.clear(h))
	if err != nil {
		return err
	}
	if l.state == nil && strings.HasSuffix(m.name, "-PLUS") {
		return fmt.Errorf("authentication by %s needs an encrypted connection", m.name)
	}
	if err := c.Auth(m.begin(l)); err != nil {
		return &loginError{m.name, err}
	}
	return nil
}

// choose takes the mechanism named by word, or the first that the server offers.
// safe says that a password may cross the wire as it is.
func choose(word string, offered []string, safe bool) (mechanism, error) {
	unsafe := ""
	known := false
	for _, m := range mechanisms {
		if word == "" && m.told || word != "" && word != m.word {
			continue
		}
		known = true
		switch {
		case !slices.Contains(offered, m.name):
		case m.bare && !safe:
			unsafe = m.name
		default:
			return m, nil
		}
	}
	switch {
	case !known:
		return mechanism{}, fmt.Errorf("authentication by %q is not known here", word)
	case unsafe != "":
		return mechanism{}, fmt.Errorf("authentication by %s needs an encrypted connection", unsafe)
	case len(offered) == 0:
		return mechanism{}, errors.New("the smarthost offers no authentication")
	case word == "":
		return mechanism{}, fmt.Errorf("the smarthost offers authentication only by %s", list(offered))
	}
	return mechanism{}, fmt.Errorf("the smarthost offers authentication by %s, not by %s", list(offered), strings.ToUpper(word))
}

// offersShown is how many of a server's words an error repeats.
const offersShown = 12

func list(offered []string) string {
	return scrub(strings.Join(offered[:min(len(offered), offersShown)], ", "))
}

// loginError is a failure of the exchange itself. What a server says in it is
// not repeated but for its code: it may be what it was told.
type loginError struct {
	mechanism string
	err       error
}

func (e *loginError) Error() string { return "authentication by " + e.mechanism + " failed" }
func (e *loginError) Unwrap() error { return e.err }
