package web

import (
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Reason is why somebody was not let in, or not to do what he wanted.
type Reason string

const (
	Elsewhere    Reason = "elsewhere"       // not from this machine, where there is no access block
	NoLogin      Reason = "no_login"        // neither a token nor a password nor a proxy's word
	WrongLogin   Reason = "wrong_login"     // a token or a password that is not known
	TooManyWrong Reason = "too_many_wrong"  // not looked at: too much was wrong before
	UnclearProxy Reason = "unclear_proxy"   // the proxy names nobody, or two
	OtherSite    Reason = "other_site"      // a page elsewhere made a browser call
	TooFast      Reason = "too_fast"        // too many requests of one caller
	Busy         Reason = "busy"            // too many passwords at once
	WrongRole    Reason = "role"            // his role may not
	WrongReach   Reason = "other_audiences" // it concerns audiences that he may not tell
)

// Reasons are all there are.
var Reasons = []Reason{Elsewhere, NoLogin, WrongLogin, TooManyWrong, UnclearProxy, OtherSite, TooFast, Busy, WrongRole, WrongReach}

// Refusal is somebody who was not let in, or not to do what he wanted.
type Refusal struct {
	Reason Reason
	Status int
	From   string // his address, or the network of an IPv6 address
	Caller string // his name, where it is known
}

// refusal is what he is told.
type refusal struct {
	reason Reason
	text   string
	after  time.Duration // when he may come again; 0: whenever he likes
}

func (r *refusal) status() int {
	switch r.reason {
	case NoLogin, WrongLogin, UnclearProxy:
		return http.StatusUnauthorized
	case TooManyWrong, TooFast:
		return http.StatusTooManyRequests
	case Busy:
		return http.StatusServiceUnavailable
	}
	return http.StatusForbidden
}

// headers gives what goes with an answer that refuses.
func (d *door) headers(no *refusal, add func(name, value string)) {
	if no.status() == http.StatusUnauthorized {
		for _, c := range d.challenges() {
			add("WWW-Authenticate", c)
		}
	}
	if no.after > 0 {
		add("Retry-After", strconv.Itoa(int(math.Ceil(no.after.Seconds()))))
	}
}

// turnAway answers who was refused at a route that is none of huma's operations.
func (s *Server) turnAway(w http.ResponseWriter, no *refusal) int {
	s.door.headers(no, w.Header().Add)
	return s.refuse(w, no.status(), no.text)
}

// comeAgain is the answer to what could not be done now.
func comeAgain(text string) error {
	return huma.ErrorWithHeaders(huma.Error503ServiceUnavailable(text), http.Header{"Retry-After": {"5"}})
}

// worth is how the log tells of what somebody should see. The rest is only
// counted: it is as common as a person who forgot something.
var worth = map[Reason]string{
	WrongLogin:   "logins failed",
	TooManyWrong: "logins failed",
	UnclearProxy: "the proxy of access.proxy does not say whom it let in",
	OtherSite:    "a page of another site made a browser call; nothing was done",
	TooFast:      "a caller sends too many requests; some were refused",
	Busy:         "passwords come faster than they can be checked; some requests were refused",
}

// tell makes a refusal known: no token and no password is among what is told.
func (d *door) tell(who caller, no *refusal, webhook bool) {
	if d.watch != nil {
		d.watch(Refusal{Reason: no.reason, Status: no.status(), From: who.from, Caller: who.name})
	}
	text := worth[no.reason]
	switch {
	case webhook && no.reason != Busy: // what Alertmanager does not retry must not go unnoticed here
		d.tally.add(matter{level: slog.LevelError, text: webhookLost, from: who.from, why: no.text, status: no.status()})
	case text != "":
		d.tally.add(matter{level: slog.LevelWarn, text: text, from: who.from, who: who.name})
	}
}
