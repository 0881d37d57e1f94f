package incident

import (
	"slices"
	"time"
)

func (s *State) plan(p *Planned, at time.Time) {
	s.Updates = max(s.Updates, p.Update)
	if p.Parts+len(p.Carried) > 0 {
		s.Flights[p.Update] = &Flight{Order: p, At: at, Done: map[string]bool{}}
	}
	s.risen(p)
	s.ordered(p)
	s.undraft(p)
	if p.Corrects > 0 {
		s.correct(p)
		return
	}
	if p.Side() {
		s.ask(p, at)
		if p.For > 0 {
			s.totals(p.Audience).Planned += p.Deliveries
			if !p.Again {
				t := s.told(p.Audience)
				t.Rescued = union(t.Rescued, p.Channels)
			}
		}
		return
	}
	s.sent(p.Audience)
	t := s.told(p.Audience)
	if f := s.Flights[p.Update]; f != nil {
		was := *t
		was.Promises = nil
		f.was = &was
	}
	for _, q := range t.Promises {
		if q.By == 0 && !p.CatchUp {
			q.By = p.Update
		}
	}
	if t.First == 0 {
		t.First = p.Update
	} else if silence := at.Sub(t.LastAt); t.Heard && !t.Kind.Ends() && silence > t.Silence {
		t.Silence = silence
	}
	t.landed = nil
	t.Last, t.Count, t.Kind, t.Heard = p.Update, p.Number, p.Kind, true
	if p.Policy != "" {
		t.Policy = p.Policy
	}
	t.LastAt, t.NextAt, t.NextWhy, t.PromiseAt = Clock(p.DueAt, at), p.NextAt, p.NextWhy, p.PromiseAt
	if !p.Neutral {
		t.Phase, t.Severity, t.Firing, t.Unconfirmed = s.Phase, s.Severity, p.Firing, s.Unconfirmed
		t.Estimate, t.Account, t.known = s.Estimate, p.Account, s.Version
		if s.Work != nil {
			before := t.Work
			t.Work = s.Work.knows()
			t.Work.Overran = t.Work.Over || before != nil && before.Overran
		}
	}
	if p.Words > 0 {
		t.Words = p.Words
	}
	t.Closed, t.Channels, t.By, t.Behind = p.Kind.Ends() && len(p.Behind) == 0, union(t.Channels, p.Channels), p.Channels, p.Behind
	t.Fell = union(t.Fell, p.Fell)
	t.Unheard = len(p.Behind) > 0 && (t.Unheard || p.Kind == First)
	switch {
	case len(p.Behind) == 0:
		t.Missed = ""
	case slices.Contains(newsOfWork, p.Kind):
		t.Missed = p.Kind
	}
	if p.Kind != Progress && p.Kind != Unknown && !p.Neutral { // those do not say that a clock ran out
		t.Breaches = s.Overran
	}
	whole := p.Whole
	if whole == nil {
		whole = p.Roster
	}
	for _, h := range whole {
		if !slices.Contains(t.Rosters, h) {
			t.Rosters = append(t.Rosters, h)
		}
	}
	if !p.PromiseAt.IsZero() && !p.CatchUp {
		t.Made++
		t.Promises = append(t.Promises, &Pending{Update: p.Update, At: p.PromiseAt})
	}
	t.Heir, t.doubted, t.Away = false, false, false
	if !p.Neutral {
		t.Services, t.Folded = s.Services(), nil
	}
	s.totals(p.Audience).Planned += p.Deliveries
	s.outdate()
}

func (s *State) deliver(d *Delivered) {
	f := s.Flights[d.Update]
	if f == nil || f.Done[d.Part] {
		return
	}
	f.Done[d.Part] = true
	f.Sum.add(d)
	w := s.Cancelled[d.Update]
	landed := len(f.Done) == f.Order.Parts+len(f.Order.Carried)
	if landed {
		delete(s.Flights, d.Update)
		f.was = nil
		s.land(f)
	}
	if w != nil {
		w.Sum, w.Done = f.Sum, landed
	}
	if f.Order.Side() && f.Order.For == 0 && f.Order.Corrects == 0 {
		return
	}
	n := s.totals(f.Order.Audience)
	n.Accepted += d.Accepted
	n.Failed += d.Failed
	n.Unreached += d.Unreached
	n.Superseded += d.Superseded
	n.Possible += d.Possible
	if !landed || f.Order.Side() {
		return
	}
	if s.Corrected[d.Update] { // who waited for it gets the correction in its place
		f.Sum.Superseded = 0
	}
	t := s.told(f.Order.Audience)
	if d.Update == t.Last {
		t.landed = &f.Sum
	}
	for _, p := range t.Promises {
		if p.By == d.Update {
			t.answered(p, &f.Sum)
		}
	}
	t.sweep()
}

// answered says what an update's deliveries mean for a promise. Who was sent a
// newer one instead, or since nobody knows whether he got it, has his answer in that.
func (t *Told) answered(p *Pending, sum *Delivered) {
	inTime, without := sum.LastAt.Before(p.At), sum.Superseded+sum.Unreached
	if inTime && without > 0 && t.Last > p.By {
		p.By = t.Last
		if t.landed != nil {
			t.answered(p, t.landed)
		}
		return
	}
	p.Done, p.InTime = true, inTime && without == 0
}

// union returns what is in either, as a list of its own where something is added:
// facts hold the old one.
func union(all, more []string) []string {
	for _, c := range more {
		if !slices.Contains(all, c) {
			all = append(slices.Clone(all), c)
		}
	}
	return all
}

// ask remembers what a team was asked.
func (s *State) ask(p *Planned, at time.Time) {
	switch p.Kind {
	case Nudge:
		if p.Audience == resolution || p.Course {
			if s.SoundedAt = at; p.DueAt.After(at) {
				s.SoundedAt = p.DueAt
			}
			return
		}
		s.NudgedAt = at
		if p.DueAt.After(at) { // planned ahead
			s.NudgedAt = p.DueAt
		}
		for _, a := range p.About {
			if a.Awaits > 0 {
				if d := s.Drafts[a.Awaits]; d != nil {
					d.Asked = true
				}
				continue
			}
			mark(&s.Asked, a.Audience, a.DueAt)
		}
	case Question:
		mark(&s.Questioned, p.Audience, true)
	case Alarm:
		mark(&s.Alarmed, p.Audience, s.SilentSince != nil || s.Ailment != nil)
		s.AlarmedAt = at
	}
}

func mark[K comparable, V any](m *map[K]V, key K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = v
}

// is reports whether a promise is the one whose fate this is.
func (f *Promise) is(p *Pending) bool { return p.Update == f.Update && p.At.Equal(f.PromiseAt) }

// sweep forgets promises that are broken and of which nothing more will come.
func (t *Told) sweep() {
	t.Promises = slices.DeleteFunc(t.Promises, func(p *Pending) bool { return p.Broken && p.Done && !p.InTime })
}
