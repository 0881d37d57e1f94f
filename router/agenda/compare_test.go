package agenda

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"sitrep/router/incident"
)

func at(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }

// said is what the calendar says of a change in November.
func said(edit func(*incident.Entry)) incident.Entry {
	e := incident.Entry{Source: "it", Title: "Storage", Services: []string{"mail"}, Start: at(1, 20), End: at(1, 23), Decide: at(1, 22), Lead: "Anna"}
	if edit != nil {
		edit(&e)
	}
	return e
}

// planned is the change that came of it, as it was edited since.
func planned(edit func(*Planned)) Planned {
	e := said(nil)
	p := Planned{ID: "SR-1"}
	p.Plan = incident.Plan{Title: map[string]string{"": e.Title}, Services: e.Services, Start: e.Start, End: e.End, Decide: e.Decide, Lead: e.Lead, UID: "a", Entry: &e}
	if edit != nil {
		edit(&p)
	}
	return p
}

// short says inputs as a table can hold them.
func short(d Difference) string {
	var all []string
	for _, in := range d.Inputs {
		switch {
		case in.Schedule != nil:
			all = append(all, fmt.Sprintf("plan %s", in.Schedule.UID))
		case in.Conduct != nil:
			all = append(all, string(in.Conduct.Step)+" "+in.Conduct.Incident)
		default:
			r := *in.Reschedule
			r.Entry = nil
			text, _ := json.Marshal(r)
			all = append(all, strings.NewReplacer(`"`, "", "2026-11-", "", ":00:00Z", "").Replace(string(text)))
		}
	}
	for _, id := range d.Gone {
		all = append(all, "gone "+id)
	}
	for _, id := range d.Unfit {
		all = append(all, "unfit "+id)
	}
	return strings.Join(all, "; ")
}

func TestCompare(t *testing.T) {
	entry := func(edit func(*incident.Entry)) []Entry { return []Entry{{UID: "a", Said: said(edit)}} }
	moved := func(e *incident.Entry) { e.Start, e.End, e.Decide = at(2, 20), at(2, 23), at(2, 22) }
	running := func(p *Planned) { p.Begun = at(1, 20) }
	before, during, after := at(1, 12), at(1, 21), at(2, 1)
	for _, c := range []struct {
		name    string
		now     time.Time
		entries []Entry
		planned []Planned
		want    string
	}{
		{"new", before, entry(nil), nil, "plan a"},
		{"new, and running already", during, entry(nil), nil, "plan a"},
		{"new, and over", after, entry(nil), nil, ""},
		{"new, and more than a year ahead", before, entry(func(e *incident.Entry) { e.End = at(1, 23).AddDate(2, 0, 0) }), nil, ""},
		{"new, and cancelled", before, []Entry{{UID: "a", Said: said(nil), Cancelled: true}}, nil, ""},
		{"new, and amiss", before, []Entry{{UID: "a", Said: said(nil), Amiss: "x"}}, nil, ""},
		{"new, and tentative", before, []Entry{{UID: "a", Said: said(nil), Tentative: true}}, nil, ""},
		{"tentative, and it was not", before, []Entry{{UID: "a", Said: said(moved), Tentative: true}}, []Planned{planned(nil)}, ""},
		{"twice in one reading", before, append(entry(nil), entry(moved)...), nil, "plan a"},
		{"the same", before, entry(nil), []Planned{planned(nil)}, ""},
		{"moved", before, entry(moved), []Planned{planned(nil)}, "{incident:SR-1,start:02T20,end:02T23,decide:02T22}"},
		{"moved, and a person extended it", before, entry(moved), []Planned{planned(func(p *Planned) { p.End = at(1, 24) })}, "{incident:SR-1,start:02T20,end:02T23,decide:02T22}"},
		{"the same, and a person moved it", before, entry(nil), []Planned{planned(func(p *Planned) { p.Start, p.End = at(3, 20), at(3, 23) })}, ""},
		{"another title, and a person moved it", before, entry(func(e *incident.Entry) { e.Title = "Disks" }), []Planned{planned(func(p *Planned) { p.Start, p.End, p.Decide = at(3, 20), at(3, 23), at(3, 22) })}, "{incident:SR-1,title:{:Disks}}"},
		{"other services and lead", before, entry(func(e *incident.Entry) { e.Services, e.Lead = nil, "Piet" }), []Planned{planned(nil)}, "{incident:SR-1,services:[],lead:Piet}"},
		{"later by an hour, decided at the same time", before, entry(func(e *incident.Entry) { e.Start = at(1, 21) }), []Planned{planned(nil)}, "{incident:SR-1,start:01T21,decide:01T22}"},
		{"nobody decides any more", before, entry(func(e *incident.Entry) { e.Decide = time.Time{} }), []Planned{planned(nil)}, "{incident:SR-1,decide:0001-01-01T00}"},
		{"extended while it runs", during, entry(func(e *incident.Entry) { e.End = at(2, 3) }), []Planned{planned(running)}, "{incident:SR-1,end:02T03}"},
		{"another start while it runs", during, entry(func(e *incident.Entry) { e.Start = at(1, 22) }), []Planned{planned(running)}, "{incident:SR-1}; unfit SR-1"},
		{"an end that is past while it runs", at(1, 22), entry(func(e *incident.Entry) { e.End, e.Decide = at(1, 21), at(1, 21) }), []Planned{planned(running)}, "{incident:SR-1}; unfit SR-1"},
		{"a start after a person's end", before, entry(func(e *incident.Entry) { e.Start, e.Decide = at(1, 22), at(1, 22) }), []Planned{planned(func(p *Planned) { p.End, p.Decide = at(1, 21), at(1, 21) })}, "{incident:SR-1}; unfit SR-1"},
		{"another title when its end is past", after, entry(func(e *incident.Entry) { e.Title = "Disks" }), []Planned{planned(running)}, "{incident:SR-1}; unfit SR-1"},
		{"cancelled", before, []Entry{{UID: "a", Said: said(nil), Cancelled: true}}, []Planned{planned(nil)}, "cancel SR-1"},
		{"cancelled while it runs", during, []Entry{{UID: "a", Said: said(nil), Cancelled: true}}, []Planned{planned(running)}, ""},
		{"cancelled, of somebody else", before, []Entry{{UID: "a", Said: said(nil), Cancelled: true}}, []Planned{planned(func(p *Planned) { p.Entry = nil })}, ""},
		{"gone", before, nil, []Planned{planned(nil)}, "gone SR-1"},
		{"gone when it is to begin", at(1, 20), nil, []Planned{planned(nil)}, ""},
		{"gone while it runs", during, nil, []Planned{planned(running)}, ""},
		{"gone after its end, and nobody said that it is done", after, nil, []Planned{planned(running)}, ""},
		{"gone, and it was called off", before, nil, []Planned{planned(func(p *Planned) { p.Over = true })}, ""},
		{"gone, of another calendar", before, nil, []Planned{planned(func(p *Planned) { e := *p.Entry; e.Source = "other"; p.Entry = &e })}, ""},
		{"gone, and a person planned it", before, nil, []Planned{planned(func(p *Planned) { p.Entry = nil })}, ""},
		{"not understood any more", before, []Entry{{UID: "a", Amiss: "x"}}, []Planned{planned(nil)}, ""},
		{"a series that is not understood any more", before, []Entry{{UID: "a", Amiss: "x", Series: true}}, []Planned{planned(func(p *Planned) { p.UID = "a-20261101T200000Z" })}, ""},
		{"called off by a person, and moved", before, entry(moved), []Planned{planned(func(p *Planned) { p.Over = true })}, ""},
		{"of a calendar that another has now", before, entry(moved), []Planned{planned(func(p *Planned) { e := *p.Entry; e.Source = "other"; p.Entry = &e })}, ""},
		{"of a calendar that was called otherwise", before, entry(nil), []Planned{planned(func(p *Planned) { e := *p.Entry; e.Source = "once"; p.Entry = &e })}, "{incident:SR-1}"},
	} {
		got := short(Compare(Reading{Entries: c.entries}, Rules{Source: "it"}, c.planned, map[string]bool{"other": true, "it": false}, c.now))
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
