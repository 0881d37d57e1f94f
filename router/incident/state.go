package incident

import (
	"fmt"
	"slices"
	"time"

	"sitrep/policies"
)

// Kind is what sort of incident it is.
type Kind string

const (
	Outage Kind = "outage"
	Change Kind = "change"
	Drill  Kind = "drill"
	// Watchdog is no incident: see Silent.
	Watchdog Kind = "watchdog"
	// Ailing is none either: see Ailment.
	Ailing Kind = "ailment"
)

// Phase is how far the people who mend it are: the four that status pages made
// common.
type Phase string

const (
	Investigating Phase = "investigating"
	Identified    Phase = "identified"
	Monitoring    Phase = "monitoring"
	PhaseResolved Phase = "resolved"
)

// Phases are the phases that a person may set, in order.
var Phases = []Phase{Investigating, Identified, Monitoring}

// UpdateKind is what an update is to its audience.
type UpdateKind string

const (
	First     UpdateKind = "first"
	Reopening UpdateKind = "reopened" // it was over, and is not
	Progress  UpdateKind = "progress" // words, phase, estimate or severity changed since the last
	Holding   UpdateKind = "holding"  // nothing did
	// Unknown: no webhook says any more whether it still fires.
	Unknown UpdateKind = "unconfirmed"
	Overdue UpdateKind = "overdue" // the next on schedule after an SLA clock ran out
	Closing UpdateKind = "closing"
	// Correcting takes back what an update said; see Correction.
	Correcting UpdateKind = "correction"
	// Combined says to one recipient what several updates would have said.
	Combined UpdateKind = "combined"
)

// Of a planned change, besides First, Progress, Holding, Overdue and Correcting.
const (
	Announced   UpdateKind = "announced"
	Moved       UpdateKind = "moved" // other times than were told
	Started     UpdateKind = "started"
	Overrunning UpdateKind = "overrunning" // past its planned end
	Completed   UpdateKind = "completed"   // also rolled back
	Withheld    UpdateKind = "cancelled"   // called off
)

// Ends reports whether an update says that it is over: nothing is promised in it.
func (k UpdateKind) Ends() bool { return k == Closing || k == Completed || k == Withheld }

// To the teams.
const (
	Nudge    UpdateKind = "nudge"    // updates are due soon: are there words?
	Question UpdateKind = "question" // nobody knows whether it still fires
	Alarm    UpdateKind = "alarm"    // a watchdog fell silent, or is heard again
)

// relapse is how long after the end an alert that begins belongs to the same
// incident.
const relapse = 24 * time.Hour

// State is one outage of one service and the incident that it became. Only
// Apply changes it.
type State struct {
	ID string // "SR-12"; empty while it is no incident
	// Version counts what was decided about it, by sitrep or by people: not the
	// alerts, nor what was sent and received.
	Version int
	Kind    Kind
	Service string

	Severity string // highest so far while open, or as a person chose
	// Overruled is what the alerts had when a person chose the severity: it rises
	// by itself only above that. Empty where nobody did.
	Overruled string
	Phase     Phase
	// What people gave: when it may be over, who leads, what it is called.
	Estimate time.Time
	Lead     string
	Title    map[string]string
	Given    map[Thing]Passage    // what they said of it
	Steers   map[string]*Steering // by audience
	Added    []Listing            // recipients that a person added for this incident
	Removed  []Listing            // and those whom he removed
	Hastened map[string]Haste     // audiences whose next update a person wants at once
	Work     *Work                // what was planned, of a change; also of an outage that was one
	// StartedAt is the earliest startsAt of the outage; both SLA clocks start
	// there. After a relapse it is the relapse's.
	StartedAt  time.Time
	OpenedAt   time.Time
	ResolvedAt time.Time // zero while open
	EndedAt    time.Time // when the outage was over, for the closing words
	// QuietSince is the later of the last endsAt and the webhook that told it;
	// zero while an alert fires or none ever did.
	QuietSince time.Time
	Breached   []policies.Clock // SLA clocks that ran out
	Overran    int              // how many did, those of consequences among them
	// HeardAt is when a webhook last said that an alert fires, to within a
	// twentieth of what makes it unconfirmed.
	HeardAt     time.Time
	Unconfirmed bool // nobody knows whether it still fires

	// Under is the incident that this outage is a consequence of, and Outlived
	// the service of the one that it was a consequence of last; see Joined.
	Under, Outlived string
	Apart           string                  // the incident that a person took it out of
	Consequences    map[string]*Consequence // by service
	Left            []string                // consequences that outlived this incident
	Loosed          []string                // those that a person took out of it

	// Asked holds, for each audience, which due update the communication team was
	// asked to give words for.
	Asked    map[string]time.Time
	NudgedAt time.Time // when it was asked last
	// SoundedAt is when the resolution team was asked last how it is going, AnsweredAt
	// when a person last said how, and NewsAt when that team did.
	SoundedAt, AnsweredAt, NewsAt time.Time

	Questioned map[string]bool // teams that were asked whether it still is
	// SilentSince is since when a watchdog is silent; nil while it is heard.
	SilentSince *time.Time
	Unheard     bool            // it was not heard since the start before that
	Alarmed     map[string]bool // teams that know that it is silent, or ails
	// Ailment is what ails; nil while it is well. Ailed is what did last.
	Ailment, Ailed *Ailment
	AlarmedAt      time.Time // when a team was last alarmed of what ails

	reopenedAt time.Time // after the last relapse; zero without one
	relapsedAt time.Time // when it broke out again, of one that is over and a consequence
	doubted    time.Time // when a person last said that it was not over
	lastEnd    time.Time // latest endsAt of its alerts

	Alerts map[string]*Alert
	firing int // alerts that fire and are not muted
	// chosen says that a person set the phase while all was quiet: it stays
	// until an alert fires.
	chosen bool
	// before is the phase that monitoring took the place of; empty where it did
	// not. meant says that a person set monitoring while alerts fired: it stays
	// until they have been quiet, and fire again.
	before Phase
	meant  bool

	authors map[string]setting // who set what is told; see credit

	Updates int // planned so far
	Words   []Words
	// Orders are the updates to audiences, by their number; Corrections those that
	// are to be taken back.
	Orders      map[int]*Planned
	Corrections []*Correction
	Corrected   map[int]bool         // updates that were taken back
	Drafts      map[int]*Draft       // updates that wait for a yes, or had their answer
	Struck      map[string]int       // by audience, the last words that do not go to it
	Lapses      map[string]time.Time // by audience, what was due and nobody approved
	Cancelled   map[int]*Withdrawn   // updates that go to nobody else
	Told        map[string]*Told     // by audience
	Flights     map[int]*Flight      // updates whose deliveries are not all reported
	Landed      map[int]*Flight      // those that are, as long as they are the newest
	Arrived     map[string]Arrived   // what became of parts later
	Falls       []*Fall              // what failed for good, and is to go by another way
	Totals      map[string]*Totals

	severities map[string]int // of those alerts, how many have which
	common     map[string]string
	// commonStale says that it is to be found out, and commonGrows that what was
	// common still is: alerts only ceased since.
	commonStale, commonGrows bool

	// spoken are the things that alerts said something of, and in which languages;
	// calmed are the last that fired, and said what was wrong. calmAt is when it last
	// came to seem over.
	spoken []spoken
	calmed []Alert
	calmAt time.Time
}

// Alert is what is remembered of one alert.
type Alert struct {
	Fingerprint string            `json:"fingerprint"`
	Name        string            `json:"name"`
	Severity    string            `json:"severity"`
	Labels      map[string]string `json:"labels"`
	Summary     string            `json:"summary,omitempty"`
	Account     Account           `json:"account,omitempty"` // for every reader
	StartsAt    time.Time         `json:"starts_at"`

	// Told is the startsAt that webhooks give, where it is not StartsAt: one that
	// lay in the future, or was missing. Zero where it is.
	Told *time.Time `json:"told,omitempty"`

	EndsAt   time.Time `json:"-"` // zero while it fires
	CeasedAt time.Time `json:"-"` // intake of the webhook that told its end
	Muted    bool      `json:"-"` // resolved by hand while it fired

	speaks uint64 // what its account says something of: bits of State.spoken
}

// starts returns the startsAt by which webhooks name this firing of the alert.
func (a *Alert) starts() time.Time {
	if a.Told != nil {
		return *a.Told
	}
	return a.StartsAt
}

// Firing reports whether the alert fires, muted or not.
func (a *Alert) Firing() bool { return a.CeasedAt.IsZero() }

// Words are what a person said.
type Words struct {
	Number    int
	At        time.Time
	Texts     map[string]string
	Audiences []string
	By        string
	Corrects  int // the update that they take back; 0: none
}

// For reports whether the words were for an audience.
func (w Words) For(audience string) bool {
	return slices.Contains(w.Audiences, audience)
}

// Open reports whether it is an incident that is not over.
func (s *State) Open() bool { return s.ID != "" && s.ResolvedAt.IsZero() && !s.Own() }

// BeganAt returns when people could first be told: the opening, or the last
// reopening.
func (s *State) BeganAt() time.Time {
	if s.reopenedAt.After(s.OpenedAt) {
		return s.reopenedAt
	}
	return s.OpenedAt
}

// Since returns when the outage began: that of an open incident, or the earliest
// alert that fires; zero where there is none.
func (s *State) Since() (since time.Time) {
	if s.Open() {
		return s.StartedAt
	}
	for _, a := range s.Alerts {
		if a.Firing() && !a.Muted && (since.IsZero() || a.StartsAt.Before(since)) {
			since = a.StartsAt
		}
	}
	return since
}

// Had reports whether the last update to an audience went by channels too, for
// those who have no other way, and reached them all. While mail is out its servers
// may refuse for good whom they will know again: of an end, that is not enough.
func (s *State) Had(audience string, channels []string) bool {
	t := s.Told[audience]
	for _, c := range channels {
		if !slices.Contains(t.By, c) {
			return false
		}
	}
	sum := t.landed
	if f := s.Flights[t.Last]; f != nil {
		sum = &f.Sum
		for _, by := range f.Order.Carried {
			if !f.Done[by.Name()] {
				return false
			}
		}
		for part := range f.Order.Roster {
			for _, c := range channels {
				if !f.Done[fmt.Sprintf("%s.%d.%d.%s", s.ID, t.Last, part, c)] {
					return false
				}
			}
		}
	}
	return sum != nil && sum.Unreached == 0 && (sum.Failed == 0 || t.Kind != Closing)
}

// Waits reports whether an audience has not had the last update by some channel.
func (s *State) Waits() bool {
	for _, t := range s.Told {
		if len(t.Behind) > 0 {
			return true
		}
	}
	return false
}

// Firing returns how many alerts fire, those muted by hand left out.
func (s *State) Firing() int { return s.firing }

// Labels are the labels that policies match on: service, severity, kind, and
// what is common to the firing alerts (while none fires: what the last had).
func (s *State) Labels() map[string]string {
	if s.commonStale {
		var common map[string]string
		for _, a := range s.Alerts {
			if a.Firing() && !a.Muted {
				common = intersect(common, a.Labels)
				if s.commonGrows && len(common) == len(s.common) {
					break // it can be no less
				}
			}
		}
		if common != nil {
			s.common = common
		}
		s.commonStale, s.commonGrows = false, false
	}
	out := make(map[string]string, len(s.common)+3)
	for k, v := range s.common {
		out[k] = v
	}
	out["service"], out["severity"], out["kind"] = s.Service, s.Severity, string(s.Kind)
	return out
}

// intersect keeps what both have; nil stands for everything.
func intersect(common, labels map[string]string) map[string]string {
	out := make(map[string]string)
	if common == nil {
		for k, v := range labels {
			out[k] = v
		}
		return out
	}
	for k, v := range common {
		if labels[k] == v {
			out[k] = v
		}
	}
	return out
}

// WordsFor returns the last words that were for an audience, up to a number
// (0: any).
func (s *State) WordsFor(audience string, upTo int) (Words, bool) {
	for i := len(s.Words) - 1; i >= 0; i-- {
		w := s.Words[i]
		if (upTo == 0 || w.Number <= upTo) && w.For(audience) {
			return w, true
		}
	}
	return Words{}, false
}

// Fresh returns the words that an audience has not had yet: the newest.
func (s *State) Fresh(audience string) (Words, bool) {
	t := s.Told[audience]
	for _, w := range slices.Backward(s.Words) {
		switch {
		case t != nil && t.Words >= w.Number, s.Struck[audience] >= w.Number:
			return Words{}, false
		case w.Corrects == 0 && w.For(audience):
			return w, true
		}
	}
	return Words{}, false
}

// Detached reports whether an alert that begins now belongs to a new outage.
func (s *State) Detached(now time.Time) bool {
	return !s.ResolvedAt.IsZero() && now.Sub(s.ResolvedAt) > relapse && s.firing == 0 && s.Under == ""
}

func (s *State) anyFiring() bool {
	for _, a := range s.Alerts {
		if a.Firing() {
			return true
		}
	}
	return false
}
