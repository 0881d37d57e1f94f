package email

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

const password = "correct-horse-battery"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// network is an in-memory one: an address nobody listens on is refused.
type network map[string]*channeltest.PipeListener

func (n network) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if l := n[addr]; l != nil {
		return l.Dial(ctx, network, addr)
	}
	return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
}

// serve puts an SMTP server into the network until the test ends.
func (n network) serve(t *testing.T, addr string, opts channeltest.SMTPOptions) *channeltest.SMTP {
	n[addr] = channeltest.NewPipeListener()
	s := channeltest.NewSMTP(n[addr], opts)
	t.Cleanup(func() { s.Close() })
	return s
}

// sender makes one on the network that is closed with the test.
func (n network) sender(t *testing.T, change func(*Config)) *Sender {
	c := Config{
		Smarthosts:   []string{"one.test:25"},
		From:         mail.Address{Name: "ICT-storingen", Address: "ict@voorbeeld.example"},
		Sessions:     4,
		Dial:         n.dial,
		Organisation: "Gemeente Voorbeeld",
		Hostname:     "sitrep.test",
	}
	if change != nil {
		change(&c)
	}
	s := New(c)
	t.Cleanup(func() { s.Close() })
	return s
}

func delivery(n int) channels.Delivery {
	return channels.Delivery{
		ID: fmt.Sprintf("delivery-%d", n), To: fmt.Sprintf("recipient-%d@example.org", n), Name: "Jan de Vries",
		Language: "nl", Subject: "Storing: e-mail", Text: "E-mail is gestoord.\n", Topic: "SR-12",
	}
}

// one sends over a single server in a bubble.
func one(t *testing.T, test func(t *testing.T, s *Sender, server *channeltest.SMTP)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := network{}
		server := n.serve(t, "one.test:25", channeltest.SMTPOptions{})
		test(t, n.sender(t, nil), server)
	})
}

func TestSuite(t *testing.T) {
	channeltest.Suite(t, func(t *testing.T) channeltest.Rig {
		n := network{}
		cert, roots, err := channeltest.Certificate("one.test")
		if err != nil {
			t.Fatal(err)
		}
		server := n.serve(t, "one.test:587", channeltest.SMTPOptions{TLS: cert, Username: "sitrep@voorbeeld.example", Password: password})
		return channeltest.Rig{
			Sender: n.sender(t, func(c *Config) {
				c.Smarthosts = []string{"one.test:587"}
				c.RequireTLS = true
				c.TLS = &tls.Config{RootCAs: roots}
				c.Username = "sitrep@voorbeeld.example"
				c.Password = func() (string, error) { return password, nil }
			}),
			Delivery: delivery,
			Secrets:  []string{password, "sitrep@voorbeeld.example", "ict@voorbeeld.example", "recipient-"},
			Received: func(to string) (got []channeltest.Receipt) {
				for _, m := range server.Mailbox(to) {
					id, _, _ := strings.Cut(m.MessageID, "@")
					got = append(got, channeltest.Receipt{ID: id, Text: m.Text})
				}
				return got
			},
			Trouble: func(trouble channeltest.Trouble) {
				server.Misbehave(func(m channeltest.Moment) channeltest.Act { return misbehaviour(trouble, m) })
			},
		}
	})
}

func misbehaviour(trouble channeltest.Trouble, m channeltest.Moment) channeltest.Act {
	says := func(code int, class int) channeltest.Act {
		local, _, _ := strings.Cut(m.To, "@")
		return channeltest.Act{Reply: &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{class, 1, 1},
			Message: fmt.Sprintf("<%s>: %s refused for %s", m.To, local, password)}}
	}
	switch {
	case trouble == channeltest.BadRecipient && m.Stage == channeltest.StageRcpt:
		return says(550, 5)
	case trouble == channeltest.Busy && m.Stage == channeltest.StageRcpt:
		return says(450, 4)
	case trouble == channeltest.ChannelRefused && m.Stage == channeltest.StageMail:
		return channeltest.Act{Reply: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: m.From + " may not send"}}
	case trouble == channeltest.ReplyCut && m.Stage == channeltest.StageData:
		return channeltest.Act{Fate: channeltest.Cut}
	case trouble == channeltest.ReplyMute && m.Stage == channeltest.StageData:
		return channeltest.Act{Fate: channeltest.Mute}
	case trouble == channeltest.Hanging && m.Stage == channeltest.StageData:
		return channeltest.Act{Fate: channeltest.Ignored}
	}
	return channeltest.Act{}
}

// at misbehaves at one stage only.
func at(stage channeltest.Stage, act channeltest.Act) func(channeltest.Moment) channeltest.Act {
	return func(m channeltest.Moment) channeltest.Act {
		if m.Stage == stage {
			return act
		}
		return channeltest.Act{}
	}
}

func reply(code, class, subject, detail int, text string) channeltest.Act {
	return channeltest.Act{Reply: &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{class, subject, detail}, Message: text}}
}

func TestBadAddress(t *testing.T) {
	one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
		for _, to := range []string{"", "jan", "jan@", "Jan <jan@example.org>", "<jan@example.org>", "jan@example.org, piet@example.org",
			"jan@example.org\r\nRCPT TO:<piet@example.org>", "jan@exa mple.org", "jan@ex\x00ample.org"} {
			d := delivery(1)
			d.To = to
			_, err := s.Send(t.Context(), d)
			if channels.Classify(err).Class != channels.ClassPermanent || strings.Contains(err.Error(), "example") {
				t.Errorf("%q: %v", to, err)
			}
		}
		if len(server.Messages()) != 0 {
			t.Errorf("sent %d messages", len(server.Messages()))
		}
	})
}

func TestQueueID(t *testing.T) {
	for reply, want := range map[string]string{
		"2.0.0 Ok: queued as 4XyZ1234Zz9": "4XyZ1234Zz9", "OK id=1rXyZa-0000-AB": "1rXyZa-0000-AB",
		"2.6.0 Queued mail for delivery": "", "OK: queued": "",
	} {
		if got := queueID(reply); got != want {
			t.Errorf("%q: %q, want %q", reply, got, want)
		}
	}
}

func TestScrub(t *testing.T) {
	for text, want := range map[string]string{
		"5.1.1 <jan@example.org>: Recipient address rejected":          "5.1.1 <address>: Recipient address rejected",
		"no mailbox here by that name: jan.de-vries":                   "no mailbox here by that name: <address>",
		"see https://x.example/?e=jan%40example.org&ip=1 and go":       "see https:<address> and go",
		`"jan de vries"@example.org unknown`:                           "<address> unknown",
		"bounce+jan=40example.org-x refused, jan@[192.0.2.1] too":      "<address> refused, <address> too",
		"line one\r\nline\ttwo\x1b[31m red":                            "line one line two [31m red",
		"the recipient of jan.de-vries's mail, (jan@example.org), ok.": "the recipient of <address>'s mail, (<address>), ok.",
	} {
		if got := scrub(text, echoes("jan.de-vries@example.org")...); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
	if got := scrub(strings.Repeat("é", 500)); len(got) > scrubLimit+5 {
		t.Errorf("%d bytes", len(got))
	}
}
