package policies

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"
)

// Config is one configuration file, read, checked and resolved: every name in
// it that refers to something else has been looked up. It is made by Load and
// never changed afterwards. No package takes it whole: cmd/sitrep hands each
// the part it needs.
type Config struct {
	Global     Global
	NATS       NATS
	Email      *Email // nil: no email channel
	SMS        *SMS   // nil: no SMS channel
	Severities Severities
	SLAs       []*SLA
	Services   []*Service // in file order: an alert belongs to the first whose matchers hold
	Teams      []*Team    // in file order; teams are "communication" and "resolution"
	Audiences  []*Audience
	Policies   []*Policy // in file order: first match wins
	Access     *Access   // nil: the API answers on loopback addresses only
	Watchdogs  []Watchdog
	Heartbeat  *Heartbeat // nil: none
	Changes    *Changes   // nil: only people plan changes
	Languages  []string   // that messages can be told in, sorted
	// Templates are the patterns of the operator's own message templates.
	Templates []Template
	// RecipientsFiles are the files that recipients were read from, each once.
	RecipientsFiles []string

	// Notes say what the file leaves out and somebody may miss; check-config shows
	// them.
	Notes []Problem
	// Warnings are findings that do not stop a start, in file order.
	Warnings []Problem
	// NotInForce names the keys that the file sets and this version accepts
	// without effect, in file order.
	NotInForce []string
}

// Global holds what applies where nothing nearer says otherwise.
type Global struct {
	Organisation string
	Language     string         // of messages
	TimeZone     *time.Location // of every time written in a message
	ExternalURL  string         // without a trailing slash; may be empty
	Informal     bool           // readers are called by the familiar word
	// LinkHosts are hosts beside that of ExternalURL to which messages may lead: in
	// lower case, or *.suffix.
	LinkHosts []string
}

// Secret is a secret value or the file that holds it. It never prints itself.
type Secret struct {
	// value is a pointer since package fmt, for a verb that fits nothing, prints
	// fields without asking Format.
	value *string
	// File is the absolute or configuration-relative path, already resolved;
	// empty when the value stands in the configuration itself.
	File string
}

// NewSecret returns a secret that holds value itself.
func NewSecret(value string) Secret { return Secret{value: &value} }

// Value returns the secret that stands in the configuration itself; where
// File is set, whoever uses the secret reads the file at that moment.
func (s Secret) Value() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no secret at all.
func (s Secret) IsZero() bool { return s.Value() == "" && s.File == "" }

// String hides the value.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return "<secret>"
}

// GoString hides the value from %#v too.
func (s Secret) GoString() string { return s.String() }

// Format hides the value from every verb, also those for numbers.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText hides the value from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Severities are the configured severities from low to high.
type Severities []string

// Rank returns the place of a severity, lowest 0. A missing or unknown one
// ranks lowest; ok says whether it was known.
func (s Severities) Rank(severity string) (rank int, ok bool) {
	for i, v := range s {
		if v == severity {
			return i, true
		}
	}
	return 0, false
}

// Name returns the severity of a rank; "" where there is none.
func (s Severities) Name(rank int) string {
	if rank < 0 || rank >= len(s) {
		return ""
	}
	return s[rank]
}

// Clock names one of the two SLA clocks.
type Clock string

const (
	Expected Clock = "expected" // what people expect all the same
	Agreed   Clock = "agreed"   // what the contract allows
)

// SLA is what is agreed and what is expected of a service.
type SLA struct {
	Name     string
	Agreed   time.Duration // 0: none
	Expected time.Duration // 0: none
	// Counted is when the clocks run; nil means always.
	Counted *Calendar
}

// Limit returns the length of a clock; 0 where the SLA has none.
func (s *SLA) Limit(c Clock) time.Duration {
	switch {
	case s == nil:
		return 0
	case c == Expected:
		return s.Expected
	default:
		return s.Agreed
	}
}

// Used returns how much of the SLA's time has run between start and now.
func (s *SLA) Used(start, now time.Time) time.Duration {
	if s == nil {
		return 0
	}
	return s.Counted.Between(start, now)
}

// Moment returns when a share (1 is all of it) of a clock that started at
// start is used up; ok is false where that never happens.
func (s *SLA) Moment(start time.Time, c Clock, share float64) (at time.Time, ok bool) {
	limit := s.Limit(c)
	if limit == 0 {
		return time.Time{}, false
	}
	used := float64(limit) * share
	if used >= math.MaxInt64 {
		return time.Time{}, false
	}
	return s.Counted.Add(start, time.Duration(used))
}

// Service is what people know by name.
type Service struct {
	Name  string
	Title Texts
	// Impact and Workaround are what is usually so when it is out: what people
	// notice, and what they can do meanwhile. Nil: nobody says.
	Impact, Workaround Texts

	Matchers  labels.Matchers // all must hold
	SLA       *SLA            // nil: no clocks
	DependsOn []string
	// Threshold rows: one must hold before an outage becomes an incident.
	Threshold     []Threshold
	ResolvedAfter time.Duration
	// UnconfirmedAfter is how long an alert's webhooks may be absent.
	UnconfirmedAfter time.Duration
}

// Threshold is one row: at least Alerts alerts at Severity or above, each
// firing for FiringFor.
type Threshold struct {
	FiringFor time.Duration
	Severity  string // "": any
	Alerts    int    // at least 1
}

// Texts is a text by language. The empty language holds where the wanted one
// is missing.
type Texts map[string]string

// MaxAccount is how many characters messages have room for, of each thing that is
// told of an outage.
const MaxAccount = 300

// In returns the text in a language, else in the empty language, else any (the
// first by name, so that it is always the same one).
func (t Texts) In(language string) string {
	for _, l := range []string{language, ""} {
		if s, ok := t[l]; ok {
			return s
		}
	}
	first := ""
	for l := range t {
		if first == "" || l < first {
			first = l
		}
	}
	return t[first]
}

// Reads says which words an audience reads.
type Reads string

const (
	Executive  Reads = "executive"
	Management Reads = "management"
	Technical  Reads = "technical" // the only one who sees alert text
	Staff      Reads = "staff"
	Customer   Reads = "customer"
)

// Unapproved is what goes out when an update falls due to which nobody said yes.
type Unapproved string

const (
	Hold        Unapproved = "hold"         // nothing
	SendHolding Unapproved = "send_holding" // that it goes on, or is over, and nothing else
)

// Audience is people told the same thing.
type Audience struct {
	Name     string
	Reads    Reads
	Language string         // "": the global one
	TimeZone *time.Location // nil: the global one
	Informal bool           // called by the familiar word
	Channels []string       // "email", "sms": all at once
	Fallback []string
	Critical bool
	// Calendar says that mails about a planned change bring an entry for a calendar.
	Calendar bool
	// Unsubscribe says that each recipient may take himself off the mailing list.
	Unsubscribe bool
	// Approval says that nothing goes to it without a second person's yes, and
	// Unapproved what becomes of a promise without one.
	Approval   bool
	Unapproved Unapproved
	// Recipients are those of the file itself and of recipients_files, in
	// file order, each address at most once per channel.
	Recipients []Recipient
	Line       int // of the file, from 1, where its name stands
}

// Recipient is one person of an audience, with the defaults filled in.
type Recipient struct {
	Name     string
	Email    string // bare address, domain in lower case; may be empty
	Phone    string // E.164; may be empty
	Language string
	TimeZone string // IANA name
}

// Address returns where a channel reaches the recipient; empty where it does
// not.
func (r Recipient) Address(channel string) string {
	switch channel {
	case channelEmail:
		return r.Email
	case channelSMS:
		return r.Phone
	}
	return ""
}

// Team is one of the two groups that are asked for something.
type Team struct {
	Name        string
	Informal    bool // called by the familiar word
	Channels    []string
	NudgeBefore time.Duration
	Recipients  []Recipient
}

// Policy says for which incidents which audiences are told how often.
type Policy struct {
	Name     string
	Matchers labels.Matchers // none: every incident
	Updates  []Updates
	// WindowCounts says that the SLA clocks of a planned change run from its start;
	// else they run from its planned end.
	WindowCounts bool
	Line         int // of the file, from 1, where its name stands
}

// Covers reports whether the policy is for an incident with these labels.
func (p *Policy) Covers(incident map[string]string) bool { return covers(p.Matchers, incident) }

// Covers reports whether an alert with these labels belongs to the service.
func (s *Service) Covers(alert map[string]string) bool { return covers(s.Matchers, alert) }

func covers(matchers labels.Matchers, of map[string]string) bool {
	for _, m := range matchers {
		if !m.Matches(of[m.Name]) {
			return false
		}
	}
	return true
}

// Updates is one audience's part of a policy.
type Updates struct {
	Audience *Audience
	// Cadence is for an incident. Of a planned change its ages count from the planned
	// end; may be empty where Announce is not.
	Cadence []Row
	// Announce is when the audience hears of a planned change before it is one.
	Announce []Announcement
	// Active is when updates may go out; nil means always.
	Active *Calendar
	Line   int // of the file, from 1, where the audience's name stands
}

// Row says how often from a moment on. With a phase or a severity it is in force
// only while the incident is in that phase, or has that severity.
type Row struct {
	From     From
	Every    time.Duration
	Phase    string // investigating, identified or monitoring; "": any
	Severity string // "": any
	Line     int    // of the file, from 1
}

// From is an age of the outage or a share of an SLA clock.
type From struct {
	Age   time.Duration // where Clock is ""
	Share float64       // of Clock; 1 is 100%
	Clock Clock
}

// Watchdog is a heartbeat alert that must keep coming.
type Watchdog struct {
	Matchers  labels.Matchers
	AbsentFor time.Duration
}

// String says which alert it waits for, as the configuration writes it.
func (w Watchdog) String() string {
	out := make([]string, len(w.Matchers))
	for i, m := range w.Matchers {
		out[i] = m.String()
	}
	return strings.Join(out, ", ")
}

// Covers reports whether an alert with these labels is the heartbeat.
func (w Watchdog) Covers(alert map[string]string) bool { return covers(w.Matchers, alert) }
