package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"

	"sitrep/policies"
	"sitrep/router/agenda"
)

// plan has the calendars read from which changes are planned.
func (d *daemon) plan(cfg *policies.Config, r *prometheus.Registry) error {
	sources, err := d.sources(cfg)
	if err != nil {
		return err
	}
	d.agenda = agenda.New(agenda.Options{Desk: d.router, Log: d.o.log, Watch: newCalendarMetrics(r).watch(agenda.Watch{Ailing: d.checker.Calendar, Sources: d.checker.Calendars})})
	d.agenda.Renew(sources)
	d.run(d.office.whileActive(d.agenda.Run))
	return nil
}

// sources are the calendars, and the silences, of a configuration.
func (d *daemon) sources(cfg *policies.Config) (all []agenda.Source, err error) {
	if cfg.Changes == nil {
		return nil, nil
	}
	rules := agenda.Rules{Services: cfg.Services, Zone: cfg.Global.TimeZone}
	for _, c := range cfg.Changes.Calendars {
		s := agenda.Source{Rules: rules, Refresh: c.Refresh, Read: agenda.Calendar, By: "calendar"}
		s.Rules.Source, s.Default = c.Name, c.Services
		if c.File != "" {
			s.Fetch = d.calendarFile(c.File)
		} else if s.Fetch, err = d.feed(c.Name, c.HTTP, secret(c.URL), "text/calendar"); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if c := cfg.Changes.Silences; c != nil {
		s := agenda.Source{Rules: rules, Refresh: c.Refresh, Read: agenda.Silences, By: "alertmanager", Emptied: true}
		s.Rules.Source = policies.SilencesName
		at := func() (string, error) { return c.AlertmanagerURL + agenda.SilencesPath, nil }
		if s.Fetch, err = d.feed(s.Rules.Source, c.HTTP, at, "application/json"); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// calendarFile reads a file as the configuration is read.
func (d *daemon) calendarFile(name string) func(context.Context) ([]byte, error) {
	read := os.ReadFile
	if d.o.source != nil {
		read = d.o.source.read
	}
	return func(context.Context) ([]byte, error) { return read(name) }
}

// feed asks a web address for what it has.
func (d *daemon) feed(name string, h policies.HTTPClient, address func() (string, error), accept string) (func(context.Context) ([]byte, error), error) {
	client, err := d.caller(name, h)
	if err != nil {
		return nil, fmt.Errorf("calendar %s: %w", name, err)
	}
	return agenda.Get(client, address, accept), nil
}

// caller asks web addresses, as Prometheus asks those of its http_config.
func (d *daemon) caller(name string, h policies.HTTPClient) (*http.Client, error) {
	c := promconfig.HTTPClientConfig{FollowRedirects: h.FollowRedirects, TLSConfig: promconfig.TLSConfig{
		CAFile: h.CAFile, CertFile: h.CertFile, KeyFile: h.KeyFile, ServerName: h.ServerName, InsecureSkipVerify: h.InsecureSkipVerify,
	}}
	if h.Username != "" {
		c.BasicAuth = &promconfig.BasicAuth{Username: h.Username, Password: promconfig.Secret(h.Password.Value()), PasswordFile: h.Password.File}
	}
	if !h.Credentials.IsZero() {
		c.Authorization = &promconfig.Authorization{Type: h.AuthorizationType, Credentials: promconfig.Secret(h.Credentials.Value()), CredentialsFile: h.Credentials.File}
	}
	if h.ProxyURL != "" {
		if err := c.ProxyURL.UnmarshalYAML(func(v any) error { *v.(*string) = h.ProxyURL; return nil }); err != nil {
			return nil, fmt.Errorf("proxy_url: %w", err)
		}
	}
	options := []promconfig.HTTPClientOption{promconfig.WithKeepAlivesDisabled(), promconfig.WithUserAgent("sitrep/" + versionText())}
	if d.o.outside != nil {
		options = append(options, promconfig.WithDialContextFunc(d.o.outside))
	}
	client, err := promconfig.NewClientFromConfig(c, name, options...)
	if err != nil {
		return nil, fmt.Errorf("http_config: %w", err)
	}
	return client, nil
}

// calendarMetrics tell how current what is planned by calendars is.
type calendarMetrics struct {
	read      *prometheus.GaugeVec
	entries   *prometheus.GaugeVec
	tentative *prometheus.GaugeVec
	names     []string
}

func newCalendarMetrics(r *prometheus.Registry) *calendarMetrics {
	m := &calendarMetrics{
		read:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sitrep_calendar_last_read_timestamp_seconds", Help: "When a calendar of planned changes was last read well; 0: not since the start."}, []string{"calendar"}),
		entries:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sitrep_calendar_entries", Help: "Changes in a calendar that are taken and not over, when it was last read well."}, []string{"calendar"}),
		tentative: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sitrep_calendar_tentative_entries", Help: "Entries of a calendar that are tentative and not over, when it was last read well: no change is planned of one."}, []string{"calendar"}),
	}
	r.MustRegister(m.read, m.entries, m.tentative)
	return m
}

// watch adds the metrics to who else is told.
func (m *calendarMetrics) watch(w agenda.Watch) agenda.Watch {
	told := w.Sources
	w.Read = func(source string, entries, tentative int) {
		m.read.WithLabelValues(source).Set(float64(time.Now().Unix()))
		m.entries.WithLabelValues(source).Set(float64(entries))
		m.tentative.WithLabelValues(source).Set(float64(tentative))
	}
	w.Sources = func(names []string) {
		for _, name := range m.names {
			if !slices.Contains(names, name) {
				m.read.DeleteLabelValues(name)
				m.entries.DeleteLabelValues(name)
				m.tentative.DeleteLabelValues(name)
			}
		}
		for _, name := range names {
			m.read.WithLabelValues(name)
			m.entries.WithLabelValues(name)
			m.tentative.WithLabelValues(name)
		}
		m.names = names
		told(names)
	}
	return w
}
