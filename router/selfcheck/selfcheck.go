package selfcheck

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sitrep/channels"
	"sitrep/router/incident"
)

const (
	// look is how often it is looked whether something changed by time alone.
	look = 10 * time.Second
	// downFor is how long a channel says that it is down before that is an
	// ailment, and downUntil how long after the last time it is over.
	downFor, downUntil = 30 * time.Second, 10 * time.Minute
	moment             = 2 * time.Second
	lateFor            = time.Minute
	dryFor, dryTimes   = 15 * time.Minute, 3
	largeFor           = 24 * time.Hour
	manyRefused        = 100
	// nearly is the share of a budget that is worth an alarm.
	nearly = 0.8
	// budgetFor is how long nothing is said of a budget before it is forgotten.
	budgetFor = 24 * time.Hour
	// manyBudgets is of how many incidents the budget is looked after.
	manyBudgets = 1000
)

// Inbox stores inputs durably.
type Inbox interface {
	Put(ctx context.Context, inputs ...incident.Input) error
}

// Options are what a Checker is made of.
type Options struct {
	Inbox Inbox
	// Probe writes to the store, to see whether it can.
	Probe func(context.Context) error
	// Probed is told whether it could; may be nil.
	Probed func(well bool)
	// Shout tells the team past the store that it takes nothing since a moment, or
	// does again.
	Shout func(ctx context.Context, since time.Time, over bool)
	// Ails is what the router knows to ail.
	Ails func() []incident.Ailment
	// Active reports whether the router of this process is the active one; nil: it
	// always is. The others judge what they alone can see, and leave the rest to it.
	Active func() bool
	Log    *slog.Logger
}

// Checker is told what happens, by anybody and at any time, and never waits.
type Checker struct {
	o Options

	mu      sync.Mutex
	lines   map[string]*line
	budgets map[string]budget   // by ailment; those that are near their end
	late    map[string]lateness // by channel
	dry     map[string]dryness
	ended   map[string]time.Time // when what is over was over, by ailment
	refused map[string]refusal   // by where it came from
	rosters time.Time            // since when a recipients file is refused; zero: none is
	agenda  agenda
	store   store
	mine    map[string]bool // what one process sees, and this one noticed or took over
	acted   bool            // it was the active one at the last look
}

// line is how a channel does.
type line struct {
	first, last time.Time // the attempts that said down
	times       int       // those of a moment are one
	code        string
	got, mixed  bool      // one was accepted after the last; or between them
	gotAt       time.Time // the first after the last
	later       bool      // what was accepted did not arrive: only what does shows that it is over
}

// ails reports whether it is more than a hiccup. Where others are accepted meanwhile
// it takes three.
func (l *line) ails() bool {
	return l.last.Sub(l.first) >= downFor && (!l.mixed || l.times > 2)
}

type budget struct {
	incident.Ailment
	told time.Time
}

// dryness is for how long nothing was accepted while attempts were put off.
type dryness struct {
	first time.Time
	times int
	code  string
}

type lateness struct{ since, noticed time.Time }

type refusal struct {
	first, last time.Time
	status      int
}

// New returns a Checker; Run runs it.
func New(o Options) *Checker {
	return &Checker{o: o, lines: map[string]*line{}, budgets: map[string]budget{}, late: map[string]lateness{}, dry: map[string]dryness{}, ended: map[string]time.Time{}, refused: map[string]refusal{}, mine: map[string]bool{}}
}

// Attempt is told what an attempt to deliver came to.
func (c *Checker) Attempt(channel string, class channels.Class, code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, now := c.lines[channel], time.Now()
	switch d := c.dry[channel]; class {
	case channels.ClassTemporary:
		if d.first.IsZero() {
			d.first = now
		}
		d.times, d.code = d.times+1, code
		c.dry[channel] = d
	case "", channels.ClassPermanent:
		delete(c.dry, channel)
	}
	switch {
	case class == channels.ClassDown && (l == nil || l.got && !l.ails() && now.Sub(l.last) > downUntil):
		c.lines[channel] = &line{first: now, last: now, times: 1, code: code}
	case class == channels.ClassDown:
		if now.Sub(l.last) > moment && !strings.HasPrefix(code, "4") {
			l.times++ // of "too many connections" there may be many while others get through
		}
		l.last, l.code, l.mixed, l.got = now, code, l.mixed || l.got, false
	case l != nil && class == "" && !l.later && !l.got:
		l.got, l.gotAt = true, now
	}
}

// Fate is told what became of a delivery after it was accepted; stops says that
// nothing of the account or the sender arrives.
func (c *Checker) Fate(channel string, state channels.State, code string, stops bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, now := c.lines[channel], time.Now()
	switch {
	case stops:
		if l == nil {
			l = &line{first: now.Add(-downFor)}
			c.lines[channel] = l
		}
		l.last, l.times, l.code, l.got, l.later = now, 3, code, false, true
	case l != nil && state == channels.Delivered && l.later:
		l.got, l.gotAt, l.later = true, now, false
	}
}

// Spent is told how much of a budget is gone.
func (c *Checker) Spent(channel string, s channels.Spent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := "budget-" + channel
	if s.Incident != "" {
		id += "-" + s.Incident
	}
	if float64(s.Messages) < nearly*float64(s.Limit) {
		delete(c.budgets, id)
		return
	}
	if _, known := c.budgets[id]; known || len(c.budgets) < manyBudgets {
		now := time.Now()
		c.budgets[id] = budget{incident.Ailment{
			ID: id, What: incident.AilingBudget, Channel: channel, Since: now, Incident: s.Incident, Spent: s.Messages, Limit: s.Limit,
		}, now}
	}
}

// Backlog is told what a worker has to send yet.
func (c *Checker) Backlog(channel string, b channels.Backlog) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was, known := c.late[channel]
	switch {
	case b.Late.IsZero():
		delete(c.late, channel)
	case !known:
		c.late[channel] = lateness{b.Late, time.Now()}
	default:
		c.late[channel] = lateness{b.Late, was.noticed}
	}
}

// Webhook is told how a webhook of Alertmanager's was answered, and from where it
// came: of two, one may be let in and the other not. Time alone mends neither.
func (c *Checker) Webhook(from string, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, known := c.refused[from]
	now := time.Now()
	switch {
	case status == 401 || status == 403 || status == 413:
		if !known {
			if r.first = now; len(c.refused) >= manyRefused {
				return
			}
		}
		r.last, r.status = now, status
		c.refused[from] = r
	case status == 202 && (r.status != 413 || now.Sub(r.last) > largeFor):
		delete(c.refused, from) // a large one does not become smaller since another was taken
		delete(c.refused, "")   // of before the start
	}
}

// Rosters is told, now and then, whether a file of recipients is not used as it is.
func (c *Checker) Rosters(refused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !refused:
		c.rosters = time.Time{}
	case c.rosters.IsZero():
		c.rosters = time.Now()
	}
}

// Run looks until ctx ends.
func (c *Checker) Run(ctx context.Context) {
	c.takeOver()
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		c.takeOver()
		if c.probe(ctx) {
			c.report(ctx)
		}
	}
}

// local reports whether only one process sees that something ails: its own door, its
// own files.
func local(what string) bool {
	return what == incident.AilingWebhook || what == incident.AilingRecipients
}

// takeOver takes over what an active router before this one noticed.
func (c *Checker) takeOver() {
	active := c.o.Active == nil || c.o.Active()
	if active && !c.acted {
		c.resume()
	}
	c.acted = active
}

// resume takes over what an earlier run noticed: it is over when that is seen, and
// not since nothing was seen yet.
func (c *Checker) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for _, a := range c.o.Ails() {
		c.mine[a.ID] = true
		switch a.What {
		case incident.AilingChannel:
			l := c.lines[a.Channel] // the worker may have begun already
			if l == nil {
				l = &line{last: now, code: a.Code}
				c.lines[a.Channel] = l
			}
			l.first, l.times = a.Since, 3
		case incident.AilingBudget:
			if _, known := c.budgets[a.ID]; !known {
				c.budgets[a.ID] = budget{a, now}
			}
		case incident.AilingWebhook:
			r := refusal{first: a.Since, last: now}
			r.status, _ = strconv.Atoi(a.Code)
			c.refused[""] = r
		case incident.AilingCalendar, incident.AilingEntries:
			c.agenda.resume(a)
		}
	}
}

// report brings what the router knows to where things are.
func (c *Checker) report(ctx context.Context) {
	now := time.Now()
	ails := c.ails(now)
	var inputs []incident.Input
	put := func(a incident.Ailment) {
		inputs = append(inputs, incident.Input{At: now.UTC(), Ailment: &a})
	}
	known := map[string]incident.Ailment{}
	for _, a := range c.o.Ails() {
		known[a.ID] = a
		if _, still := ails[a.ID]; !still && c.judges(a) {
			c.mu.Lock()
			a.Well, a.Until = true, c.ended[a.ID]
			delete(c.ended, a.ID)
			c.mu.Unlock()
			put(a)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ails)) {
		a := ails[id]
		if !c.acted && !local(a.What) {
			continue
		}
		if local(a.What) {
			c.mine[id] = true
		}
		if was, is := known[id]; !is || a.Spent >= a.Limit && was.Spent < was.Limit {
			put(a)
		}
	}
	if len(inputs) == 0 {
		return
	}
	if err := c.o.Inbox.Put(ctx, inputs...); err != nil && ctx.Err() == nil {
		c.o.Log.Warn("what ails could not be noted yet", "err", err)
	}
}

// judges reports whether it is for this process to say that something is over.
func (c *Checker) judges(a incident.Ailment) bool {
	if local(a.What) {
		return c.mine[a.ID]
	}
	return c.acted
}

// ails returns what ails now, by id.
func (c *Checker) ails(now time.Time) map[string]incident.Ailment {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]incident.Ailment{}
	add := func(a incident.Ailment) {
		a.Since = a.Since.UTC()
		all[a.ID] = a
	}
	for channel, l := range c.lines {
		if l.got && now.Sub(l.last) > downUntil {
			c.ended["channel-"+channel] = l.gotAt.UTC()
			delete(c.lines, channel)
			continue
		}
		if l.ails() {
			add(incident.Ailment{ID: "channel-" + channel, What: incident.AilingChannel, Channel: channel, Code: l.code, Since: l.first})
		}
	}
	for id, b := range c.budgets {
		if now.Sub(b.told) > budgetFor {
			delete(c.budgets, id)
			continue
		}
		add(b.Ailment)
	}
	for channel, l := range c.late {
		if now.Sub(l.noticed) >= lateFor {
			add(incident.Ailment{ID: "queue-" + channel, What: incident.AilingQueue, Channel: channel, Since: l.since})
		}
	}
	for channel, d := range c.dry {
		if d.times >= dryTimes && now.Sub(d.first) >= dryFor {
			add(incident.Ailment{ID: "channel-" + channel, What: incident.AilingChannel, Channel: channel, Code: d.code, Since: d.first})
		}
	}
	if !c.rosters.IsZero() {
		add(incident.Ailment{ID: incident.AilingRecipients, What: incident.AilingRecipients, Since: c.rosters})
	}
	c.agenda.each(add)
	var first *refusal
	for _, r := range c.refused {
		if first == nil || r.first.Before(first.first) {
			first = &r
		}
	}
	if first != nil {
		add(incident.Ailment{ID: "webhook", What: incident.AilingWebhook, Code: strconv.Itoa(first.status), Since: first.first})
	}
	return all
}
