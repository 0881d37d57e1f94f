package sms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"sitrep/channels"
)

// judge is what a failed request means. sending says that it was to send: only
// then it can have done something without an answer.
//
//	Twilio's code is in the table     as it says
//	401, 403, 404, 407, 3xx           down: credentials, account, address
//	408, 425, 429, 5xx                temporary, with Retry-After
//	502, 504 while sending            ambiguous: a gateway lost the answer
//	other 4xx with Twilio's code      temporary on the first try, then permanent
//	other 4xx, cut off                temporary: it says no, but not why
//	other 4xx without                 down: that was not Twilio
//	no answer, request not written    temporary, and unreached
//	no answer, request written        ambiguous while sending, else temporary
//	2xx that cannot be read           likewise
//	a pause that is too long          temporary, until its end
//
// Where it was not to send nothing is permanent: a list that is refused says
// nothing about the message.
func judge(doing string, err error, sending, written bool, tries int) error {
	var pause *paused
	if errors.As(err, &pause) {
		return channels.RetryAfter(pause.left, "", fmt.Errorf("%s: %w", doing, pause))
	}
	var no *refused
	if !errors.As(err, &no) {
		var lost *unanswered
		if !errors.As(err, &lost) {
			// twilio-go could not read the answer: its error holds parts of it.
			err = errors.New("the answer is not twilio's")
		}
		err = fmt.Errorf("%s: %w", doing, plain(err))
		switch {
		case sending && written:
			return channels.Ambiguous("", err)
		case !written:
			err = &unreached{err}
		}
		return channels.Temporary("", err)
	}

	err = fmt.Errorf("%s: %w", doing, no)
	code := strconv.Itoa(no.code)
	if no.code == 0 {
		code = "http " + strconv.Itoa(no.status)
	}
	switch class := no.class(sending, tries); {
	case class == channels.ClassPermanent && sending:
		return channels.Permanent(code, err)
	case class == channels.ClassDown:
		return channels.Down(code, err)
	case class == channels.ClassAmbiguous:
		return channels.Ambiguous(code, err)
	}
	if no.after > 0 {
		return channels.RetryAfter(no.after, code, err)
	}
	return channels.Temporary(code, err)
}

// unreached is a request of which nothing can have been read: the connection
// failed before it was written.
type unreached struct{ error }

func (u *unreached) Unwrap() error { return u.error }

func (r *refused) class(sending bool, tries int) channels.Class {
	if known, ok := codes[r.code]; ok {
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
	case r.status >= 500, r.status >= 400 && r.cut:
		return channels.ClassTemporary
	case r.status >= 400 && r.code != 0 && tries <= 1:
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
