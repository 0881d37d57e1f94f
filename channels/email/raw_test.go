package email

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"sitrep/channels/channeltest"
)

// What people look at is what goes over the wire, byte for byte.
func TestRawIsWhatIsSent(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := pkcs8(t, key)
	for name, sign := range map[string]*DKIM{
		"plain":  nil,
		"signed": {Domain: "voorbeeld.example", Selector: "storing", Key: func() ([]byte, error) { return text, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := network{}
				server := n.serve(t, "one.test:25", channeltest.SMTPOptions{})
				s := n.sender(t, func(c *Config) { c.DKIM = sign })
				d := full()
				raw, err := s.Raw(d)
				if err != nil {
					t.Fatal(err)
				}
				if len(server.Messages()) > 0 {
					t.Error("it was sent")
				}
				if _, err := s.Send(t.Context(), d); err != nil {
					t.Fatal(err)
				}
				if got := server.Messages()[0].Raw; !bytes.Equal(got, raw) {
					t.Errorf("sent was\n%s\nnot\n%s", got, raw)
				}
			})
		})
	}
}

func TestRawSaysWhatIsWrong(t *testing.T) {
	s := New(Config{DKIM: &DKIM{Domain: "voorbeeld.example", Selector: "storing", Key: func() ([]byte, error) { return nil, errors.New("no key today") }}})
	if _, err := s.Raw(full()); err == nil || !strings.Contains(err.Error(), "signing mail: ") || !strings.Contains(err.Error(), "no key today") {
		t.Error(err)
	}
	d := full()
	d.To = "nobody"
	if _, err := s.Raw(d); err == nil || !strings.Contains(err.Error(), "composing mail: ") || strings.Contains(err.Error(), "nobody") {
		t.Error(err)
	}
}
