// Package email sends deliveries by SMTP.
//
// A Sender keeps up to Config.Sessions connections open and sends one message
// after another over each, one recipient a message (a refused recipient must
// not take others down with it):
//
//	          dial, EHLO, STARTTLS, AUTH       MAIL, RCPT, DATA      final reply
//	(none) ---------------------------> idle ------------------> sent ---------> idle
//	   ^            |                    |              |          |
//	   |            | next smarthost     | 60 s,        | nothing  | it may have been
//	   |            v                    | 100 mails    | was sent | accepted: ambiguous
//	   +------------+<-------------------+<-------------+----------+
//
// Each smarthost has a breaker, so that mail does not wait for one that is out.
// A failure is one that passes to the next smarthost: no connection, no login, a
// 421, or a connection that broke before the final dot. Any other answer, also a
// refusal, is a success.
//
//	         3 failures in a row
//	closed -----------------------> open, for 30 s, then 1, 2 and 5 min
//	   ^                             ^  |
//	   | success                     |  | the time has passed
//	   |                     failure |  v
//	   +--------------------------- half-open: one message tries it
//
// Whom a breaker turns away goes to the next smarthost. Where all turn it away,
// one message at a time tries the one that failed the longest ago, out of its
// time, and the others fail at once and say when to come again. A smarthost that
// failed once only comes after the others for 30 s.
//
// go-mail connects, encrypts, authenticates and builds messages. The dialogue
// of one message is held here with go-mail's smtp.Client, because what an
// error means depends on the command it answers; the table is in verdict.go.
//
// What comes back is read from the mailbox that Config.Bounces leads to: ReadMailbox
// brings each message once, ReadBounce says which delivery it is about and what
// became of it.
//
// The Message-ID is made of the delivery's own ID, so a message that comes
// twice after a lost reply is known as the same one.
//
// Where to read on: sender.go is the way of one message, session.go the dialogue,
// pool.go and breaker.go which connection it goes over; message.go, content.go and
// dkim.go what goes over it; verp.go, bounce.go and mailbox.go how it is known again.
package email
