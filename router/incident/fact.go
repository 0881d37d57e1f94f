package incident

import "time"

// Fact is one thing that happened, durable and never changed. Exactly one of
// the pointers is set.
type Fact struct {
	At       time.Time `json:"at"`
	Service  string    `json:"service,omitempty"`
	Incident string    `json:"incident,omitempty"` // "SR-12"; empty before the outage became one
	By       string    `json:"by,omitempty"`       // the person or token that decided it; empty: sitrep itself
	Input    string    `json:"input,omitempty"`    // id of the input that it answers; empty: none asked

	Fired       *Fired       `json:"fired,omitempty"`
	Ceased      *Ceased      `json:"ceased,omitempty"`
	Passed      *Passed      `json:"passed,omitempty"`
	Heard       *Heard       `json:"heard,omitempty"`
	Unconfirmed *Unconfirmed `json:"unconfirmed,omitempty"`
	Confirmed   *Confirmed   `json:"confirmed,omitempty"`
	Opened      *Opened      `json:"opened,omitempty"`
	Escalated   *Escalated   `json:"escalated,omitempty"`
	Phased      *Phased      `json:"phased,omitempty"`
	Said        *Said        `json:"said,omitempty"`
	Planned     *Planned     `json:"planned,omitempty"`
	Delivered   *Delivered   `json:"delivered,omitempty"`
	Kept        *Promise     `json:"kept,omitempty"`
	Broken      *Promise     `json:"broken,omitempty"`
	Breached    *Breached    `json:"breached,omitempty"`
	Resolved    *Resolved    `json:"resolved,omitempty"`
	Reopened    *Reopened    `json:"reopened,omitempty"`
	Refused     *Refused     `json:"refused,omitempty"`
	Unrostered  *Unrostered  `json:"unrostered,omitempty"`
	Joined      *Joined      `json:"joined,omitempty"`
	Parted      *Parted      `json:"parted,omitempty"`
	Caused      *Caused      `json:"caused,omitempty"`
	Eased       *Eased       `json:"eased,omitempty"`
	Silent      *Silent      `json:"silent,omitempty"`
	Returned    *Returned    `json:"returned,omitempty"`
	Estimated   *Estimated   `json:"estimated,omitempty"`
	Led         *Led         `json:"led,omitempty"`
	Titled      *Titled      `json:"titled,omitempty"`
	Steered     *Steered     `json:"steered,omitempty"`
	Fell        *Fell        `json:"fell,omitempty"`
}

// Fired: an alert of the service began to fire, or fires again.
type Fired struct {
	Alert Alert `json:"alert"`
	Again bool  `json:"again,omitempty"`
}

// Ceased: an alert of the service stopped.
type Ceased struct {
	Fingerprint string    `json:"fingerprint"`
	Name        string    `json:"name"`
	EndsAt      time.Time `json:"ends_at"`
}

// Heard: webhooks still say that the alerts fire. It is written now and then,
// not with every repeat, so that a restart knows when they stopped coming.
type Heard struct{}

// Unconfirmed: no webhook has said for long that the alerts still fire. Silence
// is not recovery: nobody knows.
type Unconfirmed struct {
	Since time.Time `json:"since"` // when the last webhook came, to within a twentieth of the limit
}

// Confirmed: a webhook came again.
type Confirmed struct{}

// Passed: an outage ended before any threshold row held, and nobody was told; or
// one that was a consequence, which another incident told of.
type Passed struct {
	Under string `json:"under,omitempty"` // that incident
}

// Opened: a threshold row held, and the outage became an incident.
type Opened struct {
	Kind      Kind      `json:"kind"`
	Severity  string    `json:"severity"`
	StartedAt time.Time `json:"started_at"` // of the outage
	Alerts    int       `json:"alerts"`     // firing at that moment
	Row       string    `json:"row"`        // the threshold row that held, in words
}

// Escalated: the severity of an open incident rose by itself, or a person chose
// another.
type Escalated struct {
	From string `json:"from"`
	To   string `json:"to"`
	Over string `json:"over,omitempty"` // a person's choice: what alerts and consequences had then
}

// Phased: the phase changed.
type Phased struct {
	From Phase `json:"from"`
	To   Phase `json:"to"`
}

// Said: a person gave words, to go out at once.
type Said struct {
	Number    int               `json:"number"` // of the words within the incident, from 1
	Texts     map[string]string `json:"texts"`  // by language; "" is for every reader
	Audiences []string          `json:"audiences"`
}

// Breached: an SLA clock of an open incident ran out.
type Breached struct {
	Clock string        `json:"clock"` // expected or agreed
	Limit time.Duration `json:"limit"`
}

// Resolved: the incident is over.
type Resolved struct {
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"` // when the last alert stopped; by hand: now
	Firing    int       `json:"firing,omitempty"`
	Reason    string    `json:"reason,omitempty"` // a person's, word for word
}

// Reopened: alerts that began within a day of the end passed a threshold row, or
// a person said that it is not over.
type Reopened struct {
	StartedAt time.Time `json:"started_at"` // of the relapse
	Severity  string    `json:"severity"`
	Alerts    int       `json:"alerts"`
	Row       string    `json:"row"`
	Reason    string    `json:"reason,omitempty"` // a person's, word for word
}

// Refused: an override was not accepted. It is a fact so that the same input
// gets the same answer after a restart.
type Refused struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// Unrostered: an update was due, and its audience has nobody who can be
// reached any more.
type Unrostered struct {
	Audience string `json:"audience"`
	CatchUp  bool   `json:"catch_up,omitempty"` // by channels that waited: nobody waits for them any more
}
