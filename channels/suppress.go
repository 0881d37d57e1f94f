package channels

import (
	"encoding/hex"
	"strings"
	"time"
)

// Why somebody is not written to, where no provider says so.
const (
	Unsubscribed = "unsubscribed" // he took himself off the list
	Stopped      = "STOP"         // he answered so
)

// allowed leaves out who is not to be written to any more: for him, the channel has
// failed for good.
func (w *Worker) allowed(j *job, picked []intent, now time.Time) []intent {
	if w.o.Suppressed == nil {
		return picked
	}
	var out []intent
	for _, i := range picked {
		audience := j.part.Audience
		if j.part.Team {
			audience = ""
		}
		code, yes := w.o.Suppressed(j.part.Channel, audience, j.people[i.row].Address(j.part.Channel))
		if !yes {
			out = append(out, i)
			continue
		}
		j.rows[i.row].tries--
		j.rows[i.row].left = code == Unsubscribed
		j.step(i.row, Failed, now, Transition{Code: code})
		w.purse.spend(j.part.Incident, -1)
	}
	return out
}

// Suppression names somebody who is not to be written to: by a channel, as one of an
// audience or, where that is empty, at all.
func (k Key) Suppression(channel, audience, address string) string {
	return k.sum("suppression", channel, audience, strings.ToLower(address))
}

// Unsubscribe is what one who gets mail as one of an audience may be given, to take
// himself off its list. It holds nothing about him.
func (k Key) Unsubscribe(audience, address string) string {
	name, _ := hex.DecodeString(k.Suppression(Email, audience, address))
	return k.seal("unsubscribe", name)
}

// Unsubscribed returns the suppression that a token stands for; ok is false for one
// that this key did not make.
func (k Key) Unsubscribed(token string) (suppression string, ok bool) {
	name, ok := k.open("unsubscribe", token)
	return hex.EncodeToString(name), ok
}
