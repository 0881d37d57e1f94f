package bus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// oracle is who knows what became of deliveries, and what was told of it.
type oracle struct {
	mu    sync.Mutex
	fates map[string]channels.Fate // by provider's id
	asked int
	sums  map[string]channels.Aftermath
	told  int
	gone  []string
}

// fates starts what takes in what providers tell; stop ends it.
func (s *stage) fates(o *oracle) (f *channels.Fates, stop func()) {
	if o.sums == nil {
		o.sums = map[string]channels.Aftermath{}
	}
	f = channels.NewFates(channels.FatesOptions{
		Key: s.bus.Key(), Archive: s.bus, Log: s.log,
		Tell: func(_ context.Context, a channels.Aftermath) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.told++
			o.sums[a.Part] = a
			return nil
		},
		Suppress: func(_ context.Context, _, address, code string) error {
			o.gone = append(o.gone, address+" "+code)
			return nil
		},
		Suppresses: func(_, code string) bool { return code == "30005" },
		Ask: map[string]func(context.Context, string) (channels.Fate, error){channels.SMS: func(_ context.Context, provider string) (channels.Fate, error) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.asked++
			return o.fates[provider], nil
		}},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { f.Run(ctx) })
	return f, func() { cancel(); done.Wait() }
}

func (o *oracle) expect(s *stage, part channels.Part, delivered int, fell, again []int) {
	s.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.sums[part.ID()]
	if a.Delivered != delivered || !slices.Equal(a.Fell, fell) || !slices.Equal(a.Again, again) || a.Undelivered != len(fell)+len(again) {
		s.Errorf("of %s it told %+v, want %d delivered, %v fell, %v again", part.ID(), a, delivered, fell, again)
	}
}

// What providers tell is kept whatever the order, told as sums, and told again after
// a restart; delivered stays delivered.
func TestFatesAreMonotone(t *testing.T) {
	play(t, func(s *stage) {
		var o oracle
		part := s.order(channels.SMS, people(6))[0]
		w := s.work(channels.SMS)
		s.expect(s.finished(time.Minute, part), channels.Report{Accepted: 6})
		w.stop()
		f, stop := s.fates(&o)
		tell := func(row int, state channels.State, code string, again bool) {
			s.Helper()
			fate := channels.Fate{Ref: s.bus.Key().Ref(part.ID(), row), State: state, Code: code, Again: again, At: time.Now()}
			if err := f.Take(s.Context(), fate); err != nil {
				s.Fatal(err)
			}
		}
		tell(0, channels.Delivered, "", false)
		tell(0, channels.Failed, "30003", true) // reordered
		tell(0, channels.Delivered, "", false)  // twice
		tell(1, channels.Failed, "30003", true)
		tell(2, channels.Failed, "30005", false)
		tell(2, channels.Failed, "30005", false)
		tell(3, channels.Failed, "30003", true)
		tell(3, channels.Delivered, "", false) // it arrived after all
		tell(4, channels.Waiting, "", false)   // nothing yet
		time.Sleep(time.Minute)
		o.expect(s, part, 2, []int{2}, []int{1})
		if !slices.Equal(o.gone, []string{number(2) + " 30005"}) {
			s.Errorf("suppressed: %v", o.gone)
		}
		other := channels.Key("another's").Ref(part.ID(), 5)
		if err := f.Take(s.Context(), channels.Fate{Ref: other, State: channels.Delivered}); !errors.Is(err, channels.ErrForged) {
			s.Errorf("a forged reference: %v", err)
		}
		for _, gone := range []string{"SR-9.1.0.sms", "SR-1.1.7.sms"} {
			if err := f.Take(s.Context(), channels.Fate{Ref: s.bus.Key().Ref(gone, 0), State: channels.Delivered}); err != nil {
				s.Errorf("of a part that is gone: %v", err)
			}
		}
		stop()
		s.restart()
		o.sums = nil
		_, stop = s.fates(&o)
		time.Sleep(time.Minute)
		o.expect(s, part, 2, []int{2}, []int{1})
		stop()
	})
}

// What nobody tells is asked for, now and then, also after a restart, and not for ever.
func TestWhatNobodyTellsIsAskedFor(t *testing.T) {
	play(t, func(s *stage) {
		o := oracle{fates: map[string]channels.Fate{}}
		part := s.order(channels.SMS, people(3))[0]
		f, stop := s.fates(&o)
		w := s.work(channels.SMS, func(w *channels.WorkerOptions) { w.Watch.Accepted = f.Accepted })
		s.expect(s.finished(time.Minute, part), channels.Report{Accepted: 3})
		sid := func(n int) string { return s.twilio.Phone(number(n))[0].SID }
		o.mu.Lock()
		o.fates[sid(0)] = channels.Fate{State: channels.Delivered, At: time.Now()}
		o.mu.Unlock()
		time.Sleep(3 * time.Minute)
		o.expect(s, part, 1, nil, nil)
		if o.asked != 3 {
			s.Errorf("asked %d times", o.asked)
		}
		w.stop()
		stop()
		s.restart()
		_, stop = s.fates(&o)
		o.mu.Lock()
		o.fates[sid(1)] = channels.Fate{State: channels.Failed, Code: "30008", Again: true, At: time.Now()}
		o.mu.Unlock()
		time.Sleep(2 * 24 * time.Hour)
		o.expect(s, part, 1, nil, []int{1})
		if o.asked > 3+1+5 {
			s.Errorf("asked %d times", o.asked)
		}
		stop()
	})
}

// Who is suppressed gets nothing by the channel, and his part ends all the same; who
// unsubscribed from one audience is told as one of another.
func TestSuppressed(t *testing.T) {
	play(t, func(s *stage) {
		ctx := s.Context()
		s.do(s.bus.Suppress(ctx, channels.SMS, number(0), channels.Stopped, 0))
		s.do(s.bus.Suppress(ctx, channels.SMS, number(1), "30005", 24*time.Hour))
		s.do(s.bus.Suppress(ctx, channels.SMS, number(0), "30005", time.Hour)) // changes nothing: it holds for longer
		ok, err := s.bus.Unsubscribe(ctx, s.bus.Key().Unsubscribe("board", mailbox(2)))
		if !ok || err != nil {
			s.Fatal(ok, err)
		}
		if ok, err := s.bus.Unsubscribe(ctx, channels.Key("another's").Unsubscribe("board", mailbox(3))); ok || err != nil {
			s.Errorf("a forged token: %v, %v", ok, err)
		}
		s.restart()
		work := func(channel string) *run {
			return s.work(channel, func(w *channels.WorkerOptions) { w.Suppressed = s.bus.Suppressed })
		}
		w := work(channels.SMS)
		s.expect(s.finished(time.Minute, s.order(channels.SMS, people(4))...), channels.Report{Accepted: 2, Failed: 2})
		time.Sleep(25 * time.Hour)
		s.expect(s.finished(time.Minute, s.order(channels.SMS, people(4))...), channels.Report{Accepted: 3, Failed: 1})
		s.do(s.bus.Restore(ctx, channels.SMS, number(0)))
		s.do(s.bus.Restore(ctx, channels.SMS, number(3))) // was not
		s.expect(s.finished(time.Minute, s.order(channels.SMS, people(4))...), channels.Report{Accepted: 4})
		w.stop()
		w = work(channels.Email)
		s.expect(s.finished(time.Minute, s.order(channels.Email, people(4))...), channels.Report{Accepted: 3, Failed: 1})
		s.expect(s.finished(time.Minute, s.order(channels.Email, people(4), func(p *channels.Part) { p.Audience = "staff" })...), channels.Report{Accepted: 4})
		w.stop()
	})
}

// Who can never be reached is told to whoever suppresses him; others are not.
func TestUnreachable(t *testing.T) {
	play(t, func(s *stage) {
		s.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
			if c.Method == "POST" && c.To == number(1) {
				return channeltest.TwilioAct{Status: 400, Code: 21614}
			}
			return channeltest.TwilioAct{}
		})
		var mu sync.Mutex
		var told []string
		w := s.work(channels.SMS, func(w *channels.WorkerOptions) {
			w.Unreachable = func(_ context.Context, channel, address, code string) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, fmt.Sprint(channel, address, code))
			}
		})
		s.expect(s.finished(time.Minute, s.order(channels.SMS, people(3))...), channels.Report{Accepted: 2, Failed: 1})
		w.stop()
		if !slices.Equal(told, []string{"sms" + number(1) + "21614"}) {
			s.Errorf("told %v", told)
		}
	})
}

func (s *stage) do(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}
