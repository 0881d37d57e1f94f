package channels

import (
	"context"
	"errors"
	"time"
)

// Delivery is one update to one recipient by one channel, ready for the wire.
type Delivery struct {
	// ID names the delivery: the same however often it is tried.
	ID string
	// To is a bare email address or an E.164 number, by the channel.
	To       string
	Name     string // of the recipient; may be empty
	Language string // BCP 47, of the text

	Subject string // email only
	Text    string
	HTML    string // email only; may be empty
	// Event goes with an email, for the recipient's calendar; nil: none.
	Event *Event

	// Thread are the IDs of deliveries to the same recipient that this one
	// follows, oldest first; empty for the first.
	Thread []string
	// Topic is the same for all messages that one list of people gets; empty
	// where it goes to no list.
	Topic string

	// Again says that an earlier attempt ended ambiguously: the provider may
	// have it already.
	Again bool
	// Sought is how often the provider was asked for it since and did not show it.
	Sought int
	// Since is when the delivery was first attempted, by the worker's clock: on
	// the first try it is now. Zero where that is not known.
	Since time.Time
	// Tries is how many attempts there were so far, this one among them; 0 where
	// that is not known.
	Tries int
	// Expires is when the message is of no use any more; zero: never.
	Expires time.Time

	// Ref is what a report about the delivery names it by when it comes later,
	// from outside: see Key.Ref. Empty where none is wanted.
	Ref string
	// Unsubscribe is an https address of which a POST takes the recipient off the
	// list, without a further question (RFC 8058); empty where that is not offered.
	Unsubscribe string
}

// Accepted is what a provider said when it took a delivery.
type Accepted struct {
	// At is when the acceptance was read from the wire.
	At time.Time
	// Provider is the provider's own id of the message; may be empty.
	Provider string
	// Before says that an earlier attempt had been accepted: nothing was sent.
	Before bool
}

// Fate is what became of a delivery after it was accepted, as its provider told
// later: in a callback, a bounce, or when it was asked.
type Fate struct {
	// Ref is the delivery's.
	Ref string
	// State is Delivered or Failed; any other says that nothing is known yet.
	State State
	// Code is the provider's ("5.1.1", "30005"); may be empty.
	Code string
	// Again says, of Failed, that another try may succeed.
	Again bool
	At    time.Time
}

// Sender sends deliveries over one channel. Send may be called by as many
// goroutines at once as the worker has sessions; it ends soon after ctx does.
//
// What went wrong is said as a value: Permanent, RetryAfter, NotShown,
// Ambiguous, Down or DownFor around the error; any other error is temporary and the worker
// decides when to try again.
type Sender interface {
	Send(ctx context.Context, d Delivery) (Accepted, error)
}

// Class is what an error means for the delivery.
type Class string

const (
	ClassTemporary Class = "temporary" // try again later
	ClassPermanent Class = "permanent" // the recipient's own reason; never again
	ClassAmbiguous Class = "ambiguous" // it may have been accepted
	ClassDown      Class = "down"      // the channel itself does not work, for anyone
)

// Failure is an error with its class. Its text holds no address and no secret.
type Failure struct {
	Class Class
	// After is how long to wait before trying again, where the provider said
	// so; 0 where it did not.
	After time.Duration
	// Code is the provider's code ("550 5.1.1", "21211"); may be empty.
	Code string
	Err  error
	// Sought says that nothing was sent: the provider was asked for what it may
	// have already, and does not show it.
	Sought bool
}

func (f *Failure) Error() string { return f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

// Permanent says that this recipient will never get it.
func Permanent(code string, err error) error {
	return &Failure{Class: ClassPermanent, Code: code, Err: err}
}

// RetryAfter says that the provider wants to be asked again after d.
func RetryAfter(d time.Duration, code string, err error) error {
	return &Failure{Class: ClassTemporary, After: d, Code: code, Err: err}
}

// NotShown says that the provider does not show what it may have already, and is
// to be asked once more after d, before it is sent again.
func NotShown(d time.Duration, err error) error {
	return &Failure{Class: ClassTemporary, After: d, Sought: true, Err: err}
}

// Temporary says that a later try may succeed.
func Temporary(code string, err error) error {
	return &Failure{Class: ClassTemporary, Code: code, Err: err}
}

// Ambiguous says that nobody knows whether it was accepted.
func Ambiguous(code string, err error) error {
	return &Failure{Class: ClassAmbiguous, Code: code, Err: err}
}

// Down says that the channel does not work, whoever the recipient is.
func Down(code string, err error) error {
	return &Failure{Class: ClassDown, Code: code, Err: err}
}

// DownFor says that the channel does not work, and is worth asking again after d.
func DownFor(d time.Duration, code string, err error) error {
	return &Failure{Class: ClassDown, After: d, Code: code, Err: err}
}

// Classify returns the failure in err; an error without one is temporary.
func Classify(err error) Failure {
	var f *Failure
	if errors.As(err, &f) {
		return *f
	}
	return Failure{Class: ClassTemporary, Err: err}
}
