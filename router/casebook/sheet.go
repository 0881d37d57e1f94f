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

// answerPath is where a person of a team answers, up to whose link a worker puts
// there, and about which incident.
const answerPath = "/answer/~"

// maxAlerts is how many alerts a message lists.
const maxAlerts = 10

// Writer puts updates into words.
type Writer interface {
	Render(v words.View, r words.Reader) (words.Rendered, error)
	Combine(pieces []words.Piece, r words.Reader) (words.Rendered, error)
}

// Sheet is the fact sheet of one update: what its words are made from. The
// writer says what a team is told will go out by itself.
func (b *Book) Sheet(g policies.Global, w Writer, c *Case, d schedule.Due, now time.Time) words.View {
	return b.sheet(g, w, c, d, c.State.Told[d.Audience], now)
}

// sheet is for an audience that was told so far; nil: nothing.
func (b *Book) sheet(g policies.Global, w Writer, c *Case, d schedule.Due, told *incident.Told, now time.Time) words.View {
	if d.Team {
		told = nil
	}
	switch {
	case c.watchdog != nil:
		return b.alarm(g, c, now)
	case c.State.Kind == incident.Ailing:
		return ailing(g, c, now)
	}
	s := c.State
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
		Lead:         s.Lead,
	}
	t := told
	if e := s.Estimate.Truncate(time.Minute); e.After(now) || t != nil && t.Estimate.Equal(s.Estimate) && t.LastAt.Before(e) {
		v.Estimate = s.Estimate // one that was missed is owned up to once, to those who were told it
	}
	if svc != nil {
		if len(svc.Title) > 0 {
			v.Service = svc.Title
		}
	}
	v.Expected, v.Agreed = b.shares(s, now)
	if len(s.Title) > 0 {
		v.Service = s.Title
	}
	v.Account = inWords(b.Account(c))
	b.work(&v, c, d, told)
	known := 0
	if t != nil && t.First > 0 {
		v.Confirmed = t.Unconfirmed && !s.Unconfirmed
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
	if d.Corrects != nil {
		v.Number, v.Corrects, v.CorrectsAt = d.Corrects.Number, d.Corrects.Number, d.Corrects.DueAt
	}
	v.Alerts, v.MoreAlerts = alerts(s)
	if g.ExternalURL != "" {
		v.Link = g.ExternalURL + "/incidents/" + s.ID
		v.API = g.ExternalURL + "/api/v1/incidents/" + s.ID
		if s.Kind == incident.Change && d.Team && len(d.About) == 0 { // how it goes is said elsewhere than words
			v.API = g.ExternalURL + "/api/v1/changes/" + s.ID
		}
	}
	b.kinfolk(&v, s, d, told)
	if d.Neutral {
		neutral(&v, svc, told)
	}
	if d.Team {
		if strings.HasPrefix(g.ExternalURL, "https://") && s.ID != "" { // it is a login
			v.Answer = g.ExternalURL + answerPath + s.ID
		}
		v.Replies, v.ReplyTo = b.rules.Replies && s.ID != "", b.rules.ReplyTo
		if d.Kind == incident.Nudge { // one after the other, in other words
			v.Number = s.Updates + 1
		}
		v.HeardAt = s.HeardAt
		v.Asks = b.asks(g, w, c, d, now)
	}
	return v
}

// kinfolk adds what an update says of other services.
func (b *Book) kinfolk(v *words.View, s *incident.State, d schedule.Due, told *incident.Told) {
	var knew []string
	if t := told; t != nil {
		knew = t.Services
		for _, name := range t.Folded {
			v.Folded = append(v.Folded, b.title(name))
		}
		if s.Outlived != "" && !t.Heard {
			v.Outlived = b.title(s.Outlived)
		}
	} else if s.Outlived != "" {
		v.Outlived = b.title(s.Outlived)
	}
	for _, name := range s.Services() {
		v.Consequences = append(v.Consequences, b.title(name))
		if !d.Team && !slices.Contains(knew, name) {
			v.NewConsequences = append(v.NewConsequences, b.title(name))
		}
	}
	for _, name := range knew {
		if s.Consequences[name] == nil && !slices.Contains(s.Left, name) && !slices.Contains(s.Loosed, name) {
			v.Recovered = append(v.Recovered, b.title(name))
		}
	}
	if d.Kind.Ends() {
		for _, name := range s.Left {
			v.StillOut = append(v.StillOut, b.title(name))
		}
	}
}

// title is a service's, by language.
func (b *Book) title(service string) map[string]string {
	if svc := b.Service(service); svc != nil && len(svc.Title) > 0 {
		return svc.Title
	}
	return map[string]string{"": service}
}

// alarm is the fact sheet of a watchdog.
func (b *Book) alarm(g policies.Global, c *Case, now time.Time) words.View {
	v := words.View{Organisation: g.Organisation, Kind: words.Alarm, Number: 1, Now: now, Since: now, Watchdog: c.watchdog.String()}
	if since := c.State.SilentSince; since != nil {
		v.Since, v.HeardAt = *since, *since
	} else {
		v.Returned, v.Since, v.HeardAt = true, c.silence, c.silence
	}
	if c.State.Unheard { // that is since when it was waited for
		v.HeardAt = time.Time{}
	}
	return v
}

// asks are the updates that a team is asked to give words for, each as it will
// go out by itself, and what waits for a yes as it would go now.
func (b *Book) asks(g policies.Global, w Writer, c *Case, d schedule.Due, now time.Time) []words.Ask {
	var all []words.Ask
	for _, a := range d.About {
		ask := words.Ask{Audience: a.Audience, At: a.At, Kind: words.Kind(a.Kind), Awaits: a.Of}
		at := a.At
		if a.Draft {
			at = now
			if of := c.State.Drafts[a.Of]; of != nil {
				ask.By = of.Authors
			}
			who, known := b.rules.Approvers[a.Audience]
			ask.Instead, ask.Alone = a.Instead, known && len(ask.By) > 0 && who.Only(ask.By)
		}
		if of := b.Audience(a.Audience); of != nil {
			r := words.Reader{Reads: string(of.Reads), Language: of.Language, Zone: of.TimeZone, Informal: of.Informal}
			if r.Language == "" {
				r.Language = g.Language
			}
			if r.Zone == nil {
				r.Zone = g.TimeZone
			}
			if text, err := w.Render(b.Sheet(g, w, c, a, at), r); err == nil { // what fails is said when it is due
				ask.Text = text.Text
			}
		}
		all = append(all, ask)
	}
	return all
}

// Combination is what a combined update is written from.
func (b *Book) Combination(g policies.Global, w Writer, m Combined, now time.Time) []words.Piece {
	var all []words.Piece
	for _, p := range m.Pieces {
		reads, informal := p.Due.Audience, g.Informal // a team's
		if t := b.Team(p.Due.Audience); p.Due.Team && t != nil {
			reads, informal = p.Due.AsksAs(), t.Informal
		} else if a := b.Audience(p.Due.Audience); a != nil && !p.Due.Team {
			reads, informal = string(a.Reads), a.Informal
		}
		at := now
		if p.Due.At.After(now) {
			at = p.Due.At
		}
		all = append(all, words.Piece{View: b.sheet(g, w, p.Case, p.Due, p.told, at), Reads: reads, Informal: informal})
	}
	return all
}

// Say writes a combined update for one reader: of one incident it is that
// incident's own.
func Say(w Writer, pieces []words.Piece, r words.Reader) (words.Rendered, error) {
	if len(pieces) == 1 {
		r.Reads, r.Informal = pieces[0].Reads, pieces[0].Informal
		return w.Render(pieces[0].View, r)
	}
	return w.Combine(pieces, r)
}

// shares say how much of the SLA clocks is used: of the outage's, or of that of a
// consequence that is farther on.
func (b *Book) shares(s *incident.State, now time.Time) (expected, agreed words.ClockShare) {
	if !s.EndedAt.IsZero() && s.EndedAt.Before(now) {
		now = s.EndedAt // the clocks stopped when the outage did
	}
	count := func(sla *policies.SLA, since time.Time) {
		for clock, most := range map[policies.Clock]*words.ClockShare{policies.Expected: &expected, policies.Agreed: &agreed} {
			if limit := sla.Limit(clock); limit > 0 {
				if one := (words.ClockShare{Limit: limit, Used: sla.Used(since, now)}); most.Limit == 0 || one.Percent() > most.Percent() {
					*most = one
				}
			}
		}
	}
	look := func(service string, since time.Time) {
		if svc := b.Service(service); svc != nil {
			count(svc.SLA, since)
		}
	}
	if s.Kind == incident.Change && !s.StartedAt.After(now) { // of a change, that by which people expect the most
		count(b.tightest(s.Work.Services), s.StartedAt)
	}
	look(s.Service, s.StartedAt)
	for _, name := range s.Services() {
		look(name, s.Consequences[name].StartedAt)
	}
	return expected, agreed
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
