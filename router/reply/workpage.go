package reply

import (
	"context"

	"sitrep/policies/words"
	"sitrep/router/incident"
)

// The page of a planned change: whoever leads it, or the team where nobody does, says how
// it goes; who talks says words to everybody as of an outage.

// choices are what somebody may choose on the page.
func (e *errand) choices() []choice {
	switch {
	case e.page.Kind != incident.Change:
		return choices
	case !e.conducts():
		return nil
	}
	all := []choice{{words.OnCourse, words.PageCourse}, {words.Longer, words.PageLonger}}
	if e.page.Work.Begun.IsZero() { // there is nothing to put back, nor to be done with
		return all
	}
	end := words.PageDone
	if step, _ := e.ending(); step == incident.StepRollBack {
		end = words.PageUndone
	}
	return append(all, choice{words.PutBack, words.PageRollback}, choice{words.AllDone, end})
}

// sure returns what of a form is asked once more, and how; nothing where nothing is. Who
// was asked whether it is done does not say by that that it is put back, should another
// have said so meanwhile.
func (e *errand) sure(f *form) (what string, asks words.Reply) {
	switch f.How {
	case words.ResolveNow:
		return "yes", words.PageSure
	case words.AllDone:
		if step, _ := e.ending(); step == incident.StepRollBack {
			return undone, words.PageSureUndone
		}
		return done, words.PageSureDone
	}
	return "", ""
}

// readsWork says what in a form cannot be read as said of a change.
func (e *errand) readsWork(f *form) (wrong string) {
	switch {
	case f.Estimate == "":
		return ""
	case f.How != words.Longer:
		return e.say(words.PageOnlyLater)
	}
	_, wrong = e.newEnd(f.Estimate)
	return wrong
}

// carryWork carries out a form on a change: words first where it is done by that, so that
// they go out before its end.
func (e *errand) carryWork(ctx context.Context, f *form) (answers []string) {
	if f.How != "" && f.How != words.AllDone {
		answers = append(answers, e.course(ctx, f.How, f.Estimate))
	}
	if f.Words != "" {
		answers = append(answers, e.do(ctx, words.SayWords, f.Words))
	}
	if f.How == words.AllDone {
		answers = append(answers, e.complete(ctx, incident.Step(f.Sure)))
	}
	return answers
}

// stands says since when a change goes on, and until when it is planned.
func (e *errand) stands() string {
	w := e.page.Work
	since := e.say(words.PageBegun, "time", e.speech.At(w.Begun, e.at))
	if w.Begun.IsZero() {
		since = e.say(words.PageBegins, "time", e.speech.At(w.Start, e.at))
	}
	return since + " " + e.say(words.PageUntil, "time", e.speech.At(w.End, e.at))
}

// Conducts reports whether it is for the reader to say how it goes.
func (p page) Conducts() bool { return p.e.page.Kind != incident.Change || p.e.conducts() }

// Led says whose it is.
func (p page) Led() string { return p.e.say(words.PageLed, "name", p.e.lead()) }

// When is the heading of when it may be over, or until when it takes.
func (p page) When() string {
	if p.e.page.Kind == incident.Change {
		return p.e.say(words.PageEnd)
	}
	return p.e.say(words.PageEstimate)
}
