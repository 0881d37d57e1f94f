package incident

import "time"

// Input is one thing that came in: a webhook's alerts, an override, a worker's
// receipt. It is stored before it is answered. One that carries nothing is a
// tick of the router's timer, which is never stored. At most one of the fields
// after By is set.
type Input struct {
	ID string    `json:"id,omitempty"` // names the input; overrides are answered by it
	At time.Time `json:"at"`           // of its intake
	By string    `json:"by,omitempty"` // name of the token or person; empty: a machine

	Alerts  []Observation `json:"alerts,omitempty"`
	Say     *Say          `json:"say,omitempty"`
	Resolve *Resolve      `json:"resolve,omitempty"`
	Set     *Set          `json:"set,omitempty"`
	Steer   *Steer        `json:"steer,omitempty"`
	Reopen  *Reopen       `json:"reopen,omitempty"`
	Receipt *Receipt      `json:"receipt,omitempty"`

	// Consequence is never stored: it follows from another case's facts.
	Consequence *Kin `json:"-"`
}

// Observation is one alert as one webhook told it, cleaned and capped.
type Observation struct {
	Fingerprint string            `json:"fingerprint"`
	Labels      map[string]string `json:"labels"`
	Summary     string            `json:"summary,omitempty"`
	StartsAt    time.Time         `json:"starts_at"`
	EndsAt      time.Time         `json:"ends_at,omitzero"` // resolved only
	Firing      bool              `json:"firing"`
}

// Say asks for words to go out at once.
type Say struct {
	Incident  string            `json:"incident"`
	Texts     map[string]string `json:"texts"`               // by language; "" is for every reader
	Audiences []string          `json:"audiences,omitempty"` // none: everyone who was told so far
	Phase     Phase             `json:"phase,omitempty"`     // empty: as it is
}

// Resolve asks to close an incident by hand.
type Resolve struct {
	Incident string `json:"incident"`
	Reason   string `json:"reason,omitempty"`
}

// Receipt is a worker's report that a part is finished.
type Receipt struct {
	Incident string `json:"incident"`
	Delivered
}

// Kin tells an incident of an outage that depends on it.
type Kin struct {
	Consequence
	Heirs []Heir
	Gone  bool // it is no consequence any more
	Out   bool // but still out, on its own
}

// Target names the incident that an override or receipt is about; empty for
// alerts and ticks.
func (in Input) Target() string {
	switch {
	case in.Say != nil:
		return in.Say.Incident
	case in.Resolve != nil:
		return in.Resolve.Incident
	case in.Set != nil:
		return in.Set.Incident
	case in.Steer != nil:
		return in.Steer.Incident
	case in.Reopen != nil:
		return in.Reopen.Incident
	case in.Receipt != nil:
		return in.Receipt.Incident
	}
	return ""
}

// About returns the override, about an incident.
func (in Input) About(id string) Input {
	switch {
	case in.Say != nil:
		c := *in.Say
		c.Incident, in.Say = id, &c
	case in.Resolve != nil:
		c := *in.Resolve
		c.Incident, in.Resolve = id, &c
	case in.Set != nil:
		c := *in.Set
		c.Incident, in.Set = id, &c
	case in.Steer != nil:
		c := *in.Steer
		c.Incident, in.Steer = id, &c
	case in.Reopen != nil:
		c := *in.Reopen
		c.Incident, in.Reopen = id, &c
	}
	return in
}

// Override reports whether somebody waits for a decision on the input.
func (in Input) Override() bool {
	return in.Say != nil || in.Resolve != nil || in.Set != nil || in.Steer != nil || in.Reopen != nil
}

// tick reports whether nothing came in but time.
func (in Input) tick() bool {
	return in.Alerts == nil && in.Receipt == nil && in.Consequence == nil && !in.Override()
}

// What names the override in a sentence.
func (in Input) What() string {
	switch {
	case in.Say != nil:
		return "say words"
	case in.Resolve != nil:
		return "resolve"
	case in.Steer != nil:
		return "change when " + in.Steer.Audience + " hears"
	case in.Reopen != nil:
		return "reopen"
	}
	return "change it"
}
