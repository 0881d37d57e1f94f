package intake

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"sitrep/router/incident"
)

// body is a webhook with these alerts, as Alertmanager writes one.
func body(alerts ...string) string {
	return `{"receiver":"sitrep","status":"firing","alerts":[` + strings.Join(alerts, ",") + `],"groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://am:9093","version":"4","groupKey":"{}:{}","truncatedAlerts":0}`
}

const one = `{"status":"firing","labels":{"alertname":"MailDown","service":"mail"},"annotations":{"summary":"mx1 is down"},"startsAt":"2026-03-01T10:00:00Z","endsAt":"0001-01-01T00:00:00Z","fingerprint":"c6ec3a3ce2ea2ed1"}`

func parse(t *testing.T, s string) Webhook {
	t.Helper()
	w, err := Parse([]byte(s))
	if err != nil {
		t.Fatalf("%.200s: %v", s, err)
	}
	return w
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"empty", "", "the body is empty"},
		{"blank", " \n\t ", "the body is empty"},
		{"a form", "payload=1", "not JSON: invalid character 'p' looking for beginning of value, at byte 1"},
		{"wrong in the middle", `{"version":"4","alerts":[}`, "not JSON: invalid character '}' looking for beginning of value, at byte 26"},
		{"cut", body(one)[:100], "not JSON: the body ends too early"},
		{"cut in a string", `{"version":"4`, "not JSON: the body ends too early"},
		{"more after it", body(one) + `{}`, "there is more after the JSON object"},
		{"rubbish after it", body(one) + ` x`, "there is more after the JSON object"},
		{"an array", `[]`, "the body is a JSON array where an object is expected, at byte 1"},
		{"a string", `"hello"`, "the body is a JSON string where an object is expected, at byte 7"},
		{"null", `null`, `the field "version" is missing; sitrep reads Alertmanager's webhook, version "4"`},
		{"no version", `{"alerts":[]}`, `the field "version" is missing; sitrep reads Alertmanager's webhook, version "4"`},
		{"an empty version", `{"version":"","alerts":[]}`, `the field "version" is missing; sitrep reads Alertmanager's webhook, version "4"`},
		{"an old version", `{"version":"3","alerts":[]}`, `version "3" is not known; sitrep reads Alertmanager's webhook, version "4"`},
		{"a version that is long and odd", `{"version":"5` + "\u202e" + strings.Repeat("x", 90) + `","alerts":[]}`, `version "5xxxxxxxxxxxxxxxxxxx" is not known; sitrep reads Alertmanager's webhook, version "4"`},
		{"a number as version", `{"version":4,"alerts":[]}`, "version is a JSON number where a string is expected, at byte 12"},
		{"no alerts", `{"version":"4"}`, `the field "alerts" is missing; sitrep reads Alertmanager's own payload, not a custom one`},
		{"null alerts", `{"version":"4","alerts":null}`, `the field "alerts" is missing; sitrep reads Alertmanager's own payload, not a custom one`},
		{"an object as alerts", `{"version":"4","alerts":{}}`, "alerts is a JSON object where an array is expected, at byte 25"},
		{"a string as an alert", `{"version":"4","alerts":["x"]}`, "alerts is a JSON string where an object is expected, at byte 28"},
		{"an array as labels", `{"version":"4","alerts":[{"labels":[]}]}`, "alerts.labels is a JSON array where an object is expected, at byte 36"},
		{"a number as a label", `{"version":"4","alerts":[{"labels":{"a":1}}]}`, "alerts.labels is a JSON number where a string is expected, at byte 41"},
		{"a negative truncatedAlerts", `{"version":"4","truncatedAlerts":-1,"alerts":[]}`, "truncatedAlerts is a JSON number -1 where a whole number is expected, at byte 35"},
		{"a number as a time", `{"version":"4","alerts":[{"startsAt":5}]}`, "alerts.startsAt is a JSON number where a string is expected, at byte 38"},
		{"no time", body(strings.Replace(one, "2026-03-01T10:00:00Z", "yesterday", 1)), `alerts[0]: startsAt is "yesterday", which is not a time as RFC 3339 writes it`},
		{"a time without a zone", body(one, strings.Replace(one, "2026-03-01T10:00:00Z", "2026-03-01T10:00:00", 1)), `alerts[1]: startsAt is "2026-03-01T10:00:00", which is not a time as RFC 3339 writes it`},
		{"a time after the year 9999 in UTC", body(strings.Replace(one, "2026-03-01T10:00:00Z", "9999-12-31T23:59:59-01:00", 1)), `alerts[0]: startsAt is "9999-12-31T23:59:59-01:00", which is not a time as RFC 3339 writes it`},
		{"a time before the year 0 in UTC", body(strings.Replace(one, "2026-03-01T10:00:00Z", "0000-01-01T00:00:00+01:00", 1)), `alerts[0]: startsAt is "0000-01-01T00:00:00+01:00", which is not a time as RFC 3339 writes it`},
		{"a bad end", body(strings.NewReplacer("firing", "resolved", "0001-01-01T00:00:00Z", "soon").Replace(one)), `alerts[0]: endsAt is "soon", which is not a time as RFC 3339 writes it`},
		{"an odd status", body(one, strings.Replace(one, "firing", "suppressed", 1)), `alerts[1]: status is "suppressed"; it is "firing" or "resolved"`},
		{"no status", body(strings.Replace(one, "firing", "", 1)), `alerts[0]: status is ""; it is "firing" or "resolved"`},
		{"no labels", body(`{"status":"firing"}`), "alerts[0]: it has no labels"},
		{"empty labels", body(`{"status":"firing","labels":{}}`), "alerts[0]: it has no labels"},
		{"labels of nothing", body(`{"status":"firing","labels":{"a":"","\u200b":"x","b":" \u202e"}}`), "alerts[0]: it has no labels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := Parse([]byte(c.body))
			if err == nil {
				t.Fatalf("it parsed: %v", w)
			}
			if err.Error() != c.want {
				t.Errorf("said  %s\nwant  %s", err, c.want)
			}
			if len(w.Alerts) > 0 {
				t.Errorf("it returned alerts too: %v", w.Alerts)
			}
		})
	}
}

func TestParseReadsWhatAlertmanagerWrites(t *testing.T) {
	starts := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	firing := incident.Observation{
		Fingerprint: "c6ec3a3ce2ea2ed1", Labels: map[string]string{"alertname": "MailDown", "service": "mail"},
		Summary: "mx1 is down", StartsAt: starts, Firing: true,
	}
	resolved := firing
	resolved.Firing, resolved.EndsAt = false, starts.Add(time.Hour)
	other := firing
	other.Summary = ""
	for _, c := range []struct {
		name, body string
		want       []incident.Observation
		truncated  uint64
	}{
		{"one alert", body(one), []incident.Observation{firing}, 0},
		{"an end that has not come counts for nothing", body(strings.Replace(one, "0001-01-01T00:00:00Z", "2026-03-01T11:00:00Z", 1)), []incident.Observation{firing}, 0},
		{"an end that makes no sense, of an alert that fires", body(strings.Replace(one, "0001-01-01T00:00:00Z", "x", 1)), []incident.Observation{firing}, 0},
		{"resolved", body(strings.NewReplacer("firing", "resolved", "0001-01-01T00:00:00Z", "2026-03-01T11:00:00Z").Replace(one)), []incident.Observation{resolved}, 0},
		{"another zone", body(strings.Replace(one, "2026-03-01T10:00:00Z", "2026-03-01T11:00:00+01:00", 1)), []incident.Observation{firing}, 0},
		{"no annotations", body(strings.Replace(one, `"annotations":{"summary":"mx1 is down"},`, "", 1)), []incident.Observation{other}, 0},
		{"the description where there is no summary", body(strings.Replace(one, `"summary"`, `"runbook":"x","message":"y","description"`, 1)), []incident.Observation{firing}, 0},
		{"the message where there is neither", body(strings.Replace(one, `"summary"`, `"description":"","message"`, 1)), []incident.Observation{firing}, 0},
		{"unknown fields", strings.Replace(body(strings.Replace(one, `{"status"`, `{"later":{"a":[1]},"status"`, 1)), `{"receiver"`, `{"notificationReason":"x","receiver"`, 1), []incident.Observation{firing}, 0},
		{"blanks around it", " \r\n" + body(one) + "\n\t ", []incident.Observation{firing}, 0},
		{"no alerts at all", body(), []incident.Observation{}, 0},
		{"alerts that were left out", strings.Replace(body(one), `"truncatedAlerts":0`, `"truncatedAlerts":17`, 1), []incident.Observation{firing}, 17},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := parse(t, c.body)
			if got, want := asJSON(t, w.Alerts), asJSON(t, c.want); got != want || w.Truncated != c.truncated {
				t.Errorf("got  %s, %d left out\nwant %s, %d", got, w.Truncated, want, c.truncated)
			}
		})
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// webhookOf encodes one alert with these labels and this summary.
func webhookOf(t testing.TB, labels map[string]string, summary string) string {
	return body(asJSON(t, map[string]any{"status": "firing", "labels": labels, "annotations": map[string]string{"summary": summary}, "startsAt": "2026-03-01T10:00:00Z"}))
}

func TestTextIsCleaned(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "mail is down", "mail is down"},
		{"accents and symbols", "Störung: mél ✉ 邮件", "Störung: mél ✉ 邮件"},
		{"escapes and bells", "a\x1b[31mb\x07c\x00", "a[31mbc"},
		{"ends of lines and tabs", "a\r\nb\tc\vd\u0085e\u2028f\u2029g", "a  b c d e f g"},
		{"direction overrides", "invoice\u202egpj.exe \u2066x\u2069", "invoicegpj.exe x"},
		{"invisible characters", "pay\u200bpal\u2060\ufeff\u00ad", "paypal"},
		{"delete and C1", "a\x7fb\u0090c", "abc"},
		{"what was not UTF-8", "a\xff\xfeb\ufffd", "ab"},
		{"blanks around it", " \u202e a \t", "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := parse(t, webhookOf(t, map[string]string{"alertname": "x", "note": c.in}, c.in)).Alerts[0]
			if o.Summary != c.want || o.Labels["note"] != c.want {
				t.Errorf("summary %q, label %q, want %q", o.Summary, o.Labels["note"], c.want)
			}
		})
	}
}

func TestTextIsCut(t *testing.T) {
	for _, c := range []struct {
		name, in string
		limit    int
		want     string
	}{
		{"one byte too long", "12345", 4, "1234"},
		{"exactly", "1234", 4, "1234"},
		{"never within a character", "é€😀", 5, "é€"},
		{"never within a character, less", "€€", 5, "€"},
		{"nothing fits", "😀", 3, ""},
		{"the blank before the cut goes too", "123 5", 4, "123"},
		{"cut after cleaning", "\u200b\u200b1234", 4, "1234"},
	} {
		if got := clean(c.in, c.limit); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestHugeLabelsAreCut(t *testing.T) {
	o := parse(t, webhookOf(t, map[string]string{"alertname": strings.Repeat("a", 5000), strings.Repeat("n", 500): "v"}, strings.Repeat("s", 9000))).Alerts[0]
	if len(o.Labels["alertname"]) != maxValue || o.Labels[strings.Repeat("n", maxName)] != "v" || len(o.Summary) != maxSummary {
		t.Errorf("alertname of %d bytes, summary of %d, labels %.300v", len(o.Labels["alertname"]), len(o.Summary), o.Labels)
	}
}

func TestTooManyLabelsLeaveThoseThatMatter(t *testing.T) {
	many := map[string]string{"alertname": "MailDown", "service": "mail", "severity": "critical"}
	for n := range 500 {
		many[fmt.Sprintf("a%03d", n)] = "v"
	}
	want := parse(t, webhookOf(t, many, "")).Alerts[0]
	if len(want.Labels) != maxLabels || want.Labels["alertname"] != "MailDown" || want.Labels["service"] != "mail" || want.Labels["severity"] != "critical" {
		t.Fatalf("%d labels: %v", len(want.Labels), want.Labels)
	}
	for range 20 { // the same alert must belong to the same service each time
		if got := parse(t, webhookOf(t, many, "")).Alerts[0]; asJSON(t, got) != asJSON(t, want) {
			t.Fatalf("the same webhook gave %v, then %v", want, got)
		}
	}
}

func TestALabelCannotPassForAnother(t *testing.T) {
	o := parse(t, webhookOf(t, map[string]string{"alertname": "x", "service": "mail", "service\u200b": "payroll", "\u202aservice": "payroll", "severity": "info", " severity": "critical"}, "")).Alerts[0]
	if o.Labels["service"] != "mail" || o.Labels["severity"] != "info" || len(o.Labels) != 3 {
		t.Errorf("labels %v", o.Labels)
	}
}

func TestAMissingFingerprintIsMadeAsAlertmanagerMakesIt(t *testing.T) {
	labels := map[string]string{"alertname": "MailDown", "service": "mail", "instance": "mx1\n", "huge": strings.Repeat("x", 3000), "empty": ""}
	set := model.LabelSet{}
	for k, v := range labels {
		if v != "" { // its API drops these
			set[model.LabelName(k)] = model.LabelValue(v)
		}
	}
	made := (&model.Alert{Labels: set}).Fingerprint().String()
	for _, c := range []struct{ name, given, want string }{
		{"missing", "", made},
		{"given", "c6ec3a3ce2ea2ed1", "c6ec3a3ce2ea2ed1"},
		{"too long to tell apart from others", strings.Repeat("f", 65), made},
		{"not what it looks like", "c6ec\u200b3a3c", made},
	} {
		a := map[string]any{"status": "firing", "labels": labels}
		if c.given != "" {
			a["fingerprint"] = c.given
		}
		if got := parse(t, body(asJSON(t, a))).Alerts[0].Fingerprint; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
