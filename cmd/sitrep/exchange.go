package main

import (
	"context"
	"sync"

	"sitrep/channels"
)

// sender is what a channel sends by.
type sender interface {
	channels.Sender
	Close() error
}

// exchange sends by the sender that was configured last. What is being sent while
// another takes its place ends by the old one, which is closed after that.
type exchange struct {
	mu  sync.Mutex
	now *turn
}

// turn is one sender's.
type turn struct {
	sender sender
	under  int  // sends under way
	over   bool // another took its place
}

func newExchange(s sender) *exchange { return &exchange{now: &turn{sender: s}} }

// Send sends by the sender in force.
func (e *exchange) Send(ctx context.Context, d channels.Delivery) (channels.Accepted, error) {
	e.mu.Lock()
	t := e.now
	t.under++
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		t.under--
		last := t.over && t.under == 0
		e.mu.Unlock()
		if last {
			t.sender.Close()
		}
	}()
	return t.sender.Send(ctx, d)
}

// exchange puts another sender in the place of the one in force.
func (e *exchange) put(s sender) {
	e.mu.Lock()
	old := e.now
	e.now = &turn{sender: s}
	old.over = true
	idle := old.under == 0
	e.mu.Unlock()
	if idle {
		old.sender.Close()
	}
}

// Close closes the sender in force, once nothing is sent any more.
func (e *exchange) Close() { e.now.sender.Close() }
