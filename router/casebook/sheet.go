package casebook

import (
	"slices"
	"strings"
	"time"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// maxAlerts is how many alerts a message lists.
const maxAlerts = 10

// Sheet is the fact sheet of one update: what its words are made from.
func (b *Book) Sheet(g policies.Global, s *incident.State, d schedule.Due, now time.Time) words.View {
	svc := b.Service(s.Service)
	v := words.View{
		Organisation: g.Organisation,
		Incident:     s.ID,
		Kind:         words.Kind(d.Kind),
		Number:       1,
		Service:      map[string]string{"": s.Service},
		Severity:     s.Severity,
		Phase:        string(s.Phase),
		Since:        s.StartedAt,
		Now:          now,
		Ended:        s.EndedAt,
		NextBefore:   d.Promise,
		Late:         d.Late,
		Firing:       s.Firing(),
	}
	if svc != nil {
		if len(svc.Title) > 0 {
			v.Service = svc.Title
		}
		v.Expected = share(svc.SLA, policies.Expected, s, now)
		v.Agreed = share(svc.SLA, policies.Agreed, s, now)
	}
	known := 0
	if t := s.Told[d.Audience]; t != nil && t.First > 0 {
		v.Number = t.Count + 1
		v.LastAt, v.PhaseBefore, v.SeverityBefore = t.LastAt, string(t.Phase), t.Severity
		v.FiringBefore, v.CameBack = t.Firing, max(t.Firing-s.Firing(), 0)
		known = t.Words
	}
	if d.Words > 0 {
		if w, ok := s.WordsFor(d.Audience, d.Words); ok {
			v.Words = w.Texts
		}
	}
	if known > 0 && d.Words == 0 {
		if w, ok := s.WordsFor(d.Audience, known); ok {
			v.Known, v.KnownAt = w.Texts, w.At
		}
	}
	v.Alerts, v.MoreAlerts = alerts(s)
	if g.ExternalURL != "" {
		v.Link = g.ExternalURL + "/incidents/" + s.ID
	}
	return v
}

func share(sla *policies.SLA, c policies.Clock, s *incident.State, now time.Time) words.ClockShare {
	if sla.Limit(c) == 0 {
		return words.ClockShare{}
	}
	if !s.EndedAt.IsZero() && s.EndedAt.Before(now) {
		now = s.EndedAt // the clocks stopped when the outage did
	}
	return words.ClockShare{Limit: sla.Limit(c), Used: sla.Used(s.StartedAt, now)}
}

// alerts lists the alerts that fire, or of a quiet incident those that did,
// oldest first, and how many more there are.
func alerts(s *incident.State) (list []words.Alert, more int) {
	var all []*incident.Alert
	for _, a := range s.Alerts {
		if s.Firing() == 0 || (a.Firing() && !a.Muted) {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b *incident.Alert) int {
		if c := a.StartsAt.Compare(b.StartsAt); c != 0 {
			return c
		}
		return strings.Compare(a.Fingerprint, b.Fingerprint)
	})
	for _, a := range all[:min(len(all), maxAlerts)] {
		list = append(list, words.Alert{
			Name: a.Name, Severity: a.Severity, Summary: a.Summary, Instance: a.Labels["instance"],
			Since: a.StartsAt, Firing: a.Firing() && !a.Muted,
		})
	}
	return list, len(all) - len(list)
}
