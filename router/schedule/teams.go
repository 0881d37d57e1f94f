package schedule

import (
	"slices"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// The two groups: who talks, and who solves.
const (
	communication = "communication"
	resolution    = "resolution"
)

// teams returns what the teams are asked: words for updates that are due soon,
// whether an unconfirmed incident still is, and to look why a watchdog is
// silent. Audiences is what the audiences are due.
func (r Rules) teams(s *incident.State, audiences []Due, now time.Time) []Due {
	var all []Due
	for _, name := range []string{communication, resolution} {
		if r.Teams[name] == nil {
			continue
		}
		d := Due{At: now, Audience: name, Team: true}
		switch {
		case s.Kind == incident.Watchdog && s.SilentSince != nil && !s.Alarmed[name]:
			d.Kind, d.Why = incident.Alarm, "monitoring is not heard"
		case s.Kind == incident.Watchdog && s.SilentSince == nil && s.Alarmed[name]:
			d.Kind, d.Why = incident.Alarm, "monitoring is heard again"
		case s.Open() && s.Under == "" && s.Unconfirmed && !s.Questioned[name]:
			d.Kind, d.Why = incident.Question, "it is unconfirmed"
		default:
			continue
		}
		all = append(all, d)
	}
	if d, ok := r.nudge(s, audiences, now); ok {
		all = append(all, d)
	}
	return all
}

// nudge returns when the communication team is next asked for words, and what
// for. It names every update that is due within its time, also one that was
// asked for before: the newest nudge is the only one that matters. What it would
// be asked for a little later it is asked for now: nobody who works on words is
// called three times in five minutes.
func (r Rules) nudge(s *incident.State, audiences []Due, now time.Time) (Due, bool) {
	team := r.Teams[communication]
	if team == nil || team.NudgeBefore == 0 || !s.Open() {
		return Due{}, false
	}
	var d Due
	for _, a := range audiences {
		at, ok := r.asks(s, a, team, now)
		if asked, known := s.Asked[a.Audience]; !ok || known && asked.Sub(a.At).Abs() < time.Minute {
			continue
		}
		if d.At.IsZero() || at.Before(d.At) {
			d.At = at
		}
	}
	if d.At.IsZero() {
		return Due{}, false
	}
	if again := s.NudgedAt.Add(time.Minute); d.At.Before(again) {
		d.At = again
	}
	d.Audience, d.Team, d.Kind, d.Why = communication, true, incident.Nudge, "updates are due"
	for _, a := range audiences {
		if at, ok := r.asks(s, a, team, now); ok && !at.After(d.At.Add(team.NudgeBefore/2)) {
			d.About = append(d.About, a)
		}
	}
	slices.SortStableFunc(d.About, func(a, b Due) int { return a.At.Compare(b.At) })
	return d, true
}

// answerable is how long before an update somebody can still write words for it.
const answerable = 2 * time.Minute

// asks returns when words are asked for an update; not at all where it comes
// before anybody could answer, or never, or has words already.
func (r Rules) asks(s *incident.State, a Due, team *policies.Team, now time.Time) (time.Time, bool) {
	if a.CatchUp || a.Words > 0 || a.Kind == incident.Closing || !a.At.After(now) || a.At.Sub(now) < min(team.NudgeBefore/2, answerable) {
		return time.Time{}, false
	}
	if svc := r.Services[s.Service]; svc != nil && s.Firing() == 0 && !s.QuietSince.IsZero() && !a.At.Before(s.QuietSince.Add(svc.ResolvedAfter)) {
		return time.Time{}, false // the end comes first
	}
	at := a.At.Add(-team.NudgeBefore)
	if t := s.Told[a.Audience]; t != nil && t.Heard && !at.After(t.LastAt) {
		return time.Time{}, false // it is told more often than that
	}
	if began := s.BeganAt(); at.Before(began) {
		at = began
	}
	return at, true
}
