package channels

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// The channels there are.
const (
	Email = "email"
	SMS   = "sms"
)

// MaxPart is how many recipients a part has at most.
const MaxPart = 500

// Part is what a worker claims at a time: one update to at most MaxPart
// recipients by one channel. What it says and who gets it stand elsewhere, by
// hash.
type Part struct {
	Incident string `json:"incident"`
	Update   int    `json:"update"`
	Chunk    int    `json:"chunk"` // place of Roster among the update's chunks, from 0
	Channel  string `json:"channel"`
	Audience string `json:"audience"`
	Kind     string `json:"kind"`
	Critical bool   `json:"critical,omitempty"`
	// Team says that Audience is the name of a team, which is asked for
	// something, and not of an audience, which is told.
	Team bool `json:"team,omitempty"`
	// Covers are the updates that this one says together to people for whom
	// they fell due at once: a combined update. Their own parts, in which those
	// people have no address, are stored before this one. Audience is then one
	// of theirs; of a team's, all are the team's.
	Covers []Cover `json:"covers,omitempty"`

	Texts  string `json:"texts"`  // hash of []Text
	Roster string `json:"roster"` // hash of []Person

	PlannedAt time.Time `json:"planned_at"`
	// Promised is the moment promised for this update by the one before it;
	// sent later than that, it says so. Zero: nothing was promised.
	Promised time.Time `json:"promised,omitzero"`
	// Expires is when it is of no use any more; zero: it always is.
	Expires time.Time `json:"expires,omitzero"`

	// Unsubscribe says that each recipient may take himself off the list.
	Unsubscribe bool `json:"unsubscribe,omitempty"`

	// For is the update that this one stands in for, to whom it could not be
	// brought by another channel; 0: none. Such a part is in nobody's way, and
	// nothing takes its place.
	For int `json:"for,omitempty"`
	// Corrects is the update that this one takes back; 0: none.
	Corrects int `json:"corrects,omitempty"`
	// Fallback says that there is another way to those whom this channel cannot
	// reach for good: they are reported at once.
	Fallback bool `json:"fallback,omitempty"`

	First    int `json:"first,omitempty"`    // the audience's first update; 0: this is it
	Previous int `json:"previous,omitempty"` // the audience's update before this one
}

// Cover is an update that a combined one says to some of its audience.
type Cover struct {
	Incident string `json:"incident"`
	Audience string `json:"audience"`
	Update   int    `json:"update"`
}

// ID names the part: it follows from the order, so that cutting an update
// twice is cutting it once.
func (p Part) ID() string {
	return fmt.Sprintf("%s.%d.%d.%s", p.Incident, p.Update, p.Chunk, p.Channel)
}

// channelOf reads the channel off a part's ID.
func channelOf(part string) string { return part[strings.LastIndexByte(part, '.')+1:] }

// Person is one row of a roster: one recipient with his addresses. ID is keyed,
// and holds no address.
type Person struct {
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Language string `json:"language"`
	Zone     string `json:"zone"`
}

// Address returns where a channel reaches the person; empty where it does not.
func (p Person) Address(channel string) string {
	switch channel {
	case Email:
		return p.Email
	case SMS:
		return p.Phone
	}
	return ""
}

// Text is what an update says in one language and time zone. Slots are still
// marked in it.
type Text struct {
	Language string `json:"language"`
	Zone     string `json:"zone"`
	// Spoken is the language that it is in where that is another than that of those
	// whom it is for: theirs is gone, or failed.
	Spoken  string `json:"spoken,omitempty"`
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text,omitempty"`
	HTML    string `json:"html,omitempty"`
	SMS     string `json:"sms,omitempty"`
	// SMSMissed is the SMS for somebody who missed updates: {n} is how many.
	SMSMissed string            `json:"sms_missed,omitempty"`
	Phrases   map[string]string `json:"phrases,omitempty"` // for the slots, in this language
	Event     *Event            `json:"event,omitempty"`   // for the recipient's calendar; nil: none
}

// Key makes the ids that must tell nothing about addresses.
type Key []byte

// Delivery names one update to one address by one channel: the same however
// often and by whomever it is tried. It is the left half of the Message-ID.
func (k Key) Delivery(incident string, update int, channel, address string) string {
	return k.sum("delivery", incident, fmt.Sprint(update), channel, address)
}

// Person names a recipient by his addresses.
func (k Key) Person(email, phone string) string { return k.sum("person", email, phone) }

// Entry names a planned change in readers' calendars, as no other store does: numbers are
// the same in each (RFC 5545, section 3.8.4.7).
func (k Key) Entry(change string) string { return change + "-" + k.sum("entry", change) + "@sitrep" }

// Content names a roster chunk or texts by what they hold.
func (k Key) Content(data []byte) string { return k.sum("content", string(data)) }

// Code returns four figures that only this key can have made of some texts, for a
// person to copy. One of ten thousand guesses is right: it confirms, and proves nothing.
func (k Key) Code(parts ...string) string {
	return fmt.Sprintf("%04d", binary.BigEndian.Uint64(k.mac(append([]string{"code"}, parts...)...))%10_000)
}

func (k Key) sum(parts ...string) string { return hex.EncodeToString(k.mac(parts...)[:16]) }

func (k Key) mac(parts ...string) []byte {
	m := hmac.New(sha256.New, k)
	for _, p := range parts {
		fmt.Fprintf(m, "%d:%s", len(p), p)
	}
	return m.Sum(nil)
}

// Slots that a worker fills, as words marks them: between STX and ETX, which
// no text may hold.
const (
	SlotLate   = "late"
	SlotMissed = "missed" // {n} in the phrase is how many
)

// Fill puts values into the marked slots of a text; a slot without one
// vanishes. A mark that is not closed is none: what follows it stays. A line of
// nothing but slots is a paragraph of its own, or a blank line.
func Fill(text string, slots map[string]string) string {
	var out strings.Builder
	rest := text
	for {
		mark := strings.IndexByte(rest, 2)
		if mark < 0 {
			if rest == text {
				return text
			}
			out.WriteString(rest)
			return out.String()
		}
		begin := strings.LastIndexByte(rest[:mark], '\n') + 1
		end := strings.IndexByte(rest[mark:], '\n') + mark
		if end < mark {
			end = len(rest)
		}
		out.WriteString(rest[:begin])
		filled, only := fillLine(rest[begin:end], slots)
		if words := strings.Fields(filled); only && end-begin < len(text) {
			filled = strings.Join(words, " ")
			if filled != "" {
				filled = "\n" + filled + "\n"
			}
		}
		out.WriteString(filled)
		rest = rest[end:]
		if rest == "" {
			return out.String()
		}
		out.WriteByte('\n')
		rest = rest[1:]
	}
}

// fillLine fills one line; only says that it held nothing but slots.
func fillLine(line string, slots map[string]string) (filled string, only bool) {
	var out strings.Builder
	rest := line
	for {
		before, mark, found := strings.Cut(rest, "\x02")
		out.WriteString(before)
		only = (only || len(rest) == len(line)) && strings.TrimSpace(before) == ""
		if !found {
			return out.String(), only && rest != line
		}
		name, after, closed := strings.Cut(mark, "\x03")
		if !closed {
			out.WriteString(mark)
			return out.String(), false
		}
		out.WriteString(slots[name])
		rest = after
	}
}
