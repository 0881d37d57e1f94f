package schedule

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// weekend is a policy for planned changes.
func weekend(announce ...policies.Announcement) Rules {
	_, r := town()
	r.Policies = append([]*policies.Policy{{Name: "planned", Updates: []policies.Updates{
		{Audience: r.Audiences["board"], Announce: announce, Cadence: []policies.Row{age(0, time.Hour), part(1, policies.Expected, 30*time.Minute)}},
	}}}, r.Policies...)
	return r
}

// TestWhenAChangeIsTold: what the board is told of a change from noon to six, that was
// planned at eight; each word a second late, as a real clock has it.
func TestWhenAChangeIsTold(t *testing.T) {
	day, start, end := policies.Announcement{Before: 24 * time.Hour}, policies.Announcement{At: policies.AtStart}, policies.Announcement{At: policies.AtEnd}
	hour := policies.Announcement{Before: time.Hour}
	for name, c := range map[string]struct {
		announce []policies.Announcement
		steps    map[string]incident.Fact // by when
		want     string
	}{
		"all": {[]policies.Announcement{day, hour, start, end}, nil,
			"08:00 announced <11:05, 11:00 announced <12:05, 12:00 started <18:05, 18:00 overrunning <19:05, 19:00 overdue <19:35, 19:30 holding <20:05, 20:00 holding <20:35"},
		"only the end": {[]policies.Announcement{end}, nil, "18:00 first <19:05, 19:00 overdue <19:35, 19:30 holding <20:05, 20:00 holding <20:35"},
		"none":         {nil, nil, "18:00 first <19:05, 19:00 overdue <19:35, 19:30 holding <20:05, 20:00 holding <20:35"},
		"begun early": {[]policies.Announcement{hour, start}, map[string]incident.Fact{"10:00": {Body: &incident.Begun{}}},
			"10:00 started <18:05, 18:00 overrunning <19:05, 19:00 overdue <19:35, 19:30 holding <20:05, 20:00 holding <20:35"},
		"done in time":               {[]policies.Announcement{day, end}, map[string]incident.Fact{"17:00": {Body: &incident.Finished{}}}, "08:00 announced <18:05, 17:00 completed"},
		"done, as the promised word": {[]policies.Announcement{day}, map[string]incident.Fact{"17:00": {Body: &incident.Finished{}}}, "08:00 announced <18:05, 17:00 completed"},
		"called off":                 {[]policies.Announcement{day}, map[string]incident.Fact{"09:00": {Body: &incident.CalledOff{}}}, "08:00 announced <18:05, 09:00 cancelled"},
	} {
		t.Run(name, func(t *testing.T) {
			r, s := weekend(c.announce...), incident.NewState("")
			at := func(hm string) time.Time { return mustParse(t, "2026-03-02T"+hm) }
			plan := incident.Plan{Title: map[string]string{"": "x"}, Services: []string{"mail"}, Start: at("12:00"), End: at("18:00")}
			rules := incident.Rules{Crew: &incident.Crew{Overlaps: func(incident.Plan) []string { return nil }, Fires: func() (string, []incident.Alert) { return "", nil }}, SLA: gold}
			incident.Apply(s, incident.Fact{At: at("08:00"), Incident: "SR-1", Body: &incident.Scheduled{Plan: plan, ClocksFrom: plan.End}})
			var got []string
			for now := at("08:00"); now.Before(at("20:20")); now = now.Add(10 * time.Minute) {
				late := now.Add(time.Second)
				if f, is := c.steps[now.Format("15:04")]; is {
					f.At, f.Incident, f.By = now, "SR-1", "somebody"
					incident.Apply(s, f)
				}
				incident.Advance(rules, s, incident.Input{At: late})
				for {
					due, _, _ := Plan(r, s, late)
					if len(due) == 0 {
						break
					}
					d := due[0]
					p := incident.Planned{Update: s.Updates + 1, Audience: d.Audience, Kind: d.Kind, Number: 1, DueAt: d.At, NextAt: d.Next, NextWhy: d.NextWhy, PromiseAt: d.Promise, Parts: 1, Deliveries: 1, Channels: []string{"email"}, Roster: []string{"r"}}
					if told := s.Told[d.Audience]; told != nil {
						p.Number = told.Count + 1
					}
					incident.Apply(s, incident.Fact{At: late, Incident: "SR-1", Body: &p})
					if len(got) > 30 {
						t.Fatalf("it never ends: %v", got)
					}
					word := fmt.Sprintf("%s %s", d.At.Format("15:04"), d.Kind)
					if !d.Promise.IsZero() {
						word += d.Promise.Format(" <15:04")
					}
					got = append(got, word)
				}
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), c.want)
			}
		})
	}
}
