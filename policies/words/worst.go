package words

import (
	"slices"
	"strings"
	"time"
)

type worstCase struct {
	name string
	view View
	once bool // no phrasing depends on it
}

// worstCases are the views that templates break on.
func worstCases(kind Kind) []worstCase {
	now := time.Date(2026, 9, 30, 12, 10, 0, 0, time.UTC)
	plain := View{
		Organisation: "Organisation", Incident: "SR-12", Kind: kind,
		Service: map[string]string{"nl": "het netwerk", "en": "the network"}, Severity: "critical", Phase: "investigating",
		Since: now.Add(-65 * time.Minute), Now: now, NextBefore: now.Add(20 * time.Minute),
		Firing: 3, LastAt: now.Add(-30 * time.Minute), FiringBefore: 5, CameBack: 2,
		PhaseBefore: "investigating", SeverityBefore: "critical",
		Expected: ClockShare{Limit: time.Hour, Used: 20 * time.Minute}, Agreed: ClockShare{Limit: 24 * time.Hour, Used: 65 * time.Minute},
	}
	switch kind {
	case Nudge, Question:
		plain.NextBefore, plain.HeardAt, plain.API = time.Time{}, now.Add(-6*time.Hour), "https://sitrep.example.org/api/v1/incidents/SR-12"
	case Alarm:
		plain = View{Organisation: "Organisation", Kind: Alarm, Now: now, HeardAt: now.Add(-10 * time.Minute), Watchdog: `alertname="Watchdog"`}
	case Ailing:
		plain = View{Organisation: "Organisation", Kind: Ailing, Now: now, Since: now.Add(-10 * time.Minute), Ailment: Ailment{What: "channel", Channel: "email", Code: "550 5.7.1"}}
	}
	if kind == Nudge {
		for _, audience := range []string{"board", "management"} {
			plain.Asks = append(plain.Asks, Ask{Audience: audience, At: now.Add(10 * time.Minute), Kind: Holding, Text: "Network outage\n\nNo news.\n--\nfoot\n"})
		}
	}
	if kind == Correction {
		plain.Words, plain.Corrects, plain.CorrectsAt = map[string]string{"": "It is not a disk, but a cable."}, 3, now.Add(-30*time.Minute)
	}
	change := Change{Services: []map[string]string{{"nl": "e-mail", "en": "email"}}, Start: now.Add(-6 * time.Hour), End: now.Add(-10 * time.Minute), Decide: now.Add(time.Hour)}
	if slices.Contains(ofChange, kind) {
		plain.Change = &change
	}
	if kind.final() {
		plain.Ended, plain.NextBefore = now, time.Time{}
	}
	var cases []worstCase
	add := func(name string, change func(*View)) {
		v := plain
		change(&v)
		cases = append(cases, worstCase{name: name, view: v})
	}
	var consequences []map[string]string
	for _, name := range []string{"e-mail", "the permit desk", "telephony", "the website", "the desktops in the town hall and in the library", "wifi", "the archive"} {
		consequences = append(consequences, map[string]string{"": name})
	}
	everywhere := func(v *View, s string) {
		v.Organisation, v.Incident, v.Lead, v.Severity, v.SeverityBefore = s, s, s, s, s
		v.Service = map[string]string{"nl": s, "en": s}
		v.Words, v.Known = map[string]string{"": s}, map[string]string{"": s}
		v.MoreAlerts, v.Link = 30, "https://example.org/"+s
		one := map[string]string{"": s}
		several := []map[string]string{one, {"": s + "b"}, {"": "c" + s}, {"": "d" + s}, {"": "e" + s}}
		v.Consequences, v.NewConsequences, v.Recovered, v.Folded, v.StillOut, v.Outlived = several, several[2:3], several[1:], several[:1], several, one
		v.After, v.Meanwhile = one, several
		v.Account = Account{Summary: one, Impact: one, Workaround: one, Known: one, RuledOut: one, Doing: one}
		if v.Change != nil {
			hostile := change
			hostile.Services = several
			v.Change = &hostile
		}
		v.API, v.ReplyTo, v.Watchdog = "https://example.org/"+s, s, s
		v.Answer = "https://example.org/answer/~SR-12" // of the configuration, and a number
		v.Replies = true
		v.Ailment.Code, v.Ailment.Incident, v.Ailment.Name = s, s, s
		if kind == Nudge {
			for range 20 {
				v.Asks = append(v.Asks, Ask{Audience: s, At: v.Now.Add(time.Minute), Kind: Kind(s), Text: s + "\n" + s})
			}
		}
		for range 40 {
			v.Alerts = append(v.Alerts, Alert{Name: s, Severity: s, Summary: s, Instance: s, Since: now, Firing: len(v.Alerts)%2 == 0})
		}
	}
	add("an ordinary view", func(*View) {})
	add("no alerts, no clocks, nobody leads", func(v *View) {
		v.Firing, v.FiringBefore, v.CameBack, v.Lead = 0, 0, 0, ""
		v.Expected, v.Agreed, v.LastAt, v.Severity = ClockShare{}, ClockShare{}, time.Time{}, ""
	})
	add("past the SLA, estimate ahead", func(v *View) {
		v.Expected.Used, v.Agreed.Used = 300*time.Hour, 300*time.Hour
		v.Since, v.Estimate, v.Phase = now.Add(-300*time.Hour), now.Add(80*time.Hour), "identified"
		v.SeverityBefore = "warning"
	})
	add("estimate missed, late", func(v *View) { v.Estimate, v.Late = now.Add(-time.Hour), true })
	add("seems over", func(v *View) { v.Phase, v.Firing = "monitoring", 0 })
	add("much is known", func(v *View) {
		known := func(s string) map[string]string { return map[string]string{"": s} }
		v.Account = Account{
			Summary: known("Mail is not delivered."), Impact: known("You can read mail, but not send any"), Workaround: known("Call, or use the chat."),
			Known: known("A disk is full."), RuledOut: known("No mail was lost."), Doing: known("We are moving the queue to another disk."),
		}
	})
	add("an exercise", func(v *View) { v.Drill = true })
	if slices.Contains(ofChange, kind) || slices.Contains(alsoOfChange, kind) {
		add("a planned change that is to come", func(v *View) {
			later := change
			later.Start, later.End, later.Decide = now.Add(50*time.Hour), now.Add(72*time.Hour), time.Time{}
			later.StartBefore, later.EndBefore = now.Add(20*time.Hour), now.Add(30*time.Hour)
			v.Change = &later
		})
		add("a planned change that takes longer, and touches more", func(v *View) {
			more := change
			more.Start, more.End, more.EndBefore, more.Decide = now.Add(50*time.Hour), now.Add(72*time.Hour), now.Add(60*time.Hour), time.Time{}
			more.Services, more.Touched, more.ServicesBefore = consequences, true, consequences[:1]
			v.Change = &more
		})
		add("a planned change that touches nothing any more", func(v *View) {
			less := change
			less.End, less.Services, less.Touched, less.ServicesBefore = now.Add(3*time.Hour), nil, true, consequences
			v.Change = &less
		})
		add("a planned change within its window", func(v *View) {
			within := change
			within.End = now.Add(3 * time.Hour)
			v.Change, v.Since, v.Estimate = &within, within.Start, now.Add(2*time.Hour)
		})
		add("a planned change of which no time is known", func(v *View) {
			v.Change, v.Since = &Change{}, time.Time{}
		})
		add("a planned change that runs over, with an estimate", func(v *View) {
			v.Change, v.Estimate = &change, now.Add(26*time.Hour)
		})
		add("a planned change that was extended, and given up", func(v *View) {
			longer := change
			longer.End, longer.EndBefore, longer.RolledBack = now.Add(5*time.Hour), now, true
			v.Change, v.Estimate = &longer, now.Add(-time.Hour)
		})
	}
	add("next update far off", func(v *View) {
		if !v.NextBefore.IsZero() {
			v.NextBefore = time.Date(2027, 9, 30, 0, 0, 0, 0, time.UTC)
		}
		v.Since = now.Add(-8000 * time.Hour)
	})
	add("a service with a long name", func(v *View) {
		v.Service = map[string]string{"": "the registration desk for permits and licences and all that"}
	})
	phrased := len(cases)
	add("one consequence", func(v *View) { v.Consequences = consequences[:1] })
	add("one consequence, seems over", func(v *View) { v.Phase, v.Firing, v.Consequences = "monitoring", 0, consequences[:1] })
	add("one consequence that is new", func(v *View) { v.Consequences, v.NewConsequences = consequences[:2], consequences[:1] })
	add("many consequences, new and old", func(v *View) {
		v.Consequences, v.NewConsequences = consequences, consequences[3:]
		v.Recovered, v.Folded, v.StillOut = consequences[5:7], consequences[:3], consequences
	})
	add("consequences that came back or turned up", func(v *View) { v.Recovered, v.Folded = consequences[:1], consequences[1:2] })
	add("what a planned change left", func(v *View) { v.After, v.Meanwhile = consequences[0], consequences[1:3] })
	add("what a change that was rolled back left", func(v *View) { v.After, v.Reverted = consequences[0], true })
	add("a consequence that outlived its cause", func(v *View) { v.Outlived = consequences[0] })
	add("a consequence that outlived its cause, cause known", func(v *View) { v.Outlived, v.Phase = consequences[0], "identified" })
	for i := range cases[phrased:] {
		cases[phrased+i].once = true
	}
	if kind == Nudge {
		add("an update waits for a yes", func(v *View) {
			v.Asks = slices.Clone(v.Asks)
			v.Asks[0].Awaits, v.Replies = 120, true
		})
		add("an update waits for a yes, and for nobody's but its author's", func(v *View) {
			v.Asks = slices.Clone(v.Asks)
			v.Asks[0].Awaits, v.Asks[0].By, v.Asks[0].Alone = 120, []string{"Piket communicatie", "Anna"}, true
		})
		add("the end waits for a yes of somebody else", func(v *View) {
			v.Asks = slices.Clone(v.Asks)
			v.Asks[0].Awaits, v.Asks[0].By, v.Asks[0].Kind, v.Asks[0].Instead, v.Replies = 120, []string{"Anna"}, Closing, true, true
		})
	}
	add("the monitoring was never heard, nothing else is known", func(v *View) { v.HeardAt, v.API, v.Asks, v.Organisation = time.Time{}, "", nil, "" })
	add("the monitoring is heard again", func(v *View) { v.Returned, v.Since = true, now.Add(-50*time.Hour) })
	ails := len(cases)
	if kind == Ailing {
		for _, a := range []Ailment{
			{What: "channel", Channel: "sms"}, {What: "channel", Channel: "sms", Code: "20003"}, {What: "queue", Channel: "email"},
			{What: "budget", Channel: "sms", Spent: 400, Limit: 500, Incident: "SR-12"}, {What: "budget", Channel: "sms", Spent: 2100, Limit: 2000},
			{What: "webhook", Code: "401"}, {What: "webhook", Code: "413"}, {What: "store"}, {What: "unheard of"},
			{What: "calendar", Name: "changes"}, {What: "calendar", Name: "changes", Code: "404"}, {What: "entries", Name: "changes"}, {What: "entries", Name: "changes", Code: "mial"},
		} {
			add("ailing: "+a.What+" "+a.Channel+a.Code, func(v *View) { v.Ailment = a })
			add("over: "+a.What+" "+a.Channel+a.Code, func(v *View) { v.Ailment, v.Returned = a, true })
		}
	}
	for i := range cases[ails:] {
		cases[ails+i].once = true
	}
	add("names of 400 letters", func(v *View) { everywhere(v, strings.Repeat("€", 400)) })
	add("names of 400 letters in words", func(v *View) { everywhere(v, strings.Repeat("wörd ", 400)) })
	add("hostile text", func(v *View) {
		everywhere(v, "<script>alert('x')</script>{{.Lead}}{{template \"x\"}}\r\nBcc: a@example.org\x00\x02late\x03 \u202egnp.exe\u200b \"><a href=http://example.org>x</a>")
	})
	add("signs only", func(v *View) { everywhere(v, "🔥🚒") })
	return cases
}

type worstTogether struct {
	name   string
	pieces []Piece
}

// worstPieces are the combined messages that templates break on, all for one
// reader: of each of the worst cases all kinds together that have it.
func worstPieces(reads string) []worstTogether {
	of := []Kind{First, Progress, Holding, Overdue, Unknown, Reopened, Announced, Started, Overrunning}
	if slices.Contains(teams, reads) {
		of = []Kind{Nudge}
	}
	var names []string
	cases := make(map[string][]Piece)
	for _, kind := range of {
		for _, c := range worstCases(kind) {
			if cases[c.name] == nil {
				names = append(names, c.name)
			}
			cases[c.name] = append(cases[c.name], Piece{View: c.view, Reads: reads})
		}
	}
	var out []worstTogether
	for n, name := range names {
		pieces := cases[name]
		for len(pieces) < 6 { // of the one kind
			pieces = append(pieces, pieces...)
		}
		for i := range pieces {
			pieces[i].View.Number = n + 1 // so each phrasing has its turn
			if n == 0 {
				pieces[i].View.Service = map[string]string{"": []string{"the network", "email", "telephony", "the website", "wifi", "the archive"}[i%6]}
			}
		}
		out = append(out, worstTogether{name, pieces})
		if n == 0 {
			out = append(out, worstTogether{"two of them", pieces[1:3]})
		}
		if last := n == len(names)-1; n == 0 || last { // more than are named
			out = append(out, worstTogether{name + ", 101 times", append(slices.Clone(pieces), slices.Repeat(pieces[:1], 101-len(pieces))...)})
		}
	}
	return out
}
