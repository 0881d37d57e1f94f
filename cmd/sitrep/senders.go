package main

import (
	"context"
	"net"
	"net/http"

	"sitrep/channels/email"
	"sitrep/channels/sms"
	"sitrep/policies"
)

// mailSender is how the configuration sends mail. dial is the world outside; nil
// is the real one.
func mailSender(cfg *policies.Config, dial func(ctx context.Context, network, addr string) (net.Conn, error)) email.Config {
	c := cfg.Email
	return email.Config{
		Smarthosts: c.Smarthosts, From: c.From, Username: c.Username, Password: secret(c.Password),
		RequireTLS: c.RequireTLS, Sessions: c.Sessions, Dial: dial, Organisation: cfg.Global.Organisation,
		Mechanism: c.Mechanism, Bounces: c.Bounces, DKIM: signing(c.DKIM),
	}
}

// smsSenders are the accounts by which the configuration sends SMS, in its order.
func smsSenders(cfg *policies.Config, client *http.Client, users func() int) []sms.Config {
	var all []sms.Config
	for _, a := range cfg.SMS.Accounts() {
		all = append(all, sms.Config{
			AccountSID: a.AccountSID, AuthToken: secret(a.AuthToken), From: a.From,
			MessagingServiceSID: a.MessagingServiceSID, APIURL: a.APIURL, StatusURL: below(cfg.Global, sms.StatusPath),
			MessagesPerSecond: cfg.SMS.MessagesPerSecond, Users: users, HTTP: client,
		})
	}
	return all
}
