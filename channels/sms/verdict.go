package sms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"sitrep/channels"
)

// meanings are the codes of Twilio's error dictionary that say whose fault it
// is. 21xxx answer a request; 30xxx are what became of a message, seen in
// lists and receipts.
var meanings = map[int]struct {
	class channels.Class
	about string
}{
	// The recipient's own.
	21211: {channels.ClassPermanent, "the recipient's number is not valid"},
	21214: {channels.ClassPermanent, "the recipient's number cannot be reached"},
	21217: {channels.ClassPermanent, "the recipient's number does not appear to be valid"},
	21265: {channels.ClassPermanent, "the recipient's number is a short code"},
	21604: {channels.ClassPermanent, "the recipient's number is missing"},
	21608: {channels.ClassPermanent, "a trial account may not send to this number"},
	21610: {channels.ClassPermanent, "the recipient has unsubscribed by STOP"},
	21614: {channels.ClassPermanent, "the recipient's number is not a mobile number"},
	21635: {channels.ClassPermanent, "the recipient's number is a landline"},
	30004: {channels.ClassPermanent, "the recipient blocks messages"},
	30005: {channels.ClassPermanent, "unknown destination handset"},
	30006: {channels.ClassPermanent, "landline or unreachable carrier"},
	// The text's own: it will never go, but another will.
	21602: {channels.ClassPermanent, "the text is empty"},
	21617: {channels.ClassPermanent, "the text is longer than 1600 characters"},
	30019: {channels.ClassPermanent, "the content exceeds the carrier's size limit"},

	// The channel's: wrong for every recipient.
	10001: {channels.ClassDown, "the account is not active"},
	20003: {channels.ClassDown, "authentication failed"},
	20005: {channels.ClassDown, "the account is not active"},
	20404: {channels.ClassDown, "no such account"},
	21212: {channels.ClassDown, "the sender is not valid"},
	21408: {channels.ClassDown, "no permission to send to the recipient's region"},
	21601: {channels.ClassDown, "the sender's number is not sms-capable"},
	21603: {channels.ClassDown, "the sender is missing"},
	21606: {channels.ClassDown, "the sender is not a message-capable number of this account"},
	21612: {channels.ClassDown, "no route from the sender to the recipient"},
	21659: {channels.ClassDown, "the sender is not a twilio number or short code"},
	21660: {channels.ClassDown, "the sender does not belong to the account"},
	21661: {channels.ClassDown, "the sender's number is not sms-capable"},
	21701: {channels.ClassDown, "no such messaging service"},
	21703: {channels.ClassDown, "the messaging service has no sender"},
	30002: {channels.ClassDown, "the account is suspended"},
	30007: {channels.ClassDown, "filtered by twilio or a carrier"},
	30034: {channels.ClassDown, "the sender's number is not registered"},

	// Nobody's: later it may go.
	14107: {channels.ClassTemporary, "too many messages"},
	20429: {channels.ClassTemporary, "too many requests"},
	21611: {channels.ClassTemporary, "the sender's queue is full"},
	30001: {channels.ClassTemporary, "queue overflow"},
	30003: {channels.ClassTemporary, "the handset cannot be reached now"},
	30008: {channels.ClassTemporary, "unknown error"},
}

func meaning(code int) string { return meanings[code].about }

// judge is what a failed request means. sending says that it was to send: only
// then it can have done something without an answer.
//
//	Twilio's code is in the table     as it says
//	401, 403, 404, 407, 3xx           down: credentials, account, address
//	408, 425, 429, 5xx                temporary, with Retry-After
//	502, 504 while sending            ambiguous: a gateway lost the answer
//	other 4xx with Twilio's code      permanent: this request will never pass
//	other 4xx without                 down: that was not Twilio
//	no answer, request not written    temporary
//	no answer, request written        ambiguous while sending, else temporary
//	2xx that cannot be read           likewise
func judge(doing string, err error, sending, written bool) error {
	var no *refused
	if !errors.As(err, &no) {
		var lost *unanswered
		if !errors.As(err, &lost) {
			// twilio-go could not read the answer: its error holds parts of it.
			err = errors.New("the answer is not twilio's")
		}
		err = fmt.Errorf("%s: %w", doing, plain(err))
		if sending && written {
			return channels.Ambiguous("", err)
		}
		return channels.Temporary("", err)
	}

	err = fmt.Errorf("%s: %w", doing, no)
	code := strconv.Itoa(no.code)
	if no.code == 0 {
		code = "http " + strconv.Itoa(no.status)
	}
	switch class := no.class(sending); class {
	case channels.ClassPermanent:
		return channels.Permanent(code, err)
	case channels.ClassDown:
		return channels.Down(code, err)
	case channels.ClassAmbiguous:
		return channels.Ambiguous(code, err)
	}
	if no.after > 0 {
		return channels.RetryAfter(no.after, code, err)
	}
	return channels.Temporary(code, err)
}

func (r *refused) class(sending bool) channels.Class {
	if known, ok := meanings[r.code]; ok {
		return known.class
	}
	switch r.status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return channels.ClassTemporary
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		if sending && r.code == 0 {
			return channels.ClassAmbiguous
		}
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusProxyAuthRequired:
		return channels.ClassDown
	}
	switch {
	case r.status >= 500:
		return channels.ClassTemporary
	case r.status >= 400 && r.code != 0:
		return channels.ClassPermanent
	}
	return channels.ClassDown
}

// plain keeps of an error what callers look for and words that hold neither
// number nor text; nothing of the original stays inside.
func plain(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errors.New(err.Error())
}
