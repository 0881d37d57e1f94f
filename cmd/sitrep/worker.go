package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/bus"
	"sitrep/router/incident"
	"sitrep/router/selfcheck"
	"sitrep/router/web"
)

// buildWorker builds what only sends: the store, its channels, and what a probe and
// Prometheus ask for. What a caller wants is a router's.
func (d *daemon) buildWorker(ctx context.Context, o daemonOptions) error {
	cfg := o.config
	pack, err := messages(cfg)
	if err != nil {
		return err
	}
	d.config.Store(cfg)
	d.pack.Store(pack)
	registry := prometheus.NewRegistry()
	m := newMetrics(registry, cfg)
	d.metrics = m
	d.store, err = bus.Open(ctx, busOptions(cfg, o))
	if err != nil {
		return err
	}
	d.stop = append(d.stop, d.store.Close)

	// How the channels do is the routers' to judge. That the store takes nothing can
	// be told only by who does not need it.
	d.checker = selfcheck.New(selfcheck.Options{
		Inbox: d.store, Probe: d.store.Probe, Log: o.log,
		Shout: func(ctx context.Context, since time.Time, over bool) { d.crier.Load().store(ctx, since, over) },
		Ails:  func() []incident.Ailment { return nil },
	})
	told := d.herald()
	d.back = newAftermath(cfg, d.store, o.log, o.part, m.fates(told))
	d.wires = &wires{o: o, store: d.store, watch: m.worker(told), back: d.back, all: map[string]*wire{}}
	d.stop = append(d.stop, d.wires.stop)
	if err := d.wires.lay(ctx, cfg); err != nil {
		return err
	}
	d.crier.Store(d.newCrier(cfg, pack))
	d.run(func(ctx context.Context) error { d.checker.Run(ctx); return nil })
	d.back.run(d)
	d.bare = http.NewServeMux()
	d.bare.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "healthy") })
	ready := web.NewReadiness(d.store.Probe)
	d.bare.HandleFunc("GET /-/ready", func(w http.ResponseWriter, r *http.Request) {
		if err := ready.Check(r.Context()); err != nil {
			o.log.Warn("not ready", "err", err)
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, "not ready: the store takes no writes; see the log, and whether the NATS servers run")
			return
		}
		fmt.Fprintln(w, "ready")
	})
	d.bare.Handle("GET /metrics", m.handler())
	return nil
}

// reloadWorker puts a configuration in force as far as a worker goes.
func (d *daemon) reloadWorker(ctx context.Context) error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	if d.stopped {
		return errors.New("sitrep stops")
	}
	next, pack, err := d.readForWorker()
	if err != nil {
		d.metrics.reloaded(false)
		d.o.log.Error("the new configuration is wrong; the old one stays in force", "err", err)
		return err
	}
	if err := d.wires.lay(context.WithoutCancel(ctx), next.config); err != nil {
		d.metrics.reloaded(false)
		return d.lost(fmt.Errorf("open a channel anew: %w", err))
	}
	d.metrics.reloaded(true)
	d.config.Store(next.config)
	d.pack.Store(pack)
	d.back.cfg.Store(next.config)
	d.crier.Store(d.newCrier(next.config, pack))
	d.o.source.took(next)
	d.o.log.Info("the configuration was read again, and is in force")
	return nil
}

func (d *daemon) readForWorker() (next draft, pack *words.Pack, err error) {
	if next, err = d.o.source.load(); err != nil {
		var problems policies.Problems
		if errors.As(err, &problems) { // their lines may hold addresses
			err = fmt.Errorf("it has %s, the first: %s", plural(len(problems), "mistake", "mistakes"), problems[0].Head())
		}
		return next, nil, err
	}
	if err = d.o.part.fits(next.config); err == nil {
		err = checkMail(d.o.part.mail(next.config))
	}
	if err == nil {
		pack, err = messages(next.config)
	}
	return next, pack, err
}
