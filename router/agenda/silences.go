package agenda

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

var errNoSilences = errors.New("it is no list of silences as Alertmanager's API gives it")

// SilencesPath is where Alertmanager lists its silences, below its address.
const SilencesPath = "/api/v2/silences"

// mark is how the comment of a silence begins that is a change.
const mark = "change:"

// silence is one as Alertmanager's API, version 2, gives it.
type silence struct {
	ID       string    `json:"id"`
	Comment  string    `json:"comment"`
	StartsAt time.Time `json:"startsAt"`
	EndsAt   time.Time `json:"endsAt"`
	Status   struct {
		State string `json:"state"`
	} `json:"status"`
	Matchers []silenced `json:"matchers"`
}

type silenced struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual *bool  `json:"isEqual"` // absent before version 0.22: true
}

// Silences reads the silences of Alertmanager that are in force, or to come, and whose
// comment begins with "change:". What expired says nothing of the work.
func Silences(data []byte, r Rules, now time.Time) (Reading, error) {
	var all []silence
	if err := json.Unmarshal(data, &all); err != nil || all == nil {
		return Reading{}, errNoSilences
	}
	out := Reading{All: len(all)}
	for _, s := range all {
		comment := strings.TrimSpace(s.Comment)
		if len(comment) < len(mark) || !strings.EqualFold(comment[:len(mark)], mark) || s.Status.State != "active" && s.Status.State != "pending" {
			continue
		}
		out.Entries = append(out.Entries, r.silence(s, comment[len(mark):], now))
		if len(out.Entries) > maxEntries {
			return Reading{}, errTooMany
		}
	}
	return out, nil
}

func (r Rules) silence(s silence, comment string, now time.Time) Entry {
	title, rest, _ := strings.Cut(comment, "\n")
	l := readLines(rest)
	e := Entry{UID: clean(s.ID, maxUID) + "@alertmanager", Said: incident.Entry{
		Source: r.Source, Title: clean(title, maxTitle), Start: s.StartsAt.UTC().Truncate(time.Second), End: s.EndsAt.UTC().Truncate(time.Second), Lead: l.lead,
	}}
	if e.Said.Services = r.implied(s.Matchers); len(e.Said.Services) == 0 {
		var err error
		if e.Said.Services, err = r.services(l.services); err != nil {
			e.amiss(err)
			return e
		}
	}
	start := local{wall: e.Said.Start, zone: place{time.UTC}}.in(place{r.Zone})
	var err error
	if e.Said.Decide, err = decision(l.decide, start); err == nil {
		err = sound(e.Said, now)
	}
	switch {
	case err != nil:
		e.amiss(err)
	case e.Said.Title == "":
		e.amiss(wrong(`its comment says nothing after "change:"`))
	}
	return e
}

// alternatives are words with bars between them, the one kind of pattern that names what
// it is for.
var alternatives = regexp.MustCompile(`^(?:[A-Za-z0-9_-]+\|)*[A-Za-z0-9_-]+$`)

// implied are the services of which every alert that the silence is for would be: each of
// their matchers holds for what the silence says of that label.
func (r Rules) implied(all []silenced) (names []string) {
	values := map[string][]string{}
	for _, m := range all {
		switch {
		case m.IsEqual != nil && !*m.IsEqual:
		case !m.IsRegex:
			values[m.Name] = []string{m.Value}
		case len(m.Value) < maxText && alternatives.MatchString(m.Value):
			values[m.Name] = strings.Split(m.Value, "|")
		}
	}
	for _, s := range r.Services {
		if len(s.Matchers) > 0 && impliedBy(s, values) {
			names = append(names, s.Name)
		}
	}
	return names
}

// impliedBy looks at one service. Of several values of a label one that fits is enough:
// the silence is for alerts of this service too.
func impliedBy(s *policies.Service, values map[string][]string) bool {
	for _, m := range s.Matchers {
		if !slices.ContainsFunc(values[m.Name], m.Matches) {
			return false
		}
	}
	return true
}
