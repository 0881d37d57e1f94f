//go:build !fuzzing

// Alertmanager brings more than two hundred packages, which fuzzing would
// instrument and never enter.

package web_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	amalert "github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/config/common"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/nflog/nflogpb"
	"github.com/prometheus/alertmanager/notify"
	amwebhook "github.com/prometheus/alertmanager/notify/webhook"
	"github.com/prometheus/alertmanager/provider/mem"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/client_golang/prometheus"
	commoncfg "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"

	"sitrep/channels/channeltest"
)

// alertmanager is Alertmanager itself, less its API and its cluster: its alerts,
// its dispatcher, its stages of deduplication and retry, its notifier. It posts
// to a house over real HTTP.
type alertmanager struct {
	t        *testing.T
	alerts   *mem.Alerts
	notifier *amwebhook.Notifier
	stage    notify.Stage
	close    func()
}

func newAlertmanager(t *testing.T, h *house, token string) *alertmanager {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	wire := channeltest.NewPipeListener()
	server := &http.Server{Handler: h.server}
	go server.Serve(wire)

	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tmpl, err := template.FromGlobs(nil)
	must(err)
	tmpl.ExternalURL = &url.URL{Scheme: "http", Host: "alertmanager.voorbeeld.example:9093"}
	conf := &amwebhook.WebhookConfig{
		HTTPConfig: &commoncfg.HTTPClientConfig{}, URL: common.SecretTemplateURL("http://localhost:8420" + hookPath),
	}
	conf.VSendResolved = true
	if token != "" {
		conf.HTTPConfig.Authorization = &commoncfg.Authorization{Type: "Bearer", Credentials: commoncfg.Secret(token)}
	}
	notifier, err := amwebhook.New(conf, tmpl, log, commoncfg.WithDialContextFunc(wire.Dial))
	must(err)

	registry := prometheus.NewRegistry()
	recorder := eventrecorder.NopRecorder()
	sent, err := nflog.New(nflog.Options{Retention: 120 * time.Hour, Logger: log, Metrics: registry})
	must(err)
	integration := notify.NewIntegration(notifier, conf, "webhook", 0, "sitrep")
	receiver := &nflogpb.Receiver{GroupName: "sitrep", Integration: "webhook"}
	stage := notify.RoutingStage{"sitrep": notify.MultiStage{
		notify.NewDedupStage(&integration, sent, receiver),
		notify.NewRetryStage(integration, "sitrep", notify.NewMetrics(registry, featurecontrol.NoopFlags{}), recorder),
		notify.NewSetNotifiesStage(sent, receiver),
	}}
	every := func(d time.Duration) *model.Duration { m := model.Duration(d); return &m }
	route := dispatch.NewRoute(&config.Route{
		Receiver: "sitrep", GroupBy: []model.LabelName{"service"},
		GroupWait: every(10 * time.Second), GroupInterval: every(time.Minute), RepeatInterval: every(10 * time.Minute),
	}, nil)
	ctx, cancel := context.WithCancel(context.Background())
	alerts, err := mem.NewAlerts(ctx, time.Hour, 0, nil, log, recorder, registry, featurecontrol.NoopFlags{})
	must(err)
	timeout := func(d time.Duration) time.Duration { return d }
	d := dispatch.NewDispatcher(alerts, route, stage, marker.NewGroupMarker(), timeout, time.Minute, nil, log, recorder, nil, tmpl)
	go d.Run(time.Now())
	d.WaitForLoading()
	return &alertmanager{t: t, alerts: alerts, notifier: notifier, stage: stage, close: func() {
		d.Stop()
		alerts.Close()
		cancel()
		server.Close()
	}}
}

// amAlert is an alert as Prometheus hands it over: it fires until it ends.
func amAlert(name string, starts, ends time.Time) *amalert.Alert {
	if ends.IsZero() {
		ends = starts.Add(24 * time.Hour)
	}
	return &amalert.Alert{UpdatedAt: time.Now(), Alert: model.Alert{
		Labels:      model.LabelSet{"alertname": model.LabelValue(name), "service": "mail", "severity": "critical"},
		Annotations: model.LabelSet{"summary": model.LabelValue(name + " <does> not answer")},
		StartsAt:    starts, EndsAt: ends, GeneratorURL: "http://prometheus.voorbeeld.example:9090/graph",
	}}
}

func (a *alertmanager) put(alerts ...*amalert.Alert) {
	a.t.Helper()
	if err := a.alerts.Put(context.Background(), alerts...); err != nil {
		a.t.Fatal(err)
	}
}

// hooked returns what webhooks were answered since the last look: their status,
// and how many alerts they held and were stored.
func (h *house) hooked() string {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	s := strings.Join(h.hooks, ", ")
	h.hooks = nil
	return s
}

// alertFacts returns the alert facts of SR-1, each with its age.
func (h *house) alertFacts(began time.Time) string {
	synctest.Wait()
	p := h.router.Incident("SR-1")
	if p == nil {
		return "no incident"
	}
	var facts []string
	for _, f := range p.Timeline {
		switch {
		case f.Fired() != nil:
			facts = append(facts, fmt.Sprint(f.At.Sub(began).Round(time.Second), " ", f.Fired().Alert.Name, " fires"))
		case f.Ceased() != nil:
			facts = append(facts, fmt.Sprint(f.At.Sub(began).Round(time.Second), " ", f.Ceased().Name, " stopped"))
		}
	}
	return strings.Join(facts, ", ")
}

func TestTheRealAlertmanagerIsUnderstood(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		am := newAlertmanager(t, h, "secret of alerts")
		defer am.close()
		began := time.Now()
		until := func(age time.Duration) { time.Sleep(time.Until(began.Add(age))); synctest.Wait() }

		one, two := amAlert("MailDown", began, time.Time{}), amAlert("QueueLong", began, time.Time{})
		am.put(one, two)
		until(15 * time.Second)
		if got := h.hooked(); got != "202 2 2 0" {
			t.Fatalf("two that fire: %s", got)
		}

		until(4 * time.Minute) // nothing changed: nothing is sent
		if got := h.hooked(); got != "" {
			t.Errorf("while nothing changed: %s", got)
		}
		am.put(amAlert("DiskFull", time.Now(), time.Time{}))
		until(5*time.Minute + 30*time.Second) // the group again, with all three
		if got := h.hooked(); got != "202 3 3 0" {
			t.Errorf("one more that fires: %s", got)
		}
		const fired = "10s MailDown fires, 10s QueueLong fires, 4m10s DiskFull fires"
		sorted := func(s string) string {
			return strings.Replace(s, "10s QueueLong fires, 10s MailDown fires", "10s MailDown fires, 10s QueueLong fires", 1)
		}
		if got := sorted(h.alertFacts(began)); got != fired {
			t.Fatalf("the facts are %s, want %s", got, fired)
		}

		until(40 * time.Minute) // repeats
		if got := h.hooked(); strings.Count(got, "202 3 ") < 3 {
			t.Errorf("while repeats are due: %s", got)
		}
		if got := sorted(h.alertFacts(began)); got != fired {
			t.Errorf("repeats made facts: %s", got)
		}

		// The store fails for a while: Alertmanager comes again until it is stored.
		h.store.set(errors.New("no space left on device"))
		am.put(amAlert("RelayDown", time.Now(), time.Time{}))
		until(41*time.Minute + 15*time.Second)
		refused := h.hooked()
		if refused == "" || strings.Contains(refused, "202") {
			t.Errorf("while the store failed: %s", refused)
		}
		h.store.set(nil)
		until(43 * time.Minute)
		if got := h.hooked(); got != "202 4 1 0" { // the others are repeats
			t.Errorf("when it took it again: %s", got)
		}
		if got := h.alertFacts(began); !strings.HasSuffix(got, "RelayDown fires") || strings.Count(got, "fires") != 4 {
			t.Errorf("after a store that failed the facts are %s", got)
		}

		// All end. What Prometheus says of each comes with the next webhook.
		var over []*amalert.Alert
		for _, name := range []string{"MailDown", "QueueLong", "DiskFull", "RelayDown"} {
			a := amAlert(name, began, time.Now())
			a.StartsAt = map[string]time.Time{"DiskFull": began.Add(4 * time.Minute), "RelayDown": began.Add(40 * time.Minute)}[name]
			if a.StartsAt.IsZero() {
				a.StartsAt = began
			}
			over = append(over, a)
		}
		am.put(over...)
		until(45 * time.Minute)
		if got := h.hooked(); got != "202 4 4 0" {
			t.Errorf("when all ended: %s", got)
		}
		if got := h.alertFacts(began); strings.Count(got, "stopped") != 4 {
			t.Errorf("when all ended the facts are %s", got)
		}
		until(55 * time.Minute)
		p := h.router.Incident("SR-1")
		if p.Open || p.Firing != 0 || !p.StartedAt.Equal(began) {
			t.Errorf("in the end it is %+v", p)
		}
		if got := h.hooked(); got != "" {
			t.Errorf("after the end: %s", got)
		}
	}, tokens)
}

// notification is what the dispatcher tells the stages.
func notification(ctx context.Context) context.Context {
	ctx = notify.WithGroupKey(ctx, `{}:{service="mail"}`)
	ctx = notify.WithReceiverName(ctx, "sitrep")
	ctx = notify.WithGroupLabels(ctx, model.LabelSet{"service": "mail"})
	ctx = notify.WithNotificationReason(ctx, notify.ReasonFirstNotification)
	ctx = notify.WithNow(ctx, time.Now())
	return notify.WithRepeatInterval(ctx, time.Hour)
}

func TestTheRealNotifierKnowsWhatToSendAgain(t *testing.T) {
	for _, c := range []struct {
		name, token string
		broken      error
		retry       bool
		want        string
	}{
		{"stored", "secret of alerts", nil, false, ""},
		{"not stored", "secret of alerts", errors.New("timeout"), true, "unexpected status code 503"},
		{"no token", "", nil, false, "unexpected status code 401"},
		{"a wrong token", "sesame", nil, false, "unexpected status code 401"},
		{"a token for readers", "secret of viewer", nil, false, "unexpected status code 403"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inside(t, func(t *testing.T, h *house) {
				am := newAlertmanager(t, h, c.token)
				defer am.close()
				h.store.set(c.broken)
				retry, err := am.notifier.Notify(notification(context.Background()), amAlert("MailDown", time.Now(), time.Time{}))
				if retry != c.retry || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
					t.Errorf("the notifier says retry %v: %v", retry, err)
				}
				h.hooked()
				if c.retry {
					return
				}
				// Its retry stage leaves it at that.
				a := amAlert("MailDown", time.Now(), time.Time{})
				a.Annotations["summary"] = "again"
				ctx, cancel := context.WithTimeout(notification(context.Background()), 10*time.Minute)
				defer cancel()
				_, _, err = am.stage.Exec(notify.WithNflogStore(ctx, nflog.NewStore(nil)), slog.New(slog.DiscardHandler), a)
				if (err == nil) != (c.want == "") {
					t.Errorf("the retry stage says %v", err)
				}
				if got := h.hooked(); strings.Contains(got, ",") {
					t.Errorf("it was posted more than once: %s", got)
				}
				if lost := strings.Contains(h.log.got(), "Alertmanager does not retry it"); lost != (c.want != "") {
					t.Errorf("the log says that it is lost: %v", lost)
				}
			}, tokens)
		})
	}
}
