package router

import (
	"slices"
	"strings"
	"sync"
	"time"

	"sitrep/router/casebook"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// Page is what readers see of one incident: a picture of its state as of its
// last commit. It is never changed; a later picture takes its place.
type Page struct {
	ID       string
	Number   int
	Version  int // see incident.State
	Kind     incident.Kind
	Service  string
	Severity string
	Open     bool
	// Unconfirmed says that it is open, and no webhook says so any more.
	Unconfirmed bool
	Phase       incident.Phase
	StartedAt   time.Time
	OpenedAt    time.Time
	ResolvedAt  time.Time
	Firing      int
	// What people gave: who leads, when it may be over, what it is called.
	Lead     string
	Estimate time.Time
	Title    map[string]string
	// Account is what is told of it beyond its state.
	Account map[incident.Thing]incident.Passage
	// PartOf is the incident that it is a consequence of, which tells of both;
	// Consequences are the services that are out because of it.
	PartOf       string
	Consequences []string
	Audiences    []AudiencePage
	Next         []schedule.Due // what comes next, earliest first
	Barred       []schedule.Due // what does not go out when it is due without a yes, earliest first
	Cancelled    map[int]incident.Withdrawn
	Work         *incident.Work   // what was planned, of a change; also of an outage that was one
	Burning      []incident.Alert // of its services, while it runs
	Awaiting     []Awaiting       // what waits for a yes, by number
	Lists        incident.Lists   // whom people added to audiences, and removed
	Timeline     []incident.Fact
}

// Awaiting is an update that waits for a yes; due when its audience is to hear.
type Awaiting struct {
	incident.Awaited
	// Instead says that something neutral goes out at DueAt where nobody said yes by
	// then; otherwise nothing goes without.
	Instead bool
}

// AudiencePage is one audience's part of it.
type AudiencePage struct {
	Name               string
	Told               bool
	Updates            int
	LastAt             time.Time
	PromiseAt          time.Time
	Made, Kept, Broken int
	Held               int // of those broken, by a person who held or paused it
	HoldUntil          time.Time
	Paused             bool
	EverySet           time.Duration // by a person; 0: by the policy
	LongestSilence     time.Duration
	Why                string        // the row by which the next update comes
	Every              time.Duration // of the row in force; 0: none is
	Deliveries         incident.Totals
}

// NextAt returns when the next update is due; zero where none is.
func (p *Page) NextAt() time.Time {
	if len(p.Next) == 0 {
		return time.Time{}
	}
	return p.Next[0].At
}

// pages are what readers see. They never wait for the loop.
type pages struct {
	mu   sync.RWMutex
	byID map[string]*Page
	// strays are firing alerts that belong to no service.
	strays []incident.Observation
	silent map[string]time.Time // watchdogs that are not heard
	ails   []incident.Ailment
}

// Silent returns the watchdogs that are not heard, as the configuration writes
// them, and since when.
func (r *Router) Silent() map[string]time.Time {
	r.pages.mu.RLock()
	defer r.pages.mu.RUnlock()
	return r.pages.silent
}

// Ails returns what of sitrep itself ails.
func (r *Router) Ails() []incident.Ailment {
	r.pages.mu.RLock()
	defer r.pages.mu.RUnlock()
	return r.pages.ails
}

func (p *pages) setStrays(strays []incident.Observation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.strays = strays
}

// Strays returns the firing alerts that belong to no service, oldest first: as
// far as Alertmanager told them since the start, and a thousand at most.
func (r *Router) Strays() []incident.Observation {
	r.pages.mu.RLock()
	defer r.pages.mu.RUnlock()
	return r.pages.strays
}

// forget shows some incidents no more.
func (p *pages) forget(ids map[string]bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range ids {
		delete(p.byID, id)
	}
}

func newPages() *pages { return &pages{byID: map[string]*Page{}} }

// Incidents returns the pages of all incidents, newest first.
func (r *Router) Incidents() []*Page {
	r.pages.mu.RLock()
	defer r.pages.mu.RUnlock()
	all := make([]*Page, 0, len(r.pages.byID))
	for _, p := range r.pages.byID {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *Page) int { return b.Number - a.Number })
	return all
}

// Incident returns one page; nil where there is no such incident.
func (r *Router) Incident(id string) *Page {
	r.pages.mu.RLock()
	defer r.pages.mu.RUnlock()
	return r.pages.byID[id]
}

// publish shows readers an incident as it is now.
func (r *Router) publish(c *casebook.Case, now time.Time) {
	s := c.State
	if s.Kind == incident.Watchdog {
		silent := r.cases.Silent()
		r.pages.mu.Lock()
		defer r.pages.mu.Unlock()
		r.pages.silent = silent
		return
	}
	if s.Kind == incident.Ailing {
		ails := r.cases.Ails()
		r.pages.mu.Lock()
		defer r.pages.mu.Unlock()
		r.pages.ails = ails
		return
	}
	if id := r.cases.Window(s.Service); id != "" { // what fires is shown at the change
		r.publish(r.cases.Incident(id), now)
	}
	if s.ID == "" {
		return
	}
	next := r.cases.Coming(c, now)
	p := &Page{
		ID: s.ID, Number: casebook.Number(s.ID), Version: s.Version, Kind: s.Kind, Service: s.Service, Severity: s.Severity,
		Open: s.Open(), Unconfirmed: s.Unconfirmed, Phase: s.Phase, StartedAt: s.StartedAt, OpenedAt: s.OpenedAt, ResolvedAt: s.ResolvedAt,
		Lead: s.Lead, Estimate: s.Estimate, Title: s.Title, Account: r.cases.Account(c),
		Firing: s.Firing(), PartOf: s.Under, Consequences: s.Services(), Next: next, Lists: s.Lists(), Timeline: slices.Clip(c.Timeline),
	}
	if s.Work != nil {
		w := *s.Work
		p.Work, p.Burning = &w, r.cases.Burning(c)
	}
	for n, w := range s.Cancelled {
		if p.Cancelled == nil {
			p.Cancelled = map[int]incident.Withdrawn{}
		}
		p.Cancelled[n] = *w
	}
	p.Barred = r.cases.Barred(c, now)
	for _, w := range r.cases.Waiting(c, now) {
		p.Awaiting = append(p.Awaiting, Awaiting{w.Awaited, w.Instead})
	}
	names := map[string]bool{}
	for name := range s.Told {
		names[name] = true
	}
	for name := range s.Steers {
		names[name] = true
	}
	for _, l := range slices.Concat(s.Added, s.Removed) {
		names[l.Audience] = true
	}
	coming := map[string]schedule.Due{}
	for _, d := range next {
		names[d.Audience] = true
		if _, sooner := coming[d.Audience]; !sooner {
			coming[d.Audience] = d
		}
	}
	for name := range names {
		a := AudiencePage{Name: name, Why: coming[name].Why, Every: coming[name].Every}
		if t := s.Told[name]; t != nil {
			a.Told, a.Updates, a.LastAt, a.PromiseAt = t.First > 0, t.Count, t.LastAt, t.PromiseAt
			a.Made, a.Kept, a.Broken, a.LongestSilence = t.Made, t.Kept, t.Broken, t.Silence
			a.Held = t.Held
		}
		steer := s.Steered(name)
		a.HoldUntil, a.Paused, a.EverySet = steer.HoldUntil, steer.Paused, steer.Every
		if n := s.Totals[name]; n != nil {
			a.Deliveries = *n
		}
		p.Audiences = append(p.Audiences, a)
	}
	slices.SortFunc(p.Audiences, func(a, b AudiencePage) int { return strings.Compare(a.Name, b.Name) })
	r.pages.mu.Lock()
	defer r.pages.mu.Unlock()
	r.pages.byID[s.ID] = p
}
