package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sitrep/policies"
	"sitrep/router/agenda"
)

const (
	// beatTime is how long one heartbeat may take, and beatAgain after how long one that
	// did not get there, or was kept back, is tried again.
	beatTime, beatAgain = 10 * time.Second, 10 * time.Second
	// beatAnswer is how much is read of what the service answers.
	beatAnswer = 64 << 10
)

// beat is one configured heartbeat.
type beat struct {
	every time.Duration
	send  func(context.Context) error
}

// pulse tells a service outside, regularly, that sitrep can do its work; when it hears
// nothing any more it is for that service to say so. Nothing else notices that the place
// where sitrep, Prometheus and Alertmanager stand is gone.
//
//	can sitrep do its work? --no--> nothing is sent; asked again after ten seconds
//	          | yes
//	          v
//	GET the address --2xx--> again `every` after this one began
//	          '--anything else--> again after ten seconds
type pulse struct {
	able    func(context.Context) error
	idle    func() bool // another router is the active one, and beats; nil: there is none
	watch   *pulseMetrics
	log     *slog.Logger
	now     atomic.Pointer[beat] // nil: there is none
	changed chan struct{}
	failing string // what was said last of why none gets there; run alone touches it
}

func newPulse(able func(context.Context) error, watch *pulseMetrics, log *slog.Logger) *pulse {
	return &pulse{able: able, watch: watch, log: log, changed: make(chan struct{}, 1)}
}

// beat is the heartbeat of a configuration; nil where it has none.
func (d *daemon) beat(cfg *policies.Config) (*beat, error) {
	h := cfg.Heartbeat
	if h == nil {
		return nil, nil
	}
	client, err := d.caller("heartbeat", h.HTTP)
	if err != nil {
		return nil, fmt.Errorf("heartbeat: %w", err)
	}
	return &beat{every: h.Every, send: ask(client, secret(h.URL))}, nil
}

// ask calls a web address, and is content with any answer of success. No error repeats
// the address.
func ask(client *http.Client, address func() (string, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		at, err := address()
		if err != nil {
			return err
		}
		// Each of these services takes a GET; not each takes a POST.
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
		if err != nil {
			return errors.New("its address is none")
		}
		answer, err := client.Do(r)
		if err != nil {
			return agenda.Plain(err)
		}
		defer answer.Body.Close()
		_, _ = io.CopyN(io.Discard, answer.Body, beatAnswer)
		if answer.StatusCode/100 != 2 {
			return agenda.Answer(answer.StatusCode)
		}
		return nil
	}
}

// renew puts another heartbeat in force, at once; nil is none.
func (p *pulse) renew(b *beat) {
	p.now.Store(b)
	p.watch.configured.Store(b != nil)
	select {
	case p.changed <- struct{}{}:
	default: // run has that to see yet
	}
}

// run beats until ctx ends.
func (p *pulse) run(ctx context.Context) {
	next := time.NewTimer(time.Hour)
	next.Stop() // the first comes when one is put in force
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.changed:
		case <-next.C:
		}
		b := p.now.Load()
		if b == nil {
			next.Stop()
			continue
		}
		began, again := time.Now(), b.every
		if !p.once(ctx, b) {
			again = min(again, beatAgain)
		}
		next.Reset(max(time.Until(began.Add(again)), 0))
	}
}

// once sends one, where sitrep can do its work, and reports whether it got there.
func (p *pulse) once(ctx context.Context, b *beat) bool {
	if p.idle != nil && p.idle() {
		return false // a standby that is well hides no active one that is not
	}
	late, cancel := context.WithTimeout(ctx, beatTime)
	defer cancel()
	if err := p.able(late); err != nil {
		p.tell(ctx, beatWithheld, "no heartbeat is sent: sitrep cannot do its work", err)
		return false
	}
	if err := b.send(late); err != nil {
		p.tell(ctx, beatFailed, "the heartbeat does not get there; the service outside will say that sitrep is gone", err)
		return false
	}
	p.tell(ctx, beatSent, "", nil)
	return true
}

// tell counts what came of one, and says in the log what is otherwise than before.
func (p *pulse) tell(ctx context.Context, result, text string, err error) {
	if ctx.Err() != nil {
		return // sitrep stops: nothing is wrong
	}
	p.watch.told(result)
	switch {
	case text != "" && text != p.failing:
		p.log.Warn(text, "err", err)
	case text == "" && p.failing != "":
		p.log.Info("the heartbeat gets there again")
	}
	p.failing = text
}

// What came of a heartbeat.
const (
	beatSent     = "sent"
	beatFailed   = "failed"
	beatWithheld = "withheld"
)

// pulseMetrics tell of heartbeats; the moment of the last one only where there are any.
type pulseMetrics struct {
	results    *prometheus.CounterVec
	last       *prometheus.Desc
	at         atomic.Int64 // when the last one got there, Unix seconds; 0: none since the start
	configured atomic.Bool
}

func newPulseMetrics(r *prometheus.Registry) *pulseMetrics {
	m := &pulseMetrics{
		results: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sitrep_heartbeats_total", Help: "Heartbeats to the service outside: sent, failed, withheld (sitrep could not do its work).",
		}, []string{"result"}),
		last: prometheus.NewDesc("sitrep_heartbeat_last_success_timestamp_seconds", "When the last heartbeat got there; 0: none since the start.", nil, nil),
	}
	for _, result := range []string{beatSent, beatFailed, beatWithheld} {
		m.results.WithLabelValues(result)
	}
	r.MustRegister(m.results, m)
	return m
}

func (m *pulseMetrics) told(result string) {
	m.results.WithLabelValues(result).Inc()
	if result == beatSent {
		m.at.Store(time.Now().Unix())
	}
}

func (m *pulseMetrics) Describe(c chan<- *prometheus.Desc) { c <- m.last }

func (m *pulseMetrics) Collect(c chan<- prometheus.Metric) {
	if m.configured.Load() {
		c <- prometheus.MustNewConstMetric(m.last, prometheus.GaugeValue, float64(m.at.Load()))
	}
}
