package email

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

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
		s.hosts.end(turn{host: s.hosts.all[0]}, foundFailing, time.Now())
		burst()
		for _, ses := range s.pool.idle {
			if ses.host != s.hosts.all[1] {
				t.Errorf("still open: one to %s", ses.host.addr)
			}
		}
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
