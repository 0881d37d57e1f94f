package schedule

import (
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// Whoever leads a planned change is asked how it goes, and he alone where he can be
// found; else the team that solves is:
//
//	              the lead is of a team, and it can write to him?
//	                  │ yes                        │ no
//	                  v                            v
//	              he alone              resolution, else communication
//
//	before the decision time, before the planned end, and past it before updates are due

// ask is how long before the decision time and the planned end somebody is asked how it
// goes, where the teams do not say.
const ask = 15 * time.Minute

// apart is how long is between two questions to one person: who talks is asked how a change
// goes by so much before he is asked for words, and one of a decision time that is as close
// to the end stands for both.
const apart = 5 * time.Minute

// leads returns whom to ask how a change goes: a team, the only one of it to be asked
// (empty: all are), and why it is he; nil where nobody can be asked.
func (r Rules) leads(s *incident.State) (team *policies.Team, alone, why string) {
	for _, name := range []string{resolution, communication} {
		if who, known := r.Teams[name].Reachable(s.Lead); known {
			return r.Teams[name], who.Name, who.Name + " leads it"
		}
	}
	why = "nobody leads it"
	if s.Lead != "" {
		why = "its lead " + s.Lead + " is not found in the teams"
	}
	if team = r.Teams[resolution]; team == nil { // whoever talks is asked
		team = r.Teams[communication]
	}
	return team, "", why
}

// conduct returns when whoever leads a change is next asked how it goes: before the
// decision time, and before its planned end whether it is done by then.
func (r Rules) conduct(s *incident.State, now time.Time) (Due, bool) {
	if s.Kind != incident.Change || !s.Open() {
		return Due{}, false
	}
	team, alone, leads := r.leads(s)
	if team == nil {
		return Due{}, false
	}
	before := ask
	if team.NudgeBefore > 0 {
		before = team.NudgeBefore
		if team.Name == communication { // which is asked for words then
			before += apart
		}
	}
	w := s.Work
	starts := w.Begun
	if starts.IsZero() {
		starts = w.Start
	}
	for _, m := range []struct {
		at       time.Time
		why      string
		needless bool // there is nothing left to decide
	}{{w.Decide, "its decision time comes", w.Course == incident.RollingBack}, {w.End, "its planned end comes", false}} {
		at := m.at.Add(-before)
		if at.Before(starts) { // nobody is asked how it goes before it does
			at = starts
		}
		if m.needless || m.at.IsZero() || !m.at.After(now) || s.SoundedAt.Add(near).After(at) || !w.SaidAt.Before(at) || w.MovedAt.After(at) {
			continue
		}
		return Due{At: at, Audience: team.Name, Team: true, Kind: incident.Nudge, Course: true, Alone: alone, Why: m.why + "; " + leads}, true
	}
	return Due{}, false
}

// AsksAs names the team in whose words somebody is asked. How a change goes is a question
// for who solves, whoever leads it.
func (d Due) AsksAs() string {
	if d.Course {
		return resolution
	}
	return d.Audience
}
