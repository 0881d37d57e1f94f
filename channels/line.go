package channels

import "time"

// line is whether a channel works, as its attempts tell:
//
//	up ──an attempt says down──> down ──its pause is over──> one attempt
//	 ^                            ^                            │     │
//	 │                            └──────────down again────────┘     │
//	 └───────────────────────anything else───────────────────────────┘
//
// While it is down nothing is attempted but that one: ten thousand people are not
// tried in vain, and none of them waits for half an hour when it works again. Who
// has not been tried yet is tried first, so that one recipient for whom alone the
// provider says so stands in nobody's way for longer than an attempt.
type line struct {
	down   bool
	until  time.Time // the next attempt, while it is down
	since  time.Time
	pauses int
	probed bool // that attempt is on the wire
}

// linePauses are the waits between attempts while the channel is down; the last
// one repeats.
var linePauses = []time.Duration{5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}

// longDown is from when on a channel counts as down for everybody, so that who
// was tried meanwhile does not wait by the table of retries.
const longDown = 15 * time.Second

// told takes in what an attempt came to, and for how long its provider wants to be
// left alone.
func (l *line) told(class Class, after time.Duration, now time.Time) {
	switch {
	case class != ClassDown:
		*l = line{}
		return
	case !l.down:
		*l = line{down: true, since: now}
	case now.Before(l.until): // it was on the wire before
		return
	default:
		l.probed = false
		l.pauses = min(l.pauses+1, len(linePauses)-1)
	}
	longest := linePauses[len(linePauses)-1]
	l.until = now.Add(max(linePauses[l.pauses], min(after, longest)))
}

// room returns how many may be attempted now, of as many as there are sessions
// for, and lowers wake to when that may be more.
func (l *line) room(free int, now time.Time, wake *time.Duration) int {
	switch {
	case !l.down:
		return free
	case now.Before(l.until):
		*wake = min(*wake, l.until.Sub(now))
		return 0
	case l.probed:
		return 0
	}
	return min(free, 1)
}

// sent is told how many attempts went to the wire, or came back untried (less than
// none).
func (l *line) sent(attempts int) {
	if attempts != 0 && l.down {
		l.probed = attempts > 0
	}
}

// limit bounds how long somebody waits for whom the channel was down.
func (l *line) limit(wait time.Duration, now time.Time) time.Duration {
	if l.down && now.Sub(l.since) >= longDown {
		return min(wait, linePauses[len(linePauses)-1])
	}
	return wait
}
