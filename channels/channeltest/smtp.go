package channeltest

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// SMTPOptions are what an SMTP server offers. The zero value takes any mail
// in clear from anybody.
type SMTPOptions struct {
	// TLS offers STARTTLS with this certificate; with Implicit the connection
	// itself begins with TLS, as on port 465 (RFC 8314).
	TLS      *tls.Config
	Implicit bool
	// Username and Password: the only ones taken, and required before MAIL FROM.
	// Without TLS they are asked for in clear. Mechanisms are the ways to say
	// them; none: PLAIN.
	Username, Password string
	Mechanisms         []string
}

// Stage is where in the dialogue the server stands.
type Stage string

const (
	StageHello Stage = "EHLO"
	StageMail  Stage = "MAIL"
	StageRcpt  Stage = "RCPT"
	StageData  Stage = "DATA" // all of the message has been read
)

// Moment is what a misbehaving server looks at.
type Moment struct {
	Stage    Stage
	From, To string // envelope addresses; To is empty before RCPT
	Session  int    // the connection, from 1 on
	N        int    // how often this stage was reached for this To, from 1 on
}

// Act is what the server does instead of the usual.
type Act struct {
	// Wait passes before anything else; Close ends it.
	Wait time.Duration
	// Reply is answered instead; the message is not kept.
	Reply *smtp.SMTPError
	// Fate is what becomes of the message. Before StageData there is none
	// yet: any fate that is not Answered or Parted is Lost or Ignored.
	Fate Fate
}

// SMTP is a server whose inbox is authoritative.
type SMTP struct {
	server *smtp.Server
	gate   *gate
	served chan struct{}
	done   chan struct{}
	stop   sync.Once
	opts   SMTPOptions

	mu        sync.Mutex
	inbox     []Mail
	sessions  map[*smtp.Conn]int
	reached   map[Moment]int
	onMail    func(Mail)
	misbehave func(Moment) Act
}

// NewSMTP serves on l until Close, which closes l too.
func NewSMTP(l net.Listener, opts SMTPOptions) *SMTP {
	s := &SMTP{
		gate:     newGate(l),
		served:   make(chan struct{}),
		done:     make(chan struct{}),
		opts:     opts,
		sessions: map[*smtp.Conn]int{},
		reached:  map[Moment]int{},
	}
	s.server = smtp.NewServer(smtp.BackendFunc(s.greet))
	s.server.Domain = "smtp.test"
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	s.server.AllowInsecureAuth = opts.TLS == nil
	s.server.EnableSMTPUTF8 = true

	listener := net.Listener(s.gate)
	if opts.TLS != nil {
		// A ticket sent after the handshake would wait for ever on a net.Pipe
		// whose other end is writing.
		config := opts.TLS.Clone()
		config.SessionTicketsDisabled = true
		if opts.Implicit {
			listener = tls.NewListener(s.gate, config)
		} else {
			s.server.TLSConfig = config
		}
	}
	go func() {
		defer close(s.served)
		s.server.Serve(listener)
	}()
	return s
}

// Close ends all connections, also those that are being answered, and returns
// when every goroutine of the server has ended.
func (s *SMTP) Close() error {
	s.stop.Do(func() {
		close(s.done)
		s.gate.Close()
		<-s.served
		s.gate.closeConns()
	})
	s.server.Shutdown(context.Background())
	return nil
}

// Drop ends all open connections, as a server that restarts does, and goes on
// serving new ones.
func (s *SMTP) Drop() {
	s.gate.closeConns()
	s.gate.mu.Lock()
	s.gate.closed = false
	s.gate.mu.Unlock()
}

// OnMail calls f for each message accepted from now on, before the sender gets
// its answer; sessions call it side by side. nil for none.
func (s *SMTP) OnMail(f func(Mail)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onMail = f
}

// Misbehave asks f at each moment what to do; nil behaves.
func (s *SMTP) Misbehave(f func(Moment) Act) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.misbehave = f
}

// Messages returns the whole inbox in the order of acceptance.
func (s *SMTP) Messages() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.inbox)
}

// Mailbox returns what was accepted for one envelope recipient.
func (s *SMTP) Mailbox(addr string) []Mail {
	var box []Mail
	for _, m := range s.Messages() {
		if strings.EqualFold(m.To, addr) {
			box = append(box, m)
		}
	}
	return box
}

// Sessions returns how many connections got as far as EHLO.
func (s *SMTP) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

func (s *SMTP) keep(m Mail) {
	s.mu.Lock()
	s.inbox = append(s.inbox, m)
	call := s.onMail
	s.mu.Unlock()
	if call != nil {
		call(m)
	}
}

// act says what to do at a moment, and waits where that is part of it.
func (s *SMTP) act(m Moment) Act {
	s.mu.Lock()
	key := Moment{Stage: m.Stage, To: m.To}
	s.reached[key]++
	m.N = s.reached[key]
	ask := s.misbehave
	s.mu.Unlock()
	if ask == nil {
		return Act{}
	}
	act := ask(m)
	if act.Wait > 0 {
		t := time.NewTimer(act.Wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-s.done:
		}
	}
	return act
}
