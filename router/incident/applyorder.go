package incident

import (
	"slices"
	"time"
)

func (s *State) plan(p *Planned, at time.Time) {
	s.Updates = p.Update
	if p.Parts+len(p.Carried) > 0 {
		s.Flights[p.Update] = &Flight{Order: *p, At: at, Done: map[string]bool{}}
	}
	s.risen(p)
	if p.Side() {
		s.ask(p, at)
		if p.For > 0 {
			s.totals(p.Audience).Planned += p.Deliveries
			t := s.told(p.Audience)
			t.Rescued = union(t.Rescued, p.Channels)
		}
		return
	}
	t := s.told(p.Audience)
	for _, q := range t.Promises {
		if q.By == 0 && !p.CatchUp {
			q.By = p.Update
		}
	}
	if t.First == 0 {
		t.First = p.Update
	} else if silence := at.Sub(t.LastAt); t.Heard && t.Kind != Closing && silence > t.Silence {
		t.Silence = silence
	}
	t.landed = nil
	t.Last, t.Count, t.Kind, t.Heard = p.Update, p.Number, p.Kind, true
	if p.Policy != "" {
		t.Policy = p.Policy
	}
	t.LastAt, t.NextAt, t.NextWhy, t.PromiseAt = Clock(p.DueAt, at), p.NextAt, p.NextWhy, p.PromiseAt
	t.Phase, t.Severity, t.Firing, t.Unconfirmed = s.Phase, s.Severity, p.Firing, s.Unconfirmed
	t.Estimate = s.Estimate
	if p.Words > 0 {
		t.Words = p.Words
	}
	t.Closed, t.Channels, t.By, t.Behind = p.Kind == Closing && len(p.Behind) == 0, union(t.Channels, p.Channels), p.Channels, p.Behind
	t.Fell = union(t.Fell, p.Fell)
	t.Unheard = len(p.Behind) > 0 && (t.Unheard || p.Kind == First)
	if p.Kind != Progress && p.Kind != Unknown { // those do not say that a clock ran out
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
	t.Heir, t.doubted, t.Away, t.Services, t.Folded = false, false, false, s.Services(), nil
	s.totals(p.Audience).Planned += p.Deliveries
}

func (s *State) deliver(d *Delivered) {
	f := s.Flights[d.Update]
	if f == nil || f.Done[d.Part] {
		return
	}
	f.Done[d.Part] = true
	f.Sum.add(d)
	landed := len(f.Done) == f.Order.Parts+len(f.Order.Carried)
	if landed {
		delete(s.Flights, d.Update)
	}
	if f.Order.Side() && f.Order.For == 0 {
		return
	}
	n := s.totals(f.Order.Audience)
	n.Accepted += d.Accepted
	n.Failed += d.Failed
	n.Unreached += d.Unreached
	n.Superseded += d.Superseded
	n.Possible += d.Possible
	if !landed || f.Order.For > 0 {
		return
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
// newer one instead has his answer in that.
func (t *Told) answered(p *Pending, sum *Delivered) {
	inTime := sum.Unreached == 0 && sum.LastAt.Before(p.At)
	if inTime && sum.Superseded > 0 && t.Last > p.By {
		p.By = t.Last
		if t.landed != nil {
			t.answered(p, t.landed)
		}
		return
	}
	p.Done, p.InTime = true, inTime && sum.Superseded == 0
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
		s.NudgedAt = at
		if p.DueAt.After(at) { // planned ahead
			s.NudgedAt = p.DueAt
		}
		for _, a := range p.About {
			mark(&s.Asked, a.Audience, a.DueAt)
		}
	case Question:
		mark(&s.Questioned, p.Audience, true)
	case Alarm:
		mark(&s.Alarmed, p.Audience, s.SilentSince != nil)
	}
}

func mark[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = v
}

// is reports whether a promise is the one whose fate this is.
func (f *Promise) is(p *Pending) bool { return p.Update == f.Update && p.At.Equal(f.PromiseAt) }

// sweep forgets promises that are broken and of which nothing more will come.
func (t *Told) sweep() {
	t.Promises = slices.DeleteFunc(t.Promises, func(p *Pending) bool { return p.Broken && p.Done && !p.InTime })
}
