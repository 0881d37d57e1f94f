package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"os"
	"slices"
	"time"

	"sitrep/channels"
)

// Config is what a Sender needs to know.
type Config struct {
	// Smarthosts are relays as host:port, tried in this order. Port 465 begins
	// with TLS (RFC 8314), every other with STARTTLS (RFC 3207).
	Smarthosts []string
	// From is the sender, in the envelope too unless Bounces is; its domain is
	// that of the Message-IDs.
	From mail.Address
	// Username authenticates with Password, which is called whenever a
	// connection is made; nil: no authentication.
	Username string
	Password func() (string, error)
	// Mechanism is one of Mechanisms, and then that one and no other: for
	// xoauth2 Password returns the access token. "": the first that the server
	// offers of SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN and LOGIN. A password
	// or a token never goes in clear over a network.
	Mechanism string
	// Bounces is an address to which servers may return a delivery that has a
	// reference: "bounces@voorbeeld.example" gets them as
	// bounces+<reference>@voorbeeld.example, for ReadBounce. "": to From.
	Bounces string
	// RequireTLS: nothing is sent unless encrypted. Without it a loopback
	// smarthost is talked to in clear and any other encrypted where it offers
	// STARTTLS. Certificates are verified in any case.
	RequireTLS bool
	// Sessions is how many connections may be open at once; at least 1.
	Sessions int
	// Dial connects; nil: a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// TLS holds the roots to trust; nil: the system's.
	TLS *tls.Config
	// DKIM signs every message; nil: none is signed.
	DKIM *DKIM
	// Organisation names the sender in List-Id; may be empty.
	Organisation string
	// Hostname is said in EHLO; "": os.Hostname.
	Hostname string
}

// Sender sends mail; a channels.Sender. It starts nothing until it is used.
type Sender struct {
	config Config
	hosts  *smarthosts
	slots  chan struct{} // one for each Send under way
	pool   pool
	signer *signer // nil: nothing is signed

	contents contents
}

var _ channels.Sender = (*Sender)(nil)

// New returns a Sender that has not connected yet.
func New(c Config) *Sender {
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Hostname == "" {
		c.Hostname, _ = os.Hostname()
	}
	if c.Hostname == "" {
		c.Hostname = "localhost"
	}
	c.Sessions = max(1, c.Sessions)
	s := &Sender{
		config: c,
		hosts:  newSmarthosts(c.Smarthosts),
		slots:  make(chan struct{}, c.Sessions),
		pool:   pool{limit: c.Sessions},
	}
	if c.DKIM != nil {
		s.signer = &signer{config: *c.DKIM}
	}
	return s
}

// Send hands one message to the first smarthost that takes it. With more calls
// at once than sessions, the others wait their turn. Failures are classified
// by the table in verdict.go; a context that ends before the content was sent
// is a temporary failure, one that ends later an ambiguous one.
func (s *Sender) Send(ctx context.Context, d channels.Delivery) (channels.Accepted, error) {
	if err := ctx.Err(); err != nil {
		return channels.Accepted{}, channels.Temporary("", fmt.Errorf("sending mail: %w", err))
	}
	l, err := s.compose(d)
	if err != nil {
		return channels.Accepted{}, channels.Permanent("5.1.3", fmt.Errorf("composing mail: %w", err))
	}
	if l.raw, err = s.sealed(l.raw); err != nil {
		return channels.Accepted{}, channels.Down("", err)
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return channels.Accepted{}, channels.Temporary("", fmt.Errorf("waiting for a mail session: %w", ctx.Err()))
	}
	if !s.pool.enter() {
		return channels.Accepted{}, channels.Temporary("", errors.New("sending mail: the sender is closed"))
	}
	defer s.pool.leave()

	if len(s.hosts.all) == 0 {
		return channels.Accepted{}, channels.Down("", errors.New("sending mail: there is no smarthost"))
	}
	return s.hand(ctx, l)
}

// hand tries the smarthosts that may be tried, until one of them takes the
// message or the failure is not theirs.
func (s *Sender) hand(ctx context.Context, l letter) (channels.Accepted, error) {
	var tried []*verdict
	order := s.hosts.inOrder(time.Now())
	for i, h := range order {
		t, ok := s.hosts.begin(h, time.Now())
		if !ok {
			continue
		}
		patience := commandTimeout
		if s.hosts.another(order[i+1:], time.Now()) {
			patience = hurriedTimeout
		}
		got, v, err := s.try(ctx, t, l, patience)
		if v == nil || !v.next {
			return got, err
		}
		tried = append(tried, v)
	}
	if len(tried) == 0 {
		t, ok := s.hosts.force()
		if !ok {
			return channels.Accepted{}, channels.DownFor(max(s.hosts.wait(time.Now()), probePatience), "", errors.New("sending mail: no smarthost worked lately"))
		}
		got, v, err := s.try(ctx, t, l, commandTimeout)
		if v == nil || !v.next {
			return got, err
		}
		tried = append(tried, v)
	}
	return channels.Accepted{}, s.hosts.later(channels.Classify(exhausted(tried)), time.Now())
}

// try sends by one smarthost, and notes what that says about it. A verdict whose
// next is set is for the next one; any other comes with its error.
func (s *Sender) try(ctx context.Context, t turn, l letter, patience time.Duration) (channels.Accepted, *verdict, error) {
	// What a breaker is for lies before the final dot. The reply to it may take
	// minutes, and a probe must not keep the others away for that long.
	l.dotted = func() {
		if t.probe {
			s.hosts.end(t, foundWorking, time.Now())
			t.probe = false
		}
	}
	reply, v := s.via(ctx, t.host, l, patience)
	found := v.finds()
	cut := v != nil && ctx.Err() != nil && v.class != channels.ClassAmbiguous
	if cut {
		found = foundNothing
	}
	if s.hosts.end(t, found, time.Now()) {
		s.pool.evict(t.host)
	}
	switch {
	case v == nil:
		return channels.Accepted{At: time.Now(), Provider: queueID(reply)}, nil, nil
	case cut:
		v = &verdict{reply: v.reply}
		return channels.Accepted{}, v, channels.Temporary(v.reply, fmt.Errorf("sending mail: %w", ctx.Err()))
	}
	return channels.Accepted{}, v, v.failure()
}

// via sends over an idle session to h, or a fresh one. An idle one that does
// not even take MAIL FROM has died, or its server had enough of it: the message
// goes over a fresh one at once. patience is for one command.
func (s *Sender) via(ctx context.Context, h *smarthost, l letter, patience time.Duration) (string, *verdict) {
	secrets := slices.Concat(echoes(l.to), echoes(l.from), echoes(s.config.From.Address), echoes(s.config.Username))
	if ses := s.pool.take(h); ses != nil {
		reply, at, err := ses.transact(ctx, l, patience)
		s.pool.put(ses)
		if err == nil {
			return reply, nil
		}
		if at != atMail || ctx.Err() != nil {
			return "", judge(at, err, append(secrets, ses.secret)...)
		}
	}
	s.pool.room()
	ses, err := s.open(ctx, h)
	if err != nil {
		s.pool.failed()
		at := atConnect
		if unread := new(secretError); errors.As(err, &unread) {
			at = atSecret
		}
		return "", judge(at, err, secrets...)
	}
	reply, at, err := ses.transact(ctx, l, patience)
	s.pool.put(ses)
	if err != nil {
		return "", judge(at, err, append(secrets, ses.secret)...)
	}
	return reply, nil
}

// Close refuses further messages, waits for those under way (their contexts
// end them sooner), says goodbye on idle sessions and returns when nothing of
// the Sender runs any more.
func (s *Sender) Close() error {
	s.pool.close()
	return nil
}
