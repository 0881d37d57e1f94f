package incident

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sitrep/policies"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func rules() Rules {
	return Rules{
		Service: &policies.Service{
			Name: "mail", ResolvedAfter: 5 * time.Minute,
			Threshold: []policies.Threshold{
				{FiringFor: 5 * time.Minute, Alerts: 1},
				{FiringFor: time.Minute, Alerts: 3, Severity: "critical"},
			},
		},
		Severities: policies.Severities{"info", "warning", "critical"},
		Next:       7,
	}
}

func obs(name string, firing bool, starts time.Time) Observation {
	o := Observation{
		Fingerprint: name, Firing: firing, StartsAt: starts,
		Labels: map[string]string{"alertname": name, "service": "mail", "severity": "warning"},
	}
	if !firing {
		o.EndsAt = starts.Add(time.Minute)
	}
	return o
}

func with(o Observation, severity string) Observation {
	labels := map[string]string{}
	for k, v := range o.Labels {
		labels[k] = v
	}
	labels["severity"] = severity
	o.Labels = labels
	return o
}

func in(at time.Time, alerts ...Observation) Input { return Input{At: at, Alerts: alerts} }

func planned(update int, promise time.Time) Fact {
	return Fact{At: noon.Add(6 * time.Minute), Service: "mail", Incident: "SR-7", Planned: &Planned{
		Update: update, Audience: "board", Kind: First, Number: update, DueAt: noon.Add(6 * time.Minute), PromiseAt: promise,
		Channels: []string{"email"}, Roster: []string{"r"}, Deliveries: 2, Parts: 1,
	}}
}

// situations are the states that the table has a row for, each with the moment
// at which its input comes.
func situations() []struct {
	name string
	at   time.Time
	s    *State
} {
	r := rules()
	play := func(inputs ...Input) *State {
		s := NewState("mail")
		for _, i := range inputs {
			Advance(r, s, i)
		}
		return s
	}
	m := func(n float64) time.Time { return noon.Add(time.Duration(n * float64(time.Minute))) }
	outage := in(m(0), obs("A", true, m(0)))
	open := Input{At: m(5)}
	told := func(s *State) *State { Apply(s, planned(1, m(60))); return s }
	calm := in(m(10), obs("A", false, m(0)))
	byHand := Input{At: m(8), ID: "i1", By: "oncall", Resolve: &Resolve{Incident: "SR-7", Reason: "test"}}
	identified := Input{At: m(7), ID: "i2", By: "oncall", Say: &Say{Incident: "SR-7", Texts: map[string]string{"": "we know"}, Audiences: []string{"board"}, Phase: Identified}}
	return []struct {
		name string
		at   time.Time
		s    *State
	}{
		{"nothing", m(0), NewState("mail")},
		{"outage short of its threshold", m(4), play(outage)},
		{"outage that calmed down", m(4), play(outage, in(m(2), obs("A", false, m(0))))},
		{"open, nobody told", m(6), play(outage, open)},
		{"open, the board told", m(7), told(play(outage, open))},
		{"open, promise past", m(61), told(play(outage, open))},
		{"identified", m(8), told(play(outage, open, identified))},
		{"monitoring", m(12), told(play(outage, open, calm))},
		{"monitoring, quiet long enough", m(15), told(play(outage, open, calm))},
		{"resolved", m(17), told(play(outage, open, calm, Input{At: m(15)}))},
		{"resolved by hand while it fires", m(9), told(play(outage, open, byHand))},
		{"resolved a day ago", m(60 * 25), told(play(outage, open, calm, Input{At: m(15)}))},
	}
}

func override(at time.Time, c Set) Input {
	c.Incident = "SR-7"
	return Input{At: at, ID: "x", By: "oncall", Set: &c}
}

func steered(at time.Time, c Steer) Input {
	c.Incident, c.Audience = "SR-7", "board"
	return Input{At: at, ID: "x", By: "oncall", Steer: &c}
}

// TestTable is every situation by every input: no cell is blank. What it says
// is read by people; -update writes it anew.
func TestTable(t *testing.T) {
	var out strings.Builder
	for _, s := range situations() {
		at := s.at
		inputs := []struct {
			name string
			in   Input
		}{
			{"tick", Input{At: at}},
			{"the same alert fires", in(at, obs("A", true, noon))},
			{"another alert fires", in(at, obs("B", true, at.Add(-10*time.Second)))},
			{"another alert fires, since long", in(at, obs("B", true, at.Add(-6*time.Minute)))},
			{"a critical alert fires", in(at, with(obs("C", true, at), "critical"))},
			{"an alert with severity none fires", in(at, with(obs("N", true, at.Add(-time.Hour)), "none"))},
			{"the alert resolves", in(at, obs("A", false, noon))},
			{"an unknown alert resolves", in(at, obs("U", false, noon))},
			{"the alert fires anew", in(at, obs("A", true, at))},
			{"words", Input{At: at, ID: "x", By: "oncall", Say: &Say{Incident: "SR-7", Texts: map[string]string{"": "hello"}}}},
			{"words for the board, phase identified", Input{At: at, ID: "x", By: "oncall", Say: &Say{Incident: "SR-7", Texts: map[string]string{"en": "hello"}, Audiences: []string{"board"}, Phase: Identified}}},
			{"words with a phase that is none", Input{At: at, ID: "x", By: "oncall", Say: &Say{Incident: "SR-7", Texts: map[string]string{"": "hello"}, Phase: "done"}}},
			{"resolve by hand", Input{At: at, ID: "x", By: "oncall", Resolve: &Resolve{Incident: "SR-7"}}},
			{"reopen by hand", Input{At: at, ID: "x", By: "oncall", Reopen: &Reopen{Incident: "SR-7", Reason: "not yet"}}},
			{"all that can be set", override(at, Set{Phase: new(Identified), Severity: new("critical"), Estimate: new(at.Add(time.Hour)), Lead: new("Fatima"), Title: &map[string]string{"en": "sending email"}})},
			{"a lower severity", override(at, Set{Severity: new("info")})},
			{"a severity that there is not", override(at, Set{Severity: new("odd")})},
			{"a phase that there is not", override(at, Set{Phase: new(Phase("done"))})},
			{"an estimate in the past", override(at, Set{Estimate: new(at)})},
			{"no estimate, no lead, no title", override(at, Set{Estimate: new(time.Time{}), Lead: new(""), Title: new(map[string]string)})},
			{"hold the board", steered(at, Steer{HoldUntil: at.Add(2 * time.Hour)})},
			{"hold the board until a past moment", steered(at, Steer{HoldUntil: at})},
			{"pause the board", steered(at, Steer{Paused: true})},
			{"the board every 20m", steered(at, Steer{Every: 20 * time.Minute})},
			{"the board every 20s", steered(at, Steer{Every: 20 * time.Second})},
			{"the board as the policy says", steered(at, Steer{})},
			{"receipt", Input{At: at, Receipt: &Receipt{Incident: "SR-7", Delivered: Delivered{Update: 1, Part: "SR-7.1.0.email", Accepted: 2, LastAt: at}}}},
		}
		fmt.Fprintf(&out, "== %s\n", s.name)
		for _, i := range inputs {
			fmt.Fprintf(&out, "%s:\n", i.name)
			facts := Advance(rules(), cloneOf(s.s), i.in)
			for _, f := range facts {
				fmt.Fprintf(&out, "    %s\n", f)
			}
			if len(facts) == 0 {
				fmt.Fprintf(&out, "    (nothing)\n")
			}
		}
		fmt.Fprintln(&out)
	}
	golden(t, "table.golden", out.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs; read what changed, then run with -update\n%s", file, firstDifference(string(want), got))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			now := ""
			if i < len(g) {
				now = g[i]
			}
			return fmt.Sprintf("line %d\n  was %s\n  is  %s", i+1, w[i], now)
		}
	}
	return "there is more at its end"
}

// TestNobodyToReach: an update that reaches nobody leaves nothing due behind.
func TestNobodyToReach(t *testing.T) {
	s := NewState("mail")
	Advance(rules(), s, in(noon, obs("A", true, noon)))
	Advance(rules(), s, Input{At: noon.Add(5 * time.Minute)})
	f := planned(1, time.Time{})
	f.Planned.Behind = []string{"email"}
	Apply(s, f)
	Apply(s, Fact{At: noon.Add(time.Hour), Incident: "SR-7", Unrostered: &Unrostered{Audience: "board"}})
	if b := s.Told["board"]; b.Behind != nil || b.Unheard || !b.LastAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v", b)
	}
}

// TestStrangeClocks: a startsAt in the future or none at all neither delays a
// threshold nor makes each repeat fire again.
func TestStrangeClocks(t *testing.T) {
	for name, starts := range map[string]time.Time{"ahead": noon.Add(3 * time.Minute), "missing": {}} {
		s := NewState("mail")
		for n := range 6 {
			at := noon.Add(time.Duration(n) * time.Minute)
			facts := Advance(rules(), s, in(at, obs("A", true, starts)))
			if want := map[int]int{0: 1, 5: 1}[n]; len(facts) != want {
				t.Errorf("%s, minute %d: %v", name, n, facts)
			}
		}
		if !s.Open() || s.StartedAt != noon {
			t.Errorf("%s: open %v, started %v", name, s.Open(), s.StartedAt)
		}
		if facts := Advance(rules(), s, in(noon.Add(6*time.Minute), obs("A", false, starts))); len(facts) != 2 {
			t.Errorf("%s: the end made %v", name, facts)
		}
	}
}

func TestFactsAreSentences(t *testing.T) {
	at := noon
	for want, f := range map[string]Fact{
		"incident SR-12 opened: mail, critical (3 alerts firing for 1m)":                                                {Service: "mail", Incident: "SR-12", Opened: &Opened{Severity: "critical", Row: "3 alerts firing for 1m"}},
		"mail: outage over before it became an incident":                                                                {Service: "mail", Passed: &Passed{}},
		"incident SR-12 severity rose from warning to critical":                                                         {Incident: "SR-12", Escalated: &Escalated{From: "warning", To: "critical"}},
		"incident SR-12 promise to board broken: nothing had reached all of them before 2026-03-02 12:00:00Z":           {Incident: "SR-12", Broken: &Promise{Audience: "board", PromiseAt: at}},
		"incident SR-12 promise to board kept after all: update 4 came before 2026-03-02 12:00:00Z":                     {Incident: "SR-12", Kept: &Promise{Audience: "board", By: 4, PromiseAt: at, Late: true}},
		`incident SR-12 words 2 for board, it: "hello" (by oncall)`:                                                     {Incident: "SR-12", By: "oncall", Said: &Said{Number: 2, Texts: map[string]string{"nl": "hoi", "en": "hello"}, Audiences: []string{"board", "it"}}},
		"incident SR-12 - refused to resolve: SR-12 is resolved already (by oncall)":                                    {Incident: "SR-12", By: "oncall", Refused: &Refused{What: "resolve", Reason: "SR-12 is resolved already"}},
		"incident SR-12 update 4, part SR-12.4.0.sms: 3 accepted, 1 failed, 1 given up, 2 superseded, 1 possibly twice": {Incident: "SR-12", Delivered: &Delivered{Update: 4, Part: "SR-12.4.0.sms", Accepted: 3, Failed: 1, Unreached: 1, Superseded: 2, Possible: 1}},
		"incident SR-12 update to board not sent: nobody on its roster can be reached":                                  {Incident: "SR-12", Unrostered: &Unrostered{Audience: "board"}},
		"incident SR-12 severity warning, was critical (by oncall)":                                                     {Incident: "SR-12", By: "oncall", Escalated: &Escalated{From: "critical", To: "warning"}},
		"incident SR-12 estimated to be over at 2026-03-02 12:00:00Z (by oncall)":                                       {Incident: "SR-12", By: "oncall", Estimated: &Estimated{At: at}},
		"incident SR-12 has no estimate any more (by oncall)":                                                           {Incident: "SR-12", By: "oncall", Estimated: &Estimated{}},
		`incident SR-12 led by "Fatima" (by oncall)`:                                                                    {Incident: "SR-12", By: "oncall", Led: &Led{"Fatima"}},
		`incident SR-12 called "sending email" (by oncall)`:                                                             {Incident: "SR-12", By: "oncall", Titled: &Titled{map[string]string{"en": "sending email"}}},
		"incident SR-12 - board gets nothing until resumed, and nothing before 2026-03-02 12:00:00Z, and an update every 20m, which breaks what was promised before 2026-03-02 12:00:00Z (by oncall)": {Incident: "SR-12", By: "oncall", Steered: &Steered{Steer: Steer{Audience: "board", Paused: true, HoldUntil: at, Every: 20 * time.Minute}, Breaks: at}},
		"incident SR-12 - board gets updates by the policy again (by oncall)":                                                        {Incident: "SR-12", By: "oncall", Steered: &Steered{Steer: Steer{Audience: "board"}}},
		"incident SR-12 promise to board broken: nothing had reached all of them before 2026-03-02 12:00:00Z, as oncall had decided": {Incident: "SR-12", Broken: &Promise{Audience: "board", PromiseAt: at, Held: "oncall"}},
		"incident SR-12 something that this version does not know":                                                                   {Incident: "SR-12"},
		"incident SR-12 reopened: critical (1 alert firing for 5m)":                                                                  {Incident: "SR-12", Reopened: &Reopened{Severity: "critical", Row: "1 alert firing for 5m"}},
		"incident SR-12 resolved: out from 2026-03-02 12:00:00Z to 2026-03-02 12:00:00Z, 1 firing alert muted: \"planned\"":          {Incident: "SR-12", Resolved: &Resolved{StartedAt: at, EndedAt: at, Firing: 1, Reason: "planned"}},
	} {
		if got := f.String(); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}

// TestASupersededUpdateIsNoBrokenPromise: who was not sent an update since a newer
// one existed has his answer in that, whichever of the two is reported first.
func TestASupersededUpdateIsNoBrokenPromise(t *testing.T) {
	m := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	order := func(update, minute int) Fact {
		f := planned(update, m(minute+60))
		f.At, f.Planned.DueAt = m(minute), m(minute)
		return f
	}
	receipt := func(s *State, at time.Time, update, accepted, superseded int, last time.Time) []Fact {
		return Advance(rules(), s, Input{At: at, Receipt: &Receipt{Incident: "SR-7", Delivered: Delivered{
			Update: update, Part: fmt.Sprint(update), Accepted: accepted, Superseded: superseded, LastAt: last,
		}}})
	}
	for name, c := range map[string]struct {
		newer time.Time // accepted
		first bool      // the newer one is reported first
		kept  bool
	}{
		"in time":                  {m(57), false, true},
		"in time, reported first":  {m(57), true, true},
		"too late":                 {m(61), false, false},
		"too late, reported first": {m(61), true, false},
	} {
		s := NewState("mail")
		Advance(rules(), s, in(m(0), obs("A", true, m(0))))
		Advance(rules(), s, Input{At: m(5)})
		Apply(s, order(1, 0)) // promises a word before 13:00
		receipt(s, m(1), 1, 2, 0, m(1))
		Apply(s, order(2, 55))
		Apply(s, order(3, 56))
		var facts []Fact
		older := func() { facts = append(facts, receipt(s, m(62), 2, 0, 2, time.Time{})...) }
		newer := func() { facts = append(facts, receipt(s, m(62), 3, 2, 0, c.newer)...) }
		if c.first {
			newer()
			older()
		} else {
			older()
			newer()
		}
		kept, broken := 0, 0
		for _, f := range facts {
			switch {
			case f.Kept != nil && f.Kept.Update == 1:
				kept++
			case f.Broken != nil && f.Broken.Update == 1:
				broken++
			}
		}
		if (kept == 1) != c.kept || kept+broken != 1 && !(broken == 1 && kept == 1) {
			t.Errorf("%s: kept %d times, broken %d times: %v", name, kept, broken, facts)
		}
	}
}
