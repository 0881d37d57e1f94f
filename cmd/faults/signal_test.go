package faults

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	"sitrep/channels/channeltest"
)

// stopsWithin is promised of a stop, whatever is on the wire.
const stopsWithin = 10 * time.Second

// TestTermAnswered: mail server and provider take a second, and are waited for.
func TestTermAnswered(t *testing.T) {
	t.Parallel()
	n, stops := either(60, 600), either(3, 20)
	w := newWorld(t, setup{mails: n, phones: n})
	w.smtp.Misbehave(func(m channeltest.Moment) channeltest.Act {
		if m.Stage == channeltest.StageData {
			return channeltest.Act{Wait: time.Second}
		}
		return channeltest.Act{}
	})
	w.twilio.Misbehave(func(channeltest.TwilioCall) channeltest.TwilioAct { return channeltest.TwilioAct{Wait: time.Second} })
	w.start()
	w.fire()
	var slowest time.Duration
	for range stops {
		w.more(1, 2*n)
		wait(w.within(2 * time.Second))
		slowest = max(slowest, w.stop(stopsWithin))
		w.start()
	}
	w.settle()
	b := w.audit()
	w.figures(b, "stops=%d slowest=%v lost=%d", stops, slowest.Round(time.Millisecond), b.missing)
	w.everybody(b, 2*n)
	if b.twice > 0 || b.possible > 0 {
		t.Errorf("seed %d: the replies came in time, and the ledger says %+v", w.seed, b.sums)
	}
}

// TestTermMute: neither of them answers what is on the wire.
func TestTermMute(t *testing.T) {
	t.Parallel()
	n := either(100, 1000)
	w := newWorld(t, setup{mails: n, phones: n})
	w.smtp.Misbehave(func(m channeltest.Moment) channeltest.Act {
		if m.Stage == channeltest.StageData && m.N == 1 && m.To < mailbox(w.sessions) {
			return channeltest.Act{Fate: channeltest.Mute}
		}
		return channeltest.Act{}
	})
	w.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
		if c.Method == http.MethodPost && c.N == 1 && c.To < phone(smsSessions) {
			return channeltest.TwilioAct{Fate: channeltest.Mute}
		}
		return channeltest.TwilioAct{}
	})
	w.start()
	w.fire()
	w.received(int64(w.sessions + smsSessions))
	took := w.stop(stopsWithin)
	w.start()
	w.settle()
	b := w.audit()
	w.figures(b, "mute stop=%v lost=%d", took.Round(time.Millisecond), b.missing)
	w.everybody(b, 2*n)
	// The provider's list shows the SMS, so none of them is in doubt any more.
	if b.twice != w.sessions || b.possible != w.sessions {
		t.Errorf("seed %d: %d mails were not answered: %d came twice, %d may have", w.seed, w.sessions, b.twice, b.possible)
	}
}

// TestFrozen: SIGSTOP in a fan-out, and SIGCONT after longer than a lease and a
// request to the provider last; the long version also outlives what a mail
// server is waited for. Connections are dropped meanwhile, as servers do.
func TestFrozen(t *testing.T) {
	t.Parallel()
	n, frozen := either(1000, 10_000), either(45*time.Second, 10*time.Minute)
	w := newWorld(t, setup{mails: n, phones: n})
	w.slow(40 * time.Millisecond)
	w.start()
	w.fire()
	w.more(n, 2*n)
	w.now.signal(syscall.SIGSTOP)
	wait(frozen / 2)
	w.smtp.Drop()
	wait(frozen / 2)
	w.now.signal(syscall.SIGCONT)
	w.settle()
	b := w.audit()
	w.figures(b, "frozen=%v sessions=%d lost=%d", frozen, w.sessions, b.missing)
	w.everybody(b, 2*n)
	in := w.inboxes()
	if most := perSession * w.sessions; b.twice > most {
		t.Errorf("seed %d: %d mails came twice with %d sessions", w.seed, b.twice, w.sessions)
	}
	if sms := len(w.twilio.Messages()) - len(in.texts); sms > 0 {
		t.Errorf("seed %d: %d SMS came twice although the provider's list shows the first", w.seed, sms)
	}
	if b.possible > perSession*(w.sessions+smsSessions) {
		t.Errorf("seed %d: %d possible duplicates", w.seed, b.possible)
	}
}
