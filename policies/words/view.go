package words

import (
	"encoding/json"
	"time"

	"github.com/prometheus/common/model"
)

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
	// Correction takes back what the reader was told; its words are a person's.
	Correction Kind = "correction"

	Combined Kind = "combined" // several of these in one message: see Combine
)

// What is said of a planned change.
const (
	Announced   Kind = "announced"   // it is to come; also said again shortly before
	Moved       Kind = "moved"       // it comes at another time
	Cancelled   Kind = "cancelled"   // it does not come
	Started     Kind = "started"     // it has begun
	Overrunning Kind = "overrunning" // its planned end passed, and nobody said that it is done
	Completed   Kind = "completed"   // a person said that it is done, or was rolled back
)

// What the two teams get. None of them promises a next update.
const (
	Nudge    Kind = "nudge"    // updates fall due soon: has anybody words for them?
	Question Kind = "question" // no measurement says any more whether it still is: find out
	Alarm    Kind = "alarm"    // the monitoring itself is not heard, or is heard again
	Ailing   Kind = "ailment"  // something of sitrep itself does not work, or does again
)

// View is all that a template may see of an incident: the fact sheet of one
// update. It holds no address and no raw state. Times are moments; rendering
// puts them into the reader's zone and language.
type View struct {
	Organisation string `json:"organisation,omitempty"`
	Incident     string `json:"incident,omitempty"` // "SR-12"; an alarm has none
	Kind         Kind   `json:"kind"`
	// Number counts the updates to this audience, this one included, from 1.
	Number int `json:"number,omitempty"`
	// Service is the service's title by language; an alarm has none.
	Service  map[string]string `json:"service,omitempty"`
	Severity string            `json:"severity,omitempty"`
	// Phase is investigating, identified, monitoring or resolved.
	Phase string `json:"phase,omitempty"`

	Since time.Time `json:"since,omitzero"` // the outage began
	Now   time.Time `json:"now"`            // this update was planned
	Ended time.Time `json:"ended,omitzero"` // closing only: when it was over
	// NextBefore is the promise: the next update comes before it. Zero in a
	// closing update and in what the teams get, which promise nothing.
	NextBefore time.Time `json:"next_before,omitzero"`
	// Late says that this update comes after the moment promised for it.
	Late bool `json:"late,omitempty"`

	// Words are a person's words that this audience has not had yet, by
	// language; the empty language is for every reader.
	Words map[string]string `json:"words,omitempty"`
	// Known are the words that this audience had last, by language, and KnownAt
	// when; empty where nobody said anything.
	Known   map[string]string `json:"known,omitempty"`
	KnownAt time.Time         `json:"known_at,omitzero"`

	// Account is what is told beyond the state.
	Account Account `json:"account,omitzero"`
	// Drill says that it is an exercise: every message says so first.
	Drill bool `json:"drill,omitempty"`
	// Change is what was planned; nil where it is no planned change. Service is
	// then what is to be done: "verhuizing van de opslag".
	Change *Change `json:"change,omitempty"`

	Lead     string    `json:"lead,omitempty"`    // who leads; may be empty
	Estimate time.Time `json:"estimate,omitzero"` // only where a person gave one

	// Corrects is the number of the update that is taken back, and CorrectsAt when
	// it went out; correction only.
	Corrects   int       `json:"corrects,omitempty"`
	CorrectsAt time.Time `json:"corrects_at,omitzero"`

	// Confirmed says that this audience was told that nobody knows whether it
	// still is, and that it is known again now.
	Confirmed bool `json:"confirmed,omitempty"`

	// Firing is how many alerts fire now, FiringBefore how many did at the
	// audience's last update, CameBack how many stopped since then.
	Firing       int `json:"firing,omitempty"`
	FiringBefore int `json:"firing_before,omitempty"`
	CameBack     int `json:"came_back,omitempty"`
	// LastAt is when this audience was told last; zero on the first.
	LastAt time.Time `json:"last_at,omitzero"`
	// PhaseBefore and SeverityBefore are what the audience was told last.
	PhaseBefore    string `json:"phase_before,omitempty"`
	SeverityBefore string `json:"severity_before,omitempty"`

	Expected ClockShare `json:"expected,omitzero"`
	Agreed   ClockShare `json:"agreed,omitzero"`

	// Consequences are the services that are out because of this one, now, by
	// their titles as Service is; NewConsequences those among them that the
	// audience has not been told of.
	Consequences    []map[string]string `json:"consequences,omitempty"`
	NewConsequences []map[string]string `json:"new_consequences,omitempty"`
	// Recovered were told of as consequences, and are out because of this one no
	// more.
	Recovered []map[string]string `json:"recovered,omitempty"`
	// Folded are services that the audience was told of in messages of their
	// own, and that turn out to be consequences of this one.
	Folded []map[string]string `json:"folded,omitempty"`
	// StillOut, closing only: they were consequences and are out yet; messages
	// of their own follow.
	StillOut []map[string]string `json:"still_out,omitempty"`
	// Outlived is a service whose incident is over, and of which this service's
	// outage was a consequence; first and progress only.
	Outlived map[string]string `json:"outlived,omitempty"`
	// After is the planned change that this outage is left of, by its title: it is done, and
	// its reader was told of it; progress only. Meanwhile are those that go on at the
	// same time, and have nothing to do with it as far as anybody knows.
	After     map[string]string   `json:"after,omitempty"`
	Reverted  bool                `json:"reverted,omitempty"` // it was rolled back
	Meanwhile []map[string]string `json:"meanwhile,omitempty"`

	// Alerts are for technical readers and for the question to the teams only;
	// rendering drops them for others. Their text is attacker-controlled.
	Alerts []Alert `json:"alerts,omitempty"`
	// MoreAlerts is how many are not listed.
	MoreAlerts int `json:"more_alerts,omitempty"`
	// Link leads to the incident; may be empty. Technical readers and the teams
	// get it.
	Link string `json:"link,omitempty"`

	// Answer is where a person of a team answers by a tap: an address with a mark in
	// it, in whose place a worker puts his own link. Teams only; may be empty.
	Answer string `json:"answer,omitempty"`
	// Replies says that a person of a team can answer an SMS, and ReplyTo by which
	// number, where that is not the one that it comes from. Teams only.
	Replies bool   `json:"replies,omitempty"`
	ReplyTo string `json:"reply_to,omitempty"`
	// API is the incident's address in the API, for the teams; may be empty.
	API string `json:"api,omitempty"`
	// Asks are the updates that fall due soon; nudge only.
	Asks []Ask `json:"asks,omitempty"`
	// HeardAt is when the monitoring last said that the alerts fire, or that the
	// watchdog does; zero where it never did. Question and alarm only.
	HeardAt time.Time `json:"heard_at,omitzero"`
	// Watchdog says which alert should never stop, as matchers:
	// alertname="Watchdog". Alarm only.
	Watchdog string `json:"watchdog,omitempty"`
	// Returned says that the watchdog comes again; Since is then when it fell
	// silent. Alarm only. Of an ailment: that it is over.
	Returned bool `json:"returned,omitempty"`
	// Ailment is what of sitrep itself does not work. Ailing only.
	Ailment Ailment `json:"ailment,omitzero"`
}

// Account is what is told of an outage beyond its state, in words for every
// reader and by language; the empty language is for all. Each is a sentence or
// two. A person gives them, or the alerts' annotations do.
type Account struct {
	Summary    map[string]string `json:"summary,omitempty"`    // what is wrong
	Impact     map[string]string `json:"impact,omitempty"`     // what people notice, what works and what does not
	Workaround map[string]string `json:"workaround,omitempty"` // what they can do meanwhile
	Known      map[string]string `json:"known,omitempty"`      // what was found out
	RuledOut   map[string]string `json:"ruled_out,omitempty"`  // what it is not
	Doing      map[string]string `json:"doing,omitempty"`      // what is being done
}

// Change is a planned change.
type Change struct {
	// Services are those that it touches, by their titles.
	Services []map[string]string `json:"services,omitempty"`
	// Start and End are when it was planned; zero where that is not known.
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
	// Decide is when it is decided whether to go on or to roll back; may be zero.
	Decide time.Time `json:"decide,omitzero"`
	// StartBefore and EndBefore are what the reader was told before; moved, and
	// overrunning where it was extended.
	StartBefore time.Time `json:"start_before,omitzero"`
	EndBefore   time.Time `json:"end_before,omitzero"`
	// Touched says that it touches other services than the reader was told: ServicesBefore.
	Touched        bool                `json:"touched,omitempty"`
	ServicesBefore []map[string]string `json:"services_before,omitempty"`
	RolledBack     bool                `json:"rolled_back,omitempty"` // completed only
	// Course is how somebody said that it goes: on_course, later or rolling_back; empty
	// where nobody did.
	Course string `json:"course,omitempty"`
	// UID names it in calendars, worldwide; empty: the reader wants no entry for
	// his. Revision counts how often its times or services changed, from 0; that it is
	// cancelled counts by itself.
	UID      string `json:"uid,omitempty"`
	Revision int    `json:"revision,omitempty"`
}

// Ailment is something of sitrep itself that does not work.
type Ailment struct {
	What    string `json:"what,omitempty"`    // "channel", "budget", "queue", "webhook", "calendar", "entries" or "store"
	Channel string `json:"channel,omitempty"` // "email" or "sms"; empty where it is about none
	Code    string `json:"code,omitempty"`    // the provider's, how Alertmanager or sitrep was answered, or a service that there is not; may be empty
	Name    string `json:"name,omitempty"`    // of a calendar; empty where it is about none
	// Of a budget: messages sent, and how many may be; Incident is empty where it
	// is the day's.
	Spent    int    `json:"spent,omitempty"`
	Limit    int    `json:"limit,omitempty"`
	Incident string `json:"incident,omitempty"`
}

// Ask is one update that falls due soon, and that somebody may have words for.
type Ask struct {
	Audience string    `json:"audience"`
	At       time.Time `json:"at"`   // when it falls due
	Kind     Kind      `json:"kind"` // what it will be without words
	// Text is what goes out by itself without words: the plain text of the
	// email, as Render gives it in that audience's language.
	Text string `json:"text"`
	// Awaits is the update's number where it goes out only after somebody's yes;
	// else 0.
	Awaits int `json:"awaits,omitempty"`
	// By are the people who wrote what is new in it, and Alone says that nobody but
	// them can say yes. Instead says that something neutral goes out at its moment
	// where nobody does. Of one that waits only.
	By      []string `json:"by,omitempty"`
	Alone   bool     `json:"alone,omitempty"`
	Instead bool     `json:"instead,omitempty"`
}

// ClockShare says how much of an SLA clock is used. A zero Limit means that
// there is none.
type ClockShare struct {
	Limit time.Duration `json:"limit"` // in JSON as in the configuration: "1h30m"
	Used  time.Duration `json:"used"`
}

// clockJSON is a ClockShare in JSON: with durations as the configuration has them.
type clockJSON struct {
	Limit model.Duration `json:"limit"`
	Used  model.Duration `json:"used"`
}

// MarshalJSON says durations as the configuration does.
func (c ClockShare) MarshalJSON() ([]byte, error) {
	return json.Marshal(clockJSON{model.Duration(c.Limit), model.Duration(c.Used)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *ClockShare) UnmarshalJSON(text []byte) error {
	var both clockJSON
	if err := json.Unmarshal(text, &both); err != nil {
		return err
	}
	c.Limit, c.Used = time.Duration(both.Limit), time.Duration(both.Used)
	return nil
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
	Name     string    `json:"name"`
	Severity string    `json:"severity,omitempty"`
	Summary  string    `json:"summary,omitempty"`
	Instance string    `json:"instance,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	Firing   bool      `json:"firing"`
}
