package faults

import (
	"testing"
	"time"

	"sitrep/channels/channeltest"
)

// perSession is how many attempts a kill leaves in doubt: two for each session.
const perSession = 2

// smsSessions is how many calls to the provider sitrep makes at once.
const smsSessions = 8

// slow makes the mail server and the provider take their time, so that a
// fan-out lasts and there is always something on the wire.
func (w *world) slow(limit time.Duration) {
	w.smtp.Misbehave(func(m channeltest.Moment) channeltest.Act {
		if m.Stage == channeltest.StageData {
			return channeltest.Act{Wait: w.within(limit)}
		}
		return channeltest.Act{}
	})
	w.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
		return channeltest.TwilioAct{Wait: w.within(limit)}
	})
}

// kills kills sitrep so often in a fan-out to n: half of the times when some
// more were accepted, and half of them at any moment after its start, also
// before it listens. It leaves it running.
func (w *world) kills(times, n int) {
	w.Helper()
	for k := range times {
		if k%2 == 0 {
			w.more(n/times, n)
			wait(w.within(20 * time.Millisecond))
		} else {
			wait(w.within(700 * time.Millisecond))
		}
		w.kill()
		if k%2 == 0 && k+1 < times {
			w.now = w.run(w.store)
		} else {
			w.start()
		}
	}
}

func TestKillEmail(t *testing.T) {
	t.Parallel()
	for name, kills := range map[string]int{"never": 0, "at random moments": either(6, 200)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := either(2000, 10_000)
			w := newWorld(t, setup{mails: n})
			w.slow(20 * time.Millisecond)
			w.start()
			w.fire()
			w.kills(kills, n)
			w.settle()
			b := w.audit()
			w.figures(b, "email kills=%d sessions=%d lost=%d", kills, w.sessions, b.missing)
			w.everybody(b, n)
			if b.possible > perSession*w.sessions*kills {
				t.Errorf("seed %d: %d possible duplicates after %d kills with %d sessions", w.seed, b.possible, kills, w.sessions)
			}
		})
	}
}

func TestKillSMS(t *testing.T) {
	t.Parallel()
	n, kills := either(2000, 10_000), either(6, 200)
	w := newWorld(t, setup{phones: n})
	w.slow(40 * time.Millisecond)
	w.start()
	w.fire()
	w.kills(kills, n)
	// What is in doubt and not in the list is looked for again after 30 s.
	w.settle()
	b := w.audit()
	w.figures(b, "sms kills=%d sessions=%d lost=%d", kills, smsSessions, b.missing)
	w.everybody(b, n)
	if b.twice > 0 {
		t.Errorf("seed %d: %d SMS came twice although the provider's list shows the first", w.seed, b.twice)
	}
	if b.possible > perSession*smsSessions*kills {
		t.Errorf("seed %d: %d possible duplicates after %d kills", w.seed, b.possible, kills)
	}
}

// everybody checks that one update was planned to n people, that all of them
// have it, and that the ledger says so.
func (w *world) everybody(b books, n int) {
	w.Helper()
	if b.missing > 0 || b.planned != n || b.accepted != n {
		w.Errorf("seed %d: of %d planned %d are missing, and the ledger says %+v", w.seed, n, b.missing, b.sums)
	}
}
