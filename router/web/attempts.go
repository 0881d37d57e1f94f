package web

import (
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

const (
	// manySources is how many are kept in mind, of those who were wrong and of those
	// who were right.
	manySources = 4096
	// mayFail is how many wrong tokens are looked at, and failEvery how long it takes
	// until one more is.
	mayFail   = 10
	failEvery = 10 * time.Second
	// rightFor is how long what was right from an address is looked at in any case.
	rightFor = 24 * time.Hour
)

// attempts limits how many wrong tokens an address may show. What was right from
// it lately is looked at all the same: a program with a wrong token must not shut
// out the person who sits beside it. Who guesses can neither use that nor make it
// be forgotten: only what is right comes into that memory.
type attempts struct {
	mu    sync.Mutex
	wrong *simplelru.LRU[netip.Prefix, *failures]
	right *simplelru.LRU[proof, time.Time]
}

// failures are two accounts, so that an Alertmanager with a wrong token takes
// nothing from the people at its address.
type failures struct{ calls, webhooks *rate.Limiter }

// proof is what was right, and from where.
type proof struct {
	from  netip.Prefix
	print [sha256.Size]byte
}

func newAttempts() *attempts {
	return &attempts{wrong: recent[netip.Prefix, *failures](manySources), right: recent[proof, time.Time](manySources)}
}

// recent is a table that forgets what was not looked at for the longest time.
func recent[K comparable, V any](size int) *simplelru.LRU[K, V] {
	l, err := simplelru.NewLRU[K, V](size, nil)
	if err != nil {
		panic(err) // a size below 1
	}
	return l
}

// wait says how long it takes until something is looked at; 0: now.
func (a *attempts) wait(from netip.Prefix, print [sha256.Size]byte, webhook bool, now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, known := a.wrong.Get(from)
	if !known {
		return 0
	}
	if at, proven := a.right.Get(proof{from, print}); proven && now.Sub(at) < rightFor {
		return 0
	}
	return until(f.of(webhook), now)
}

func (a *attempts) failed(from netip.Prefix, print [sha256.Size]byte, webhook bool, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.right.Remove(proof{from, print})
	f, known := a.wrong.Get(from)
	if !known {
		f = &failures{rate.NewLimiter(rate.Every(failEvery), mayFail), rate.NewLimiter(rate.Every(failEvery), mayFail)}
		a.wrong.Add(from, f)
	}
	if webhook { // without debts: they are looked at whatever comes of it
		f.webhooks.AllowN(now, 1)
		return
	}
	f.calls.ReserveN(now, 1) // those that were looked at side by side are a debt
}

func (a *attempts) succeeded(from netip.Prefix, print [sha256.Size]byte, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.right.Add(proof{from, print}, now)
}

func (f *failures) of(webhook bool) *rate.Limiter {
	if webhook {
		return f.webhooks
	}
	return f.calls
}

// until says how long it takes until a limiter allows one more; 0: it does now.
func until(l *rate.Limiter, now time.Time) time.Duration {
	missing := 1 - l.TokensAt(now)
	if missing < 1e-6 { // sums of fractions
		return 0
	}
	return time.Duration(missing / float64(l.Limit()) * float64(time.Second))
}

// sourceOf returns who is held to be one, by where a connection comes from: an
// address, or the network that one customer has in IPv6. The zero one is whatever
// has no address, such as a socket file.
func sourceOf(remote string) netip.Prefix {
	a := addressOf(remote)
	if !a.IsValid() {
		return netip.Prefix{}
	}
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

// addressOf returns the address at the other end of a connection; the zero one
// where there is none.
func addressOf(remote string) netip.Addr {
	at, _ := netip.ParseAddrPort(remote)
	return at.Addr().Unmap().WithZone("")
}

func sourceName(p netip.Prefix) string {
	switch {
	case !p.IsValid():
		return "a socket"
	case p.IsSingleIP():
		return p.Addr().String()
	}
	return p.String()
}
