package incident

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"time"

	"sitrep/policies"
)

// Source is where something that is told comes from.
type Source string

const (
	ByPerson  Source = "person"
	ByAlerts  Source = "alerts"
	ByService Source = "service"
)

// Passage is one thing as it is told.
type Passage struct {
	Texts map[string]string // by language
	From  Source
	By    string    // the person
	At    time.Time // when he gave it
}

// Account is what is told of an outage; nil: nothing. The service may be nil.
func (s *State) Account(ranks policies.Severities, of *policies.Service) map[Thing]Passage {
	usual := of != nil && len(of.Impact)+len(of.Workaround) > 0
	if len(s.Given) == 0 && len(s.spoken) == 0 && !usual {
		return nil
	}
	out := map[Thing]Passage{}
	tell := func(t Thing, p Passage) {
		if len(p.Texts) > 0 && (!s.over() || t.lasts() || s.sinceCalm(p)) {
			out[t] = p
		}
	}
	if usual {
		tell(Impact, Passage{Texts: of.Impact, From: ByService})
		tell(Workaround, Passage{Texts: of.Workaround, From: ByService})
	}
	for t, texts := range s.curated(ranks) {
		tell(t, Passage{Texts: texts, From: ByAlerts})
	}
	for t, p := range s.Given {
		tell(t, p)
	}
	return out
}

// over reports whether it is over, or seems so.
func (s *State) over() bool { return s.Phase == Monitoring || s.Phase == PhaseResolved }

// lasts reports whether a thing is so yet when the outage is over.
func (t Thing) lasts() bool { return t != Impact && t != Workaround && t != Doing }

// sinceCalm reports whether a person gave it since it seemed over.
func (s *State) sinceCalm(p Passage) bool {
	return s.Phase == Monitoring && p.From == ByPerson && !p.At.Before(s.calmAt)
}

// Shown are the things that messages tell to those who read so: what others are told
// is no news to them. The part "account" of the messages that ship shows the same.
func Shown(reads policies.Reads) []Thing {
	switch reads {
	case policies.Executive:
		return []Thing{Summary, Impact, Known, Doing}
	case policies.Staff, policies.Customer:
		return []Thing{Summary, Impact, Workaround, Doing}
	}
	return Things
}

// Digest tells what is told to those who read so from what they were told before;
// empty where it is nothing.
func Digest(account map[Thing]Passage, reads policies.Reads) string {
	h, some := fnv.New64a(), false
	add := func(s string) {
		h.Write(binary.AppendUvarint(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	for _, t := range Shown(reads) {
		texts := account[t].Texts
		if len(texts) == 0 {
			continue
		}
		some = true
		add(string(t))
		for _, l := range sortedKeys(texts) {
			add(l)
			add(texts[l])
		}
	}
	if !some {
		return ""
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// give takes in what a person said, or took back.
func (s *State) give(a *Accounted, by string, at time.Time) {
	if len(a.Texts) == 0 {
		delete(s.Given, a.Thing)
		return
	}
	mark(&s.Given, a.Thing, Passage{Texts: a.Texts, From: ByPerson, By: by, At: at})
}
