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

	from     *Case              // whose alerts it took over; nil: nobody's
	watchdog *policies.Watchdog // nil: an incident's case
	beat     time.Time          // when a watchdog was heard last
	heard    bool               // since the start
	silence  time.Time          // since when it was silent last

	wake  time.Time
	place int      // in the heap of wakes; -1: not in it
	soon  []string // audiences that are due soon after it
}

// Scribe makes facts of what is due, and keeps them.
type Scribe interface {
	// Order fixes what an update says and who gets it: the fact Planned, or
	// Unrostered where nobody can be reached and no combined update carries it.
	Order(c *Case, o Order, now time.Time) (incident.Fact, error)
	// Combine fixes what a combined update says: the fact Planned.
	Combine(c *Case, m Combined, now time.Time) (incident.Fact, error)
	// Decided is told each fact in its order, after it was applied.
	Decided(c *Case, f incident.Fact)
	// Rest is called between the cases of a tick or of a webhook: what was
	// decided so far may be stored, since deciding the input again would change
	// nothing of it. An override is never cut in two.
	Rest() error
}

// Book is all cases. It is not safe for use by several goroutines.
type Book struct {
	rules     rulebook
	services  map[string]*Case     // the outage or last incident of each service
	ids       map[string]*Case     // incidents, planned changes and watchdogs by id
	changes   []*Case              // planned changes that are not over, in the order of their numbers
	became    []*Case              // those that became an outage which may be open, likewise
	excused   map[string]time.Time // until when a change touched a service that is over
	dogs      []*Case
	wakes     wakes
	opened    int       // number of the last incident
	forgotten int       // how many are in the facts no more
	noted     touched   // cases of which something came in that is not judged yet
	moment    time.Time // when that came in
	strays    map[string]incident.Observation
	strayed   bool // they changed since Strays was called
	roll      Roll
	called    func(id string) string // of entries in readers' calendars; nil: see entry
	// kindred are audiences that have somebody in common since he was added; nil: it is
	// to be found out.
	kindred map[string][]string
	members map[[2]string][]policies.Recipient // by incident and audience, where they are not the configured ones
}

// New returns a book without cases.
func New(p Policy) *Book {
	b := &Book{rules: compile(p), services: map[string]*Case{}, excused: map[string]time.Time{}, ids: map[string]*Case{}, strays: map[string]incident.Observation{}}
	b.rules.schedule.Out = b.out
	b.kennel()
	return b
}

// Names says how readers' calendars know planned changes: by names that no other store
// gives, since a calendar keeps one entry of a name.
func (b *Book) Names(entry func(id string) string) { b.called = entry }

// Service returns what the operator says of a service; nil where nothing.
func (b *Book) Service(name string) *policies.Service { return b.rules.services[name] }

// Audience returns what the operator says of an audience; nil where nothing.
func (b *Book) Audience(name string) *policies.Audience { return b.rules.audiences[name] }

// Team returns one of the two teams; nil where nobody of it can be reached.
func (b *Book) Team(name string) *policies.Team { return b.rules.teams[name] }

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
	sets := []map[string]string{c.State.Labels()}
	if c.State.Kind == incident.Change {
		sets = c.State.WorkLabels()
	}
	return slices.ContainsFunc(b.rules.Policies, func(p *policies.Policy) bool { return slices.ContainsFunc(sets, p.Covers) })
}

// Coming returns what a case's audiences are due next, earliest first.
func (b *Book) Coming(c *Case, now time.Time) []schedule.Due {
	_, next, _ := schedule.Plan(b.rules.schedule, c.State, now)
	return slices.DeleteFunc(next, func(d schedule.Due) bool { return d.Team || d.Draft || d.Lapses })
}

// Owed returns what a case's audiences are due already, and were not told yet.
func (b *Book) Owed(c *Case, now time.Time) []schedule.Due {
	due, _, _ := schedule.Plan(b.rules.schedule, c.State, now)
	return slices.DeleteFunc(due, func(d schedule.Due) bool { return d.Team || d.Draft || d.Lapses })
}

// Remember applies a fact that was stored before, and returns the case that it is
// of; nil where it is of none.
func (b *Book) Remember(f incident.Fact) *Case {
	c := b.ids[f.Incident]
	switch {
	case f.Housekeeping():
		if f.Forgotten() != nil {
			b.opened = max(b.opened, f.Forgotten().Highest)
			b.forgotten = f.Forgotten().Incidents
		}
		return nil
	case c != nil:
	case strings.HasPrefix(f.Incident, incident.WatchdogID):
		return nil // the configuration has it no more
	case strings.HasPrefix(f.Incident, incident.AilmentID):
		c = b.ailment(f.Incident)
	case f.Scheduled() != nil:
		c = &Case{State: incident.NewState(""), place: -1}
	default:
		c = b.service(f.Service, f.At)
		if f.Opened() != nil && c.State.ID != "" { // by hand, soon after the last
			c = b.renew(f.Service)
		}
	}
	incident.Apply(c.State, f)
	b.note(c, f)
	return c
}

// Wind sets every case's alarm after Remember.
func (b *Book) Wind(now time.Time) {
	for _, c := range b.dogs { // see incident.Silent
		if !c.heard {
			c.beat = now.Add(-c.watchdog.AbsentFor / 2)
		}
	}
	b.rouse(now)
}

// rouse sets every case's alarm anew.
func (b *Book) rouse(now time.Time) {
	for _, c := range b.Cases() {
		b.index(c, now, now) // it may have fallen due while nobody was here
		if len(incident.Decide(b.rulesOf(c), c.State, incident.Input{At: now})) > 0 {
			b.wakes.set(c, now) // something was noted, and not judged yet
		}
	}
}

// Take notes one input in every case that it touches. What follows from it is
// judged when the moment is over: by the Tick of this moment, or before an input
// of a later one or a person's is taken. So all that comes in at a moment is
// known before anything is judged, in whatever order it came. What a person
// decided is judged at once, and what he says is planned at once. Known is false
// where an input is about an incident that there is not; unmatched counts alerts
// that belong to no service.
func (b *Book) Take(in incident.Input, s Scribe) (known bool, unmatched int, err error) {
	if in.Override() || in.At.After(b.moment) {
		if err := b.judge(s); err != nil {
			return true, 0, err
		}
	}
	if in.Alerts != nil {
		unmatched, err = b.alerts(in, s)
		return true, unmatched, err
	}
	if in.Open != nil {
		return b.open(in, s)
	}
	if in.Schedule != nil {
		return b.schedule(in, s)
	}
	c := b.ids[in.Target()]
	if c == nil && in.Ailment != nil {
		c = b.ailment(in.Target())
	}
	if c == nil {
		return false, 0, nil
	}
	if in.Override() {
		var t touched
		if facts := b.decide(c, in, s, &t); speaks(facts) { // and somebody waits for the answer
			return true, 0, b.settle(&t, in.At, true, s)
		}
		b.leave(&t, in.At, in.At)
		return true, 0, nil
	}
	b.decide(c, in, s, &b.noted)
	b.await(in.At)
	return true, 0, nil
}

// speaks reports whether something is told at once: words, an end, that it is
// none, or what a person opened or wants at once. What else a person decides changes what is due; a Tick sees to that.
func speaks(facts []incident.Fact) bool {
	return slices.ContainsFunc(facts, func(f incident.Fact) bool {
		return f.Said() != nil || f.Resolved() != nil || f.Reopened() != nil || f.Opened() != nil || f.Hastened() != nil || f.Approved() != nil || f.Conducted()
	})
}

// await has what was noted judged at a moment.
func (b *Book) await(at time.Time) {
	b.moment = at
	for _, c := range b.noted.cases {
		b.wakes.set(c, at)
	}
}

// judge judges what was noted, at its moment. What is due waits for a Tick.
func (b *Book) judge(s Scribe) error {
	noted, at := b.noted, b.moment
	b.noted = touched{}
	for _, c := range b.byDepth(noted.cases) {
		b.decide(c, incident.Input{At: at}, s, &noted)
		if err := s.Rest(); err != nil {
			return err
		}
	}
	b.leave(&noted, at, at)
	return nil
}

// byDepth brings what others depend on before those.
func (b *Book) byDepth(cases []*Case) []*Case {
	cases = slices.Clone(cases)
	slices.SortStableFunc(cases, func(x, y *Case) int { return b.rules.depth[x.State.Service] - b.rules.depth[y.State.Service] })
	return cases
}

// Tick judges and plans whatever time has made due. All is judged before
// anything is planned: what happens in one moment is told together.
func (b *Book) Tick(now time.Time, s Scribe) error {
	var due []*Case
	for c := b.wakes.due(now); c != nil; c = b.wakes.due(now) {
		due = append(due, c)
	}
	b.noted = touched{} // they are among these
	var t touched
	for _, c := range b.byDepth(due) {
		b.decide(c, incident.Input{At: now}, s, &t)
		if err := s.Rest(); err != nil {
			return err
		}
	}
	return b.settle(&t, now, false, s)
}

// Next returns the earliest moment that needs a Tick, but none later than limit.
func (b *Book) Next(limit time.Time) time.Time { return b.wakes.next(limit) }

// alerts gives each service its own. They may be stored service by service:
// what was decided before a crash is a repeat after it.
func (b *Book) alerts(in incident.Input, s Scribe) (unmatched int, err error) {
	byService := map[string][]incident.Observation{}
	var order []string
	t := &b.noted
	for _, o := range in.Alerts {
		heard := b.heartbeat(o, in.At, s, t)
		service := b.rules.belongs.of(o.Labels)
		switch {
		case service == "" && heard:
			continue
		case service == "":
			unmatched++
			b.stray(o)
			continue
		}
		if byService[service] == nil {
			order = append(order, service)
		}
		byService[service] = append(byService[service], o)
	}
	slices.SortStableFunc(order, func(x, y string) int { return b.rules.depth[x] - b.rules.depth[y] })
	for _, service := range order {
		part := in
		part.Alerts = byService[service]
		b.decide(b.service(service, in.At), part, s, t)
		if err := s.Rest(); err != nil {
			return unmatched, err
		}
	}
	b.await(in.At)
	return unmatched, nil
}

// index notes when time alone will make something true of a case; soon is when
// to look at what is due already.
func (b *Book) index(c *Case, now, soon time.Time) {
	due, next, wake := schedule.Plan(b.rules.schedule, c.State, now)
	if len(due) > 0 {
		wake = soon
	}
	c.soon = c.soon[:0]
	for _, d := range append(due, next...) {
		if d.At.Before(wake.Add(ahead)) && b.joins(c, d) {
			c.soon = append(c.soon, whom(d))
		}
	}
	if at := incident.Wake(b.rulesOf(c), c.State); wake.IsZero() || (!at.IsZero() && at.Before(wake)) {
		wake = at
	}
	if !wake.IsZero() && wake.Before(now) { // it was true before anybody looked
		wake = soon
	}
	b.wakes.set(c, wake)
}

// service returns the case of a service, a new one where the last is long over.
func (b *Book) service(name string, now time.Time) *Case {
	c := b.services[name]
	if c == nil || c.State.Detached(now) {
		return b.renew(name)
	}
	return c
}

// note keeps the indexes and the timeline in step with a fact just applied.
func (b *Book) note(c *Case, f incident.Fact) {
	switch {
	case f.Silent() != nil:
		c.silence = f.Silent().Since
		return
	case c.State.Own():
		return
	case f.Added() != nil, f.Removed() != nil, f.Joined() != nil, f.Caused() != nil, f.Parted() != nil, f.Passed() != nil:
		b.relist()
	}
	switch {
	case f.Opened() != nil:
		b.ids[f.Incident] = c
		b.opened = max(b.opened, Number(f.Incident))
	case f.Conducted():
		b.noteChange(c, f)
	case f.Passed() != nil:
		c.Timeline, c.from = nil, nil
		return
	}
	c.Timeline = append(c.Timeline, f)
}

// Number returns the 12 of SR-12.
func Number(id string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(id, "SR-"))
	return n
}
