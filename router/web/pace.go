package web

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

const (
	// paceRate is how many requests a second one caller may make, and paceBurst how
	// many at once after a rest.
	paceRate  = 50
	paceBurst = 100
)

// pace keeps one caller from taking what all need.
type pace struct {
	mu      sync.Mutex
	callers *simplelru.LRU[string, *rate.Limiter] // a proxy may let in very many
}

func newPace() *pace { return &pace{callers: recent[string, *rate.Limiter](manySources)} }

// wait takes one request of a caller into account, and says how long he should
// have waited; 0: not at all.
func (p *pace) wait(who caller, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, known := p.callers.Get(who.is) // a token and a person may have one name
	if !known {
		l = rate.NewLimiter(paceRate, paceBurst)
		p.callers.Add(who.is, l)
	}
	if l.AllowN(now, 1) {
		return 0
	}
	return until(l, now)
}
