package incident

import (
	"fmt"
	"time"
)

// Input is one thing that came in: a webhook's alerts, an override, a worker's
// receipt. It is stored before it is answered. One that carries nothing is a
// tick of the router's timer, which is never stored. At most one of the fields
// after By is set.
type Input struct {
	ID string    `json:"id,omitempty"` // names the input; overrides are answered by it
	At time.Time `json:"at"`           // of its intake
	By string    `json:"by,omitempty"` // name of the token or person; empty: a machine
	// Role is what he came in as, and Reason why he does it, word for word.
	Role   string `json:"role,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Key names the request of an override as its caller does, and Asked is what was
	// asked: the same key is the same request, and has the same answer. Both are
	// hashes; empty where the caller names none.
	Key   string `json:"key,omitempty"`
	Asked string `json:"asked,omitempty"`
	// IfVersion are the versions of the incident that an override is meant for; none:
	// whichever it has.
	IfVersion []int `json:"if_version,omitempty"`

	Alerts  []Observation `json:"alerts,omitempty"`
	Say     *Say          `json:"say,omitempty"`
	Resolve *Resolve      `json:"resolve,omitempty"`
	Set     *Set          `json:"set,omitempty"`
	Steer   *Steer        `json:"steer,omitempty"`
	Reopen  *Reopen       `json:"reopen,omitempty"`
	Open    *Open         `json:"open,omitempty"`
	Send    *Send         `json:"send,omitempty"`
	Cancel  *Cancel       `json:"cancel,omitempty"`
	Merge   *Merge        `json:"merge,omitempty"`
	Split   *Split        `json:"split,omitempty"`
	Approve *Approve      `json:"approve,omitempty"`
	Enlist  *Enlist       `json:"enlist,omitempty"`
	// Of a planned change.
	Schedule   *Schedule   `json:"schedule,omitempty"`
	Reschedule *Reschedule `json:"reschedule,omitempty"`
	Conduct    *Conduct    `json:"conduct,omitempty"`

	Receipt *Receipt `json:"receipt,omitempty"`
	// Ailment is what sitrep noticed of itself.
	Ailment *Ailment `json:"ailment,omitempty"`
	// Aftermath is what became of deliveries that were accepted.
	Aftermath *Aftermath `json:"aftermath,omitempty"`

	// Consequence and Apart are never stored: they follow from another case's facts.
	Consequence *Kin   `json:"-"`
	Apart       *Apart `json:"-"`
}

// Observation is one alert as one webhook told it, cleaned and capped.
type Observation struct {
	Fingerprint string            `json:"fingerprint"`
	Labels      map[string]string `json:"labels"`
	Summary     string            `json:"summary,omitempty"`
	Account     Account           `json:"account,omitempty"` // what its annotations say to every reader
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
	Corrects  int               `json:"corrects,omitempty"`  // the update that they take back; 0: none
}

// Resolve asks to close an incident by hand.
type Resolve struct {
	Incident string `json:"incident"`
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
	Lists Lists
	Gone  bool // it is no consequence any more
	Out   bool // but still out, on its own
	// Split says that a person took it out.
	Split bool
}

// Target names the incident that an override or receipt is about; empty for
// alerts, ticks and what opens one.
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
	case in.Send != nil:
		return in.Send.Incident
	case in.Cancel != nil:
		return in.Cancel.Incident
	case in.Merge != nil:
		return in.Merge.Incident
	case in.Split != nil:
		return in.Split.Incident
	case in.Approve != nil:
		return in.Approve.Incident
	case in.Reschedule != nil:
		return in.Reschedule.Incident
	case in.Conduct != nil:
		return in.Conduct.Incident
	case in.Enlist != nil:
		return in.Enlist.Incident
	case in.Receipt != nil:
		return in.Receipt.Incident
	case in.Ailment != nil:
		return in.Ailment.Case()
	case in.Aftermath != nil:
		return in.Aftermath.Incident
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
	case in.Send != nil:
		c := *in.Send
		c.Incident, in.Send = id, &c
	case in.Cancel != nil:
		c := *in.Cancel
		c.Incident, in.Cancel = id, &c
	case in.Merge != nil:
		c := *in.Merge
		c.Incident, in.Merge = id, &c
	case in.Split != nil:
		c := *in.Split
		c.Incident, in.Split = id, &c
	case in.Approve != nil:
		c := *in.Approve
		c.Incident, in.Approve = id, &c
	case in.Reschedule != nil:
		c := *in.Reschedule
		c.Incident, in.Reschedule = id, &c
	case in.Conduct != nil:
		c := *in.Conduct
		c.Incident, in.Conduct = id, &c
	case in.Enlist != nil:
		c := *in.Enlist
		c.Incident, in.Enlist = id, &c
	}
	return in
}

// Override reports whether somebody waits for a decision on the input.
func (in Input) Override() bool {
	return in.Say != nil || in.Resolve != nil || in.Set != nil || in.Steer != nil || in.Reopen != nil || in.Open != nil || in.Send != nil || in.Cancel != nil || in.Merge != nil || in.Split != nil || in.Approve != nil || in.Schedule != nil || in.Reschedule != nil || in.Conduct != nil || in.Enlist != nil
}

// tick reports whether nothing came in but time.
func (in Input) tick() bool {
	return in.Alerts == nil && in.Receipt == nil && in.Ailment == nil && in.Aftermath == nil && in.Consequence == nil && in.Apart == nil && !in.Override()
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
	case in.Open != nil:
		return "open an incident of " + in.Open.Service
	case in.Send != nil:
		return "send at once"
	case in.Cancel != nil:
		return fmt.Sprintf("cancel update %d", in.Cancel.Update)
	case in.Merge != nil:
		return "fold it into " + in.Merge.Into
	case in.Split != nil:
		return "take " + in.Split.Service + " out of it"
	case in.Approve != nil:
		return in.Approve.what()
	case in.Schedule != nil:
		return "plan a change"
	case in.Reschedule != nil:
		return "plan it otherwise"
	case in.Conduct != nil:
		return map[Step]string{StepStart: "start it", StepComplete: "complete it", StepRollBack: "roll it back", StepCallOff: "call it off"}[in.Conduct.Step] +
			choose(in.Conduct.Step == StepCourse, "say how it goes", "")
	case in.Enlist != nil:
		return in.Enlist.what()
	}
	return "change it"
}
