package email

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/mail"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pkcs8(t testing.TB, key any) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("PRIVATE KEY", der)
}

// dnsRecord is what the DNS says about a private key's other half.
func dnsRecord(t testing.TB, text []byte) string {
	key, err := parseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	if public, ok := key.Public().(ed25519.PublicKey); ok {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

// verify checks the one signature of a message as a receiver does.
func verify(t testing.TB, raw []byte, record string) error {
	t.Helper()
	got, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if name != "storing._domainkey.voorbeeld.example" {
			t.Errorf("the key was looked for at %s", name)
		}
		return []string{record}, nil
	}})
	if err != nil || len(got) != 1 {
		t.Fatalf("%d signatures, %v in\n%s", len(got), err, raw)
	}
	return got[0].Err
}

// full is a delivery that has every field there is.
func full() channels.Delivery {
	d := delivery(1)
	d.HTML = "<p>Eén storing</p>"
	d.Text = "Eén storing.  \n.\n\n\n" + strings.Repeat("lang ", 400) + "\n\n"
	d.Subject = "Storing: e-mail – 3 uur, volgend bericht vóór 15:30 uur, vanuit de gemeente"
	d.Thread = []string{"first", "second"}
	d.Unsubscribe = "https://storing.voorbeeld.example/u/0a1b"
	return d
}

func TestDKIM(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"RSA, PKCS#1": block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)),
		"RSA, PKCS#8": pkcs8(t, rsaKey), "Ed25519": pkcs8(t, edKey),
	} {
		if err := CheckDKIM(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := network{}
				server := n.serve(t, "one.test:25", channeltest.SMTPOptions{})
				s := n.sender(t, func(c *Config) {
					c.DKIM = &DKIM{Domain: "voorbeeld.example", Selector: "storing", Key: func() ([]byte, error) { return text, nil }}
				})
				d, first := full(), time.Now()
				if _, err := s.Send(t.Context(), d); err != nil {
					t.Fatal(err)
				}
				record := dnsRecord(t, text)
				got := server.Messages()[0]
				if err := verify(t, got.Raw, record); err != nil {
					t.Fatalf("%v in\n%s", err, got.Raw)
				}
				// What a relay may do, and what nobody may.
				for name, c := range map[string]struct {
					change func(raw string) string
					holds  bool
				}{
					"a trace on top":           {func(s string) string { return "Received: by relay.test\r\n" + s }, true},
					"a field folded anew":      {func(s string) string { return strings.Replace(s, "<second@", "\r\n\t<second@", 1) }, true},
					"an empty line at the end": {func(s string) string { return s + "\r\n" }, true},
					"a second From":            {func(s string) string { return "From: evil@example.org\r\n" + s }, false},
					"a second Subject":         {func(s string) string { return "Subject: x\r\n" + s }, false},
					"another word":             {func(s string) string { return strings.Replace(s, "lang", "kort", 1) }, false},
					"another address to click": {func(s string) string { return strings.Replace(s, "/u/0a1b", "/u/evil", 1) }, false},
					"another date":             {func(s string) string { return strings.Replace(s, "Date: ", "Date: 0", 1) }, false},
				} {
					if err := verify(t, []byte(c.change(string(got.Raw))), record); (err == nil) != c.holds {
						t.Errorf("%s: %v", name, err)
					}
				}
				signature := got.Header.Get("DKIM-Signature")
				for _, tag := range []string{"c=relaxed/relaxed", "d=voorbeeld.example", "s=storing"} {
					if !strings.Contains(signature, tag) {
						t.Errorf("no %s in %s", tag, signature)
					}
				}
				_, h, _ := strings.Cut(signature, " h=")
				h, _, _ = strings.Cut(h, ";")
				covered := strings.Split(strings.ToLower(strings.Join(strings.Fields(h), "")), ":")
				for _, field := range signed {
					times := 1
					if field == "From" || field == "Subject" {
						times = 2
					}
					n := 0
					for _, c := range covered {
						if c == strings.ToLower(field) {
							n++
						}
					}
					if n != times {
						t.Errorf("%s is covered %d times, want %d", field, n, times)
					}
				}

				// A second try is the same message under a signature of its own.
				time.Sleep(time.Hour)
				d.Again, d.Since = true, first
				if _, err := s.Send(t.Context(), d); err != nil {
					t.Fatal(err)
				}
				again := server.Messages()[1]
				if err := verify(t, again.Raw, record); err != nil {
					t.Error(err)
				}
				if !bytes.Equal(unsigned(got.Raw), unsigned(again.Raw)) {
					t.Errorf("not the same message:\n%s\n%s", got.Raw, again.Raw)
				}
			})
		})
	}
}

// unsigned cuts the signature off, which is the first field.
func unsigned(raw []byte) []byte {
	for {
		i := bytes.Index(raw, []byte("\r\n"))
		raw = raw[i+2:]
		if raw[0] != ' ' && raw[0] != '\t' {
			return raw
		}
	}
}

// A key that was replaced is used from then on, one that cannot be read stops
// all mail, and the text of a key is in no error.
func TestDKIMKeyChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network{}
		server := n.serve(t, "one.test:25", channeltest.SMTPOptions{})
		text, broken := []byte(nil), error(nil)
		s := n.sender(t, func(c *Config) {
			c.DKIM = &DKIM{Domain: "voorbeeld.example", Selector: "storing", Key: func() ([]byte, error) { return text, broken }}
		})
		for range 2 {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			text = pkcs8(t, key)
			sendAll(t, s, 0, 2)
			for _, m := range server.Messages()[len(server.Messages())-2:] {
				if err := verify(t, m.Raw, dnsRecord(t, text)); err != nil {
					t.Error(err)
				}
			}
		}
		before := len(server.Messages())
		const half = "MC4CAQAwBQYDK2VwBCIEIA"
		for _, c := range []struct {
			text   []byte
			broken error
		}{{nil, nil}, {[]byte("-----BEGIN PRIVATE KEY-----\n" + half + "\n-----END PRIVATE KEY-----\n"), nil}, {nil, errors.New("open dkim.pem: no such file")}} {
			text, broken = c.text, c.broken
			_, err := s.Send(t.Context(), delivery(1))
			if channels.Classify(err).Class != channels.ClassDown || strings.Contains(err.Error(), half) {
				t.Errorf("%v", err)
			}
		}
		if n := len(server.Messages()) - before; n != 0 {
			t.Errorf("%d went out unsigned", n)
		}
	})
}

func TestCheckDKIM(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecDER, err := x509.MarshalECPrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckDKIM(pkcs8(t, small)); err != nil {
		t.Errorf("1024 bits: %v", err)
	}
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"empty":        {[]byte(" \n"), "is empty"},
		"base64 alone": {[]byte("MC4CAQAwBQYDK2VwBCIEIA=="), "not PEM"},
		"public":       {block("PUBLIC KEY", []byte("x")), "public key"},
		"certificate":  {block("CERTIFICATE", []byte("x")), "certificate"},
		"passphrase":   {block("ENCRYPTED PRIVATE KEY", []byte("x")), "passphrase"},
		"old passphrase": {pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED"},
			Bytes: []byte("x")}), "passphrase"},
		"OpenSSH":         {block("OPENSSH PRIVATE KEY", []byte("x")), "OpenSSH"},
		"damaged PKCS#1":  {block("RSA PRIVATE KEY", []byte("x")), "damaged"},
		"damaged PKCS#8":  {block("PRIVATE KEY", []byte("x")), "damaged"},
		"something else":  {block("DH PARAMETERS", []byte("x")), "no private key"},
		"elliptic":        {block("EC PRIVATE KEY", ecDER), "elliptic"},
		"elliptic, PKCS8": {pkcs8(t, curve), "elliptic"},
	} {
		if err := CheckDKIM(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkCompose is what one message costs before it meets the wire, without a
// signature and with each kind.
func BenchmarkCompose(b *testing.B) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string][]byte{"unsigned": nil, "rsa-2048": pkcs8(b, rsaKey), "ed25519": pkcs8(b, edKey)} {
		b.Run(name, func(b *testing.B) {
			c := Config{From: mail.Address{Name: "ICT", Address: "ict@voorbeeld.example"}}
			if text != nil {
				c.DKIM = &DKIM{Domain: "voorbeeld.example", Selector: "storing", Key: func() ([]byte, error) { return text, nil }}
			}
			s := New(c)
			for b.Loop() {
				l, err := s.compose(full())
				if err == nil && s.signer != nil {
					_, err = s.signer.sign(l.raw)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
