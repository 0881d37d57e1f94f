package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// On a cluster, what does not answer may do so soon: a stream that lost its leader
// has another in a few seconds. And what a copy does not have yet is not lost.

// silent reports an error that says only that nobody answered.
func silent(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrNoResponders) ||
		errors.Is(err, jetstream.ErrNoStreamResponse) || errors.As(err, &api) && api.Code == 503
}

// patiently does something, on a cluster for as long as a start may take, until it is
// not as expected of a cluster that is not ready.
func (b *Bus) patiently(ctx context.Context, do func() error, unready func(error) bool) error {
	for began := time.Now(); ; {
		err := do()
		if b.cluster == nil || !unready(err) || ctx.Err() != nil || b.refusal.Load() != nil || time.Since(began) > clusterPatience {
			return err
		}
		b.log.Warn("the cluster is not as it was left; looked at again", "err", err)
		if err := rest(ctx, time.Second); err != nil {
			return err
		}
	}
}

// clusterPatience is how long a start waits for a cluster to be what it was left as.
var clusterPatience = 15 * time.Second

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// undated is a context that ends as another one does, and says nothing of when that
// will be: each request has its own few seconds then, and is made again after them.
func undated(ctx context.Context) (context.Context, context.CancelFunc) {
	free, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	return free, func() { stop(); cancel() }
}

// absent asks a cluster whether a message that did not come is really not there: nil
// where it is not. Embedded, what does not come is not there.
func (b *Bus) absent(ctx context.Context, stream string, seq uint64) error {
	if b.cluster == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	_, err := b.streams[stream].GetMsg(ctx, seq)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("it did not come within %v", readTimeout)
}

// behind returns up to which message a consumer is to read; 0 where there is nothing.
func (b *Bus) behind(ctx context.Context, stream string, c jetstream.Consumer) (uint64, error) {
	if b.cluster == nil {
		info, err := c.Info(ctx)
		if err != nil {
			return 0, err
		}
		return info.NumPending, nil
	}
	state, err := b.info(ctx, stream)
	if state.Msgs == 0 {
		return 0, err
	}
	return state.LastSeq, err
}

// pulls asks for as many messages at a time. On a cluster a request may be lost on its
// way to a server that has just begun to serve; what says so is the silence after it.
func (b *Bus) pulls(most int) []jetstream.PullMessagesOpt {
	all := []jetstream.PullMessagesOpt{jetstream.PullMaxMessages(most)}
	if b.cluster != nil {
		all = append(all, jetstream.PullHeartbeat(clusterHeartbeat))
	}
	return all
}

// clusterHeartbeat is how often a server says that it has nothing; a request is made
// again after twice that, well before what does not come counts as lost.
const clusterHeartbeat = 2 * time.Second
