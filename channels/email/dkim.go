package email

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/emersion/go-msgauth/dkim"
	"golang.org/x/net/idna"
)

// DKIM signs what goes out (RFC 6376). With it nothing goes out unsigned.
type DKIM struct {
	// Domain and Selector are where the public key stands in the DNS:
	// <selector>._domainkey.<domain>.
	Domain, Selector string
	// Key returns the private key as PEM, RSA (PKCS#1 or PKCS#8) or Ed25519
	// (PKCS#8). It is called for each message; what it returns is read anew
	// only when it changed.
	Key func() ([]byte, error)
}

// signed are the fields that a signature covers where a message has them. One
// that is absent is not named: a group that passes a message on may add its own.
var signed = []string{"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "In-Reply-To", "References",
	"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted"}

// oversigned are named once more than the message has them, so that nobody can
// put a second one before the first.
var oversigned = []string{"From", "Subject"}

// signer signs messages with the key as it last was.
type signer struct {
	config DKIM

	mu  sync.Mutex
	pem []byte
	key crypto.Signer
}

// sign returns the message with its signature in front. Its errors are about the
// key, whoever the recipient is.
func (s *signer) sign(raw []byte) ([]byte, error) {
	key, err := s.current()
	if err != nil {
		return nil, err
	}
	domain, err := idna.Lookup.ToASCII(s.config.Domain)
	if err != nil {
		return nil, errors.New("the domain of the signature is not a domain name")
	}
	var out bytes.Buffer
	out.Grow(len(raw) + 1024)
	err = dkim.Sign(&out, bytes.NewReader(raw), &dkim.SignOptions{
		Domain: domain, Selector: s.config.Selector, Signer: key,
		// Relays fold fields anew and drop spaces at the ends of lines.
		HeaderCanonicalization: dkim.CanonicalizationRelaxed,
		BodyCanonicalization:   dkim.CanonicalizationRelaxed,
		HeaderKeys:             fields(raw),
	})
	if err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// current is the key, read anew when its text changed: an operator replaces it
// without a restart.
func (s *signer) current() (crypto.Signer, error) {
	if s.config.Key == nil {
		return nil, errors.New("there is no key")
	}
	text, err := s.config.Key()
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != nil && bytes.Equal(text, s.pem) {
		return s.key, nil
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	s.pem, s.key = bytes.Clone(text), key
	return key, nil
}

// fields are the names of those to be signed in a message of ours.
func fields(raw []byte) []string {
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	names := slices.Clone(oversigned)
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, _, _ := strings.Cut(string(line), ":")
		if i := slices.IndexFunc(signed, func(s string) bool { return strings.EqualFold(s, name) }); i >= 0 {
			names = append(names, signed[i])
		}
	}
	return names
}

// What a verifier must be able to check (RFC 8301, section 3.2).
const minRSA, maxRSA = 1024, 4096

// CheckDKIM says what is wrong with a private key, in words for whoever made it;
// nil: mail can be signed with it.
func CheckDKIM(text []byte) error {
	_, err := parseKey(text)
	return err
}

// parseKey reads the first block of a PEM text. No error holds any of it.
func parseKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return nil, errors.New("the file is empty")
	case block == nil:
		return nil, errors.New(`the key is not PEM: a file that begins with "-----BEGIN PRIVATE KEY-----" is wanted`)
	case strings.Contains(block.Type, "ENCRYPTED") || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return nil, errors.New("the key is protected by a passphrase, which nobody is there to type: take that off")
	case strings.HasSuffix(block.Type, "PUBLIC KEY"):
		return nil, errors.New("this is the public key, which goes into the DNS: the private one is wanted")
	case block.Type == "CERTIFICATE":
		return nil, errors.New("this is a certificate: a private key is wanted")
	case block.Type == "OPENSSH PRIVATE KEY":
		return nil, errors.New(`the key is in OpenSSH's form: PKCS#8 ("BEGIN PRIVATE KEY") is wanted`)
	case block.Type == "EC PRIVATE KEY":
		return nil, errNoEC
	}
	if block.Type == "RSA PRIVATE KEY" {
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("the key is damaged: it is no RSA key (PKCS#1)")
		}
		return checkRSA(key)
	}
	if block.Type != "PRIVATE KEY" {
		return nil, errors.New("the first block of the file is no private key")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the key is damaged, or of a kind that signs no mail: RSA or Ed25519 (PKCS#8) is wanted")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return checkRSA(key)
	case ed25519.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey:
		return nil, errNoEC
	}
	return nil, errors.New("the key is of a kind that signs no mail: RSA or Ed25519 is wanted")
}

var errNoEC = errors.New("an elliptic curve key signs no mail: RSA or Ed25519 is wanted")

func checkRSA(key *rsa.PrivateKey) (crypto.Signer, error) {
	switch bits := key.N.BitLen(); {
	case bits < minRSA:
		return nil, fmt.Errorf("the RSA key has %d bits: receivers take no signature by one with less than %d; 2048 is usual", bits, minRSA)
	case bits > maxRSA:
		return nil, fmt.Errorf("the RSA key has %d bits: receivers need not read one with more than %d; 2048 is usual", bits, maxRSA)
	}
	return key, nil
}
