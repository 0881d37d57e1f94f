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
	"sitrep/channels/sms"
	"sitrep/policies"
	"sitrep/router"
	"sitrep/router/incident"
	"sitrep/router/selfcheck"
	"sitrep/router/web"
)

// metrics are what sitrep tells of itself. No label holds an address, a name of
// a person, or anything that an alert brought.
type metrics struct {
	webhooks    *prometheus.CounterVec
	refused     *prometheus.CounterVec
	alerts      *prometheus.CounterVec
	unmatched   prometheus.Counter
	facts       *prometheus.CounterVec
	promises    *prometheus.CounterVec
	updates     *prometheus.CounterVec
	lateness    *prometheus.HistogramVec
	delay       *prometheus.HistogramVec
	attempts    *prometheus.CounterVec
	attemptTime *prometheus.HistogramVec
	later       *prometheus.CounterVec
	spent       *prometheus.GaugeVec
	waiting     *prometheus.GaugeVec
	oldest      *prometheus.GaugeVec
	ready       prometheus.Gauge
	pulse       *pulseMetrics
	*inForce
	registry *prometheus.Registry
}

func newMetrics(r *prometheus.Registry, cfg *policies.Config) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sitrep_" + name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sitrep_" + name, Help: help}, labels)
		r.MustRegister(g)
		return g
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sitrep_" + name, Help: help, Buckets: buckets}, labels)
		r.MustRegister(h)
		return h
	}
	m := &metrics{
		later:     counter("deliveries_later_total", "What became of deliveries after they were accepted, as far as it was told: delivered, failed.", "channel", "state"),
		spent:     gauge("budget_spent_messages", "Messages that count for the budget of the day.", "channel"),
		waiting:   gauge("deliveries_waiting", "Deliveries that are to be made yet.", "channel"),
		oldest:    gauge("deliveries_oldest_seconds", "How long ago the oldest of them was planned; 0 where there is none.", "channel"),
		registry:  r,
		webhooks:  counter("webhooks_total", "Webhooks of Alertmanager, by the status they were answered.", "code"),
		refused:   counter("http_refused_total", "Requests that were refused at the door, by the reason: no_login, wrong_login, too_many_wrong, too_fast and so on.", "reason"),
		alerts:    counter("webhook_alerts_total", "Alerts in webhooks: stored, repeated (known and unchanged), truncated (left out by Alertmanager).", "fate"),
		inForce:   newInForce(r, cfg),
		pulse:     newPulseMetrics(r),
		ready:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "sitrep_ready", Help: "Whether sitrep could do its work when it last tried, every half minute: its store took a write, and its router goes on."}),
		unmatched: prometheus.NewCounter(prometheus.CounterOpts{Name: "sitrep_alerts_unmatched_total", Help: "Alerts that belong to no service."}),
		facts:     counter("facts_total", "Facts, by kind.", "fact"),
		promises:  counter("promises_total", "Promises of a next update, by audience: made, kept, broken, held (broken by a person who held or paused the audience). One that proves kept after it counted as broken counts as both.", "audience", "fate"),
		updates:   counter("updates_total", "Updates planned.", "audience", "kind"),
		lateness: histogram("update_lateness_seconds", "How long after it was due an update was planned.",
			[]float64{.01, .05, .25, 1, 5, 15, 60, 300, 1800, 7200, 28800, 86400}, "audience"), // a store that was full over night
		delay: histogram("delivery_delay_seconds", "How long after its update was planned a delivery was accepted by the mail server or the provider; audience may be a team.",
			[]float64{.1, .5, 2, 5, 15, 30, 60, 120, 300, 900, 3600, 14400, 86400, 172800}, "audience", "channel"), // a worker tries for two days
		attempts: counter("delivery_attempts_total", "Attempts to deliver, by the state they led to and the class of the failure.", "channel", "state", "class"),
		attemptTime: histogram("delivery_attempt_duration_seconds", "How long an attempt took on the wire.",
			[]float64{.005, .025, .1, .5, 2, 10, 30, 120, 600}, "channel"),
	}
	m.audiences(cfg)
	for _, code := range []string{"202", "400", "401", "403", "413", "503"} {
		m.webhooks.WithLabelValues(code)
	}
	for _, reason := range web.Reasons {
		m.refused.WithLabelValues(string(reason))
	}
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sitrep_build_info", Help: "What this is; always 1."}, []string{"version", "goversion"})
	info.WithLabelValues(versionText(), runtime.Version()).Set(1)
	r.MustRegister(m.unmatched, m.ready, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// audiences makes what is counted of each: a counter that first appears at 1 hides
// its first event from increase().
func (m *metrics) audiences(cfg *policies.Config) {
	for _, a := range cfg.Audiences {
		for _, fate := range []string{"made", "kept", "broken", "held"} {
			m.promises.WithLabelValues(a.Name, fate)
		}
		m.lateness.WithLabelValues(a.Name)
		for _, channel := range a.Channels {
			m.delay.WithLabelValues(a.Name, channel)
		}
	}
}

// able tells whether sitrep could do its work.
func (m *metrics) able(well bool) {
	m.ready.Set(0)
	if well {
		m.ready.Set(1)
	}
}

// incidents counts what is open when somebody looks.
func (m *metrics) incidents(r *router.Router, watchdogs func() []policies.Watchdog) {
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
	}), ailing{r, prometheus.NewDesc("sitrep_ailing", "What of sitrep itself does not work; 1 while it does not.", []string{"what", "channel"}, nil)},
		silence{r, prometheus.NewDesc("sitrep_longest_silence_seconds", "Longest time between two updates of the open incidents, the present one included.", []string{"audience"}, nil)},
		silentDogs{r, watchdogs, prometheus.NewDesc("sitrep_watchdog_silent_seconds", "For how long a watchdog has not been heard; 0 while it is, and while it may be absent.", []string{"watchdog"}, nil)})
}

// ailing tells what ails.
type ailing struct {
	router *router.Router
	desc   *prometheus.Desc
}

func (a ailing) Describe(c chan<- *prometheus.Desc) { c <- a.desc }

func (a ailing) Collect(c chan<- prometheus.Metric) {
	seen := map[[2]string]bool{}
	for _, one := range a.router.Ails() {
		if key := [2]string{one.What, one.Channel}; !seen[key] { // budgets of several incidents
			seen[key] = true
			c <- prometheus.MustNewConstMetric(a.desc, prometheus.GaugeValue, 1, one.What, one.Channel)
		}
	}
	for _, what := range []string{incident.AilingWebhook, incident.AilingRecipients, incident.AilingCalendar, incident.AilingEntries} { // these are of no channel
		if key := [2]string{what, ""}; !seen[key] {
			c <- prometheus.MustNewConstMetric(a.desc, prometheus.GaugeValue, 0, what, "")
		}
	}
}

// silentDogs tells which watchdogs are not heard.
type silentDogs struct {
	router *router.Router
	all    func() []policies.Watchdog
	desc   *prometheus.Desc
}

func (s silentDogs) Describe(c chan<- *prometheus.Desc) { c <- s.desc }

func (s silentDogs) Collect(c chan<- prometheus.Metric) {
	silent, seen := s.router.Silent(), map[string]bool{}
	for _, w := range s.all() {
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

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) router(onFact func(incident.Fact)) router.Watch {
	return router.Watch{
		Unmatched: func(n int) { m.unmatched.Add(float64(n)) },
		Lateness: func(audience string, d time.Duration) {
			m.lateness.WithLabelValues(audience).Observe(d.Seconds())
		},
		Fact: func(f incident.Fact) {
			m.facts.WithLabelValues(f.Name()).Inc()
			switch {
			case f.Planned() != nil:
				m.updates.WithLabelValues(f.Planned().Audience, string(f.Planned().Kind)).Inc()
				if !f.Planned().PromiseAt.IsZero() && !f.Planned().CatchUp {
					m.promises.WithLabelValues(f.Planned().Audience, "made").Inc()
				}
			case f.Kept() != nil:
				m.promises.WithLabelValues(f.Kept().Audience, "kept").Inc()
			case f.Broken() != nil:
				fate := "broken"
				if f.Broken().Held != "" {
					fate = "held"
				}
				m.promises.WithLabelValues(f.Broken().Audience, fate).Inc()
			}
			onFact(f)
		},
	}
}

// listener is told how channels do.
type listener interface {
	Attempt(channel string, class channels.Class, code string)
	Spent(channel string, s channels.Spent)
	Backlog(channel string, b channels.Backlog)
	Fate(channel string, state channels.State, code string, stops bool)
}

func (m *metrics) worker(c listener) channels.Watch {
	return channels.Watch{
		Outcome: func(channel string, to channels.State, class channels.Class, code string, took time.Duration) {
			m.attempts.WithLabelValues(channel, string(to), string(class)).Inc()
			m.attemptTime.WithLabelValues(channel).Observe(took.Seconds())
			c.Attempt(channel, class, code)
		},
		Told: func(channel, audience string, after time.Duration) {
			m.delay.WithLabelValues(audience, channel).Observe(after.Seconds())
		},
		Spent: func(channel string, s channels.Spent) {
			if s.Incident == "" {
				m.spent.WithLabelValues(channel).Set(float64(s.Messages))
			}
			c.Spent(channel, s)
		},
		Backlog: func(channel string, b channels.Backlog) {
			oldest := 0.0
			if !b.Oldest.IsZero() {
				oldest = time.Since(b.Oldest).Seconds()
			}
			m.waiting.WithLabelValues(channel).Set(float64(b.Waiting))
			m.oldest.WithLabelValues(channel).Set(oldest)
			c.Backlog(channel, b)
		},
	}
}

// fates counts what became of deliveries after they were accepted.
func (m *metrics) fates(c listener) func(channel string, state channels.State, code string) {
	return func(channel string, state channels.State, code string) {
		m.later.WithLabelValues(channel, string(state)).Inc()
		c.Fate(channel, state, code, channel == channels.SMS && state == channels.Failed && sms.Stops(code))
	}
}

func (m *metrics) web(c *selfcheck.Checker, k *clerk) web.Watch {
	refused := func(r web.Refusal) {
		m.refused.WithLabelValues(string(r.Reason)).Inc()
		k.refused(r)
	}
	return web.Watch{Alertmanager: c.Webhook, Refused: refused, Webhook: func(status, alerts, stored int, truncated uint64) {
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
