package web_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
)

var update = flag.Bool("update", false, "write testdata anew")

// golden compares an answer, indented, with a file of testdata.
func golden(t *testing.T, name, body string) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(strings.TrimSpace(body)), "", "  "); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	pretty.WriteByte('\n')
	file := "testdata/" + name + ".json"
	if *update {
		if err := os.WriteFile(file, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if pretty.String() != string(want) {
		t.Errorf("%s is\n%s\nwant\n%s", name, &pretty, want)
	}
}

// TestAnswersHaveTheirShapes tells one story, and holds what the API says of it
// at some moments. Time is virtual, so the moments are the same each time.
func TestAnswersHaveTheirShapes(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		golden(t, "incidents-none", h.must(200, "GET", "/api/v1/incidents", "").body)
		golden(t, "schedule-none", h.must(200, "GET", "/api/v1/schedule", "").body)

		began := time.Now()
		h.opens()
		h.delivered(channels.Report{Incident: "SR-1", Update: 1, Part: "SR-1.1.0.email", Accepted: 1, LastAt: time.Now()})
		h.fires("payroll") // nobody's threshold but its own: SR-2
		time.Sleep(time.Until(began.Add(31 * time.Minute)))
		h.delivered(channels.Report{Incident: "SR-1", Update: 2, Part: "SR-1.2.0.email", Accepted: 1, Failed: 1, LastAt: time.Now()})
		golden(t, "incidents", h.must(200, "GET", "/api/v1/incidents", "").body)
		golden(t, "incident-open", h.must(200, "GET", "/api/v1/incidents/SR-1", "").body)
		golden(t, "schedule", h.must(200, "GET", "/api/v1/schedule", "").body)

		golden(t, "update", h.must(200, "POST", "/api/v1/incidents/SR-1/updates", `{"text":"an engineer is on his way","phase":"identified"}`).body)
		golden(t, "resolve", h.must(200, "POST", "/api/v1/incidents/SR-1/resolve", `{"reason":"the cable is back"}`).body)
		golden(t, "incident-resolved", h.must(200, "GET", "/api/v1/incidents/SR-1", "").body)
		golden(t, "conflict", h.call("POST", "/api/v1/incidents/SR-1/resolve", "").body)
		golden(t, "unknown-field", h.call("POST", "/api/v1/incidents/SR-1/updates", `{"text":"x","colour":"red"}`).body)
		golden(t, "webhook-refused", h.call("POST", hookPath, `{"version":"3","alerts":[]}`).body)
	})
}

// delivered reports a part as a worker does.
func (h *house) delivered(r channels.Report) {
	h.t.Helper()
	if err := h.store.Report(h.t.Context(), r); err != nil {
		h.t.Fatal(err)
	}
	synctest.Wait()
}

func TestTheListIsFilteredAndPaged(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		list := func(query string) string {
			t.Helper()
			var page struct {
				Incidents []struct{ ID, State string }
				Next      *string
			}
			h.must(200, "GET", "/api/v1/incidents"+query, "").into(t, &page)
			var got []string
			for _, i := range page.Incidents {
				got = append(got, i.ID+" "+i.State)
			}
			if page.Next != nil {
				got = append(got, "next "+*page.Next)
			}
			return strings.Join(got, ", ")
		}
		for n, service := range []string{"phones", "printers", "doors", "web", "payroll"} { // SR-1 to SR-5
			h.fires(service)
			if n < 4 {
				h.must(200, "POST", fmt.Sprintf("/api/v1/incidents/SR-%d/resolve", n+1), "")
			}
		}
		h.opens() // SR-6
		for query, want := range map[string]string{
			"":                                "SR-6 open, SR-5 open, SR-4 resolved, SR-3 resolved, SR-2 resolved, SR-1 resolved",
			"?state=open":                     "SR-6 open, SR-5 open",
			"?state=resolved":                 "SR-4 resolved, SR-3 resolved, SR-2 resolved, SR-1 resolved",
			"?state=unconfirmed":              "",
			"?limit=2":                        "SR-6 open, SR-5 open, next SR-5",
			"?limit=2&cursor=SR-5":            "SR-4 resolved, SR-3 resolved, next SR-3",
			"?limit=2&cursor=SR-3":            "SR-2 resolved, SR-1 resolved",
			"?cursor=SR-1":                    "",
			"?limit=6":                        "SR-6 open, SR-5 open, SR-4 resolved, SR-3 resolved, SR-2 resolved, SR-1 resolved",
			"?limit=2&state=open":             "SR-6 open, SR-5 open",
			"?limit=1&state=open":             "SR-6 open, next SR-6",
			"?limit=3&state=resolved":         "SR-4 resolved, SR-3 resolved, SR-2 resolved, next SR-2",
			"?state=resolved&cursor=SR-2":     "SR-1 resolved",
			"?state=open&cursor=SR-3":         "",
			"?limit=1000&cursor=SR-6":         "SR-5 open, SR-4 resolved, SR-3 resolved, SR-2 resolved, SR-1 resolved",
			"?limit=1&state=open&cursor=SR-6": "SR-5 open",
		} {
			if got := list(query); got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
		time.Sleep(6 * time.Hour) // no webhook has said for long that they fire
		synctest.Wait()
		if got, want := list("?state=unconfirmed"), "SR-6 unconfirmed, SR-5 unconfirmed"; got != want {
			t.Errorf("after a silence: %s, want %s", got, want)
		}
		if got := list("?state=open"); got != "" {
			t.Errorf("after a silence, open are %s", got)
		}
	})
}

// TestAlertsOfNobodyAreListed: they open nothing, and somebody should see them.
func TestAlertsOfNobodyAreListed(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		body := `{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"Odd","service":"nobody's"},"annotations":{"summary":"odd"},"startsAt":"2000-01-01T00:00:00Z","fingerprint":"f1"}]}`
		h.must(202, "POST", "/api/v1/alertmanager", body)
		synctest.Wait()
		want := `{"alerts":[{"fingerprint":"f1","labels":{"alertname":"Odd","service":"nobody's"},"summary":"odd","starts_at":"2000-01-01T00:00:00Z"}]}`
		if got := strings.TrimSpace(h.must(200, "GET", "/api/v1/alerts?service=none", "").body); got != want {
			t.Errorf("listed %s, want %s", got, want)
		}
		h.must(202, "POST", "/api/v1/alertmanager", strings.Replace(body, `"firing"`, `"resolved"`, 1))
		synctest.Wait()
		if got := strings.TrimSpace(h.must(200, "GET", "/api/v1/alerts?service=none", "").body); got != `{"alerts":[]}` {
			t.Errorf("after it ended %s", got)
		}
		h.must(422, "GET", "/api/v1/alerts", "")
	})
}
