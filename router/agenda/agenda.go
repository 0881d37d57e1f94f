package agenda

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"sitrep/router"
	"sitrep/router/incident"
)

const (
	// again is how soon one that could not be read is read again, and unreadFor for how
	// long it may be so before somebody is told.
	again, unreadFor = time.Minute, 15 * time.Minute
	// undecided is how soon it is read again where the router had not decided by then.
	undecided = 15 * time.Second
)

// Desk is where changes are planned.
type Desk interface {
	Submit(ctx context.Context, in incident.Input) (router.Decision, error)
	Incidents() []*router.Page
}

// Source is one that is read now and again.
type Source struct {
	Rules
	Refresh time.Duration
	Fetch   func(context.Context) ([]byte, error)
	Read    func(data []byte, r Rules, now time.Time) (Reading, error) // Calendar or Silences
	// Emptied says that it may be empty, and that all is called off then.
	Emptied bool
	By      string // who plans what it says
}

// Watch is told of each source. Nil functions are not called.
type Watch struct {
	// Read: it was, and holds so many changes; and so many that are tentative, and not
	// planned yet.
	Read func(source string, entries, tentative int)
	// Ailing: it is not read, or has entries that are not taken; a zero moment: it is,
	// or has none. Code is the server's answer, or the service that there is not.
	Ailing func(what, source, code string, since time.Time)
	// Sources: there are these now, and no others.
	Sources func(names []string)
}

// Options are what an Agenda is made of.
type Options struct {
	Desk  Desk
	Watch Watch
	Log   *slog.Logger
}

// Agenda reads sources, and has planned what they say. Make it with New; Renew gives it
// its sources, and Run reads them.
type Agenda struct {
	o     Options
	fresh chan struct{}

	mu      sync.Mutex
	sources []Source

	pages map[string]*page // the loop's
}

// page is what is known of a source from one reading to the next.
type page struct {
	next   time.Time
	failed time.Time         // since when it is not read; zero: it was
	amiss  time.Time         // since when it has entries that are not taken
	gone   map[string]bool   // what it did not say when it was read last
	logged map[string]string // by UID, why an entry is not taken
	// tentative are the UIDs of those that are, as it was logged.
	tentative map[string]bool
	lost      string // why it was not read, as it was logged
}

// New returns an Agenda without sources.
func New(o Options) *Agenda {
	return &Agenda{o: o, fresh: make(chan struct{}, 1), pages: map[string]*page{}}
}

// Renew has other sources read from now on, all of them at once.
func (a *Agenda) Renew(sources []Source) {
	a.mu.Lock()
	a.sources = sources
	a.mu.Unlock()
	a.rouse()
}

func (a *Agenda) rouse() {
	select {
	case a.fresh <- struct{}{}:
	default:
	}
}

// Run reads each source at its time until ctx ends. One at a time: a slow one has the
// others wait, for half a minute at most.
func (a *Agenda) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	a.rouse()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.fresh:
			a.begin()
		case <-timer.C:
		}
		next := time.Now().Add(time.Hour)
		for _, s := range a.all() {
			p := a.pages[s.Source]
			if now := time.Now(); p == nil {
				continue // a Renew is under way
			} else if !p.next.After(now) {
				a.turn(ctx, s, p)
			}
			if p.next.Before(next) {
				next = p.next
			}
		}
		timer.Reset(time.Until(next))
	}
}

func (a *Agenda) all() []Source {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sources
}

// begin has all sources read now; what is known of those that stay is kept.
func (a *Agenda) begin() {
	was := a.pages
	a.pages = map[string]*page{}
	var names []string
	for _, s := range a.all() {
		p := was[s.Source]
		if p == nil {
			p = &page{logged: map[string]string{}}
		}
		p.next = time.Now()
		a.pages[s.Source] = p
		names = append(names, s.Source)
	}
	if a.o.Watch.Sources != nil {
		a.o.Watch.Sources(names)
	}
}

// turn reads one source, and has planned what it says.
func (a *Agenda) turn(ctx context.Context, s Source, p *page) {
	now := time.Now()
	p.next = now.Add(s.Refresh)
	r, err := s.reading(ctx, now)
	if ctx.Err() != nil {
		return
	}
	var d Difference
	if err == nil {
		if d = Compare(r, s.Rules, a.planned(), a.others(s.Source), now.UTC()); r.All == 0 && len(d.Gone) > 0 && !s.Emptied {
			err = errEmptied
		}
	}
	if err != nil {
		a.unread(s, p, err, now)
		return
	}
	if p.lost != "" {
		a.o.Log.Info("it is read again", "calendar", s.Source)
	}
	p.failed, p.lost = time.Time{}, ""
	a.ailing(incident.AilingCalendar, s.Source, "", time.Time{})
	a.entries(s, p, r, now)
	for _, id := range d.Unfit {
		a.o.Log.Warn("the calendar wants times of a change that it cannot have as it stands; they stay", "calendar", s.Source, "change", id)
	}
	gone := map[string]bool{}
	for _, id := range d.Gone {
		if p.gone[id] {
			d.Inputs = append(d.Inputs, callOff(id))
		}
		gone[id] = true
	}
	p.gone = gone
	for _, in := range d.Inputs {
		if !a.submit(ctx, s, in) {
			p.next = now.Add(min(undecided, s.Refresh))
			return
		}
	}
}

// reading fetches a source and reads it.
func (s Source) reading(ctx context.Context, now time.Time) (Reading, error) {
	data, err := s.Fetch(ctx)
	if err != nil {
		return Reading{}, err
	}
	if len(data) > maxSize {
		return Reading{}, errTooLarge
	}
	return s.Read(data, s.Rules, now.UTC())
}

// unread notes that a source could not be read: what it said last stays.
func (a *Agenda) unread(s Source, p *page, err error, now time.Time) {
	if p.failed.IsZero() {
		p.failed = now
	}
	text := err.Error()
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		text = e.Err.Error()
	}
	if text != p.lost {
		a.o.Log.Warn("a calendar cannot be read; what it said last stays", "calendar", s.Source, "err", text)
		p.lost = text
	}
	p.next = now.Add(min(again, s.Refresh))
	if now.Sub(p.failed) >= unreadFor {
		code := ""
		if status := Answer(0); errors.As(err, &status) {
			code = strconv.Itoa(int(status))
		}
		a.ailing(incident.AilingCalendar, s.Source, code, p.failed)
	}
}

// entries tells of those that are not taken, of each once.
func (a *Agenda) entries(s Source, p *page, r Reading, now time.Time) {
	taken, tentative, code, amiss, noted := 0, 0, "", map[string]string{}, map[string]bool{}
	for _, e := range r.Entries {
		switch {
		case e.Tentative && e.Said.End.After(now):
			tentative++
			if noted[e.UID] = true; !p.tentative[e.UID] {
				a.o.Log.Info("an entry of a calendar is tentative; it is planned once it is confirmed", "calendar", s.Source, "title", e.Said.Title, "start", e.Said.Start)
			}
		case e.Tentative:
		case e.Amiss == "" && !e.Cancelled && e.Said.End.After(now):
			taken++
		case e.Amiss == "", !e.Said.End.IsZero() && !e.Said.End.After(now): // over, however it is written
		default:
			if amiss[e.UID] = e.Amiss; p.logged[e.UID] != e.Amiss {
				a.o.Log.Warn("an entry of a calendar is not taken", "calendar", s.Source, "title", e.Said.Title, "start", e.Said.Start, "err", e.Amiss)
			}
			if code == "" {
				code = e.Unknown
			}
		}
	}
	p.logged, p.tentative = amiss, noted
	switch {
	case len(amiss) == 0:
		p.amiss = time.Time{}
	case p.amiss.IsZero():
		p.amiss = now
	}
	a.ailing(incident.AilingEntries, s.Source, code, p.amiss)
	if a.o.Watch.Read != nil {
		a.o.Watch.Read(s.Source, taken, tentative)
	}
}

func (a *Agenda) ailing(what, source, code string, since time.Time) {
	if a.o.Watch.Ailing != nil {
		a.o.Watch.Ailing(what, source, code, since)
	}
}

// submit hands an input to the router. It reports false where nothing is decided yet: the
// next reading finds out what became of it.
func (a *Agenda) submit(ctx context.Context, s Source, in incident.Input) bool {
	name, err := uuid.NewV7()
	if err != nil {
		return false
	}
	in.ID, in.At, in.By = name.String(), time.Now().UTC(), s.By
	d, err := a.o.Desk.Submit(ctx, in)
	switch {
	case err != nil && ctx.Err() == nil:
		a.o.Log.Warn("what a calendar says is not decided yet; it is read again soon", "calendar", s.Source, "err", err)
	case err != nil:
	case d.Unknown:
		a.o.Log.Warn("a change of a calendar is not planned: it is known already, or cannot be", "calendar", s.Source)
	case d.Refused != "":
		a.o.Log.Warn("what a calendar says of a change is refused", "calendar", s.Source, "change", d.Incident, "err", d.Refused)
	default:
		a.o.Log.Info("a calendar changed what is planned", "calendar", s.Source, "change", d.Incident)
	}
	return err == nil
}

// planned are the changes that the router knows.
func (a *Agenda) planned() (all []Planned) {
	for _, p := range a.o.Desk.Incidents() {
		if p.Work != nil {
			all = append(all, Planned{ID: p.ID, Work: *p.Work, Over: !p.Open || p.Kind != incident.Change})
		}
	}
	return all
}

func (a *Agenda) others(than string) map[string]bool {
	all := map[string]bool{}
	for _, s := range a.all() {
		all[s.Source] = s.Source != than
	}
	return all
}
