package channeltest

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// verifier is the server's side of one mechanism: it takes the one name and the
// one password (for XOAUTH2 the access token), and proves that they were said.
func (d *dialogue) verifier(mech string) (sasl.Server, error) {
	user, password := d.server.opts.Username, d.server.opts.Password
	same := func(u, p string) error {
		if u != user || p != password {
			return smtp.ErrAuthFailed
		}
		return nil
	}
	switch mech {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, u, p string) error { return same(u, p) }), nil
	case sasl.Login:
		return &loginServer{same: same}, nil
	case "CRAM-MD5":
		return &cramServer{user: user, password: password}, nil
	case "XOAUTH2":
		return &xoauth2Server{same: same}, nil
	case "SCRAM-SHA-1":
		return &scramServer{hash: sha1.New, user: user, password: password}, nil
	case "SCRAM-SHA-256":
		return &scramServer{hash: sha256.New, user: user, password: password}, nil
	}
	if plus, ok := strings.CutSuffix(mech, "-PLUS"); ok {
		state, encrypted := d.conn.TLSConnectionState()
		inner, err := d.verifier(plus)
		if s, ok := inner.(*scramServer); ok && err == nil && encrypted {
			s.bound = &state
			return s, nil
		}
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// signedOn notes who it was once the mechanism has proved it.
type signedOn struct {
	sasl.Server
	dialogue *dialogue
}

func (s signedOn) Next(response []byte) (challenge []byte, done bool, err error) {
	challenge, done, err = s.Server.Next(response)
	if done && err == nil {
		s.dialogue.user = s.dialogue.server.opts.Username
	}
	return challenge, done, err
}

// loginServer speaks LOGIN as Microsoft describes it: two questions.
type loginServer struct {
	same func(user, password string) error
	step int
	user string
}

func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	if l.step == 0 && response != nil { // the name came with AUTH
		l.step = 1
	}
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.same(l.user, string(response))
}

// cramServer speaks CRAM-MD5 (RFC 2195).
type cramServer struct {
	user, password, challenge string
}

func (c *cramServer) Next(response []byte) ([]byte, bool, error) {
	if c.challenge == "" {
		c.challenge = "<" + nonce() + "@smtp.test>"
		return []byte(c.challenge), false, nil
	}
	mac := hmac.New(md5.New, []byte(c.password))
	mac.Write([]byte(c.challenge))
	if string(response) != c.user+" "+hex.EncodeToString(mac.Sum(nil)) {
		return nil, true, smtp.ErrAuthFailed
	}
	return nil, true, nil
}

// xoauth2Server speaks XOAUTH2 as Google and Microsoft do: a refusal is a
// challenge first, which the client answers with an empty line.
type xoauth2Server struct {
	same    func(user, token string) error
	refused bool
}

func (x *xoauth2Server) Next(response []byte) ([]byte, bool, error) {
	if x.refused {
		return nil, true, smtp.ErrAuthFailed
	}
	if response == nil {
		return []byte{}, false, nil
	}
	user, auth, _ := strings.Cut(strings.TrimSuffix(string(response), "\x01\x01"), "\x01")
	token := strings.TrimPrefix(auth, "auth=Bearer ")
	if x.same(strings.TrimPrefix(user, "user="), token) != nil {
		x.refused = true
		// A careless one, that says the token back.
		return []byte(`{"status":"401","schemes":"bearer","scope":"` + token + `"}`), false, nil
	}
	return nil, true, nil
}

// scramServer speaks SCRAM (RFC 5802, RFC 7677), with channel binding where it
// is given a connection.
type scramServer struct {
	hash           func() hash.Hash
	user, password string
	bound          *tls.ConnectionState

	step                     int
	header, first, challenge string
	salted                   []byte
	nonce                    string
}

func (s *scramServer) Next(response []byte) ([]byte, bool, error) {
	s.step++
	switch s.step {
	case 1:
		return []byte{}, false, nil
	case 2:
		return s.salt(string(response))
	case 3:
		return s.check(string(response))
	}
	return nil, true, nil // the client has seen our signature
}

const scramIterations = 4096

func (s *scramServer) salt(first string) ([]byte, bool, error) {
	begin := strings.Index(first, "n=")
	if begin < 0 {
		return nil, true, errors.New("no name")
	}
	s.header, s.first = first[:begin], first[begin:]
	user, theirs, _ := strings.Cut(s.first, ",r=")
	if strings.NewReplacer("=2C", ",", "=3D", "=").Replace(user[2:]) != s.user || strings.HasPrefix(s.header, "p=") != (s.bound != nil) {
		return nil, true, smtp.ErrAuthFailed
	}
	salt := []byte(nonce())
	var err error
	if s.salted, err = pbkdf2.Key(s.hash, s.password, salt, scramIterations, s.hash().Size()); err != nil {
		return nil, true, err
	}
	s.nonce = theirs + nonce()
	s.challenge = fmt.Sprintf("r=%s,s=%s,i=%d", s.nonce, base64.StdEncoding.EncodeToString(salt), scramIterations)
	return []byte(s.challenge), false, nil
}

func (s *scramServer) check(final string) ([]byte, bool, error) {
	unproved, encoded, _ := strings.Cut(final, ",p=")
	proof, err := base64.StdEncoding.DecodeString(encoded)
	binding, rest, _ := strings.Cut(strings.TrimPrefix(unproved, "c="), ",r=")
	bind, err2 := base64.StdEncoding.DecodeString(binding)
	if err != nil || err2 != nil || rest != s.nonce || !bytes.Equal(bind, append([]byte(s.header), s.channel()...)) {
		return nil, true, smtp.ErrAuthFailed
	}
	said := s.first + "," + s.challenge + "," + unproved
	key := s.mac(s.salted, "Client Key")
	h := s.hash()
	h.Write(key)
	signature := s.mac(h.Sum(nil), said)
	for i := range key {
		key[i] ^= signature[i]
	}
	if !hmac.Equal(key, proof) {
		return nil, true, smtp.ErrAuthFailed
	}
	ours := s.mac(s.mac(s.salted, "Server Key"), said)
	return []byte("v=" + base64.StdEncoding.EncodeToString(ours)), false, nil
}

// channel is what binds the exchange to this connection (RFC 5929, RFC 9266).
func (s *scramServer) channel() []byte {
	if s.bound == nil {
		return nil
	}
	if strings.HasPrefix(s.header, "p=tls-unique,") && s.bound.Version < tls.VersionTLS13 {
		return s.bound.TLSUnique
	}
	key, err := s.bound.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
	if err != nil {
		return []byte("no channel to bind to")
	}
	return key
}

func (s *scramServer) mac(key []byte, text string) []byte {
	m := hmac.New(s.hash, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func nonce() string { return rand.Text() }
