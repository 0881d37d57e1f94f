package incident

import (
	"fmt"
	"time"
)

// An ailment is something of sitrep itself that does not work as it should. Its
// case is no incident, and tells no audience; it only has the team that mends
// things alarmed, by a channel that works.
//
//	well ──something noticed it──> ailing ──it passed──> well
//	                               │    ^
//	                               └────┘ it got worse
//
// One alarm an hour is enough, whatever comes and goes meanwhile.

// What ails.
const (
	AilingChannel = "channel" // what is sent by it is not accepted, whoever it is for
	AilingBudget  = "budget"  // a channel's budget is nearly spent, or is
	AilingQueue   = "queue"   // what a channel has to send is later than it was promised
	AilingWebhook = "webhook" // Alertmanager was refused, and does not try again
	// AilingRecipients is a file of recipients that is not used as it is now.
	AilingRecipients = "recipients"
	// AilingCalendar is a calendar that cannot be read, and AilingEntries one with
	// entries that are not taken.
	AilingCalendar = "calendar"
	AilingEntries  = "entries"
)

// Ailment says what does not work.
type Ailment struct {
	ID      string    `json:"id"` // what it is known by, such as channel-email
	What    string    `json:"what"`
	Channel string    `json:"channel,omitempty"`
	Code    string    `json:"code,omitempty"` // the provider's, how Alertmanager or sitrep was answered, or a service that there is not
	Name    string    `json:"name,omitempty"` // the calendar's, in the configuration
	Since   time.Time `json:"since"`
	// Of a budget, in messages.
	Incident string `json:"incident,omitempty"` // empty: of the day
	Spent    int    `json:"spent,omitempty"`
	Limit    int    `json:"limit,omitempty"`
	// Well says that it passed; Until is when, as far as that is known.
	Well  bool      `json:"well,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Case is the id of the ailment's case.
func (a Ailment) Case() string { return AilmentID + a.ID }

// AilmentID is what the ids of ailments begin with; no incident's does.
const AilmentID = "ailment-"

// NewAilment returns the state of what may ail, and does not.
func NewAilment(id string) *State {
	s := NewState("")
	s.ID, s.Kind = id, Ailing
	return s
}

// Own reports whether it is a case of sitrep's own, and no incident.
func (s *State) Own() bool { return s.Kind == Watchdog || s.Kind == Ailing }

// Lasting reports whether it is over only with the incident that it is about: that
// need not be told.
func (a Ailment) Lasting() bool { return a.Incident != "" }

// worse reports whether it is news to who was alarmed.
func (a Ailment) worse(than Ailment) bool {
	return a.Limit > 0 && a.Spent >= a.Limit && than.Spent < than.Limit
}

// ail judges what was noticed.
func (d *decision) ail() {
	a, was := d.in.Ailment, d.s.Ailment
	switch {
	case a == nil:
	case a.Well && was != nil:
		over := *was
		over.Well, over.Until = true, a.Until
		d.emit(Fact{Body: &over})
	case !a.Well && (was == nil || a.worse(*was)):
		begun := *a
		if was != nil {
			begun.Since = was.Since
		}
		d.emit(Fact{Body: &begun})
	}
}

// ails remembers it.
func (s *State) ails(a *Ailment) {
	if a.Well {
		s.Ailment, s.Ailed = nil, a
		return
	}
	last := s.Ailment
	if last == nil {
		last = s.Ailed
	}
	if last != nil && a.worse(*last) { // that is news, also within the hour
		s.Alarmed, s.AlarmedAt = nil, time.Time{}
	}
	s.Ailment = a
}

// String says it.
func (a Ailment) String() string {
	about := a.What
	if a.Channel != "" {
		about = a.Channel + " " + a.What
	}
	if a.Name != "" {
		about += " " + a.Name
	}
	if a.Code != "" {
		about += " (" + a.Code + ")"
	}
	switch {
	case a.Well:
		return "is well again: " + about
	case a.What == AilingBudget:
		of := "the day"
		if a.Incident != "" {
			of = a.Incident
		}
		return fmt.Sprintf("ails: %s, %d of %d messages of %s", about, a.Spent, a.Limit, of)
	}
	return fmt.Sprintf("ails: %s, since %s", about, stamp(a.Since))
}
