// Package channeltest is the world outside sitrep, made small: an SMTP server
// and a stand-in for Twilio that speak the real protocols, keep what they
// accepted, and misbehave on demand; and Suite, which every sender must pass.
//
//	email.Sender --SMTP--> SMTP   : Messages, Mailbox, OnMail
//	sms.Sender   --HTTP--> Twilio : Messages, Phone, OnSMS
//
// Both run on a loopback listener (the demo, benchmarks) or on a PipeListener,
// which needs no network, so that a test may run inside a synctest bubble and
// hours pass in milliseconds. Their inboxes are the truth about who got what:
// a test asks them, never the sender.
package channeltest

// Fate is what becomes of a message, and of its sender's connection, after the
// server has read all of it.
type Fate string

const (
	// Answered is the rule: kept, and the answer sent.
	Answered Fate = ""
	// Lost: not kept, and the connection closed without an answer.
	Lost Fate = "lost"
	// Ignored: not kept, and never answered; the connection stays open.
	Ignored Fate = "ignored"
	// Cut: kept, but the connection closed in place of the answer.
	Cut Fate = "cut"
	// Mute: kept, but never answered; the connection stays open.
	Mute Fate = "mute"
	// Parted: kept and answered, and then the connection closed.
	Parted Fate = "parted"
)

// kept says whether a message of this fate is in the inbox.
func (f Fate) kept() bool { return f != Lost && f != Ignored }
