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

// alarmEvery is how often one thing of sitrep itself is alarmed about, at most.
const alarmEvery = time.Hour

// teams returns what the teams are asked: words for updates that are due soon,
// whether an unconfirmed incident still is, to look why a watchdog is
// silent, and to mend what of sitrep itself ails. Audiences is what the audiences are due.
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
		case s.Kind == incident.Ailing && name == resolution && s.Ailment != nil && !s.Alarmed[name]:
			d.Kind, d.Why = incident.Alarm, "sitrep itself: "+s.Ailment.What
			if again := s.AlarmedAt.Add(alarmEvery); !s.AlarmedAt.IsZero() && again.After(now) {
				d.At = again
			}
		case s.Kind == incident.Ailing && name == resolution && s.Ailment == nil && s.Alarmed[name] && !s.Ailed.Lasting():
			d.Kind, d.Why = incident.Alarm, "sitrep itself: "+s.Ailed.What+" is well again"
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
	if d, ok := r.conduct(s, now); ok {
		all = append(all, d)
	} else if d, ok := r.sounding(s, audiences, now); ok {
		all = append(all, d)
	}
	return all
}

// soundEvery is how often who solves is asked how it is going, at most: as long an
// answer is good for, too.
const soundEvery = 30 * time.Minute

// sounding returns when the resolution team is next asked how it is going: so long
// before an update is due that the answer is in it. It is not asked what anybody said
// a while ago, nor what the alerts say.
func (r Rules) sounding(s *incident.State, audiences []Due, now time.Time) (Due, bool) {
	team, d := r.Teams[resolution], Due{Audience: resolution, Team: true, Kind: incident.Nudge, Why: "updates are due"}
	if s.Kind == incident.Change {
		of, alone, leads := r.leads(s)
		if alone != "" && of.Name == communication && of.NudgeBefore > 0 { // he is asked for words anyway
			return Due{}, false
		}
		if alone != "" { // he is asked whether or not the team wants to be
			one := *of
			if one.NudgeBefore == 0 {
				one.NudgeBefore = ask
			}
			team = &one
		}
		if team != nil {
			d.Audience, d.Alone, d.Course, d.Why = team.Name, alone, true, d.Why+"; "+leads
		}
	}
	if team == nil || team.NudgeBefore == 0 || !s.Open() || s.Under != "" || s.Unconfirmed || s.Phase == incident.Monitoring {
		return Due{}, false
	}
	for _, a := range audiences {
		at, ok := r.asks(s, a, team, now)
		for _, last := range []time.Time{s.SoundedAt, s.AnsweredAt} {
			if again := last.Add(soundEvery); !last.IsZero() && at.Before(again) {
				at = again
			}
		}
		if ok && a.At.Sub(at) >= answerable && (d.At.IsZero() || at.Before(d.At)) {
			d.At = at
		}
	}
	return d, !d.At.IsZero()
}

// nudge returns when the communication team is next asked for words, and what
// for. It names every update that is due within its time, also one that was
// asked for before: the newest nudge is the only one that matters. What it would
// be asked for a little later it is asked for now: nobody who works on words is
// called three times in five minutes. When who solves says how it is going, it is asked
// at once, and what goes out next is its draft.
func (r Rules) nudge(s *incident.State, audiences []Due, now time.Time) (Due, bool) {
	team := r.Teams[communication]
	if team == nil {
		return Due{}, false
	}
	var d Due
	for _, a := range audiences {
		if written(a) && !s.Drafts[a.Of].Asked {
			d.At = now
		}
		at, ok := r.asks(s, a, team, now)
		if asked, known := s.Asked[a.Audience]; !ok || known && asked.Sub(a.At).Abs() < time.Minute {
			continue
		}
		if d.At.IsZero() || at.Before(d.At) {
			d.At = at
		}
	}
	news := team.NudgeBefore > 0 && s.Open() && s.NewsAt.After(s.NudgedAt) && slices.ContainsFunc(audiences, func(a Due) bool { return r.rests(a, now) })
	if news && (d.At.IsZero() || s.NewsAt.Before(d.At)) {
		d.At = s.NewsAt
	}
	if d.At.IsZero() {
		return Due{}, false
	}
	if again := s.NudgedAt.Add(time.Minute); d.At.Before(again) {
		d.At = again
	}
	d.Audience, d.Team, d.Kind, d.Why = communication, true, incident.Nudge, "updates are due"
	for _, a := range audiences {
		if written(a) { // it is quoted as it would go now
			if a.At = a.Deadline; a.At.Before(now) {
				a.At = now
			}
			d.About = append(d.About, a)
		}
		if at, ok := r.asks(s, a, team, now); ok && !at.After(d.At.Add(team.NudgeBefore/2)) || news && r.rests(a, now) {
			d.About = append(d.About, a)
		}
	}
	slices.SortStableFunc(d.About, func(a, b Due) int { return a.At.Compare(b.At) })
	return d, true
}

// rests reports whether an update to come may yet say what who solves just said: its
// text is a draft for who talks.
func (r Rules) rests(a Due, now time.Time) bool {
	return !a.CatchUp && !a.Draft && !a.Lapses && !a.Pending && a.Words == 0 && !a.Kind.Ends() && a.At.Sub(now) >= answerable
}

// answerable is how long before an update somebody can still write words for it.
const answerable = 2 * time.Minute

// asks returns when words are asked for an update; not at all where it comes
// before anybody could answer, or never, or has words already.
func (r Rules) asks(s *incident.State, a Due, team *policies.Team, now time.Time) (time.Time, bool) {
	if team.NudgeBefore == 0 || !s.Open() || a.Draft || a.Lapses || a.Pending { // for those, a yes is asked
		return time.Time{}, false
	}
	if a.CatchUp || a.Words > 0 || a.Kind.Ends() || foretold(a.Kind) || !a.At.After(now) || a.At.Sub(now) < min(team.NudgeBefore/2, answerable) {
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
