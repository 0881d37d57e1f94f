package incident

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"sitrep/policies"
)

// Annotated is what the names of annotations begin with that are for every reader.
// All other text of an alert is for technical ones.
const Annotated = "sitrep_"

// maxTag is how long the tag of a language may be; RFC 5646 asks for as much.
const maxTag = 35

// Annotation reads the name of an annotation that rules for alerts may have:
// sitrep_impact, or sitrep_impact_nl for the readers of a language.
func Annotation(name string) (thing Thing, lang string, ok bool) {
	rest, ours := strings.CutPrefix(name, Annotated)
	if !ours {
		return "", "", false
	}
	for _, t := range ofAlerts {
		if rest == string(t) {
			return t, "", true
		}
		if tag, is := strings.CutPrefix(rest, string(t)+"_"); is && len(tag) <= maxTag {
			l, err := language.Parse(tag)
			return t, l.String(), err == nil
		}
	}
	return "", "", false
}

// curated is what the alerts say together. While none fires, and when it is over,
// the last ones said what was wrong.
func (s *State) curated(ranks policies.Severities) Account {
	out, heard := Account{}, uint64(0)
	for len(s.spoken) > 0 {
		var best *Alert
		look := func(a *Alert) {
			if a.speaks&^heard != 0 && (best == nil || a.precedes(best, ranks)) && (a.speaks&others == 0 || out.lacks(a.Account)) {
				best = a
			}
		}
		if s.firing == 0 || s.Phase == PhaseResolved {
			for n := range s.calmed {
				look(&s.calmed[n])
			}
		} else {
			for _, a := range s.Alerts {
				if a.Firing() && !a.Muted {
					look(a)
				}
			}
		}
		if best == nil {
			break
		}
		out.fill(best.Account)
		heard = s.heard(out)
	}
	return out
}

// An incident may have ten thousand alerts, and most say the same things. So each
// has a bit for every thing and language that it speaks of, and whoever says nothing
// more than was heard is passed over by those.
type spoken struct {
	thing Thing
	lang  string
}

// others is the bit of all that comes after 63.
const others = 1 << 63

// speaks returns the bits of what an alert says.
func (s *State) speaks(a Account) (bits uint64) {
	for _, t := range ofAlerts {
		for _, l := range sortedKeys(a[t]) {
			n := slices.Index(s.spoken, spoken{t, l})
			if n < 0 {
				n = len(s.spoken)
				if n < 63 {
					s.spoken = append(slices.Clip(s.spoken), spoken{t, l})
				}
			}
			bits |= 1 << n
		}
	}
	return bits
}

// heard returns the bits of what need not be said any more. A text for every reader
// leaves nothing to say.
func (s *State) heard(a Account) (bits uint64) {
	for n, k := range s.spoken {
		if a.says(k.thing, k.lang) {
			bits |= 1 << n
		}
	}
	return bits
}

// precedes reports whether what an alert says comes before what another says.
func (a *Alert) precedes(b *Alert, ranks policies.Severities) bool {
	x, _ := ranks.Rank(a.Severity)
	y, _ := ranks.Rank(b.Severity)
	if x != y {
		return x > y
	}
	if c := a.StartsAt.Compare(b.StartsAt); c != 0 {
		return c < 0
	}
	return a.Fingerprint < b.Fingerprint
}

// says reports whether the readers of a language have a text.
func (a Account) says(t Thing, lang string) bool {
	texts := a[t]
	_, has := texts[lang]
	_, all := texts[""]
	return has || all
}

// lacks reports whether another says something that is not said yet.
func (a Account) lacks(other Account) bool {
	for t, texts := range other {
		for l := range texts {
			if !a.says(t, l) {
				return true
			}
		}
	}
	return false
}

// fill says what another says and is not said yet.
func (a Account) fill(other Account) {
	for t, texts := range other {
		was := a[t]
		if a.says(t, "") {
			continue
		}
		if was != nil { // the alert's own is never changed
			texts = maps.Clone(texts)
			maps.Copy(texts, was)
		}
		a[t] = texts
	}
}

// retell takes in what an alert says now.
func (s *State) retell(r *Retold) {
	known := s.Alerts[r.Fingerprint]
	if known == nil {
		return
	}
	a := *known
	a.Account, a.speaks = r.Account, s.speaks(r.Account)
	s.Alerts[r.Fingerprint] = &a
}

// calm keeps what some alerts said was wrong: those that fire, or that ceased just
// now.
func (s *State) calm(those func(*Alert) bool) {
	s.calmed = nil
	if len(s.spoken) == 0 {
		return
	}
	for _, a := range s.Alerts {
		if texts := a.Account[Summary]; len(texts) > 0 && those(a) {
			said := Account{Summary: texts}
			s.calmed = append(s.calmed, Alert{
				Fingerprint: a.Fingerprint, Severity: a.Severity, StartsAt: a.StartsAt, Account: said, speaks: s.speaks(said),
			})
		}
	}
	slices.SortFunc(s.calmed, func(a, b Alert) int { return strings.Compare(a.Fingerprint, b.Fingerprint) })
}
