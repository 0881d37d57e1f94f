package sms

import (
	"strconv"

	"sitrep/channels"
)

// code is what one of Twilio's error codes means.
type code struct {
	class channels.Class
	about string
	// suppress says that the number itself is no good, or that its owner wants
	// nothing more: no message is to be tried to it, not even another one.
	suppress bool
}

const (
	permanent = channels.ClassPermanent
	down      = channels.ClassDown
	temporary = channels.ClassTemporary
)

// codes are those of Twilio's error dictionary that say whose fault it is. 21xxx
// answer a request; 30xxx are what became of a message, seen in lists, in
// callbacks and when a message is asked for. Twilio splits codes now and then
// and adds others, so one that is not here is tried once more before it counts
// as the recipient's own.
var codes = map[int]code{
	// The recipient's number, or his wish.
	21211: {permanent, "the recipient's number is not valid", true},
	21265: {permanent, "the recipient's number is a short code", true}, // split off 21211
	21610: {permanent, "the recipient has unsubscribed by STOP", true},
	21614: {permanent, "the recipient's number is not a mobile number", true},
	21635: {permanent, "the recipient's number is a landline", true}, // split off 21614
	30005: {permanent, "unknown destination handset", true},
	30006: {permanent, "landline or unreachable carrier", true},

	// The recipient's, but no reason to leave the number alone for ever: an
	// account that is no trial any more, or a handset that blocks no more.
	21214: {permanent, "the recipient's number cannot be reached", false},
	21217: {permanent, "the recipient's number does not appear to be valid", false},
	21266: {permanent, "the recipient's number is the sender's", false},
	21604: {permanent, "the recipient's number is missing", false},
	21608: {permanent, "a trial account may not send to this number", false},
	30004: {permanent, "the recipient blocks messages", false},

	// The text's own: it will never go, but another will.
	21602: {permanent, "the text is empty", false},
	21617: {permanent, "the text is longer than 1600 characters", false},
	21658: {permanent, "a parameter is too long", false},
	30019: {permanent, "the content exceeds the carrier's size limit", false},
	30044: {permanent, "the text is too long for a trial account", false},

	// The account's: wrong for every recipient until somebody mends it.
	10001: {down, "the account is not active", false},
	10002: {down, "a trial account cannot do this", false},
	20003: {down, "authentication failed", false},
	20005: {down, "the account is not active", false},
	20404: {down, "no such account", false},
	30002: {down, "the account is suspended", false},
	63038: {down, "the account has used up its messages for the day", false},

	// The sender's: likewise, at least for a country or a carrier. Another
	// provider has a sender of its own.
	21212: {down, "the sender is not valid", false},
	21408: {down, "no permission to send to the recipient's region", false},
	21601: {down, "the sender's number is not sms-capable", false},
	21603: {down, "the sender is missing", false},
	21606: {down, "the sender is not a message-capable number of this account", false},
	21607: {down, "a trial account must send from its own number", false},
	21612: {down, "no route from the sender to the recipient", false},
	21616: {down, "the sender matches several numbers of the account", false},
	21657: {down, "the sender is not valid in the recipient's country", false},
	21659: {down, "the sender is not a twilio number or short code", false},
	21660: {down, "the sender does not belong to the account", false},
	21661: {down, "the sender's number is not sms-capable", false},
	21701: {down, "no such messaging service", false},
	21703: {down, "the messaging service has no sender", false},
	21705: {down, "the messaging service's sid is not valid", false},
	30007: {down, "filtered by twilio or a carrier", false},
	30024: {down, "the carrier does not know the sender's number", false},
	30034: {down, "the sender's number is not registered", false},
	30042: {down, "the sender's name is blocked", false},
	30127: {down, "the messaging service's sid is not valid", false},

	// Nobody's: later it may go.
	14107: {temporary, "too many messages", false},
	20429: {temporary, "too many requests", false},
	21611: {temporary, "the sender's queue is full", false},
	21730: {temporary, "twilio is under maintenance", false},
	30001: {temporary, "queue overflow", false},
	30003: {temporary, "the handset cannot be reached now", false},
	30008: {temporary, "unknown error", false},
	30017: {temporary, "the carrier's network is congested", false},
	30021: {temporary, "twilio's messaging service failed", false},
	30022: {temporary, "faster than the carrier allows", false},
	63017: {temporary, "faster than the account allows", false},
	// Twilio counts it as failed and does not try by itself, lest it come twice.
	30410: {temporary, "the carrier did not answer in time", false},
	// It waited in Twilio's queue until it was of no use any more. A worker
	// gives a message no second try once a newer one exists.
	30036: {temporary, "it waited longer than its validity period", false},
}

func meaning(n int) string { return codes[n].about }

// Suppresses says that a code, of a failure or of a Fate, is about the number
// itself or its owner's wish, so that nothing more is to be sent to it.
func Suppresses(code string) bool {
	n, err := strconv.Atoi(code)
	return err == nil && codes[n].suppress
}

// Stops says that a code, of a failure or of a Fate, is about the account or the
// sender: nothing of it arrives, whoever it is for.
func Stops(code string) bool {
	n, err := strconv.Atoi(code)
	return err == nil && codes[n].class == down
}

// again says that a message that ended with this code is worth another try. One
// that ended without a code, or with one that is not known, may be.
func again(code string) bool {
	n, err := strconv.Atoi(code)
	if err != nil {
		return true
	}
	known, ok := codes[n]
	return !ok || known.class == temporary
}
