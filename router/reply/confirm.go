package reply

import (
	"context"
	"strconv"
	"time"

	"sitrep/policies/words"
	"sitrep/router"
	"sitrep/router/incident"
)

// What cannot be taken back is asked once more: by SMS a code confirms it, on the page a
// second form. Who confirms one thing confirms no other.
const (
	over   = "resolve"
	done   = string(incident.StepComplete)
	undone = string(incident.StepRollBack)
)

// confirmWithin is for how long a code holds; up to half of it longer.
const confirmWithin = 10 * time.Minute

// code is by what somebody confirms that an incident is over, or a change is done.
func (e *errand) code(what, from, id string, ago int64) string {
	return e.c.o.Code(what, from, id, strconv.FormatInt(e.at.Unix()/int64(confirmWithin.Seconds())-ago, 10))
}

// confirmed returns the incident that a code is for, and what it confirms; nil where it
// is for none. A change that has just ended is one yet: its end is answered by that.
func (e *errand) confirmed(from, id, code string) (p *router.Page, what string) {
	code = bareWord(code)
	for _, one := range e.c.o.Desk.Incidents() {
		things := []string{over}
		switch {
		case id != "" && id != one.ID || one.PartOf != "":
			continue
		case one.Kind == incident.Change:
			if things = []string{done, undone}; !one.Open && e.at.Sub(one.ResolvedAt) > 2*confirmWithin {
				continue
			}
		case !one.Open:
			continue
		}
		for _, what := range things {
			if code == e.code(what, from, one.ID, 0) || code == e.code(what, from, one.ID, 1) {
				return one, what
			}
		}
	}
	return nil, ""
}

// end does what was confirmed.
func (e *errand) end(ctx context.Context, what string) string {
	switch {
	case what == over:
		return e.resolve(ctx)
	case !e.page.Open:
		return e.ended(e.page)
	case !e.conducts():
		return e.notLead()
	}
	return e.complete(ctx, incident.Step(what))
}

// ended says who ended a change, and when.
func (e *errand) ended(p *router.Page) string {
	by, at := "", p.ResolvedAt
	for _, f := range p.Timeline {
		if f.Finished() != nil || f.CalledOff() != nil {
			by, at = f.By, f.At
		}
	}
	return e.say(words.ReplyEnded, "incident", p.ID, "name", by, "time", e.speech.At(at, e.at))
}
