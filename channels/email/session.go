package email

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/mail"
	"net/textproto"
	"slices"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Waiting times. RFC 5321, section 4.5.3.2, wants minutes for each; but before
// the final dot nothing is lost by asking another smarthost, and a word about an
// outage that comes minutes late is worth less.
const (
	// connectTimeout covers dial, greeting, EHLO, TLS and AUTH together, so
	// that the second smarthost is reached within 30 s.
	connectTimeout = 15 * time.Second
	dialTimeout    = 10 * time.Second
	// reusedTimeout is for the first command on a connection that was idle: it
	// may have died without a word.
	reusedTimeout = 10 * time.Second
	// commandTimeout is for MAIL, RCPT, DATA and the content each; servers that
	// look up senders or slow down strangers take their time here.
	commandTimeout = time.Minute
	// hurriedTimeout is for the same where another smarthost would take the
	// message: it is to be there within 30 s of the last sign of life.
	hurriedTimeout = 25 * time.Second
	// finalTimeout is for the reply to the final dot: the ten minutes of RFC 5321,
	// section 4.5.3.2.6. Filters work before it, some for minutes, and the message
	// may be accepted already: giving up early makes a second copy of each. A
	// worker that stops ends the wait by its context.
	finalTimeout = 10 * time.Minute
	quitTimeout  = 2 * time.Second
)

// session is one open connection. One goroutine uses it at a time.
type session struct {
	client *smtp.Client
	conn   net.Conn
	host   *smarthost
	sent   int         // messages so far
	secret string      // the password that opened it; no error may hold it
	expiry *time.Timer // set while idle, and so after the first use
	broken bool
}

// guard closes the connection when ctx ends; the function returned stops that,
// and is to be called.
func guard(ctx context.Context, conn net.Conn) (stop func()) {
	closed := make(chan struct{})
	release := context.AfterFunc(ctx, func() {
		defer close(closed)
		conn.Close()
	})
	return func() {
		if !release() {
			<-closed
		}
	}
}

// secretError is that the password could not be read: no smarthost's fault.
type secretError struct{ err error }

func (e *secretError) Error() string { return e.err.Error() }
func (e *secretError) Unwrap() error { return e.err }

// open connects to a smarthost, as far as MAIL FROM.
func (s *Sender) open(ctx context.Context, h *smarthost) (*session, error) {
	password := ""
	if s.config.Username != "" && s.config.Password != nil {
		var err error
		if password, err = s.config.Password(); err != nil {
			return nil, &secretError{err}
		}
	}
	limited, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()

	// go-mail does not close a connection that it could not use, and knows no
	// context after the dial.
	var conn net.Conn
	stop := func() {}
	dial := func(_ context.Context, network, _ string) (net.Conn, error) {
		c, err := s.dial(limited, h)
		if err != nil {
			return nil, err
		}
		conn = c
		if encrypted, ok := c.(*tls.Conn); ok {
			conn = encrypted.NetConn() // closes without a farewell, so at once
		}
		stop = guard(limited, conn)
		return c, nil
	}

	client, err := s.client(h, dial)
	if err == nil {
		var c *smtp.Client
		if c, err = client.DialToSMTPClientWithContext(limited); err == nil {
			err = s.authenticate(c, h, password)
		}
		stop()
		if err == nil && limited.Err() == nil {
			return &session{client: c, conn: conn, host: h, secret: password}, nil
		}
	}
	if conn != nil {
		conn.Close()
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if limited.Err() != nil {
		return nil, errors.New("no answer in time")
	}
	return nil, err
}

// dial connects, and encrypts where TLS comes first: with a dial function of
// one's own go-mail leaves that to it.
func (s *Sender) dial(ctx context.Context, h *smarthost) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := s.config.Dial(ctx, "tcp", h.addr)
	if err != nil || !h.implicit {
		return conn, err
	}
	encrypted := tls.Client(conn, s.tls(h))
	if err := encrypted.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return encrypted, nil
}

// tls is the configuration for a smarthost; its certificate is verified in any
// case.
func (s *Sender) tls(h *smarthost) *tls.Config {
	config := s.config.TLS.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	config.InsecureSkipVerify = false
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	if config.ServerName == "" {
		config.ServerName = h.host
	}
	return config
}

// clear says that a smarthost is talked to in clear.
func (s *Sender) clear(h *smarthost) bool {
	return !s.config.RequireTLS && h.loopback && !h.implicit
}

// client is go-mail's, for one connection. It does not authenticate: which way
// is safe depends on what came of the encryption.
func (s *Sender) client(h *smarthost, dial gomail.DialContextFunc) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(h.port),
		gomail.WithTimeout(connectTimeout),
		gomail.WithHELO(s.config.Hostname),
		gomail.WithTLSConfig(s.tls(h)),
		gomail.WithDialContextFunc(dial),
	}
	switch {
	case h.implicit:
		options = append(options, gomail.WithSSL())
	case s.config.RequireTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case s.clear(h):
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	return gomail.NewClient(h.host, options...)
}

// transact sends one message and returns the smarthost's final reply, or how
// far it got and why not further.
func (ses *session) transact(ctx context.Context, l letter, patience time.Duration) (reply string, at stage, err error) {
	stop := guard(ctx, ses.conn)
	defer stop()
	defer func() {
		if ctx.Err() == nil {
			return
		}
		ses.broken = true
		if refusal := new(textproto.Error); err != nil && !errors.As(err, &refusal) {
			err = ctx.Err()
		}
	}()

	if l.utf8 {
		if ok, _ := ses.client.Extension("SMTPUTF8"); !ok {
			return "", atRcpt, &textproto.Error{Code: 550, Msg: "5.6.7 the smarthost takes no such address"}
		}
	}
	// A message marked SMTPUTF8 goes to servers that know it only, so the mark
	// is set where it is needed and nowhere else.
	ses.client.SkipSMTPUTF8(!l.utf8)

	timeout := patience
	if ses.expiry != nil {
		timeout = reusedTimeout
	}
	if err := ses.try(timeout, func() error { return ses.client.Mail((&mail.Address{Address: l.from}).String()) }); err != nil {
		return "", atMail, err
	}
	if err := ses.try(patience, func() error { return ses.client.Rcpt((&mail.Address{Address: l.to}).String()) }); err != nil {
		return "", atRcpt, err
	}
	ses.client.UpdateDeadline(patience)
	text := ses.client.Text
	id, err := text.Cmd("DATA")
	if err == nil {
		text.StartResponse(id)
		_, _, err = text.ReadResponse(354)
		text.EndResponse(id)
	}
	if err != nil {
		ses.settle(err)
		return "", atData, err
	}
	ses.client.UpdateDeadline(patience)
	if _, err := text.W.Write(stuffed(l.raw)); err != nil {
		// Without its final dot it is no message.
		ses.broken = true
		return "", atData, err
	}
	if l.dotted != nil {
		l.dotted()
	}
	ses.client.UpdateDeadline(finalTimeout)
	if _, err = text.W.WriteString(".\r\n"); err == nil {
		if err = text.W.Flush(); err == nil {
			_, reply, err = text.ReadResponse(250)
		}
	}
	if err != nil {
		ses.broken = !answered(err)
		return "", atEnd, err
	}
	ses.sent++
	return reply, atReply, nil
}

// stuffed is a message as it goes over the wire (RFC 5321, section 4.5.2): a dot
// more where a line begins with one, and every line ended. It is done for the whole
// message, where the library goes byte by byte.
func stuffed(raw []byte) []byte {
	if n := bytes.Count(raw, []byte("\n")); n != bytes.Count(raw, []byte("\r\n")) {
		raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	}
	if bytes.HasPrefix(raw, []byte(".")) || bytes.Contains(raw, []byte("\n.")) {
		raw = bytes.TrimPrefix(bytes.ReplaceAll(append([]byte("\n"), raw...), []byte("\n."), []byte("\n..")), []byte("\n"))
	}
	if !bytes.HasSuffix(raw, []byte("\r\n")) {
		raw = append(slices.Clip(raw), "\r\n"...)
	}
	return raw
}

// try runs one command; when it is refused, the transaction is taken back.
func (ses *session) try(timeout time.Duration, command func() error) error {
	ses.client.UpdateDeadline(timeout)
	err := command()
	if err != nil {
		ses.settle(err)
	}
	return err
}

// settle makes the session ready for the next message after a refusal, or
// marks it broken.
func (ses *session) settle(err error) {
	ses.broken = true
	if !answered(err) {
		return
	}
	ses.client.UpdateDeadline(reusedTimeout)
	ses.broken = ses.client.Reset() != nil
}

// answered says that the smarthost replied, and stays.
func answered(err error) bool {
	var reply *textproto.Error
	return errors.As(err, &reply) && reply.Code != 421
}

// quit says goodbye, briefly, and closes the connection.
func (ses *session) quit() {
	if !ses.broken {
		ses.client.UpdateDeadline(quitTimeout)
		ses.client.Quit()
	}
	ses.conn.Close()
}
