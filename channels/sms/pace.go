package sms

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// Where Twilio does not say for how long it wants less, the pause is the
	// first of these, and twice as long each time, up to the other.
	firstPause, longestPause = time.Second, 30 * time.Second
	// patience is how much of a pause a message waits out by itself. Of a longer
	// one the worker is told, who may have something newer to say by then.
	patience = 30 * time.Second
)

// pace is how fast an account is used, by all goroutines together.
//
//	running ──429──> paused ──its time is over──> running
//	                  │   ^
//	                  └───┘ 429 of a request that was under way: not before
//	                        Twilio's own moment, but no longer pause by itself
type pace struct {
	limit *rate.Limiter // of messages; the pause is for every request
	full  rate.Limit    // of all who use the account together
	users func() int    // how many those are; nil: one

	mu    sync.Mutex
	among int           // how many the limit is for
	until time.Time     // nothing goes out before
	last  time.Duration // of the pause that Twilio gave no length, since it was content
}

func newPace(perSecond float64, users func() int) *pace {
	p := &pace{limit: rate.NewLimiter(rate.Inf, 1), full: rate.Inf, users: users}
	if perSecond > 0 {
		p.full = rate.Limit(perSecond)
	}
	p.divide()
	return p
}

// divide takes this process' share of what the account may be used.
func (p *pace) divide() {
	n := 1
	if p.users != nil {
		n = max(p.users(), 1)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n != p.among {
		p.among = n
		p.limit.SetLimit(p.full / rate.Limit(n))
	}
}

// paused says that nothing is to go out for longer than anybody waits here.
type paused struct{ left time.Duration }

func (p *paused) Error() string {
	return fmt.Sprintf("twilio asked for a pause, of which %v are left", p.left.Round(time.Second))
}

// turn waits until a message may go out. After a pause the pace holds too: who
// waited for it does not come all at once.
func (p *pace) turn(ctx context.Context) error {
	for {
		if err := p.running(ctx); err != nil {
			return err
		}
		p.divide()
		if err := p.limit.Wait(ctx); err != nil {
			if ctx.Err() == nil {
				err = context.DeadlineExceeded // its turn would come too late
			}
			return err
		}
		if p.left() == 0 {
			return nil
		}
	}
}

// running waits until there is no pause.
func (p *pace) running(ctx context.Context) error {
	for left := p.left(); left > 0; left = p.left() {
		if left > patience {
			return &paused{left}
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
	return ctx.Err()
}

func (p *pace) left() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, time.Until(p.until))
}

// slow begins a pause since Twilio said that it is too fast: for as long as it
// said, if it did.
func (p *pace) slow(after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if after == 0 {
		if now.Before(p.until) {
			return // it is about a request from before the pause
		}
		p.last = max(firstPause, min(2*p.last, longestPause))
		after = p.last
	}
	if until := now.Add(after); until.After(p.until) {
		p.until = until
	}
}

// content notes that Twilio took a request at this pace.
func (p *pace) content() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !time.Now().Before(p.until) {
		p.last = 0
	}
}
