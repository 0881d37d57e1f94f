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
	defaultAPIURL   = "https://api.twilio.com"
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
		"require_tls", "sessions", "depends_on")
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

// sms returns the SMS channel, never nil.
func (l *loader) sms(v value) *SMS {
	s := &SMS{Provider: "twilio", APIURL: defaultAPIURL}
	o, ok := l.object(v, "provider", "account_sid", "auth_token", "auth_token_file", "from", "messaging_service_sid",
		"reply_to_number", "api_url", "messages_per_second", "budget", "depends_on")
	if !ok {
		return s
	}
	l.oneOf(o.get("provider"), "provider", []string{"twilio"})
	if s.AccountSID, ok = l.text(o.need("account_sid", "it stands in Twilio's console")); ok && !accountSID.MatchString(s.AccountSID) {
		l.warn(o.get("account_sid").at, "it is AC and 32 hexadecimal digits", "this does not look like an account SID")
	}
	s.AuthToken = l.secret(o, "auth_token", true)
	l.sender(o, s)
	s.ReplyToNumber, _ = l.phone(o.get("reply_to_number"))
	if url := l.webAddress(o.get("api_url")); url != "" {
		s.APIURL = url
		l.plainHTTP(o.get("api_url"), url)
	}
	s.MessagesPerSecond = l.rate(o.get("messages_per_second"))
	s.DependsOn = l.allOf(o.get("depends_on"), "service", keysOf(l.services))
	if b, ok := l.object(o.get("budget"), "per_incident", "per_day"); ok {
		s.BudgetPerIncident = l.integer(b.get("per_incident"), 1, 0)
		s.BudgetPerDay = l.integer(b.get("per_day"), 1, 0)
	}
	return s
}

// sender reads who an SMS comes from: exactly one of from and
// messaging_service_sid.
func (l *loader) sender(o object, s *SMS) {
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
