package reply

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router"
	"sitrep/router/incident"
)

// courses are the answers to how a planned change goes.
var courses = []words.Command{words.OnCourse, words.Longer, words.PutBack, words.AllDone}

// running are the changes that go on; of several, those that he leads, if he leads any.
// One to come is named by whoever means it.
func (e *errand) running() []*router.Page {
	all := slices.DeleteFunc(e.c.o.Desk.Incidents(), func(p *router.Page) bool {
		return p.Kind != incident.Change || !p.Open || p.Work.Begun.IsZero()
	})
	led := slices.DeleteFunc(slices.Clone(all), func(p *router.Page) bool { return !policies.Alike(p.Lead, e.who.Name) })
	if len(led) > 0 {
		return led
	}
	return all
}

// lead is who leads the change and is asked alone; empty where the teams know nobody of
// that name, and anybody of them may answer.
func (e *errand) lead() string {
	for _, t := range e.c.o.Teams {
		if who, known := t.Reachable(e.page.Lead); known {
			return who.Name
		}
	}
	return ""
}

// conducts reports whether it is for him to say how the change goes.
func (e *errand) conducts() bool {
	lead := e.lead()
	return lead == "" || policies.Alike(lead, e.who.Name)
}

func (e *errand) notLead() string {
	return e.say(words.ReplyNotLead, "incident", e.page.ID, "name", e.lead())
}

// work answers what somebody writes of a planned change. What is said of a change and of
// an outage alike is not for it.
func (e *errand) work(ctx context.Context, from string, c Command) (answer string, is bool) {
	_, phase := phases[c.Do]
	switch {
	case phase:
		return e.say(words.ReplyOfWork, "incident", e.page.ID), true
	case c.Do != words.ResolveNow && !slices.Contains(courses, c.Do):
		return "", false
	case !e.conducts():
		return e.notLead(), true
	case c.Do == words.ResolveNow || c.Do == words.AllDone:
		return e.finish(ctx, from, c.Rest), true
	}
	return e.course(ctx, c.Do, c.Rest), true
}

// finish asks whether it is done, or takes the code that says so.
func (e *errand) finish(ctx context.Context, from, rest string) string {
	step, asks := e.ending()
	switch {
	case rest != "":
		page, what := e.confirmed(from, e.page.ID, rest)
		if page == nil {
			return e.say(words.ReplyMisread)
		}
		return e.end(ctx, what)
	case e.page.Work.Begun.IsZero():
		return e.notBegun()
	}
	return e.say(asks, "incident", e.page.ID, "service", e.title(e.page), "code", e.code(string(step), from, e.page.ID, 0))
}

// ending is what it means that the change is done: of one that is being rolled back, that
// everything is as it was.
func (e *errand) ending() (incident.Step, words.Reply) {
	if e.page.Work.Course == incident.RollingBack {
		return incident.StepRollBack, words.ReplyIsUndone
	}
	return incident.StepComplete, words.ReplyIsDone
}

func (e *errand) notBegun() string {
	return e.say(words.ReplyNotBegun, "incident", e.page.ID, "time", e.speech.At(e.page.Work.Start, e.at))
}

// course says how the change goes, and until when it takes where a time follows. What
// follows an answer that is whole by itself makes it prose.
func (e *errand) course(ctx context.Context, do words.Command, rest string) string {
	said := bareWord(rest) != ""
	switch {
	case do == words.Longer && said:
		return e.extend(ctx, rest)
	case said:
		return e.say(words.ReplyMisread)
	}
	c, reply := incident.OnCourse, words.ReplyCourse
	switch do {
	case words.Longer:
		c, reply = incident.Later, words.ReplyLater
	case words.PutBack:
		c, reply = incident.RollingBack, words.ReplyBack
		if e.page.Work.Begun.IsZero() {
			return e.notBegun()
		}
	}
	d, no := e.submit(ctx, string(do), incident.Input{Conduct: &incident.Conduct{Incident: e.page.ID, Step: incident.StepCourse, Course: c}})
	if no != "" {
		return no
	}
	return e.with(e.waiting(d.Facts), e.say(reply, "incident", e.page.ID))
}

// extend gives the change a new end: so much after the planned one, or after now where
// that is past, or the next such time on the clock.
func (e *errand) extend(ctx context.Context, said string) string {
	end, answer := e.newEnd(said)
	if answer != "" {
		return answer
	}
	d, no := e.submit(ctx, "extend", incident.Input{Reschedule: &incident.Reschedule{Incident: e.page.ID, End: &end}})
	if no != "" {
		return no
	}
	for _, f := range d.Facts {
		if f.Rescheduled() != nil { // the same request came before, and it was so long after another end
			end = f.Rescheduled().End
		}
	}
	return e.with(e.waiting(d.Facts), e.say(words.ReplyUntil, "incident", e.page.ID, "time", e.speech.At(end, e.at)))
}

// newEnd reads until when it takes, or says why that is no new end.
func (e *errand) newEnd(said string) (end time.Time, no string) {
	was := e.page.Work.End
	from := was
	if from.Before(e.at) {
		from = e.at
	}
	end, ok := When(said, from.In(e.speech.Zone()))
	if end = end.UTC().Truncate(time.Minute); ok && end.After(was) && end.After(e.at) {
		return end, ""
	}
	if at, is := When(said, e.at.In(e.speech.Zone())); is && at.UTC().Equal(was) { // it is so already
		return was, ""
	}
	if _, is := When(said, e.at.In(e.speech.Zone())); is {
		return end, e.say(words.ReplyNotLater, "incident", e.page.ID, "time", e.speech.At(was, e.at))
	}
	return end, e.say(words.ReplyNoTime)
}

// with puts what was done before what waits for a yes.
func (e *errand) with(waits []string, what string) string {
	return strings.Join(append([]string{what}, waits...), " ")
}

// complete is for what was confirmed.
func (e *errand) complete(ctx context.Context, step incident.Step) string {
	d, no := e.submit(ctx, string(step), incident.Input{Conduct: &incident.Conduct{Incident: e.page.ID, Step: step}})
	if no != "" {
		return no
	}
	for _, f := range d.Facts {
		if f.Turned() != nil {
			return e.say(words.ReplyTurned, "incident", e.page.ID, "service", e.service(f.Turned().Service))
		}
	}
	for _, f := range d.Facts {
		if f.Awaited() != nil {
			return e.say(words.ReplyOverWaits, "incident", e.page.ID, "n", strconv.Itoa(f.Awaited().Update))
		}
	}
	if held := e.held(); !held.IsZero() {
		return e.say(words.ReplyOverHeld, "incident", e.page.ID, "time", e.speech.Soon(held, e.at))
	}
	if step == incident.StepRollBack {
		return e.say(words.ReplyUndone, "incident", e.page.ID)
	}
	return e.say(words.ReplyComplete, "incident", e.page.ID)
}
