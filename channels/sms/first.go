package sms

import (
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"

	"sitrep/channels"
)

const (
	// clockSkew is how far Twilio's clock may be behind ours.
	clockSkew = time.Minute
	// sinceDefault is how far back the first try may be where it is not known.
	sinceDefault = 24 * time.Hour
	// listLag is how much later a message may be in Twilio's list than it was
	// accepted.
	listLag = 30 * time.Second
	// listPage and listLimit bound a list, in messages to one number.
	listPage, listLimit = 100, 200
)

// find looks for the delivery among the messages to its number since the first
// try, and returns the SID, or "".
//
// The list is asked for by number only and the date compared here, by
// date_created: Twilio's own filter goes by date_sent, which a message that is
// still in the queue has not. Twilio lists the newest first.
func (s *Sender) find(c *call, d channels.Delivery) (sid string, err error) {
	since := d.Since
	if since.IsZero() {
		since = time.Now().Add(-sinceDefault)
	}
	since = since.Add(-clockSkew)
	params := new(api.ListMessageParams).SetTo(d.To).SetPageSize(listPage).SetLimit(listLimit)
	list, err := api.NewApiServiceWithClient(c).ListMessage(params)
	if err != nil {
		return "", judge("looking for the first sms", err, false, c.written.Load(), d.Tries)
	}
	for _, m := range list {
		created, err := time.Parse(time.RFC1123Z, value(m.DateCreated))
		if err == nil && created.After(since) && s.same(m, d) {
			return value(m.Sid), nil
		}
	}
	return "", nil
}

// same says that m is the delivery: the text exactly, and our sender. One that
// was not delivered is none; sending it again repeats nothing.
func (s *Sender) same(m api.ApiV2010Message, d channels.Delivery) bool {
	switch value(m.Status) {
	case "failed", "undelivered", "canceled":
		return false
	}
	if value(m.To) != d.To || value(m.Body) != d.Text {
		return false
	}
	if s.config.MessagingServiceSID != "" {
		return value(m.MessagingServiceSid) == s.config.MessagingServiceSID
	}
	return value(m.From) == s.config.From
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
