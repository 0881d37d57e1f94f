package casebook

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// kennel makes a case for each watchdog. Its id follows from what it waits for,
// so that it survives a change of the file.
func (b *Book) kennel() {
	for id, w := range watchdogs(b.rules.Watchdogs) {
		b.watchdog(id, w)
	}
}

func (b *Book) watchdog(id string, w *policies.Watchdog) *Case {
	c := &Case{State: incident.NewWatchdog(id), watchdog: w, place: -1}
	b.ids[id] = c
	b.dogs = append(b.dogs, c)
	return c
}

// watchdogs goes over those that a policy has, by id; one that stands in the file
// twice is one.
func watchdogs(all []policies.Watchdog) iter.Seq2[string, *policies.Watchdog] {
	return func(yield func(string, *policies.Watchdog) bool) {
		seen := map[string]bool{}
		for i := range all {
			sum := sha256.Sum256([]byte(all[i].String()))
			id := incident.WatchdogID + hex.EncodeToString(sum[:4])
			if !seen[id] && !yield(id, &all[i]) {
				return
			}
			seen[id] = true
		}
	}
}

// heartbeat tells the watchdogs of an alert that fires, and reports whether one
// waits for it.
func (b *Book) heartbeat(o incident.Observation, now time.Time, s Scribe, t *touched) bool {
	waits := false
	for _, c := range b.dogs {
		if !c.watchdog.Covers(o.Labels) {
			continue
		}
		waits = true
		if o.Firing {
			b.beat(c, now, s, t)
		}
	}
	return waits
}

func (b *Book) beat(c *Case, now time.Time, s Scribe, t *touched) {
	c.beat, c.heard = now, true
	b.decide(c, incident.Input{At: now, Alerts: []incident.Observation{}}, s, t)
}

// Beat lets every watchdog be heard, as where monitoring is well.
func (b *Book) Beat(now time.Time, s Scribe) error {
	var t touched
	for _, c := range b.dogs {
		b.beat(c, now, s, &t)
	}
	return b.settle(&t, now, false, s)
}

// Silent returns the watchdogs that are not heard, as the configuration writes
// them, and since when.
func (b *Book) Silent() map[string]time.Time {
	out := map[string]time.Time{}
	for _, c := range b.dogs {
		if since := c.State.SilentSince; since != nil {
			out[c.watchdog.String()] = *since
		}
	}
	return out
}
