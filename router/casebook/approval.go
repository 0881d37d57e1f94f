package casebook

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// waits returns the fact that something is not sent but waits for a yes, or that
// nobody gave it in time; false where it is to be sent.
func (b *Book) waits(c *Case, d schedule.Due, now time.Time) (incident.Fact, bool) {
	f := incident.Fact{At: now, Service: c.State.Service, Incident: c.State.ID}
	switch {
	case d.Draft:
		reads := policies.Staff
		if a := b.Audience(d.Audience); a != nil {
			reads = a.Reads
		}
		f.Body = &incident.Awaited{
			Update: c.State.Updates + 1, Audience: d.Audience, Kind: d.Kind, Words: d.Words, Says: d.Says, DueAt: d.Deadline,
			Authors: c.State.Authors(d.Audience, reads, d.Words),
		}
		if d.Corrects != nil {
			f.Awaited().Corrects = d.Corrects.Update
		}
	case d.Lapses:
		f.Body = &incident.Lapsed{Audience: d.Audience, DueAt: d.At, Final: d.Final}
	default:
		return f, false
	}
	return f, true
}

// Waiting is what waits for a yes.
type Waiting struct {
	incident.Awaited
	// Instead says that something neutral goes out when it is due, where nobody says
	// yes by then; otherwise nothing goes without.
	Instead bool

	due schedule.Due
}

// Waiting returns what of a case waits for a yes, by number.
func (b *Book) Waiting(c *Case, now time.Time) []Waiting {
	var all []Waiting
	for _, d := range schedule.Waiting(b.rules.schedule, c.State, now) {
		one := Waiting{Awaited: c.State.Drafts[d.Of].Awaited, Instead: d.Instead, due: d}
		if !d.Deadline.IsZero() { // it may have moved since it was written
			one.DueAt = d.Deadline
		}
		all = append(all, one)
	}
	return all
}

// Barred returns what does not go out when it is due unless somebody says yes, where
// nothing neutral does either: what waits, what is yet to be written, and what was
// rejected. It is due when its audience is to hear.
func (b *Book) Barred(c *Case, now time.Time) (all []schedule.Due) {
	barred := map[string]bool{}
	for _, w := range b.Waiting(c, now) {
		d := w.due
		barred[d.Audience] = true
		if w.Instead {
			continue
		}
		if d.At = w.DueAt; d.At.IsZero() {
			d.At = c.State.Drafts[w.Update].At
		}
		d.Why = fmt.Sprintf("waits for a yes, update %d", w.Update)
		all = append(all, d)
	}
	due, next, _ := schedule.Plan(b.rules.schedule, c.State, now)
	for _, d := range append(due, next...) {
		switch {
		case barred[d.Audience] || d.Instead:
			continue
		case d.Draft:
			if !d.Deadline.IsZero() {
				d.At = d.Deadline
			}
			d.Why += "; only with a yes"
		case d.Lapses:
			d.Why = "nobody says yes to it"
			if of := c.State.Draft(d.Audience, 0); of != nil && of.No != "" {
				d.Why = fmt.Sprintf("update %d was rejected by %s", of.Update, of.No)
			}
		default:
			continue
		}
		barred[d.Audience] = true
		all = append(all, d)
	}
	slices.SortStableFunc(all, func(x, y schedule.Due) int { return x.At.Compare(y.At) })
	return all
}

// stands reports whether an update that waits would go out by a yes now.
func (b *Book) stands(c *Case, update int, now time.Time) bool {
	return slices.ContainsFunc(schedule.Waiting(b.rules.schedule, c.State, now), func(d schedule.Due) bool { return d.Of == update })
}

// Draft is what waits for a yes, as it would be said now.
type Draft struct {
	Waiting
	View words.View
	// Readers are those of its audience: one for each language, the audience's own
	// first. Channels are those by which they hear.
	Readers  []words.Reader
	Channels []string
}

// Drafts returns what of a case waits for a yes, by number, and what it says.
func (b *Book) Drafts(g policies.Global, w Writer, c *Case, now time.Time) []Draft {
	var all []Draft
	for _, waits := range b.Waiting(c, now) {
		one := Draft{Waiting: waits, View: b.Sheet(g, w, c, waits.due, now), Channels: waits.due.Channels}
		if a := b.Audience(waits.Audience); a != nil {
			one.Readers = readers(g, a)
			if one.Channels == nil {
				one.Channels = a.Channels
			}
		}
		all = append(all, one)
	}
	return all
}

// readers are those of an audience, one for each of their languages.
func readers(g policies.Global, a *policies.Audience) []words.Reader {
	reader := words.Reader{Reads: string(a.Reads), Language: cmp.Or(a.Language, g.Language), Zone: a.TimeZone, Informal: a.Informal}
	if reader.Zone == nil {
		reader.Zone = g.TimeZone
	}
	all := []words.Reader{reader}
	for _, r := range a.Recipients {
		if r.Language != "" && !slices.ContainsFunc(all, func(one words.Reader) bool { return one.Language == r.Language }) {
			reader.Language = r.Language
			all = append(all, reader)
		}
	}
	if n := len(a.Recipients); n > 0 && !slices.ContainsFunc(a.Recipients, func(r policies.Recipient) bool { return r.Language == all[0].Language || r.Language == "" }) {
		return all[1:] // nobody reads it so
	}
	return all
}

// neutral leaves out of a fact sheet what nobody approved: what is left is what the
// audience was told before, how long it lasts, and when it hears again.
func neutral(v *words.View, svc *policies.Service, told *incident.Told) {
	title, phase := v.Service, v.Phase
	if svc != nil { // not what a person calls it
		if title = svc.Title; len(title) == 0 {
			title = map[string]string{"": svc.Name}
		}
	}
	severity := v.Severity
	var change *words.Change
	if v.Change != nil { // what was planned was told, or is now; who decides, and how it goes, was not
		of := *v.Change
		if of.Touched {
			of.Services = of.ServicesBefore
		}
		of.Decide, of.Course, of.StartBefore, of.EndBefore, of.Touched, of.ServicesBefore = time.Time{}, "", time.Time{}, time.Time{}, false, nil
		if told != nil && told.Work != nil && !incident.UpdateKind(v.Kind).Ends() {
			of.Start, of.End = told.Work.Start, told.Work.End
		}
		change = &of
	}
	if change == nil && v.Kind != words.Closing {
		phase = string(incident.Investigating)
		if told != nil && told.Phase != "" {
			phase, severity = string(told.Phase), told.Severity
		}
	}
	*v = words.View{
		Organisation: v.Organisation, Incident: v.Incident, Kind: v.Kind, Number: v.Number, Service: title,
		Since: v.Since, Now: v.Now, Ended: v.Ended, NextBefore: v.NextBefore, Late: v.Late, LastAt: v.LastAt,
		Phase: phase, PhaseBefore: phase, Severity: severity, SeverityBefore: severity, Link: v.Link, API: v.API, StillOut: v.StillOut, Change: change,
	}
}
