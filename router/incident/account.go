package incident

import (
	"fmt"
	"maps"
	"strings"

	"sitrep/policies"
)

// What people know of an outage beyond its state is told to every reader. It comes
// from three places, and of each thing the first that says something is told:
//
//	a person         PATCH; wins as a title does, in every language
//	the alerts       annotations that are written for it: the gravest alert that
//	                 fires first, then the earliest, then by fingerprint; of each
//	                 language the first that has a text
//	the service      what is usually so: impact and workaround
//
// Once it seems over (the phase monitoring, and the end), what was so while it was
// out is not told as if it were so yet: no impact and no workaround, but what a
// person gave since then. What was wrong is told on, as the last alerts said it.
// What a person is doing ends with the incident, and so does all that he gave;
// after a relapse it is another outage, of which nobody said anything yet.

// Thing is one thing that is told.
type Thing string

const (
	Summary    Thing = "summary"    // what is wrong
	Impact     Thing = "impact"     // what people notice, what works and what does not
	Workaround Thing = "workaround" // what they can do meanwhile
	Known      Thing = "known"      // what was found out
	RuledOut   Thing = "ruled_out"  // what it is not
	Doing      Thing = "doing"      // what is being done
)

// Things are all of them, in the order in which they are told.
var Things = []Thing{Summary, Impact, Workaround, Known, RuledOut, Doing}

// ofAlerts are those that rules for alerts may speak of.
var ofAlerts = []Thing{Summary, Impact, Workaround}

// MaxText is how many characters each text may have.
const MaxText = policies.MaxAccount

// Account holds of each thing a text by language; the empty language is for every
// reader. Facts hold it, so it is never changed.
type Account map[Thing]map[string]string

// Equal reports whether two say the same.
func (a Account) Equal(b Account) bool { return maps.EqualFunc(a, b, maps.Equal) }

// said lists what it holds, and in which words.
func (a Account) said() string {
	var parts []string
	for _, t := range Things {
		if texts := a[t]; len(texts) > 0 {
			parts = append(parts, string(t)+" "+allTexts(texts))
		}
	}
	return strings.Join(parts, "; ")
}

// Accounted: a person said something of the outage, or took it back.
type Accounted struct {
	Thing Thing             `json:"thing"`
	Texts map[string]string `json:"texts,omitempty"` // by language; none: taken back
}

// String says it.
func (a Accounted) String() string {
	name := strings.ReplaceAll(string(a.Thing), "_", " ")
	if len(a.Texts) == 0 {
		return "- " + name + ": what was given is taken back"
	}
	return "- " + name + ": " + allTexts(a.Texts)
}

// Retold: an alert that fires says something else of the outage than it did.
type Retold struct {
	Fingerprint string  `json:"fingerprint"`
	Name        string  `json:"name"`
	Account     Account `json:"account,omitempty"`
}

// String says it.
func (r Retold) String() string {
	if said := r.Account.said(); said != "" {
		return fmt.Sprintf("alert %s says now: %s", r.Name, said)
	}
	return fmt.Sprintf("alert %s says nothing of it any more", r.Name)
}

// allTexts shows a text in all its languages.
func allTexts(texts map[string]string) string {
	var parts []string
	for _, l := range sortedKeys(texts) {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %q", l, texts[l])))
	}
	return strings.Join(parts, ", ")
}
