package email

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// guarded serves one.test:587, which wants a login by one of the mechanisms, and
// returns a sender to it. version is of TLS; 0: no TLS at all.
func guarded(t *testing.T, host string, offered []string, version uint16, change func(*Config)) (*Sender, *channeltest.SMTP) {
	n := network{}
	opts := channeltest.SMTPOptions{Username: "sitrep", Password: password, Mechanisms: offered}
	client := &tls.Config{}
	if version != 0 {
		cert, roots, err := channeltest.Certificate(host)
		if err != nil {
			t.Fatal(err)
		}
		cert.MaxVersion = version
		opts.TLS, client.RootCAs = cert, roots
	}
	server := n.serve(t, host+":587", opts)
	return n.sender(t, func(c *Config) {
		c.Smarthosts = []string{host + ":587"}
		c.RequireTLS, c.TLS = version != 0, client
		c.Username, c.Password = "sitrep", func() (string, error) { return password, nil }
		change(c)
	}), server
}

func TestMechanisms(t *testing.T) {
	for _, word := range []string{"plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256", "xoauth2", "scram-sha-1-plus", "scram-sha-256-plus"} {
		if !slices.Contains(Mechanisms(), word) {
			t.Errorf("%s is no word for a mechanism", word)
		}
	}
	for _, word := range Mechanisms() {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			name := strings.ToUpper(word)
			t.Run(fmt.Sprintf("%s over %s", word, tls.VersionName(version)), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					said := password
					s, server := guarded(t, "one.test", []string{"EXTERNAL", name}, version, func(c *Config) {
						c.Mechanism = word
						c.Password = func() (string, error) { return said, nil }
					})
					sendAll(t, s, 0, 1)
					if got := server.Messages(); len(got) != 1 || got[0].User != "sitrep" {
						t.Fatalf("received %+v", got)
					}
					// Another time it is refused, and no text says what was.
					server.Drop()
					said = "ya29.a-token-that-has-expired"
					_, err := s.Send(t.Context(), delivery(2))
					if got := channels.Classify(err); got.Class != channels.ClassDown || got.Code != "535 5.7.8" {
						t.Errorf("%s %q: %v", got.Class, got.Code, err)
					}
					discreet(t, err, said)
					// The password is read at each connection.
					said = password
					sendAll(t, s, 3, 1)
				})
			})
		}
	}
}

// discreet checks that an error does not say a secret, in any shape in which it
// crossed the wire.
func discreet(t *testing.T, err error, secret string) {
	t.Helper()
	for _, word := range []string{secret, "sitrep\x00", base64.StdEncoding.EncodeToString([]byte(secret))} {
		if err != nil && strings.Contains(err.Error(), word) {
			t.Errorf("%q in %v", word, err)
		}
	}
}

func TestMechanismChosen(t *testing.T) {
	all := []string{"LOGIN", "PLAIN", "XOAUTH2", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}
	for name, c := range map[string]struct {
		word    string
		offered []string
		safe    bool
		want    string
		err     string
	}{
		"the safest of all":           {"", all, true, "SCRAM-SHA-256", ""},
		"PLAIN before LOGIN":          {"", []string{"LOGIN", "PLAIN"}, true, "PLAIN", ""},
		"nothing bare in clear":       {"", []string{"LOGIN", "PLAIN"}, false, "", "needs an encrypted connection"},
		"in clear what is hashed":     {"", []string{"LOGIN", "PLAIN", "CRAM-MD5"}, false, "CRAM-MD5", ""},
		"bound where nothing else is": {"", []string{"SCRAM-SHA-1-PLUS"}, true, "SCRAM-SHA-1-PLUS", ""},
		"no token by discovery":       {"", []string{"XOAUTH2"}, true, "", "only by XOAUTH2"},
		"nothing offered":             {"", nil, true, "", "offers no authentication"},
		"the one named":               {"login", all, true, "LOGIN", ""},
		"not even a better one":       {"login", []string{"PLAIN", "SCRAM-SHA-256"}, true, "", "by PLAIN, SCRAM-SHA-256, not by LOGIN"},
		"a token in clear":            {"xoauth2", all, false, "", "XOAUTH2 needs an encrypted connection"},
		"PLAIN in clear":              {"plain", all, false, "", "PLAIN needs an encrypted connection"},
		"an unknown word":             {"kerberos", all, true, "", `"kerberos" is not known`},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := choose(c.word, c.offered, c.safe)
			if m.name != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q, %v", m.name, err)
			}
		})
	}
}

func TestMechanismNotOffered(t *testing.T) {
	for name, c := range map[string]struct {
		host    string
		version uint16
		word    string
		want    string
	}{
		"not offered":        {"one.test", tls.VersionTLS13, "xoauth2", "by PLAIN, LOGIN, not by XOAUTH2"},
		"in clear":           {"one.test", 0, "plain", "PLAIN needs an encrypted connection"},
		"a token in clear":   {"one.test", 0, "xoauth2", "the smarthost offers authentication by PLAIN, LOGIN, not by XOAUTH2"},
		"bound to loopback":  {"127.0.0.1", 0, "scram-sha-256-plus", "not by SCRAM-SHA-256-PLUS"},
		"in clear, any":      {"one.test", 0, "", "needs an encrypted connection"},
		"in clear, loopback": {"127.0.0.1", 0, "login", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, server := guarded(t, c.host, []string{"PLAIN", "LOGIN"}, c.version, func(cfg *Config) { cfg.Mechanism = c.word })
				_, err := s.Send(t.Context(), delivery(1))
				if c.want == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if channels.Classify(err).Class != channels.ClassDown || !strings.Contains(err.Error(), c.want) || len(server.Messages()) != 0 {
					t.Errorf("%v, received %d", err, len(server.Messages()))
				}
				discreet(t, err, password)
			})
		})
	}
}
