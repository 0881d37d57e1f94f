package rehearse

import (
	"maps"
	"slices"
	"strings"
	"time"

	"sitrep/policies"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// Stage is what a script is played against.
type Stage struct {
	Global policies.Global
	Policy casebook.Policy
	Words  casebook.Writer
	// Languages are those that messages can be told in; none: any.
	Languages []string
}

// speaker is who gives a script's words and ends its incidents.
const speaker = "oncall"

// Play plays a script to its end. The error is of type policies.Problems where
// a line cannot be played.
func Play(stage Stage, s *Script) (*Transcript, error) {
	if err := known(stage, s); err != nil {
		return nil, err
	}
	p := &player{
		script: s, monitoring: newMonitoring(), now: s.Start, book: casebook.New(stage.Policy),
		out: newTranscript(stage, s),
	}
	p.scribe = &scribe{stage: stage, book: p.book, out: p.out, zones: map[string]*time.Location{}}
	if err := p.play(); err != nil {
		return nil, err
	}
	p.out.close(p.book)
	return p.out, nil
}

// languages are those that a person's texts of a step are in.
func (s Step) languages() []string {
	in := map[string]bool{}
	if s.Say != nil {
		for l := range s.Say.Texts {
			in[l] = true
		}
	}
	of := func(said incident.Account) {
		for _, texts := range said {
			for l := range texts {
				in[l] = true
			}
		}
	}
	if s.Set != nil {
		of(s.Set.Account)
	}
	if s.Open != nil {
		of(s.Open.Account)
	}
	delete(in, "") // for every reader
	return slices.Sorted(maps.Keys(in))
}

// known reports the audiences, services, severities and languages that the configuration
// does not have.
func known(stage Stage, s *Script) error {
	var names, services []string
	for _, a := range stage.Policy.Audiences {
		names = append(names, a.Name)
	}
	for _, of := range stage.Policy.Services {
		services = append(services, of.Name)
	}
	var all policies.Problems
	for _, step := range s.Steps {
		for _, language := range step.languages() {
			if len(stage.Languages) > 0 && !slices.Contains(stage.Languages, language) {
				all = append(all, problem(s.Name, step.Line, 1, step.source, "messages are told in: "+strings.Join(stage.Languages, ", "), "no message is told in %s", language))
			}
		}
		var named []string
		severity := ""
		switch {
		case step.Say != nil:
			named = step.Say.Audiences
		case step.Send != nil:
			named = step.Send.Audiences
		case step.Steer != nil:
			named = step.Steer.Audiences
		case step.Set != nil && step.Set.Severity != nil:
			severity = *step.Set.Severity
		case step.Plan != nil:
			severity = step.Plan.Severity
			for _, name := range step.Plan.Services {
				if !slices.Contains(services, name) {
					all = append(all, problem(s.Name, step.Line, 1, step.source, "the configuration has: "+strings.Join(services, ", "), "no service is called %s", name))
				}
			}
		case step.Open != nil:
			severity = step.Open.Severity
			if !slices.Contains(services, step.Open.Service) {
				all = append(all, problem(s.Name, step.Line, 1, step.source, "the configuration has: "+strings.Join(services, ", "), "no service is called %s", step.Open.Service))
			}
		}
		if _, ok := stage.Policy.Severities.Rank(severity); severity != "" && !ok {
			all = append(all, problem(s.Name, step.Line, 1, step.source, "the configuration has: "+strings.Join(stage.Policy.Severities, ", "), "no severity is called %s", severity))
		}
		for _, name := range named {
			if !slices.Contains(names, name) {
				all = append(all, problem(s.Name, step.Line, 1, step.source, "the configuration has: "+strings.Join(names, ", "), "no audience is called %s", name))
			}
		}
	}
	if len(all) > 0 {
		return all
	}
	return nil
}

// player goes from moment to moment.
type player struct {
	script *Script
	next   int // of its steps
	turns  []turn
	*monitoring
	book   *casebook.Book
	scribe *scribe
	out    *Transcript

	now  time.Time
	back time.Time // when sitrep runs again; zero while it does
	late []Step    // what came while it did not
}

// turn is the next move of a flapping alert.
type turn struct {
	at, end time.Time
	step    Step
	on      bool // it fires next
}

// play lets one moment follow the other. In each, what happens comes before
// what time alone makes due, as it does in a router that has waited for both.
func (p *player) play() error {
	for {
		p.now = p.upcoming()
		if p.now.After(p.script.End) {
			return nil
		}
		if !p.back.IsZero() && !p.now.Before(p.back) {
			if err := p.start(); err != nil {
				return err
			}
		}
		if err := p.happen(); err != nil {
			return err
		}
		if !p.back.IsZero() {
			continue
		}
		for _, g := range p.repeats(p.now) {
			if err := p.tell(g); err != nil {
				return err
			}
		}
		if !p.lost {
			if err := p.book.Beat(p.now, p.scribe); err != nil {
				return err
			}
		}
		if err := p.book.Tick(p.now, p.scribe); err != nil {
			return err
		}
		if err := p.receipts(); err != nil {
			return err
		}
	}
}

// upcoming returns the next moment at which anything happens.
func (p *player) upcoming() time.Time {
	at := p.script.End.Add(1)
	earlier := func(t time.Time) {
		if t.Before(at) {
			at = t
		}
	}
	if p.next < len(p.script.Steps) {
		earlier(p.script.Steps[p.next].At)
	}
	for _, t := range p.turns {
		earlier(t.at)
	}
	if !p.back.IsZero() {
		earlier(p.back)
	} else {
		if t, ok := p.repeat(); ok {
			earlier(t)
		}
		at = p.book.Next(at)
		for _, r := range p.scribe.receipts {
			earlier(r.at)
		}
	}
	if at.Before(p.now) { // what should have been before is now
		return p.now
	}
	return at
}

// happen does the steps of this moment, and the turns of what flaps.
func (p *player) happen() error {
	var steps []Step
	for p.next < len(p.script.Steps) && !p.script.Steps[p.next].At.After(p.now) {
		steps = append(steps, p.script.Steps[p.next])
		p.next++
	}
	for i := range p.turns {
		if t := &p.turns[i]; !t.at.After(p.now) {
			steps = append(steps, t.move())
		}
	}
	p.turns = slices.DeleteFunc(p.turns, func(t turn) bool { return t.at.After(t.end) })
	for _, s := range steps {
		if !p.back.IsZero() {
			if r := s.Restart; r != nil { // it is down already, and stays so for as long as either takes
				if back := s.At.Add(r.For); back.After(p.back) {
					p.back = back
				}
				p.out.happened(p.now, s)
				continue
			}
			p.late = append(p.late, s)
			continue
		}
		if err := p.do(s); err != nil {
			return err
		}
	}
	return nil
}

// move returns what a flapping alert does next, and sets the move after that.
// At the end it is quiet.
func (t *turn) move() Step {
	s := Step{At: t.at, Line: t.step.Line, source: t.step.source, move: true}
	next := t.at.Add(t.step.Flap.Every)
	if next.After(t.end) && t.at.Before(t.end) {
		next = t.end
	}
	if t.on && t.at.Before(t.end) {
		s.Fire = &t.step.Flap.Fire
	} else {
		s.Resolve = &Resolve{Name: t.step.Flap.Fire.Name}
	}
	t.at, t.on = next, !t.on
	return s
}

// do does one step, now, which is later than its own moment where sitrep was
// down.
func (p *player) do(s Step) error {
	if !s.move {
		p.out.happened(p.now, s)
	}
	switch {
	case s.Fire != nil:
		return p.tell(p.fire(*s.Fire, s.At))
	case s.Resolve != nil:
		g, n := p.resolve(*s.Resolve, s.At)
		if n == 0 {
			if !s.move {
				p.out.warn(p.now, s, "nothing of it fires")
			}
			return nil
		}
		return p.tell(g)
	case s.Flap != nil:
		f := s.Flap
		on := true
		if g := p.groups[f.Fire.Name]; g != nil {
			f.Fire, on = g.last, p.firing[f.Fire.Name] == nil
		}
		t := turn{at: s.At, end: s.At.Add(f.For), step: s, on: on}
		p.turns = append(p.turns, t)
		return p.happen()
	case s.Lose != nil:
		p.lost = true
		return p.book.Beat(p.now, p.scribe) // the last
	case s.Find != nil:
		for _, g := range p.find() {
			if err := p.tell(g); err != nil {
				return err
			}
		}
	case s.Restart != nil:
		p.back = p.now.Add(s.Restart.For)
		if s.Restart.For == 0 {
			return p.start()
		}
	case s.Say != nil:
		in := incident.Input{Say: &incident.Say{Texts: s.Say.Texts, Audiences: s.Say.Audiences, Phase: s.Say.Phase}}
		return p.override(s, s.Say.Incident, in)
	case s.End != nil:
		in := incident.Input{Reason: s.End.Reason, Resolve: &incident.Resolve{}}
		return p.override(s, s.End.Incident, in)
	case s.Set != nil:
		return p.set(s)
	case s.Steer != nil:
		return p.steer(s)
	case s.Reopen != nil:
		return p.reopen(s)
	case s.Open != nil:
		return p.open(s)
	case s.Merge != nil:
		return p.override(s, s.Merge.Incident, incident.Input{Merge: &incident.Merge{Into: s.Merge.Into}})
	case s.Split != nil:
		return p.override(s, s.Split.Incident, incident.Input{Split: &incident.Split{Service: s.Split.Service}})
	case s.Cancel != nil:
		return p.override(s, s.Cancel.Incident, incident.Input{Cancel: &incident.Cancel{Update: s.Cancel.Update}})
	case s.Approve != nil:
		return p.override(s, s.Approve.Incident, incident.Input{By: "another person", Approve: &incident.Approve{Update: s.Approve.Update, No: s.Approve.No}})
	case s.Plan != nil:
		return p.plan(s)
	case s.Conduct != nil:
		return p.conduct(s)
	case s.Send != nil:
		return p.override(s, s.Send.Incident, incident.Input{Send: &incident.Send{Audiences: s.Send.Audiences}})
	}
	return nil
}

// tell lets a webhook arrive.
func (p *player) tell(g *group) error {
	alerts := p.webhook(g, p.now)
	if len(alerts) == 0 {
		return nil
	}
	_, unmatched, err := p.book.Take(incident.Input{At: p.now.UTC(), Alerts: alerts}, p.scribe)
	if err != nil {
		return err
	}
	p.out.unmatched(p.now, g.name, unmatched)
	return p.receipts()
}

// receipts lets the channels report what they accepted, which is everything, at
// once. What follows from that may be due at once too.
func (p *player) receipts() error {
	for n := 0; n < len(p.scribe.receipts); {
		r := p.scribe.receipts[n]
		if r.at.After(p.now) { // it goes out later
			n++
			continue
		}
		p.scribe.receipts = slices.Delete(p.scribe.receipts, n, n+1)
		if _, _, err := p.book.Take(incident.Input{At: p.now.UTC(), Receipt: &r.Receipt}, p.scribe); err != nil {
			return err
		}
	}
	return nil
}

// start is a sitrep that starts: it remembers the facts, takes what came
// meanwhile, and only then what fell due.
func (p *player) start() error {
	p.back = time.Time{}
	p.book = casebook.New(p.scribe.stage.Policy)
	p.scribe.book = p.book
	for _, f := range p.scribe.facts {
		p.book.Remember(f)
	}
	p.book.Wind(p.now)
	late := p.late
	p.late = nil
	for i, s := range late {
		if !p.back.IsZero() { // one of them stopped it again
			p.late = append(p.late, late[i:]...)
			return nil
		}
		if err := p.do(s); err != nil {
			return err
		}
	}
	return nil
}
