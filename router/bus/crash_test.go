package bus_test

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// mortal stands between a worker and the world, and kills it: at a step that
// was chosen, before or after that is done, and nothing is done from then on.
// What is on the wire at that moment goes on.
type mortal struct {
	dead  atomic.Bool
	until atomic.Int64 // steps to live; negative: for ever
	after bool         // the last step is done, and the answer to it lost

	ledger   channels.Ledger
	library  channels.Library
	receipts channels.Receipts
	queue    channels.Queue
	sender   channels.Sender
}

var errDead = errors.New("the worker is dead")

// put makes a worker mortal. With steps of -1 only kill ends it.
func (m *mortal) put(steps int, after bool) func(*channels.WorkerOptions) {
	m.until.Store(int64(steps))
	m.after = after
	return func(o *channels.WorkerOptions) {
		m.ledger, m.library, m.receipts, m.queue, m.sender = o.Ledger, o.Library, o.Receipts, o.Queue, o.Sender
		o.Ledger, o.Library, o.Receipts, o.Queue, o.Sender = m, m, m, m, m
	}
}

// step does one thing that others can see.
func (m *mortal) step(do func() error) error {
	if m.dead.Load() {
		return errDead
	}
	if m.until.Add(-1) == 0 {
		if m.after {
			do()
		}
		m.dead.Store(true)
		return errDead
	}
	err := do()
	if m.dead.Load() {
		return errDead // it happened, and the dead do not learn of it
	}
	return err
}

func (m *mortal) Record(ctx context.Context, part string, r channels.Record, last uint64) (seq uint64, err error) {
	err = m.step(func() (err error) { seq, err = m.ledger.Record(ctx, part, r, last); return err })
	return seq, err
}

func (m *mortal) Records(ctx context.Context, part string) (all []channels.Record, last uint64, err error) {
	if m.dead.Load() {
		return nil, 0, errDead
	}
	return m.ledger.Records(ctx, part)
}

func (m *mortal) Roster(ctx context.Context, hash string) ([]channels.Person, error) {
	return m.library.Roster(ctx, hash)
}

func (m *mortal) Texts(ctx context.Context, hash string) ([]channels.Text, error) {
	return m.library.Texts(ctx, hash)
}

func (m *mortal) Report(ctx context.Context, r channels.Report) error {
	return m.step(func() error { return m.receipts.Report(ctx, r) })
}

func (m *mortal) Newer(ctx context.Context, p channels.Part) (bool, error) {
	if m.dead.Load() {
		return false, errDead
	}
	return m.queue.Newer(ctx, p)
}

func (m *mortal) Next(ctx context.Context, critical bool) (channels.Claim, error) {
	if m.dead.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c, err := m.queue.Next(ctx, critical)
	if err != nil {
		return nil, err
	}
	return mortalClaim{m, c}, nil
}

type mortalClaim struct {
	m *mortal
	channels.Claim
}

func (c mortalClaim) Renew() error {
	if c.m.dead.Load() {
		return errDead
	}
	return c.Claim.Renew()
}

func (c mortalClaim) Finish() error { return c.m.step(c.Claim.Finish) }

func (m *mortal) Send(ctx context.Context, d channels.Delivery) (got channels.Accepted, err error) {
	// A kill before it is one of a durable intent that never touched the wire.
	err = m.step(func() (err error) { got, err = m.sender.Send(ctx, d); return err })
	return got, err
}

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
