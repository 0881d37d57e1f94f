package agenda

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

const (
	// ahead is how far recurring entries are looked at, and farthest how far ahead a
	// change may end, as for people.
	ahead, farthest = 60 * 24 * time.Hour, 366 * 24 * time.Hour
	// longAgo is how long ago a change may have begun, as for people.
	longAgo = 30 * 24 * time.Hour
	// maxEntries is how many a calendar may have that are not over, and maxSeries how
	// many recurring ones.
	maxEntries, maxSeries = 1000, 500
)

// Entry is what a source says of one change.
type Entry struct {
	UID       string
	Said      incident.Entry
	Cancelled bool
	// Tentative says that it may or may not be: it is not planned, and what is planned of
	// it stays, until it is confirmed or cancelled.
	Tentative bool
	// Amiss is why it is not taken; empty: it is. Unknown is the service that it names
	// and that there is not, where that is why. Series says that all whose UID begins
	// with this one's are meant.
	Amiss   string
	Unknown string
	Series  bool
}

// Reading is what a source says at one time.
type Reading struct {
	Entries []Entry
	All     int // entries that it holds, those of long ago too
}

// holds reports whether a reading has something of a UID.
func (r Reading) holds(uid string) bool {
	return slices.ContainsFunc(r.Entries, func(e Entry) bool {
		return e.UID == uid || e.Series && strings.HasPrefix(uid, e.UID+"-")
	})
}

// Rules are what the operator says.
type Rules struct {
	Source   string              // its name
	Services []*policies.Service // that there are
	Default  []string            // services of entries that name none
	Zone     *time.Location      // of times that name none
}

// service returns the name of what people write: its own, or its title in any language.
func (r Rules) service(written string) (string, bool) {
	for _, s := range r.Services {
		if strings.EqualFold(s.Name, written) {
			return s.Name, true
		}
	}
	for _, s := range r.Services {
		for _, title := range s.Title {
			if strings.EqualFold(title, written) {
				return s.Name, true
			}
		}
	}
	return "", false
}

// amiss is why an entry is not taken.
type amiss struct{ text, service string }

func (a amiss) Error() string { return a.text }

func wrong(format string, args ...any) error { return amiss{text: fmt.Sprintf(format, args...)} }

// amiss notes why an entry is not taken.
func (e *Entry) amiss(err error) {
	var a amiss
	if e.Amiss = err.Error(); errors.As(err, &a) {
		e.Unknown = a.service
	}
}

// services looks up what is written; an empty list is the default.
func (r Rules) services(written []string) ([]string, error) {
	if len(written) == 0 {
		return r.Default, nil
	}
	var all []string
	for _, w := range written {
		name, known := r.service(w)
		if !known {
			return nil, amiss{fmt.Sprintf("there is no service %q", w), w}
		}
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all, nil
}

// sound refuses times that cannot be.
func sound(e incident.Entry, now time.Time) error {
	switch {
	case !e.End.After(e.Start):
		return wrong("its end is not after its start")
	case !e.Decide.IsZero() && (e.Decide.Before(e.Start) || e.Decide.After(e.End)):
		return wrong("the decision time is not between its start and its end")
	case e.End.After(now) && now.Sub(e.Start) > longAgo:
		return wrong("it began more than 30 days ago")
	}
	return nil
}
