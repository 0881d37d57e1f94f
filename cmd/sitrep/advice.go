package main

import (
	"strings"

	"sitrep/channels"
)

// remedy is what to do about a failure that looks so.
type remedy struct {
	channel string
	code    string // what the code begins with; empty: any
	text    string // what the error says; empty: anything
	hint    string
}

// remedies are read from the top; the first that fits is it. The texts are those of
// the channels' own errors.
var remedies = []remedy{
	{channels.Email, "", "reading the password", "auth_password_file has to be readable by whoever runs this"},
	{channels.Email, "", "dkim", "channels.email.dkim: check-config looks at the key"},
	{channels.Email, "", "authentication", "auth_username, auth_password_file and auth_mechanism under channels.email have to be those that the mail server knows"},
	{channels.Email, "", "certificate", "the mail server's certificate has to be valid for the name in smarthosts, and signed by an authority that this machine trusts"},
	{channels.Email, "", "starttls", "require_tls asks for encryption, which this mail server does not offer on this port; 465 begins with it, 587 and 25 turn to it"},
	{channels.Email, "", "lookup", "the name in smarthosts is not known to this machine's DNS"},
	{channels.Email, "", "connection refused", "nothing listens there: is the port right? 587, 465 or 25"},
	{channels.Email, "", "no answer in time", "a firewall may be between this machine and the mail server; or the port is one that begins with TLS (465), or does not"},
	{channels.Email, "", "connecting", "can this machine reach the mail server at that name and port?"},
	{channels.Email, "53", "", "the mail server wants to know who sends: auth_username and auth_password_file under channels.email"},
	{channels.Email, "", "relay", "the mail server does not pass mail on for this machine: let it, or authenticate with auth_username and auth_password_file"},
	{channels.Email, "5", "mail from", "the mail server takes no mail from this sender: look at channels.email.from"},
	{channels.Email, "550 5.1.1", "", "there is no such mailbox, the mail server says: is the address right?"},
	{channels.Email, "5", "rcpt to", "the mail server takes no mail for this recipient: is the address right, and may this sender write to it?"},
	{channels.Email, "5", "", "the mail server does not want this message; its log says why"},
	{channels.Email, "4", "", "the mail server says that a later try may succeed, as most do with a sender that they do not know yet; serve tries again by itself"},

	{channels.SMS, "20003", "", "account_sid and auth_token_file under channels.sms have to be of one account, and the token the present one"},
	{channels.SMS, "20404", "", "there is no account of that account_sid"},
	{channels.SMS, "21211", "", "write the number as +31612345678"},
	{channels.SMS, "21408", "", "allow the country in Twilio's console, under Messaging, Settings, Geo permissions"},
	{channels.SMS, "21610", "", "whoever has that phone answered STOP; START takes it back"},
	{channels.SMS, "21608", "", "a trial account sends to verified numbers only: verify it in Twilio's console, or upgrade"},
	{channels.SMS, "212", "sender", "channels.sms.from has to be a number or a sender ID of that account"},
	{channels.SMS, "216", "sender", "channels.sms.from has to be a number or a sender ID of that account that may send to that country"},
	{channels.SMS, "429", "", "too much at once, says the provider: wait a little"},
	{channels.SMS, "http", "", "is api_url right? What answered is not Twilio's API, or does not know the account"},
	{channels.SMS, "", "token", "auth_token_file has to be readable by whoever runs this"},
	{channels.SMS, "", "answer", "can this machine reach api.twilio.com, port 443? A proxy is taken from HTTPS_PROXY"},
	{channels.SMS, "", "dial", "can this machine reach api.twilio.com, port 443? A proxy is taken from HTTPS_PROXY"},
}

// advice is what to do about a failure; empty where nobody knows.
func advice(channel string, f channels.Failure) string {
	text := strings.ToLower(f.Err.Error())
	for _, r := range remedies {
		if r.channel == channel && strings.HasPrefix(f.Code, r.code) && strings.Contains(text, r.text) {
			return r.hint
		}
	}
	return ""
}
