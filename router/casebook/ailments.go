package casebook

import (
	"slices"
	"strings"
	"time"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/incident"
)

// ailment makes the case of something of sitrep itself.
func (b *Book) ailment(id string) *Case {
	c := &Case{State: incident.NewAilment(id), place: -1}
	b.ids[id] = c
	return c
}

// Ails returns what of sitrep itself ails, by id.
func (b *Book) Ails() []incident.Ailment {
	var all []incident.Ailment
	for _, c := range b.ids {
		if a := c.State.Ailment; a != nil {
			all = append(all, *a)
		}
	}
	slices.SortFunc(all, func(x, y incident.Ailment) int { return strings.Compare(x.ID, y.ID) })
	return all
}

// around has a team's route avoid the channels that ail where there is another; for
// an alarm any other, also one that the team is not asked by: who is to mend it is
// to hear of it.
func (b *Book) around(r *Route, alarm bool) {
	out := r.out
	r.out = func(channel string) bool {
		c := b.ids[incident.Ailment{ID: incident.AilingChannel + "-" + channel}.Case()]
		return c != nil && c.State.Ailment != nil || out(channel)
	}
	for c := range b.rules.Needs {
		if alarm && !slices.Contains(r.Channels, c) {
			r.Fallback = append(r.Fallback, c)
		}
	}
	slices.Sort(r.Fallback)
}

// ailing is the fact sheet of what ails, or did.
func ailing(g policies.Global, c *Case, now time.Time) words.View {
	v := words.View{Organisation: g.Organisation, Kind: words.Ailing, Number: c.State.Updates + 1, Now: now}
	a := c.State.Ailment
	if a == nil {
		a, v.Returned = c.State.Ailed, true
	}
	v.Since, v.Ended = a.Since, a.Until
	v.Ailment = words.Ailment{What: a.What, Channel: a.Channel, Code: a.Code, Name: a.Name, Incident: a.Incident, Spent: a.Spent, Limit: a.Limit}
	return v
}
