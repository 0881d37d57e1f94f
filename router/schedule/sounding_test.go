package schedule

import (
	"testing"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// TestSounding: when who solves is asked how it is going.
func TestSounding(t *testing.T) {
	const m = time.Minute
	now := noon.Add(time.Hour)
	for _, c := range []struct {
		name   string
		change func(s *incident.State, r *Rules)
		due    time.Duration // of the next update, from now
		want   string        // when it is asked, by the clock; empty: it is not
	}{
		{"in time for the update", nil, 40 * m, "13:25"},
		{"at once where it is close", nil, 10 * m, "12:55"},
		{"nobody could answer in time", nil, m, ""},
		{"who solves is to be left alone", func(s *incident.State, r *Rules) { r.Teams[resolution].NudgeBefore = 0 }, 40 * m, ""},
		{"nobody is there to solve", func(s *incident.State, r *Rules) { delete(r.Teams, resolution) }, 40 * m, ""},
		{"asked a while ago", func(s *incident.State, r *Rules) { s.SoundedAt = now.Add(-31 * m) }, 40 * m, "13:25"},
		{"asked just now", func(s *incident.State, r *Rules) { s.SoundedAt = now }, 40 * m, "13:30"},
		{"asked just now, and the next is close", func(s *incident.State, r *Rules) { s.SoundedAt = now }, 20 * m, ""},
		{"answered since, unasked", func(s *incident.State, r *Rules) { s.AnsweredAt = now.Add(-m) }, 40 * m, "13:29"},
		{"it is mended", func(s *incident.State, r *Rules) { s.Phase = incident.Monitoring }, 40 * m, ""},
		{"another incident tells of it", func(s *incident.State, r *Rules) { s.Under = "SR-2" }, 40 * m, ""},
		{"it is asked something graver", func(s *incident.State, r *Rules) { s.Unconfirmed = true }, 40 * m, ""},
		{"it is over", func(s *incident.State, r *Rules) { s.ResolvedAt = now }, 40 * m, ""},
	} {
		s := incident.NewState("mail")
		s.ID, s.Phase, s.StartedAt, s.OpenedAt = "SR-1", incident.Investigating, noon, noon
		r := Rules{Teams: map[string]*policies.Team{resolution: {Name: resolution, NudgeBefore: 15 * m}}}
		if c.change != nil {
			c.change(s, &r)
		}
		got := ""
		if d, ok := r.sounding(s, []Due{{Audience: "board", Kind: incident.Holding, At: now.Add(c.due)}}, now); ok {
			got = d.At.Format("15:04")
			if !d.Team || d.Audience != resolution || d.Kind != incident.Nudge || len(d.About) > 0 {
				t.Errorf("%s: %+v", c.name, d)
			}
		}
		if got != c.want {
			t.Errorf("%s: asked at %q, not %q", c.name, got, c.want)
		}
	}
}

// TestNewsOfWhoSolves: who talks gets a draft at once, of every update that may still
// say it, and once.
func TestNewsOfWhoSolves(t *testing.T) {
	now := noon.Add(time.Hour)
	s := incident.NewState("mail")
	s.ID, s.Phase, s.StartedAt, s.OpenedAt = "SR-1", incident.Identified, noon, noon
	r := Rules{Teams: map[string]*policies.Team{communication: {Name: communication, NudgeBefore: 10 * time.Minute}}}
	due := []Due{
		{Audience: "it", Kind: incident.Progress, At: now.Add(50 * time.Minute)},
		{Audience: "board", Kind: incident.Progress, At: now.Add(20 * time.Minute)},
		{Audience: "staff", Kind: incident.Progress, At: now.Add(time.Minute)},
		{Audience: "management", Kind: incident.Closing, At: now.Add(20 * time.Minute)},
	}
	if d, ok := r.nudge(s, due, now); !ok || !d.At.Equal(now.Add(10*time.Minute)) || len(d.About) != 1 {
		t.Errorf("without news: %+v, %v", d, ok)
	}
	s.NewsAt = now
	if d, ok := r.nudge(s, due, now); !ok || !d.At.Equal(now) || len(d.About) != 2 || d.About[0].Audience != "board" || d.About[1].Audience != "it" {
		t.Errorf("with news: %+v, %v", d, ok)
	}
	s.NudgedAt = now
	if d, ok := r.nudge(s, due, now); !ok || !d.At.Equal(now.Add(10*time.Minute)) {
		t.Errorf("news that was passed on: %+v, %v", d, ok)
	}
	s.NewsAt, s.NudgedAt = now, time.Time{}
	if d, ok := r.nudge(s, due[2:], now); ok {
		t.Errorf("nothing may say it any more: %+v", d)
	}
}
