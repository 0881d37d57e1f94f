package email

import (
	"slices"
	"sync"
	"time"

	"sitrep/channels"
)

const (
	// failureMemory is for how long a smarthost that failed comes after those that
	// did not, so that not every message waits for it anew.
	failureMemory = 30 * time.Second
	// breakAfter is how many failures in a row open the breaker.
	breakAfter = 3
	// probePatience is when to come again where another message is finding out
	// whether a smarthost works.
	probePatience = 5 * time.Second
	// longestWait is when to come again at the latest: any message that comes
	// before may find that a smarthost works again.
	longestWait = time.Minute
)

// pauses are how long a breaker stays open, each time that it opens again; the
// last one repeats.
var pauses = []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute}

// health is what is known of one smarthost; doc.go draws its states.
type health struct {
	failures int       // in a row, while closed
	failed   time.Time // the last one
	opened   int       // how often in a row; 0: closed
	until    time.Time // it is half-open from then on
	probed   bool      // a message is finding out
}

func (k *health) open(now time.Time) bool { return k.opened > 0 && now.Before(k.until) }

// smarthosts are the relays in the operator's order, and how they are.
type smarthosts struct {
	all []*smarthost

	mu     sync.Mutex
	health map[*smarthost]*health
}

func newSmarthosts(addrs []string) *smarthosts {
	s := &smarthosts{health: map[*smarthost]*health{}}
	for _, a := range addrs {
		h := newSmarthost(a)
		s.all = append(s.all, h)
		s.health[h] = &health{}
	}
	return s
}

// turn is one message's leave to try one smarthost. Each is given back to end.
type turn struct {
	host   *smarthost
	probe  bool // nobody else tries it meanwhile
	forced bool // its time had not come: all were open
}

// inOrder returns all of them, those that failed lately last.
func (s *smarthosts) inOrder(now time.Time) []*smarthost {
	s.mu.Lock()
	defer s.mu.Unlock()
	rank := func(h *smarthost) int {
		if now.Sub(s.health[h].failed) < failureMemory {
			return 1
		}
		return 0
	}
	order := slices.Clone(s.all)
	slices.SortStableFunc(order, func(a, b *smarthost) int { return rank(a) - rank(b) })
	return order
}

// begin lets a message try a smarthost: any while the breaker is closed, none
// while it is open, one at a time when it is half-open.
func (s *smarthosts) begin(h *smarthost, now time.Time) (turn, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.health[h]
	switch {
	case k.opened == 0:
		return turn{host: h}, true
	case k.open(now) || k.probed:
		return turn{}, false
	}
	k.probed = true
	return turn{host: h, probe: true}, true
}

// another says that one of these would take a message as well.
func (s *smarthosts) another(rest []*smarthost, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(rest, func(h *smarthost) bool {
		k := s.health[h]
		return k.opened == 0 || !k.open(now) && !k.probed
	})
}

// force lets one message at a time try the one that failed the longest ago, where
// none may be tried: a wrong guess about all of them must not stop all mail.
func (s *smarthosts) force() (turn, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var oldest *smarthost
	for _, h := range s.all {
		k := s.health[h]
		if k.opened == 0 || k.probed {
			return turn{}, false
		}
		if oldest == nil || k.failed.Before(s.health[oldest].failed) {
			oldest = h
		}
	}
	if oldest == nil {
		return turn{}, false
	}
	s.health[oldest].probed = true
	return turn{host: oldest, probe: true, forced: true}, true
}

// finding is what a try says about the smarthost.
type finding int

const (
	foundNothing finding = iota // it was cut short, or the failure is ours
	foundWorking
	foundFailing
)

// finds reads it off the verdict: a smarthost that answers works, whatever it
// answers, unless the message passes to the next one.
func (v *verdict) finds() finding {
	switch {
	case v == nil:
		return foundWorking
	case v.next:
		return foundFailing
	case v.reply != "":
		return foundWorking
	}
	return foundNothing
}

// end takes a turn back. opened says that nobody tries the smarthost for a while.
func (s *smarthosts) end(t turn, f finding, now time.Time) (opened bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.health[t.host]
	if t.probe {
		k.probed = false
	}
	switch f {
	case foundWorking:
		*k = health{probed: k.probed}
		return false
	case foundNothing:
		return false
	}
	k.failed = now
	switch {
	case k.opened == 0:
		k.failures++
		opened = k.failures >= breakAfter
	case t.probe && !t.forced:
		opened = true
	}
	// One that was under way when the breaker opened, or that was forced, says
	// nothing new: the pause grows only by a probe in its time.
	if opened {
		k.until = now.Add(pauses[min(k.opened, len(pauses)-1)])
		k.opened++
	}
	return opened
}

// wait is how long nothing will be tried, but for one message at a time; 0: that
// is not so.
func (s *smarthosts) wait(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := longestWait
	for _, h := range s.all {
		k := s.health[h]
		if k.opened == 0 {
			return 0
		}
		wait = min(wait, max(k.until.Sub(now), probePatience))
	}
	return wait
}

// later says when to come again where every breaker is open. A message that
// found that out itself must not wait longer than those that were turned away.
func (s *smarthosts) later(f channels.Failure, now time.Time) error {
	if f.Class == channels.ClassDown || f.Class == channels.ClassTemporary {
		f.After = s.wait(now)
	}
	return &f
}
