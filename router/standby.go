package router

import (
	"context"
	"errors"
	"sync"
	"time"

	"sitrep/channels"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// stand follows the active router until the seat is this one's, and returns what ends
// when that is lost. The error says why the commits cannot be followed.
func (r *Router) stand(ctx context.Context) (held context.Context, err error) {
	ctx, cancel := context.WithCancel(ctx)
	commits := make(chan incident.Commit)
	inputs := make(chan []incident.Input)
	seats := make(chan context.Context)
	broken := make(chan error, 1)
	var all sync.WaitGroup
	all.Go(func() { r.sit(ctx, seats) })
	all.Go(func() { r.overhear(ctx, inputs) })
	all.Go(func() {
		broken <- r.o.Share.Chain.Follow(ctx, func(c incident.Commit) error {
			select {
			case commits <- c:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	defer all.Wait()
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case err := <-broken:
			return nil, err
		case held := <-seats:
			return held, nil
		case c := <-commits:
			if r.learn(ctx, c); r.following.recap {
				return nil, errRecap
			}
		case some := <-inputs:
			r.notice(some)
		case do := <-r.asked:
			if err := do(ctx); err != nil {
				return nil, err
			}
		}
	}
}

// errRecap says that the facts begin elsewhere from now on.
var errRecap = errors.New("the active router forgot incidents of long ago")

// sit takes the seat, and hands it on.
func (r *Router) sit(ctx context.Context, seats chan<- context.Context) {
	held, err := r.o.Share.Seat.Take(ctx)
	if err != nil {
		return
	}
	select {
	case seats <- held:
	case <-ctx.Done():
		r.o.Share.Seat.Leave()
	}
}

// overhear brings what comes into the inbox, which the active router decides.
func (r *Router) overhear(ctx context.Context, inputs chan<- []incident.Input) {
	after := r.following.cursor.Load()
	for ctx.Err() == nil {
		err := r.o.Inbox.Inputs(ctx, after, func(seq uint64, some []incident.Input, _ bool) error {
			select {
			case inputs <- some:
				after = seq
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if ctx.Err() == nil {
			r.o.Log.Debug("the inbox is overheard anew", "err", err)
			wait(ctx, time.Second)
			after = max(after, r.following.cursor.Load()) // the active one removes what is decided
		}
	}
}

// abreastLimit is how long a caller waits for what the active router has committed.
const abreastLimit = 2 * time.Second

// Abreast waits until what the active router has committed is seen here too, a little
// while at most: before one that stands by says that there is no such incident, which
// may have been opened a moment ago.
func (r *Router) Abreast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, abreastLimit)
	defer cancel()
	for pause := 10 * time.Millisecond; !r.Active() && ctx.Err() == nil; pause *= 2 {
		behind, err := r.o.Share.Chain.Behind(ctx)
		if err != nil { // which whoever asks whether it is ready is told
			return
		}
		if behind > 0 {
			wait(ctx, pause)
			continue
		}
		learned := make(chan struct{}) // also what was handed over last
		select {
		case r.asked <- func(context.Context) error { close(learned); return nil }:
			<-learned
		case <-ctx.Done():
		}
		return
	}
}

// notice takes in what is no fact, and known to the active router alone.
func (r *Router) notice(inputs []incident.Input) {
	for _, in := range inputs {
		r.o.Share.hear(in)
		r.cases.Notice(in.Alerts, in.At)
	}
	if strays, changed := r.cases.Strays(); changed {
		r.pages.setStrays(strays)
	}
}

// learn takes in a commit of another router, shows what it changed, and answers those
// who wait here for what it decided.
func (r *Router) learn(ctx context.Context, c incident.Commit) {
	f := &r.following
	r.inbox, r.inputs, r.covered = c.Inbox, c.Inputs, c.Inbox
	if c.Recap != nil {
		f.number, f.shown = c.Number, c.Number
		f.recap = !c.Recap.More
		return
	}
	f.read(c)
	touched := map[*casebook.Case]bool{}
	for _, fact := range c.Facts {
		if fact.Added() != nil {
			delete(r.guests.all, fact.Added().Roster)
		}
		if fact.Planned() != nil {
			r.orders = append(r.orders, order{fact.Incident, *fact.Planned(), fact.At})
		}
		if one := r.cases.Remember(fact); one != nil {
			touched[one] = true
		}
	}
	r.requests.note(c.Facts)
	if len(r.orders) > 2000 {
		r.flying()
	}
	var all []*casebook.Case
	for one := range touched {
		all = append(all, one)
		_ = r.welcome(one, func(hash string) (people []channels.Person, err error) {
			err = r.insist(ctx, "a roster", func() (err error) {
				people, err = r.o.Library.Roster(ctx, hash)
				return err
			})
			return people, err
		})
	}
	r.display(all)
	r.tell()
}

// display shows cases as they are now.
func (r *Router) display(cases []*casebook.Case) {
	now := time.Now()
	for _, c := range cases {
		r.publish(c, now)
	}
}
