package email

import (
	"net"
	"strconv"
)

// smarthost is one relay.
type smarthost struct {
	addr     string // host:port
	host     string
	port     int
	implicit bool // TLS from the first byte (RFC 8314), by port 465
	loopback bool
}

// newSmarthost reads host:port; without a port it is 587, that of message
// submission (RFC 6409).
func newSmarthost(addr string) *smarthost {
	h := &smarthost{host: addr, port: 587}
	if host, port, err := net.SplitHostPort(addr); err == nil {
		h.host = host
		if n, err := strconv.Atoi(port); err == nil {
			h.port = n
		}
	}
	h.addr = net.JoinHostPort(h.host, strconv.Itoa(h.port))
	h.implicit = h.port == 465
	ip := net.ParseIP(h.host)
	h.loopback = h.host == "localhost" || ip != nil && ip.IsLoopback()
	return h
}
