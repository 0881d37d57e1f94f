package schedule

import (
	"fmt"
	"slices"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// foresight is how long before an update is due somebody is asked to approve it, where
// the communication team does not say.
const foresight = 10 * time.Minute

// gate is an audience to which nothing new goes without a second person's yes; see
// incident.Draft.
//
//	words, or what a person wants at once:  a draft at once
//	something new by the time it is due:    a draft nudge_before ahead of that
//	its yes:                                due at once, whatever the hours
//	due, and no yes:                        what is neutral, or nothing
//	nothing new:                            what is neutral; needs no yes, but where nothing
//	                                        goes out without one
//	never told, or told that it is over:    nothing without a yes: no word was promised
type gate struct {
	r     Rules
	s     *incident.State
	a     *policies.Audience
	t     *incident.Told
	now   time.Time
	found bool         // the cadence has something due
	d     Due          // at that moment
	fill  func(d *Due) // adds what follows
	news  string       // digest of what is told beyond the state
}

// updates returns what is due of an incident that is open, what waits for a yes
// included.
func (g gate) updates() (all []Due) {
	name := g.a.Name
	var want Due // at once
	if h, at := g.s.Hastened[name]; at {
		want = hastened(h)
	}
	if w, fresh := g.s.Fresh(name); fresh {
		want = Due{At: w.At, Why: "words of " + w.By, Words: w.Number}
	}
	asked := !want.At.IsZero()
	k := kind(g.s, g.t, want.Words > 0, g.news)
	neutral := g.a.Unapproved == policies.SendHolding
	nothing := k == incident.Holding && neutral
	draft := g.s.Draft(name, 0)
	if nothing {
		draft = nil // what it said is not so any more
		if asked {
			g.d, g.found = want, true
		}
	} else if g.found || asked {
		ahead := want
		if !asked {
			ahead = Due{At: later(g.d.At.Add(-g.foresight()), g.s.BeganAt()), Why: g.d.Why}
		}
		ahead.Kind = k
		if one, yes := g.draft(ahead, draft); yes {
			return []Due{one}
		} else if one.Draft {
			all = append(all, one)
		}
	}
	switch {
	case !g.found:
	case neutral && g.knows():
		one := g.d
		one.Kind, one.Neutral, one.Pending = incident.Holding, true, !nothing
		if !nothing {
			one.Why += instead(draft)
		}
		g.fill(&one)
		all = append(all, one)
	case !neutral && g.knows():
		all = append(all, g.lapse(g.d.At)...)
	}
	return all
}

// catchUp adds what channels that waited are told: nothing new either.
func (g gate) catchUp(all []Due, behind Due, catches bool) []Due {
	if !catches || slices.ContainsFunc(all, func(d Due) bool { return !d.Draft && !d.At.After(behind.At) }) {
		return all
	}
	g.fill(&behind)
	behind.Kind, behind.Neutral = incident.Holding, true
	behind.Next, behind.NextWhy, behind.Promise = g.t.NextAt, g.t.NextWhy, g.t.PromiseAt
	if g.t.Unheard { // by these, it is the first word
		behind.Kind = opening(g.s)
	}
	return append(all, behind)
}

// knows reports whether the audience was told that it goes on, or was promised a word by
// what is part of it now.
func (g gate) knows() bool {
	return g.t != nil && (g.t.First > 0 && g.t.Heard || g.t.Heir && !g.t.PromiseAt.IsZero())
}

// end returns what is due of the end. Nobody is told that it goes on when it is over:
// who was told that it went on hears so, with a yes at once, and without one when his
// next word was foreseen.
func (g gate) end(d Due) (all []Due) {
	if d.CatchUp {
		d.Neutral, d.Words = true, 0
		return []Due{d}
	}
	ahead := d
	ahead.At = later(g.s.ResolvedAt, d.At)
	draft := g.s.Draft(d.Audience, 0)
	g.d, g.found = d, true
	_, hasty := g.s.Hastened[d.Audience]
	if !hasty {
		g.d.At = later(d.At, g.t.NextAt)
	}
	one, yes := g.draft(ahead, draft)
	if yes {
		return []Due{one}
	} else if one.Draft {
		all = append(all, one)
	}
	if g.a.Unapproved == policies.Hold {
		return append(all, g.lapse(g.d.At)...)
	}
	plain := g.d
	plain.Neutral, plain.Pending, plain.Words = true, true, 0
	plain.Why += instead(draft)
	plain.Late = late(g.t, plain, g.now)
	return append(all, plain)
}

// draft returns what is new as it may go: due by somebody's yes; or as a draft that is
// to be written, or waits; or neither, where somebody said no.
func (g gate) draft(d Due, on *incident.Draft) (one Due, yes bool) {
	says := g.s.Says(d.Kind, d.Words, g.news)
	if on != nil && on.Says == says {
		switch {
		case on.No != "":
			return Due{}, false
		case on.Yes != "":
			d.At, d.Why, d.Of = on.YesAt, "approved by "+on.Yes, on.Update
			g.fill(&d)
			return d, true
		}
		d.Of = on.Update
	} else if on != nil && on.Waits() && d.At.After(g.now) { // nobody is to answer the old one any more
		d.At = g.now
	}
	d.Draft, d.Says, d.Deadline = true, says, time.Time{}
	if g.found && g.knows() || d.Of == 0 && g.found {
		d.Deadline = g.d.At
	}
	d.Instead = g.found && g.knows() && g.a.Unapproved == policies.SendHolding
	g.fill(&d)
	return d, false
}

// unsaid is for how long after the end somebody may still say yes to what waits. It is
// no news after that, and those whom it was for cannot be kept for ever.
const unsaid = 7 * 24 * time.Hour

// forsaken are the audiences to whom nothing goes any more that waits for a yes, at the
// moment from which that is so.
func (r Rules) forsaken(s *incident.State, now time.Time) (all []Due) {
	for _, name := range heard(s) {
		g, closed := r.gateOf(s, name, now)
		if !closed {
			continue
		}
		waits := g.a.Unapproved == policies.Hold && !g.t.Closed && (g.t.Heard || g.t.Heir)
		for _, d := range s.Drafts {
			waits = waits || d.Audience == name
		}
		for _, c := range s.Corrections {
			waits = waits || c.Of.Audience == name
		}
		if waits {
			all = append(all, Due{At: s.ResolvedAt.Add(unsaid), Audience: name, Kind: ending(s), Lapses: true, Final: true, Why: "nobody approved it"})
		}
	}
	return all
}

// lapse says, once, that what was promised does not come.
func (g gate) lapse(at time.Time) []Due {
	if g.t.PromiseAt.IsZero() || g.s.Lapses[g.a.Name].Equal(at) {
		return nil
	}
	return []Due{{At: at, Audience: g.a.Name, Kind: incident.Holding, Lapses: true, Why: "nobody approved it"}}
}

// foresight is how long ahead the yes is asked for.
func (g gate) foresight() time.Duration {
	if t := g.r.Teams[communication]; t != nil && t.NudgeBefore > 0 {
		return t.NudgeBefore
	}
	return foresight
}

// instead says why something neutral goes out.
func instead(d *incident.Draft) string {
	switch {
	case d == nil:
		return ""
	case d.No != "":
		return fmt.Sprintf("; update %d was rejected by %s", d.Update, d.No)
	}
	return fmt.Sprintf("; update %d waits for a yes", d.Update)
}

// gateOf returns the gate of an audience; false where it has none.
func (r Rules) gateOf(s *incident.State, name string, now time.Time) (gate, bool) {
	a := r.Audiences[name]
	if a == nil || !a.Approval {
		return gate{}, false
	}
	return gate{r: r, s: s, a: a, t: s.Told[name], now: now, fill: func(*Due) {}, news: incident.Digest(s.Account(r.Severities, r.Services[s.Service]), a.Reads)}, true
}

// gated has corrections wait for a yes, and marks what goes to such an audience.
func (r Rules) gated(s *incident.State, all []Due, now time.Time) (out []Due) {
	for _, d := range all {
		g, closed := r.gateOf(s, d.Audience, now)
		if !closed || d.Team {
			out = append(out, d)
			continue
		}
		d.Gated = true
		if d.Corrects != nil {
			one, yes := g.draft(d, s.Draft(d.Audience, d.Corrects.Update))
			if !yes && !one.Draft {
				continue
			}
			d = one
		}
		out = append(out, d)
	}
	return out
}

// Waiting returns what waits for a yes, as it would go at now if it had one, by number.
// What the incident has outrun is not in it: that is written anew.
func Waiting(r Rules, s *incident.State, now time.Time) []Due {
	all := slices.DeleteFunc(r.gated(s, r.all(s, now), now), func(d Due) bool { return !written(d) })
	slices.SortFunc(all, func(a, b Due) int { return a.Of - b.Of })
	return all
}

// written reports whether a draft stands already, and waits.
func written(d Due) bool { return d.Draft && d.Of > 0 }

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
