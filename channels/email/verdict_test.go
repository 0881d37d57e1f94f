package email

import (
	"bufio"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

func TestVerdicts(t *testing.T) {
	const (
		hello = channeltest.StageHello
		from  = channeltest.StageMail
		to    = channeltest.StageRcpt
		data  = channeltest.StageData
	)
	for name, c := range map[string]struct {
		stage channeltest.Stage
		act   channeltest.Act
		class channels.Class
		code  string
	}{
		"too busy":                 {hello, reply(421, 4, 3, 2, "too many connections"), channels.ClassDown, "421 4.3.2"},
		"not welcome":              {hello, reply(554, 5, 7, 1, "blocked"), channels.ClassDown, "554 5.7.1"},
		"gone at EHLO":             {hello, channeltest.Act{Fate: channeltest.Lost}, channels.ClassDown, ""},
		"mute at EHLO":             {hello, channeltest.Act{Fate: channeltest.Mute}, channels.ClassDown, ""},
		"sender, later":            {from, reply(451, 4, 3, 0, "later"), channels.ClassTemporary, "451 4.3.0"},
		"sender refused":           {from, reply(553, 5, 7, 1, "sender not allowed"), channels.ClassDown, "553 5.7.1"},
		"gone at MAIL":             {from, channeltest.Act{Fate: channeltest.Lost}, channels.ClassTemporary, ""},
		"greylisted":               {to, reply(450, 4, 2, 0, "greylisted"), channels.ClassTemporary, "450 4.2.0"},
		"unknown":                  {to, reply(550, 5, 1, 1, "user unknown"), channels.ClassPermanent, "550 5.1.1"},
		"mailbox full":             {to, reply(552, 5, 2, 2, "mailbox full"), channels.ClassPermanent, "552 5.2.2"},
		"mailbox full for now":     {to, reply(452, 4, 2, 2, "mailbox full"), channels.ClassTemporary, "452 4.2.2"},
		"greylisted, as a failure": {to, reply(451, 4, 7, 1, "greylisting in action, please come back later"), channels.ClassTemporary, "451 4.7.1"},
		"too big for the mailbox":  {data, reply(552, 5, 3, 4, "too big"), channels.ClassPermanent, "552 5.3.4"},
		"a group of its own":       {to, reply(550, 5, 7, 1, "the group takes mail of its members only"), channels.ClassPermanent, "550 5.7.1"},
		"on a list":                {to, reply(554, 5, 7, 1, "Service unavailable; Client host [192.0.2.1] blocked using bl.test"), channels.ClassDown, "554 5.7.1"},
		"on a list of theirs":      {to, reply(550, 5, 7, 1, "192.0.2.1 is on our BLOCKLIST"), channels.ClassDown, "550 5.7.1"},
		"not after this login":     {to, reply(534, 5, 7, 9, "mechanism too weak"), channels.ClassDown, "534 5.7.9"},
		"takes no mail":            {from, reply(521, 5, 3, 2, "this host takes no mail"), channels.ClassDown, "521 5.3.2"},
		"recipient takes no mail":  {to, reply(556, 5, 1, 10, "null MX"), channels.ClassPermanent, "556 5.1.10"},
		"content by policy":        {data, reply(550, 5, 7, 1, "not wanted"), channels.ClassPermanent, "550 5.7.1"},
		"relay denied":             {to, reply(554, 5, 7, 1, "<x@example.org>: Relay access denied"), channels.ClassDown, "554 5.7.1"},
		"auth required":            {to, reply(530, 5, 7, 0, "authenticate first"), channels.ClassDown, "530 5.7.0"},
		"bad sender at RCPT":       {to, reply(550, 5, 1, 8, "bad sender"), channels.ClassDown, "550 5.1.8"},
		"closing at RCPT":          {to, reply(421, 4, 3, 2, "shutting down"), channels.ClassTemporary, "421 4.3.2"},
		"gone at RCPT":             {to, channeltest.Act{Fate: channeltest.Lost}, channels.ClassTemporary, ""},
		"mute at RCPT":             {to, channeltest.Act{Fate: channeltest.Mute}, channels.ClassTemporary, ""},
		"content refused":          {data, reply(554, 5, 7, 1, "looks like spam"), channels.ClassPermanent, "554 5.7.1"},
		"content, later":           {data, reply(452, 4, 3, 1, "disk full"), channels.ClassTemporary, "452 4.3.1"},
		"closing after DATA":       {data, reply(421, 4, 3, 2, "shutting down"), channels.ClassTemporary, "421 4.3.2"},
		"gone after DATA":          {data, channeltest.Act{Fate: channeltest.Lost}, channels.ClassAmbiguous, ""},
		"mute after DATA":          {data, channeltest.Act{Fate: channeltest.Ignored}, channels.ClassAmbiguous, ""},
		"too slow after DATA":      {data, channeltest.Act{Wait: finalTimeout + time.Second}, channels.ClassAmbiguous, ""},
		"no words to speak of":     {to, channeltest.Act{Reply: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.NoEnhancedCode}}, channels.ClassPermanent, "550"},
	} {
		t.Run(name, func(t *testing.T) {
			one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
				server.Misbehave(at(c.stage, c.act))
				_, err := s.Send(t.Context(), delivery(1))
				got := channels.Classify(err)
				if err == nil || got.Class != c.class || got.Code != c.code {
					t.Errorf("%s %q: %v; want %s %q", got.Class, got.Code, err, c.class, c.code)
				}
				if err != nil && strings.Contains(err.Error(), "@") {
					t.Errorf("an address in %v", err)
				}
			})
		})
	}
}

// script is a server that answers line by line, for what a real one would never
// say. "" is asked for the greeting; "." comes after a message.
type script struct {
	mu    sync.Mutex
	lines []string
}

func (s *script) heard(prefix string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		if strings.HasPrefix(l, prefix) {
			return true
		}
	}
	return false
}

func (n network) script(t *testing.T, addr string, answers map[string]string) *script {
	s := &script{}
	l := channeltest.NewPipeListener()
	n[addr] = l
	t.Cleanup(func() { l.Close() })
	usual := map[string]string{"": "220 smtp.test", "EHLO": "250 smtp.test", "DATA": "354 go on", "QUIT": "221 bye"}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				verb, content := "", false
				for {
					answer, ok := answers[verb]
					if !ok {
						if answer, ok = usual[verb]; !ok {
							answer = "250 ok"
						}
					}
					if !content {
						if _, err := io.WriteString(c, answer+"\r\n"); err != nil {
							return
						}
					}
					line, err := in.ReadString('\n')
					if err != nil {
						return
					}
					line = strings.TrimRight(line, "\r\n")
					if content = (content || verb == "DATA") && line != "."; content {
						continue
					}
					s.mu.Lock()
					s.lines = append(s.lines, line)
					s.mu.Unlock()
					verb, _, _ = strings.Cut(strings.ToUpper(line), " ")
				}
			}()
		}
	}()
	return s
}

func TestVerdictsOfRawReplies(t *testing.T) {
	login := func(c *Config) { c.Username, c.Password = "sitrep", func() (string, error) { return password, nil } }
	strict := func(c *Config) { c.RequireTLS = true }
	offers := "250-smtp.test\r\n250 AUTH PLAIN"
	startTLS := "250-smtp.test\r\n250 STARTTLS"
	for name, c := range map[string]struct {
		answers map[string]string
		change  func(*Config)
		class   channels.Class // "" is success
		code    string
		silent  string // a command that must not be heard
	}{
		"it will forward (251)":       {map[string]string{"RCPT": "251 user not local; will forward"}, nil, "", "", ""},
		"it does not know (252)":      {map[string]string{"RCPT": "252 cannot verify, will try"}, nil, "", "", ""},
		"no service":                  {map[string]string{"": "554 5.3.2 no SMTP service here"}, nil, channels.ClassDown, "554 5.3.2", "EHLO"},
		"takes no mail":               {map[string]string{"": "521 5.3.2 takes no mail"}, nil, channels.ClassDown, "521 5.3.2", "MAIL"},
		"too busy":                    {map[string]string{"": "421 4.3.2 too busy"}, nil, channels.ClassDown, "421 4.3.2", "MAIL"},
		"not an SMTP server":          {map[string]string{"": "SSH-2.0-OpenSSH_9.9"}, nil, channels.ClassDown, "", "MAIL"},
		"login refused":               {map[string]string{"EHLO": offers, "AUTH": "535 5.7.8 bad: " + password}, login, channels.ClassDown, "535 5.7.8", "MAIL"},
		"mechanism too weak":          {map[string]string{"EHLO": offers, "AUTH": "534 5.7.9 too weak: " + password}, login, channels.ClassDown, "534 5.7.9", "MAIL"},
		"login only encrypted":        {map[string]string{"EHLO": offers, "AUTH": "538 5.7.11 encrypt first: " + password}, login, channels.ClassDown, "538 5.7.11", "MAIL"},
		"login, later":                {map[string]string{"EHLO": offers, "AUTH": "454 4.7.0 later: " + password}, login, channels.ClassDown, "454 4.7.0", "MAIL"},
		"login asks for more":         {map[string]string{"EHLO": offers, "AUTH": "334 " + password}, login, channels.ClassDown, "", "MAIL"},
		"STARTTLS stripped":           {map[string]string{"EHLO": "250-smtp.test\r\n250 8BITMIME"}, strict, channels.ClassDown, "", "MAIL"},
		"STARTTLS refused":            {map[string]string{"EHLO": startTLS, "STARTTLS": "502 5.5.1 not known"}, strict, channels.ClassDown, "502 5.5.1", "MAIL"},
		"STARTTLS refused for now":    {map[string]string{"EHLO": startTLS, "STARTTLS": "454 4.7.0 not now"}, strict, channels.ClassDown, "454 4.7.0", "MAIL"},
		"STARTTLS refused, not asked": {map[string]string{"EHLO": startTLS, "STARTTLS": "502 5.5.1 not known"}, func(c *Config) { c.Smarthosts = []string{"one.test:25"} }, channels.ClassDown, "502 5.5.1", "MAIL"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := network{}
				server := n.script(t, "127.0.0.1:25", c.answers)
				n["one.test:25"] = n["127.0.0.1:25"]
				s := n.sender(t, func(cfg *Config) {
					cfg.Smarthosts = []string{"127.0.0.1:25"}
					if c.change != nil {
						c.change(cfg)
					}
				})
				_, err := s.Send(t.Context(), delivery(1))
				if c.class == "" {
					if err != nil || !server.heard(".") {
						t.Errorf("%v", err)
					}
					return
				}
				got := channels.Classify(err)
				if err == nil || got.Class != c.class || got.Code != c.code {
					t.Errorf("%s %q: %v; want %s %q", got.Class, got.Code, err, c.class, c.code)
				}
				discreet(t, err, password)
				if c.silent != "" && server.heard(c.silent) {
					t.Errorf("%s was said", c.silent)
				}
			})
		})
	}
}

// A filter may work for minutes after the final dot (RFC 5321, section
// 4.5.3.2.6): the message is accepted once, and sent once.
func TestLongWaitForTheFinalReply(t *testing.T) {
	one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
		server.Misbehave(at(channeltest.StageData, channeltest.Act{Wait: 4 * time.Minute}))
		began := time.Now()
		got, err := s.Send(t.Context(), delivery(1))
		if err != nil || time.Since(began) != 4*time.Minute || got.At != time.Now() || len(server.Messages()) != 1 {
			t.Errorf("after %v: %v, received %d", time.Since(began), err, len(server.Messages()))
		}
	})
}
