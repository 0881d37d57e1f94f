package incident

import "time"

// A watchdog is an alert that must keep firing: it shows that monitoring works.
// Its case is no incident, and tells no audience; it only has the teams alarmed.
//
//	heard ──no webhook with it for absent_for──> silent
//	  ^                                            │
//	  └──────────────a webhook with it─────────────┘
//
// Heartbeats are no facts: they would be all there is. So a start does not know
// when the last one came, and grants half of absent_for from then on.

// Silent: no webhook with the watchdog's alert came for as long as it may be
// absent.
type Silent struct {
	Watchdog string    `json:"watchdog"`          // its matchers
	Since    time.Time `json:"since"`             // when it was heard last, or half of absent_for before the start
	Unheard  bool      `json:"unheard,omitempty"` // the latter
}

// Returned: the watchdog's alert comes again.
type Returned struct {
	Watchdog string    `json:"watchdog"`
	Since    time.Time `json:"since"` // when it fell silent
}

// WatchdogID is what the ids of watchdogs begin with; no incident's does.
const WatchdogID = "watchdog-"

// NewWatchdog returns the state of a watchdog that is not silent.
func NewWatchdog(id string) *State {
	s := NewState("")
	s.ID, s.Kind = id, Watchdog
	return s
}

// watch judges a watchdog: alerts are a heartbeat.
func (d *decision) watch() {
	w := d.r.Watchdog
	switch {
	case w == nil: // the configuration has it no more
	case d.in.Alerts != nil && d.s.SilentSince != nil:
		d.emit(Fact{Body: &Returned{Watchdog: w.String(), Since: *d.s.SilentSince}})
	case d.in.Alerts != nil, d.s.SilentSince != nil:
	case !d.in.At.Before(d.r.HeardAt.Add(w.AbsentFor)):
		d.emit(Fact{Body: &Silent{Watchdog: w.String(), Since: d.r.HeardAt, Unheard: d.r.Unheard}})
	}
}
