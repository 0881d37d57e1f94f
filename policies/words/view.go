package words

import "time"

// Kind is what an update is to its reader.
type Kind string

const (
	First    Kind = "first"       // the reader hears of it for the first time
	Reopened Kind = "reopened"    // it was said to be over, and is not
	Progress Kind = "progress"    // words, phase, estimate or severity changed since the last
	Holding  Kind = "holding"     // nothing did
	Unknown  Kind = "unconfirmed" // no measurement says any more whether it still is
	Overdue  Kind = "overdue"     // the next on schedule after an SLA clock ran out
	Closing  Kind = "closing"     // it is over
)

// View is all that a template may see of an incident: the fact sheet of one
// update. It holds no address and no raw state. Times are moments; rendering
// puts them into the reader's zone and language.
type View struct {
	Organisation string
	Incident     string // "SR-12"
	Kind         Kind
	// Number counts the updates to this audience, this one included, from 1.
	Number int
	// Service is the service's title by language.
	Service  map[string]string
	Severity string
	// Phase is investigating, identified, monitoring or resolved.
	Phase string

	Since time.Time // the outage began
	Now   time.Time // this update was planned
	Ended time.Time // closing only: when it was over
	// NextBefore is the promise: the next update comes before it. Zero in a
	// closing update, which promises nothing.
	NextBefore time.Time
	// Late says that this update comes after the moment promised for it.
	Late bool

	// Words are a person's words that this audience has not had yet, by
	// language; the empty language is for every reader.
	Words map[string]string
	// Known are the words that this audience had last, by language, and KnownAt
	// when; empty where nobody said anything.
	Known   map[string]string
	KnownAt time.Time

	Lead     string    // who leads; may be empty
	Estimate time.Time // only where a person gave one

	// Firing is how many alerts fire now, FiringBefore how many did at the
	// audience's last update, CameBack how many stopped since then.
	Firing, FiringBefore, CameBack int
	// LastAt is when this audience was told last; zero on the first.
	LastAt time.Time
	// PhaseBefore and SeverityBefore are what the audience was told last.
	PhaseBefore, SeverityBefore string

	Expected, Agreed ClockShare

	// Alerts are for technical readers only; rendering drops them for others.
	// Their text is attacker-controlled.
	Alerts []Alert
	// MoreAlerts is how many are not listed.
	MoreAlerts int
	// Link leads to the incident; may be empty.
	Link string
}

// ClockShare says how much of an SLA clock is used. A zero Limit means that
// there is none.
type ClockShare struct {
	Limit time.Duration
	Used  time.Duration
}

// Percent returns the share used in whole percents, rounded down; more than
// 100 after the breach.
func (c ClockShare) Percent() int {
	if c.Limit <= 0 {
		return 0
	}
	// Whole limits first: 100 times a long outage does not fit a Duration.
	return 100*int(c.Used/c.Limit) + int(100*(c.Used%c.Limit)/c.Limit)
}

// Alert is one alert as technical readers see it.
type Alert struct {
	Name     string
	Severity string
	Summary  string
	Instance string
	Since    time.Time
	Firing   bool
}
