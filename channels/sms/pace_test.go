package sms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// tooFast has the stand-in answer 429 where fast says so, and notes when it was
// asked to send.
func (s *stage) tooFast(fast func(n int) (yes bool, header http.Header)) (asked func() []time.Duration) {
	var mu sync.Mutex
	var times []time.Duration
	began := time.Now()
	s.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
		mu.Lock()
		defer mu.Unlock()
		if c.Method == http.MethodPost {
			times = append(times, time.Since(began))
		}
		if yes, header := fast(len(times)); yes {
			return channeltest.TwilioAct{Status: http.StatusTooManyRequests, Code: 20429, Header: header, Wait: s.slow}
		}
		return channeltest.TwilioAct{}
	})
	return func() []time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(times)
	}
}

// sendAll sends n messages at once and returns what came of each.
func (s *stage) sendAll(t *testing.T, n int) (errs []error) {
	var all sync.WaitGroup
	errs = make([]error, n)
	for i := range n {
		all.Go(func() { _, errs[i] = s.Send(t.Context(), delivery(10+i)) })
	}
	all.Wait()
	return errs
}

func says(value string) http.Header { return http.Header{"Retry-After": {value}} }

func TestTooManyRequestsSlowAll(t *testing.T) {
	for name, c := range map[string]struct {
		header func() http.Header
		rate   float64
		want   time.Duration // of the first after the pause
		step   time.Duration // from each to the next
	}{
		"seconds":             {func() http.Header { return says("7") }, 0, 7 * time.Second, 0},
		"seconds, paced":      {func() http.Header { return says("7") }, 10, 7 * time.Second, 100 * time.Millisecond},
		"a date":              {func() http.Header { return says(time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat)) }, 0, 20 * time.Second, 0},
		"no word":             {func() http.Header { return nil }, 0, time.Second, 0},
		"no word, paced":      {func() http.Header { return nil }, 2, time.Second, 500 * time.Millisecond},
		"a moment that is by": {func() http.Header { return says(time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)) }, 0, time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(conf *Config) { conf.MessagesPerSecond = c.rate }, func(t *testing.T, s *stage) {
				asked := s.tooFast(func(n int) (bool, http.Header) { return n == 1, c.header() })
				_, err := s.Send(t.Context(), delivery(1))
				if f := channels.Classify(err); f.Class != channels.ClassTemporary || f.Code != "20429" {
					t.Fatalf("too fast: %v", err)
				}
				if err := errors.Join(s.sendAll(t, 8)...); err != nil {
					t.Fatal(err)
				}
				for n, at := range asked()[1:] {
					if want := c.want + time.Duration(n)*c.step; at < want || at > want+10*time.Millisecond {
						t.Errorf("number %d went out after %v, want %v", n, at, want)
					}
				}
			})
		})
	}
}

// Without a word from Twilio each pause is twice the one before, until a request
// is taken.
func TestPausesDouble(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *stage) {
		asked := s.tooFast(func(n int) (bool, http.Header) { return n != 8, nil })
		for n := range 10 {
			if _, err := s.Send(t.Context(), delivery(n)); (err == nil) != (n == 7) {
				t.Fatalf("%d: %v", n, err)
			}
		}
		// Before each attempt; what was taken (the eighth) ends the doubling.
		want := []time.Duration{0, 1, 2, 4, 8, 16, 30, 30, 0, 1}
		at := time.Duration(0)
		for n, got := range asked() {
			if at += want[n] * time.Second; got != at {
				t.Errorf("number %d went out after %v, want %v", n, got, at)
			}
		}
	})
}

// Ten refusals of ten requests that were under way at once are one refusal.
func TestOneBurstIsOnePause(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *stage) {
		s.slow = 100 * time.Millisecond
		asked := s.tooFast(func(n int) (bool, http.Header) { return n <= 10, nil })
		for _, err := range s.sendAll(t, 10) {
			if channels.Classify(err).Code != "20429" {
				t.Fatal(err)
			}
		}
		if err := errors.Join(s.sendAll(t, 3)...); err != nil {
			t.Fatal(err)
		}
		if got := asked()[10]; got != s.slow+time.Second {
			t.Errorf("went on after %v", got)
		}
	})
}

// Nobody waits out a long pause inside the sender: what is newer by then is to be
// said instead.
func TestALongPauseIsTold(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *stage) {
		asked := s.tooFast(func(n int) (bool, http.Header) { return n == 1, says("600") })
		s.Send(t.Context(), delivery(1))
		time.Sleep(time.Minute)
		began := time.Now()
		_, err := s.Send(t.Context(), delivery(2))
		if f := channels.Classify(err); f.Class != channels.ClassTemporary || f.After != 9*time.Minute || time.Since(began) != 0 {
			t.Errorf("after %v: %+v", time.Since(began), f)
		}
		d := delivery(3)
		d.Again = true
		if f := channels.Classify(second(s.Send(t.Context(), d))); f.Class != channels.ClassTemporary || f.After != 9*time.Minute || f.Sought {
			t.Errorf("the list: %+v", f)
		}
		if _, err := s.Ask(t.Context(), fmt.Sprintf("SM%032d", 1)); channels.Classify(err).After != 9*time.Minute {
			t.Errorf("asking: %v", err)
		}
		time.Sleep(8*time.Minute + 45*time.Second)
		if err := errors.Join(s.sendAll(t, 3)...); err != nil {
			t.Error(err)
		}
		if got := asked(); len(got) != 4 || got[1] != 10*time.Minute {
			t.Errorf("asked at %v", got)
		}
	})
}

func TestAPauseEndsWithItsContext(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *stage) {
		s.tooFast(func(n int) (bool, http.Header) { return n == 1, says("30") })
		s.Send(t.Context(), delivery(1))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_, err := s.Send(ctx, delivery(2))
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || channels.Classify(err).Class != channels.ClassTemporary || took != 3*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

// What only asks is not held to the pace of messages, but it waits for the end of
// a pause.
func TestAskingWaitsForAPause(t *testing.T) {
	inBubble(t, func(c *Config) { c.MessagesPerSecond = 1 }, func(t *testing.T, s *stage) {
		got, err := s.Send(t.Context(), delivery(1))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range 5 {
			if _, err := s.Ask(t.Context(), got.Provider); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("five questions took %v", took)
		}
		s.twilio.Misbehave(func(channeltest.TwilioCall) channeltest.TwilioAct {
			return channeltest.TwilioAct{Status: http.StatusTooManyRequests, Body: "slow down", Header: says("12")}
		})
		if _, err := s.Ask(t.Context(), got.Provider); channels.Classify(err).After != 12*time.Second {
			t.Errorf("too fast: %v", err)
		}
		s.twilio.Misbehave(nil)
		began = time.Now()
		if _, err := s.Ask(t.Context(), got.Provider); err != nil || time.Since(began) != 12*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// Who waits for his turn when a pause begins waits for its end too.
func TestAPauseIsForThoseWhoWait(t *testing.T) {
	inBubble(t, func(c *Config) { c.MessagesPerSecond = 1 }, func(t *testing.T, s *stage) {
		asked := s.tooFast(func(n int) (bool, http.Header) { return n == 1, says("20") })
		refused := 0
		for _, err := range s.sendAll(t, 5) {
			if err != nil {
				refused++
			}
		}
		got := asked()
		if refused != 1 || len(got) != 5 || got[1] < 20*time.Second {
			t.Fatalf("%d refused, asked at %v", refused, got)
		}
		for n := 2; n < len(got); n++ {
			if step := got[n] - got[n-1]; step < time.Second-time.Millisecond {
				t.Errorf("%v after the one before", step)
			}
		}
	})
}

func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(0, nil)
		expect := func(what string, want time.Duration) {
			t.Helper()
			if got := p.left(); got != want {
				t.Errorf("%s: %v left, want %v", what, got, want)
			}
		}
		expect("new", 0)
		p.slow(0)
		expect("too fast", time.Second)
		p.content() // of a request from before
		time.Sleep(time.Second)
		p.slow(0)
		expect("a request from before was taken, and too fast again", 2*time.Second)
		p.slow(10 * time.Second)
		p.slow(3 * time.Second)
		p.slow(0)
		expect("the longest that was said", 10*time.Second)
		time.Sleep(10 * time.Second)
		p.content()
		p.slow(0)
		expect("taken, and too fast", time.Second)
	})
}

// TestAPaceIsShared: of an account that two use, each takes half, and all of it again
// when the other goes.
func TestAPaceIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := 2
		p := newPace(10, func() int { return users })
		took := func() time.Duration {
			began := time.Now()
			for range 20 {
				if err := p.turn(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			return time.Since(began)
		}
		if d := took(); d < 3700*time.Millisecond || d > 4100*time.Millisecond {
			t.Errorf("20 at half of 10 a second took %v", d)
		}
		users = 1
		if d := took(); d < 1800*time.Millisecond || d > 2300*time.Millisecond {
			t.Errorf("20 at 10 a second took %v", d)
		}
	})
}
