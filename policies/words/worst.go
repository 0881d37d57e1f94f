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
	}
	if kind == Nudge {
		for _, audience := range []string{"board", "management"} {
			plain.Asks = append(plain.Asks, Ask{Audience: audience, At: now.Add(10 * time.Minute), Kind: Holding, Text: "Network outage\n\nNo news.\n--\nfoot\n"})
		}
	}
	if kind == Closing {
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
		v.API, v.Watchdog = "https://example.org/"+s, s
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
	add("a consequence that outlived its cause", func(v *View) { v.Outlived = consequences[0] })
	add("a consequence that outlived its cause, cause known", func(v *View) { v.Outlived, v.Phase = consequences[0], "identified" })
	for i := range cases[phrased:] {
		cases[phrased+i].once = true
	}
	add("the monitoring was never heard, nothing else is known", func(v *View) { v.HeardAt, v.API, v.Asks, v.Organisation = time.Time{}, "", nil, "" })
	add("the monitoring is heard again", func(v *View) { v.Returned, v.Since = true, now.Add(-50*time.Hour) })
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
// reader.
func worstPieces(reads string) []worstTogether {
	of := []Kind{First, Progress, Holding, Overdue, Unknown, Reopened}
	if slices.Contains(teams, reads) {
		of = []Kind{Nudge, Nudge, Nudge, Nudge, Nudge, Nudge}
	}
	var cases [][]worstCase
	for _, kind := range of {
		cases = append(cases, worstCases(kind))
	}
	var out []worstTogether
	for n, c := range cases[0] {
		var pieces []Piece
		for i, kind := range cases {
			v := kind[n].view
			v.Number = n + 1 // so each phrasing has its turn
			if n == 0 {
				v.Service = map[string]string{"": []string{"the network", "email", "telephony", "the website", "wifi", "the archive"}[i]}
			}
			pieces = append(pieces, Piece{View: v, Reads: reads})
		}
		out = append(out, worstTogether{c.name, pieces})
		if n == 0 {
			out = append(out, worstTogether{"two of them", pieces[1:3]})
		}
		if last := n == len(cases[0])-1; n == 0 || last {
			for len(pieces) < 150 {
				pieces = append(pieces, pieces[0])
			}
			out = append(out, worstTogether{c.name + ", 150 times", pieces})
		}
	}
	return out
}
