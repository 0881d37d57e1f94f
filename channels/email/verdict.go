package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"

	"github.com/wneessen/go-mail/smtp"

	"sitrep/channels"
)

// stage is how far a message got with one smarthost.
type stage string

const (
	atSecret  stage = "reading the password"
	atConnect stage = "connecting"        // dial, greeting, EHLO, STARTTLS, AUTH
	atMail    stage = "mail from"         // the sender
	atRcpt    stage = "rcpt to"           // the recipient
	atData    stage = "data"              // DATA and the content, before its final dot
	atEnd     stage = "the final reply"   // the final dot was sent
	atReply   stage = "the reply to data" // the smarthost answered the final dot
)

// rule says what a failure means. code is the beginning of "550 5.1.1"; text
// is a part of the reply in lower case; empty fits all, also no reply at all.
type rule struct {
	at         stage
	code, text string
	class      channels.Class
	// next: another smarthost may take it at once. Only where this one has
	// surely not taken it.
	next bool
}

// rules are read from the top; the first that fits holds.
//
// A 4yz reply is "try later" and a 5yz "do not" (RFC 5321, section 4.2.1); 421
// is "going away" at any point (section 4.2.2). Whose fault a 5yz is depends on
// the command: MAIL FROM speaks of us, RCPT TO of the recipient, DATA of the
// content. With the final dot sent and no reply read, the smarthost may have
// taken the message (section 4.2.5): that alone is ambiguous.
var rules = []rule{
	{at: atSecret, class: channels.ClassDown},

	// Who is let in by no smarthost reaches nobody, for whatever reason: it is
	// the channel that waits, and not each recipient by himself.
	{at: atConnect, class: channels.ClassDown, next: true},

	{at: atMail, code: "421", class: channels.ClassTemporary, next: true},
	{at: atMail, code: "4", class: channels.ClassTemporary},
	{at: atMail, code: "521", class: channels.ClassDown, next: true}, // it takes no mail at all (RFC 7504)
	{at: atMail, code: "5", class: channels.ClassDown},
	{at: atMail, class: channels.ClassTemporary, next: true},

	{at: atRcpt, code: "421", class: channels.ClassTemporary, next: true},
	{at: atRcpt, code: "4", class: channels.ClassTemporary},
	// About us, said late: authentication required (RFC 4954), commands out
	// of order, the sender's address bad (RFC 3463, X.1.7 and X.1.8), and a
	// relay that does not relay for us, for which there is no code of its own.
	{at: atRcpt, code: "53", class: channels.ClassDown},
	{at: atRcpt, code: "503", class: channels.ClassDown},
	{at: atRcpt, code: "550 5.1.7", class: channels.ClassDown},
	{at: atRcpt, code: "550 5.1.8", class: channels.ClassDown},
	{at: atRcpt, code: "55", text: "relay", class: channels.ClassDown},
	// A refusal by policy (X.7.1) says only "not authorised". Where its text
	// names the client or a list of them, nobody gets mail by this smarthost.
	// Otherwise it is the recipient's: a group that hears its own people only,
	// somebody's own filter. Others get theirs, and he may be told by another
	// channel, which waits for a failure for good. The same after DATA: it is
	// this content for this recipient that is not wanted.
	{at: atRcpt, code: "55", text: "client host", class: channels.ClassDown},
	{at: atRcpt, code: "55", text: "blocked using", class: channels.ClassDown},
	{at: atRcpt, code: "55", text: "blacklist", class: channels.ClassDown},
	{at: atRcpt, code: "55", text: "blocklist", class: channels.ClassDown},
	// A full mailbox is 452 for now and 552 for good, as the server sees it (RFC
	// 5321, section 4.2.3). The latter's "too many recipients" cannot be meant:
	// a message has one.
	{at: atRcpt, code: "5", class: channels.ClassPermanent},
	{at: atRcpt, class: channels.ClassTemporary, next: true},

	{at: atData, code: "421", class: channels.ClassTemporary, next: true},
	{at: atData, code: "4", class: channels.ClassTemporary},
	{at: atData, code: "503", class: channels.ClassDown},
	{at: atData, code: "5", class: channels.ClassPermanent},
	{at: atData, class: channels.ClassTemporary, next: true},

	{at: atReply, code: "421", class: channels.ClassTemporary, next: true},
	{at: atReply, code: "4", class: channels.ClassTemporary},
	{at: atReply, code: "5", class: channels.ClassPermanent},
	{at: atReply, class: channels.ClassAmbiguous},

	{at: atEnd, class: channels.ClassAmbiguous},
}

// verdict is a failure with one smarthost, fit to be shown.
type verdict struct {
	rule
	reply string // "550 5.1.1", or empty
	err   error
}

// judge finds the rule for an error and makes its text fit to be shown:
// secrets are the words it must not hold.
func judge(at stage, err error, secrets ...string) *verdict {
	var reply *textproto.Error
	code, text := "", ""
	if errors.As(err, &reply) {
		if at == atEnd {
			at = atReply
		}
		code = fmt.Sprint(reply.Code)
		if enhanced := anEnhancedCode.FindString(reply.Msg); enhanced != "" {
			code += " " + enhanced
		}
		text = strings.ToLower(reply.Msg)
	}
	v := &verdict{reply: code}
	for _, r := range rules {
		if r.at == at && strings.HasPrefix(code, r.code) && strings.Contains(text, r.text) {
			v.rule = r
			break
		}
	}
	v.err = fmt.Errorf("%s: %w", at, plain(err, reply, secrets))
	return v
}

// plain says an error in words that hold no address and no secret, and keeps
// nothing of the original inside. What a server says while authenticating is
// dropped but for its code.
func plain(err error, reply *textproto.Error, secrets []string) error {
	var (
		wrongCA   x509.UnknownAuthorityError
		wrongHost x509.HostnameError
		badCert   *tls.CertificateVerificationError
		op        *net.OpError
		login     *loginError
		badBase64 base64.CorruptInputError
	)
	switch {
	case reply != nil && errors.As(err, &login):
		return fmt.Errorf("authentication by %s refused with %d", login.mechanism, reply.Code)
	case reply != nil:
		return fmt.Errorf("the smarthost answered %d %s", reply.Code, scrub(reply.Msg, secrets...))
	case errors.Is(err, smtp.ErrUnexpectedServerResponse), errors.Is(err, smtp.ErrUnexpectedServerChallange), errors.As(err, &badBase64):
		return errors.New("authentication failed: the smarthost asked for something unknown")
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	case errors.As(err, &wrongCA), errors.As(err, &wrongHost), errors.As(err, &badCert):
		return errors.New(scrub(err.Error(), secrets...))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("no answer in time")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed):
		return errors.New("the connection was closed")
	case errors.As(err, &op):
		return errors.New(scrub(op.Error(), secrets...))
	case errors.As(err, &login):
		return errors.New(login.Error())
	}
	return errors.New(scrub(err.Error(), secrets...))
}

// failure is the verdict as the worker reads it.
func (v *verdict) failure() error {
	err := fmt.Errorf("sending mail: %w", v.err)
	switch v.class {
	case channels.ClassPermanent:
		return channels.Permanent(v.reply, err)
	case channels.ClassDown:
		return channels.Down(v.reply, err)
	case channels.ClassAmbiguous:
		return channels.Ambiguous(v.reply, err)
	}
	return channels.Temporary(v.reply, err)
}

// exhausted is what it means that every smarthost passed: temporary where one
// of them asked to be tried later, else the channel is down.
func exhausted(tried []*verdict) error {
	var errs []error
	class, code := channels.ClassDown, ""
	for _, v := range tried {
		errs = append(errs, v.err)
		if code == "" || class == channels.ClassDown && v.class == channels.ClassTemporary {
			code = v.reply
		}
		if v.class == channels.ClassTemporary {
			class = v.class
		}
	}
	v := &verdict{rule: rule{class: class}, reply: code, err: errors.Join(errs...)}
	if len(errs) == 1 {
		v.err = errs[0]
	}
	return v.failure()
}
