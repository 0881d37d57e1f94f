package bus

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func seatOf(t *testing.T, b *Bus, name string) *Seat {
	t.Helper()
	s, err := b.Seat(t.Context(), name, func() string { return "of " + name })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// taking takes the seat beside the test.
func taking(ctx context.Context, s *Seat) chan context.Context {
	out := make(chan context.Context, 1)
	go func() {
		if held, err := s.Take(ctx); err == nil {
			out <- held
		}
	}()
	return out
}

// within returns what comes, and how long that took.
func within(t *testing.T, limit time.Duration, c chan context.Context) (context.Context, time.Duration) {
	t.Helper()
	began := time.Now()
	select {
	case held := <-c:
		return held, time.Since(began)
	case <-time.After(limit):
		t.Fatalf("nobody has the seat after %v", limit)
		return nil, 0
	}
}

func TestOneHasTheSeat(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, dir)
		defer b.Close()
		one, other := seatOf(t, b, "one"), seatOf(t, Twin(t, b), "other")
		held, took := within(t, 5*time.Second, taking(t.Context(), one))
		t.Logf("taken after %v", took)
		second := taking(t.Context(), other)
		time.Sleep(time.Minute)
		select {
		case <-second:
			t.Fatal("both have the seat")
		case <-held.Done():
			t.Fatal("the seat was lost")
		default:
		}
		if s := other.Sitting(); s.Name != "one" || s.Config != "of one" || s.Since.IsZero() {
			t.Errorf("the other knows %+v", s)
		}

		one.Leave()
		held, took = within(t, time.Second, second)
		t.Logf("handed over in %v", took)
		if took > 300*time.Millisecond {
			t.Errorf("a seat that was given back was taken after %v", took)
		}
		time.Sleep(time.Minute)
		if held.Err() != nil {
			t.Error("the seat was lost")
		}
		other.Leave()
		held, _ = within(t, time.Second, taking(t.Context(), one))
		one.Leave()
		if held.Err() == nil {
			t.Error("it was given back, and is held")
		}
	})
}

// TestASeatThatIsLostIsKnownToBe: who is cut off, and who is killed, has lost it before
// another has it.
func TestASeatThatIsLostIsKnownToBe(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, dir)
		defer b.Close()
		gone := Twin(t, b)
		one, other := seatOf(t, gone, "one"), seatOf(t, b, "other")
		held, _ := within(t, 5*time.Second, taking(t.Context(), one))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		second := taking(ctx, other)
		time.Sleep(10 * time.Second)
		gone.Cut()
		began := time.Now()
		<-held.Done()
		lost := time.Since(began)
		_, took := within(t, 10*time.Second, second)
		t.Logf("lost after %v, taken %v later", lost, took)
		if lost+took > 6*time.Second {
			t.Errorf("taken after %v", lost+took)
		}
		one.Leave()
		other.Leave()
	})
}

func TestWhoWaitsForTheSeatStops(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, dir)
		defer b.Close()
		one, other := seatOf(t, b, "one"), seatOf(t, Twin(t, b), "other")
		within(t, 5*time.Second, taking(t.Context(), one))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := other.Take(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it ended with %v", err)
		}
		one.Leave()
	})
}
