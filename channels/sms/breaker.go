package sms

import (
	"sync"
	"time"
)

const (
	// inARow is how many failures in a row say that a provider does not work.
	inARow = 3
	// probeTime is when to come back while one message tries a provider again.
	probeTime = 5 * time.Second
)

// opens are for how long a provider is left alone; the last one repeats.
var opens = []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute}

// outcome is what an attempt says about its provider.
type outcome int

const (
	answered outcome = iota // it works, whatever it made of the message
	failed                  // it does not, for anyone, or it cannot be reached
	unclear                 // the attempt ended before either was known
)

// breaker keeps messages from a provider that does not work, since each would
// take up to half a minute to find that out. doc.go draws its states.
type breaker struct {
	mu     sync.Mutex
	failed int       // in a row, while closed
	code   string    // of the last failure
	opened int       // how often in a row it opened; 0: it is closed
	until  time.Time // while it is open: then it is half-open
	probed bool      // while it is half-open: a message is under way
	// round counts the changes. What an attempt from before the last one says is
	// out of date: it opened or closed the breaker already.
	round int
}

// enter says whether a message may go to the provider; wait is 0 if so, and
// leave must follow with the same round.
func (b *breaker) enter() (round int, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opened > 0 {
		if left := time.Until(b.until); left > 0 {
			return 0, left
		}
		if b.probed {
			return 0, probeTime
		}
		b.probed = true
	}
	return b.round, 0
}

func (b *breaker) leave(round int, o outcome, code string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if round != b.round {
		return
	}
	b.probed = false
	switch o {
	case answered:
		b.failed = 0
		if b.opened > 0 {
			b.opened = 0
			b.round++
		}
	case failed:
		b.failed++
		b.code = code
		if b.opened > 0 || b.failed >= inARow {
			b.until = time.Now().Add(opens[min(b.opened, len(opens)-1)])
			b.opened++
			b.failed = 0
			b.round++
		}
	}
}

// last is the code of the last failure.
func (b *breaker) last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.code
}
