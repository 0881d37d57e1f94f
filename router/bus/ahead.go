package bus

import (
	"context"
	"runtime"
	"sync"

	"sitrep/router/incident"
)

// Reading a year of facts is mostly decoding them, which needs no order. So all
// processors decode ahead, while what they decoded is applied in its order:
//
//	read ──sheaves──> decoded, several at a time
//	  └────the same, in order──> each waited for, and applied

// stored is a commit as it stands in its stream.
type stored struct {
	seq    uint64
	data   []byte
	commit incident.Commit
	err    error // it cannot be decoded
}

// sheaf is some that stand together.
type sheaf struct {
	all   []stored
	ready chan struct{} // closed when they are decoded
}

// sheafSize is how many are handed over at a time.
const sheafSize = 64

// ahead applies, in order, what read hands to take. It returns the first error of
// either, once all that was read before it is applied.
func ahead(ctx context.Context, read func(ctx context.Context, take func(seq uint64, data []byte, rest bool) error) error, apply func(stored) error) error {
	ctx, cancel := context.WithCancel(ctx)
	unwanted := make(chan struct{}) // what is read: applying failed, or panicked
	var all sync.WaitGroup
	defer func() {
		cancel()
		close(unwanted)
		all.Wait()
	}()
	decoders := runtime.GOMAXPROCS(0)
	work, queue := make(chan *sheaf, decoders), make(chan *sheaf, 2*decoders)
	for range decoders {
		all.Go(func() {
			for s := range work {
				for i := range s.all {
					s.all[i].commit, s.all[i].err = incident.ReadCommit(s.all[i].data)
				}
				close(s.ready)
			}
		})
	}
	var unread error
	all.Go(func() {
		defer close(queue)
		defer close(work)
		var now []stored
		push := func() error {
			s := &sheaf{now, make(chan struct{})}
			now = nil
			for _, to := range []chan<- *sheaf{work, queue} { // whatever is waited for is decoded
				select {
				case to <- s:
				case <-unwanted:
					return context.Canceled
				}
			}
			return nil
		}
		unread = read(ctx, func(seq uint64, data []byte, rest bool) error {
			if now = append(now, stored{seq: seq, data: data}); rest || len(now) == sheafSize {
				return push()
			}
			return nil
		})
		if len(now) > 0 {
			_ = push()
		}
	})
	for s := range queue {
		<-s.ready
		for _, one := range s.all {
			if err := apply(one); err != nil {
				return err
			}
		}
	}
	return unread
}
