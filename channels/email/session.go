package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Waiting times. RFC 5321, section 4.5.3.2, wants minutes for each; a word
// about an outage that comes minutes late is worth less than one that may come
// twice with the same Message-ID.
const (
	// connectTimeout covers dial, greeting, EHLO, TLS and AUTH together, so
	// that the second smarthost is reached within 30 s.
	connectTimeout = 15 * time.Second
	dialTimeout    = 10 * time.Second
	// reusedTimeout is for the first command on a connection that was idle: it
	// may have died without a word.
	reusedTimeout = 10 * time.Second
	// commandTimeout is for MAIL, RCPT and DATA each; servers that look up
	// senders or slow down strangers take their time here.
	commandTimeout = time.Minute
	// finalTimeout is for the content and its reply; content filters work
	// before the reply.
	finalTimeout = 2 * time.Minute
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

// open connects to a smarthost, as far as MAIL FROM.
func (s *Sender) open(ctx context.Context, h *smarthost) (*session, error) {
	password := ""
	if s.config.Username != "" && s.config.Password != nil {
		var err error
		if password, err = s.config.Password(); err != nil {
			return nil, fmt.Errorf("reading the password: %w", err)
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

	client, err := s.client(h, password, dial)
	if err == nil {
		var c *smtp.Client
		c, err = client.DialToSMTPClientWithContext(limited)
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

// client is go-mail's, for one connection.
func (s *Sender) client(h *smarthost, password string, dial gomail.DialContextFunc) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(h.port),
		gomail.WithTimeout(connectTimeout),
		gomail.WithHELO(s.config.Hostname),
		gomail.WithTLSConfig(s.tls(h)),
		gomail.WithDialContextFunc(dial),
	}
	clear := !s.config.RequireTLS && h.loopback
	switch {
	case h.implicit:
		options = append(options, gomail.WithSSL())
	case s.config.RequireTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case clear:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	if s.config.Username != "" && s.config.Password != nil {
		// By what the server offers, the safest first. go-mail's own discovery
		// takes a connection that was encrypted by the dial function for one in
		// clear. PLAIN and LOGIN are refused there without TLS; only to this
		// machine, and only when TLS is not required, they go in clear.
		mechanisms := []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1,
			gomail.SMTPAuthCramMD5, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin}
		if clear && !h.implicit {
			mechanisms[3], mechanisms[4] = gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc
		}
		options = append(options, gomail.WithOpportunisticSMTPAuth(mechanisms...),
			gomail.WithUsername(s.config.Username), gomail.WithPassword(password))
	}
	return gomail.NewClient(h.host, options...)
}

// transact sends one message and returns the smarthost's final reply, or how
// far it got and why not further.
func (ses *session) transact(ctx context.Context, from mail.Address, l letter) (reply string, at stage, err error) {
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

	timeout := commandTimeout
	if ses.expiry != nil {
		timeout = reusedTimeout
	}
	if err := ses.try(timeout, func() error { return ses.client.Mail((&mail.Address{Address: from.Address}).String()) }); err != nil {
		return "", atMail, err
	}
	if err := ses.try(commandTimeout, func() error { return ses.client.Rcpt((&mail.Address{Address: l.to}).String()) }); err != nil {
		return "", atRcpt, err
	}
	ses.client.UpdateDeadline(commandTimeout)
	w, err := ses.client.Data()
	if err != nil {
		ses.settle(err)
		return "", atData, err
	}
	ses.client.UpdateDeadline(finalTimeout)
	if _, err := w.Write(l.raw); err != nil {
		// Without its final dot it is no message; closing w would send that.
		ses.broken = true
		return "", atData, err
	}
	if err := w.Close(); err != nil {
		ses.broken = !answered(err)
		return "", atEnd, err
	}
	ses.sent++
	if dc, ok := w.(*smtp.DataCloser); ok {
		reply = dc.ServerResponse()
	}
	return reply, atReply, nil
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
