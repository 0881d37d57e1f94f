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
// go-mail connects, encrypts, authenticates and builds messages. The dialogue
// of one message is held here with go-mail's smtp.Client, because what an
// error means depends on the command it answers; the table is in verdict.go.
//
// The Message-ID is made of the delivery's own ID, so a message that comes
// twice after a lost reply is known as the same one.
package email
