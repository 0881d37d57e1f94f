package schedule

import (
	"slices"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// hours lets what falls due outside the audience's hours wait for their
// beginning. An SMS to a critical audience does not wait: it goes alone, and
// the other channels follow when the hours begin.
func (p section) hours(d Due, now time.Time) Due {
	at := d.At
	if at.Before(now) {
		at = now // it was not sent when it was due
	}
	if p.active == nil || p.active.Contains(at) {
		return d
	}
	if sms, rest := p.sms(p.audience.Channels); sms != nil {
		d.Channels, d.Behind = sms, rest
		return d
	}
	next, ok := p.active.Next(at)
	if !ok {
		next = at.Add(100 * 365 * 24 * time.Hour) // the hours never come again
	}
	d.At = next
	return d
}

// sms returns the one of some channels that waits for no hours, to a critical
// audience, and the others; nil where nobody is reached by it.
func (p section) sms(channels []string) (only, rest []string) {
	if !p.audience.Critical {
		return nil, nil
	}
	for _, c := range channels {
		switch {
		case !slices.ContainsFunc(p.audience.Recipients, func(r policies.Recipient) bool { return r.Address(c) != "" }):
		case c == "sms":
			only = []string{c}
		default:
			rest = append(rest, c)
		}
	}
	if only == nil {
		return nil, nil
	}
	return only, rest
}

// Ahead is how long before its moment an update may be planned, for whom it goes
// together with another.
const Ahead = 2 * time.Minute

// catchUp brings the channels that waited to where the others are, when the
// hours begin or the channel works again, unless an update by all channels comes
// first, or may be planned by then, or is due by now as well.
func (r Rules) catchUp(d Due, t *incident.Told, p section, now time.Time) (Due, bool) {
	if t == nil || !t.Heard {
		return Due{}, false
	}
	ready, rest := r.ready(t)
	if ready == nil {
		return Due{}, false
	}
	at, why := t.LastAt, "it can be reached again"
	if p.active != nil && !p.active.Contains(at) {
		why = "its hours began"
	}
	if at.Before(now) {
		at = now
	}
	at, ready, rest, ok := p.within(at, ready, rest)
	if !ok {
		return Due{}, false
	}
	if d.At.Sub(at) < Ahead || d.Channels == nil && !d.At.After(now) {
		return Due{}, false
	}
	return Due{At: at, Channels: ready, Behind: rest, CatchUp: true, Why: why}, true
}

// within returns when channels that waited go on: when the hours begin, but an SMS
// to a critical audience at once.
func (p section) within(at time.Time, ready, rest []string) (time.Time, []string, []string, bool) {
	if p.active == nil || p.active.Contains(at) {
		return at, ready, rest, true
	}
	if sms, later := p.sms(ready); sms != nil {
		return at, sms, append(later, rest...), true
	}
	next, ok := p.active.Next(at)
	return next, ready, rest, ok
}

// ready returns the channels that waited and work, and those that do not yet.
func (r Rules) ready(t *incident.Told) (ready, rest []string) {
	for _, c := range t.Behind {
		if r.Out != nil && r.Out(c) {
			rest = append(rest, c)
		} else {
			ready = append(ready, c)
		}
	}
	return ready, rest
}
