package incident

import "time"

// Fact is one thing that happened, durable and never changed. There are as many of them
// as there is memory for, so one has room for what it says only.
type Fact struct {
	At       time.Time
	Service  string
	Incident string // "SR-12"; empty before the outage became one
	By       string // the person or token that decided it; empty: sitrep itself
	Role     string // what he came in as
	Reason   string // why he did, word for word
	Input    string // id of the input that it answers; empty: none asked
	Key      string // of that input; on the first fact that answers it
	Asked    string // likewise
	Body     Body   // what happened
}

// Body is what happened: a pointer to one of the types of this file and its neighbours.
type Body any

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

// Opened: a threshold row held, and the outage became an incident; or a person
// said that it is one.
type Opened struct {
	Kind      Kind      `json:"kind"`
	Severity  string    `json:"severity"`
	StartedAt time.Time `json:"started_at"` // of the outage
	Alerts    int       `json:"alerts"`     // firing at that moment
	Row       string    `json:"row"`        // the threshold row that held, in words; "by hand"
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
	Corrects  int               `json:"corrects,omitempty"` // the update that they take back
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
}

// Reopened: alerts that began within a day of the end passed a threshold row, or
// a person said that it is not over.
type Reopened struct {
	StartedAt time.Time `json:"started_at"` // of the relapse
	Severity  string    `json:"severity"`
	Alerts    int       `json:"alerts"`
	Row       string    `json:"row"`
}

// Refused: an override was not accepted. It is a fact so that the same input
// gets the same answer after a restart.
type Refused struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
	Stale  bool   `json:"stale,omitempty"` // it was meant for another version of the incident
}

// Settled: an override asked for what is so already. It is a fact only where its
// caller named the request, so that a repeat of it is known for one.
type Settled struct {
	What string `json:"what"`
}

// Unrostered: an update was due, and its audience has nobody who can be
// reached any more.
type Unrostered struct {
	Audience string `json:"audience"`
	CatchUp  bool   `json:"catch_up,omitempty"` // by channels that waited: nobody waits for them any more
}
