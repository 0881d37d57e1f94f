package email

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

func TestTLS(t *testing.T) {
	good, roots, err := channeltest.Certificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := channeltest.Certificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	wrong, wrongRoots, err := channeltest.Certificate("elsewhere.test")
	if err != nil {
		t.Fatal(err)
	}
	// The certificates are good for a day.
	late := &tls.Config{RootCAs: roots, Time: func() time.Time { return time.Now().Add(25 * time.Hour) }}
	for name, c := range map[string]struct {
		server   channeltest.SMTPOptions
		client   *tls.Config
		implicit bool
		sent     bool
	}{
		"expired":                {channeltest.SMTPOptions{TLS: good}, late, false, false},
		"expired, implicit":      {channeltest.SMTPOptions{TLS: good, Implicit: true}, late, true, false},
		"another host, implicit": {channeltest.SMTPOptions{TLS: wrong, Implicit: true}, &tls.Config{RootCAs: wrongRoots}, true, false},
		"starttls":               {channeltest.SMTPOptions{TLS: good}, &tls.Config{RootCAs: roots}, false, true},
		"implicit":               {channeltest.SMTPOptions{TLS: good, Implicit: true}, &tls.Config{RootCAs: roots}, true, true},
		"unknown authority":      {channeltest.SMTPOptions{TLS: other}, &tls.Config{RootCAs: roots}, false, false},
		"implicit, unknown":      {channeltest.SMTPOptions{TLS: other, Implicit: true}, &tls.Config{RootCAs: roots}, true, false},
		"system roots":           {channeltest.SMTPOptions{TLS: good}, nil, false, false},
		"another host":           {channeltest.SMTPOptions{TLS: wrong}, &tls.Config{RootCAs: wrongRoots}, false, false},
		"not offered":            {channeltest.SMTPOptions{}, &tls.Config{RootCAs: roots}, false, false},
		"verification forbidden": {channeltest.SMTPOptions{TLS: other}, &tls.Config{InsecureSkipVerify: true}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := channeltest.NewSMTP(l, c.server)
			defer server.Close()
			port := "587"
			if c.implicit {
				port = "465"
			}
			// On the real network, with the port that says which TLS it is.
			s := network{}.sender(t, func(cfg *Config) {
				cfg.Smarthosts = []string{"127.0.0.1:" + port}
				cfg.RequireTLS, cfg.TLS = true, c.client
				cfg.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, l.Addr().String())
				}
			})
			_, err = s.Send(t.Context(), delivery(1))
			got := server.Messages()
			if c.sent {
				if err != nil || len(got) != 1 || !got[0].TLS {
					t.Fatalf("%v, received %+v", err, got)
				}
				return
			}
			if channels.Classify(err).Class != channels.ClassDown || len(got) != 0 {
				t.Errorf("%v, received %d", err, len(got))
			}
			// Who mends it needs to know what is wrong with it.
			for word, says := range map[string]string{"expired": "expired", "another": "127.0.0.1", "unknown": "unknown authority"} {
				if strings.HasPrefix(name, word) && !strings.Contains(err.Error(), says) {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

func TestAuthentication(t *testing.T) {
	for name, c := range map[string]struct {
		host     string
		tls      bool
		password string
		err      error
		class    channels.Class // "" is success
	}{
		"by starttls":             {"one.test", true, password, nil, ""},
		"in clear to loopback":    {"127.0.0.1", false, password, nil, ""},
		"in clear to another":     {"one.test", false, password, nil, channels.ClassDown},
		"refused":                 {"one.test", true, "wrong-password", nil, channels.ClassDown},
		"the file cannot be read": {"one.test", true, "", errors.New("open secrets/smtp-password: no such file"), channels.ClassDown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := network{}
				opts := channeltest.SMTPOptions{Username: "sitrep", Password: password}
				client := &tls.Config{}
				if c.tls {
					cert, roots, err := channeltest.Certificate(c.host)
					if err != nil {
						t.Fatal(err)
					}
					opts.TLS, client.RootCAs = cert, roots
				}
				server := n.serve(t, c.host+":587", opts)
				s := n.sender(t, func(cfg *Config) {
					cfg.Smarthosts = []string{c.host + ":587"}
					cfg.RequireTLS, cfg.TLS = c.tls, client
					cfg.Username = "sitrep"
					cfg.Password = func() (string, error) { return c.password, c.err }
				})
				_, err := s.Send(t.Context(), delivery(1))
				if c.class == "" {
					if err != nil || len(server.Messages()) != 1 || server.Messages()[0].User != "sitrep" {
						t.Fatalf("%v, received %+v", err, server.Messages())
					}
					return
				}
				if channels.Classify(err).Class != c.class || len(server.Messages()) != 0 {
					t.Errorf("%v, received %d", err, len(server.Messages()))
				}
				if c.password != "" && strings.Contains(err.Error(), c.password) {
					t.Errorf("the password in %v", err)
				}
			})
		})
	}
}

// A handshake that nobody answers ends with the context, not with a time-out.
func TestTLSEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := channeltest.NewPipeListener()
		n := network{"one.test:465": l}
		go func() {
			c, err := l.Accept()
			if err == nil {
				for {
					if _, err := c.Read(make([]byte, 4096)); err != nil {
						break
					}
				}
				c.Close()
			}
		}()
		s := n.sender(t, func(c *Config) { c.Smarthosts, c.RequireTLS = []string{"one.test:465"}, true })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := s.Send(ctx, delivery(1))
		if took := time.Since(began); took != time.Second || channels.Classify(err).Class != channels.ClassTemporary {
			t.Errorf("after %v: %v", took, err)
		}
	})
}
