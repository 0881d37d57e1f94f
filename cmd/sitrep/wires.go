package main

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"sitrep/channels"
	"sitrep/channels/email"
	"sitrep/channels/sms"
	"sitrep/policies"
	"sitrep/router/bus"
	"sitrep/router/reply"
	"sitrep/router/web"
)

// wires are the configured channels: of each the worker, and what it sends by.
// Only one goroutine at a time changes them.
type wires struct {
	o     daemonOptions
	store *bus.Bus
	watch channels.Watch
	back  *aftermath
	all   map[string]*wire
	peers atomic.Int64 // how many processes send SMS
}

// users is how many processes share the SMS account.
func (w *wires) users() int { return int(w.peers.Load()) }

type wire struct {
	*exchange
	made  any // what the sender was made of
	terms terms
	queue *bus.Queue
	stop  func() // the worker's; returns when it is stopped
	apart func() // who shares the account is not looked for any more; may be nil
}

// leave says that this process shares the account no more.
func (w *wire) leave() {
	if w.apart != nil {
		w.apart()
	}
}

// terms are what a worker keeps for its life.
type terms struct {
	sessions, perIncident, perDay int
	zone                          string // of the day
	unsubscribe, links            string // what their addresses begin with
}

// plan is a channel as a configuration wants it.
type plan struct {
	name  string
	made  any
	terms terms
	zone  *time.Location
	make  func() sender
}

// plans are the channels of a configuration.
func (w *wires) plans(cfg *policies.Config) []plan {
	var all []plan
	if c := cfg.Email; c != nil && w.o.part.sends(channels.Email) {
		made := struct {
			Email        policies.Email
			Organisation string
		}{*c, cfg.Global.Organisation}
		all = append(all, plan{
			name: channels.Email, made: made, terms: terms{sessions: c.Sessions, unsubscribe: below(cfg.Global, web.UnsubscribePath), links: below(cfg.Global, reply.PagePath)},
			make: func() sender { return email.New(mailSender(cfg, w.o.smtp)) },
		})
	}
	if c := cfg.SMS; c != nil && w.o.part.sends(channels.SMS) {
		made := struct {
			SMS    policies.SMS
			Status string
		}{*c, below(cfg.Global, sms.StatusPath)}
		all = append(all, plan{
			name: channels.SMS, made: made, zone: cfg.Global.TimeZone,
			terms: terms{sessions: c.Sessions, perIncident: c.BudgetPerIncident, perDay: c.BudgetPerDay, zone: cfg.Global.TimeZone.String()},
			make: func() sender {
				var accounts []*sms.Sender
				for _, a := range smsSenders(cfg, w.o.twilio, w.users) {
					accounts = append(accounts, sms.New(a))
				}
				providers := sms.NewProviders(accounts...)
				w.back.asks(providers.Ask)
				return providers
			},
		})
	}
	return all
}

// lay brings the channels to what a configuration wants. What did not change is
// left alone. A changed sender takes the place of the old one while its worker
// goes on; where the worker's own terms changed, it ends as in a stop of sitrep,
// and another goes on where it was.
func (w *wires) lay(ctx context.Context, cfg *policies.Config) error {
	wanted := map[string]plan{}
	var gone []*wire
	for _, p := range w.plans(cfg) {
		wanted[p.name] = p
	}
	for name, one := range w.all {
		if p, stays := wanted[name]; !stays || p.terms != one.terms {
			gone = append(gone, one)
			delete(w.all, name)
		}
	}
	end(gone)
	for name, p := range wanted {
		one := w.all[name]
		if one != nil {
			if !reflect.DeepEqual(one.made, p.made) {
				one.put(p.make())
				one.made = p.made
			}
			continue
		}
		one, err := w.open(ctx, p)
		if err != nil {
			return err
		}
		w.all[name] = one
	}
	return nil
}

// open starts a channel.
func (w *wires) open(ctx context.Context, p plan) (*wire, error) {
	one := &wire{exchange: newExchange(p.make()), made: p.made, terms: p.terms}
	var err error
	if p.name == channels.SMS {
		if one.apart, err = w.store.Peers(ctx, p.name, func(n int) { w.peers.Store(int64(n)) }); err != nil {
			one.Close()
			return nil, err
		}
	}
	if one.queue, err = w.store.Queue(ctx, p.name); err != nil {
		one.leave()
		one.Close()
		return nil, err
	}
	worker := channels.NewWorker(channels.WorkerOptions{
		Name: w.store.Name(), Channel: p.name, Ahead: w.ahead(p.name), Sessions: p.terms.sessions,
		Sender: one, Queue: one.queue, Ledger: w.store, Library: w.store, Receipts: w.store,
		Budget: channels.Budget{PerIncident: p.terms.perIncident, PerDay: p.terms.perDay, Zone: p.zone, Shared: w.o.config.NATS.External()}, Spending: w.store, Key: w.store.Key(), Log: w.o.log, Watch: w.back.watch(w.watch),
		Suppressed: w.store.Suppressed, Unreachable: w.back.unreachable, UnsubscribeURL: p.terms.unsubscribe, LinkURL: p.terms.links,
	})
	if err := one.queue.Answer(worker.Holds); err != nil {
		one.queue.Close()
		one.leave()
		one.Close()
		return nil, err
	}
	one.stop = launch(nil, func(ctx context.Context) error { worker.Run(ctx); return nil })
	return one, nil
}

// ahead is how much a worker takes before it lets others have some: what keeps it busy
// until it has more. An SMS account is slow, so one part is enough.
func (w *wires) ahead(channel string) int {
	switch {
	case !w.o.config.NATS.External():
		return 0 // nobody shares the work
	case channel == channels.SMS:
		return 1
	}
	return 500
}

// end stops channels, all at once: each may wait for its wire for as long as a stop
// may take.
func end(all []*wire) {
	var done sync.WaitGroup
	for _, one := range all {
		done.Go(func() {
			one.stop()
			one.queue.Close()
			one.leave()
			one.Close()
		})
	}
	done.Wait()
}

// stop ends all of them.
func (w *wires) stop() {
	var all []*wire
	for _, one := range w.all {
		all = append(all, one)
	}
	w.all = nil
	end(all)
}

// launch starts what ends when its context does, all of it at once, and returns
// what ends it. Failed gets the error of one that ended by itself.
func launch(failed chan<- error, all ...func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	for _, f := range all {
		done.Go(func() {
			if err := f(ctx); err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	return func() { cancel(); done.Wait() }
}

// signing is by what mail is signed; nil where it is not.
func signing(d *policies.DKIM) *email.DKIM {
	if d == nil {
		return nil
	}
	key := secret(d.Key)
	return &email.DKIM{Domain: d.Domain, Selector: d.Selector, Key: func() ([]byte, error) {
		pem, err := key()
		return []byte(pem), err
	}}
}
