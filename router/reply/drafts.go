package reply

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"sitrep/policies/words"
	"sitrep/router"
	"sitrep/router/incident"
)

// drawTime is how long the text of what waits may be waited for.
const drawTime = 5 * time.Second

// draft is an update that waits for a yes, as the page shows it: with a form for a yes
// and one for a no. Who wrote what is new in it has only the second.
type draft struct {
	router.Draft
	Yes, No string // what each form is sent as, however often
	Wrong   string // what is wrong with the second as it was filled in

	e *errand
}

// Heading says what waits.
func (d draft) Heading() string {
	return d.e.of(words.PageWaits, d.Update, "audience", d.Audience)
}

// Mine reports whether the reader wrote what is new in it.
func (d draft) Mine() bool { return slices.Contains(d.Authors, d.e.who.name()) }

// From says who wrote what is new in it.
func (d draft) From() string {
	switch {
	case d.Mine():
		return d.e.say(words.PageOwn, "name", d.e.who.name())
	case len(d.Authors) > 0:
		return d.e.say(words.PageWrote, "name", strings.Join(d.Authors, ", "))
	}
	return d.e.say(words.PageNobody)
}

// part is one text of a draft.
type part struct{ Label, Language, Subject, Text string }

// Parts are all its texts: what the reader is shown at once, in his own language where
// the audience has it, and then the others.
func (d draft) Parts() (all []part) {
	texts := slices.Clone(d.Texts)
	own := func(t router.DraftText) bool { return t.Language == d.e.speech.Language() }
	slices.SortStableFunc(texts, func(a, b router.DraftText) int {
		switch {
		case own(a) == own(b):
			return 0
		case own(a):
			return -1
		}
		return 1
	})
	label := func(what words.Reply, t router.DraftText) string {
		if len(texts) == 1 {
			return d.e.say(what)
		}
		return d.e.say(what) + " (" + t.Language + ")"
	}
	for _, t := range texts {
		if t.Text != "" {
			all = append(all, part{label(words.PageMail, t), t.Language, t.Subject, t.Text})
		}
		if t.SMS != "" {
			all = append(all, part{label(words.PageSMS, t), t.Language, "", t.SMS})
		}
	}
	return all
}

// Without says what happens without a yes, and when.
func (d draft) Without() string {
	due := d.DueAt
	if due.Before(d.e.at) {
		due = d.e.at
	}
	switch {
	case d.Instead && d.Kind == incident.Closing:
		return d.e.say(words.PagePlain, "time", d.e.speech.Soon(due, d.e.at))
	case d.Instead:
		return d.e.say(words.PageInstead, "time", d.e.speech.Soon(due, d.e.at))
	case d.DueAt.IsZero():
		return d.e.say(words.PageSilent)
	}
	return d.e.say(words.PageSilent) + " " + d.e.say(words.PageDue, "time", d.e.speech.Soon(d.DueAt, d.e.at))
}

// draw puts what waits on the page; false where it cannot be had now.
func (c *Clerk) draw(ctx context.Context, p *page) bool {
	ctx, cancel := context.WithTimeout(ctx, drawTime)
	defer cancel()
	all, err := p.e.drafts(ctx)
	if err != nil {
		c.o.Log.Warn("what waits for a yes could not be shown", "incident", p.Incident, "err", err)
		return false
	}
	for _, d := range all {
		p.Drafts = append(p.Drafts, draft{Draft: d, Yes: uuid.NewString(), No: uuid.NewString(), e: p.e})
	}
	return true
}

func (c *Clerk) later(w http.ResponseWriter, p page) {
	p.Form, p.Again = nil, true
	p.Notices = append(p.Notices, p.e.say(words.PageLater))
	w.Header().Set("Retry-After", "10")
	c.show(w, http.StatusServiceUnavailable, p)
}

// judge does what somebody answers to an update that waits, and shows what waits then.
func (c *Clerk) judge(w http.ResponseWriter, r *http.Request, p page) {
	n, err := strconv.Atoi(r.PostForm.Get("draft"))
	answer := r.PostForm.Get("answer")
	reason := words.Clean(r.PostForm.Get("why"), maxReason)
	once := r.PostForm.Get("once")
	once = once[:min(len(once), maxOnce)]
	switch {
	case !p.e.who.talks:
		p.Notices = []string{p.e.say(words.ReplyNotYours)}
	case err != nil || n < 1 || answer != "yes" && answer != "no":
		p.Notices = []string{p.e.say(words.ReplyMisread)}
	case answer == "no" && bareWord(reason) == "":
		if !c.draw(r.Context(), &p) {
			c.later(w, p)
			return
		}
		for i := range p.Drafts {
			if d := &p.Drafts[i]; d.Update == n {
				d.Wrong = p.e.say(words.PageNothing)
			}
		}
		p.Again = true
		c.show(w, http.StatusUnprocessableEntity, p)
		return
	default:
		p.e.key = "page " + r.PathValue("token") + " " + once
		p.Notices = []string{p.e.verdict(r.Context(), n, answer == "no", reason)}
		p.Again = true
		if page := c.o.Desk.Incident(p.Incident); page != nil {
			p.e.page = page
		}
		if !c.draw(r.Context(), &p) {
			c.later(w, p)
			return
		}
		c.told(w, p)
		return
	}
	p.Again = true
	c.show(w, http.StatusUnprocessableEntity, p)
}
