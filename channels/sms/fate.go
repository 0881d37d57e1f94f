package sms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"

	"sitrep/channels"
)

// fate is what a message's status and its error code mean. Any status that is
// not here says that it is under way:
//
//	accepted, scheduled, queued, sending, sent    nothing known yet
//	delivered, read                               delivered
//	failed, undelivered                           failed; again by the code
//	canceled                                      failed, since somebody took it back
func fate(status, code string) channels.Fate {
	switch status {
	case "delivered", "read":
		return channels.Fate{State: channels.Delivered}
	case "failed", "undelivered":
		return channels.Fate{State: channels.Failed, Code: code, Again: again(code)}
	case "canceled":
		return channels.Fate{State: channels.Failed, Code: code}
	}
	return channels.Fate{}
}

// aSID is the id of a message. twilio-go puts it into an address as it is.
var aSID = regexp.MustCompile(`^(SM|MM)[0-9a-fA-F]{32}$`)

// Ask returns what became of a message that Send had accepted, by the provider's
// id that it returned: without a state while it is under way. The reference is
// for the caller to fill in. A permanent failure says that Twilio does not know
// the message, now or later.
func (s *Sender) Ask(ctx context.Context, provider string) (channels.Fate, error) {
	const doing = "asking for an sms"
	if !aSID.MatchString(provider) {
		return channels.Fate{}, channels.Permanent("", fmt.Errorf("%s: that is no message of twilio's", doing))
	}
	c, err := s.call(ctx, doing)
	if err != nil {
		return channels.Fate{}, err
	}
	m, err := api.NewApiServiceWithClient(c).FetchMessage(provider, nil)
	if err == nil && value(m.Sid) != provider {
		err = errors.New("an answer about something else")
	}
	if err != nil {
		var no *refused
		if errors.As(err, &no) && no.status == http.StatusNotFound && no.code != 0 {
			return channels.Fate{}, channels.Permanent(strconv.Itoa(no.code), fmt.Errorf("%s: twilio does not know it", doing))
		}
		return channels.Fate{}, judge(doing, err, false, c.written.Load(), 0)
	}
	code := ""
	if m.ErrorCode != nil && *m.ErrorCode != 0 {
		code = strconv.Itoa(*m.ErrorCode)
	}
	f := fate(value(m.Status), code)
	f.At = time.Now()
	if at, err := time.Parse(time.RFC1123Z, value(m.DateUpdated)); err == nil && at.Before(f.At) {
		f.At = at
	}
	return f, nil
}
