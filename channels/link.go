package channels

import (
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"time"
)

// LinkFor is for how long the address works by which a person of a team answers a mail.
const LinkFor = 24 * time.Hour

// nameBytes is how much of a person's name a link holds.
const nameBytes = 8

// Link is what one person of a team is given to answer about one incident. It names
// him by his keyed name, and holds nothing about him.
func (k Key) Link(incident, person string, made time.Time) string {
	name, err := hex.DecodeString(person)
	if err != nil || len(name) < nameBytes {
		return ""
	}
	what := binary.BigEndian.AppendUint32(nil, uint32(made.Unix()))
	return k.seal("answer", append(append(what, name[:nameBytes]...), incident...))
}

// Linked is what a link says.
type Linked struct {
	Incident string
	Made     time.Time
	person   string
}

// Of reports whether it was made for a person, by the name that Key.Person gives him.
func (l Linked) Of(person string) bool {
	return len(person) >= 2*nameBytes && person[:2*nameBytes] == l.person
}

// Linked reads a link; ok is false for one that this key did not make.
func (k Key) Linked(token string) (l Linked, ok bool) {
	what, ok := k.open("answer", token)
	if !ok || len(what) <= 4+nameBytes {
		return Linked{}, false
	}
	return Linked{
		Incident: string(what[4+nameBytes:]),
		Made:     time.Unix(int64(binary.BigEndian.Uint32(what)), 0).UTC(),
		person:   hex.EncodeToString(what[4 : 4+nameBytes]),
	}, true
}

// LinkMark is what stands in a message for the link about an incident, behind the
// address that links begin with.
func LinkMark(incident string) string { return "~" + incident }

// linkMarks finds them, behind the address.
func linkMarks(address string) *regexp.Regexp {
	return regexp.MustCompile(regexp.QuoteMeta(address) + `~(SR-[0-9]{1,9})\b`)
}

// personal makes the links in a text to a team those of one person.
func (j *job) personal(text string, p Person, at time.Time) string {
	if !j.part.Team || j.links == "" {
		return text
	}
	return linkMarks(j.links).ReplaceAllStringFunc(text, func(mark string) string {
		return j.links + j.key.Link(mark[len(j.links)+1:], j.key.Person(p.Email, p.Phone), at)
	})
}
