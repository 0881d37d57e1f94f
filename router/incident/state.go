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
	// Combined says to one recipient what several updates would have said.
	Combined UpdateKind = "combined"
)

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
	ID      string // "SR-12"; empty while it is no incident
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
	Steers   map[string]*Steering // by audience
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
	Consequences    map[string]*Consequence // by service
	Left            []string                // consequences that outlived this incident

	// Asked holds, for each audience, which due update the communication team was
	// asked to give words for.
	Asked      map[string]time.Time
	NudgedAt   time.Time       // when it was asked last
	Questioned map[string]bool // teams that were asked whether it still is
	// SilentSince is since when a watchdog is silent; nil while it is heard.
	SilentSince *time.Time
	Unheard     bool            // it was not heard since the start before that
	Alarmed     map[string]bool // teams that know that it is silent

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

	Updates int // planned so far
	Words   []Words
	Told    map[string]*Told // by audience
	Flights map[int]*Flight  // updates whose deliveries are not all reported
	Falls   []*Fall          // what failed for good, and is to go by another way
	Totals  map[string]*Totals

	common      map[string]string
	commonStale bool
}

// Alert is what is remembered of one alert.
type Alert struct {
	Fingerprint string            `json:"fingerprint"`
	Name        string            `json:"name"`
	Severity    string            `json:"severity"`
	Labels      map[string]string `json:"labels"`
	Summary     string            `json:"summary,omitempty"`
	StartsAt    time.Time         `json:"starts_at"`

	// Told is the startsAt that webhooks give, where it is not StartsAt: one that
	// lay in the future, or was missing. Zero where it is.
	Told *time.Time `json:"told,omitempty"`

	EndsAt   time.Time `json:"-"` // zero while it fires
	CeasedAt time.Time `json:"-"` // intake of the webhook that told its end
	Muted    bool      `json:"-"` // resolved by hand while it fired
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
}

// For reports whether the words were for an audience.
func (w Words) For(audience string) bool {
	return slices.Contains(w.Audiences, audience)
}

// Told is what one audience knows, and what it was promised.
type Told struct {
	First, Last int       // update numbers
	Count       int       // updates so far
	LastAt      time.Time // the moment from which the next is counted
	NextAt      time.Time // when the next is due, as the last one foresaw; zero: never
	NextWhy     string    // by which policy and row
	PromiseAt   time.Time // of the last update; zero: none
	Kind        UpdateKind
	Policy      string // that told it last
	Phase       Phase
	Severity    string
	Words       int  // number of the last words for it that it had
	Firing      int  // alerts firing at its last update
	Heard       bool // told since the outage, or its relapse, began
	Closed      bool
	Behind      []string // channels that have not had the last update: they wait for hours, or are out
	Fell        []string // fallbacks that it was told by
	Rescued     []string // those by which somebody was whom a channel could not reach
	By          []string // channels of its last update
	Unheard     bool     // those have not had a first word either
	Breaches    int      // SLA breaches that it was told of
	Unconfirmed bool     // it was told that nobody knows
	Estimate    time.Time
	Services    []string // consequences that it was told of
	// Heir says that it was told of this outage by another incident, and not yet
	// by this one; Away that another incident tells it now; Folded are services
	// that it was told of by incidents that are part of this one now.
	Heir, Away bool
	Folded     []string
	// doubted says that it is told of nothing but that the end, which it was told,
	// was taken back by a person.
	doubted bool

	landed   *Delivered // what became of the last one; nil: it is on its way
	Promises []*Pending // not judged yet, oldest first
	Made     int
	Kept     int
	Broken   int
	Held     int // of those broken, by a person who held or paused the audience

	Channels []string
	Rosters  []string      // hashes of every chunk of people that it was told by
	Silence  time.Duration // longest time between two updates
}

// Pending is a promise whose fate is open.
type Pending struct {
	Update int // that made it
	At     time.Time
	By     int    // the update that came next; 0: none yet
	Done   bool   // every part of that update was reported
	InTime bool   // and all of it was accepted before At
	Broken bool   // counted as broken already
	Held   string // by whom the audience is held or paused past it
}

// Flight is an update on its way.
type Flight struct {
	Order Planned
	At    time.Time       // it was planned
	Done  map[string]bool // parts and carriers reported
	Sum   Delivered       // of what they reported
	// Fallen are the rows that failed for good, by part.
	Fallen map[string][]int
}

// Totals count deliveries of one audience.
type Totals struct {
	Planned, Accepted, Failed, Unreached, Superseded, Possible int
}

// Open reports whether it is an incident that is not over.
func (s *State) Open() bool { return s.ID != "" && s.ResolvedAt.IsZero() && s.Kind != Watchdog }

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
		s.commonStale = false
		var common map[string]string
		for _, a := range s.Alerts {
			if a.Firing() && !a.Muted {
				common = intersect(common, a.Labels)
			}
		}
		if common != nil {
			s.common = common
		}
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
	w, ok := s.WordsFor(audience, 0)
	if !ok {
		return Words{}, false
	}
	if t := s.Told[audience]; t != nil && t.Words >= w.Number {
		return Words{}, false
	}
	return w, true
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
