package main

import (
	"context"
	"sync"
	"testing"

	"sitrep/channels"
)

// hand is a sender that sends when it is let.
type hand struct {
	begun, let chan struct{}
	mu         sync.Mutex
	sent       int
	closed     int
}

func newHand() *hand { return &hand{begun: make(chan struct{}, 10), let: make(chan struct{})} }

func (h *hand) Send(context.Context, channels.Delivery) (channels.Accepted, error) {
	h.begun <- struct{}{}
	<-h.let
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed > 0 {
		panic("it sends though it is closed")
	}
	h.sent++
	return channels.Accepted{}, nil
}

func (h *hand) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed++
	return nil
}

func (h *hand) is() (sent, closed int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent, h.closed
}

// TestExchange: what is under way ends by the old sender, which is closed once, after
// the last of it.
func TestExchange(t *testing.T) {
	old, next := newHand(), newHand()
	e := newExchange(old)
	var all sync.WaitGroup
	send := func() { all.Go(func() { _, _ = e.Send(t.Context(), channels.Delivery{}) }) }
	send()
	send()
	<-old.begun
	<-old.begun
	e.put(next)
	send()
	<-next.begun
	if _, closed := old.is(); closed != 0 {
		t.Error("it is closed while it sends")
	}
	close(old.let)
	close(next.let)
	all.Wait()
	if sent, closed := old.is(); sent != 2 || closed != 1 {
		t.Errorf("the old one sent %d and was closed %d times", sent, closed)
	}
	if sent, closed := next.is(); sent != 1 || closed != 0 {
		t.Errorf("the new one sent %d and was closed %d times", sent, closed)
	}
	last := newHand()
	e.put(last) // nothing is under way
	if _, closed := next.is(); closed != 1 {
		t.Errorf("an idle one was closed %d times", closed)
	}
	e.Close()
	if _, closed := last.is(); closed != 1 {
		t.Error("the last is not closed")
	}
}
