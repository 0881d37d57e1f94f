// Package sms sends deliveries by SMS through Twilio's REST API.
//
//	Send --> paced --> POST Messages.json --> 201: accepted
//	  |                       |
//	  | d.Again               +--> refused: by Twilio's code, see verdict.go
//	  v                       +--> no answer: ambiguous
//	GET Messages.json --> there already: accepted, nothing is sent
//	                  +-> not there: once more after 30 s, then POST
//
// Twilio knows no idempotency key. So after a reply was lost the messages to
// the number are listed and compared before anything is sent again: an SMS
// comes twice only where that list does not show the first.
//
// twilio-go's generated API builds the requests. Its own client has no
// context, no base address and drops Retry-After; the small one in call.go
// stands in its place.
package sms
