package channeltest

import (
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// SMS is one message that the Twilio stand-in accepted.
type SMS struct {
	// At is when it was accepted.
	At time.Time
	// SID is the name given to it: SM and 32 hexadecimal digits.
	SID string
	// From is a number or sender ID, Service a messaging service's SID; one of
	// the two may be empty.
	From, Service string
	To, Body      string
	// Validity is how long it may wait in the queue; 0 where not said.
	Validity time.Duration
	// Segments is what it is billed for.
	Segments int
	// Callback is where it asks to be told of what becomes of it; may be empty.
	Callback string
	// Status is what it has come to, in Twilio's words, and Code why it came to
	// no good; 0 where that is not said.
	Status string
	Code   int

	changed time.Time // when it came to that
}

var (
	e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	// A sender ID has at most 11 letters, digits and spaces, one of them a
	// letter.
	senderID = regexp.MustCompile(`^[A-Za-z0-9 +&_-]{0,10}[A-Za-z][A-Za-z0-9 +&_-]{0,10}$`)
)

// refusal is what Twilio answers to a request that it does not take.
type refusal struct {
	status, code int
	message      string
}

// read makes an SMS of a form, by the rules that Twilio documents for the
// fields of a Message, and with its codes.
func (s *SMS) read(form url.Values) *refusal {
	*s = SMS{
		At:      time.Now(),
		From:    form.Get("From"),
		Service: form.Get("MessagingServiceSid"),
		To:      form.Get("To"),
		Body:    form.Get("Body"),

		Callback: form.Get("StatusCallback"),
		Status:   "queued",
	}
	if s.Service != "" {
		s.Status = "accepted"
	}
	switch {
	case s.To == "":
		return &refusal{400, 21604, "A 'To' phone number is required."}
	case !e164.MatchString(s.To):
		return &refusal{400, 21211, "The 'To' number " + s.To + " is not a valid phone number."}
	case s.From == "" && s.Service == "":
		return &refusal{400, 21603, "A 'From' phone number is required."}
	case s.From != "" && !e164.MatchString(s.From) && (len(s.From) > 11 || !senderID.MatchString(s.From)):
		return &refusal{400, 21212, "The 'From' number " + s.From + " is not a valid phone number, shortcode, or alphanumeric sender ID."}
	case s.Body == "":
		return &refusal{400, 21602, "Message body is required."}
	case utf8.RuneCountInString(s.Body) > 1600:
		return &refusal{400, 21617, "The concatenated message body exceeds the 1600 character limit."}
	}
	if u, err := url.Parse(s.Callback); s.Callback != "" && (err != nil || !strings.HasPrefix(u.Scheme, "http") || u.Host == "" || strings.Contains(u.Host, "_")) {
		return &refusal{400, 21609, "The StatusCallback URL " + s.Callback + " is not a valid URL."}
	}
	if v := form.Get("ValidityPeriod"); v != "" {
		seconds, err := strconv.Atoi(v)
		if err != nil || seconds < 1 || seconds > 36000 {
			return &refusal{400, 90007, "Invalid validity period value."}
		}
		s.Validity = time.Duration(seconds) * time.Second
	}
	s.SID, s.changed = newSID(), s.At
	s.Segments = Segments(s.Body)
	return nil
}

func newSID() string {
	name := make([]byte, 16)
	rand.Read(name)
	return "SM" + hex.EncodeToString(name)
}

// resource is the message as Twilio's Message resource shows it: null for what
// is not known, times by RFC 2822.
func (s SMS) resource(account string) map[string]any {
	at := s.At.UTC().Format(time.RFC1123Z)
	path := "/2010-04-01/Accounts/" + account + "/Messages/" + s.SID
	r := map[string]any{
		"account_sid": account, "api_version": "2010-04-01", "sid": s.SID,
		"body": s.Body, "from": nil, "to": s.To, "messaging_service_sid": nil,
		"direction": "outbound-api", "status": s.Status,
		"num_segments": strconv.Itoa(s.Segments), "num_media": "0",
		"date_created": at, "date_updated": s.changed.UTC().Format(time.RFC1123Z), "date_sent": nil,
		"price": nil, "price_unit": "EUR", "error_code": nil, "error_message": nil,
		"uri":              path + ".json",
		"subresource_uris": map[string]string{"media": path + "/Media.json"},
	}
	if s.From != "" {
		r["from"] = s.From
	}
	if s.Service != "" {
		r["messaging_service_sid"] = s.Service
		if s.Status == "accepted" {
			r["num_segments"] = "0"
		}
	}
	if s.Status != "queued" && s.Status != "accepted" && s.Status != "failed" {
		r["date_sent"] = at
	}
	if s.Code != 0 {
		r["error_code"], r["error_message"] = s.Code, "As the test asked"
	}
	return r
}
