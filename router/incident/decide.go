package incident

import (
	"fmt"
	"slices"
	"time"
)

// grace is how long after a promised moment the receipts of an update that is
// on its way are waited for before the promise counts as broken.
const grace = time.Minute

// reorder is how long after a resolved webhook a firing one with the same
// startsAt is taken for one that was overtaken on the way. Later than that it
// fires again: Alertmanager sends such pairs after it lost Prometheus.
const reorder = time.Minute

// hearing is the part of what makes an incident unconfirmed after which a webhook
// that says nothing new is remembered.
const hearing = 20

// Advance decides and applies until nothing follows any more, and returns the
// facts in their order. It is Decide and Apply and nothing else: with its own
// alerts or override first, then, as ticks, what follows from them.
func Advance(r Rules, s *State, in Input) []Fact {
	all := Note(r, s, in)
	if len(all) == 0 && in.tick() {
		return nil
	}
	r.follow(all)
	for {
		facts := Note(r, s, Input{At: in.At})
		if len(facts) == 0 {
			return all
		}
		all = append(all, facts...)
	}
}

// Note decides and applies one input alone.
func Note(r Rules, s *State, in Input) []Fact {
	facts := Decide(r, s, in)
	for _, f := range facts {
		Apply(s, f)
	}
	return facts
}

// Decide judges one input against the state, which it does not change. The
// facts that follow from its own facts come with the next tick.
func Decide(r Rules, s *State, in Input) []Fact {
	d := decision{r: r, s: s, in: in}
	switch {
	case in.Receipt != nil:
		d.receipt()
	case in.Aftermath != nil:
		d.aftermath()
	case in.Consequence != nil:
		d.kin()
	case in.Apart != nil:
		d.apart()
	case s.Kind == Watchdog:
		d.watch()
	case s.Kind == Ailing:
		d.ail()
	case in.Alerts != nil:
		d.observe()
	case in.Open != nil:
		d.open()
	case in.Schedule != nil:
		d.schedule()
	case in.Override() && s.ID == "":
		d.refuse("it is no incident")
	case len(in.IfVersion) > 0 && !slices.Contains(in.IfVersion, s.Version):
		d.refuse("%s was changed meanwhile; look at it as it is now, and decide again", s.ID)
		d.facts[0].Refused().Stale = true
	case d.ofWork():
	case in.Reschedule != nil:
		d.reschedule()
	case in.Conduct != nil:
		d.conduct()
	case in.Say != nil:
		d.say()
	case in.Resolve != nil:
		d.resolve()
	case in.Set != nil:
		d.set()
	case in.Steer != nil:
		d.steer()
	case in.Reopen != nil:
		d.reopen()
	case in.Send != nil:
		d.send()
	case in.Cancel != nil:
		d.cancel()
	case in.Merge != nil:
		d.merge()
	case in.Split != nil:
		d.split()
	case in.Approve != nil:
		d.approve()
	case in.Enlist != nil:
		d.enlist()
	default:
		d.judge()
	}
	if in.Key != "" && in.Override() {
		if len(d.facts) == 0 {
			d.emit(Fact{Body: &Settled{What: in.What()}})
		}
		d.facts[0].Key, d.facts[0].Asked = in.Key, in.Asked
	}
	return d.facts
}

type decision struct {
	r     Rules
	s     *State
	in    Input
	facts []Fact
}

func (d *decision) emit(f Fact) {
	f.At, f.Service, f.Incident = d.in.At, d.s.Service, d.s.ID
	if d.in.Override() {
		f.By, f.Role, f.Reason, f.Input = d.in.By, d.in.Role, d.in.Reason, d.in.ID
	}
	d.facts = append(d.facts, f)
}

func (d *decision) refuse(format string, args ...any) {
	d.emit(Fact{Body: &Refused{What: d.in.What(), Reason: fmt.Sprintf(format, args...)}})
}

// observe compares what a webhook says of each alert with what is remembered.
// Alerts are state: the newest startsAt and endsAt win, repeats are no facts.
func (d *decision) observe() {
	seen := make(map[string]bool, len(d.in.Alerts))
	heard := false
	for _, o := range d.in.Alerts {
		if seen[o.Fingerprint] { // one webhook names an alert once; the first holds
			continue
		}
		seen[o.Fingerprint] = true
		known := d.s.Alerts[o.Fingerprint]
		if o.Firing {
			heard = heard || (known != nil && known.Firing())
			d.fired(o, known)
		} else if known != nil && known.Firing() && !o.StartsAt.Before(known.starts()) {
			ends := o.EndsAt
			if ends.IsZero() || ends.After(d.in.At) {
				ends = d.in.At
			}
			d.emit(Fact{Body: &Ceased{Fingerprint: o.Fingerprint, Name: known.Name, EndsAt: ends}})
		}
	}
	switch {
	case d.s.Unconfirmed && (heard || len(d.facts) > 0):
		d.emit(Fact{Body: &Confirmed{}})
	case heard && d.in.At.Sub(d.s.HeardAt) > d.r.unconfirmedAfter()/hearing:
		d.emit(Fact{Body: &Heard{}})
	}
}

func (d *decision) fired(o Observation, known *Alert) {
	severity, counts := d.severity(o.Labels["severity"])
	if !counts {
		return
	}
	a := Alert{Fingerprint: o.Fingerprint, Name: o.Labels["alertname"], Severity: severity, Labels: o.Labels, Summary: o.Summary, Account: o.Account, StartsAt: o.StartsAt}
	if o.StartsAt.IsZero() || o.StartsAt.After(d.in.At) { // a clock that runs ahead does not delay a threshold
		a.StartsAt, a.Told = d.in.At, &o.StartsAt
	}
	switch {
	case known == nil:
		d.emit(Fact{Body: &Fired{Alert: a}})
	case o.StartsAt.After(known.starts()),
		!known.Firing() && o.StartsAt.Equal(known.starts()) && d.in.At.Sub(known.CeasedAt) > reorder:
		d.emit(Fact{Body: &Fired{Alert: a, Again: true}})
	case known.Firing() && o.StartsAt.Equal(known.starts()) && !o.Account.Equal(known.Account):
		d.emit(Fact{Body: &Retold{Fingerprint: o.Fingerprint, Name: known.Name, Account: o.Account}})
	}
}

// severity maps a label to a configured severity: missing or unknown ones are
// the lowest, and "none" never counts.
func (d *decision) severity(label string) (name string, counts bool) {
	if label == "none" {
		return "", false
	}
	rank, _ := d.r.Severities.Rank(label)
	return d.r.Severities.Name(rank), true
}

func (d *decision) say() {
	say := d.in.Say
	switch {
	case !d.s.Open():
		d.refuse("%s is resolved", d.s.ID)
		return
	case d.s.Under != "":
		d.refuse("%s is a consequence of %s, which tells of both; give the words there", d.s.ID, d.s.Under)
		return
	case say.Phase != "" && !slices.Contains(Phases, say.Phase):
		d.refuse("phase %q is none of %v", say.Phase, Phases)
		return
	}
	if say.Corrects != 0 {
		of, why := d.s.corrects(say.Corrects)
		if of == nil {
			d.refuse(why, say.Corrects, d.s.ID)
			return
		}
		d.emit(Fact{Body: &Said{Number: len(d.s.Words) + 1, Texts: say.Texts, Audiences: []string{of.Audience}, Corrects: say.Corrects}})
		return
	}
	audiences := say.Audiences
	if len(audiences) == 0 {
		for name := range d.s.Told {
			audiences = append(audiences, name)
		}
		slices.Sort(audiences)
	}
	if len(audiences) == 0 {
		d.refuse("nobody was told of %s yet; name the audiences that the words are for", d.s.ID)
		return
	}
	d.emit(Fact{Body: &Said{Number: len(d.s.Words) + 1, Texts: say.Texts, Audiences: audiences}})
	if say.Phase != "" && say.Phase != d.s.Phase {
		d.emit(Fact{Body: &Phased{From: d.s.Phase, To: say.Phase}})
	}
}

func (d *decision) resolve() {
	if !d.s.Open() {
		d.refuse("%s is resolved already", d.s.ID)
		return
	}
	d.emit(Fact{Body: d.end()})
}

// end says from when to when it was out. Alerts that still fire make it now.
func (d *decision) end() *Resolved {
	ended := d.in.At
	if d.s.firing == 0 && (d.s.lastEnd.After(d.s.doubted) || !d.s.QuietSince.IsZero()) {
		ended = d.s.lastEnd
	}
	if ended.Before(d.s.StartedAt) {
		ended = d.s.StartedAt
	}
	return &Resolved{StartedAt: d.s.StartedAt, EndedAt: ended, Firing: d.s.firing}
}

func (d *decision) receipt() {
	r := d.in.Receipt.Delivered
	f := d.s.Flights[r.Update]
	if f == nil || f.Done[r.Part] {
		return // reported before
	}
	d.fell(f, r.Update, r.Part, r.Fell)
	if r.Fell = nil; !r.Partial {
		d.emit(Fact{Body: &r})
	}
}

// judge says what the time alone makes true.
func (d *decision) judge() {
	d.promises()
	switch {
	case d.s.Kind == Change:
		d.work()
		return
	case d.s.Under != "":
		d.consequence()
		return
	case d.s.Open() && d.r.Parent != "":
		d.join()
		return
	case d.s.Open():
		d.course()
		return
	}
	if row, holds := d.threshold(); holds {
		severity, starts := d.outage()
		if d.r.Parent != "" {
			d.join()
		} else if d.s.ID == "" {
			d.emit(Fact{Body: &Opened{Kind: Outage, Severity: severity, StartedAt: starts, Alerts: d.s.firing, Row: row}})
			d.facts[len(d.facts)-1].Incident = d.r.number()
		} else {
			if starts.Before(d.s.EndedAt) { // Alertmanager found again what it had lost
				starts = d.s.EndedAt
			}
			d.emit(Fact{Body: &Reopened{Severity: severity, StartedAt: starts, Alerts: d.s.firing, Row: row}})
		}
		return
	}
	if d.s.ID == "" && len(d.s.Alerts) > 0 && d.quiet() && !d.s.anyFiring() {
		d.emit(Fact{Body: &Passed{}})
	}
}

// course follows an open incident: its severity rises, it calms down, it ends.
func (d *decision) course() {
	d.breaches()
	d.escalate()
	if at, ok := d.r.unconfirmed(d.s); ok && !at.After(d.in.At) {
		d.emit(Fact{Body: &Unconfirmed{Since: d.s.HeardAt}})
	}
	switch {
	case d.quiet():
		d.emit(Fact{Body: d.end()})
	case d.s.firing == 0 && !d.s.QuietSince.IsZero() && d.s.Phase != Monitoring && !d.s.chosen:
		d.emit(Fact{Body: &Phased{From: d.s.Phase, To: Monitoring}})
	case d.s.firing > 0 && d.s.Phase == Monitoring && d.s.before != "" && !d.s.meant:
		d.emit(Fact{Body: &Phased{From: Monitoring, To: d.s.before}})
	}
}

// breaches says which SLA clocks ran out.
func (d *decision) breaches() {
	for _, c := range clocks {
		if at, ok := d.r.breach(d.s, c); ok && !at.After(d.in.At) {
			d.emit(Fact{Body: &Breached{Clock: string(c), Limit: d.r.sla().Limit(c)}})
		}
	}
}

// escalate lets the severity rise to that of its gravest alert or consequence.
func (d *decision) escalate() {
	if gravest := d.gravest(); gravest > d.known() {
		d.emit(Fact{Body: &Escalated{From: d.s.Severity, To: d.r.Severities.Name(gravest)}})
	}
}

// known ranks the severity that there is, and one that a person overruled.
func (d *decision) known() int {
	known := d.rank(d.s.Severity)
	if d.s.Overruled != "" {
		known = max(known, d.rank(d.s.Overruled))
	}
	return known
}

// gravest ranks the alerts that fire and the consequences.
func (d *decision) gravest() int {
	gravest := 0
	for severity := range d.s.severities {
		gravest = max(gravest, d.rank(severity))
	}
	for _, c := range d.s.Consequences {
		gravest = max(gravest, d.rank(c.Severity))
	}
	return gravest
}

func (d *decision) quiet() bool {
	return d.s.firing == 0 && !d.s.QuietSince.IsZero() && !d.in.At.Before(d.s.QuietSince.Add(d.r.resolvedAfter()))
}

func (d *decision) rank(severity string) int {
	rank, _ := d.r.Severities.Rank(severity)
	return rank
}

// promises says which promises came true or did not.
func (d *decision) promises() {
	for _, audience := range sortedKeys(d.s.Told) {
		for _, p := range d.s.Told[audience].Promises {
			fate := &Promise{Audience: audience, Update: p.Update, By: p.By, PromiseAt: p.At, Late: p.Broken, Held: p.Held}
			switch {
			case p.Done && p.InTime:
				d.emit(Fact{Body: (*Kept)(fate)})
			case p.Broken:
			case p.Done, !p.broken().After(d.in.At):
				d.emit(Fact{Body: (*Broken)(fate)})
			}
		}
	}
}
