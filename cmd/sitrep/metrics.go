package main

import (
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/version"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/router"
	"sitrep/router/incident"
	"sitrep/router/web"
)

// metrics are what sitrep tells of itself. No label holds an address, a name of
// a person, or anything that an alert brought.
type metrics struct {
	webhooks    *prometheus.CounterVec
	alerts      *prometheus.CounterVec
	unmatched   prometheus.Counter
	facts       *prometheus.CounterVec
	promises    *prometheus.CounterVec
	updates     *prometheus.CounterVec
	lateness    prometheus.Histogram
	attempts    *prometheus.CounterVec
	attemptTime *prometheus.HistogramVec
	registry    *prometheus.Registry
}

func newMetrics(r *prometheus.Registry, cfg *policies.Config) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sitrep_" + name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	m := &metrics{
		registry:  r,
		webhooks:  counter("webhooks_total", "Webhooks of Alertmanager, by the status they were answered.", "code"),
		alerts:    counter("webhook_alerts_total", "Alerts in webhooks: stored, repeated (known and unchanged), truncated (left out by Alertmanager).", "fate"),
		unmatched: prometheus.NewCounter(prometheus.CounterOpts{Name: "sitrep_alerts_unmatched_total", Help: "Alerts that belong to no service."}),
		facts:     counter("facts_total", "Facts, by kind.", "fact"),
		promises:  counter("promises_total", "Promises of a next update, by audience: made, kept, broken, held (broken by a person who held or paused the audience). One that proves kept after it counted as broken counts as both.", "audience", "fate"),
		updates:   counter("updates_total", "Updates planned.", "audience", "kind"),
		lateness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sitrep_update_lateness_seconds", Help: "How long after it was due an update was planned.",
			Buckets: []float64{.01, .05, .25, 1, 5, 15, 60, 300, 1800, 7200},
		}),
		attempts: counter("delivery_attempts_total", "Attempts to deliver, by the state they led to and the class of the failure.", "channel", "state", "class"),
		attemptTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sitrep_delivery_attempt_duration_seconds", Help: "How long an attempt took on the wire.",
			Buckets: []float64{.005, .025, .1, .5, 2, 10, 30, 120, 600},
		}, []string{"channel"}),
	}
	// A counter that first appears at 1 hides its first event from increase().
	for _, a := range cfg.Audiences {
		for _, fate := range []string{"made", "kept", "broken", "held"} {
			m.promises.WithLabelValues(a.Name, fate)
		}
	}
	for _, code := range []string{"202", "400", "401", "403", "413", "503"} {
		m.webhooks.WithLabelValues(code)
	}
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sitrep_build_info", Help: "What this is; always 1."}, []string{"version", "goversion"})
	info.WithLabelValues(versionText(), runtime.Version()).Set(1)
	r.MustRegister(m.unmatched, m.lateness, m.attemptTime, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// incidents counts what is open when somebody looks.
func (m *metrics) incidents(r *router.Router, watchdogs []policies.Watchdog) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sitrep_incidents_open", Help: "Incidents that people are being told about.",
	}, func() float64 {
		open := 0
		for _, p := range r.Incidents() {
			if p.Open && p.PartOf == "" {
				open++
			}
		}
		return float64(open)
	}), silence{r, prometheus.NewDesc("sitrep_longest_silence_seconds", "Longest time between two updates of the open incidents, the present one included.", []string{"audience"}, nil)},
		silentDogs{r, watchdogs, prometheus.NewDesc("sitrep_watchdog_silent_seconds", "For how long a watchdog has not been heard; 0 while it is, and while it may be absent.", []string{"watchdog"}, nil)})
}

// silentDogs tells which watchdogs are not heard.
type silentDogs struct {
	router *router.Router
	all    []policies.Watchdog
	desc   *prometheus.Desc
}

func (s silentDogs) Describe(c chan<- *prometheus.Desc) { c <- s.desc }

func (s silentDogs) Collect(c chan<- prometheus.Metric) {
	silent, seen := s.router.Silent(), map[string]bool{}
	for _, w := range s.all {
		name, silence := w.String(), 0.0
		if since, is := silent[name]; is {
			silence = time.Since(since).Seconds()
		}
		if !seen[name] { // it may stand in the file twice
			c <- prometheus.MustNewConstMetric(s.desc, prometheus.GaugeValue, silence, name)
		}
		seen[name] = true
	}
}

// silence tells the longest time between two updates of the open incidents, by
// audience, when somebody looks.
type silence struct {
	router *router.Router
	desc   *prometheus.Desc
}

func (s silence) Describe(c chan<- *prometheus.Desc) { c <- s.desc }

func (s silence) Collect(c chan<- prometheus.Metric) {
	longest := map[string]time.Duration{}
	for _, p := range s.router.Incidents() {
		if !p.Open || p.PartOf != "" { // another tells of it
			continue
		}
		for _, a := range p.Audiences {
			if a.Told {
				longest[a.Name] = max(longest[a.Name], a.LongestSilence, time.Since(a.LastAt))
			}
		}
	}
	for name, d := range longest {
		c <- prometheus.MustNewConstMetric(s.desc, prometheus.GaugeValue, d.Seconds(), name)
	}
}

func (m *metrics) handler(r *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

func (m *metrics) router(onFact func(incident.Fact)) router.Watch {
	return router.Watch{
		Unmatched: func(n int) { m.unmatched.Add(float64(n)) },
		Lateness:  func(d time.Duration) { m.lateness.Observe(d.Seconds()) },
		Fact: func(f incident.Fact) {
			m.facts.WithLabelValues(f.Name()).Inc()
			switch {
			case f.Planned != nil:
				m.updates.WithLabelValues(f.Planned.Audience, string(f.Planned.Kind)).Inc()
				if !f.Planned.PromiseAt.IsZero() && !f.Planned.CatchUp {
					m.promises.WithLabelValues(f.Planned.Audience, "made").Inc()
				}
			case f.Kept != nil:
				m.promises.WithLabelValues(f.Kept.Audience, "kept").Inc()
			case f.Broken != nil:
				fate := "broken"
				if f.Broken.Held != "" {
					fate = "held"
				}
				m.promises.WithLabelValues(f.Broken.Audience, fate).Inc()
			}
			onFact(f)
		},
	}
}

func (m *metrics) worker() channels.Watch {
	return channels.Watch{Outcome: func(channel string, to channels.State, class channels.Class, _ string, took time.Duration) {
		m.attempts.WithLabelValues(channel, string(to), string(class)).Inc()
		m.attemptTime.WithLabelValues(channel).Observe(took.Seconds())
	}}
}

func (m *metrics) web() web.Watch {
	return web.Watch{Webhook: func(status, alerts, stored int, truncated uint64) {
		m.webhooks.WithLabelValues(strconv.Itoa(status)).Inc()
		m.alerts.WithLabelValues("stored").Add(float64(stored))
		if status == http.StatusAccepted {
			m.alerts.WithLabelValues("repeated").Add(float64(alerts - stored))
		}
		m.alerts.WithLabelValues("truncated").Add(float64(truncated))
	}}
}

// versionText is the version as the build set it.
func versionText() string {
	if version.Version == "" {
		return "0.1.0-dev"
	}
	return version.Version
}
