package email

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// sendAll sends n deliveries one after another and fails the test on error.
func sendAll(t *testing.T, s *Sender, first, n int) {
	t.Helper()
	for i := range n {
		if _, err := s.Send(t.Context(), delivery(first+i)); err != nil {
			t.Fatalf("delivery %d: %v", first+i, err)
		}
	}
}

func TestSessionIsReused(t *testing.T) {
	one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
		sendAll(t, s, 0, 20)
		if n := server.Sessions(); n != 1 {
			t.Errorf("20 messages took %d sessions", n)
		}
		// A refusal is no reason to hang up.
		server.Misbehave(at(channeltest.StageRcpt, reply(550, 5, 1, 1, "unknown")))
		if _, err := s.Send(t.Context(), delivery(99)); err == nil {
			t.Error("not refused")
		}
		server.Misbehave(at(channeltest.StageData, reply(554, 5, 7, 1, "spam")))
		if _, err := s.Send(t.Context(), delivery(99)); err == nil {
			t.Error("not refused")
		}
		server.Misbehave(nil)
		sendAll(t, s, 20, 1)
		if n := server.Sessions(); n != 1 {
			t.Errorf("refusals cost %d sessions", n-1)
		}
	})
}

func TestSessionsAreBounded(t *testing.T) {
	one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
		server.Misbehave(at(channeltest.StageData, channeltest.Act{Wait: time.Second}))
		began := time.Now()
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				if _, err := s.Send(t.Context(), delivery(n)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n, took := server.Sessions(), time.Since(began); n != 4 || took != 5*time.Second {
			t.Errorf("20 messages of a second took %v over %d sessions, want 5s over 4", took, n)
		}
	})
}

func TestSessionIsRenewed(t *testing.T) {
	t.Run("idle for too long", func(t *testing.T) {
		one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
			sendAll(t, s, 0, 1)
			time.Sleep(idleLimit - time.Second)
			sendAll(t, s, 1, 1)
			if n := server.Sessions(); n != 1 {
				t.Errorf("%d sessions before the limit", n)
			}
			time.Sleep(idleLimit + time.Second)
			synctest.Wait()
			s.pool.mu.Lock()
			idle := len(s.pool.idle)
			s.pool.mu.Unlock()
			if idle != 0 {
				t.Errorf("%d sessions are still open", idle)
			}
			sendAll(t, s, 2, 1)
			if n := server.Sessions(); n != 2 {
				t.Errorf("%d sessions", n)
			}
		})
	})
	t.Run("the server went away", func(t *testing.T) {
		one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
			sendAll(t, s, 0, 1)
			server.Drop()
			sendAll(t, s, 1, 1)
			if len(server.Messages()) != 2 || server.Sessions() != 2 {
				t.Errorf("%d messages over %d sessions", len(server.Messages()), server.Sessions())
			}
		})
	})
	t.Run("the server hangs up after each", func(t *testing.T) {
		one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
			server.Misbehave(at(channeltest.StageData, channeltest.Act{Fate: channeltest.Parted}))
			sendAll(t, s, 0, 5)
			if len(server.Messages()) != 5 || server.Sessions() != 5 {
				t.Errorf("%d messages over %d sessions", len(server.Messages()), server.Sessions())
			}
		})
	})
	t.Run("the server had enough", func(t *testing.T) {
		one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
			sendAll(t, s, 0, 1)
			server.Misbehave(func(m channeltest.Moment) channeltest.Act {
				if m.Stage == channeltest.StageMail && m.Session == 1 {
					return reply(421, 4, 4, 2, "idle for too long")
				}
				return channeltest.Act{}
			})
			sendAll(t, s, 1, 1)
		})
	})
	t.Run("dead without a word", func(t *testing.T) {
		one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
			sendAll(t, s, 0, 1)
			server.Misbehave(func(m channeltest.Moment) channeltest.Act {
				if m.Stage == channeltest.StageMail && m.Session == 1 {
					return channeltest.Act{Fate: channeltest.Mute}
				}
				return channeltest.Act{}
			})
			began := time.Now()
			sendAll(t, s, 1, 1)
			if took := time.Since(began); took > reusedTimeout {
				t.Errorf("took %v", took)
			}
		})
	})
	t.Run("after its share of messages", func(t *testing.T) {
		one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
			sendAll(t, s, 0, sessionLimit+1)
			if n := server.Sessions(); n != 2 {
				t.Errorf("%d sessions", n)
			}
		})
	})
}

// Sessions to a smarthost that is out of use count, too.
func TestSessionsOfAllSmarthosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network{}
		for _, host := range []string{"one.test:25", "two.test:25"} {
			n.serve(t, host, channeltest.SMTPOptions{}).Misbehave(at(channeltest.StageData, channeltest.Act{Wait: time.Second}))
		}
		s := n.sender(t, func(c *Config) { c.Smarthosts = []string{"one.test:25", "two.test:25"} })
		burst := func() {
			var all sync.WaitGroup
			for n := range 8 {
				all.Go(func() {
					if _, err := s.Send(t.Context(), delivery(n)); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			s.pool.mu.Lock()
			defer s.pool.mu.Unlock()
			if s.pool.open != 4 || len(s.pool.idle) != 4 {
				t.Errorf("%d sessions open, %d of them idle", s.pool.open, len(s.pool.idle))
			}
		}
		burst()
		s.hosts.mark(s.hosts.all[0], true, time.Now())
		burst()
		for _, ses := range s.pool.idle {
			if ses.host != s.hosts.all[1] {
				t.Errorf("still open: one to %s", ses.host.addr)
			}
		}
	})
}

func TestFailOver(t *testing.T) {
	two := func(c *Config) { c.Smarthosts = []string{"one.test:25", "two.test:25"} }
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

func TestClose(t *testing.T) {
	one(t, func(t *testing.T, s *Sender, server *channeltest.SMTP) {
		server.Misbehave(at(channeltest.StageData, channeltest.Act{Wait: 3 * time.Second}))
		sent := make(chan error, 1)
		go func() {
			_, err := s.Send(t.Context(), delivery(1))
			sent <- err
		}()
		time.Sleep(time.Second)
		s.Close() // waits for it
		select {
		case err := <-sent:
			if err != nil {
				t.Errorf("the one under way: %v", err)
			}
		case <-time.After(time.Nanosecond):
			t.Error("closed before the one under way had ended")
		}
		if _, err := s.Send(t.Context(), delivery(2)); err == nil {
			t.Error("sent after Close")
		}
		s.Close()
	})
}
