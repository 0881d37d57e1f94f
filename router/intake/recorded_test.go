package intake_test

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sitrep/router/incident"
	"sitrep/router/intake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// recorded returns the bodies in a file of testdata, byte for byte: two alerts
// that fire, and the same two resolved.
func recorded(t *testing.T, version string) []json.RawMessage {
	t.Helper()
	data, err := os.ReadFile("testdata/alertmanager-" + version + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var bodies []json.RawMessage
	if err := json.Unmarshal(data, &bodies); err != nil || len(bodies) != 2 {
		t.Fatalf("%d bodies, %v", len(bodies), err)
	}
	return bodies
}

func TestRecordedWebhooksSayTheSame(t *testing.T) {
	for _, version := range []struct{ name, starts, ends string }{
		{"0.25", "2026-11-23T16:16:01.123Z", "2026-11-23T16:18:01.456Z"}, // recorded from Debian's package
		{"0.34", "2024-03-01T10:00:00.123Z", "2024-03-01T10:02:00.456Z"},
	} {
		t.Run(version.name, func(t *testing.T) {
			at := func(s string) time.Time {
				m, err := time.Parse(time.RFC3339, s)
				if err != nil {
					t.Fatal(err)
				}
				return m
			}
			mx1 := incident.Observation{
				Fingerprint: "3b5d0a37266096c4",
				Labels: map[string]string{
					"alertname": "MailDown", "service": "mail", "severity": "critical",
					"instance": "mx1.voorbeeld.example:25", "job": "blackbox",
				},
				Summary:  "mx1 does not answer on port 25 <since a while> & mail waits",
				StartsAt: at(version.starts), Firing: true,
			}
			mx2 := incident.Observation{
				Fingerprint: "e4a476f4860b2aac",
				Labels: map[string]string{
					"alertname": "MailQueueLong", "service": "mail", "severity": "warning",
					"instance": "mx2.voorbeeld.example:25", "job": "postfix",
				},
				Summary:  "4312 messages wait", // there is only a description
				StartsAt: at(version.starts), Firing: true,
			}
			bodies := recorded(t, version.name)
			firing, err := intake.Parse(bodies[0])
			if err != nil {
				t.Fatal(err)
			}
			if want := (intake.Webhook{Alerts: []incident.Observation{mx1, mx2}}); !reflect.DeepEqual(firing, want) {
				t.Errorf("firing: got\n%+v\nwant\n%+v", firing, want)
			}
			resolved, err := intake.Parse(bodies[1])
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range []*incident.Observation{&mx1, &mx2} {
				o.Firing, o.EndsAt = false, at(version.ends)
			}
			if want := (intake.Webhook{Alerts: []incident.Observation{mx1, mx2}}); !reflect.DeepEqual(resolved, want) {
				t.Errorf("resolved: got\n%+v\nwant\n%+v", resolved, want)
			}
		})
	}
}

// TestRecordedFingerprintsAreTheOnesWeWouldMake: a webhook without fingerprints
// names the same alerts.
func TestRecordedFingerprintsAreTheOnesWeWouldMake(t *testing.T) {
	for _, version := range []string{"0.25", "0.34"} {
		for _, body := range recorded(t, version) {
			given, err := intake.Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			made, err := intake.Parse(bytes.ReplaceAll(body, []byte(`"fingerprint"`), []byte(`"not_fingerprint"`)))
			if err != nil || !reflect.DeepEqual(given, made) {
				t.Errorf("%s: %v, %v", version, made, err)
			}
		}
	}
}
