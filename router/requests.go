package router

import (
	"slices"
	"time"

	"sitrep/router/incident"
)

// requests are the overrides of the last day whose callers named them, by that
// name. A caller that had no answer asks again: it gets the same one, and nothing
// happens twice. They follow from the facts, and so outlive a restart.
type requests map[string]request

type request struct {
	at              time.Time
	incident, input string
	asked           string
}

// rememberedFor is how long a name is known.
const rememberedFor = 24 * time.Hour

func (q requests) note(facts []incident.Fact) {
	for _, f := range facts {
		if f.Key != "" {
			q[f.Key] = request{f.At, f.Incident, f.Input, f.Asked}
		}
	}
}

func (q requests) forget(now time.Time) {
	for key, was := range q {
		if now.Sub(was.at) > rememberedFor {
			delete(q, key)
		}
	}
}

// repeated answers an override that was decided before, and reports whether it
// was.
func (r *Router) repeated(in incident.Input) bool {
	was, known := r.requests[in.Key]
	if in.Key == "" || !known || in.At.Sub(was.at) > rememberedFor {
		return false
	}
	d := Decision{Incident: was.incident}
	c := r.cases.Incident(was.incident)
	switch {
	case was.asked != in.Asked:
		d.Reused = true
	case c == nil: // it has been forgotten since
		d.Unknown = true
	default:
		d.Facts = answered(c.Timeline, was)
		d.judge(was.input)
	}
	r.answer(in, d, was.input)
	return true
}

// answered returns what followed from a request, in its moment; what somebody else
// asked for in the same one followed from that.
func answered(timeline []incident.Fact, was request) []incident.Fact {
	first := slices.IndexFunc(timeline, func(f incident.Fact) bool { return f.Input == was.input })
	if first < 0 {
		return nil
	}
	facts := timeline[first:]
	if end := slices.IndexFunc(facts, func(f incident.Fact) bool {
		return !f.At.Equal(was.at) || f.Input != "" && f.Input != was.input
	}); end >= 0 {
		facts = facts[:end]
	}
	return facts
}

// judge says whether an override was refused, by its facts.
func (d *Decision) judge(input string) {
	for _, f := range d.Facts {
		if f.Refused() != nil && f.Input == input {
			d.Refused, d.Stale = f.Refused().Reason, f.Refused().Stale
		}
	}
}
