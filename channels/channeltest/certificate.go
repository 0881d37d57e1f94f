package channeltest

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// Certificate makes a server certificate for the hosts (names or addresses),
// signed by a certificate authority that exists only in the pool returned with
// it. It is valid for a day from now on, by the bubble's clock in a bubble.
func Certificate(hosts ...string) (*tls.Config, *x509.CertPool, error) {
	from, until := time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	a, err := NewAuthority(from, until)
	if err != nil {
		return nil, nil, err
	}
	cert, err := a.Issue(from, until, hosts...)
	if err != nil {
		return nil, nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{*cert}}, a.Pool, nil
}
