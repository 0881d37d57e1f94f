package casebook

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// Case is one incident, or the outage that may become one.
type Case struct {
	State    *incident.State
	Timeline []incident.Fact

	wake  time.Time
	place int // in the heap of wakes; -1: not in it
}

// Scribe makes facts of what is due, and keeps them.
type Scribe interface {
	// Order fixes what an update says and who gets it: the fact Planned, or
	// Unrostered where nobody can be reached.
	Order(c *Case, d schedule.Due, now time.Time) (incident.Fact, error)
	// Decided is told each fact in its order, after it was applied.
	Decided(c *Case, f incident.Fact)
	// Rest is called between the cases of a tick or of a webhook: what was
	// decided so far may be stored, since deciding the input again would change
	// nothing of it. An override is never cut in two.
	Rest() error
}

// Book is all cases. It is not safe for use by several goroutines.
type Book struct {
	rules    rulebook
	services map[string]*Case // the outage or last incident of each service
	ids      map[string]*Case // incidents by id
	wakes    wakes
	opened   int // number of the last incident
	strays   map[string]incident.Observation
	strayed  bool // they changed since Strays was called
}

// New returns a book without cases.
func New(p Policy) *Book {
	return &Book{rules: compile(p), services: map[string]*Case{}, ids: map[string]*Case{}, strays: map[string]incident.Observation{}}
}

// Service returns what the operator says of a service; nil where nothing.
func (b *Book) Service(name string) *policies.Service { return b.rules.services[name] }

// Audience returns what the operator says of an audience; nil where nothing.
func (b *Book) Audience(name string) *policies.Audience { return b.rules.audiences[name] }

// Incident returns a case by its incident's id; nil where there is none.
func (b *Book) Incident(id string) *Case { return b.ids[id] }

// Cases returns all cases, in no order.
func (b *Book) Cases() []*Case {
	var all []*Case
	for _, c := range b.ids {
		all = append(all, c)
	}
	for _, c := range b.services {
		if c.State.ID == "" {
			all = append(all, c)
		}
	}
	return all
}

// Covered reports whether a policy is for a case as it is now; nobody is told
// of one that no policy is for.
func (b *Book) Covered(c *Case) bool {
	labels := c.State.Labels()
	return slices.ContainsFunc(b.rules.Policies, func(p *policies.Policy) bool { return p.Covers(labels) })
}

// Coming returns what a case's audiences are due next, earliest first.
func (b *Book) Coming(c *Case, now time.Time) []schedule.Due {
	_, next, _ := schedule.Plan(b.rules.schedule, c.State, now)
	return next
}

// Remember applies a fact that was stored before.
func (b *Book) Remember(f incident.Fact) {
	c := b.ids[f.Incident]
	if c == nil {
		c = b.service(f.Service, f.At)
	}
	incident.Apply(c.State, f)
	b.note(c, f)
}

// Wind sets every case's alarm after Remember.
func (b *Book) Wind(now time.Time) {
	for _, c := range b.Cases() {
		b.index(c, now, now) // it may have fallen due while nobody was here
	}
}

// Take decides one input for every case that it touches, and plans what is due
// by then. Known is false where it is about an incident that there is not;
// unmatched counts alerts that belong to no service.
func (b *Book) Take(in incident.Input, s Scribe) (known bool, unmatched int, err error) {
	if in.Alerts != nil {
		unmatched, err = b.alerts(in, s)
		return true, unmatched, err
	}
	c := b.ids[in.Target()]
	if c == nil {
		return false, 0, nil
	}
	return true, 0, b.advance(c, in, s)
}

// Tick judges and plans whatever time has made due.
func (b *Book) Tick(now time.Time, s Scribe) error {
	for c := b.wakes.due(now); c != nil; c = b.wakes.due(now) {
		if err := b.advance(c, incident.Input{At: now}, s); err != nil {
			return err
		}
		if err := s.Rest(); err != nil {
			return err
		}
	}
	return nil
}

// Next returns the earliest moment that needs a Tick, but none later than limit.
func (b *Book) Next(limit time.Time) time.Time { return b.wakes.next(limit) }

// alerts gives each service its own. They may be stored service by service:
// what was decided before a crash is a repeat after it.
func (b *Book) alerts(in incident.Input, s Scribe) (unmatched int, err error) {
	byService := map[string][]incident.Observation{}
	var order []string
	for _, o := range in.Alerts {
		service := b.rules.serviceOf(o.Labels)
		if service == "" {
			unmatched++
			b.stray(o)
			continue
		}
		if byService[service] == nil {
			order = append(order, service)
		}
		byService[service] = append(byService[service], o)
	}
	for _, service := range order {
		part := in
		part.Alerts = byService[service]
		if err := b.advance(b.service(service, in.At), part, s); err != nil {
			return unmatched, err
		}
		if err := s.Rest(); err != nil {
			return unmatched, err
		}
	}
	return unmatched, nil
}

// maxStrays bounds the alerts that are remembered though they belong to no
// service.
const maxStrays = 1000

// stray remembers a firing alert that belongs to no service, to be shown. It is
// no fact: nothing follows from it, and Alertmanager tells it again.
func (b *Book) stray(o incident.Observation) {
	_, known := b.strays[o.Fingerprint]
	switch {
	case known && !o.Firing:
		delete(b.strays, o.Fingerprint)
	case !known && o.Firing && len(b.strays) < maxStrays:
		b.strays[o.Fingerprint] = o
	default:
		return
	}
	b.strayed = true
}

// Strays returns the firing alerts that belong to no service, oldest first;
// changed says whether they did since the last call.
func (b *Book) Strays() (all []incident.Observation, changed bool) {
	if !b.strayed {
		return nil, false
	}
	b.strayed = false
	all = make([]incident.Observation, 0, len(b.strays))
	for _, o := range b.strays {
		all = append(all, o)
	}
	slices.SortFunc(all, func(x, y incident.Observation) int {
		if c := x.StartsAt.Compare(y.StartsAt); c != 0 {
			return c
		}
		return strings.Compare(x.Fingerprint, y.Fingerprint)
	})
	return all, true
}

// advance decides an input for one case, plans what is due by then, and notes
// when to look at it again.
func (b *Book) advance(c *Case, in incident.Input, s Scribe) error {
	for _, f := range incident.Advance(b.rules.rules(c.State.Service, b.opened+1), c.State, in) {
		b.note(c, f)
		s.Decided(c, f)
	}
	if err := b.plan(c, in.At, s); err != nil {
		return err
	}
	// Nothing is due any more. Should something be all the same, it waits for a
	// moment, so that a fault in one case does not stop every other.
	b.index(c, in.At, in.At.Add(time.Second))
	if c.State.ID == "" && len(c.State.Alerts) == 0 {
		b.wakes.set(c, time.Time{})
		delete(b.services, c.State.Service)
	}
	return nil
}

// maxRounds bounds how often one moment is planned for one case. What is
// planned is not due any more, so two are enough; a fault here must not stop
// every other case.
const maxRounds = 10

func (b *Book) plan(c *Case, now time.Time, s Scribe) error {
	for range maxRounds {
		due, _, _ := schedule.Plan(b.rules.schedule, c.State, now)
		if len(due) == 0 {
			return nil
		}
		for _, d := range due {
			f, err := s.Order(c, d, now)
			if err != nil {
				return err
			}
			incident.Apply(c.State, f)
			b.note(c, f)
			s.Decided(c, f)
		}
	}
	return nil
}

// index notes when time alone will make something true of a case; soon is when
// to look at what is due already.
func (b *Book) index(c *Case, now, soon time.Time) {
	due, _, wake := schedule.Plan(b.rules.schedule, c.State, now)
	if len(due) > 0 {
		wake = soon
	}
	if at := incident.Wake(b.rules.rules(c.State.Service, b.opened+1), c.State); wake.IsZero() || (!at.IsZero() && at.Before(wake)) {
		wake = at
	}
	b.wakes.set(c, wake)
}

// service returns the case of a service, a new one where the last is long over.
func (b *Book) service(name string, now time.Time) *Case {
	c := b.services[name]
	if c == nil || c.State.Detached(now) {
		c = &Case{State: incident.NewState(name), place: -1}
		b.services[name] = c
	}
	return c
}

// note keeps the indexes and the timeline in step with a fact just applied.
func (b *Book) note(c *Case, f incident.Fact) {
	switch {
	case f.Opened != nil:
		b.ids[f.Incident] = c
		b.opened = max(b.opened, Number(f.Incident))
	case f.Passed != nil:
		c.Timeline = nil
		return
	}
	c.Timeline = append(c.Timeline, f)
}

// Number returns the 12 of SR-12.
func Number(id string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(id, "SR-"))
	return n
}

// Numbered returns what is the same of every order: what follows from the case
// and what is due. Who gets it, and in which words, is the Scribe's to add.
func Numbered(c *Case, d schedule.Due) incident.Planned {
	p := incident.Planned{
		Update:    c.State.Updates + 1,
		Audience:  d.Audience,
		Kind:      d.Kind,
		Number:    1,
		DueAt:     d.At,
		NextAt:    d.Next,
		NextWhy:   d.NextWhy,
		PromiseAt: d.Promise,
		Behind:    d.Behind,
		CatchUp:   d.CatchUp,
		Words:     d.Words,
		Why:       d.Why,
		Policy:    d.Policy,
		Late:      d.Late,
		Firing:    c.State.Firing(),
	}
	if t := c.State.Told[d.Audience]; t != nil {
		p.Number, p.First, p.Previous, p.Promised = t.Count+1, t.First, t.Last, t.PromiseAt
	}
	return p
}
