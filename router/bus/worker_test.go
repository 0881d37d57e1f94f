package bus_test

import (
	"strings"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
	"sitrep/router/bus"
)

func TestEverybodyGetsItOnce(t *testing.T) {
	for _, n := range []int{1, 500, 1200} {
		play(t, func(s *stage) {
			parts := s.order(channels.Email, people(n))
			w := s.work(channels.Email)
			s.expect(s.finished(time.Minute, parts...), channels.Report{Accepted: n})
			s.once(n)
			if first := s.mail.Messages()[0]; strings.Contains(first.Text, "te laat") || first.Text != "Bericht 1.\n" {
				t.Errorf("it says %q", first.Text)
			}
			time.Sleep(time.Minute)
			w.stop()
			for _, p := range parts {
				if got := s.receipts()[p.ID()]; len(got) != 1 || got[0].Accepted != min(n-500*p.Chunk, 500) || got[0].LastAt.IsZero() {
					t.Errorf("receipts of %s: %+v", p.ID(), got)
				}
			}
			// Nothing is offered again, also not to another run.
			s.restart()
			w = s.work(channels.Email)
			time.Sleep(time.Hour)
			w.stop()
			s.once(n)
		})
	}
}

func TestOneAmong500IsRefused(t *testing.T) {
	play(t, func(s *stage) {
		s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
			if m.Stage == channeltest.StageRcpt && m.To == mailbox(250) {
				return reply(550, [3]int{5, 1, 1}, "no such user")
			}
			return channeltest.Act{}
		})
		parts := s.order(channels.Email, people(500))
		w := s.work(channels.Email)
		defer w.stop()
		s.expect(s.finished(time.Minute, parts...), channels.Report{Accepted: 499, Failed: 1})
		if _, twice, none := s.received(500); twice != 0 || none != 1 {
			t.Errorf("%d copies too many, %d got none", twice, none)
		}
	})
}

func TestGreylistingHoldsUpNobodyElse(t *testing.T) {
	play(t, func(s *stage) {
		began := time.Now()
		s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
			if m.Stage == channeltest.StageRcpt && m.To == mailbox(0) && time.Since(began) < 2*time.Hour {
				return reply(451, [3]int{4, 7, 1}, "greylisted, try later")
			}
			return channeltest.Act{}
		})
		parts := s.order(channels.Email, people(100))
		w := s.work(channels.Email)
		defer w.stop()
		s.until("the others have theirs", 10*time.Second, func() bool { return len(s.mail.Messages()) == 99 })
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("the others waited %v", took)
		}
		s.expect(s.finished(3*time.Hour, parts...), channels.Report{Accepted: 100})
		s.once(100)
	})
}

func TestBusyOnConnect(t *testing.T) {
	play(t, func(s *stage) {
		began := time.Now()
		s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
			if m.Stage == channeltest.StageHello && time.Since(began) < 10*time.Minute {
				return reply(421, [3]int{4, 3, 2}, "too busy")
			}
			return channeltest.Act{}
		})
		parts := s.order(channels.Email, people(50))
		w := s.work(channels.Email)
		defer w.stop()
		s.expect(s.finished(time.Hour, parts...), channels.Report{Accepted: 50})
		s.once(50)
	})
}

// A channel that is down is tried until it is back, and that is seen by the
// next try.
func TestChannelDownAndBack(t *testing.T) {
	play(t, func(s *stage) {
		began := time.Now()
		s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
			if m.Stage == channeltest.StageMail && time.Since(began) < 45*time.Minute {
				return reply(535, [3]int{5, 7, 8}, "authentication credentials invalid")
			}
			return channeltest.Act{}
		})
		parts := s.order(channels.Email, people(50))
		w := s.work(channels.Email)
		defer w.stop()
		s.expect(s.finished(75*time.Minute, parts...), channels.Report{Accepted: 50})
		s.once(50)
	})
}

func TestALostReplyIsTriedOnceMore(t *testing.T) {
	play(t, func(s *stage) {
		s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
			switch {
			case m.Stage != channeltest.StageData:
			case m.To == mailbox(1) && m.N == 1, m.To == mailbox(2): // 2: ever
				return channeltest.Act{Fate: channeltest.Cut}
			case m.To == mailbox(3) && m.N == 1:
				return channeltest.Act{Fate: channeltest.Lost}
			}
			return channeltest.Act{}
		})
		parts := s.order(channels.Email, people(10))
		w := s.work(channels.Email)
		defer w.stop()
		s.expect(s.finished(time.Hour, parts...), channels.Report{Accepted: 9, Unreached: 1, Possible: 3})
		copies, _, _ := s.received(10)
		if copies[0] != 1 || copies[1] != 2 || copies[2] != 2 || copies[3] != 1 {
			t.Errorf("copies %v", copies)
		}
		for _, n := range []int{1, 2} {
			box := s.mail.Mailbox(mailbox(n))
			if !same(box[0], box[1]) {
				t.Errorf("recipient %d got two different messages", n)
			}
		}
		for _, step := range s.steps(parts[0]) {
			if step.Row == 2 && step.State.Final() && step.State != channels.Unknown {
				t.Errorf("the second loss ends as %s", step.State)
			}
		}
	})
}

func TestWhoHasNoAddressIsNoDelivery(t *testing.T) {
	play(t, func(s *stage) {
		some := people(10)
		for n := range some {
			if n%2 == 0 {
				some[n].Email = ""
			}
		}
		nobody := people(3)
		for n := range nobody {
			nobody[n].Email = ""
		}
		parts := s.order(channels.Email, some)
		empty := s.order(channels.Email, nobody, func(p *channels.Part) { p.Audience = "staff" })
		w := s.work(channels.Email)
		s.expect(s.finished(time.Minute, parts...), channels.Report{Accepted: 5})
		s.expect(s.finished(time.Minute, empty...), channels.Report{})
		time.Sleep(time.Second)
		w.stop()
		if len(s.mail.Messages()) != 5 || len(s.receipts()) != 2 {
			t.Errorf("%d mails, receipts %v", len(s.mail.Messages()), s.receipts())
		}
	})
}

// A critical audience overtakes a fan-out to 100,000, and the end of the incident
// stops what of that is not sent yet.
func TestCriticalOvertakes(t *testing.T) {
	play(t, func(s *stage) {
		s.mail.Misbehave(at(channeltest.StageData, channeltest.Act{Wait: time.Second}))
		many := 100_000
		if bus.Fewer() {
			many = 20_000
		}
		slow := s.order(channels.Email, people(many))
		w := s.work(channels.Email)
		defer w.stop()
		time.Sleep(20 * time.Second)
		began := time.Now()
		board := s.order(channels.Email, people(8), func(p *channels.Part) { p.Critical, p.Audience = true, "directie" })
		s.expect(s.finished(time.Minute, board...), channels.Report{Accepted: 8})
		// Two intents a session go before, and then two turns of four.
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the board waited %v", took)
		}
		end := s.order(channels.Email, people(1))
		s.expect(s.finished(time.Minute, end...), channels.Report{Accepted: 1})
		sum := s.finished(time.Minute, slow...)
		if sent := len(s.mail.Messages()) - 9; sum.Accepted != sent || sum.Superseded != many-sent || sent > 1000 {
			t.Errorf("after the end %d more were sent: %+v", sent, sum)
		}
	})
}

// Mail is down for three hours with an update every quarter of an hour.
func TestOnlyTheNewestIsSent(t *testing.T) {
	play(t, func(s *stage) {
		began := time.Now()
		s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
			if m.Stage == channeltest.StageHello && time.Since(began) < 3*time.Hour {
				return channeltest.Act{Fate: channeltest.Lost}
			}
			return channeltest.Act{}
		})
		w := s.work(channels.Email)
		var parts []channels.Part
		for n := range 12 {
			// The audience may become critical meanwhile.
			parts = append(parts, s.order(channels.Email, people(20), func(p *channels.Part) { p.Critical = n > 5 })...)
			time.Sleep(15 * time.Minute)
			if n > 0 && s.record(parts[n-1]).Done == nil {
				t.Errorf("update %d is still tried although %d exists", n, n+1)
			}
		}
		s.expect(s.finished(time.Hour, parts[:11]...), channels.Report{Superseded: 220})
		s.expect(s.finished(time.Hour, parts[11]), channels.Report{Accepted: 20})
		s.once(20)
		for _, m := range s.mail.Messages() {
			if m.Subject != "Storing 12" {
				t.Errorf("got %q", m.Subject)
			}
		}
		time.Sleep(time.Minute)
		w.stop()
		if got := len(s.receipts()); got != 12 {
			t.Errorf("%d parts were reported", got)
		}
	})
}

func TestANewerUpdateIsSeenAtOnce(t *testing.T) {
	play(t, func(s *stage) {
		s.mail.Misbehave(at(channeltest.StageRcpt, reply(451, [3]int{4, 3, 0}, "later")))
		old := s.order(channels.Email, people(1))
		w := s.work(channels.Email)
		defer w.stop()
		time.Sleep(36 * time.Second) // just after its third try; the next is in two minutes
		s.mail.Misbehave(nil)
		s.expect(s.finished(time.Second, s.order(channels.Email, people(1))...), channels.Report{Accepted: 1})
		s.expect(s.finished(time.Second, old...), channels.Report{Superseded: 1})
	})
}

func TestWhatIsOfNoUseIsGivenUp(t *testing.T) {
	play(t, func(s *stage) {
		s.mail.Misbehave(at(channeltest.StageRcpt, reply(451, [3]int{4, 3, 0}, "later")))
		began := time.Now()
		short := s.order(channels.Email, people(3), func(p *channels.Part) { p.Expires = time.Now().Add(36 * time.Second).UTC() })
		long := s.order(channels.Email, people(3), func(p *channels.Part) {
			p.Audience, p.PlannedAt = "staff", time.Now().Add(-46*time.Hour).UTC()
		})
		w := s.work(channels.Email)
		defer w.stop()
		s.expect(s.finished(5*time.Minute, short...), channels.Report{Unreached: 3})
		if took := time.Since(began); took < 36*time.Second || took > 37*time.Second {
			t.Errorf("it was given up after %v, not 36s", took)
		}
		s.expect(s.finished(2*time.Hour, long...), channels.Report{Unreached: 3})
		if took := time.Since(began); took < 2*time.Hour || took > 2*time.Hour+time.Minute {
			t.Errorf("what was planned 46 hours before was given up after %v", took)
		}
	})
}

// An update sent after it was promised says so; what may have been accepted is
// said again word for word.
func TestLateIsSaid(t *testing.T) {
	play(t, func(s *stage) {
		promise := time.Now().Add(time.Minute)
		s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
			switch {
			case m.To == mailbox(1) && m.Stage == channeltest.StageRcpt && time.Now().Before(promise):
				return reply(451, [3]int{4, 7, 1}, "later")
			case m.To == mailbox(2) && m.Stage == channeltest.StageData && m.N == 1:
				return channeltest.Act{Fate: channeltest.Cut}
			case m.To == mailbox(2) && m.Stage == channeltest.StageRcpt && m.N > 1 && time.Now().Before(promise):
				return reply(451, [3]int{4, 7, 1}, "later")
			}
			return channeltest.Act{}
		})
		parts := s.order(channels.Email, people(3), func(p *channels.Part) { p.Promised = promise.UTC() })
		w := s.work(channels.Email)
		defer w.stop()
		s.expect(s.finished(time.Hour, parts...), channels.Report{Accepted: 3, Possible: 1})
		for n, want := range []bool{false, true, false} {
			for _, m := range s.mail.Mailbox(mailbox(n)) {
				late := strings.Contains(m.Text, "Dit bericht is te laat.") && strings.Contains(m.HTML, "Dit bericht is te laat.")
				if late != want {
					t.Errorf("recipient %d, at %v: %q", n, m.At, m.Text)
				}
			}
		}
		if box := s.mail.Mailbox(mailbox(2)); len(box) != 2 || !same(box[0], box[1]) {
			t.Errorf("the copy is not the same message: %d", len(box))
		}
	})
}

// same compares all that a reader's program may look at.
func same(a, b channeltest.Mail) bool {
	return a.MessageID == b.MessageID && a.Subject == b.Subject && a.Text == b.Text && a.HTML == b.HTML &&
		a.Header.Get("Date") == b.Header.Get("Date")
}

// steps returns all transitions of a part.
func (s *stage) steps(p channels.Part) (all []channels.Transition) {
	s.Helper()
	records, err := s.bus.History(s.Context(), p.ID())
	if err != nil {
		s.Fatal(err)
	}
	for _, r := range records {
		all = append(all, r.Steps...)
	}
	return all
}
