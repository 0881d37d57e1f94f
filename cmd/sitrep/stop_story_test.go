package main

import (
	"sync/atomic"
	"testing"
	"time"

	"sitrep/channels/channeltest"
)

// TestAStopWaitsForAllChannelsAtOnce: neither the mail server nor the provider
// answers what is on the wire, and the stop takes no longer for there being two.
func TestAStopWaitsForAllChannelsAtOnce(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		var well atomic.Bool
		s.smtp.Misbehave(func(m channeltest.Moment) channeltest.Act {
			if !well.Load() && m.Stage == channeltest.StageData && m.To == "bestuurder@voorbeeld.example" {
				return channeltest.Act{Fate: channeltest.Ignored}
			}
			return channeltest.Act{}
		})
		s.twilio.Misbehave(func(channeltest.TwilioCall) channeltest.TwilioAct {
			if !well.Load() {
				return channeltest.TwilioAct{Fate: channeltest.Ignored}
			}
			return channeltest.TwilioAct{}
		})
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
		s.pass(15*time.Minute + time.Second) // the board is told by both
		began := time.Now()
		s.daemon.Stop()
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("the stop took %v", took)
		}
		well.Store(true)
		s.start()
		s.pass(5 * time.Minute)
		for _, a := range s.incident("SR-1").Audiences {
			if d := a.Deliveries; d.Planned != d.Accepted {
				t.Errorf("%s: %+v", a.Name, d)
			}
		}
	})
}
