package bus_test

import (
	"flag"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// bury ends what is left of a worker that was killed: what it had on the wire
// is through by then.
func (r *run) bury() {
	time.Sleep(3 * time.Minute)
	r.end()
}

func TestAKilledWorkerSendsAtMostTwoASessionTwice(t *testing.T) {
	play(t, func(s *stage) {
		s.mail.Misbehave(at(channeltest.StageData, channeltest.Act{Wait: time.Second}))
		parts := s.order(channels.Email, people(200))
		m := &mortal{}
		w := s.work(channels.Email, m.put(-1, false))
		time.Sleep(10*time.Second + time.Second/2)
		m.dead.Store(true)
		w.bury()
		s.restart()
		s.mail.Misbehave(nil)
		w = s.work(channels.Email)
		sum := s.finished(time.Minute, parts...)
		_, twice, none := s.received(200)
		if none > 0 || twice == 0 || twice > 2*s.sessions || twice > sum.Possible || sum.Possible > 2*s.sessions {
			t.Errorf("%d got nothing; %d copies too many, %d counted as possible, with %d sessions", none, twice, sum.Possible, s.sessions)
		}
		s.expect(sum, channels.Report{Accepted: 200, Possible: sum.Possible})
		time.Sleep(time.Second)
		w.stop()
	})
}

func TestAKilledWorkerSendsNoSMSTwice(t *testing.T) {
	play(t, func(s *stage) {
		s.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
			return channeltest.TwilioAct{Wait: time.Second}
		})
		// The promise passes between the first try and the second: the text that
		// is looked for in the provider's list is the first one's.
		parts := s.order(channels.SMS, people(100), func(p *channels.Part) { p.Promised = time.Now().Add(15 * time.Second).UTC() })
		m := &mortal{}
		w := s.work(channels.SMS, m.put(-1, false))
		time.Sleep(10*time.Second + time.Second/2)
		m.dead.Store(true)
		w.bury()
		s.restart()
		w = s.work(channels.SMS)
		sum := s.finished(time.Hour, parts...)
		s.once(100)
		if sum.Accepted != 100 || sum.Possible == 0 || sum.Possible > 2*s.sessions {
			t.Errorf("the ledger says %+v", sum)
		}
		asked := 0
		for n := range 100 {
			asked += s.twilio.Calls("GET", number(n))
		}
		if asked == 0 {
			t.Error("the provider was never asked for its list")
		}
		w.stop()
	})
}

// A provider's list may lag behind what it accepted. It is read twice, and what
// is read in between is no try.
func TestALateListSendsNoSMSTwice(t *testing.T) {
	play(t, func(s *stage) {
		shown := time.Now().Add(25 * time.Second)
		s.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
			switch {
			case c.Method == "POST" && c.N == 1:
				return channeltest.TwilioAct{Fate: channeltest.Cut}
			case c.Method == "GET" && (c.To == number(1) || time.Now().Before(shown)): // one is never shown
				return channeltest.TwilioAct{Status: 200, Body: `{"messages":[]}`}
			}
			return channeltest.TwilioAct{}
		})
		parts := s.order(channels.SMS, people(3))
		w := s.work(channels.SMS)
		defer w.stop()
		s.expect(s.finished(2*time.Minute, parts...), channels.Report{Accepted: 3, Possible: 1})
		if copies, _, _ := s.received(3); copies[0] != 1 || copies[1] != 2 || copies[2] != 1 {
			t.Errorf("copies %v", copies)
		}
		if n := s.twilio.Calls("GET", number(1)); n != 2 {
			t.Errorf("the list was read %d times before it was sent again", n)
		}
		for _, p := range parts {
			for _, step := range s.steps(p) {
				if step.Tries > 2 {
					t.Errorf("row %d: %d tries", step.Row, step.Tries)
				}
			}
		}
	})
}

func TestAStoppedWorkerGivesBackWhatItDidNotTry(t *testing.T) {
	play(t, func(s *stage) {
		s.mail.Misbehave(at(channeltest.StageData, channeltest.Act{Wait: 3 * time.Second}))
		parts := s.order(channels.Email, people(600))
		w := s.work(channels.Email)
		time.Sleep(20*time.Second + time.Second/2)
		began := time.Now()
		w.stop()
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("replies come after 3s, and the stop took %v", took)
		}
		for _, p := range parts {
			last := map[int]channels.State{}
			for _, step := range s.steps(p) {
				last[step.Row] = step.State
			}
			for n, state := range last {
				if state == channels.Attempting {
					t.Errorf("row %d of %s was left attempting", n, p.ID())
				}
			}
		}
		s.restart()
		w = s.work(channels.Email)
		defer w.stop()
		s.expect(s.finished(time.Hour, parts...), channels.Report{Accepted: 600})
		s.once(600)
	})
}

// A server that does not answer is not waited for longer than eight seconds;
// what came of the others is written down all the same.
func TestAStopDoesNotWaitForAMuteServer(t *testing.T) {
	play(t, func(s *stage) {
		s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
			switch {
			case m.Stage == channeltest.StageData && m.To == mailbox(2) && m.N == 1:
				return channeltest.Act{Fate: channeltest.Mute}
			case m.Stage == channeltest.StageRcpt && m.To == mailbox(1) && m.N == 1:
				return channeltest.Act{Fate: channeltest.Mute}
			}
			return channeltest.Act{}
		})
		parts := s.order(channels.Email, people(20))
		w := s.work(channels.Email)
		time.Sleep(5 * time.Second)
		w.stop()
		s.restart()
		w = s.work(channels.Email)
		defer w.stop()
		// Who was not told by DATA is certain not to have it.
		s.expect(s.finished(time.Hour, parts...), channels.Report{Accepted: 20, Possible: 1})
		if copies, _, _ := s.received(20); copies[1] != 1 || copies[2] != 2 {
			t.Errorf("copies %v", copies)
		}
	})
}

// A crash of ours does not use up the one retry after a lost reply.
func TestACrashIsNoLostReply(t *testing.T) {
	play(t, func(s *stage) {
		s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
			if m.Stage == channeltest.StageData {
				if m.N == 2 {
					return channeltest.Act{Fate: channeltest.Lost}
				}
				return channeltest.Act{Wait: time.Second}
			}
			return channeltest.Act{}
		})
		parts := s.order(channels.Email, people(1))
		m := &mortal{}
		w := s.work(channels.Email, m.put(-1, false))
		time.Sleep(time.Second / 2)
		m.dead.Store(true)
		w.bury()
		s.restart()
		w = s.work(channels.Email)
		defer w.stop()
		s.expect(s.finished(time.Hour, parts...), channels.Report{Accepted: 1, Possible: 2})
	})
}

var (
	seed  = flag.Uint64("seed", 0, "of the random crashes; 0: a few fixed ones")
	seeds = flag.Int("seeds", 12, "how many random stories of crashes are played")
)

// Whatever step a worker dies at, and however often: everybody gets it, and
// each copy too many is counted as possible by the ledger.
func TestRandomCrashes(t *testing.T) {
	for n := range *seeds {
		seed := *seed + uint64(n)
		play(t, func(s *stage) { crashes(s, seed) })
		if t.Failed() {
			t.Fatalf("play it again with -seed %d -seeds 1", seed)
		}
	}
}

func crashes(s *stage, seed uint64) {
	const n = 30
	random := rand.New(rand.NewPCG(seed, 1))
	channel := channels.Email
	if random.IntN(3) == 0 {
		channel = channels.SMS
	}
	s.sessions = 1 + random.IntN(4)
	var mu sync.Mutex
	chance := func(percent int) bool {
		mu.Lock()
		defer mu.Unlock()
		return random.IntN(100) < percent
	}
	s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
		switch {
		case m.Stage == channeltest.StageRcpt && chance(10):
			return reply(451, [3]int{4, 7, 1}, "later")
		case m.Stage == channeltest.StageData && chance(5):
			return channeltest.Act{Fate: channeltest.Cut}
		case m.Stage == channeltest.StageData && chance(30):
			return channeltest.Act{Wait: time.Second}
		}
		return channeltest.Act{}
	})
	s.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
		switch {
		case c.Method == "POST" && chance(5):
			return channeltest.TwilioAct{Fate: channeltest.Cut}
		case chance(10):
			return channeltest.TwilioAct{Status: 503}
		}
		return channeltest.TwilioAct{}
	})

	all := people(n)
	first := s.order(channel, all[:n/2])
	parts := append(first, s.order(channel, all[n/2:], func(p *channels.Part) { p.Critical, p.Audience = true, "directie" })...)
	for range 1 + random.IntN(4) {
		m := &mortal{}
		w := s.work(channel, m.put(1+random.IntN(40), random.IntN(2) == 0))
		end := time.Now().Add(time.Hour)
		for !m.dead.Load() && time.Now().Before(end) {
			time.Sleep(time.Second)
		}
		w.bury()
		s.restart()
	}
	w := s.work(channel)
	sum := s.finished(6*time.Hour, parts...)
	time.Sleep(time.Minute)
	w.stop()

	copies, twice, none := s.received(n)
	if none > 0 || twice > sum.Possible {
		s.Errorf("%s: %d got nothing; %d copies too many, %d counted as possible: %v", channel, none, twice, sum.Possible, copies)
	}
	if channel == channels.SMS && twice > 0 {
		s.Errorf("%d SMS came twice although the provider's list shows the first", twice)
	}
	if sum.Accepted+sum.Unreached != n {
		s.Errorf("planned %d, and the ledger says %+v", n, sum)
	}
	for _, p := range parts {
		last := map[int]channels.State{}
		for _, step := range s.steps(p) {
			last[step.Row] = step.State
		}
		for row, state := range last {
			if !state.Final() {
				s.Errorf("row %d of %s is left %s", row, p.ID(), state)
			}
		}
		if s.receipts()[p.ID()] == nil {
			s.Errorf("%s was never reported", p.ID())
		}
	}
}
