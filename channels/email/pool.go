package email

import (
	"slices"
	"sync"
	"time"
)

const (
	// idleLimit is how long a session is kept open unused; servers commonly
	// end them after five minutes, some after one.
	idleLimit = time.Minute
	// sessionLimit is how many messages go over one session: some servers
	// refuse the next one after a hundred.
	sessionLimit = 100
)

// pool keeps idle sessions, and knows what is under way. The lock is never
// held while the network is waited for.
type pool struct {
	limit int // of open sessions, at least as many as sends at once

	mu     sync.Mutex
	idle   []*session // the one used last at the end
	open   int        // idle ones, those in use, and those being opened
	closed bool
	busy   sync.WaitGroup // sends and farewells
}

// enter begins a send, unless the pool is closed; leave ends it.
func (p *pool) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.busy.Add(1)
	return true
}

func (p *pool) leave() { p.busy.Done() }

// take returns the session to h that was used last, or nil.
func (p *pool) take(h *smarthost) *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, ses := range slices.Backward(p.idle) {
		if ses.host == h {
			p.idle = slices.Delete(p.idle, i, i+1)
			ses.expiry.Stop()
			return ses
		}
	}
	return nil
}

// room makes place for one more session: those to a smarthost that is no longer
// used go first. Each room is followed by put or by failed.
func (p *pool) room() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open++
	if p.open > p.limit && len(p.idle) > 0 {
		oldest := p.idle[0]
		p.idle = p.idle[1:]
		p.open--
		oldest.expiry.Stop()
		p.busy.Go(oldest.quit)
	}
}

// failed gives the place back of a session that could not be opened.
func (p *pool) failed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
}

// put keeps a session for the next message, or ends it.
func (p *pool) put(ses *session) {
	p.mu.Lock()
	keep := !ses.broken && !p.closed && ses.sent < sessionLimit
	if keep {
		p.idle = append(p.idle, ses)
		ses.expiry = time.AfterFunc(idleLimit, func() { p.expire(ses) })
	} else {
		p.open--
	}
	p.mu.Unlock()
	if !keep {
		ses.quit()
	}
}

// evict ends the idle sessions to a smarthost that nobody tries for a while.
func (p *pool) evict(h *smarthost) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = slices.DeleteFunc(p.idle, func(ses *session) bool {
		if ses.host != h {
			return false
		}
		p.open--
		ses.expiry.Stop()
		p.busy.Go(ses.quit)
		return true
	})
}

// expire ends a session that nobody used in time.
func (p *pool) expire(ses *session) {
	p.mu.Lock()
	i := slices.Index(p.idle, ses)
	if i < 0 || p.closed {
		p.mu.Unlock()
		return
	}
	p.idle = slices.Delete(p.idle, i, i+1)
	p.open--
	p.busy.Add(1)
	p.mu.Unlock()
	defer p.busy.Done()
	ses.quit()
}

// close ends all sessions, and returns when none is under way.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
	p.open -= len(idle)
	p.mu.Unlock()
	for _, ses := range idle {
		ses.expiry.Stop()
		p.busy.Go(ses.quit)
	}
	p.busy.Wait()
}
