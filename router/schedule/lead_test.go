package schedule

import (
	"testing"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// TestWhoIsAskedHowAChangeGoes: whoever leads it, alone, where one of the teams can write
// to him; else the team that solves, and of several of one name all.
func TestWhoIsAskedHowAChangeGoes(t *testing.T) {
	m := time.Minute
	at := func(hm string) time.Time { return mustParse(t, "2026-03-02T"+hm) }
	jan, piet, anna := policies.Recipient{Name: "Jan", Email: "jan@example.org"}, policies.Recipient{Name: "Piet", Phone: "+31612345601"}, policies.Recipient{Name: "Anna", Email: "anna@example.org"}
	solves := &policies.Team{Name: resolution, Channels: []string{"email"}, Recipients: []policies.Recipient{jan, piet}}
	talks := &policies.Team{Name: communication, Channels: []string{"email"}, NudgeBefore: 40 * m, Recipients: []policies.Recipient{anna}}
	both := map[string]*policies.Team{resolution: solves, communication: talks}
	for name, c := range map[string]struct {
		lead  string
		teams map[string]*policies.Team
		now   string
		want  string
	}{
		"the lead":                          {"Jan", both, "12:00", "17:15 resolution Jan: its planned end comes; Jan leads it"},
		"in other letters":                  {" jan ", both, "12:00", "17:15 resolution Jan: its planned end comes; Jan leads it"},
		"a lead who talks":                  {"Anna", both, "12:00", "16:45 communication Anna: its planned end comes; Anna leads it"},
		"nobody":                            {"", both, "12:00", "17:15 resolution : its planned end comes; nobody leads it"},
		"somebody else's":                   {"Kees", both, "12:00", "17:15 resolution : its planned end comes; its lead Kees is not found in the teams"},
		"one whom the team cannot write to": {"Piet", both, "12:00", "17:15 resolution : its planned end comes; its lead Piet is not found in the teams"},
		"no team that solves":               {"Kees", map[string]*policies.Team{communication: talks}, "12:00", "16:45 communication : its planned end comes; its lead Kees is not found in the teams"},
		"no team":                           {"Jan", nil, "12:00", ""},
		"past its end":                      {"Jan", both, "17:40", "17:45 resolution Jan: updates are due; Jan leads it"},
		"past its end, who talks":           {"Anna", both, "17:40", ""}, // she is asked for words
		"past its end, the team":            {"", both, "17:40", ""},     // it does not want to be asked
	} {
		t.Run(name, func(t *testing.T) {
			r, s := weekend(), incident.NewState("")
			r.Teams = c.teams
			plan := incident.Plan{Title: map[string]string{"": "x"}, Start: at("10:00"), End: at("17:30"), Lead: c.lead}
			incident.Apply(s, incident.Fact{At: at("08:00"), Incident: "SR-1", Body: &incident.Scheduled{Plan: plan, ClocksFrom: plan.End}})
			now := at(c.now)
			if now.After(plan.End) {
				incident.Apply(s, incident.Fact{At: plan.Start, Incident: "SR-1", Body: &incident.Begun{}})
				incident.Apply(s, incident.Fact{At: plan.End, Incident: "SR-1", Body: &incident.Overran{End: plan.End}})
				s.SoundedAt = at("16:50")
			}
			var due []Due
			if now.After(plan.End) {
				due = []Due{{At: at("18:00"), Audience: "board", Kind: incident.Holding}}
			}
			got := ""
			for _, d := range r.teams(s, due, now) {
				if d.Course {
					if d.Kind != incident.Nudge || !d.Team || d.AsksAs() != resolution {
						t.Errorf("%+v", d)
					}
					got = d.At.Format("15:04 ") + d.Audience + " " + d.Alone + ": " + d.Why
				}
			}
			if got != c.want {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
}

// TestWhoTalksIsAskedOnce: where nobody is there to solve, who talks is asked how a change
// goes, and that is that.
func TestWhoTalksIsAskedOnce(t *testing.T) {
	at := func(hm string) time.Time { return mustParse(t, "2026-03-02T"+hm) }
	r, s := weekend(), incident.NewState("")
	r.Teams = map[string]*policies.Team{communication: {Name: communication, Channels: []string{"email"}, Recipients: []policies.Recipient{{Email: "anna@example.org"}}}}
	plan := incident.Plan{Title: map[string]string{"": "x"}, Start: at("10:00"), End: at("17:30")}
	incident.Apply(s, incident.Fact{At: at("08:00"), Incident: "SR-1", Body: &incident.Scheduled{Plan: plan, ClocksFrom: plan.End}})
	incident.Apply(s, incident.Fact{At: plan.Start, Incident: "SR-1", Body: &incident.Begun{}})
	asked := 0
	for now := at("10:01"); now.Before(plan.End); now = now.Add(time.Minute) {
		due, _, _ := Plan(r, s, now)
		for _, d := range due {
			asked++
			incident.Apply(s, incident.Fact{At: now, Incident: "SR-1", Body: &incident.Planned{
				Update: s.Updates + 1, Audience: d.Audience, Kind: d.Kind, Team: d.Team, Course: d.Course, DueAt: d.At, Parts: 1, Deliveries: 1, Roster: []string{"r"}, Channels: []string{"email"},
			}})
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}
