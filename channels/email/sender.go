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
	// From is the sender, in the envelope too; its domain is that of the
	// Message-IDs.
	From mail.Address
	// Username authenticates with Password, which is called whenever a
	// connection is made; nil: no authentication. Mechanisms are those of
	// SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN and LOGIN that the server
	// offers, in this order, the last two never in clear over a network.
	Username string
	Password func() (string, error)
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
	return &Sender{
		config: c,
		hosts:  newSmarthosts(c.Smarthosts),
		slots:  make(chan struct{}, c.Sessions),
		pool:   pool{limit: c.Sessions},
	}
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

	var tried []*verdict
	for _, h := range s.hosts.inOrder(time.Now()) {
		reply, v := s.via(ctx, h, l)
		if v == nil {
			s.hosts.mark(h, false, time.Now())
			return channels.Accepted{At: time.Now(), Provider: queueID(reply)}, nil
		}
		if ctx.Err() != nil && v.class != channels.ClassAmbiguous {
			return channels.Accepted{}, channels.Temporary(v.reply, fmt.Errorf("sending mail: %w", ctx.Err()))
		}
		if !v.next {
			return channels.Accepted{}, v.failure()
		}
		s.hosts.mark(h, true, time.Now())
		tried = append(tried, v)
	}
	if len(tried) == 0 {
		return channels.Accepted{}, channels.Down("", errors.New("sending mail: there is no smarthost"))
	}
	return channels.Accepted{}, exhausted(tried)
}

// via sends over an idle session to h, or a fresh one. An idle one that does
// not even take MAIL FROM has died, or its server had enough of it: the message
// goes over a fresh one at once.
func (s *Sender) via(ctx context.Context, h *smarthost, l letter) (string, *verdict) {
	secrets := slices.Concat(echoes(l.to), echoes(s.config.From.Address), echoes(s.config.Username))
	if ses := s.pool.take(h); ses != nil {
		reply, at, err := ses.transact(ctx, s.config.From, l)
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
		return "", judge(atConnect, err, secrets...)
	}
	reply, at, err := ses.transact(ctx, s.config.From, l)
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
