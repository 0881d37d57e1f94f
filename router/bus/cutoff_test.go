package bus

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sitrep/router/incident"
)

// TestWhatWasRefusedIsNotWrittenLater: who was told that his words were not stored may
// say them again; they must not go out twice when the servers are back.
func TestWhatWasRefusedIsNotWrittenLater(t *testing.T) {
	t.Parallel()
	s := someServers(t, 1, nil)
	b := s.open(t.TempDir())
	defer b.Close()
	if err := b.Put(t.Context(), tick(1)); err != nil {
		t.Fatal(err)
	}
	s.stop(0)
	for b.connected() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	began := time.Now()
	for n := range 3 {
		if err := b.Put(t.Context(), tick(2+n)); err == nil {
			t.Error("it was stored, and nobody is there")
		}
	}
	if err := b.Commit(t.Context(), incident.Commit{Facts: services("late")}); err == nil {
		t.Error("it was committed, and nobody is there")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("four refusals took %v", took)
	}
	s.start(0)
	s.ready()
	for b.Put(t.Context(), tick(9)) != nil {
		time.Sleep(50 * time.Millisecond)
	}
	state, err := b.info(t.Context(), streamInbox)
	if err != nil || state.Msgs != 2 {
		t.Errorf("the inbox has %d messages, want the first and the last; %v", state.Msgs, err)
	}
	if end, err := b.End(t.Context()); err != nil || end != 0 {
		t.Errorf("there are %d commits, %v", end, err)
	}
}

// TestAMarkDoesNotFallBack: of two routers that clean, the one that comes late marks
// nothing.
func TestAMarkDoesNotFallBack(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	defer b.Close()
	for n := range 10 {
		if err := b.Put(t.Context(), tick(n)); err != nil {
			t.Fatal(err)
		}
	}
	late := Twin(t, b)
	late.js = &between{late.js, func() {
		if _, err := b.mark(t.Context(), streamInbox, cut{To: 7}); err != nil {
			t.Error(err)
		}
	}}
	if _, err := late.mark(t.Context(), streamInbox, cut{To: 3}); err == nil {
		t.Error("it was marked after another had done so")
	}
	if got, err := b.purged(t.Context(), streamInbox); err != nil || got.To != 7 {
		t.Errorf("the mark is at %d, %v", got.To, err)
	}
}

// between does something before a message is written.
type between struct {
	jetstream.JetStream
	do func()
}

func (b *between) PublishMsg(ctx context.Context, msg *nats.Msg, opts ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	b.do()
	return b.JetStream.PublishMsg(ctx, msg, opts...)
}

// TestFactsThatAreGoneAreMissed: servers that lost what they had confirmed are no
// reason to begin where they end.
func TestFactsThatAreGoneAreMissed(t *testing.T) {
	t.Parallel()
	s := someServers(t, 1, nil)
	b := s.open(t.TempDir())
	defer b.Close()
	replayed(t, b)
	for _, one := range []string{"one", "two", "three"} {
		if err := b.Commit(t.Context(), incident.Commit{Facts: services(one)}); err != nil {
			t.Fatal(err)
		}
	}
	if behind, err := b.Behind(t.Context()); behind != 0 || err != nil {
		t.Errorf("%d behind, %v", behind, err)
	}
	// As if the servers had had two more, which their disks do not have.
	b.place.Add(2)
	if _, err := b.Behind(t.Context()); err == nil || !strings.Contains(err.Error(), "reach commit 3, and reached 5") {
		t.Errorf("one that follows says %v", err)
	}
	b.marks.set(streamFacts, 5)
	if err := b.Replay(t.Context(), func(incident.Commit) error { return nil }); err == nil || !strings.Contains(err.Error(), "reach commit 3, and reached 5") {
		t.Errorf("one that reads them anew says %v", err)
	}
}

// TestNobodyWaitsForTheLibrary: while the servers are away, what reads from them ends
// when it is told to, at once.
func TestNobodyWaitsForTheLibrary(t *testing.T) {
	t.Parallel()
	s := someServers(t, 1, nil)
	b := s.open(t.TempDir())
	defer b.Close()
	replayed(t, b)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- b.Follow(ctx, func(incident.Commit) error { return nil }) }()
	go func() {
		ended <- b.Inputs(ctx, 0, func(uint64, []incident.Input, bool) error { return nil })
	}()
	time.Sleep(500 * time.Millisecond)
	s.stop(0)
	time.Sleep(3 * clusterHeartbeat) // by then it makes its consumers anew
	began := time.Now()
	stop()
	for range 2 {
		<-ended
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it ended after %v", took)
	}
}

// TestASeatThatIsRemoved: somebody deleted its consumer. A router makes it again.
func TestASeatThatIsRemoved(t *testing.T) {
	t.Parallel()
	s := someServers(t, 1, nil)
	b := s.open(t.TempDir())
	defer b.Close()
	seat, err := b.Seat(t.Context(), "one", func() string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if err := s.js().DeleteConsumer(t.Context(), streamMeta, consumerSeat); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := seat.Take(ctx); err != nil {
		t.Fatalf("nobody can be the active router: %v", err)
	}
	seat.Leave()
}
