package incident

import (
	"fmt"
	"strings"
	"time"
)

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
	Since time.Time `json:"since"` // when the last webhook came, to within a fifth of the limit
}

// Confirmed: webhooks say again that the alerts fire.
type Confirmed struct{}

// Passed: an outage ended before any threshold row held; nobody was told.
type Passed struct{}

// Opened: a threshold row held, and the outage became an incident.
type Opened struct {
	Kind      Kind      `json:"kind"`
	Severity  string    `json:"severity"`
	StartedAt time.Time `json:"started_at"` // of the outage
	Alerts    int       `json:"alerts"`     // firing at that moment
	Row       string    `json:"row"`        // the threshold row that held, in words
}

// Escalated: the severity of an open incident rose by itself.
type Escalated struct {
	From string `json:"from"`
	To   string `json:"to"`
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

// Planned: an update was ordered. It is the order itself: what it says and who
// gets it is fixed by the hashes in it.
type Planned struct {
	Update     int        `json:"update"` // number within the incident, from 1
	Audience   string     `json:"audience"`
	Kind       UpdateKind `json:"kind"`
	Number     int        `json:"number"`              // counts the updates to this audience, from 1
	DueAt      time.Time  `json:"due_at"`              // when it fell due
	NextAt     time.Time  `json:"next_at,omitzero"`    // when the next is due, as foreseen; zero: never
	NextWhy    string     `json:"next_why,omitempty"`  // by which policy and row
	PromiseAt  time.Time  `json:"promise_at,omitzero"` // "next update before"; zero: none
	Promised   time.Time  `json:"promised,omitzero"`   // what the one before it promised for this one
	Channels   []string   `json:"channels"`            // all at once
	Behind     []string   `json:"behind,omitempty"`    // channels that wait for the audience's hours
	CatchUp    bool       `json:"catch_up,omitempty"`  // to channels that waited: the audience's clock and promise stay
	Critical   bool       `json:"critical,omitempty"`  // overtakes others
	Words      int        `json:"words,omitempty"`     // number of the words it carries
	Why        string     `json:"why"`                 // policy and row, or who asked for it
	Policy     string     `json:"policy,omitempty"`    // whose rows its next update follows
	Texts      string     `json:"texts"`               // hash of what it says
	Roster     []string   `json:"roster"`              // hashes of the chunks of who gets it
	Deliveries int        `json:"deliveries"`          // recipients times channels that reach them
	Parts      int        `json:"parts"`               // how many parts it is cut into
	First      int        `json:"first,omitempty"`     // number of the audience's first update: the thread's head
	Previous   int        `json:"previous,omitempty"`  // number of the audience's update before this one
	Late       bool       `json:"late,omitempty"`      // planned after the moment promised
	Firing     int        `json:"firing,omitempty"`    // alerts firing when it was written
}

// Delivered: a worker finished a part of an update. Deliveries themselves are
// not facts; this is the sum of one part.
type Delivered struct {
	Update     int       `json:"update"`
	Part       string    `json:"part"`
	Accepted   int       `json:"accepted"`
	Failed     int       `json:"failed,omitempty"`     // for the recipient's own reason
	Unreached  int       `json:"unreached,omitempty"`  // given up for another reason
	Superseded int       `json:"superseded,omitempty"` // not sent, a newer update existed
	Possible   int       `json:"possible_duplicates,omitempty"`
	LastAt     time.Time `json:"last_at,omitzero"` // the last acceptance, by the worker's clock
}

// Promise: a promised update came in time, or did not.
type Promise struct {
	Audience  string    `json:"audience"`
	Update    int       `json:"update"`         // the update that made the promise
	By        int       `json:"by,omitempty"`   // the update that kept it
	PromiseAt time.Time `json:"promise_at"`     // the moment promised
	Late      bool      `json:"late,omitempty"` // it had been counted as broken before
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

// Reopened: alerts that began within a day of the end passed a threshold row.
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
}

// Unrostered: an update was due, and its audience has nobody who can be
// reached any more.
type Unrostered struct {
	Audience string `json:"audience"`
}

// String says the fact as a sentence.
func (f Fact) String() string {
	s := f.subject() + f.predicate()
	if f.By != "" {
		s += " (by " + f.By + ")"
	}
	return s
}

// Name says what kind of fact it is, in one word.
func (f Fact) Name() string {
	for _, k := range []struct {
		name string
		is   bool
	}{
		{"alert_fired", f.Fired != nil}, {"alert_ceased", f.Ceased != nil}, {"outage_passed", f.Passed != nil},
		{"alerts_heard", f.Heard != nil}, {"unconfirmed", f.Unconfirmed != nil}, {"confirmed", f.Confirmed != nil},
		{"opened", f.Opened != nil}, {"severity_rose", f.Escalated != nil}, {"phase_changed", f.Phased != nil},
		{"words_said", f.Said != nil}, {"update_planned", f.Planned != nil}, {"part_delivered", f.Delivered != nil},
		{"promise_kept", f.Kept != nil}, {"promise_broken", f.Broken != nil}, {"sla_breached", f.Breached != nil}, {"resolved", f.Resolved != nil},
		{"reopened", f.Reopened != nil}, {"override_refused", f.Refused != nil}, {"nobody_reached", f.Unrostered != nil},
	} {
		if k.is {
			return k.name
		}
	}
	return "unknown"
}

func (f Fact) subject() string {
	if f.Incident == "" {
		return f.Service + ": "
	}
	return "incident " + f.Incident + " "
}

func (f Fact) predicate() string {
	switch {
	case f.Fired != nil:
		verb := "fires"
		if f.Fired.Again {
			verb = "fires again"
		}
		return fmt.Sprintf("%salert %s %s%s", f.colon(), f.Fired.Alert.Name, verb, parens(f.Fired.Alert.Severity))
	case f.Ceased != nil:
		return fmt.Sprintf("%salert %s stopped", f.colon(), f.Ceased.Name)
	case f.Passed != nil:
		return "outage over before it became an incident"
	case f.Heard != nil:
		return f.colon() + "webhooks still say that the alerts fire"
	case f.Unconfirmed != nil:
		return "unconfirmed: no webhook since about " + stamp(f.Unconfirmed.Since)
	case f.Confirmed != nil:
		return "confirmed: webhooks say again that the alerts fire"
	case f.Opened != nil:
		return fmt.Sprintf("opened: %s, %s (%s)", f.Service, f.Opened.Severity, f.Opened.Row)
	case f.Escalated != nil:
		return fmt.Sprintf("severity rose from %s to %s", f.Escalated.From, f.Escalated.To)
	case f.Phased != nil:
		return fmt.Sprintf("phase %s, was %s", f.Phased.To, f.Phased.From)
	case f.Said != nil:
		return fmt.Sprintf("words %d for %s: %q", f.Said.Number, strings.Join(f.Said.Audiences, ", "), anyText(f.Said.Texts))
	case f.Planned != nil:
		return f.Planned.String()
	case f.Delivered != nil:
		return f.Delivered.String()
	case f.Kept != nil:
		after := ""
		if f.Kept.Late {
			after = " after all"
		}
		return fmt.Sprintf("promise to %s kept%s: update %d came before %s", f.Kept.Audience, after, f.Kept.By, stamp(f.Kept.PromiseAt))
	case f.Broken != nil:
		return fmt.Sprintf("promise to %s broken: nothing had reached all of them before %s", f.Broken.Audience, stamp(f.Broken.PromiseAt))
	case f.Breached != nil:
		return fmt.Sprintf("took longer than the %s %s", f.Breached.Clock, short(f.Breached.Limit))
	case f.Resolved != nil:
		s := fmt.Sprintf("resolved: out from %s to %s", stamp(f.Resolved.StartedAt), stamp(f.Resolved.EndedAt))
		if f.Resolved.Firing > 0 {
			s += fmt.Sprintf(", %s muted", count(f.Resolved.Firing, "firing alert"))
		}
		if f.Resolved.Reason != "" {
			s += fmt.Sprintf(": %q", f.Resolved.Reason)
		}
		return s
	case f.Reopened != nil:
		return fmt.Sprintf("reopened: %s (%s)", f.Reopened.Severity, f.Reopened.Row)
	case f.Refused != nil:
		return fmt.Sprintf("%srefused to %s: %s", f.colon(), f.Refused.What, f.Refused.Reason)
	case f.Unrostered != nil:
		return fmt.Sprintf("update to %s not sent: nobody on its roster can be reached", f.Unrostered.Audience)
	}
	return "something that this version does not know"
}

// colon separates the sentence from "incident SR-12" where it does not go on
// with a verb; before opening, the subject ends in a colon already.
func (f Fact) colon() string {
	if f.Incident == "" {
		return ""
	}
	return "- "
}

// String says the order.
func (p Planned) String() string {
	s := fmt.Sprintf("update %d to %s: %s by %s, %s", p.Update, p.Audience, p.Kind, strings.Join(p.Channels, " and "), count(p.Deliveries, "delivery"))
	if p.Late {
		s += ", late"
	}
	if !p.PromiseAt.IsZero() {
		s += ", next before " + stamp(p.PromiseAt)
	}
	return s + parens(p.Why)
}

// String says the outcome of a part.
func (d Delivered) String() string {
	s := fmt.Sprintf("update %d, part %s: %d accepted", d.Update, d.Part, d.Accepted)
	for _, n := range []struct {
		n    int
		what string
	}{{d.Failed, "failed"}, {d.Unreached, "given up"}, {d.Superseded, "superseded"}, {d.Possible, "possibly twice"}} {
		if n.n > 0 {
			s += fmt.Sprintf(", %d %s", n.n, n.what)
		}
	}
	return s
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func parens(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if strings.HasSuffix(what, "y") {
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(what, "y"))
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// anyText picks the text to show in a sentence: the one for everybody, else
// the first language by name.
func anyText(texts map[string]string) string {
	if s, ok := texts[""]; ok {
		return s
	}
	first := ""
	for l := range texts {
		if first == "" || l < first {
			first = l
		}
	}
	return texts[first]
}
