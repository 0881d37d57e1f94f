package sms

import "strings"

// Word is what a message that came in asks for.
type Word string

const (
	Stop  Word = "stop"  // he wants no more messages from this number
	Start Word = "start" // he wants them again
	Help  Word = "help"
	Other Word = "other"
)

// words are the keywords that Twilio reacts to by itself, unless an account sets
// others. Each is the whole message.
var words = map[string]Word{
	"STOP": Stop, "STOPALL": Stop, "UNSUBSCRIBE": Stop, "CANCEL": Stop, "END": Stop, "QUIT": Stop, "REVOKE": Stop, "OPTOUT": Stop,
	"START": Start, "YES": Start, "UNSTOP": Start,
	"HELP": Help, "INFO": Help,
}

// word reads a message. Where a messaging service has keywords of its own
// (Advanced Opt-Out), Twilio says what it took the message for.
func word(body, optOutType string) Word {
	for _, said := range []string{optOutType, body} {
		if w, ok := words[strings.ToUpper(strings.TrimSpace(said))]; ok {
			return w
		}
	}
	return Other
}
