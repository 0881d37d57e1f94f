package bus_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// after makes an update the next one of an audience.
func after(last []channels.Part) func(*channels.Part) {
	return func(p *channels.Part) { p.Audience, p.Previous = last[0].Audience, last[0].Update }
}

// down is a mail server that hangs up until it is told to be up.
func (s *stage) down() (up func()) {
	s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
		if m.Stage == channeltest.StageHello {
			return channeltest.Act{Fate: channeltest.Lost}
		}
		return channeltest.Act{}
	})
	return func() { s.mail.Misbehave(nil) }
}

// says checks what somebody got: one mail a number, each of which says how many
// were missed before it.
func (s *stage) says(who int, missed ...int) {
	s.Helper()
	box := s.mail.Mailbox(mailbox(who))
	if len(box) != len(missed) {
		s.Errorf("recipient %d got %d mails, want %d", who, len(box), len(missed))
		return
	}
	for n, m := range box {
		plain, escaped := "", ""
		if missed[n] > 0 {
			plain = fmt.Sprintf("Niet verstuurd & gemist: %d.", missed[n])
			escaped = strings.ReplaceAll(plain, "&", "&amp;")
		}
		if !strings.HasPrefix(m.Text, plain+"Bericht") || !strings.HasPrefix(m.HTML, "<p>"+escaped+"Bericht") {
			s.Errorf("recipient %d, mail %d of %d: %q, %q; want %d missed", who, n+1, len(box), m.Text, m.HTML, missed[n])
		}
	}
}

// Mail is down for three updates, and whatever becomes of the worker meanwhile,
// the one mail that comes is the newest and says that two were missed.
func TestTheNewestSaysHowManyWereMissed(t *testing.T) {
	kill := func(s *stage, w *run, m *mortal) { m.dead.Store(true); w.bury(); s.restart() }
	for name, c := range map[string]struct {
		between func(s *stage, w *run, m *mortal)
		starts  bool // a worker after that
	}{
		"a worker that lives":     {},
		"killed and started anew": {kill, true},
		"stopped in between": {func(s *stage, w *run, _ *mortal) {
			w.stop()
			s.restart()
		}, true},
		"no worker at the second and third": {kill, false},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *stage) {
				const n = 20
				up := s.down()
				m := &mortal{}
				w := s.work(channels.Email, m.put(-1, false))
				first := s.order(channels.Email, people(n))
				time.Sleep(15 * time.Minute)
				if c.between != nil {
					c.between(s, w, m)
				}
				if c.starts {
					m = &mortal{}
					w = s.work(channels.Email, m.put(-1, false))
				}
				second := s.order(channels.Email, people(n), after(first))
				time.Sleep(15 * time.Minute)
				if c.starts {
					kill(s, w, m)
					w = s.work(channels.Email)
				}
				third := s.order(channels.Email, people(n), after(second))
				time.Sleep(10 * time.Minute)
				up()
				if c.between != nil && !c.starts {
					w = s.work(channels.Email)
				}
				s.expect(s.finished(2*time.Hour, append(first, second...)...), channels.Report{Superseded: 2 * n})
				s.expect(s.finished(2*time.Hour, third...), channels.Report{Accepted: n})
				time.Sleep(6 * time.Hour)
				s.once(n)
				for who := range n {
					s.says(who, 2)
				}
				// It has been said; the next one has nothing to add.
				s.expect(s.finished(time.Minute, s.order(channels.Email, people(n), after(third))...), channels.Report{Accepted: n})
				for who := range n {
					s.says(who, 2, 0)
				}
				w.stop()
			})
		})
	}
}

// without leaves some of the people without an address for mail.
// The SMS provider is down for three updates: the one SMS that comes is the
// newest, and says that two were missed; the next one says nothing of it.
func TestTheNewestSMSSaysHowManyWereMissed(t *testing.T) {
	play(t, func(s *stage) {
		s.twilio.Misbehave(func(channeltest.TwilioCall) channeltest.TwilioAct { return channeltest.TwilioAct{Status: 503} })
		w := s.work(channels.SMS)
		first := s.order(channels.SMS, people(3))
		time.Sleep(15 * time.Minute)
		second := s.order(channels.SMS, people(3), after(first))
		time.Sleep(15 * time.Minute)
		third := s.order(channels.SMS, people(3), after(second))
		time.Sleep(10 * time.Minute)
		s.twilio.Misbehave(nil)
		s.expect(s.finished(2*time.Hour, third...), channels.Report{Accepted: 3})
		s.expect(s.finished(time.Minute, s.order(channels.SMS, people(3), after(third))...), channels.Report{Accepted: 3})
		var got []string
		for _, m := range s.twilio.Messages() {
			if m.To == people(1)[0].Phone {
				got = append(got, m.Body)
			}
		}
		if want := []string{"Bericht 3. Gemist: 2.", "Bericht 4."}; !slices.Equal(got, want) {
			s.Errorf("got %q, want %q", got, want)
		}
		w.stop()
	})
}

func without(all []channels.Person, from, to int) []channels.Person {
	all = slices.Clone(all)
	for n := from; n < to; n++ {
		all[n].Email = ""
	}
	return all
}

// What the ledger says of two updates before decides what the third one says,
// whoever wrote it and whether the parts are finished or still at work.
func TestWhatCountsAsMissed(t *testing.T) {
	const (
		accepted, failed, unknown, given  = channels.Got, channels.Failed, channels.Unknown, channels.GivenUp
		superseded, waiting, untried, try = channels.Superseded, channels.Waiting, channels.State(""), channels.Attempting
	)
	type step struct {
		state channels.State
		maybe int
	}
	cases := []struct {
		first, second step
		want          int
	}{
		{step{superseded, 0}, step{superseded, 0}, 2},
		{step{accepted, 1}, step{superseded, 0}, 1},
		{step{superseded, 0}, step{accepted, 1}, 0},
		{step{given, 0}, step{superseded, 0}, 2},
		{step{superseded, 0}, step{given, 0}, 2},
		{step{superseded, 0}, step{unknown, 1}, 0}, // it may have been accepted
		{step{unknown, 1}, step{superseded, 0}, 1},
		{step{superseded, 0}, step{failed, 0}, 0}, // his own reason
		{step{superseded, 0}, step{unknown, 2}, 0},
		{step{superseded, 0}, step{waiting, 0}, 2},
		{step{superseded, 0}, step{waiting, 1}, 0},
		{step{untried, 0}, step{untried, 0}, 2},
		{step{try, 0}, step{untried, 0}, 1}, // a crash
		{step{superseded, 0}, step{try, 0}, 0},
	}
	for _, critical := range []bool{false, true} {
		for _, done := range []bool{false, true} {
			play(t, func(s *stage) {
				all := people(len(cases))
				write := func(p channels.Part, of func(n int) step) {
					r := channels.Record{Worker: "before", At: time.Now().UTC(), Claim: true}
					for n := range cases {
						if of := of(n); of.state != untried {
							r.Steps = append(r.Steps, channels.Transition{Row: n, State: of.state, At: time.Now().UTC(), Tries: 1, Maybe: of.maybe, Next: time.Now().Add(time.Hour).UTC()})
						}
					}
					if _, err := s.bus.Record(s.Context(), p.ID(), r, 0); err != nil {
						s.Fatal(err)
					}
				}
				first := s.order(channels.Email, all)
				write(first[0], func(n int) step { return cases[n].first })
				second := s.order(channels.Email, all, after(first))
				write(second[0], func(n int) step { return cases[n].second })
				if done {
					s.order(channels.Email, without(all, 0, len(all)), after(second)) // ends the others
					w := s.work(channels.Email)
					s.finished(time.Minute, append(first, second...)...)
					w.stop()
					s.restart()
				}
				third := s.order(channels.Email, all, after(second), func(p *channels.Part) { p.Critical = critical })
				w := s.work(channels.Email)
				defer w.stop()
				s.expect(s.finished(time.Minute, third...), channels.Report{Accepted: len(all)})
				for n, c := range cases {
					s.says(n, c.want)
				}
			})
		}
	}
}

// Who is in another row or chunk than before, or has another telephone, is
// still himself; who was not there missed nothing.
func TestMissedIsAPersonsOwn(t *testing.T) {
	play(t, func(s *stage) {
		up := s.down()
		w := s.work(channels.Email)
		defer w.stop()
		first := s.order(channels.Email, people(520)[10:])
		time.Sleep(time.Minute)
		now := people(520)[5:] // five more at the beginning
		for n := range now {
			now[n].ID, now[n].Phone = fmt.Sprint("other", n), ""
		}
		second := s.order(channels.Email, now, after(first))
		time.Sleep(time.Minute)
		third := s.order(channels.Email, people(520), after(second))
		time.Sleep(time.Minute)
		up()
		s.expect(s.finished(time.Hour, third...), channels.Report{Accepted: 520})
		for who := range 520 {
			s.says(who, min(who/5, 2))
		}
	})
}

// Whoever may have an update gets the same once more, also where more is known
// to be missed by then.
func TestWhatMayHaveBeenAcceptedIsSaidAgain(t *testing.T) {
	play(t, func(s *stage) {
		up := s.down()
		w := s.work(channels.Email)
		first := s.order(channels.Email, people(2))
		time.Sleep(time.Minute)
		s.mail.Misbehave(func(m channeltest.Moment) channeltest.Act {
			switch {
			case m.Stage != channeltest.StageData:
			case m.To == mailbox(0) && m.N == 1:
				return channeltest.Act{Fate: channeltest.Cut}
			case m.To == mailbox(1):
				return channeltest.Act{Wait: time.Second}
			}
			return channeltest.Act{}
		})
		m := &mortal{}
		w.stop()
		s.restart()
		second := s.order(channels.Email, people(2), after(first))
		w = s.work(channels.Email, m.put(-1, false))
		s.until("one is cut", time.Minute, func() bool { return len(s.mail.Messages()) == 1 })
		m.dead.Store(true)
		w.bury()
		s.restart()
		up()
		w = s.work(channels.Email)
		defer w.stop()
		s.expect(s.finished(time.Hour, second...), channels.Report{Accepted: 2, Possible: 2})
		for who := range 2 {
			s.says(who, 1, 1)
			if box := s.mail.Mailbox(mailbox(who)); !same(box[0], box[1]) {
				t.Errorf("the copy to %d is not the same message", who)
			}
		}
	})
}
