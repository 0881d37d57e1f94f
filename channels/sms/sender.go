package sms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"
	"golang.org/x/time/rate"

	"sitrep/channels"
)

const (
	// defaultAPI is where Twilio is.
	defaultAPI = "https://api.twilio.com"
	// A message may wait in Twilio's queue for 1 to 36,000 seconds (the
	// Message resource's ValidityPeriod).
	maxValidity = 36000 * time.Second
)

// Config is what a Sender needs to know.
type Config struct {
	AccountSID string
	// AuthToken is called for each message.
	AuthToken func() (string, error)
	// From is a number (E.164) or a sender ID, MessagingServiceSID a service
	// that chooses one; one of the two, or both.
	From, MessagingServiceSID string
	// APIURL is Twilio's address, without the version; "": Twilio's own.
	APIURL string
	// MessagesPerSecond is the pace; 0: as fast as asked to.
	MessagesPerSecond float64
	// HTTP does the requests, each within 30 s; nil: a client of our own. It
	// must speak HTTP/1 only: see New.
	HTTP *http.Client
}

// Sender sends SMS; a channels.Sender.
type Sender struct {
	config Config
	base   *url.URL
	http   *http.Client
	pace   *rate.Limiter
}

var _ channels.Sender = (*Sender)(nil)

// New returns a Sender; it starts nothing.
func New(c Config) *Sender {
	s := &Sender{config: c, pace: rate.NewLimiter(rate.Inf, 1)}
	if c.MessagesPerSecond > 0 {
		s.pace.SetLimit(rate.Limit(c.MessagesPerSecond))
	}
	if c.APIURL == "" {
		c.APIURL = defaultAPI
	}
	s.base, _ = url.Parse(c.APIURL)

	if c.HTTP != nil {
		own := *c.HTTP
		s.http = &own
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 64
		transport.IdleConnTimeout = 30 * time.Second
		// With HTTP/1 it is certain that a request which is not known as
		// written was not read either; with HTTP/2 it is not.
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetHTTP1(true)
		s.http = &http.Client{Transport: transport}
	}
	// Twilio never redirects; following would send number and text elsewhere.
	s.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return s
}

// Send sends one SMS, at the configured pace. Failures are classified by
// Twilio's codes; see verdict.go. A delivery that may have been accepted
// before (d.Again) is looked for twice first, and not sent if it is found.
func (s *Sender) Send(ctx context.Context, d channels.Delivery) (channels.Accepted, error) {
	const doing = "sending sms"
	if s.base == nil || s.base.Host == "" {
		return channels.Accepted{}, channels.Down("", fmt.Errorf("%s: the api's address is not a url", doing))
	}
	if s.config.AuthToken == nil {
		return channels.Accepted{}, channels.Down("", fmt.Errorf("%s: there is no auth token", doing))
	}
	token, err := s.config.AuthToken()
	if err != nil {
		return channels.Accepted{}, channels.Down("", fmt.Errorf("%s: reading the auth token: %w", doing, err))
	}
	c := &call{ctx: ctx, http: s.http, base: s.base, sid: s.config.AccountSID, token: token}

	if d.Again {
		switch first, err := s.find(c, d); {
		case err != nil:
			return channels.Accepted{}, judge("looking for the first sms", err, false, false)
		case first != "":
			return channels.Accepted{At: time.Now(), Provider: first, Before: true}, nil
		case d.Sought == 0:
			return channels.Accepted{}, channels.NotShown(listLag, errors.New("the list does not show the first sms; it is read again before it is sent again"))
		}
	}

	if err := s.pace.Wait(ctx); err != nil {
		if ctx.Err() == nil {
			err = context.DeadlineExceeded // its turn would come too late
		}
		return channels.Accepted{}, channels.Temporary("", fmt.Errorf("waiting to send sms: %w", plain(err)))
	}
	params := new(api.CreateMessageParams).SetTo(d.To).SetBody(d.Text)
	if s.config.From != "" {
		params.SetFrom(s.config.From)
	}
	if s.config.MessagingServiceSID != "" {
		params.SetMessagingServiceSid(s.config.MessagingServiceSID)
	}
	if !d.Expires.IsZero() {
		left := min(time.Until(d.Expires), maxValidity)
		if left < time.Second {
			return channels.Accepted{}, channels.Temporary("", fmt.Errorf("%s: it has expired", doing))
		}
		params.SetValidityPeriod(int(left / time.Second))
	}
	m, err := api.NewApiServiceWithClient(c).CreateMessage(params)
	if err == nil && (m.Sid == nil || *m.Sid == "") {
		err = errors.New("an answer without a sid")
	}
	if err != nil {
		return channels.Accepted{}, judge(doing, err, true, c.written.Load())
	}
	return channels.Accepted{At: time.Now(), Provider: *m.Sid}, nil
}

// Close ends the connections that are kept for reuse. Requests under way end
// with their contexts.
func (s *Sender) Close() error {
	s.http.CloseIdleConnections()
	return nil
}
