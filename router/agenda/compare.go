package agenda

import (
	"errors"
	"slices"
	"time"

	"sitrep/router/incident"
)

// errEmptied says that nothing is left of a calendar: more likely it is a wrong one than
// that nothing of all that was planned takes place.
var errEmptied = errors.New("it has no entries any more, and changes of it are planned: nothing is called off")

// Planned is a change that is planned, or was.
type Planned struct {
	ID string
	incident.Work
	Over bool // it is no planned change any more
}

// begun reports whether a change has begun, or is about to.
func (p Planned) begun(now time.Time) bool { return !p.Begun.IsZero() || !p.Start.After(now) }

// of reports whether a change was read from a source, or from one that there is no more:
// a calendar may have another name.
func (p Planned) of(source string, others map[string]bool) bool {
	return p.Entry != nil && (p.Entry.Source == source || !others[p.Entry.Source])
}

// Difference is what follows from a reading.
type Difference struct {
	Inputs []incident.Input
	// Gone are changes that have not begun and that the source says no more.
	Gone []string
	// Unfit are changes of which the source wants what cannot be, with what people
	// decided: they stay as they are.
	Unfit []string
}

// Compare compares what a source says with what is planned. Others are the names of the
// sources beside it.
func Compare(r Reading, rules Rules, planned []Planned, others map[string]bool, now time.Time) Difference {
	var d Difference
	known := map[string]*Planned{}
	for i := range planned {
		if p := &planned[i]; p.UID != "" {
			known[p.UID] = p
		}
	}
	seen := map[string]bool{}
	for _, e := range r.Entries {
		if e.Amiss != "" || e.Tentative || seen[e.UID] {
			continue
		}
		seen[e.UID] = true
		p := known[e.UID]
		switch {
		case p == nil && !e.Cancelled && e.Said.End.After(now) && !e.Said.End.After(now.Add(farthest)):
			said := e.Said
			d.Inputs = append(d.Inputs, incident.Input{Schedule: &incident.Schedule{Plan: incident.Plan{
				Title: map[string]string{"": said.Title}, Services: said.Services, Start: said.Start, End: said.End,
				Decide: said.Decide, Lead: said.Lead, UID: e.UID, Entry: &said,
			}}})
		case p == nil, p.Over, !p.of(rules.Source, others):
		case e.Cancelled && !p.begun(now):
			d.Inputs = append(d.Inputs, callOff(p.ID))
		case e.Cancelled, e.Said.Equal(p.Entry):
		default:
			change, fits := p.otherwise(e.Said, now)
			if d.Inputs = append(d.Inputs, incident.Input{Reschedule: change}); !fits {
				d.Unfit = append(d.Unfit, p.ID)
			}
		}
	}
	for _, p := range planned {
		if p.UID != "" && !p.Over && p.Entry != nil && p.Entry.Source == rules.Source && !p.begun(now) && !r.holds(p.UID) {
			d.Gone = append(d.Gone, p.ID)
		}
	}
	return d
}

func callOff(id string) incident.Input {
	return incident.Input{Conduct: &incident.Conduct{Incident: id, Step: incident.StepCallOff}}
}

// otherwise is what a source wants otherwise than when it was read last. What it did not
// change stays as it is, since a person may have. Where that makes no sense the times stay,
// and fits is false.
func (p Planned) otherwise(said incident.Entry, now time.Time) (r *incident.Reschedule, fits bool) {
	was := p.Entry
	r = &incident.Reschedule{Incident: p.ID, Entry: &said}
	if said.Title != was.Title {
		r.Title = &map[string]string{"": said.Title}
	}
	if !slices.Equal(said.Services, was.Services) {
		services := append([]string{}, said.Services...)
		r.Services = &services
	}
	if said.Lead != was.Lead {
		r.Lead = &said.Lead
	}
	fits = true
	if !said.Start.Equal(was.Start) && !said.Start.Equal(p.Start) {
		if fits = p.Begun.IsZero() && p.Start.After(now); fits {
			r.Start = &said.Start
		}
	}
	if !said.End.Equal(was.End) {
		r.End = &said.End
	}
	if !said.Decide.Equal(was.Decide) || r.Start != nil && p.Decide.Equal(was.Decide) {
		r.Decide = &said.Decide
	}
	to := p.Work.With(r)
	if !to.End.After(to.Start) || !to.End.After(now) || to.End.After(now.Add(farthest)) || !to.Decide.IsZero() && (to.Decide.Before(to.Start) || to.Decide.After(to.End)) {
		r.Start, r.End, r.Decide, fits = nil, nil, nil, false
		if !p.End.After(now) { // nothing of it can be changed but its times
			r.Title, r.Services, r.Lead = nil, nil, nil
		}
	}
	return r, fits
}
