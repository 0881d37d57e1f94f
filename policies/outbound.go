package policies

import (
	"net/mail"
	"strings"
)

// Email configures the email channel.
type Email struct {
	Smarthosts []string // host:port, tried in this order
	From       mail.Address
	Username   string
	Password   Secret
	RequireTLS bool
	Sessions   int // SMTP sessions at once
	DependsOn  []string
	// Mechanism is how it authenticates; empty: by the best that the server offers.
	Mechanism string
	DKIM      *DKIM // nil: sitrep does not sign
	// Bounces is where what cannot be delivered comes back; empty: to From.
	// BouncesFile is a mailbox file or a Maildir that is read for them; may be empty.
	Bounces     string
	BouncesFile string
}

// DKIM is by what mail is signed.
type DKIM struct {
	Domain, Selector string
	Key              Secret // PEM
}

// SMS configures the SMS channel.
type SMS struct {
	Account           // the first that is tried
	Others  []Account // tried in this order, where the one before certainly did not accept
	// ReplyToNumber is where people can answer STOP; empty: nowhere, or at From.
	ReplyToNumber     string
	MessagesPerSecond float64 // of each provider; 0: no pacing
	Sessions          int     // calls to the providers at once
	MaxSegments       int     // that a message with a person's words may take
	PerSegment        float64 // what one costs, for previews
	Currency          string  // ISO 4217; empty: no price is known
	BudgetPerIncident int     // messages; 0: no limit
	BudgetPerDay      int
	DependsOn         []string
}

// Account is one with an SMS provider. Exactly one of From and MessagingServiceSID
// is set.
type Account struct {
	Provider            string // "twilio"
	AccountSID          string
	AuthToken           Secret
	From                string // E.164 number or a sender ID of at most 11 characters
	MessagingServiceSID string
	APIURL              string // without a trailing slash
}

// Receives reports whether somebody can answer what comes from the account. A sender
// ID is no number.
func (a Account) Receives() bool {
	return a.MessagingServiceSID != "" || strings.HasPrefix(a.From, "+")
}

// Accounts are all of them, in their order.
func (s *SMS) Accounts() []Account { return append([]Account{s.Account}, s.Others...) }

// Replies reports whether people can answer an SMS, and at which number where that is
// not the one that it comes from: sitrep must be reached by the provider.
func (c *Config) Replies() (to string, can bool) {
	switch s := c.SMS; {
	case s == nil || c.Global.ExternalURL == "":
		return "", false
	case s.ReplyToNumber != "":
		return s.ReplyToNumber, true
	default:
		return "", s.Receives()
	}
}

// Needs returns the services that each channel depends on.
func (c *Config) Needs() map[string][]string {
	needs := map[string][]string{}
	if c.Email != nil {
		needs[channelEmail] = c.Email.DependsOn
	}
	if c.SMS != nil {
		needs[channelSMS] = c.SMS.DependsOn
	}
	return needs
}
