//go:build !fuzzing

// Alertmanager's notifier brings more than a hundred packages, which fuzzing
// would instrument and never enter.

package intake_test

import (
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	amalert "github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/config/common"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/notify/webhook"
	"github.com/prometheus/alertmanager/template"
	commoncfg "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
)

var update = flag.Bool("update", false, "record testdata/alertmanager-0.34.json anew")

// TestTheModulesNotifierSendsWhatIsRecorded plays the alerts through the
// notifier of the Alertmanager in go.mod. Where a new version writes another
// body, -update records it, and the test above says whether sitrep reads it.
func TestTheModulesNotifierSendsWhatIsRecorded(t *testing.T) {
	var bodies []string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v, %v", r.Header, err)
		}
		bodies = append(bodies, strings.TrimSpace(string(b)))
		w.WriteHeader(http.StatusAccepted)
	}))
	defer receiver.Close()

	tmpl, err := template.FromGlobs(nil)
	if err != nil {
		t.Fatal(err)
	}
	tmpl.ExternalURL = &url.URL{Scheme: "http", Host: "alertmanager.voorbeeld.example:9093"}
	n, err := webhook.New(&webhook.WebhookConfig{
		HTTPConfig: &commoncfg.HTTPClientConfig{}, URL: common.SecretTemplateURL(receiver.URL),
	}, tmpl, slog.New(slog.DiscardHandler), commoncfg.WithKeepAlivesDisabled())
	if err != nil {
		t.Fatal(err)
	}
	starts := time.Date(2024, 3, 1, 10, 0, 0, 123e6, time.UTC)
	alert := func(name, instance, job, severity, generator string, ends time.Time, annotations model.LabelSet) *amalert.Alert {
		return &amalert.Alert{Alert: model.Alert{
			Labels: model.LabelSet{
				"alertname": model.LabelValue(name), "service": "mail", "severity": model.LabelValue(severity),
				"instance": model.LabelValue(instance), "job": model.LabelValue(job),
			},
			Annotations: annotations, StartsAt: starts, EndsAt: ends,
			GeneratorURL: "http://prometheus.voorbeeld.example:9090/graph?g0.expr=" + generator + "&g0.tab=1",
		}}
	}
	for _, told := range []struct {
		reason notify.NotifyReason
		ends   time.Time
	}{{notify.ReasonFirstNotification, time.Time{}}, {notify.ReasonAllAlertsResolved, starts.Add(2*time.Minute + 333*time.Millisecond)}} {
		ctx := notify.WithGroupKey(t.Context(), `{}:{service="mail"}`)
		ctx = notify.WithReceiverName(ctx, "sitrep")
		ctx = notify.WithGroupLabels(ctx, model.LabelSet{"service": "mail"})
		ctx = notify.WithNotificationReason(ctx, told.reason)
		retry, err := n.Notify(ctx,
			alert("MailDown", "mx1.voorbeeld.example:25", "blackbox", "critical", "probe_success+%3D%3D+0", told.ends, model.LabelSet{
				"summary":     "mx1 does not answer on port 25 <since a while> & mail waits",
				"description": "probe_success is 0 for job blackbox",
			}),
			alert("MailQueueLong", "mx2.voorbeeld.example:25", "postfix", "warning", "postfix_queue_length+%3E+1000", told.ends, model.LabelSet{
				"description": "4312 messages wait",
			}))
		if retry || err != nil {
			t.Fatal(retry, err)
		}
	}
	const file = "testdata/alertmanager-0.34.json"
	got := "[\n" + strings.Join(bodies, ",\n") + "\n]\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("sent\n%s\nrecorded\n%s", got, want)
	}
}
