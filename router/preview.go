package router

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"sitrep/channels"
	"sitrep/policies/words"
	"sitrep/router/incident"
)

// Preview is what would follow from an override at once.
type Preview struct {
	Decision
	Updates []PreviewedUpdate
}

// PreviewedUpdate is one update that would go out.
type PreviewedUpdate struct {
	Planned incident.Planned
	// Messages counts them by channel.
	Messages map[string]int
	Texts    []PreviewedText
}

// PreviewedText is what those read who share a language and a time zone.
type PreviewedText struct {
	channels.Text
	Segments int // of the SMS
	// Mails and SMSes are how many get it so; SMSSegments is how many segments that
	// is together.
	Mails, SMSes, SMSSegments int
}

// Preview decides an override as if it came now, and says what would follow:
// nothing is stored or sent. It judges a copy of the incident by itself, made of
// its facts, so what falls due of others in the same minute is not in it. The
// loop does not wait for it.
func (r *Router) Preview(ctx context.Context, in incident.Input) (Preview, error) {
	facts, known, err := r.before(ctx, in)
	if err != nil || !known {
		return Preview{Decision: Decision{Incident: in.Target(), Unknown: true}}, err
	}
	sketch := &sketch{Library: r.o.Library, texts: map[string][]channels.Text{}, rosters: map[string][]channels.Person{}}
	o := r.o
	rules := *r.rules.Load()
	o.Global, o.Policy, o.Writer = rules.Global, rules.Policy, rules.Writer
	o.Library, o.Store, o.Inbox, o.Audit, o.Attic, o.Watch = sketch, nil, nil, nil, nil, Watch{}
	shadow := New(o)
	for _, f := range facts {
		shadow.cases.Remember(f)
	}
	if err := shadow.recall(ctx, in.At); err != nil {
		return Preview{}, err
	}
	c, before := shadow.about(in), 0
	if c != nil {
		before = len(c.Timeline)
	}
	if known, _, err = shadow.cases.Take(in, scribe{shadow, ctx}); err != nil || !known {
		return Preview{Decision: Decision{Incident: in.Target(), Unknown: true}}, err
	}
	if now := shadow.about(in); now != c {
		c, before = now, 0
	}
	out := Preview{Decision: Decision{Incident: c.State.ID, Facts: c.Timeline[before:]}}
	out.judge(in.ID)
	for _, f := range out.Facts {
		if f.Planned() != nil {
			u, err := sketch.update(ctx, *f.Planned())
			if err != nil {
				return Preview{}, err
			}
			out.Updates = append(out.Updates, u)
		}
	}
	return out, nil
}

// before returns the facts that an override is judged by: those of its incident; of
// one that is to be opened those of what is out of its service now and of what that
// depends on, and which number is the last.
func (r *Router) before(ctx context.Context, in incident.Input) (facts []incident.Fact, known bool, err error) {
	page := r.Incident(in.Target())
	switch {
	case in.Open != nil, in.Schedule != nil:
	case page == nil:
		return nil, false, nil
	case page.Kind != incident.Change:
		return page.Timeline, true, nil
	}
	if !r.between(ctx, func() {
		facts = append(facts, r.cases.Forgotten(nil, in.At))
		if in.Open == nil {
			facts = append(facts, r.planned(page)...)
			return
		}
		if c := r.cases.Out(in.Open.Service); c != nil {
			facts = append(facts, c.Timeline...)
		}
		for _, c := range r.cases.Above(in.Open.Service) { // which it may be a consequence of
			facts = append(facts, c.Timeline...)
		}
	}) {
		return nil, false, ctx.Err()
	}
	return facts, true, nil
}

// planned returns the facts that a decision about a planned change is judged by: those of
// all changes, and of what fires of its services.
func (r *Router) planned(page *Page) (facts []incident.Fact) {
	for _, c := range r.cases.Changes() {
		if page == nil || c.State.ID != page.ID {
			facts = append(facts, c.Timeline...)
		}
	}
	if page == nil {
		return facts
	}
	facts = append(facts, page.Timeline...)
	for _, name := range page.Work.Services {
		if c := r.cases.Out(name); c != nil {
			facts = append(facts, c.Timeline...)
		}
	}
	return facts
}

// sketch is a library that keeps nothing: what is put into it is forgotten with
// it. What was stored before is read from the real one.
type sketch struct {
	Library
	mu      sync.Mutex
	texts   map[string][]channels.Text
	rosters map[string][]channels.Person
}

func (s *sketch) PutTexts(_ context.Context, texts []channels.Text) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fmt.Sprintf("texts %d", len(s.texts))
	s.texts[name] = texts
	return name, nil
}

func (s *sketch) PutRoster(_ context.Context, people []channels.Person) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fmt.Sprintf("roster %d", len(s.rosters))
	s.rosters[name] = slices.Clone(people)
	return name, nil
}

func (s *sketch) Roster(ctx context.Context, hash string) ([]channels.Person, error) {
	s.mu.Lock()
	people, ours := s.rosters[hash]
	s.mu.Unlock()
	if ours {
		return people, nil
	}
	return s.Library.Roster(ctx, hash)
}

// update counts who would get which text of an order, by which channel.
func (s *sketch) update(ctx context.Context, p incident.Planned) (PreviewedUpdate, error) {
	u := PreviewedUpdate{Planned: p, Messages: map[string]int{}}
	for _, t := range s.texts[p.Texts] {
		// As a worker sends it who has nothing to say in the slots.
		t.Text, t.HTML, t.SMS = words.Fill(t.Text, nil), words.Fill(t.HTML, nil), words.Fill(t.SMS, nil)
		u.Texts = append(u.Texts, PreviewedText{Text: t, Segments: words.Segments(t.SMS)})
	}
	for _, hash := range p.Roster {
		people, err := s.Roster(ctx, hash)
		if err != nil {
			return u, fmt.Errorf("read a roster: %w", err)
		}
		for _, one := range people {
			i := slices.IndexFunc(u.Texts, func(t PreviewedText) bool { return t.Language == one.Language && t.Zone == one.Zone })
			for _, channel := range p.Channels {
				if one.Address(channel) == "" {
					continue
				}
				u.Messages[channel]++
				switch {
				case i < 0:
				case channel == channels.SMS:
					u.Texts[i].SMSes++
					u.Texts[i].SMSSegments += u.Texts[i].Segments
				default:
					u.Texts[i].Mails++
				}
			}
		}
	}
	return u, nil
}
