package casebook

import (
	"slices"

	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// Route is by which channels an update reaches people. A channel is out while a
// service that it depends on is: whoever has another way, be it one that is only
// a fallback, gets it by that, and hears by the channel again once it works. Who
// has no other way is written to all the same.
type Route struct {
	Channels []string // all at once
	Fallback []string // where those are out
	// others are further ways that the audience's people may have; who has none
	// gets nothing by this route.
	others []string
	out    func(channel string) bool
}

// Uses returns the channels that one person is reached by, and those that wait
// until they work again.
func (r Route) Uses(address func(channel string) string) (uses, waits []string) {
	if r.others != nil && !slices.ContainsFunc(r.others, func(c string) bool { return address(c) != "" }) {
		return nil, nil
	}
	var down []string
	for _, c := range r.Channels {
		switch {
		case address(c) == "":
		case r.out(c):
			down = append(down, c)
		default:
			uses = append(uses, c)
		}
	}
	if len(uses) == 0 && len(down) > 0 {
		for _, c := range r.Fallback {
			if address(c) != "" && !r.out(c) {
				uses = append(uses, c)
			}
		}
	}
	if len(uses) == 0 {
		return down, nil
	}
	return uses, down
}

// Plain reports whether everybody is reached by all of the channels.
func (r Route) Plain() bool { return r.others == nil && !slices.ContainsFunc(r.Channels, r.out) }

// Route returns the route of an update. An end goes by the fallbacks as well by
// which its audience was told.
func (b *Book) Route(c *Case, d schedule.Due) Route {
	r := Route{out: b.out}
	if d.Team {
		if t := b.Team(d.Audience); t != nil {
			r.Channels = t.Channels
		}
		b.around(&r, d.Kind == incident.Alarm)
		return r
	}
	told, a := c.State.Told[d.Audience], b.Audience(d.Audience)
	switch {
	case d.Channels != nil:
		r.Channels = d.Channels
		if d.CatchUp && told != nil && c.State.Had(d.Audience, d.Channels) {
			// Who had no other way was written to by these all the same.
			r.others = []string{}
			ways := slices.Clone(told.Channels)
			if a != nil {
				ways = append(append(ways, a.Channels...), a.Fallback...)
			}
			for _, o := range ways {
				if !slices.Contains(d.Channels, o) {
					r.others = append(r.others, o)
				}
			}
		}
	case a != nil:
		r.Channels, r.Fallback = a.Channels, a.Fallback
	case told != nil:
		r.Channels = told.Channels
	}
	if told != nil && d.Channels == nil && d.Kind.Ends() {
		r.Channels = slices.Clone(r.Channels)
		for _, f := range told.Fell {
			if !slices.Contains(r.Channels, f) {
				r.Channels = append(r.Channels, f)
			}
		}
	}
	return r
}

// out reports whether a service that a channel depends on is out, be it by a change
// within whose window that is nobody's incident.
func (b *Book) out(channel string) bool {
	return slices.ContainsFunc(b.rules.Needs[channel], func(service string) bool {
		c := b.services[service]
		return c != nil && (c.State.Open() || c.State.Under != "" || b.Window(service) != "" && len(b.burning(service)) > 0)
	})
}

// carries reports whether a channel depends on a service.
func (b *Book) carries(service string) bool {
	for _, services := range b.rules.Needs {
		if slices.Contains(services, service) {
			return true
		}
	}
	return false
}

// Fallback returns the channels that take the place of some for whom those fail
// for good: the audience's, and those by which somebody was told before. Who is
// caught up with has been told by another way, if he has one.
func (b *Book) Fallback(c *Case, d schedule.Due, by []string) []string {
	if d.Team || d.CatchUp {
		return nil
	}
	var all []string
	if a := b.Audience(d.Audience); a != nil {
		all = slices.Clone(a.Fallback)
	}
	if t := c.State.Told[d.Audience]; t != nil {
		for _, r := range t.Rescued {
			all = with(all, r)
		}
	}
	return slices.DeleteFunc(all, func(f string) bool { return slices.Contains(by, f) })
}
