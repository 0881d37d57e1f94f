package incident

import (
	"fmt"
	"strings"
	"time"
)

// Conducted reports whether a fact is one of a planned change.
func (f Fact) Conducted() bool {
	return f.Scheduled() != nil || f.Rescheduled() != nil || f.Begun() != nil || f.Overran() != nil || f.Reported() != nil || f.Finished() != nil || f.CalledOff() != nil || f.Turned() != nil
}

// change remembers such a fact.
func (s *State) change(f Fact) {
	switch w := s.Work; {
	case f.Scheduled() != nil:
		p := f.Scheduled().Plan
		s.ID, s.Kind, s.OpenedAt, s.Phase = f.Incident, Change, f.At, ""
		s.Severity, s.Lead, s.StartedAt = p.Severity, p.Lead, f.Scheduled().ClocksFrom
		s.Work = &Work{Plan: p}
	case f.Rescheduled() != nil:
		s.rescheduled(f)
	case f.Begun() != nil:
		w.Begun = f.At
	case f.Overran() != nil:
		w.Over, w.Overran = true, true
	case f.Reported() != nil:
		w.Course, w.SaidAt, w.SaidBy = f.Reported().Course, f.At, f.By
		if s.AnsweredAt = f.At; f.Role == RoleResolution && f.Reported().Course != OnCourse {
			s.NewsAt = f.At
		}
	case f.Finished() != nil:
		w.RolledBack = f.Finished().RolledBack
		s.finish(f.At)
	case f.CalledOff() != nil:
		w.CalledOff = true
		s.finish(f.At)
	case f.Turned() != nil:
		s.turn(f.Turned(), f.At)
	}
}

func (s *State) rescheduled(f Fact) {
	w, to := s.Work, f.Rescheduled()
	lead, services := w.Lead, w.Services
	if w.Plan = to.Plan; w.Lead != lead {
		s.Lead = w.Lead
	}
	touched := !alike(w.Services, services)
	if touched {
		w.TouchedAt, w.TouchedBy = f.At, f.By
	}
	if touched || to.Was != nil {
		w.Revision++
	}
	if to.Was == nil {
		return
	}
	w.MovedAt, w.MovedBy, w.Over, w.Course = f.At, f.By, false, ""
	s.StartedAt = to.ClocksFrom
	if f.By != "" {
		s.AnsweredAt = f.At
	}
	s.Breached, s.Overran = nil, 0
	for _, t := range s.Told {
		t.Breaches = 0
	}
}

// finish ends a planned change.
func (s *State) finish(at time.Time) {
	s.ResolvedAt, s.EndedAt, s.Drafts, s.Work.Done = at, at, nil, at
	s.unsteer(at)
}

// turn makes an outage of a change that is done. Who was told of the change hears so at
// once, as news: to him it is not over.
func (s *State) turn(t *Turned, at time.Time) {
	s.Kind, s.Service = Outage, t.Service
	s.ResolvedAt, s.EndedAt, s.reopenedAt = time.Time{}, time.Time{}, at
	estimate, given := s.Estimate, s.Given
	for _, a := range t.Alerts {
		s.fire(a)
	}
	s.begin(t.Severity, t.StartedAt) // whenever the alerts began
	s.Given = given
	if estimate.After(at) {
		s.Estimate = estimate
	}
	s.Breached, s.Overran = nil, 0
	s.HeardAt = at
	for _, told := range s.Told {
		if told.First > 0 && !told.Closed {
			told.Breaches, told.Heir, told.Heard, told.Severity = 0, true, false, s.Severity
			told.NextAt, told.NextWhy = at, "the change is done, and "+t.Service+" is out"
		}
	}
}

// conduct says a fact of a planned change.
func (f Fact) conduct() string {
	switch {
	case f.Scheduled() != nil:
		p := f.Scheduled().Plan
		return fmt.Sprintf("planned: %s%s%s", titled(p.Title), p.String(), overlaps(f.Scheduled().Overlaps))
	case f.Rescheduled() != nil:
		r := f.Rescheduled()
		verb := "- planned otherwise: "
		if r.Noted {
			verb = "- stays as it is planned, whatever its calendar says now: "
		} else if was := r.Was; was != nil && was.Start.Equal(r.Start) {
			verb = fmt.Sprintf("- to be done at %s, was %s: ", stamp(r.End), stamp(was.End))
		} else if was != nil {
			verb = fmt.Sprintf("- moved, was %s to %s: ", stamp(was.Start), stamp(was.End))
		}
		left := ""
		if len(r.Left) > 0 {
			left = ", touches " + strings.Join(r.Left, ", ") + " no more"
		}
		return fmt.Sprintf("%s%s%s%s%s", verb, titled(r.Title), r.Plan.String(), left, overlaps(r.Overlaps))
	case f.Begun() != nil:
		return "began"
	case f.Overran() != nil:
		return "takes longer than planned: it was to be done at " + stamp(f.Overran().End)
	case f.Reported() != nil:
		return map[Course]string{OnCourse: "is on course", Later: "will take longer", RollingBack: "is being rolled back"}[f.Reported().Course]
	case f.Finished() != nil && f.Finished().RolledBack:
		return fmt.Sprintf("rolled back: it took from %s to %s", stamp(f.Finished().Begun), stamp(f.At))
	case f.Finished() != nil:
		return fmt.Sprintf("completed: it took from %s to %s", stamp(f.Finished().Begun), stamp(f.At))
	case f.CalledOff() != nil:
		return "called off"
	case f.Turned() != nil:
		return fmt.Sprintf("is an outage of %s now: %s of it still fire%s%s", f.Turned().Service, count(len(f.Turned().Alerts), "alert"), choose(len(f.Turned().Alerts) == 1, "s", ""), parens(f.Turned().Severity))
	}
	return ""
}

// String says when, and of what.
func (p Plan) String() string {
	s := fmt.Sprintf("from %s to %s", stamp(p.Start), stamp(p.End))
	if !p.Decide.IsZero() {
		s += ", decided at " + stamp(p.Decide)
	}
	if len(p.Services) > 0 {
		s += ", touches " + strings.Join(p.Services, ", ")
	}
	return s
}

func titled(texts map[string]string) string {
	if len(texts) == 0 {
		return ""
	}
	return fmt.Sprintf("%q, ", anyText(texts))
}

func overlaps(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ", at the same time as " + strings.Join(ids, " and ")
}
