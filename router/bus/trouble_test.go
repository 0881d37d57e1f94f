package bus_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// troubled is a ledger that refuses records, or stores them and says nothing.
type troubled struct {
	channels.Ledger
	mu     sync.Mutex
	n      int
	refuse func(n int) (refused, stored bool)
}

var errTroubled = errors.New("the store does not answer")

func (l *troubled) Record(ctx context.Context, part string, r channels.Record, last uint64) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	refused, stored := l.refuse(l.n)
	if !refused {
		return l.Ledger.Record(ctx, part, r, last)
	}
	if stored {
		l.Ledger.Record(ctx, part, r, last)
	}
	return 0, errTroubled
}

// witness is a sender that checks that what it is given is in the ledger as an
// intent.
type witness struct {
	s *stage
	channels.Sender
	parts []channels.Part
}

func (w *witness) Send(ctx context.Context, d channels.Delivery) (channels.Accepted, error) {
	row, part := -1, channels.Part{}
	for _, p := range w.parts {
		people, err := w.s.bus.Roster(ctx, p.Roster)
		if err != nil {
			return channels.Accepted{}, err
		}
		for n, person := range people {
			if person.Address(p.Channel) == d.To && w.s.bus.Key().Delivery(p.Incident, p.Update, p.Channel, d.To) == d.ID {
				row, part = n, p
			}
		}
	}
	records, _, err := w.s.bus.Records(ctx, part.ID())
	if err != nil {
		return channels.Accepted{}, err
	}
	state := channels.State("")
	for _, r := range records {
		for _, t := range r.Steps {
			if t.Row == row {
				state = t.State
			}
		}
	}
	if state != channels.Attempting {
		w.s.Errorf("a delivery touched the wire while the ledger says %q of it", state)
	}
	return w.Sender.Send(ctx, d)
}

func TestTheStoreRefusesRecords(t *testing.T) {
	for name, refuse := range map[string]func(n int) (refused, stored bool){
		"for a while":                func(n int) (bool, bool) { return n > 5 && n < 40, false },
		"though it stores them":      func(n int) (bool, bool) { return n > 5 && n < 40, true },
		"every other":                func(int) (bool, bool) { return rand.IntN(2) == 0, false },
		"every other, but stores":    func(int) (bool, bool) { return rand.IntN(2) == 0, true },
		"the claim":                  func(n int) (bool, bool) { return n == 1, false },
		"the claim, but stores it":   func(n int) (bool, bool) { return n == 1, true },
		"two of three, some of them": func(int) (bool, bool) { return rand.IntN(3) > 0, rand.IntN(2) == 0 },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *stage) {
				parts := append(s.order(channels.Email, people(20)), s.order(channels.Email, people(20), func(p *channels.Part) { p.Audience = "staff" })...)
				w := s.work(channels.Email, func(o *channels.WorkerOptions) {
					o.Ledger = &troubled{Ledger: s.bus, refuse: refuse}
					o.Sender = &witness{s: s, Sender: o.Sender, parts: parts}
				})
				s.expect(s.finished(2*time.Hour, parts...), channels.Report{Accepted: 40})
				time.Sleep(time.Minute)
				w.stop()
				if copies, _, _ := s.received(20); len(s.mail.Messages()) != 40 {
					t.Errorf("%d mails: %v", len(s.mail.Messages()), copies)
				}
			})
		})
	}
}

// While the store takes nothing, a stop still ends in time, and what was sent
// is found to be in doubt by the next.
func TestStopWhileTheStoreRefuses(t *testing.T) {
	play(t, func(s *stage) {
		s.mail.Misbehave(at(channeltest.StageData, channeltest.Act{Wait: time.Second}))
		parts := s.order(channels.Email, people(100))
		w := s.work(channels.Email, func(o *channels.WorkerOptions) {
			o.Ledger = &troubled{Ledger: s.bus, refuse: func(n int) (bool, bool) { return n > 10, false }}
		})
		time.Sleep(time.Minute)
		w.stop()
		s.restart()
		w = s.work(channels.Email)
		sum := s.finished(time.Hour, parts...)
		w.stop()
		_, twice, none := s.received(100)
		if none > 0 || twice > sum.Possible || sum.Possible > 2*s.sessions || sum.Accepted != 100 {
			t.Errorf("%d got nothing, %d copies too many, the ledger says %+v", none, twice, sum)
		}
	})
}

// A store that hangs holds up the stop no longer than the grace.
func TestStopWhileTheStoreHangs(t *testing.T) {
	play(t, func(s *stage) {
		s.order(channels.Email, people(100))
		s.order(channels.Email, people(100), func(p *channels.Part) { p.Audience = "staff" })
		hang := &hanging{Ledger: s.bus, left: 6}
		w := s.work(channels.Email, func(o *channels.WorkerOptions) { o.Ledger = hang })
		time.Sleep(time.Minute)
		w.stop()
	})
}

type hanging struct {
	channels.Ledger
	mu   sync.Mutex
	left int
}

func (l *hanging) Record(ctx context.Context, part string, r channels.Record, last uint64) (uint64, error) {
	l.mu.Lock()
	l.left--
	hang := l.left < 0
	l.mu.Unlock()
	if hang {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return l.Ledger.Record(ctx, part, r, last)
}

// refusing takes no reports until it is told to.
type refusing struct {
	channels.Receipts
	mu    sync.Mutex
	takes bool
	asked int
}

func (r *refusing) Report(ctx context.Context, rep channels.Report) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if !r.takes {
		return errTroubled
	}
	return r.Receipts.Report(ctx, rep)
}

func TestReportsAreMadeUntilTheyAreTaken(t *testing.T) {
	play(t, func(s *stage) {
		receipts := &refusing{Receipts: s.bus}
		parts := s.order(channels.Email, people(3))
		w := s.work(channels.Email, func(o *channels.WorkerOptions) { o.Receipts = receipts })
		s.finished(time.Minute, parts...)
		time.Sleep(5 * time.Minute) // beyond the lease: it is offered again meanwhile
		// Others go on.
		more := s.order(channels.Email, people(3), func(p *channels.Part) { p.Audience = "staff" })
		s.expect(s.finished(time.Minute, more...), channels.Report{Accepted: 3})
		receipts.mu.Lock()
		receipts.takes = true
		receipts.mu.Unlock()
		time.Sleep(time.Minute)
		for _, p := range append(parts, more...) {
			if got := s.receipts()[p.ID()]; len(got) != 1 || got[0].Accepted != 3 {
				t.Errorf("receipts of %s: %+v", p.ID(), got)
			}
		}
		w.stop()
	})
}

func TestALostReportIsMadeAfterARestart(t *testing.T) {
	play(t, func(s *stage) {
		parts := s.order(channels.Email, people(3))
		w := s.work(channels.Email, func(o *channels.WorkerOptions) { o.Receipts = &refusing{Receipts: s.bus} })
		s.finished(time.Minute, parts...)
		w.stop()
		if len(s.receipts()) != 0 {
			t.Fatal("it was reported")
		}
		s.restart()
		w = s.work(channels.Email)
		time.Sleep(time.Minute)
		if got := s.receipts()[parts[0].ID()]; len(got) != 1 || got[0].Accepted != 3 {
			t.Errorf("receipts: %+v", got)
		}
		w.stop()
		s.once(3)
	})
}

// Two workers on one store: whoever claims a part last has it, and the other
// learns of that before it touches the wire again.
func TestAStaleWorkerIsFenced(t *testing.T) {
	play(t, func(s *stage) {
		began := time.Now()
		s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
			if m.Stage == channeltest.StageRcpt && time.Since(began) < time.Minute {
				return reply(451, [3]int{4, 7, 1}, "later")
			}
			return channeltest.Act{}
		})
		parts := s.order(channels.Email, people(50))
		stale := s.work(channels.Email)
		time.Sleep(40 * time.Second) // all wait for their fourth try
		fresh := s.work(channels.Email, func(o *channels.WorkerOptions) { o.Name = "two" })
		s.expect(s.finished(time.Hour, parts...), channels.Report{Accepted: 50})
		time.Sleep(10 * time.Minute)
		stale.stop()
		fresh.stop()
		s.once(50)
		if r := s.record(parts[0]); r.Worker != "two" {
			t.Errorf("finished by %s", r.Worker)
		}
	})
}

// A worker that was taken over with messages on the wire: these may come twice,
// and are counted.
func TestAWorkerTakenOverInAFanOut(t *testing.T) {
	play(t, func(s *stage) {
		s.mail.Misbehave(at(channeltest.StageData, channeltest.Act{Wait: time.Second}))
		parts := s.order(channels.Email, people(100))
		stale := s.work(channels.Email)
		time.Sleep(5*time.Second + time.Second/2)
		fresh := s.work(channels.Email, func(o *channels.WorkerOptions) { o.Name = "two" })
		sum := s.finished(time.Hour, parts...)
		stale.stop()
		fresh.stop()
		_, twice, none := s.received(100)
		if none > 0 || twice > sum.Possible || sum.Possible > 2*s.sessions || sum.Accepted != 100 {
			t.Errorf("%d got nothing, %d copies too many, the ledger says %+v", none, twice, sum)
		}
	})
}

// One part that cannot be read holds up no other.
func TestAPartThatCannotBeRead(t *testing.T) {
	play(t, func(s *stage) {
		s.order(channels.Email, people(3), func(p *channels.Part) { p.Roster, p.Audience = "lost", "staff" })
		parts := s.order(channels.Email, people(3))
		w := s.work(channels.Email)
		defer w.stop()
		s.expect(s.finished(10*time.Second, parts...), channels.Report{Accepted: 3})
	})
}
