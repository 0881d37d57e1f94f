package casebook

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"sitrep/router/incident"
)

// kennel makes a case for each watchdog. Its id follows from what it waits for,
// so that it survives a change of the file.
func (b *Book) kennel() {
	for i := range b.rules.Watchdogs {
		w := &b.rules.Watchdogs[i]
		sum := sha256.Sum256([]byte(w.String()))
		id := incident.WatchdogID + hex.EncodeToString(sum[:4])
		if b.ids[id] != nil {
			continue // it stands in the file twice
		}
		c := &Case{State: incident.NewWatchdog(id), watchdog: w, place: -1}
		b.ids[id] = c
		b.dogs = append(b.dogs, c)
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
