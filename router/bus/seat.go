package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Of the routers on one store, one has the seat. Who has it is decided by the engine:
// a consumer with a pinned priority group delivers to one of those who ask it, until
// that one asks no more for as long as pinTime, or says that it leaves. It holds one
// message at most, the beat:
//
//	         ask, and knock where no beat was heard
//	waiting ───────────────────────────────────────> a beat is delivered: seated
//	   ^                                                │ each second: beat, and ask
//	   ├── no beat of one's own came back for leaseTime ┤
//	   └── Leave: unpinned, and a last beat that says so ┘
//
// A beat that comes back says that one is pinned at that moment, so whoever is cut off
// knows that he lost the seat before another can have it: leaseTime is shorter than
// pinTime by the time that an ask may be older than the beat that it brings back. That
// elects, and does not fence: a process that was frozen may think that it sits. What
// fences are the expected sequences of the facts.
const (
	subjectSeat  = subjectMeta + "seat"
	consumerSeat = "seat"
	groupSeat    = "router"

	pinTime   = 4 * time.Second
	leaseTime = 3 * time.Second
	beatTime  = time.Second
	// askTime is how long the engine may keep an ask.
	askTime = 500 * time.Millisecond
)

// Sitting is who has the seat, as far as one knows.
type Sitting struct {
	Name string `json:"name,omitempty"` // empty: nobody, or nobody knows
	// Config names the configuration that is in force there.
	Config string    `json:"config,omitempty"`
	Since  time.Time `json:"since,omitzero"`
}

// Seat is that of the one active router. Take and Leave are for one goroutine.
type Seat struct {
	bus    *Bus
	name   string
	config func() string

	mu   sync.Mutex
	last Sitting

	since  time.Time
	asking sync.WaitGroup
	pinned atomic.Bool        // the last ask was brought something
	stop   context.CancelFunc // ends the beating
	done   chan struct{}      // closed when it has ended
	seated context.Context    // while seated
}

// seatConfig is the consumer that decides.
func seatConfig() jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:        consumerSeat,
		Description:    "which router is the active one",
		FilterSubject:  subjectSeat,
		DeliverPolicy:  jetstream.DeliverNewPolicy,
		AckPolicy:      jetstream.AckNonePolicy,
		PriorityPolicy: jetstream.PriorityPolicyPinned,
		PriorityGroups: []string{groupSeat},
		PinnedTTL:      pinTime,
	}
}

// seatConsumer opens it, and makes it where there is none, unless others do.
func (b *Bus) seatConsumer(ctx context.Context) (jetstream.Consumer, error) {
	c, err := b.js.Consumer(ctx, streamMeta, consumerSeat)
	if !errors.Is(err, jetstream.ErrConsumerNotFound) || b.cluster != nil && b.cluster.Unmanaged {
		return c, err
	}
	c, err = b.js.CreateConsumer(ctx, streamMeta, seatConfig())
	if errors.Is(err, jetstream.ErrConsumerExists) { // another made it at the same moment
		c, err = b.js.Consumer(ctx, streamMeta, consumerSeat)
	}
	return c, err
}

// Seat returns the seat as one sees it who is called so; config names the configuration
// that is in force with him.
func (b *Bus) Seat(ctx context.Context, name string, config func() string) (*Seat, error) {
	err := b.patiently(ctx, func() (err error) { _, err = b.seatConsumer(ctx); return err }, silent)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, fmt.Errorf("%w: %s of stream %s, and nats.manage is false\nhint: sitrep nats print shows how to make it", err, consumerSeat, streamMeta)
	}
	if err != nil {
		return nil, unopened("the seat of the active router", err)
	}
	return &Seat{bus: b, name: name, config: config}, nil
}

// Sitting returns who was heard last to have the seat.
func (s *Seat) Sitting() Sitting {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *Seat) heard(who Sitting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = who
}

// Take waits for the seat. What it returns ends when the seat is lost; Leave gives it
// back. The error is that of ctx alone: whatever else goes wrong is tried again.
func (s *Seat) Take(ctx context.Context) (context.Context, error) {
	var c jetstream.Consumer
	var beat uint64 // the last that was seen
	quiet, said := time.Now(), ""
	s.pinned.Store(false)
	s.say(ctx, Sitting{}) // where nobody sits, this is brought to one of those who ask
	for ctx.Err() == nil {
		var err error
		if c == nil {
			c, err = s.bus.seatConsumer(ctx) // somebody may have removed it
		}
		asked, got := time.Now(), false
		if err == nil {
			got, err = s.ask(ctx, c)
		}
		if got {
			return s.sit(c, asked), nil
		}
		if err == nil {
			var now uint64
			if now, err = s.look(ctx); now != beat {
				beat, quiet = now, time.Now()
			} else if time.Since(quiet) > 2*beatTime {
				s.say(ctx, Sitting{})
				quiet = time.Now().Add(-beatTime - askTime)
			}
		}
		if err == nil {
			said = ""
			continue
		}
		c = nil
		if ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			s.bus.log.Warn("the seat of the active router cannot be asked for; tried again", "err", err)
		}
		_ = rest(ctx, askTime)
	}
	s.asking.Wait()
	if s.pinned.Load() { // just as it was asked for no more
		s.unpin()
	}
	return nil, ctx.Err()
}

// sit holds the seat, which was brought by an ask of a moment.
func (s *Seat) sit(c jetstream.Consumer, asked time.Time) context.Context {
	s.since = time.Now().UTC()
	s.heard(s.sitting())
	seated, lose := context.WithCancel(context.Background())
	beating, stop := context.WithCancel(context.Background())
	s.seated, s.stop, s.done = seated, stop, make(chan struct{})
	go func() {
		defer close(s.done)
		defer s.asking.Wait()
		defer lose()
		s.beat(beating, c, asked)
	}()
	return seated
}

func (s *Seat) sitting() Sitting { return Sitting{Name: s.name, Config: s.config(), Since: s.since} }

// beat keeps the seat until it is lost, or ctx ends.
func (s *Seat) beat(ctx context.Context, c jetstream.Consumer, confirmed time.Time) {
	for ctx.Err() == nil {
		began := time.Now()
		left := leaseTime - began.Sub(confirmed)
		if left <= 0 {
			return
		}
		turn, cancel := context.WithTimeout(ctx, left)
		s.say(turn, s.sitting())
		got, err := s.ask(turn, c)
		cancel()
		if got {
			confirmed = began
			_ = rest(ctx, beatTime-time.Since(began))
			continue
		}
		if err != nil {
			_ = rest(ctx, askTime/5)
		}
	}
}

// Leave gives the seat back where it was taken, so that another has it at once.
func (s *Seat) Leave() {
	if s.stop == nil {
		return
	}
	lost := s.seated.Err() != nil
	s.stop()
	<-s.done
	s.stop = nil
	s.heard(Sitting{})
	if !lost {
		s.unpin()
	}
}

// unpin lets another one have the seat at once.
func (s *Seat) unpin() {
	ctx, cancel := context.WithTimeout(context.Background(), beatTime)
	defer cancel()
	if err := s.bus.streams[streamMeta].UnpinConsumer(ctx, consumerSeat, groupSeat); err != nil {
		s.bus.log.Warn("the seat of the active router could not be given back; another has it in some seconds", "err", err)
		return
	}
	s.say(ctx, Sitting{})
}

// ask has the engine bring a beat, and reports whether it did: whoever gets one sits.
// An ask is waited for longer than the engine keeps it. One that was given up a moment
// too soon would be pinned, and nobody there to sit for as long as pinTime.
func (s *Seat) ask(ctx context.Context, c jetstream.Consumer) (bool, error) {
	batch, err := c.Fetch(1, jetstream.FetchMaxWait(askTime), jetstream.FetchPriorityGroup(groupSeat))
	if err != nil {
		return false, err
	}
	brought := make(chan bool, 1)
	s.asking.Go(func() {
		_, is := <-batch.Messages()
		s.pinned.Store(is)
		brought <- is
	})
	select {
	case is := <-brought:
		if err := batch.Error(); err != nil && !is && !errors.Is(err, jetstream.ErrPinIDMismatch) {
			return false, err
		}
		return is, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// look finds out who sits, and returns the number of the last beat.
func (s *Seat) look(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, beatTime)
	defer cancel()
	msg, err := s.bus.streams[streamMeta].GetLastMsgForSubject(ctx, subjectSeat)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read who has the seat: %w", err)
	}
	var who Sitting
	if json.Unmarshal(msg.Data, &who) == nil && (who.Name != "" || time.Since(msg.Time) > pinTime) {
		s.heard(who)
	}
	return msg.Sequence, nil
}

// say stores a beat; one without a name is a knock. One that is lost is said again.
func (s *Seat) say(ctx context.Context, who Sitting) {
	data, err := json.Marshal(who)
	if err != nil || s.bus.connected() != nil { // it would be kept, and be old news then
		return
	}
	ctx, cancel := context.WithTimeout(ctx, beatTime)
	defer cancel()
	if _, err := s.bus.js.Publish(ctx, subjectSeat, data); err != nil {
		s.bus.log.Debug("a beat of the seat was not stored", "err", err)
	}
}
