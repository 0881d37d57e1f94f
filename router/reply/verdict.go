package reply

import (
	"context"
	"slices"
	"strconv"

	"sitrep/policies/words"
	"sitrep/router"
	"sitrep/router/incident"
)

// maxReason is how long a reason may be, in characters, as by the API.
const maxReason = 500

// answers reports whether a command answers an update that waits for a yes.
func answers(c words.Command) bool { return c == words.SayYes || c == words.SayNo }

// waiting says which updates wait for a yes from now on.
func (e *errand) waiting(facts []incident.Fact) (parts []string) {
	for _, f := range facts {
		if f.Awaited() != nil {
			parts = append(parts, e.of(words.ReplyWaits, f.Awaited().Update))
		}
	}
	return parts
}

// of says something of an update.
func (e *errand) of(what words.Reply, n int, pairs ...string) string {
	return e.say(what, append(pairs, "incident", e.page.ID, "n", strconv.Itoa(n))...)
}

// number reads which update is meant.
func number(said string) (n int, ok bool) {
	n, err := strconv.Atoi(bareWord(said))
	return n, err == nil && n > 0
}

// yes lets an update go out. Nothing may follow the number: a yes with an if is none.
func (e *errand) yes(ctx context.Context, rest string) string {
	n, ok := number(rest)
	if !ok {
		return e.say(words.ReplyMisread)
	}
	return e.verdict(ctx, n, false, "")
}

// no keeps an update from going out, and says why.
func (e *errand) no(ctx context.Context, rest string) string {
	first, reason := cutWord(rest)
	n, ok := number(first)
	if !ok {
		return e.say(words.ReplyMisread)
	}
	if reason = words.Clean(reason, maxReason); bareWord(reason) == "" {
		return e.of(words.ReplyNoReason, n)
	}
	return e.verdict(ctx, n, true, reason)
}

// verdict answers an update that waits, and says what came of it: somebody may have
// answered before, or it would say something else by now.
func (e *errand) verdict(ctx context.Context, n int, no bool, reason string) string {
	part := "yes "
	if no {
		part = "no "
	}
	d, undecided := e.decided(ctx, part+strconv.Itoa(n), incident.Input{
		Reason: reason, Approve: &incident.Approve{Incident: e.page.ID, Update: n, No: no},
	})
	goes := func(f incident.Fact) bool { return f.Planned() != nil && f.Planned().Draft == n }
	switch {
	case undecided != "":
		return undecided
	case d.Refused == "" && no:
		return e.of(words.ReplyRejected, n)
	case d.Refused == "" && slices.ContainsFunc(d.Facts, goes):
		return e.of(words.ReplyApproved, n)
	}
	if p := e.c.o.Desk.Incident(e.page.ID); p != nil {
		e.page = p
	}
	return e.fate(n)
}

// fate says what became of an update that waited, by the timeline.
func (e *errand) fate(n int) string {
	var was *incident.Awaited
	var by string
	var no, gone bool
	for _, f := range e.page.Timeline {
		switch {
		case f.Awaited() != nil && f.Awaited().Update == n:
			was = f.Awaited()
		case f.Approved() != nil && f.Approved().Update == n:
			by = f.By
		case f.Rejected() != nil && f.Rejected().Update == n:
			by, no = f.By, true
		case f.Planned() != nil && f.Planned().Draft == n:
			gone = true
		}
	}
	switch {
	case was == nil:
		return e.of(words.ReplyNoDraft, n)
	case gone:
		return e.of(words.ReplyYesBy, n, "name", by)
	case no:
		return e.of(words.ReplyNoBy, n, "name", by)
	}
	for _, a := range e.page.Awaiting {
		switch {
		case a.Update == n && slices.Contains(a.Authors, e.who.name()):
			return e.of(words.ReplyOwn, n)
		case a.Update != n && a.Audience == was.Audience && a.Corrects == was.Corrects:
			return e.of(words.ReplyReplaced, n, "other", strconv.Itoa(a.Update))
		}
	}
	return e.of(words.ReplyNoDraft, n)
}

// drafts are what waits, for who may answer it.
func (e *errand) drafts(ctx context.Context) ([]router.Draft, error) {
	if !e.who.talks || len(e.page.Awaiting) == 0 {
		return nil, nil
	}
	return e.c.o.Desk.Drafts(ctx, e.page.ID)
}
