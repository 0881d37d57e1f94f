package bus

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"
)

// arrivals returns what waits for the next message of an ordered consumer, so many
// fetched ahead at most, and what ends that.
//
// Having missed the server, the client library makes the consumer anew, for as long as
// that takes, and hears of no context meanwhile. On a cluster nobody waits for it: who
// takes the seat, gives it up or stops goes on at once, and the library comes after.
func (b *Bus) arrivals(c jetstream.Consumer, most int) (next func(context.Context) (jetstream.Msg, error), stop func(), err error) {
	msgs, err := c.Messages(b.pulls(most)...)
	if err != nil {
		return nil, nil, err
	}
	if b.cluster == nil {
		return func(ctx context.Context) (jetstream.Msg, error) { return msgs.Next(jetstream.NextContext(ctx)) }, msgs.Stop, nil
	}
	type arrival struct {
		msg jetstream.Msg
		err error
	}
	came := make(chan arrival)
	reading, end := context.WithCancel(context.Background())
	go func() {
		for {
			msg, err := msgs.Next(jetstream.NextContext(reading))
			select {
			case came <- arrival{msg, err}:
				if err != nil {
					return
				}
			case <-reading.Done():
				return
			}
		}
	}()
	return func(ctx context.Context) (jetstream.Msg, error) {
		select {
		case a := <-came:
			return a.msg, a.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}, func() { end(); go msgs.Stop() }, nil // which waits for the library, and lets it end
}
