package bus_test

import (
	"sync"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// purse is what a worker told of its budget last.
type purse struct {
	mu   sync.Mutex
	last map[string]channels.Spent
}

func (p *purse) limits(b channels.Budget) func(*channels.WorkerOptions) {
	return func(o *channels.WorkerOptions) {
		o.Budget, o.Spending = b, o.Ledger.(channels.Spending)
		o.Watch.Spent = func(_ string, s channels.Spent) {
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.last == nil {
				p.last = map[string]channels.Spent{}
			}
			p.last[s.Incident] = s
		}
	}
}

func (p *purse) spent(incident string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last[incident].Messages
}

// Thirty people, and a budget of ten: ten get it, a critical audience all the same,
// and nobody more after a restart. The next day the rest have theirs, with what the
// newest says.
func TestABudgetHolds(t *testing.T) {
	play(t, func(s *stage) {
		var p purse
		// Midnight comes after three hours.
		day := p.limits(channels.Budget{PerDay: 10, Zone: time.FixedZone("", 21*60*60)})
		s.order(channels.SMS, people(30))
		w := s.work(channels.SMS, day)
		s.until("ten have it", time.Minute, func() bool { return len(s.twilio.Messages()) == 10 })
		time.Sleep(time.Hour)
		if n := len(s.twilio.Messages()); n != 10 || p.spent("") != 10 {
			s.Errorf("%d messages, %d counted", n, p.spent(""))
		}
		urgent := s.order(channels.SMS, people(3), func(p *channels.Part) { p.Audience, p.Critical = "mayor", true })
		s.expect(s.finished(time.Minute, urgent...), channels.Report{Accepted: 3})
		w.stop()
		s.restart()
		w = s.work(channels.SMS, day)
		time.Sleep(time.Hour)
		if n := len(s.twilio.Messages()); n != 13 || p.spent("") != 13 {
			s.Errorf("after a restart %d messages, %d counted", n, p.spent(""))
		}
		newest := s.order(channels.SMS, people(30))
		time.Sleep(3 * time.Hour)
		if n := len(s.twilio.Messages()); n != 23 {
			s.Errorf("the day after %d messages", n)
		}
		last := s.twilio.Messages()[22]
		if last.Body != "Bericht 3. Gemist: 1." && last.Body != "Bericht 3." {
			s.Errorf("it says %q", last.Body)
		}
		w.stop()
		w = s.work(channels.SMS)
		s.expect(s.finished(time.Hour, newest...), channels.Report{Accepted: 30})
		w.stop()
	})
}

// What was certainly not accepted costs nothing; what may have been, does.
func TestABudgetCountsWhatWasAccepted(t *testing.T) {
	play(t, func(s *stage) {
		var p purse
		s.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
			switch {
			case c.Method == "POST" && c.To == number(0):
				return channeltest.TwilioAct{Status: 400, Code: 21211}
			case c.Method == "POST" && c.To == number(1) && c.N == 1:
				return channeltest.TwilioAct{Fate: channeltest.Cut}
			}
			return channeltest.TwilioAct{}
		})
		parts := s.order(channels.SMS, people(12))
		w := s.work(channels.SMS, p.limits(channels.Budget{PerIncident: 11}))
		s.expect(s.finished(time.Hour, parts...), channels.Report{Accepted: 11, Failed: 1})
		if p.spent("SR-1") != 11 {
			s.Errorf("%d counted", p.spent("SR-1"))
		}
		w.stop()
		s.restart()
		if n, err := s.bus.Spent(s.Context(), channels.SMS, "SR-1", time.Time{}); n != 11 || err != nil {
			s.Errorf("the ledger has %d, %v", n, err)
		}
		if n, err := s.bus.Spent(s.Context(), channels.Email, "", time.Time{}); n != 0 || err != nil {
			s.Errorf("of mail it has %d, %v", n, err)
		}
		if n, err := s.bus.Spent(s.Context(), channels.SMS, "", time.Now()); n != 0 || err != nil {
			s.Errorf("since now it has %d, %v", n, err)
		}
	})
}
