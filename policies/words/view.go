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

	Combined Kind = "combined" // several of these in one message: see Combine
)

// What the two teams get. None of them promises a next update.
const (
	Nudge    Kind = "nudge"    // updates fall due soon: has anybody words for them?
	Question Kind = "question" // no measurement says any more whether it still is: find out
	Alarm    Kind = "alarm"    // the monitoring itself is not heard, or is heard again
)

// View is all that a template may see of an incident: the fact sheet of one
// update. It holds no address and no raw state. Times are moments; rendering
// puts them into the reader's zone and language.
type View struct {
	Organisation string
	Incident     string // "SR-12"; an alarm has none
	Kind         Kind
	// Number counts the updates to this audience, this one included, from 1.
	Number int
	// Service is the service's title by language; an alarm has none.
	Service  map[string]string
	Severity string
	// Phase is investigating, identified, monitoring or resolved.
	Phase string

	Since time.Time // the outage began
	Now   time.Time // this update was planned
	Ended time.Time // closing only: when it was over
	// NextBefore is the promise: the next update comes before it. Zero in a
	// closing update and in what the teams get, which promise nothing.
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

	// Confirmed says that this audience was told that nobody knows whether it
	// still is, and that it is known again now.
	Confirmed bool

	// Firing is how many alerts fire now, FiringBefore how many did at the
	// audience's last update, CameBack how many stopped since then.
	Firing, FiringBefore, CameBack int
	// LastAt is when this audience was told last; zero on the first.
	LastAt time.Time
	// PhaseBefore and SeverityBefore are what the audience was told last.
	PhaseBefore, SeverityBefore string

	Expected, Agreed ClockShare

	// Consequences are the services that are out because of this one, now, by
	// their titles as Service is; NewConsequences those among them that the
	// audience has not been told of.
	Consequences, NewConsequences []map[string]string
	// Recovered were told of as consequences, and are out because of this one no
	// more.
	Recovered []map[string]string
	// Folded are services that the audience was told of in messages of their
	// own, and that turn out to be consequences of this one.
	Folded []map[string]string
	// StillOut, closing only: they were consequences and are out yet; messages
	// of their own follow.
	StillOut []map[string]string
	// Outlived is a service whose incident is over, and of which this service's
	// outage was a consequence; first and progress only.
	Outlived map[string]string

	// Alerts are for technical readers and for the question to the teams only;
	// rendering drops them for others. Their text is attacker-controlled.
	Alerts []Alert
	// MoreAlerts is how many are not listed.
	MoreAlerts int
	// Link leads to the incident; may be empty. Technical readers and the teams
	// get it.
	Link string

	// API is the incident's address in the API, for the teams; may be empty.
	API string
	// Asks are the updates that fall due soon; nudge only.
	Asks []Ask
	// HeardAt is when the monitoring last said that the alerts fire, or that the
	// watchdog does; zero where it never did. Question and alarm only.
	HeardAt time.Time
	// Watchdog says which alert should never stop, as matchers:
	// alertname="Watchdog". Alarm only.
	Watchdog string
	// Returned says that the watchdog comes again; Since is then when it fell
	// silent. Alarm only.
	Returned bool
}

// Ask is one update that falls due soon, and that somebody may have words for.
type Ask struct {
	Audience string
	At       time.Time // when it falls due
	Kind     Kind      // what it will be without words
	// Text is what goes out by itself without words: the plain text of the
	// email, as Render gives it in that audience's language.
	Text string
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
