package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sitrep/policies"
)

// inForce tells which configuration is: the first two are named as Prometheus names
// its own.
type inForce struct {
	successful, at prometheus.Gauge
	refusedRosters *prometheus.GaugeVec
	auditBroken    prometheus.Gauge
	drifts         *prometheus.GaugeVec
}

func newInForce(r *prometheus.Registry, cfg *policies.Config) *inForce {
	gauge := func(name, help string) prometheus.GaugeOpts {
		return prometheus.GaugeOpts{Name: "sitrep_" + name, Help: help}
	}
	f := &inForce{
		successful:     prometheus.NewGauge(gauge("config_last_reload_successful", "Whether the last reload of the configuration was successful.")),
		at:             prometheus.NewGauge(gauge("config_last_reload_success_timestamp_seconds", "When the configuration in force was loaded.")),
		refusedRosters: prometheus.NewGaugeVec(gauge("recipients_file_refused", "1 where a recipients file changed and is not used as it is now: the last good one is."), []string{"file"}),
		auditBroken:    prometheus.NewGauge(gauge("audit_broken", "1 where the last lines of the audit were found not to be as they were written, at the start.")),
	}
	if cfg.NATS.External() {
		f.drifts = prometheus.NewGaugeVec(gauge("nats_drift", "What of a stream, a consumer or the NATS servers is not as it is wanted: how many settings."), []string{"what"})
		r.MustRegister(f.drifts)
	}
	r.MustRegister(f.successful, f.at, f.refusedRosters, f.auditBroken)
	f.reloaded(true)
	f.rosters(cfg.RecipientsFiles, nil)
	return f
}

// drift tells of what how much is not as it is wanted.
func (f *inForce) drift(count map[string]int) {
	f.drifts.Reset()
	for what, n := range count {
		f.drifts.WithLabelValues(what).Set(float64(n))
	}
}

// reloaded tells how the last reload went; the start is the first.
func (f *inForce) reloaded(well bool) {
	if !well {
		f.successful.Set(0)
		return
	}
	f.successful.Set(1)
	f.at.Set(float64(time.Now().Unix()))
}

// rosters tells which recipients files are not used as they are.
func (f *inForce) rosters(all, broken []string) {
	f.refusedRosters.Reset()
	for _, file := range all {
		f.refusedRosters.WithLabelValues(file).Set(0)
	}
	for _, file := range broken {
		f.refusedRosters.WithLabelValues(file).Set(1)
	}
}

// auditWhole tells whether the audit was as it was written.
func (f *inForce) auditWhole(whole bool) {
	if !whole {
		f.auditBroken.Set(1)
	}
}
