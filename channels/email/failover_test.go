package email

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

func two(c *Config) { c.Smarthosts = []string{"one.test:25", "two.test:25"} }

func TestFailOver(t *testing.T) {
	silent := func(ctx context.Context, network, addr string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, c := range map[string]struct {
		prepare func(t *testing.T, n network)
		silent  bool
		within  time.Duration
	}{
		"refused":     {func(*testing.T, network) {}, false, 0},
		"unreachable": {func(*testing.T, network) {}, true, dialTimeout},
		"does not greet": {func(t *testing.T, n network) {
			l := channeltest.NewPipeListener()
			n["one.test:25"] = l
			go func() {
				c, err := l.Accept()
				if err == nil {
					c.Read(make([]byte, 1)) // until the other side gives up
					c.Close()
				}
			}()
			t.Cleanup(func() { l.Close() })
		}, false, connectTimeout},
		"greets with 421": {func(t *testing.T, n network) {
			l := channeltest.NewPipeListener()
			n["one.test:25"] = l
			go func() {
				c, err := l.Accept()
				if err == nil {
					c.Write([]byte("421 4.3.2 too many connections\r\n"))
					c.Close()
				}
			}()
			t.Cleanup(func() { l.Close() })
		}, false, 0},
		"breaks at EHLO": {func(t *testing.T, n network) {
			n.serve(t, "one.test:25", channeltest.SMTPOptions{}).
				Misbehave(at(channeltest.StageHello, channeltest.Act{Fate: channeltest.Lost}))
		}, false, 0},
		"shuts down at RCPT": {func(t *testing.T, n network) {
			n.serve(t, "one.test:25", channeltest.SMTPOptions{}).
				Misbehave(at(channeltest.StageRcpt, reply(421, 4, 3, 2, "bye")))
		}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := network{}
				c.prepare(t, n)
				server := n.serve(t, "two.test:25", channeltest.SMTPOptions{})
				s := n.sender(t, func(cfg *Config) {
					two(cfg)
					if c.silent {
						cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
							if addr == "one.test:25" {
								return silent(ctx, network, addr)
							}
							return n.dial(ctx, network, addr)
						}
					}
				})
				began := time.Now()
				sendAll(t, s, 0, 1)
				if took := time.Since(began); took != c.within {
					t.Errorf("the first took %v, want %v", took, c.within)
				}
				// The next ones do not wait anew.
				began = time.Now()
				sendAll(t, s, 1, 5)
				if took := time.Since(began); took != 0 || len(server.Messages()) != 6 {
					t.Errorf("the next took %v; %d received", took, len(server.Messages()))
				}
			})
		})
	}

	t.Run("and back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := network{}
			second := n.serve(t, "two.test:25", channeltest.SMTPOptions{})
			s := n.sender(t, two)
			sendAll(t, s, 0, 1)
			first := n.serve(t, "one.test:25", channeltest.SMTPOptions{})
			sendAll(t, s, 1, 1)
			time.Sleep(failureMemory)
			sendAll(t, s, 2, 1)
			if len(second.Messages()) != 2 || len(first.Messages()) != 1 {
				t.Errorf("%d by the second, %d by the first", len(second.Messages()), len(first.Messages()))
			}
		})
	})

	t.Run("not after a lost reply", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := network{}
			n.serve(t, "one.test:25", channeltest.SMTPOptions{}).Misbehave(at(channeltest.StageData, channeltest.Act{Fate: channeltest.Cut}))
			second := n.serve(t, "two.test:25", channeltest.SMTPOptions{})
			_, err := n.sender(t, two).Send(t.Context(), delivery(1))
			if channels.Classify(err).Class != channels.ClassAmbiguous || len(second.Messages()) != 0 {
				t.Errorf("%v; %d by the second", err, len(second.Messages()))
			}
		})
	})

	t.Run("nobody there", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := network{}.sender(t, two)
			for range 2 {
				if _, err := s.Send(t.Context(), delivery(1)); channels.Classify(err).Class != channels.ClassDown {
					t.Error(err)
				}
			}
		})
	})
}

// A stream of mail, and the first smarthost breaks under it in every way: no
// message comes later than 30 s after it was handed over, none is lost or comes
// twice, the broken one is left alone, and used again when it works.
func TestBreakerUnderTraffic(t *testing.T) {
	refuse := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	silent := func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			io.Copy(io.Discard, theirs)
			theirs.Close()
		}()
		return ours, nil
	}
	for name, c := range map[string]struct {
		dial func(ctx context.Context, network, addr string) (net.Conn, error)
		act  func(channeltest.Moment) channeltest.Act
		drop bool // the sessions that are open break too
	}{
		"takes connections and says nothing":        {silent, nil, true},
		"and its old sessions fall silent too":      {silent, at(channeltest.StageMail, channeltest.Act{Fate: channeltest.Mute}), false},
		"refuses connections":                       {refuse, nil, true},
		"dies at MAIL":                              {nil, at(channeltest.StageMail, channeltest.Act{Fate: channeltest.Lost}), false},
		"dies at RCPT":                              {nil, at(channeltest.StageRcpt, channeltest.Act{Fate: channeltest.Lost}), false},
		"falls silent at RCPT":                      {nil, at(channeltest.StageRcpt, channeltest.Act{Fate: channeltest.Mute}), false},
		"says 421 to everything after fifty":        {nil, at(channeltest.StageMail, reply(421, 4, 7, 0, "too many messages")), false},
		"says 421 at EHLO":                          {nil, at(channeltest.StageHello, reply(421, 4, 3, 2, "too many connections")), true},
		"breaks at EHLO":                            {nil, at(channeltest.StageHello, channeltest.Act{Fate: channeltest.Lost}), true},
		"says 421 in place of taking what was read": {nil, at(channeltest.StageData, reply(421, 4, 3, 2, "shutting down")), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := network{}
				first := n.serve(t, "one.test:25", channeltest.SMTPOptions{})
				second := n.serve(t, "two.test:25", channeltest.SMTPOptions{})
				var broken atomic.Bool
				var dials atomic.Int64
				s := n.sender(t, func(cfg *Config) {
					two(cfg)
					cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
						if addr == "one.test:25" {
							dials.Add(1)
							if broken.Load() && c.dial != nil {
								return c.dial(ctx, network, addr)
							}
						}
						return n.dial(ctx, network, addr)
					}
				})
				var all sync.WaitGroup
				sent := 0
				flow := func(seconds int) {
					for range seconds {
						sent++
						number := sent
						all.Go(func() {
							began := time.Now()
							if _, err := s.Send(t.Context(), delivery(number)); err != nil {
								t.Errorf("delivery %d: %v", number, err)
							}
							if took := time.Since(began); took > 30*time.Second {
								t.Errorf("delivery %d took %v", number, took)
							}
						})
						time.Sleep(time.Second)
					}
				}
				flow(50)
				broken.Store(true)
				first.Misbehave(c.act)
				if c.drop {
					first.Drop()
				}
				brokeAt := time.Now()
				flow(120)
				took := second.Messages()[0].At.Sub(brokeAt)
				t.Logf("the second smarthost took the first message %v after the first one broke", took)
				if took > 30*time.Second {
					t.Error("that is too late")
				}
				// Open by then, or asked by one message every half minute.
				before := dials.Load()
				flow(300)
				if n := dials.Load() - before; n > 10 {
					t.Errorf("tried %d times in five minutes while broken", n)
				}
				broken.Store(false)
				first.Misbehave(nil)
				old := len(first.Messages())
				flow(310)
				all.Wait()
				if got := len(first.Messages()) - old; got == 0 {
					t.Error("the first one is not used again")
				}
				before2 := len(second.Messages())
				flow(20)
				all.Wait()
				if got := len(second.Messages()) - before2; got != 0 {
					t.Errorf("%d still go by the second", got)
				}
				seen := map[string]int{}
				for _, m := range append(first.Messages(), second.Messages()...) {
					seen[m.To]++
				}
				for to, n := range seen {
					if n != 1 {
						t.Errorf("%s was accepted %d times", to, n)
					}
				}
				if len(seen) != sent {
					t.Errorf("%d of %d arrived", len(seen), sent)
				}
			})
		})
	}
}
