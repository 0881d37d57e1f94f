package bus

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Processes that send by the same channel know how many they are, since what a
// provider allows is to be divided. Each says every few seconds that it is there; who
// comes asks, and is answered at once; who goes says so. One that ended without a word
// is forgotten a little later, which is slow for the others, and never too fast.
const (
	subjectHere = "sitrep.v1.worker.here."
	// hereFirst is how long who comes waits for answers before it begins.
	hereFirst = 500 * time.Millisecond
)

// hereEvery is how often each says that it is there, hereFor after how long without a
// word it is forgotten.
var hereEvery, hereFor = 4 * time.Second, 15 * time.Second

// peers are those of one channel.
type peers struct {
	b       *Bus
	subject string
	changed func(n int)

	mu   sync.Mutex
	seen map[string]time.Time
	told int
}

// Peers tells how many processes send by a channel, this one among them, at first
// before it returns, and whenever that changes, until stop is called.
func (b *Bus) Peers(ctx context.Context, channel string, changed func(n int)) (stop func(), err error) {
	if b.cluster == nil {
		changed(1)
		return func() {}, nil
	}
	p := &peers{b: b, subject: subjectHere + channel, changed: changed, seen: map[string]time.Time{}}
	s, err := b.conn.Subscribe(p.subject, p.hear)
	if err != nil {
		return nil, fmt.Errorf("listen to other workers: %w", err)
	}
	p.say("who")
	_ = rest(ctx, hereFirst)
	p.count(time.Now())
	life, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		for rest(life, hereEvery) == nil {
			p.say("here")
			p.count(time.Now())
		}
		p.say("gone")
	})
	return func() {
		_ = s.Unsubscribe()
		cancel()
		done.Wait()
	}, nil
}

func (p *peers) say(what string) { _ = p.b.conn.Publish(p.subject, []byte(what+" "+p.b.name)) }

func (p *peers) hear(m *nats.Msg) {
	what, name, _ := strings.Cut(string(m.Data), " ")
	if name == p.b.name {
		return
	}
	p.mu.Lock()
	if what == "gone" {
		delete(p.seen, name)
	} else {
		p.seen[name] = time.Now()
	}
	p.mu.Unlock()
	p.count(time.Now())
	if what == "who" {
		p.say("here")
	}
}

// count tells how many there are. While the connection is cut nobody is forgotten.
func (p *peers) count(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, at := range p.seen {
		if now.Sub(at) > hereFor && p.b.conn.IsConnected() {
			delete(p.seen, name)
		}
	}
	if n := len(p.seen) + 1; n != p.told {
		p.told = n
		p.changed(n)
	}
}
