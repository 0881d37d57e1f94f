package router

import (
	"context"
	"fmt"
	"time"

	"sitrep/channels"
	"sitrep/router/audit"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// bigCommit is how large, roughly, the facts of a commit may grow before it is
// stored; the engine's limit for a message is 1 MiB, and what one incident adds
// at a time stays well under the rest.
const bigCommit = 128 << 10

// take decides the inputs of one inbox message.
func (r *Router) take(ctx context.Context, m message) error {
	inputs := m.inputs
	if m.seq == r.inbox+1 && r.inputs > 0 { // some of them were decided before the restart
		inputs = inputs[min(r.inputs, len(inputs)):]
	}
	for _, in := range inputs {
		if err := r.input(ctx, in); err != nil {
			return err
		}
		r.inputs++
		if err := (scribe{r, ctx}).Rest(); err != nil {
			return err
		}
	}
	if len(m.inputs) > 0 || m.seq > r.inbox { // a blank one, see the bus
		r.inbox, r.inputs = m.seq, 0
	}
	if err := r.commit(ctx); err != nil {
		return err
	}
	if m.last && time.Since(r.compacted) >= time.Minute {
		r.compacted = time.Now()
		r.requests.forget(r.compacted)
		return r.compact(ctx)
	}
	return nil
}

// manyInputs is how many inbox messages without a fact are let pile up behind
// the cursor of the last commit.
const manyInputs = 1000

// compact forgets inputs that a commit covers. Where nothing but repeats came
// for long, a commit without facts moves the cursor first.
func (r *Router) compact(ctx context.Context) error {
	if r.inbox-r.covered >= manyInputs {
		if err := r.record(ctx); err != nil {
			return err
		}
	}
	if err := r.o.Inbox.Compact(ctx, r.covered); err != nil && ctx.Err() == nil {
		r.o.Log.Warn("decided inputs could not be removed from the inbox; tried again in a minute", "err", err)
	}
	return nil
}

// input decides one input for every case that it touches.
func (r *Router) input(ctx context.Context, in incident.Input) error {
	for _, o := range in.Alerts {
		r.warnSeverity(o)
	}
	r.o.Share.hear(in)
	if r.repeated(in) {
		return nil
	}
	var before int
	c := r.about(in)
	if c != nil {
		before = len(c.Timeline)
	}
	known, unmatched, err := r.cases.Take(in, scribe{r, ctx})
	if err != nil {
		return err
	}
	if unmatched > 0 {
		if strays, changed := r.cases.Strays(); changed {
			r.pages.setStrays(strays)
		}
		if r.o.Watch.Unmatched != nil {
			r.o.Watch.Unmatched(unmatched)
		}
	}
	switch {
	case !known:
		r.answer(in, Decision{Incident: in.Target(), Unknown: true}, in.ID)
	case in.Override():
		if now := r.about(in); now != c { // it was opened
			c, before = now, 0
		}
		d := Decision{Incident: c.State.ID, Facts: c.Timeline[before:]}
		d.judge(in.ID)
		r.requests.note(d.Facts)
		r.answer(in, d, in.ID)
	}
	return nil
}

// about returns the case that an input is about; nil: none, or not yet.
func (r *Router) about(in incident.Input) *casebook.Case {
	if in.Open != nil {
		return r.cases.Out(in.Open.Service)
	}
	if in.Schedule != nil {
		return r.cases.Planned(in.ID)
	}
	return r.cases.Incident(in.Target())
}

func (r *Router) warnSeverity(o incident.Observation) {
	severity := o.Labels["severity"]
	if _, ok := r.rules.Load().Policy.Severities.Rank(severity); ok || severity == "none" || r.warned[severity] || len(r.warned) > 100 {
		return
	}
	r.warned[severity] = true
	r.o.Log.Warn("alerts with a severity that is not configured count as the lowest", "severity", severity, "lowest", r.rules.Load().Policy.Severities.Name(0))
}

// tick judges and plans whatever time has made due.
func (r *Router) tick(ctx context.Context, now time.Time) error {
	if err := r.cases.Tick(now.UTC(), scribe{r, ctx}); err != nil {
		return err
	}
	return r.commit(ctx)
}

// scribe keeps for the router what the casebook decides.
type scribe struct {
	r   *Router
	ctx context.Context // of the turn
}

func (s scribe) Order(c *casebook.Case, o casebook.Order, now time.Time) (incident.Fact, error) {
	return s.r.order(s.ctx, c, o, now)
}

func (s scribe) Combine(c *casebook.Case, m casebook.Combined, now time.Time) (incident.Fact, error) {
	return s.r.combine(s.ctx, c, m, now)
}

// Decided remembers a fact for the next commit.
func (s scribe) Decided(c *casebook.Case, f incident.Fact) {
	r := s.r
	r.facts = append(r.facts, f)
	r.size += sizeOf(f)
	r.touched[c] = true
	switch {
	case f.Silent() != nil:
		r.o.Log.Error("monitoring is blind: no webhook brought the watchdog's alert", "watchdog", f.Silent().Watchdog, "since", f.Silent().Since)
	case f.Ailment() != nil && f.Ailment().Well:
		r.o.Log.Info(f.String())
	case f.Ailment() != nil:
		r.o.Log.Error(f.String())
	case f.Returned() != nil:
		r.o.Log.Info("monitoring is heard again", "watchdog", f.Returned().Watchdog)
	}
	if (f.Opened() != nil || f.Reopened() != nil) && !r.cases.Covered(c) {
		r.o.Log.Warn("no policy is for this incident: nobody is told of it", "incident", c.State.ID, "service", c.State.Service, "severity", c.State.Severity)
	}
	if f.Added() != nil { // he may have been erased from it, and is added again
		delete(r.guests.all, f.Added().Roster)
	}
	if len(c.State.Added) > 0 {
		_ = r.welcome(c, func(hash string) (people []channels.Person, err error) {
			err = r.insist(s.ctx, "a roster", func() (err error) {
				people, err = r.o.Library.Roster(s.ctx, hash)
				return err
			})
			return people, err
		}) // else the turn ends, and with it this router
	}
	if of := f.Cancelled(); of != nil {
		for _, n := range append([]int{of.Update}, of.Also...) {
			r.withdraw(c.State, n)
		}
	}
	if p := f.Planned(); p != nil {
		r.orders = append(r.orders, order{c.State.ID, *p, f.At})
		if r.o.Watch.Lateness != nil {
			r.o.Watch.Lateness(p.Audience, max(f.At.Sub(p.DueAt), 0))
		}
	}
}

// Rest stores what was decided where it has grown large.
func (s scribe) Rest() error {
	if s.r.size > bigCommit {
		return s.r.commit(s.ctx)
	}
	return nil
}

// sizeOf guesses how large a fact is, encoded.
func sizeOf(f incident.Fact) int {
	n := 300
	switch {
	case f.Fired() != nil:
		n += len(f.Fired().Alert.Summary)
		for k, v := range f.Fired().Alert.Labels {
			n += len(k) + len(v) + 6
		}
	case f.Planned() != nil:
		n += 600 + 40*len(f.Planned().Roster)
	case f.Said() != nil:
		for _, t := range f.Said().Texts {
			n += len(t)
		}
	}
	return n
}

// commit stores the facts decided so far, cuts what they ordered, shows the new
// state, and answers those who wait.
func (r *Router) commit(ctx context.Context) error {
	if len(r.facts) > 0 || len(r.told) > 0 {
		if err := r.record(ctx); err != nil {
			return err
		}
		if r.o.Watch.Fact != nil {
			for _, f := range r.facts {
				r.o.Watch.Fact(f)
			}
		}
		r.news = append(r.news, r.facts...)
		lines := audit.Derive(r.facts)
		r.facts, r.size = nil, 0
		if err := r.witness(ctx, lines); err != nil {
			return err
		}
	}
	if err := r.cut(ctx); err != nil {
		return err
	}
	now := time.Now()
	for c := range r.touched {
		r.publish(c, now)
	}
	clear(r.touched)
	if len(r.news) > 0 { // whoever hears of a fact finds it where he looks
		r.feed.add(r.news)
		r.news = nil
	}
	r.following.shown = r.following.number
	for _, a := range r.answers {
		a()
	}
	r.answers = nil
	return nil
}

// record appends a commit of the facts decided so far and of the cursor.
func (r *Router) record(ctx context.Context) error {
	c := incident.Commit{Inbox: r.inbox, Inputs: r.inputs, At: time.Now().UTC(), Facts: r.facts, Answers: r.told}
	if err := r.insist(ctx, fmt.Sprintf("a commit of %d facts", len(r.facts)), func() error { return r.o.Store.Commit(ctx, c) }); err != nil {
		return err
	}
	r.covered, r.told = r.inbox, nil
	r.following.made(1)
	return nil
}

// cut makes parts of what was ordered, and withdraws those of what was cancelled. An
// update that was planned ahead, since
// some hear of it in a combined one, waits for its moment.
func (r *Router) cut(ctx context.Context) error {
	for _, o := range r.backs { // before it is cut, where a stop came between
		for _, p := range o.parts() {
			if err := r.insist(ctx, "that part "+p.ID()+" is withdrawn", func() error { return r.o.Store.Withdraw(ctx, p) }); err != nil {
				return err
			}
		}
	}
	r.backs = nil
	now := time.Now()
	var ahead []order
	for _, o := range r.orders {
		if o.planned.DueAt.After(now) {
			if !r.overtaken(ctx, o) {
				ahead = append(ahead, o)
			}
			continue
		}
		for _, p := range o.parts() {
			if err := r.insist(ctx, "part "+p.ID(), func() error { return r.o.Store.PutPart(ctx, p) }); err != nil {
				return err
			}
		}
	}
	r.orders = ahead
	return nil
}

// next returns when the loop has something to do by time alone, but none later
// than limit.
func (r *Router) next(limit time.Time) time.Time {
	for _, o := range r.orders {
		if o.planned.DueAt.Before(limit) {
			limit = o.planned.DueAt
		}
	}
	return r.cases.Next(limit)
}
