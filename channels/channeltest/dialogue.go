package channeltest

import (
	"errors"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// dialogue is one SMTP session as go-smtp asks for it. STARTTLS makes a new
// one on the same connection.
type dialogue struct {
	server *SMTP
	conn   *smtp.Conn
	number int
	user   string

	from string
	to   []string
	part bool // close the connection once the answer is out
}

func (s *SMTP) greet(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	if s.sessions[c] == 0 {
		s.sessions[c] = len(s.sessions) + 1
	}
	d := &dialogue{server: s, conn: c, number: s.sessions[c]}
	s.mu.Unlock()
	if err := d.answer(s.act(Moment{Stage: StageHello, Session: d.number})); err != nil {
		return nil, err
	}
	return d, nil
}

// errHungUp is never read by anybody: the connection is closed.
var errHungUp = errors.New("hung up")

// answer carries out an act before StageData.
func (d *dialogue) answer(act Act) error {
	switch act.Fate {
	case Lost, Cut:
		d.conn.Conn().Close()
		return errHungUp
	case Ignored, Mute:
		<-d.server.done
		return errHungUp
	}
	if act.Reply != nil {
		return act.Reply
	}
	return nil
}

func (d *dialogue) AuthMechanisms() []string {
	if d.server.opts.Username == "" {
		return nil
	}
	if len(d.server.opts.Mechanisms) > 0 {
		return d.server.opts.Mechanisms
	}
	return []string{sasl.Plain}
}

func (d *dialogue) Auth(mech string) (sasl.Server, error) {
	if !slices.Contains(d.AuthMechanisms(), mech) {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	v, err := d.verifier(mech)
	return signedOn{v, d}, err
}

func (d *dialogue) Mail(from string, _ *smtp.MailOptions) error {
	if d.server.opts.Username != "" && d.user == "" {
		return smtp.ErrAuthRequired
	}
	d.from = from
	return d.answer(d.server.act(Moment{Stage: StageMail, From: from, Session: d.number}))
}

func (d *dialogue) Rcpt(to string, _ *smtp.RcptOptions) error {
	err := d.answer(d.server.act(Moment{Stage: StageRcpt, From: d.from, To: to, Session: d.number}))
	if err == nil {
		d.to = append(d.to, to)
	}
	return err
}

func (d *dialogue) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	act := d.server.act(Moment{Stage: StageData, From: d.from, To: d.to[0], Session: d.number})
	if act.Reply != nil {
		d.part = act.Fate == Parted
		return act.Reply
	}
	if act.Fate.kept() {
		_, encrypted := d.conn.TLSConnectionState()
		for _, to := range d.to {
			m := Mail{At: time.Now(), From: d.from, To: to, Raw: raw, TLS: encrypted, User: d.user, Session: d.number}
			m.parse()
			d.server.keep(m)
		}
	}
	d.part = act.Fate == Parted
	return d.answer(act)
}

// Reset comes after the answer to DATA has been written.
func (d *dialogue) Reset() {
	d.from, d.to = "", nil
	if d.part {
		d.conn.Conn().Close()
	}
}

func (d *dialogue) Logout() error { return nil }
