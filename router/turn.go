package router

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sitrep/router/incident"
	"sitrep/router/schedule"
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
	}
	if len(m.inputs) > 0 {
		r.inbox, r.inputs = m.seq, 0
	}
	if err := r.commit(ctx); err != nil {
		return err
	}
	r.compact(ctx, m)
	return nil
}

// compact forgets inputs that are decided, now and then. Those that made no
// fact would make none again, so the cursor of the last commit may stay behind.
func (r *Router) compact(ctx context.Context, m message) {
	if !m.last || r.inbox == 0 || time.Since(r.compacted) < time.Minute {
		return
	}
	r.compacted = time.Now()
	if err := r.o.Inbox.Compact(ctx, r.inbox); err != nil && ctx.Err() == nil {
		r.o.Log.Warn("decided inputs could not be removed from the inbox; tried again in a minute", "err", err)
	}
}

// input decides one input for every incident that it touches.
func (r *Router) input(ctx context.Context, in incident.Input) error {
	if in.Alerts != nil {
		return r.alerts(ctx, in)
	}
	e := r.ids[in.Target()]
	if e == nil {
		r.answer(in, Decision{Incident: in.Target(), Unknown: true})
		return nil
	}
	before := len(e.timeline)
	if err := r.advance(ctx, e, in); err != nil {
		return err
	}
	if in.Override() {
		d := Decision{Incident: e.s.ID, Facts: e.timeline[before:]}
		for _, f := range d.Facts {
			if f.Refused != nil {
				d.Refused = f.Refused.Reason
			}
		}
		r.answer(in, d)
	}
	return nil
}

// alerts gives each service its own. They may be committed service by service:
// what was decided before a crash is a repeat after it.
func (r *Router) alerts(ctx context.Context, in incident.Input) error {
	byService := map[string][]incident.Observation{}
	var order []string
	unmatched := 0
	for _, o := range in.Alerts {
		service := r.policy.serviceOf(o.Labels)
		if service == "" {
			unmatched++
			continue
		}
		r.warnSeverity(o)
		if byService[service] == nil {
			order = append(order, service)
		}
		byService[service] = append(byService[service], o)
	}
	if unmatched > 0 && r.o.Watch.Unmatched != nil {
		r.o.Watch.Unmatched(unmatched)
	}
	for _, service := range order {
		part := in
		part.Alerts = byService[service]
		if err := r.advance(ctx, r.serviceEntry(service, in.At), part); err != nil {
			return err
		}
	}
	return nil
}

func (r *Router) warnSeverity(o incident.Observation) {
	severity := o.Labels["severity"]
	if _, ok := r.policy.Severities.Rank(severity); ok || severity == "none" || r.warned[severity] || len(r.warned) > 100 {
		return
	}
	r.warned[severity] = true
	r.o.Log.Warn("alerts with a severity that is not configured count as the lowest", "severity", severity, "lowest", r.policy.Severities.Name(0))
}

// tick judges and plans whatever time has made due.
func (r *Router) tick(ctx context.Context, now time.Time) error {
	for e := r.wakes.due(now); e != nil; e = r.wakes.due(now) {
		if err := r.advance(ctx, e, incident.Input{At: now.UTC()}); err != nil {
			return err
		}
	}
	return r.commit(ctx)
}

// advance decides an input for one incident, plans what is due by then, and
// notes when to look at it again.
func (r *Router) advance(ctx context.Context, e *entry, in incident.Input) error {
	facts := incident.Advance(r.policy.rules(e.s.Service, r.opened+1), e.s, in)
	for _, f := range facts {
		r.decided(e, f)
	}
	if err := r.plan(ctx, e, in.At); err != nil {
		return err
	}
	r.index(e, in.At)
	if e.s.ID == "" && len(e.s.Alerts) == 0 {
		r.wakes.set(e, time.Time{})
		delete(r.services, e.s.Service)
	}
	if r.size > bigCommit {
		return r.commit(ctx)
	}
	return nil
}

// decided remembers a fact that Advance has applied, for the next commit.
func (r *Router) decided(e *entry, f incident.Fact) {
	r.note(e, f)
	r.facts = append(r.facts, f)
	r.size += sizeOf(f)
	r.touched[e] = true
}

// sizeOf guesses how large a fact is, encoded.
func sizeOf(f incident.Fact) int {
	n := 300
	switch {
	case f.Fired != nil:
		n += len(f.Fired.Alert.Summary)
		for k, v := range f.Fired.Alert.Labels {
			n += len(k) + len(v) + 6
		}
	case f.Planned != nil:
		n += 600 + 40*len(f.Planned.Roster)
	case f.Said != nil:
		for _, t := range f.Said.Texts {
			n += len(t)
		}
	}
	return n
}

// plan orders the updates of one incident that are due.
func (r *Router) plan(ctx context.Context, e *entry, now time.Time) error {
	for range maxRounds {
		due, _, _ := schedule.Plan(r.policy.schedule, e.s, now)
		if len(due) == 0 {
			return nil
		}
		for _, d := range due {
			f, err := r.order(ctx, e, d, now)
			if err != nil {
				return err
			}
			incident.Apply(e.s, f)
			r.decided(e, f)
			if f.Planned != nil {
				r.orders = append(r.orders, order{e.s.ID, *f.Planned, now})
				if r.o.Watch.Lateness != nil {
					r.o.Watch.Lateness(max(now.Sub(d.At), 0))
				}
			}
		}
	}
	r.o.Log.Error("planning does not come to rest; it goes on with the next input", "incident", e.s.ID)
	return nil
}

// maxRounds bounds how often one moment is planned for one incident. What is
// planned is not due any more, so two are enough; a fault here must not stop
// every other incident.
const maxRounds = 10

// index notes when time alone will make something true of an incident.
func (r *Router) index(e *entry, now time.Time) {
	due, _, wake := schedule.Plan(r.policy.schedule, e.s, now)
	if len(due) > 0 { // at a start: it fell due while nobody was here
		wake = now
	}
	if at := incident.Wake(r.policy.rules(e.s.Service, r.opened+1), e.s); wake.IsZero() || (!at.IsZero() && at.Before(wake)) {
		wake = at
	}
	r.wakes.set(e, wake)
}

// commit stores the facts decided so far, cuts what they ordered, shows the new
// state, and answers those who wait.
func (r *Router) commit(ctx context.Context) error {
	if len(r.facts) > 0 {
		c := incident.Commit{Inbox: r.inbox, Inputs: r.inputs, At: time.Now().UTC(), Facts: r.facts}
		if err := r.insist(ctx, fmt.Sprintf("a commit of %d facts", len(r.facts)), func() error { return r.o.Store.Commit(ctx, c) }); err != nil {
			return err
		}
		if r.o.Watch.Fact != nil {
			for _, f := range r.facts {
				r.o.Watch.Fact(f)
			}
		}
		r.facts, r.size = nil, 0
	}
	if err := r.cut(ctx); err != nil {
		return err
	}
	now := time.Now()
	for e := range r.touched {
		r.publish(e, now)
	}
	clear(r.touched)
	for _, a := range r.answers {
		a()
	}
	r.answers = nil
	return nil
}

// cut makes parts of what was ordered.
func (r *Router) cut(ctx context.Context) error {
	for _, o := range r.orders {
		for _, p := range o.parts() {
			if err := r.insist(ctx, "part "+p.ID(), func() error { return r.o.Store.PutPart(ctx, p) }); err != nil {
				return err
			}
		}
	}
	r.orders = slices.Delete(r.orders, 0, len(r.orders))
	return nil
}
