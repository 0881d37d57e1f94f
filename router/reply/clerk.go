package reply

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router"
	"sitrep/router/incident"
)

// Desk is asked what is out, and told what people decide; the router is one.
type Desk interface {
	Incidents() []*router.Page
	Incident(id string) *router.Page
	Drafts(ctx context.Context, id string) ([]router.Draft, error)
	Submit(ctx context.Context, in incident.Input) (router.Decision, error)
}

// Options are what a clerk is made of.
type Options struct {
	Desk     Desk
	Pack     *words.Pack
	Teams    []*policies.Team
	Services map[string]policies.Texts // their titles
	Language string                    // of who is not known
	Zone     *time.Location
	// Code makes four figures of some texts, which nobody else can.
	Code func(parts ...string) string
	// Linked reads a link, Person names somebody as links do, and Revoked is up to
	// when made ones do not work any more.
	Linked  func(token string) (channels.Linked, bool)
	Person  func(email, phone string) string
	Revoked func() time.Time
	Log     *slog.Logger
}

// Clerk takes what people of the teams answer. It keeps nothing of it: what they
// decide goes to the desk. It may be used by several goroutines.
type Clerk struct {
	o         Options
	strangers strangers
}

// New returns a clerk; it starts nothing.
func New(o Options) *Clerk {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Clerk{o: o}
}

// maxWords is how long words may be, in characters, as by the API.
const maxWords = 2000

// person is one of a team.
type person struct {
	policies.Recipient
	team  string
	talks bool // what everybody reads is for him
}

// name is by which the facts call him. It is never his address.
func (p person) name() string { return p.Called() }

const communication = "communication"

// person returns who a recipient of the teams is that fits; of who is on both, the one
// that talks.
func (c *Clerk) person(fits func(policies.Recipient) bool) (who person, known bool) {
	someoneTalks := slices.ContainsFunc(c.o.Teams, func(t *policies.Team) bool { return t.Name == communication && len(t.Recipients) > 0 })
	for _, t := range c.o.Teams {
		for _, r := range t.Recipients {
			if !fits(r) {
				continue
			}
			talks := t.Name == communication || !someoneTalks
			if !known || talks {
				who, known = person{r, t.Name, talks}, true
			}
		}
	}
	return who, known
}

// speech is how somebody is answered.
func (c *Clerk) speech(r policies.Recipient) words.Speech {
	zone := c.o.Zone
	if z, err := time.LoadLocation(r.TimeZone); err == nil && r.TimeZone != "" {
		zone = z
	}
	return c.o.Pack.Speech(cmp.Or(r.Language, c.o.Language), zone)
}

// errand is one thing that one person asks.
type errand struct {
	c      *Clerk
	who    person
	speech words.Speech
	// key names the request, the same when it comes again.
	key  string
	at   time.Time
	page *router.Page
}

// SMS answers a message: what is to be said back, in the GSM alphabet and of two
// segments at most, and nothing where there is to be no answer. From is the sender's
// number as the provider vouches for it, id the provider's name of the message.
func (c *Clerk) SMS(ctx context.Context, from, id, body string) string {
	who, known := c.person(func(r policies.Recipient) bool { return r.Phone != "" && r.Phone == from })
	if !known {
		if !c.strangers.first(c.o.Code("stranger", from), time.Now()) {
			return ""
		}
		c.o.Log.Info("an SMS came from a number of nobody's; it was told so once")
		return words.ShortReply(c.speech(policies.Recipient{}).Say(words.ReplyStranger))
	}
	e := &errand{c: c, who: who, speech: c.speech(who.Recipient), key: "sms " + id, at: time.Now().UTC()}
	return words.ShortReply(e.answer(ctx, from, body))
}

func (e *errand) answer(ctx context.Context, from, body string) string {
	command, known := Read(body, e.c.o.Pack)
	if !known {
		if page, what := e.confirmed(from, command.Incident, command.Rest); page != nil {
			e.page = page
			return e.end(ctx, what)
		}
		return e.say(words.ReplyMisread)
	}
	if command.Do == words.AskForHelp {
		return e.say(words.ReplyHelp)
	}
	if no := e.find(command.Incident, command.Do); no != "" {
		return no
	}
	switch ofChange := slices.Contains(courses, command.Do); {
	case e.page.Kind == incident.Change:
		if answer, is := e.work(ctx, from, command); is {
			return answer
		}
	case ofChange:
		return e.say(words.ReplyOfOutage, "incident", e.page.ID)
	}
	if command.Do != words.ResolveNow {
		return e.do(ctx, command.Do, command.Rest)
	}
	if command.Rest != "" {
		page, what := e.confirmed(from, e.page.ID, command.Rest)
		if page == nil {
			return e.say(words.ReplyMisread)
		}
		return e.end(ctx, what)
	}
	return e.say(words.ReplyConfirm, "incident", e.page.ID, "service", e.title(e.page), "code", e.code(over, from, e.page.ID, 0))
}

// find sets which incident it is about, or says why there is none. One that is over
// may be answered about: its end may wait for a yes.
func (e *errand) find(id string, do words.Command) (no string) {
	answered := answers(do)
	if id != "" {
		page := e.c.o.Desk.Incident(id)
		switch {
		case page == nil:
			return e.say(words.ReplyUnknown, "incident", id)
		case !page.Open && !answered && page.Kind == incident.Change:
			return e.ended(page)
		case !page.Open && !answered:
			return e.say(words.ReplyOver, "incident", id)
		case page.PartOf != "":
			return e.say(words.ReplyPartOf, "incident", id, "other", page.PartOf)
		}
		e.page = page
		return ""
	}
	open, none := e.open(answered), words.ReplyNone
	if slices.Contains(courses, do) {
		open, none = e.running(), words.ReplyNoWork
	} else if _, is := phases[do]; is { // said of an outage, where there is one
		if outages := slices.DeleteFunc(slices.Clone(open), func(p *router.Page) bool { return p.Kind == incident.Change }); len(outages) > 0 {
			open = outages
		}
	}
	switch len(open) {
	case 0:
		return e.say(none)
	case 1:
		e.page = open[0]
		return ""
	}
	var list []string
	for _, p := range open {
		list = append(list, p.ID+" "+e.title(p))
	}
	const most = 5
	more := ""
	if n := len(list) - most; n > 0 {
		list, more = list[:most], " +"+strconv.Itoa(n)
	}
	return e.say(words.ReplyWhich, "list", strings.Join(list, ", ")+more)
}

// open are the incidents that anything can be said about, with those that are over
// and wait for an answer.
func (e *errand) open(answered bool) []*router.Page {
	return slices.DeleteFunc(e.c.o.Desk.Incidents(), func(p *router.Page) bool {
		asPlanned := p.Kind == incident.Change && !p.Work.Overran // it is named by whoever means it
		return asPlanned || p.PartOf != "" || !p.Open && (!answered || len(p.Awaiting) == 0)
	})
}

// title is what people call an incident.
func (e *errand) title(p *router.Page) string {
	if t := e.speech.Title(p.Title); t != "" {
		return t
	}
	if p.Kind == incident.Change {
		return cmp.Or(e.speech.Title(p.Work.Title), p.ID)
	}
	return e.service(p.Service)
}

// service is what people call a service.
func (e *errand) service(name string) string {
	return cmp.Or(e.speech.Title(e.c.o.Services[name]), name)
}

func (e *errand) say(what words.Reply, pairs ...string) string { return e.speech.Say(what, pairs...) }

// submit hands something on, and says why nothing came of it.
func (e *errand) submit(ctx context.Context, part string, in incident.Input) (d router.Decision, no string) {
	if d, no = e.decided(ctx, part, in); no == "" && d.Refused != "" {
		if p := e.c.o.Desk.Incident(e.page.ID); p != nil && !p.Open && p.Kind == incident.Change {
			return d, e.ended(p)
		} else if p != nil && !p.Open {
			return d, e.say(words.ReplyOver, "incident", p.ID)
		}
		return d, e.say(words.ReplyRefused, "incident", e.page.ID, "why", d.Refused)
	}
	return d, no
}

// decided hands something on, and says why it was not decided; that it was refused is a
// decision.
func (e *errand) decided(ctx context.Context, part string, in incident.Input) (d router.Decision, no string) {
	name, err := uuid.NewV7()
	if err != nil {
		e.c.o.Log.Error("an answer could not be named", "err", err)
		return d, e.say(words.ReplyFailed)
	}
	in.ID, in.At, in.By, in.Role = name.String(), e.at, e.who.name(), "team "+e.who.team
	in.Key = digest(e.key, part)
	in.Asked = in.Key
	d, err = e.c.o.Desk.Submit(ctx, in)
	switch {
	case errors.Is(err, router.ErrUndecided):
		return d, e.say(words.ReplyPending, "incident", e.page.ID)
	case err != nil:
		e.c.o.Log.Error("what somebody of a team answered could not be stored", "incident", e.page.ID, "err", err)
		return d, e.say(words.ReplyFailed)
	case d.Unknown:
		return d, e.say(words.ReplyUnknown, "incident", e.page.ID)
	}
	return d, ""
}
