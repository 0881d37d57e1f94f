package email

import (
	"fmt"

	"sitrep/channels"
)

// Raw returns a message as Send puts it on the wire, signed where mail is, for
// people to look at. Nothing is sent.
func (s *Sender) Raw(d channels.Delivery) ([]byte, error) {
	l, err := s.compose(d)
	if err != nil {
		return nil, fmt.Errorf("composing mail: %w", err)
	}
	return s.sealed(l.raw)
}

// sealed is a message with its signature, where there is one.
func (s *Sender) sealed(raw []byte) ([]byte, error) {
	if s.signer == nil {
		return raw, nil
	}
	raw, err := s.signer.sign(raw)
	if err != nil {
		return nil, fmt.Errorf("signing mail: %w", err)
	}
	return raw, nil
}
