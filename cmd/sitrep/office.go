package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sitrep/router"
	"sitrep/router/bus"
	"sitrep/router/incident"
)

// office is this process among the routers on a store. Where the store is in this
// process there are no others.
type office struct {
	d    *daemon
	seat *bus.Seat // nil: no others
	// sum tells one configuration from another, also where two machines name their
	// files differently, and says nothing of what is in it.
	sum    atomic.Pointer[string]
	served atomic.Bool // this router was the active one, and no other was heard of since
}

// openOffice takes this process in among the routers, and returns what its router
// shares with them; nil: nothing.
func (d *daemon) openOffice(ctx context.Context, r *prometheus.Registry) (*router.Share, error) {
	o := &office{d: d}
	d.office = o
	o.weigh()
	taken := prometheus.NewCounter(prometheus.CounterOpts{Name: "sitrep_router_handovers_total", Help: "How often this process became the active router."})
	r.MustRegister(taken, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sitrep_router_active", Help: "1 where the router of this process is the active one; of all on a store, one is.",
	}, func() float64 { return number(d.router.Active()) }), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sitrep_router_config_differs", Help: "1 where another configuration is in force here than at the active router.",
	}, func() float64 { return number(o.differs()) }))
	if !d.o.config.NATS.External() {
		taken.Inc()
		return nil, nil
	}
	var err error
	if o.seat, err = d.store.Seat(ctx, d.store.Name(), func() string { return *o.sum.Load() }); err != nil {
		return nil, err
	}
	return &router.Share{
		Seat: o.seat, Chain: d.store,
		Heard: func(alerts []incident.Observation, at time.Time) {
			if s := d.handler.server.Load(); s != nil { // else nobody was answered yet
				s.Heard(alerts, at)
			}
		},
		Seated: func(active bool) {
			if active {
				taken.Inc()
				o.served.Store(true)
			}
		},
	}, nil
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// weigh notes which configuration is in force.
func (o *office) weigh() {
	sum := ""
	if s := o.d.o.source; s != nil {
		data := []byte(o.d.config.Load().Global.ExternalURL)
		for _, one := range s.sums() {
			data = append(data, one...)
		}
		for _, own := range o.d.own {
			data = fmt.Append(data, own)
		}
		sum = o.d.store.Key().Content(data)
	}
	o.sum.Store(&sum)
}

// sums are those of the files in force, in an order that does not follow their names.
func (s *source) sums() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash := func(data []byte) string { sum := sha256.Sum256(data); return hex.EncodeToString(sum[:]) }
	for data := range maps.Values(s.good) {
		all = append(all, hash(data))
	}
	slices.Sort(all)
	return append(all, hash(s.main))
}

// differs reports whether the active router has another configuration.
func (o *office) differs() bool {
	if o.seat == nil {
		return false
	}
	s := o.seat.Sitting()
	return s.Name != "" && s.Name != o.d.store.Name() && s.Config != *o.sum.Load()
}

// foremost reports whether this router is the active one, or was the last that is
// known to have been: where the store is gone, nobody is it, and somebody is to tell.
func (o *office) foremost() bool {
	if o.d.router.Active() {
		return true
	}
	s := o.seat.Sitting()
	return o.served.Load() && (s.Name == "" || s.Name == o.d.store.Name())
}

// standing says what this router is, for whoever asks.
func (o *office) standing() string {
	switch s := o.seat; {
	case o.d.router.Active():
		return "active"
	case s == nil || s.Sitting().Name == "" || s.Sitting().Name == o.d.store.Name():
		return "standby"
	default:
		return "standby of " + s.Sitting().Name
	}
}

const (
	// officeLook is how often it is looked who is the active router.
	officeLook = 500 * time.Millisecond
	// followFor is how long a router that stands by may know less than there is.
	followFor = 10 * time.Second
)

// whileActive does something while this router is the active one, each time.
func (o *office) whileActive(do func(context.Context)) func(context.Context) error {
	return func(ctx context.Context) error {
		if o.seat == nil {
			do(ctx)
			return nil
		}
		for ctx.Err() == nil {
			if !o.d.router.Active() {
				pass(ctx, officeLook)
				continue
			}
			turn, end := context.WithCancel(ctx)
			done := make(chan struct{})
			go func() { defer close(done); do(turn) }()
			for ctx.Err() == nil && o.d.router.Active() {
				pass(ctx, officeLook)
			}
			end()
			<-done
		}
		return nil
	}
}

func pass(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// watch says what whoever runs several routers wants to know, until ctx ends.
func (o *office) watch(ctx context.Context) error {
	if o.seat == nil {
		return nil
	}
	said, told := "", time.Time{}
	for ; ctx.Err() == nil; pass(ctx, 2*time.Second) {
		if err := o.d.links.renew(ctx); err != nil && ctx.Err() == nil {
			o.d.o.log.Debug("up to when links were revoked is not known anew", "err", err)
		}
		s := o.seat.Sitting()
		if s.Name != "" && s.Name != o.d.store.Name() {
			o.served.Store(false)
			if s.Name != said {
				o.d.o.log.Info("another router is the active one; this one stands by", "active", s.Name, "since", s.Since)
			}
			said = s.Name
		}
		if !o.differs() {
			told = time.Time{}
		} else if told.IsZero() {
			told = time.Now()
		} else if since := time.Since(told); since > time.Minute && since < time.Minute+3*time.Second { // a reload goes from one to the next
			o.d.o.log.Warn("another configuration is in force here than at the active router: give both the same, and reload", "active", s.Name)
		}
	}
	return nil
}

// lag remembers since when this process knows less than there is.
type lag struct{ since atomic.Int64 }

// late returns an error where that is so for too long.
func (l *lag) late(ctx context.Context, store *bus.Bus) error {
	n, err := store.Behind(ctx)
	if err != nil || n == 0 {
		l.since.Store(0)
		return err
	}
	l.since.CompareAndSwap(0, time.Now().UnixNano())
	if since := time.Unix(0, l.since.Load()); time.Since(since) > followFor {
		return fmt.Errorf("this router stands by, and knows %d commits less than there are", n)
	}
	return nil
}
