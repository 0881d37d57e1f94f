package policies

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

const (
	channelEmail = "email"
	channelSMS   = "sms"

	defaultSessions = 10
	defaultCalls    = 8 // to the SMS provider
	// Six segments are 918 characters: more than that is a mail.
	defaultSegments, maxSegments = 3, 6
	defaultAPIURL                = "https://api.twilio.com"
)

var (
	accountSID = regexp.MustCompile(`^AC[0-9a-fA-F]{32}$`)
	serviceSID = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)
	// senderID is what networks show in place of a number: the alphabet that
	// Twilio accepts, with a letter in it.
	senderID = regexp.MustCompile(`^[A-Za-z0-9 +&_-]{1,11}$`)
	letter   = regexp.MustCompile(`[A-Za-z]`)
)

func (l *loader) channels(v value) {
	o, _ := l.object(v, channelEmail, channelSMS)
	if o.has(channelEmail) {
		l.cfg.Email = l.email(o.get(channelEmail))
	}
	if o.has(channelSMS) {
		l.cfg.SMS = l.sms(o.get(channelSMS))
	}
}

// email returns the email channel. It is never nil, so that a channel with a
// mistake in it still counts as configured.
func (l *loader) email(v value) *Email {
	e := &Email{RequireTLS: true, Sessions: defaultSessions}
	o, ok := l.object(v, "smarthosts", "from", "auth_username", "auth_password", "auth_password_file",
		"require_tls", "sessions", "depends_on", "auth_mechanism", "dkim", "bounces")
	if !ok {
		return e
	}
	for _, item := range l.someOf(o.need("smarthosts", `write smarthosts: ["mail.example.org:587"]`), `write smarthosts: ["mail.example.org:587"]`) {
		if s, ok := l.smarthost(item); ok {
			e.Smarthosts = append(e.Smarthosts, s)
		}
	}
	if from, ok := l.mailbox(o.need("from", `write from: "Name <address@example.org>"`)); ok {
		e.From = *from
	}
	e.Username, _ = l.text(o.get("auth_username"))
	e.Password = l.secret(o, "auth_password", o.has("auth_username"))
	if !o.has("auth_username") && (o.has("auth_password") || o.has("auth_password_file")) {
		l.fail(o.at, "add auth_username, or remove the password", "missing key %q", "auth_username")
	}
	if o.has("auth_mechanism") && !o.has("auth_username") {
		l.fail(o.get("auth_mechanism").key, "add auth_username, or remove it", "missing key %q", "auth_username")
	}
	e.Mechanism, _ = l.oneOf(o.get("auth_mechanism"), "mechanism", Mechanisms)
	e.DKIM = l.dkim(o.get("dkim"))
	if b, ok := l.object(o.get("bounces"), "address", "mailbox"); ok {
		if m, ok := l.mailbox(b.need("address", "write the address at which bounces are to arrive")); ok {
			e.Bounces = m.Address
		}
		if p, ok := l.text(b.get("mailbox")); ok {
			e.BouncesFile = l.resolvePath(p)
		}
	}
	e.RequireTLS = l.boolean(o.get("require_tls"), true)
	e.Sessions = l.integer(o.get("sessions"), 1, defaultSessions)
	e.DependsOn = l.allOf(o.get("depends_on"), "service", keysOf(l.services))
	if !e.RequireTLS {
		for _, s := range e.Smarthosts {
			if u, err := url.Parse("//" + s); err == nil && !isLoopback(u.Hostname()) {
				l.warn(o.get("require_tls").key, "remove the line; false is for a loopback test server", "mail to %q may go unencrypted", s)
			}
		}
	}
	return e
}

// Mechanisms are the ways to authenticate to a mail server that a file may name.
var Mechanisms = []string{
	"cram-md5", "login", "plain", "scram-sha-1", "scram-sha-1-plus", "scram-sha-256", "scram-sha-256-plus", "xoauth2",
}

// dkim reads by what mail is signed; nil where it is not.
func (l *loader) dkim(v value) *DKIM {
	o, ok := l.object(v, "domain", "selector", "private_key", "private_key_file")
	if !ok {
		return nil
	}
	d := &DKIM{}
	d.Domain, _ = l.text(o.need("domain", "write the domain of the sender's address"))
	d.Selector, _ = l.text(o.need("selector", "write the name under which the public key stands in the DNS, before ._domainkey"))
	d.Key = l.secret(o, "private_key", true)
	return d
}

// smarthost returns host:port; IPv6 addresses stand in brackets.
func (l *loader) smarthost(v value) (string, bool) {
	s, ok := l.text(v)
	if !ok {
		return "", false
	}
	const hint = "write host:port, such as mail.example.org:587"
	u, err := url.Parse("//" + s)
	if err != nil || u.Host != s || strings.ContainsAny(s, " \t,;") {
		l.fail(v.at, hint, "bad smarthost %q", s)
		return "", false
	}
	switch port, err := strconv.ParseUint(u.Port(), 10, 16); {
	case u.Hostname() == "":
		l.fail(v.at, hint, "smarthost %q has no host", s)
	case err != nil || port == 0:
		l.fail(v.at, hint, "smarthost %q has no port", s)
	default:
		return s, true
	}
	return "", false
}

// currencyCode is what ISO 4217 calls a currency.
var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// sms returns the SMS channel, never nil.
func (l *loader) sms(v value) *SMS {
	s := &SMS{MaxSegments: defaultSegments}
	own := []string{"provider", "account_sid", "auth_token", "auth_token_file", "from", "messaging_service_sid", "api_url"}
	o, ok := l.object(v, append([]string{"providers", "reply_to_number", "messages_per_second", "sessions", "max_segments", "price", "budget", "depends_on"}, own...)...)
	if !ok {
		return s
	}
	if o.has("providers") {
		for _, key := range own {
			if o.has(key) {
				l.fail(o.get(key).key, "move it into the list", "%q beside \"providers\"", key)
			}
		}
		const hint = "write a list of {provider: twilio, account_sid: ..., auth_token_file: ..., from: ...}"
		for i, item := range l.someOf(o.get("providers"), hint) {
			if p, ok := l.object(item, own...); ok && i == 0 {
				s.Account = l.account(p)
			} else if ok {
				s.Others = append(s.Others, l.account(p))
			}
		}
	} else {
		s.Account = l.account(o)
	}
	s.ReplyToNumber, _ = l.phone(o.get("reply_to_number"))
	l.answers(o, s)
	s.MessagesPerSecond = l.rate(o.get("messages_per_second"))
	s.Sessions = l.integer(o.get("sessions"), 1, defaultCalls)
	if s.MaxSegments = l.integer(o.get("max_segments"), 1, defaultSegments); s.MaxSegments > maxSegments {
		l.fail(o.get("max_segments").at, "use 1 to 6", "an SMS takes at most %d segments", maxSegments)
	}
	s.DependsOn = l.allOf(o.get("depends_on"), "service", keysOf(l.services))
	if p, ok := l.object(o.get("price"), "per_segment", "currency"); ok {
		const hint = "write price: {per_segment: 0.08, currency: EUR}"
		if !p.need("per_segment", hint).absent() {
			s.PerSegment = l.rate(p.get("per_segment"))
		}
		if v := p.need("currency", hint); !v.absent() {
			if s.Currency, _ = l.text(v); !currencyCode.MatchString(s.Currency) {
				l.fail(v.at, "use three capitals, such as EUR", "%q is no currency", s.Currency)
			}
		}
	}
	if b, ok := l.object(o.get("budget"), "per_incident", "per_day"); ok {
		s.BudgetPerIncident = l.integer(b.get("per_incident"), 1, 0)
		s.BudgetPerDay = l.integer(b.get("per_day"), 1, 0)
	}
	return s
}

// answers says where nobody can answer an SMS.
func (l *loader) answers(o object, s *SMS) {
	switch reply := o.get("reply_to_number"); {
	case s.ReplyToNumber != "" && l.cfg.Global.ExternalURL == "":
		l.warn(reply.at, "set global.external_url, and the number's webhook to <external_url>/twilio/inbound", "what is sent to this number does not reach sitrep")
	case s.ReplyToNumber == "" && s.From != "" && !s.Receives():
		l.note(o.at, "add reply_to_number, and say it in messages, or send from a number", "a sender ID cannot receive: nobody can answer STOP to an SMS")
	}
}

// account reads one account with a provider.
func (l *loader) account(o object) Account {
	a := Account{Provider: "twilio", APIURL: defaultAPIURL}
	l.oneOf(o.get("provider"), "provider", []string{"twilio"})
	var ok bool
	if a.AccountSID, ok = l.text(o.need("account_sid", "it stands in Twilio's console")); ok && !accountSID.MatchString(a.AccountSID) {
		l.warn(o.get("account_sid").at, "it is AC and 32 hexadecimal digits", "this does not look like an account SID")
	}
	a.AuthToken = l.secret(o, "auth_token", true)
	l.sender(o, &a)
	if url := l.webAddress(o.get("api_url")); url != "" {
		a.APIURL = url
		l.plainHTTP(o.get("api_url"), url)
	}
	return a
}

// sender reads who an SMS comes from: exactly one of from and
// messaging_service_sid.
func (l *loader) sender(o object, s *Account) {
	from, sid := o.get("from"), o.get("messaging_service_sid")
	switch {
	case o.has("from") && o.has("messaging_service_sid"):
		l.fail(sid.key, "keep one of the two", `both "from" and "messaging_service_sid" are set`)
	case o.has("messaging_service_sid"):
		if s.MessagingServiceSID, _ = l.text(sid); s.MessagingServiceSID != "" && !serviceSID.MatchString(s.MessagingServiceSID) {
			l.warn(sid.at, "it is MG and 32 hexadecimal digits", "this does not look like a messaging service SID")
		}
	default:
		text, ok := l.text(o.need("from", "write a number, a sender ID, or messaging_service_sid instead"))
		switch {
		case !ok:
		case senderID.MatchString(text) && letter.MatchString(text):
			s.From = text
		case strings.HasPrefix(text, "+"):
			s.From, _ = l.phone(from)
		default:
			l.fail(from.at, "a sender ID has at most 11 letters, digits or spaces, with a letter among them; a number begins with +", "bad sender")
		}
	}
}

// plainHTTP warns where a token would travel in the clear.
func (l *loader) plainHTTP(v value, address string) {
	u, err := url.Parse(address)
	if err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		l.warn(v.at, "use https", "the token goes to %q unencrypted", u.Host)
	}
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// configured returns the names of the channels that the file configures.
func (l *loader) configured() []string {
	var names []string
	if l.cfg.Email != nil {
		names = append(names, channelEmail)
	}
	if l.cfg.SMS != nil {
		names = append(names, channelSMS)
	}
	return names
}
