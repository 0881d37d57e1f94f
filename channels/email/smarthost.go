package email

import (
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// failureMemory is for how long a smarthost that failed comes after those that
// did not, so that not every message waits for it anew.
const failureMemory = 30 * time.Second

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

// smarthosts are the relays in the operator's order, with a short memory of
// failures.
type smarthosts struct {
	all []*smarthost

	mu     sync.Mutex
	failed map[*smarthost]time.Time
}

func newSmarthosts(addrs []string) *smarthosts {
	s := &smarthosts{failed: map[*smarthost]time.Time{}}
	for _, a := range addrs {
		s.all = append(s.all, newSmarthost(a))
	}
	return s
}

// inOrder returns all of them, those that failed lately last: with every one
// of them failed, all are tried.
func (s *smarthosts) inOrder(now time.Time) []*smarthost {
	s.mu.Lock()
	defer s.mu.Unlock()
	order := slices.Clone(s.all)
	slices.SortStableFunc(order, func(a, b *smarthost) int { return s.rank(a, now) - s.rank(b, now) })
	return order
}

func (s *smarthosts) rank(h *smarthost, now time.Time) int {
	if at, ok := s.failed[h]; ok && now.Sub(at) < failureMemory {
		return 1
	}
	return 0
}

func (s *smarthosts) mark(h *smarthost, failed bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if failed {
		s.failed[h] = now
	} else {
		delete(s.failed, h)
	}
}
