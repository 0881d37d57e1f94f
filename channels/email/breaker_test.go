package email

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// The states of one smarthost, next to one that always works.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSmarthosts([]string{"one.test:25", "two.test:25"})
		one := s.all[0]
		try := func(f finding) (tried, opened bool) {
			t.Helper()
			turn, ok := s.begin(one, time.Now())
			if !ok {
				return false, false
			}
			return true, s.end(turn, f, time.Now())
		}
		expect := func(what string, f finding, tried, opened bool) {
			t.Helper()
			if a, b := try(f); a != tried || b != opened {
				t.Fatalf("%s: tried %v, opened %v", what, a, b)
			}
		}
		expect("first failure", foundFailing, true, false)
		expect("second", foundFailing, true, false)
		expect("success between", foundWorking, true, false)
		expect("first again", foundFailing, true, false)
		expect("cut short, which counts for nothing", foundNothing, true, false)
		expect("second again", foundFailing, true, false)
		late, _ := s.begin(one, time.Now())
		expect("third in a row", foundFailing, true, true)
		for _, pause := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 5 * time.Minute} {
			time.Sleep(pause - time.Millisecond)
			expect("while open", foundWorking, false, false)
			time.Sleep(time.Millisecond)
			probe, ok := s.begin(one, time.Now())
			if !ok {
				t.Fatalf("no probe after %v", pause)
			}
			expect("while probed", foundWorking, false, false)
			if !s.end(probe, foundFailing, time.Now()) {
				t.Fatalf("not open after a failed probe")
			}
			if s.end(late, foundFailing, time.Now()) {
				t.Fatal("one that began before opens it again")
			}
		}
		time.Sleep(5 * time.Minute)
		expect("a probe cut short", foundNothing, true, false)
		expect("the next probe", foundWorking, true, false)
		expect("closed", foundFailing, true, false)
		expect("closed, and counted anew", foundFailing, true, false)
		expect("closed, and counted anew", foundFailing, true, true)
		time.Sleep(30 * time.Second)
		expect("the first pause again", foundWorking, true, false)
	})
}

// Sessions that are idle when the breaker opens are not kept for later.
func TestBreakerEndsIdleSessions(t *testing.T) {
	one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
		server.Misbehave(at(channeltest.StageData, channeltest.Act{Wait: time.Second}))
		var all sync.WaitGroup
		for n := range 4 {
			all.Go(func() { sendAll(t, s, n, 1) })
		}
		all.Wait()
		server.Misbehave(at(channeltest.StageRcpt, channeltest.Act{Fate: channeltest.Lost}))
		for n := range breakAfter {
			if _, err := s.Send(t.Context(), delivery(n)); err == nil {
				t.Fatal("sent")
			}
		}
		s.pool.mu.Lock()
		defer s.pool.mu.Unlock()
		if len(s.pool.idle) != 0 || s.pool.open != 0 {
			t.Errorf("%d sessions idle, %d open", len(s.pool.idle), s.pool.open)
		}
	})
}

// With every smarthost open, one message at a time goes on asking, each in its
// turn, and the others are told at once when to come again.
func TestAllBreakersOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network{}
		var asked []string
		var mu sync.Mutex
		s := n.sender(t, func(c *Config) {
			two(c)
			c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				mu.Lock()
				asked = append(asked, addr)
				mu.Unlock()
				if n[addr] != nil {
					return n.dial(ctx, network, addr)
				}
				select {
				case <-time.After(3 * time.Second):
				case <-ctx.Done():
				}
				return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.EHOSTUNREACH}
			}
		})
		known := false
		burst := func() (waits []time.Duration) {
			began := time.Now()
			var all sync.WaitGroup
			for n := range 4 {
				all.Go(func() {
					_, err := s.Send(t.Context(), delivery(n))
					f := channels.Classify(err)
					if err == nil || f.Class != channels.ClassDown {
						t.Errorf("%s: %v", f.Class, err)
					}
					mu.Lock()
					defer mu.Unlock()
					if time.Since(began) == 0 {
						waits = append(waits, f.After)
					} else if f.After == 0 && known {
						t.Error("the one that asked is not told when to come again")
					}
				})
			}
			all.Wait()
			return waits
		}
		if waits := burst(); len(waits) != 0 {
			t.Errorf("%d turned away before anything was known", len(waits))
		}
		asked, known = nil, true
		for range 4 {
			waits := burst()
			if len(waits) != 3 {
				t.Errorf("%d of 4 turned away, want 3", len(waits))
			}
			for _, w := range waits {
				if w < probePatience || w > longestWait {
					t.Errorf("to come again after %v", w)
				}
			}
		}
		if len(asked) != 4 || asked[0] == asked[1] || asked[0] != asked[2] || asked[1] != asked[3] {
			t.Errorf("asked %v", asked)
		}
		// Asking out of turn makes no pause longer.
		time.Sleep(30 * time.Second)
		if _, ok := s.hosts.begin(s.hosts.all[0], time.Now()); !ok {
			t.Error("the first pause is over, and nobody may ask")
		}
		s.hosts.end(turn{host: s.hosts.all[0], probe: true}, foundNothing, time.Now())

		server := n.serve(t, "two.test:25", channeltest.SMTPOptions{})
		sendAll(t, s, 10, 2)
		if len(server.Messages()) != 2 {
			t.Errorf("%d arrived", len(server.Messages()))
		}
	})
}

// A probe whose final reply takes minutes keeps nobody away.
func TestProbeWithSlowReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network{}
		s := n.sender(t, nil)
		for range breakAfter {
			if _, err := s.Send(t.Context(), delivery(1)); err == nil {
				t.Fatal("sent to nobody")
			}
		}
		time.Sleep(pauses[0])
		server := n.serve(t, "one.test:25", channeltest.SMTPOptions{})
		server.Misbehave(at(channeltest.StageData, channeltest.Act{Wait: 4 * time.Minute}))
		began := time.Now()
		var all sync.WaitGroup
		for n := range 4 {
			all.Go(func() { sendAll(t, s, n, 1) })
			time.Sleep(time.Second)
		}
		all.Wait()
		if took := time.Since(began); took > 4*time.Minute+5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// A password that cannot be read is no smarthost's failure.
func TestBreakerAndPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network{}
		server := n.serve(t, "one.test:25", channeltest.SMTPOptions{})
		broken := errors.New("open password: no such file")
		s := n.sender(t, func(c *Config) {
			two(c)
			c.Username, c.Password = "sitrep", func() (string, error) { return password, broken }
		})
		for range breakAfter + 1 {
			if _, err := s.Send(t.Context(), delivery(1)); channels.Classify(err).Class != channels.ClassDown {
				t.Error(err)
			}
		}
		if server.Sessions() != 0 {
			t.Error("connected without a password")
		}
		if _, ok := s.hosts.begin(s.hosts.all[0], time.Now()); !ok {
			t.Error("the breaker is open")
		}
	})
}
