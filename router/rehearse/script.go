package rehearse

import (
	"time"

	"sitrep/router/incident"
)

// Script is what happens in a rehearsal, and when.
type Script struct {
	Name  string // of its file
	Title string // its first comment, where it begins with one
	Start time.Time
	End   time.Time
	Steps []Step // by time; at one moment in the order of the file
}

// Step is one line of a script. Exactly one of the pointers is set.
type Step struct {
	At   time.Time
	Line int // in the file, from 1

	Fire    *Fire
	Resolve *Resolve
	Flap    *Flap
	Say     *Say
	End     *End
	Restart *Restart
	Lose    *Lose
	Find    *Find
	Set     *Set
	Steer   *Steer
	Reopen  *Reopen
	Open    *Open
	Send    *Send
	Cancel  *Cancel
	Merge   *Merge
	Split   *Split
	Approve *Approve
	Plan    *Plan
	Conduct *Conduct

	source string // the line itself, for complaints
	move   bool   // of what flaps; its own line has been told
}

// Fire makes alerts of a name fire.
type Fire struct {
	Name    string
	Count   int // how many, differing in instance; 0: one, without an instance of its own
	Labels  map[string]string
	Summary string
	Account incident.Account // what they say to every reader
}

// Resolve ends the alerts of a name that have these labels.
type Resolve struct {
	Name   string
	Labels map[string]string
}

// Flap makes alerts resolve and fire in turn.
type Flap struct {
	Fire  Fire // what fires where the name has not fired yet
	Every time.Duration
	For   time.Duration
}

// Say is a person's words.
type Say struct {
	Incident  string // "": the only one that is open
	Audiences []string
	Texts     map[string]string // by language; "" is for every reader
	Phase     incident.Phase
}

// End is a person who closes an incident.
type End struct {
	Incident string
	Reason   string
}

// Restart is sitrep down for a while.
type Restart struct{ For time.Duration }

// Lose: from here on no webhook arrives.
type Lose struct{}

// Find: they arrive again.
type Find struct{}

// lasts is how long a step goes on.
func (s Step) lasts() time.Duration {
	switch {
	case s.Flap != nil:
		return s.Flap.For
	case s.Restart != nil:
		return s.Restart.For
	}
	return 0
}

const day = 24 * time.Hour
