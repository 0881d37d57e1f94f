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
		Into: func(id string) (service, why string) {
			if id == "SR-1" {
				return "network", ""
			}
			return "", "there is no incident " + id
		},
		Due: func(time.Time) []string { return []string{"board", "it"} },
		Configured: func(audience, name string) []string {
			if audience == "board" && (name == "mayor's mail" || name == "mayor's phone") {
				return []string{"mayor's mail", "mayor's phone"}
			}
			return nil
		},
		Others: func(who Recipient) bool { return who.Person != "mayor" },
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

// saying is an alert whose annotations say something.
func saying(o Observation, account Account) Observation {
	o.Account = account
	return o
}

func in(at time.Time, alerts ...Observation) Input { return Input{At: at, Alerts: alerts} }

func planned(update int, promise time.Time) Fact {
	return Fact{At: noon.Add(6 * time.Minute), Service: "mail", Incident: "SR-7", Body: &Planned{
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
	byHand := Input{At: m(8), ID: "i1", By: "oncall", Reason: "test", Resolve: &Resolve{Incident: "SR-7"}}
	identified := Input{At: m(7), ID: "i2", By: "oncall", Say: &Say{Incident: "SR-7", Texts: map[string]string{"": "we know"}, Audiences: []string{"board"}, Phase: Identified}}
	deputy := Input{At: m(8), ID: "i3", By: "oncall", Enlist: &Enlist{Incident: "SR-7", Recipient: Recipient{Audience: "board", Person: "deputy", Names: []string{"deputy's mail"}, Roster: "d"}}}
	mayor := Input{At: m(8), ID: "i4", By: "oncall", Enlist: &Enlist{Incident: "SR-7", Remove: true, Recipient: Recipient{Audience: "board", Person: "mayor", Names: []string{"mayor's phone"}}}}
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
		{"a person gave an impact", m(8), told(play(outage, open, override(m(7), Set{Account: Account{Impact: {"en": "Mail does not work."}}})))},
		{"the deputy added to the board, the mayor removed", m(9), told(play(outage, open, deputy, mayor))},
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

func enlisted(at time.Time, remove bool, audience, person string, names ...string) Input {
	return Input{At: at, ID: "x", By: "oncall", Role: "responder", Enlist: &Enlist{Incident: "SR-7", Remove: remove, Recipient: Recipient{Audience: audience, Person: person, Names: names, Roster: "r"}}}
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
			{"an alert that says what is wrong fires", in(at, saying(obs("S", true, at), Account{Summary: {"nl": "Alles ligt plat."}, Workaround: {"": "Call."}}))},
			{"the alert says something of it now", in(at, saying(obs("A", true, noon), Account{Impact: {"": "Nobody can mail."}}))},
			{"the alert resolves", in(at, obs("A", false, noon))},
			{"an unknown alert resolves", in(at, obs("U", false, noon))},
			{"the alert fires anew", in(at, obs("A", true, at))},
			{"words", Input{At: at, ID: "x", By: "oncall", Say: &Say{Incident: "SR-7", Texts: map[string]string{"": "hello"}}}},
			{"words for the board, phase identified", Input{At: at, ID: "x", By: "oncall", Say: &Say{Incident: "SR-7", Texts: map[string]string{"en": "hello"}, Audiences: []string{"board"}, Phase: Identified}}},
			{"words with a phase that is none", Input{At: at, ID: "x", By: "oncall", Say: &Say{Incident: "SR-7", Texts: map[string]string{"": "hello"}, Phase: "done"}}},
			{"resolve by hand", Input{At: at, ID: "x", By: "oncall", Resolve: &Resolve{Incident: "SR-7"}}},
			{"reopen by hand", Input{At: at, ID: "x", By: "oncall", Role: "responder", Reason: "not yet", Reopen: &Reopen{Incident: "SR-7"}}},
			{"open by hand, since 20m", Input{At: at, ID: "x", By: "oncall", Role: "responder", Reason: "they ring", Open: &Open{Service: "mail", Severity: "warning", StartedAt: at.Add(-20 * time.Minute), Title: map[string]string{"en": "agenda"}, Account: Account{Impact: {"": "No agenda."}}}}},
			{"open by hand from a moment to come", Input{At: at, ID: "x", By: "oncall", Open: &Open{Service: "mail", Severity: "critical", StartedAt: at.Add(time.Second)}}},
			{"open by hand, in a severity that there is not", Input{At: at, ID: "x", By: "oncall", Open: &Open{Service: "mail", Severity: "odd"}}},
			{"send the next at once", Input{At: at, ID: "x", By: "oncall", Send: &Send{Incident: "SR-7"}}},
			{"send the staff's at once, to whom nothing is due", Input{At: at, ID: "x", By: "oncall", Send: &Send{Incident: "SR-7", Audiences: []string{"staff"}}}},
			{"cancel the first update", Input{At: at, ID: "x", By: "oncall", Cancel: &Cancel{Incident: "SR-7", Update: 1}}},
			{"cancel an update that there is not", Input{At: at, ID: "x", By: "oncall", Cancel: &Cancel{Incident: "SR-7", Update: 9}}},
			{"fold it into another", Input{At: at, ID: "x", By: "oncall", Reason: "one cable", Merge: &Merge{Incident: "SR-7", Into: "SR-1"}}},
			{"fold it into none", Input{At: at, ID: "x", By: "oncall", Merge: &Merge{Incident: "SR-7", Into: "SR-9"}}},
			{"fold it into itself", Input{At: at, ID: "x", By: "oncall", Merge: &Merge{Incident: "SR-7", Into: "SR-7"}}},
			{"take out what is no part of it", Input{At: at, ID: "x", By: "oncall", Split: &Split{Incident: "SR-7", Service: "web"}}},
			{"all that can be set", override(at, Set{Phase: new(Identified), Severity: new("critical"), Estimate: new(at.Add(time.Hour)), Lead: new("Fatima"), Title: &map[string]string{"en": "sending email"}})},
			{"all that can be said of it", override(at, Set{Account: Account{
				Summary: {"": "Mail is out."}, Impact: {"nl": "Mailen kan niet.", "en": "Mail does not work."}, Workaround: {"en": "Call."},
				Known: {"": "A disk is full."}, RuledOut: {"": "No mail was lost."}, Doing: {"": "We make room."},
			}})},
			{"nothing is said of it any more", override(at, Set{Account: Account{Impact: nil, Known: {}}})},
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
			{"add the deputy to the board", enlisted(at, false, "board", "deputy", "deputy's mail")},
			{"add the deputy to the board, and his phone", enlisted(at, false, "board", "deputy", "deputy's mail", "deputy's phone")},
			{"add the mayor to the board, who is in it", enlisted(at, false, "board", "mayor", "mayor's mail")},
			{"add the mayor to it", enlisted(at, false, "it", "mayor", "mayor's mail")},
			{"add the deputy to the staff, who hear nothing", enlisted(at, false, "staff", "deputy", "deputy's mail")},
			{"remove the mayor from the board, who is alone", enlisted(at, true, "board", "mayor", "mayor's phone")},
			{"remove the deputy from the board", enlisted(at, true, "board", "deputy", "deputy's mail")},
			{"remove the mayor from it, who is not in it", enlisted(at, true, "it", "mayor", "mayor's mail")},
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
	f.Planned().Behind = []string{"email"}
	Apply(s, f)
	Apply(s, Fact{At: noon.Add(time.Hour), Incident: "SR-7", Body: &Unrostered{Audience: "board"}})
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
		"incident SR-12 opened: mail, critical (3 alerts firing for 1m)":                                                 {Service: "mail", Incident: "SR-12", Body: &Opened{Severity: "critical", Row: "3 alerts firing for 1m"}},
		"mail: outage over before it became an incident":                                                                 {Service: "mail", Body: &Passed{}},
		"incident SR-12 severity rose from warning to critical":                                                          {Incident: "SR-12", Body: &Escalated{From: "warning", To: "critical"}},
		"incident SR-12 promise to board broken: nothing had reached all of them before 2026-03-02 12:00:00Z":            {Incident: "SR-12", Body: (*Broken)(&Promise{Audience: "board", PromiseAt: at})},
		"incident SR-12 promise to board kept after all: update 4 came before 2026-03-02 12:00:00Z":                      {Incident: "SR-12", Body: (*Kept)(&Promise{Audience: "board", By: 4, PromiseAt: at, Late: true})},
		`incident SR-12 words 2 for board, it: "hello" (by oncall)`:                                                      {Incident: "SR-12", By: "oncall", Body: &Said{Number: 2, Texts: map[string]string{"nl": "hoi", "en": "hello"}, Audiences: []string{"board", "it"}}},
		"incident SR-12 - refused to resolve: SR-12 is resolved already (by oncall)":                                     {Incident: "SR-12", By: "oncall", Body: &Refused{What: "resolve", Reason: "SR-12 is resolved already"}},
		"incident SR-12 update 4, part SR-12.4.0.sms: 3 accepted, 1 failed, 1 unreached, 2 superseded, 1 possibly twice": {Incident: "SR-12", Body: &Delivered{Update: 4, Part: "SR-12.4.0.sms", Accepted: 3, Failed: 1, Unreached: 1, Superseded: 2, Possible: 1}},
		"incident SR-12 update to board not sent: nobody on its roster can be reached":                                   {Incident: "SR-12", Body: &Unrostered{Audience: "board"}},
		"incident SR-12 severity warning, was critical (by oncall)":                                                      {Incident: "SR-12", By: "oncall", Body: &Escalated{From: "critical", To: "warning"}},
		"incident SR-12 estimated to be over at 2026-03-02 12:00:00Z (by oncall)":                                        {Incident: "SR-12", By: "oncall", Body: &Estimated{At: at}},
		"incident SR-12 has no estimate any more (by oncall)":                                                            {Incident: "SR-12", By: "oncall", Body: &Estimated{}},
		`incident SR-12 led by "Fatima" (by oncall)`:                                                                     {Incident: "SR-12", By: "oncall", Body: &Led{"Fatima"}},
		`incident SR-12 - ruled out: en "no attack", nl "geen aanval" (by oncall)`:                                       {Incident: "SR-12", By: "oncall", Body: &Accounted{RuledOut, map[string]string{"nl": "geen aanval", "en": "no attack"}}},
		`incident SR-12 - impact: "nobody can \"mail\"" (by oncall)`:                                                     {Incident: "SR-12", By: "oncall", Body: &Accounted{Impact, map[string]string{"": `nobody can "mail"`}}},
		"incident SR-12 - impact: what was given is taken back (by oncall)":                                              {Incident: "SR-12", By: "oncall", Body: &Accounted{Thing: Impact}},
		`mail: alert A says now: impact "no mail"; workaround nl "bel"`:                                                  {Service: "mail", Body: &Retold{Name: "A", Account: Account{Workaround: {"nl": "bel"}, Impact: {"": "no mail"}}}},
		"incident SR-12 - alert A says nothing of it any more":                                                           {Incident: "SR-12", Body: &Retold{Name: "A"}},
		`incident SR-12 called "sending email" (by oncall)`:                                                              {Incident: "SR-12", By: "oncall", Body: &Titled{map[string]string{"en": "sending email"}}},
		"incident SR-12 - board gets nothing until resumed, and nothing before 2026-03-02 12:00:00Z, and an update every 20m, which breaks what was promised before 2026-03-02 12:00:00Z (by oncall)": {Incident: "SR-12", By: "oncall", Body: &Steered{Steer: Steer{Audience: "board", Paused: true, HoldUntil: at, Every: 20 * time.Minute}, Breaks: at}},
		"incident SR-12 - board gets updates by the policy again (by oncall)":                                                                      {Incident: "SR-12", By: "oncall", Body: &Steered{Steer: Steer{Audience: "board"}}},
		"incident SR-12 promise to board broken: nothing had reached all of them before 2026-03-02 12:00:00Z, as oncall had decided":               {Incident: "SR-12", Body: (*Broken)(&Promise{Audience: "board", PromiseAt: at, Held: "oncall"})},
		"incident SR-12 - the next update to board, it goes at once (by oncall)":                                                                   {Incident: "SR-12", By: "oncall", Body: &Hastened{[]string{"board", "it"}}},
		"incident SR-12 - update 4 to board goes to nobody else, which breaks what was promised before 2026-03-02 12:00:00Z (by oncall)":           {Incident: "SR-12", By: "oncall", Body: &Cancelled{Update: 4, Audience: "board", Late: at}},
		"incident SR-12 - outage is part of SR-1 (network), and told of by it (by oncall)":                                                         {Incident: "SR-12", By: "oncall", Body: &Joined{Incident: "SR-1", Service: "network"}},
		"incident SR-12 - outage stands on its own: it is no part of SR-1 (network) any more (by oncall)":                                          {Incident: "SR-12", By: "oncall", Body: &Parted{Incident: "SR-1", Service: "network", Split: true}},
		"incident SR-12 - mail is taken out of it (by oncall)":                                                                                     {Incident: "SR-12", By: "oncall", Body: &Taken{"mail"}},
		"incident SR-12 something that this version does not know":                                                                                 {Incident: "SR-12"},
		"incident SR-12 reopened: critical (1 alert firing for 5m)":                                                                                {Incident: "SR-12", Body: &Reopened{Severity: "critical", Row: "1 alert firing for 5m"}},
		"incident SR-12 resolved: out from 2026-03-02 12:00:00Z to 2026-03-02 12:00:00Z, 1 firing alert muted (by oncall, responder: \"planned\")": {Incident: "SR-12", By: "oncall", Role: "responder", Reason: "planned", Body: &Resolved{StartedAt: at, EndedAt: at, Firing: 1}},
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
		f.At, f.Planned().DueAt = m(minute), m(minute)
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
			case f.Kept() != nil && f.Kept().Update == 1:
				kept++
			case f.Broken() != nil && f.Broken().Update == 1:
				broken++
			}
		}
		if (kept == 1) != c.kept || kept+broken != 1 && !(broken == 1 && kept == 1) {
			t.Errorf("%s: kept %d times, broken %d times: %v", name, kept, broken, facts)
		}
	}
}
