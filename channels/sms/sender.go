package sms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"

	"sitrep/channels"
)

const (
	// defaultAPI is where Twilio is.
	defaultAPI = "https://api.twilio.com"
	// A message may wait in Twilio's queue for 1 to 36,000 seconds (the
	// Message resource's ValidityPeriod).
	maxValidity = 36000 * time.Second
	// badCallback is Twilio's code for an address for callbacks that it does
	// not take.
	badCallback = 21609
	// refParam names the reference in the address for callbacks.
	refParam = "d"
)

// Config is what a Sender needs to know.
type Config struct {
	AccountSID string
	// AuthToken is called for each message.
	AuthToken func() (string, error)
	// From is a number (E.164) or a sender ID, MessagingServiceSID a service
	// that chooses one; one of the two, or both.
	From, MessagingServiceSID string
	// StatusURL is where Twilio tells what became of a message that has a
	// reference: the whole address of Callbacks' Status; "": it tells nothing.
	StatusURL string
	// APIURL is Twilio's address, without the version; "": Twilio's own.
	APIURL string
	// MessagesPerSecond is the pace; 0: as fast as asked to.
	MessagesPerSecond float64
	// Users says how many processes use the account at once, and share the pace; nil:
	// this one.
	Users func() int
	// HTTP does the requests, each within 30 s; nil: a client of our own. It
	// must speak HTTP/1 only: see New.
	HTTP *http.Client
}

// Sender sends SMS; a channels.Sender.
type Sender struct {
	config Config
	base   *url.URL
	status *url.URL // nil: none
	http   *http.Client
	pace   *pace

	// untold is set once Twilio refused the address for callbacks: an update
	// goes out without them rather than not at all.
	untold atomic.Bool
}

var _ channels.Sender = (*Sender)(nil)

// New returns a Sender; it starts nothing.
func New(c Config) *Sender {
	s := &Sender{config: c, pace: newPace(c.MessagesPerSecond, c.Users)}
	if c.APIURL == "" {
		c.APIURL = defaultAPI
	}
	s.base, _ = url.Parse(c.APIURL)
	if c.StatusURL != "" {
		s.status, _ = url.Parse(c.StatusURL)
	}

	if c.HTTP != nil {
		own := *c.HTTP
		s.http = &own
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		// As many as calls at once, or most of those would connect anew.
		transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, 1000
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
	c, err := s.call(ctx, sending)
	if err != nil {
		return channels.Accepted{}, err
	}
	if d.Again {
		switch first, err := s.find(c, d); {
		case err != nil:
			return channels.Accepted{}, err
		case first != "":
			return channels.Accepted{At: time.Now(), Provider: first, Before: true}, nil
		case d.Sought == 0:
			return channels.Accepted{}, notShown()
		}
	}
	return s.post(c, d)
}

const sending = "sending sms"

func notShown() error {
	return channels.NotShown(listLag, errors.New("the list does not show the first sms; it is read again before it is sent again"))
}

// call prepares for requests about one message.
func (s *Sender) call(ctx context.Context, doing string) (*call, error) {
	if s.base == nil || s.base.Host == "" {
		return nil, channels.Down("", fmt.Errorf("%s: the api's address is not a url", doing))
	}
	if s.config.AuthToken == nil {
		return nil, channels.Down("", fmt.Errorf("%s: there is no auth token", doing))
	}
	token, err := s.config.AuthToken()
	if err != nil {
		return nil, channels.Down("", fmt.Errorf("%s: reading the auth token: %w", doing, err))
	}
	return &call{ctx: ctx, http: s.http, base: s.base, pace: s.pace, sid: s.config.AccountSID, token: token}, nil
}

// post sends, whatever was sent before.
func (s *Sender) post(c *call, d channels.Delivery) (channels.Accepted, error) {
	params := new(api.CreateMessageParams).SetTo(d.To).SetBody(d.Text)
	if s.config.From != "" {
		params.SetFrom(s.config.From)
	}
	if s.config.MessagingServiceSID != "" {
		params.SetMessagingServiceSid(s.config.MessagingServiceSID)
	}
	if s.status != nil && d.Ref != "" && !s.untold.Load() {
		params.SetStatusCallback(statusCallback(*s.status, d.Ref))
	}
	m, err := s.create(c, d, params)
	var no *refused
	if errors.As(err, &no) && no.code == badCallback && params.StatusCallback != nil {
		s.untold.Store(true)
		params.StatusCallback = nil
		m, err = s.create(c, d, params)
	}
	if err != nil {
		return channels.Accepted{}, err
	}
	return channels.Accepted{At: time.Now(), Provider: *m.Sid}, nil
}

// create makes one request when it is its turn, for as long as is left then.
func (s *Sender) create(c *call, d channels.Delivery, params *api.CreateMessageParams) (*api.ApiV2010Message, error) {
	if err := s.pace.turn(c.ctx); err != nil {
		return nil, waiting(err)
	}
	if !d.Expires.IsZero() {
		left := min(time.Until(d.Expires), maxValidity)
		if left < time.Second {
			return nil, channels.Temporary("", fmt.Errorf("%s: it has expired", sending))
		}
		params.SetValidityPeriod(int(left / time.Second))
	}
	m, err := api.NewApiServiceWithClient(c).CreateMessage(params)
	if err == nil && value(m.Sid) == "" {
		err = errors.New("an answer without a sid")
	}
	if err != nil {
		return nil, judge(sending, err, true, c.written.Load(), d.Tries)
	}
	return m, nil
}

// waiting is what it means that a request's turn did not come.
func waiting(err error) error {
	var p *paused
	if errors.As(err, &p) {
		return channels.RetryAfter(p.left, "", fmt.Errorf("waiting to send sms: %w", p))
	}
	return channels.Temporary("", fmt.Errorf("waiting to send sms: %w", plain(err)))
}

// statusCallback is the address that Twilio is given for one delivery.
func statusCallback(u url.URL, ref string) string {
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += refParam + "=" + url.QueryEscape(ref)
	return u.String()
}

// Close ends the connections that are kept for reuse. Requests under way end
// with their contexts.
func (s *Sender) Close() error {
	s.http.CloseIdleConnections()
	return nil
}
