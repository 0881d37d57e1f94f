package sms

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// mood is what a stand-in makes of what it is asked to send, and how often it was.
type mood struct {
	mu  sync.Mutex
	act channeltest.TwilioAct
	n   int
}

func (s *stage) mood(act channeltest.TwilioAct) *mood {
	m := &mood{act: act}
	s.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
		if c.Method != http.MethodPost {
			return channeltest.TwilioAct{}
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.n++
		return m.act
	})
	return m
}

func (m *mood) turn(act channeltest.TwilioAct) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.act = act
}

func (m *mood) asked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.n
}

func TestBreaker(t *testing.T) {
	inPair(t, nil, func(t *testing.T, p *pair) {
		first := p.first.mood(badToken)
		send := func(n int) string {
			t.Helper()
			got, err := p.Send(t.Context(), delivery(n))
			if err != nil {
				t.Fatal(err)
			}
			return got.Provider[:1]
		}
		asked := 0
		expect := func(by string, more int) {
			t.Helper()
			got := send(1)
			if asked += more; got != by || first.asked() != asked {
				t.Fatalf("after %v by %s, and the first was asked %d times; want %s, %d", time.Now(), got, first.asked(), by, asked)
			}
		}
		for range inARow {
			expect("2", 1)
		}
		// Open: 30 s, 1, 2, 5 and 5 minutes, each ended by one message.
		for _, open := range append(opens, opens[len(opens)-1]) {
			expect("2", 0)
			time.Sleep(open - time.Millisecond)
			expect("2", 0)
			time.Sleep(time.Millisecond)
			expect("2", 1)
		}
		// It works again: closed, and as patient as before.
		first.turn(channeltest.TwilioAct{})
		time.Sleep(5 * time.Minute)
		expect("1", 1)
		expect("1", 1)
		first.turn(badToken)
		expect("2", 1)
		expect("2", 1)
		first.turn(channeltest.TwilioAct{})
		expect("1", 1) // two in a row are not three
		first.turn(badToken)
		for range inARow {
			expect("2", 1)
		}
		expect("2", 0)
		time.Sleep(30 * time.Second)
		expect("2", 1)
	})
}

// What Twilio answers about a message is an answer; that it does not work is none.
func TestWhatOpensABreaker(t *testing.T) {
	for name, c := range map[string]struct {
		act   channeltest.TwilioAct
		opens bool // three of them
		ends  bool // one of them ends a row of others
	}{
		"token":        {badToken, true, false},
		"not twilio":   {channeltest.TwilioAct{Status: 404, Body: "<html>"}, true, false},
		"bad number":   {channeltest.TwilioAct{Status: 400, Code: 21211}, false, true},
		"internal":     {channeltest.TwilioAct{Status: 500, Code: 20500}, true, false},
		"unavailable":  {channeltest.TwilioAct{Status: 503, Body: "<html>"}, true, false},
		"no answer":    {channeltest.TwilioAct{Fate: channeltest.Ignored}, false, false},
		"html":         {channeltest.TwilioAct{Status: 200, Body: "<html>"}, false, false},
		"unknown code": {channeltest.TwilioAct{Status: 400, Code: 29999}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, s *stage) {
				m := s.mood(c.act)
				p := NewProviders(s.Sender)
				for n := range 5 {
					p.Send(t.Context(), delivery(n))
				}
				if opened := m.asked() == inARow; opened != c.opens || !c.opens && m.asked() != 5 {
					t.Errorf("asked %d times of 5", m.asked())
				}
				if c.opens {
					return
				}
				m.turn(badToken)
				p.Send(t.Context(), delivery(6))
				p.Send(t.Context(), delivery(7))
				m.turn(c.act)
				p.Send(t.Context(), delivery(8))
				m.turn(badToken)
				p.Send(t.Context(), delivery(9))
				before := m.asked()
				p.Send(t.Context(), delivery(10))
				if ended := m.asked() > before; ended != c.ends {
					t.Errorf("two failures, this, and one more: open is %v", !ended)
				}
			})
		})
	}
}

// One alone has a breaker too: while it is open nothing is on the wire, and the
// worker is told for how long.
func TestAllAreDown(t *testing.T) {
	inPair(t, nil, func(t *testing.T, p *pair) {
		moods := []*mood{p.first.mood(badToken), p.other.mood(channeltest.TwilioAct{Status: 400, Code: 21606})}
		for n := range inARow {
			if f := channels.Classify(second(p.Send(t.Context(), delivery(n)))); f.Class != channels.ClassDown || f.After != 0 {
				t.Fatalf("both fail: %+v", f)
			}
		}
		time.Sleep(10 * time.Second)
		began := time.Now()
		for n := range 20 {
			f := channels.Classify(second(p.Send(t.Context(), delivery(n))))
			if f.Class != channels.ClassDown || f.After != 20*time.Second || f.Code != "20003" || time.Since(began) != 0 {
				t.Fatalf("all are open: %+v", f)
			}
		}
		for n, m := range moods {
			if m.asked() != inARow {
				t.Errorf("provider %d was asked %d times", n+1, m.asked())
			}
		}
	})
}

// Half-open: of many messages one goes, and the others do not wait for it.
func TestOneProbes(t *testing.T) {
	inPair(t, nil, func(t *testing.T, p *pair) {
		first := p.first.mood(badToken)
		for n := range inARow {
			p.Send(t.Context(), delivery(n))
		}
		time.Sleep(30 * time.Second)
		first.turn(channeltest.TwilioAct{Wait: 2 * time.Second})
		began := time.Now()
		var all sync.WaitGroup
		var mu sync.Mutex
		by := map[string]int{}
		for n := range 10 {
			all.Go(func() {
				got, err := p.Send(t.Context(), delivery(20+n))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				by[got.Provider[:1]]++
				if took := time.Since(began); (took == 0) != (got.Provider[:1] == "2") {
					t.Errorf("%s took %v", got.Provider[:1], took)
				}
			})
		}
		all.Wait()
		if by["1"] != 1 || by["2"] != 9 || first.asked() != inARow+1 {
			t.Errorf("by %v, and the first was asked %d times", by, first.asked())
		}
	})
	// The same, with no other provider.
	inBubble(t, nil, func(t *testing.T, s *stage) {
		p := NewProviders(s.Sender)
		m := s.mood(badToken)
		for n := range inARow {
			p.Send(t.Context(), delivery(n))
		}
		time.Sleep(30 * time.Second)
		m.turn(channeltest.TwilioAct{Wait: 2 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		stopped := make(chan error)
		go func() { _, err := p.Send(ctx, delivery(4)); stopped <- err }()
		synctest.Wait()
		if f := channels.Classify(second(p.Send(t.Context(), delivery(5)))); f.Class != channels.ClassDown || f.After != probeTime {
			t.Errorf("while one probes: %+v", f)
		}
		// A probe that was stopped says nothing: the next one probes, at once.
		if err := <-stopped; !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if _, err := p.Send(t.Context(), delivery(6)); err != nil {
			t.Error(err)
		}
	})
}

// What was under way when the breaker opened does not open it again, nor close it.
func TestStragglers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b breaker
		var rounds []int
		for range 10 {
			round, wait := b.enter()
			if wait != 0 {
				t.Fatal("a new breaker is not closed")
			}
			rounds = append(rounds, round)
		}
		for _, round := range rounds[:8] {
			b.leave(round, failed, "20003")
		}
		b.leave(rounds[8], answered, "")
		if _, wait := b.enter(); wait != opens[0] || b.last() != "20003" {
			t.Errorf("open for %v since %s", wait, b.last())
		}
		time.Sleep(opens[0])
		probe, _ := b.enter()
		b.leave(rounds[9], unclear, "")
		if _, wait := b.enter(); wait != probeTime {
			t.Error("a straggler made room for a second probe")
		}
		b.leave(probe, answered, "")
		if _, wait := b.enter(); wait != 0 {
			t.Error("answered, and still open")
		}
	})
}
