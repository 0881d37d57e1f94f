package schedule

import (
	"slices"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// updates returns what an audience of an open incident is due, now or next: one
// update, and before it what channels that waited for its hours are to catch up
// with. Of several sections, by which it is told of the outage and of what
// followed from it, the one that falls due first says when; and the one whose
// next word comes first says what is promised.
func (r Rules) updates(s *incident.State, sections []section, account string, now time.Time) []Due {
	name := sections[0].audience.Name
	t, steer := s.Told[name], s.Steered(name)
	var d, behind Due
	var by section
	found, catches := false, false
	for n := range sections {
		p := &sections[n]
		p.begins = r.rows(s, *p, steer)
		one, ok := scheduled(s, t, *p)
		if steer.Paused {
			continue
		}
		if !ok {
			if !found && !catches { // nothing more comes, and some have not had the last
				behind, catches = r.catchUp(Due{At: now.Add(time.Hour), Channels: []string{}}, t, *p, now)
				catches = catches && !hold(&behind, steer)
			}
			continue
		}
		one = r.yield(one, s, t)
		held := hold(&one, steer)
		waits := p.hours(one, now)
		if !held && !waits.At.Equal(one.At) && promised(t, waits.At, now) {
			waits = Due{At: t.NextAt, Why: t.NextWhy}
		}
		if !found || waits.At.Before(d.At) {
			found, d, by = true, waits, *p
			if behind, catches = r.catchUp(d, t, *p, now); catches {
				catches = !hold(&behind, steer)
			}
		}
	}
	if !found {
		by = sections[0]
	}
	if g, closed := r.gateOf(s, name, now); closed {
		g.found, g.d, g.news = found, d, account
		g.fill = func(d *Due) {
			d.Audience, d.Policy, d.Every, d.Late = name, by.policy, every(by.begins, now), late(t, *d, now)
			if !steer.Paused {
				r.follow(s, d, sections, steer, now)
			}
		}
		return g.catchUp(g.updates(), behind, catches)
	}
	if h, at := s.Hastened[name]; at {
		d, found, catches = hastened(h), true, false
	}
	if w, fresh := s.Fresh(name); fresh {
		d.Words = w.Number
		if !found || w.At.Before(d.At) { // a person's words wait for no hours
			d = Due{At: w.At, Why: "words of " + w.By, Words: w.Number}
			found = true
		}
		behind.Words, catches = w.Number, catches && behind.At.Before(d.At)
	}
	if !found && !catches {
		return nil
	}
	d.Audience, d.Policy, d.Every = name, by.policy, every(by.begins, now)
	d.Kind, d.Late = kind(s, t, d.Words > 0, account), late(t, d, now)
	if !steer.Paused {
		r.follow(s, &d, sections, steer, now)
	}
	if !catches {
		return []Due{d}
	}
	behind.Audience, behind.Policy, behind.Every = d.Audience, d.Policy, d.Every
	behind.Kind, behind.Late = kind(s, t, behind.Words > 0, account), late(t, behind, now)
	switch {
	case t.Unheard: // by these, it is the first word
		behind.Kind = opening(s)
	case s.Kind == incident.Change && t.Missed != "" && behind.Kind == incident.Holding: // and this they have not had
		behind.Kind = t.Missed
	}
	behind.Next, behind.NextWhy, behind.Promise = t.NextAt, t.NextWhy, t.PromiseAt
	if !found {
		return []Due{behind}
	}
	return []Due{behind, d}
}

// follow foresees the update after one, and what may be promised of it.
func (r Rules) follow(s *incident.State, d *Due, sections []section, steer incident.Steering, now time.Time) {
	at := d.At
	if at.Before(now) {
		at = incident.Clock(d.At, now)
	}
	for _, p := range sections {
		next, by, ok := after(p.begins, at)
		if !ok {
			continue
		}
		if next.Before(steer.HoldUntil) {
			next = steer.HoldUntil
		}
		if n := p.hours(Due{At: next}, next); n.Channels == nil {
			next = n.At
		}
		if !d.Next.IsZero() && !next.Before(d.Next) {
			continue
		}
		var margin time.Duration
		if r.Margin != nil {
			margin = r.Margin(s, d.Audience)
		}
		d.Next, d.NextWhy, d.Promise = next, why(p.policy, by), promise(next, choose(by.once, time.Hour, by.row.Every), margin)
	}
}

// rows returns when the rows of a section begin, for the incident as it is and as
// a person wants it.
func (r Rules) rows(s *incident.State, p section, steer incident.Steering) []begun {
	begins := rows(inForce(p.cadence, s), p.sla, p.start)
	if s.Kind == incident.Change {
		begins = p.change(s, inForce(p.cadence, s))
	}
	if steer.Every > 0 { // another every; the beginning is the cadence's
		first := slices.IndexFunc(begins, func(b begun) bool { return !b.once })
		if first < 0 {
			return begins
		}
		other := begun{at: begins[first].at, row: policies.Row{From: begins[first].row.From, Every: steer.Every}, by: steer.By}
		begins = append(slices.DeleteFunc(begins, func(b begun) bool { return !b.once }), other)
	}
	return begins
}

// hold lets an update wait as long as a person wants, and reports whether it
// does.
func hold(d *Due, steer incident.Steering) bool {
	if !d.At.Before(steer.HoldUntil) {
		return false
	}
	d.At = steer.HoldUntil
	d.Why += ", held by " + steer.By
	return true
}

// hastened is an update that a person wants at once: it waits for no hours, and for
// nobody's hold.
func hastened(h incident.Haste) Due { return Due{At: h.At, Why: "sent at once by " + h.By} }

// promised reports whether an update was foreseen before a moment, and can still
// keep its promise. Hours were thought of when that was given; those of a policy
// that came into force since do not break it.
func promised(t *incident.Told, before, now time.Time) bool {
	return t != nil && !t.NextAt.IsZero() && t.NextAt.Before(before) && now.Before(t.PromiseAt)
}

// every returns how often the row in force at now makes an audience hear.
func every(begins []begun, now time.Time) time.Duration {
	var e time.Duration
	for i, b := range begins {
		if !b.once && (i == 0 || !b.at.After(now)) {
			e = b.row.Every
		}
	}
	return e
}

// yield lets an update wait for the end where that comes within the minute by
// which every promise has room: nobody needs to hear "it seems over" and "it is
// over" in one breath. Nor does anybody who has heard nothing yet need to hear
// that it seems over. Should an alert fire again before, it goes then.
func (r Rules) yield(d Due, s *incident.State, t *incident.Told) Due {
	svc := r.Services[s.Service]
	if svc == nil || s.Firing() > 0 || s.QuietSince.IsZero() {
		return d
	}
	end := s.QuietSince.Add(svc.ResolvedAfter)
	fresh := t == nil || t.First == 0 && !t.Heir
	if end.After(d.At) && (fresh || end.Sub(d.At) < time.Minute) {
		d.At = end
	}
	return d
}

// scheduled returns when the cadence makes an update due, hours left out.
func scheduled(s *incident.State, t *incident.Told, p section) (Due, bool) {
	begins := p.begins
	if d, is := p.news(s, t); is {
		return d, true
	}
	if t != nil && t.First > 0 && t.Heard {
		at, by, ok := after(begins, t.LastAt)
		if !t.NextAt.IsZero() && (!ok || !at.Before(t.NextAt)) {
			// What was foreseen holds: rows that came into force since pull
			// forward, never back.
			return Due{At: t.NextAt, Why: t.NextWhy}, true
		}
		return Due{At: at, Why: why(p.policy, by)}, ok
	}
	var d Due
	began := s.BeganAt()
	if len(begins) > 0 {
		first := begins[0]
		d = Due{At: first.at, Why: why(p.policy, first)}
		if d.At.Before(began) {
			d.At = began
		}
		if t != nil && t.LastAt.After(d.At) && !first.once { // it was due, and nobody could be reached
			d.At = t.LastAt.Add(first.row.Every)
		}
	}
	if t != nil && t.Heir && (d.At.IsZero() || t.NextAt.Before(d.At)) {
		d = Due{At: t.NextAt, Why: t.NextWhy}
		if d.At.Before(began) {
			d.At = began
		}
	}
	return d, !d.At.IsZero()
}

// inForce leaves out the rows of other phases and severities.
func inForce(cadence []policies.Row, s *incident.State) []policies.Row {
	out := cadence[:0:0]
	for _, row := range cadence {
		if (row.Phase == "" || row.Phase == string(s.Phase)) && (row.Severity == "" || row.Severity == s.Severity) {
			out = append(out, row)
		}
	}
	return out
}

// closing returns the end for an audience that was told of the beginning.
func (r Rules) closing(s *incident.State, name string, now time.Time) (Due, bool) {
	t := s.Told[name]
	if t.Closed || !t.Heard && !t.Heir && len(t.Behind) == 0 {
		return Due{}, false
	}
	d := Due{At: s.ResolvedAt, Why: "it is over"}
	h, asked := s.Hastened[name]
	held := !asked && hold(&d, s.Steered(name))
	p := r.lastSection(s, name)
	if !p.owed(s, t) {
		return Due{}, false
	}
	if asked {
		d = hastened(h)
	}
	switch {
	case t.Kind.Ends() && len(t.Behind) > 0 && !t.Heir: // told by SMS; the rest waits
		if d.Channels, d.Behind = r.ready(t); d.Channels == nil {
			return Due{}, false
		}
		d.CatchUp = true
		if d.At.Before(now) {
			d.At = now
		}
		if at, ready, rest, ok := p.within(d.At, d.Channels, d.Behind); ok && !asked {
			d.At, d.Channels, d.Behind = at, ready, rest
		}
	case asked:
	case p.audience == nil:
	default:
		waits := p.hours(d, now)
		if !held && !waits.At.Equal(d.At) && promised(t, waits.At, now) { // a word was promised before that
			waits.At = t.NextAt
		}
		d = waits
	}
	d.Audience, d.Kind, d.Late = name, ending(s), late(t, d, now)
	if w, ok := s.Fresh(name); ok {
		d.Words = w.Number
	}
	return d, true
}

// late reports whether an update comes no earlier than the moment before which it
// was promised.
func late(t *incident.Told, d Due, now time.Time) bool {
	at := d.At
	if at.Before(now) {
		at = now
	}
	return t != nil && !t.PromiseAt.IsZero() && !at.Before(t.PromiseAt)
}

// kind says what an update is to its audience: news only where something
// changed that it was not told. The digest is of what is told beyond the state.
func kind(s *incident.State, t *incident.Told, words bool, account string) incident.UpdateKind {
	if s.Kind == incident.Change {
		return changeKind(s, t, words, account)
	}
	switch {
	case t == nil || t.First == 0, s.Cancelled[t.First] != nil && t.Last == t.First: // or the first went to some at most
		return incident.First
	case !t.Heard && t.Heir && !t.Kind.Ends(): // it is no consequence any more
		return incident.Progress
	case !t.Heard:
		return incident.Reopening
	case words:
		return incident.Progress
	case s.Unconfirmed:
		return incident.Unknown
	case s.Overran > t.Breaches:
		return incident.Overdue
	case t.Phase != s.Phase || t.Severity != s.Severity || !t.Estimate.Equal(s.Estimate) || t.Account != account || t.Unconfirmed || !slices.Equal(t.Services, s.Services()):
		return incident.Progress
	}
	return incident.Holding
}

func choose(first bool, a, b time.Duration) time.Duration {
	if first {
		return a
	}
	return b
}
