package router

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"sitrep/router/incident"
)

// Event is a fact as those see it who follow what happens.
type Event struct {
	ID   string // to go on after it
	Fact incident.Fact
}

// remembered is how many facts somebody may be behind.
const remembered = 4096

// feed holds the last facts for those who follow. The loop never waits for them:
// who is too far behind misses some, and is told so.
type feed struct {
	mu    sync.Mutex
	since string // names this start of sitrep
	ring  [remembered]incident.Fact
	count uint64        // facts so far
	more  chan struct{} // closed by the next fact
}

func newFeed(since string) *feed { return &feed{since: since, more: make(chan struct{})} }

func (f *feed) add(facts []incident.Fact) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fact := range facts {
		f.ring[f.count%remembered] = fact
		f.count++
	}
	close(f.more)
	f.more = make(chan struct{})
}

// Follower follows what happens from some fact on. It is for one goroutine.
type Follower struct {
	feed   *feed
	next   uint64
	missed bool
}

// Follow returns a follower of what happens from now on, or after an event; where
// that is not known any more, facts are missed.
func (r *Router) Follow(after string) *Follower {
	f := r.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	w := &Follower{feed: f, next: f.count}
	if after == "" {
		return w
	}
	since, number, _ := strings.Cut(after, "-")
	n, err := strconv.ParseUint(number, 10, 64)
	if w.missed = since != f.since || err != nil || n >= f.count; !w.missed {
		w.next = n + 1
	}
	return w
}

// Next waits for events and returns them, oldest first. Missed says that there were
// others before them, which are known no more: who follows looks again at all that
// he shows. It returns an error only when the context ends.
func (w *Follower) Next(ctx context.Context) (events []Event, missed bool, err error) {
	for {
		more := w.take(&events, &missed)
		if len(events) > 0 || missed {
			return events, missed, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
}

// take returns what is there, and what is closed when there is more.
func (w *Follower) take(events *[]Event, missed *bool) <-chan struct{} {
	f := w.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count > remembered && w.next < f.count-remembered {
		w.next, w.missed = f.count-remembered, true
	}
	for ; w.next < f.count; w.next++ {
		*events = append(*events, Event{ID: fmt.Sprintf("%s-%d", f.since, w.next), Fact: f.ring[w.next%remembered]})
	}
	*missed, w.missed = w.missed, false
	return f.more
}
