package bus_test

import (
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// TestWhatIsWithdrawnGoesToNobodyElse: of thirty people ten are put off; the part is
// withdrawn, and within the second they are superseded and not written to, also after
// a restart; the store is whole.
func TestWhatIsWithdrawnGoesToNobodyElse(t *testing.T) {
	play(t, func(s *stage) {
		s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
			for n := range 10 {
				if m.Stage == channeltest.StageRcpt && m.To == mailbox(n) {
					return reply(451, [3]int{4, 7, 1}, "later")
				}
			}
			return channeltest.Act{}
		})
		parts := s.order(channels.Email, people(30))
		r := s.work(channels.Email)
		time.Sleep(10 * time.Second)
		for range 2 { // twice is once
			if err := s.bus.Withdraw(s.Context(), parts[0]); err != nil {
				s.Fatal(err)
			}
		}
		s.expect(s.finished(time.Second, parts...), channels.Report{Accepted: 20, Superseded: 10})
		r.stop()
		s.mail.Misbehave(nil)
		s.restart()
		r = s.work(channels.Email)
		time.Sleep(time.Hour)
		if _, twice, none := s.received(30); twice != 0 || none != 10 {
			s.Errorf("%d got nothing, and %d copies were too many", none, twice)
		}
		s.expect(s.finished(time.Minute, s.order(channels.Email, people(30))...), channels.Report{Accepted: 30})
		r.stop()
		stock, err := s.bus.Stock(s.Context())
		if err != nil || len(stock.Damage) > 0 || len(stock.Parts) != 2 {
			s.Errorf("the store holds %v, %v", stock, err)
		}
	})
}

// TestWhatIsWithdrawnBeforeItIsClaimed: nobody is tried at all.
func TestWhatIsWithdrawnBeforeItIsClaimed(t *testing.T) {
	play(t, func(s *stage) {
		parts := s.order(channels.SMS, people(3))
		if err := s.bus.Withdraw(s.Context(), parts[0]); err != nil {
			s.Fatal(err)
		}
		s.restart()
		s.work(channels.SMS)
		s.expect(s.finished(time.Minute, parts...), channels.Report{Superseded: 3})
		if _, _, none := s.received(3); none != 3 {
			s.Errorf("%d of 3 got something", 3-none)
		}
	})
}
