package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

// withdrawals tells the workers of this process that a part was withdrawn. Others
// find it at their next look.
type withdrawals struct {
	mu      sync.Mutex
	waiting []chan struct{}
}

func (w *withdrawals) listen() chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := make(chan struct{}, 1)
	w.waiting = append(w.waiting, c)
	return c
}

func (w *withdrawals) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.waiting {
		select {
		case c <- struct{}{}:
		default: // it was told, and did not look yet
		}
	}
}

// withdrawnPrefix begins the subjects of parts that go to nobody else: the part as it
// is, beside its own subject. No channel is called so, and no consumer asks for it.
const withdrawnPrefix = subjectOutbox + "withdrawn."

// Withdraw says that a part goes to nobody else. Saying it again changes nothing.
func (b *Bus) Withdraw(ctx context.Context, p channels.Part) error {
	data, err := json.Marshal(p)
	if err == nil {
		_, err = b.publish(ctx, withdrawnPrefix+p.ID(), data, jetstream.WithExpectLastSequencePerSubject(0))
	}
	if err != nil && !outOfTurn(err) {
		return fmt.Errorf("withdraw part %s: %w", p.ID(), err)
	}
	b.withdrawals.tell()
	return nil
}

// Withdrawn gets one when something was withdrawn.
func (q *Queue) Withdrawn() <-chan struct{} { return q.withdrawn }

// taken reports whether a part was withdrawn.
func (q *Queue) taken(ctx context.Context, p channels.Part) (bool, error) {
	_, err := q.bus.streams[streamOutbox].GetLastMsgForSubject(ctx, withdrawnPrefix+p.ID())
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look whether part %s was withdrawn: %w", p.ID(), err)
	}
	return true, nil
}
