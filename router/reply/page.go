package reply

import (
	"cmp"
	"context"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router"
	"sitrep/router/incident"
)

// PagePath is what the address begins with under which a person of a team answers a
// mail; his link follows.
const PagePath = "/answer/"

// maxOnce is how long the name of a form may be.
const maxOnce = 64

// formLimit is how large a form may be, in bytes: the longest words, escaped.
const formLimit = 64 << 10

// ServePage answers under PagePath. The link is the login: it names one person and one
// incident. To get the page changes nothing, since scanners of mail open links; only
// its form does. It needs no script.
//
//	GET   the form; 404 for a link that is not ours, is too old, was revoked,
//	      or whose person is on no team now
//	      what waits for a yes stands above it, as its audience would read it
//	POST  what was filled in, all of it or none: 200 says what came of it, 422 what
//	      cannot be read, with the form as it was filled in; 503: not stored;
//	      403: another site's page sent it
func (c *Clerk) ServePage(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address is the secret
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	e, ok := c.visitor(r.PathValue("token"))
	if !ok {
		s := c.speech(policies.Recipient{})
		c.show(w, http.StatusNotFound, page{Language: s.Language(), Notices: []string{s.Say(words.PageGone)}})
		return
	}
	p := page{Language: e.speech.Language(), Incident: e.page.ID, Title: e.title(e.page), e: e}
	switch {
	case e.page.PartOf != "":
		p.Notices = []string{e.say(words.ReplyPartOf, "incident", e.page.ID, "other", e.page.PartOf)}
		c.show(w, http.StatusOK, p)
	case r.Method == http.MethodPost && elsewhere(r):
		p.Notices, p.Again = []string{e.say(words.ReplyMisread)}, true
		c.show(w, http.StatusForbidden, p)
	case r.Method == http.MethodPost:
		c.take(w, r, p)
	default:
		c.ask(w, r, p)
	}
}

// elsewhere reports whether a browser says that a page of another site had it send a
// form. The link is secret, so none should know where to.
func elsewhere(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site != "" && site != "same-origin" && site != "none"
}

// ask shows what waits, and the form.
func (c *Clerk) ask(w http.ResponseWriter, r *http.Request, p page) {
	if p.e.page.Open && (p.Conducts() || p.Talks()) {
		p.Form = &form{Once: uuid.NewString()}
	}
	if !c.draw(r.Context(), &p) {
		c.later(w, p)
		return
	}
	switch {
	case p.e.page.Open && p.Form == nil:
		p.Notices = []string{p.e.notLead()}
	case p.e.page.Open:
	case len(p.Drafts) > 0:
		p.Notices = []string{p.e.say(words.PageEnded, "incident", p.Incident)}
	case p.e.page.Kind == incident.Change:
		p.Notices = []string{p.e.ended(p.e.page)}
	default:
		p.Notices = []string{p.e.say(words.ReplyOver, "incident", p.Incident)}
	}
	c.show(w, http.StatusOK, p)
}

// visitor returns who follows a link, and which incident it is about.
func (c *Clerk) visitor(token string) (*errand, bool) {
	l, ok := c.o.Linked(token)
	now := time.Now().UTC()
	if !ok || now.Sub(l.Made) > channels.LinkFor || !l.Made.After(c.o.Revoked()) {
		return nil, false
	}
	who, known := c.person(func(r policies.Recipient) bool { return l.Of(c.o.Person(r.Email, r.Phone)) })
	if !known {
		return nil, false
	}
	p := c.o.Desk.Incident(l.Incident)
	if p == nil {
		return nil, false
	}
	return &errand{c: c, who: who, speech: c.speech(who.Recipient), at: now, page: p}, true
}

// form is what somebody fills in.
type form struct {
	How      words.Command // empty: nothing chosen
	Estimate string
	Words    string
	// Once is the same however often one form is sent.
	Once string
	Sure string // what he is sure of: that it is over, that a change is done

	Wrong string // what cannot be read
}

// choice is how it may be going.
type choice struct {
	Do    words.Command
	label words.Reply
}

// choices are all of them, of an outage.
var choices = []choice{
	{words.Looking, words.PageLooking}, {words.Found, words.PageFound}, {words.Fixing, words.PageFixing},
	{words.Fixed, words.PageFixed}, {words.ResolveNow, words.PageOver},
}

// take does what a form asks.
func (c *Clerk) take(w http.ResponseWriter, r *http.Request, p page) {
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	if err := r.ParseForm(); err != nil {
		p.Form = &form{Once: uuid.NewString(), Wrong: p.e.say(words.ReplyTooLong, "n", "2000")}
		c.show(w, http.StatusUnprocessableEntity, p)
		return
	}
	if r.PostForm.Has("draft") {
		c.judge(w, r, p)
		return
	}
	if !p.e.page.Open {
		c.ask(w, r, p)
		return
	}
	f := &form{
		How: words.Command(r.PostForm.Get("how")), Estimate: strings.TrimSpace(r.PostForm.Get("estimate")),
		Words: strings.TrimSpace(r.PostForm.Get("words")), Once: r.PostForm.Get("once"), Sure: r.PostForm.Get("sure"),
	}
	f.Once = f.Once[:min(len(f.Once), maxOnce)]
	if f.Wrong = p.e.reads(f); f.Wrong != "" {
		p.Form = f
		c.show(w, http.StatusUnprocessableEntity, p)
		return
	}
	if what, asks := p.e.sure(f); what != "" && f.Sure != what {
		f.Sure = what
		p.Form, p.Asks = f, p.e.say(asks, "service", p.Title)
		c.show(w, http.StatusOK, p)
		return
	}
	p.e.key = "page " + r.PathValue("token") + " " + f.Once
	p.Notices, p.Again = p.e.carry(r.Context(), f), true
	c.told(w, p)
}

// told shows what came of a form.
func (c *Clerk) told(w http.ResponseWriter, p page) {
	status := http.StatusOK
	if slices.Contains(p.Notices, p.e.say(words.ReplyFailed)) {
		w.Header().Set("Retry-After", "10")
		status = http.StatusServiceUnavailable
	}
	c.show(w, status, p)
}

// reads says what in a form cannot be read; nothing is done then.
func (e *errand) reads(f *form) (wrong string) {
	if (f.How != "" || f.Estimate != "") && e.page.Kind == incident.Change && !e.conducts() {
		return e.notLead()
	}
	if f.How != "" && !slices.ContainsFunc(e.choices(), func(c choice) bool { return c.Do == f.How }) {
		return e.say(words.ReplyMisread)
	}
	if e.page.Kind == incident.Change {
		if wrong = e.readsWork(f); wrong != "" {
			return wrong
		}
	} else if f.Estimate != "" && f.How != words.ResolveNow {
		if _, ok := e.when(f.Estimate); !ok && !e.takesBack(f.Estimate) {
			return e.say(words.ReplyNoTime)
		}
	}
	if f.Words != "" {
		if !e.who.talks {
			return e.say(words.ReplyNotYours)
		}
		if _, no := e.fits(f.Words); no != "" {
			return no
		}
	}
	if f.How == "" && f.Estimate == "" && f.Words == "" {
		return e.say(words.PageNothing)
	}
	return ""
}

// carry carries out a form: how it is going first, so that words go with it.
func (e *errand) carry(ctx context.Context, f *form) (answers []string) {
	if e.page.Kind == incident.Change {
		return e.carryWork(ctx, f)
	}
	if f.How != "" && f.How != words.ResolveNow {
		answers = append(answers, e.do(ctx, f.How, f.Estimate))
	} else if f.Estimate != "" && f.How == "" {
		answers = append(answers, e.do(ctx, words.EstimateAt, f.Estimate))
	}
	if f.Words != "" {
		answers = append(answers, e.do(ctx, words.SayWords, f.Words))
	}
	if f.How == words.ResolveNow {
		answers = append(answers, e.resolve(ctx))
	}
	return answers
}

// page is what is shown.
type page struct {
	Language, Incident, Title string
	Notices                   []string
	Drafts                    []draft
	Form                      *form  // nil: there is nothing to fill in
	Asks                      string // whether he is sure; empty: the form is shown
	Again                     bool   // there is a way back to the form

	e *errand
}

// Say is how the page speaks.
func (p page) Say(what string) string { return p.e.say(words.Reply("page." + what)) }

// Since, Next and As say what the person needs to know to answer.
func (p page) Since() string {
	if p.e.page.Kind == incident.Change {
		return p.e.stands()
	}
	return p.e.say(words.PageSince, "time", p.e.speech.Soon(p.e.page.StartedAt, p.e.at))
}

func (p page) Next() string {
	next := p.e.page.NextAt()
	if next.IsZero() {
		return ""
	}
	return p.e.say(words.PageNext, "time", p.e.speech.Soon(next, p.e.at))
}

func (p page) As() string { return p.e.say(words.PageAs, "name", p.e.who.name()) }

// Talks reports whether he may say words to everybody.
func (p page) Talks() bool { return p.e.who.talks }

// Choices are how it may be going, as the page says it.
func (p page) Choices() (out []struct{ Do, Label string }) {
	for _, c := range p.e.choices() {
		out = append(out, struct{ Do, Label string }{string(c.Do), p.e.say(c.label)})
	}
	return out
}

// Heading is the page's.
func (p page) Heading() string {
	return cmp.Or(strings.Trim(p.Incident+": "+p.Title, ": "), "sitrep")
}

func (c *Clerk) show(w http.ResponseWriter, status int, p page) {
	w.WriteHeader(status)
	if err := pageTemplate.Execute(w, p); err != nil {
		c.o.Log.Debug("a page was not read to its end", "err", err)
	}
}

var _ Desk = (*router.Router)(nil)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page.html").Parse(pageHTML))
