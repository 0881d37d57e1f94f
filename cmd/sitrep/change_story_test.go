package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sitrep/channels"
)

// planning adds a policy for planned changes to an organisation.
var planning = strings.NewReplacer(
	"policies:\n", `policies:
  - name: planned
    matchers: ['kind="change"']
    updates:
      - {audience: it, announce: [start, decision, end], cadence: [{from: 0s, every: 30m}]}
      - {audience: management, announce: [1d, 1h, end], cadence: [{from: 0s, every: 1h}]}
      - {audience: board, announce: [1d], cadence: [{from: 0s, every: 1h}]}
`,
	"{name: management, channels", "{name: management, calendar: true, channels",
)

// planned is the organisation of the stories with such a policy.
var planned = planning.Replace(strings.Replace(storyConfig, "audiences:\n", `teams:
  communication: {channels: [email], nudge_before: 10m, recipients: [{name: Anna, email: communicatie@voorbeeld.example}]}
  resolution: {channels: [email], recipients: [{name: Bert, email: beheer@voorbeeld.example}]}
audiences:
`, 1))

// changeOf is a planned change as the API has it.
func (s *story) changeOf(id string) (v struct {
	State    string
	Overlaps []string
	Alerts   []struct{ Labels map[string]string }
	Timeline []factView
}) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.decided(http.StatusOK, "GET", "/api/v1/changes/"+id, "")), &v); err != nil {
		s.t.Fatal(err)
	}
	return v
}

// TestAChangeWeekend: it is planned a day and a half ahead, announced, put off by two
// hours when the lead sees it, past its end all the same with nobody saying anything, and
// completed; what fires of its service opens nothing; sitrep is down now and then.
func TestAChangeWeekend(t *testing.T) {
	t.Parallel()
	tellWith(t, planned, func(t *testing.T, s *story) {
		s.note("the change is planned for tomorrow noon")
		s.decided(http.StatusOK, "POST", "/api/v1/changes", `{"title": {"nl": "verhuizing van de opslag", "en": "moving the storage"}, "services": ["mail"],
			"start": "2000-01-02T12:00:00Z", "end": "2000-01-02T18:00:00Z", "decide": "2000-01-02T17:00:00Z", "lead": "Bert"}`)
		s.pass(13 * time.Hour)
		s.restart(time.Minute)
		s.pass(23*time.Hour - time.Minute)
		s.note("mail fires, as was to be expected")
		fired := time.Now()
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: fired})
		s.pass(2 * time.Hour)
		if v := s.changeOf("SR-1"); v.State != "running" || len(v.Alerts) != 1 {
			t.Errorf("%+v", v)
		}
		if list := s.decided(http.StatusOK, "GET", "/api/v1/incidents", ""); !strings.Contains(list, `"incidents":[]`) {
			t.Errorf("there are incidents: %s", list)
		}
		s.pass(2*time.Hour + 50*time.Minute)
		s.note("asked, the lead says that it will take longer")
		s.decided(http.StatusOK, "POST", "/api/v1/changes/SR-1/decide", `{"course": "later"}`)
		s.pass(5 * time.Minute)
		s.decided(http.StatusOK, "POST", "/api/v1/changes/SR-1/extend", `{"end": "2000-01-02T20:00:00Z", "reason": "copying is slow"}`)
		s.restart(0)
		s.pass(3*time.Hour + 10*time.Minute)
		if v := s.changeOf("SR-1"); v.State != "overrunning" {
			t.Errorf("%+v", v)
		}
		if list := s.decided(http.StatusOK, "GET", "/api/v1/incidents?state=open", ""); !strings.Contains(list, `"id":"SR-1","kind":"change"`) {
			t.Errorf("it is no incident: %s", list)
		}
		s.note("mail comes back")
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: fired, ends: time.Now()})
		s.pass(50 * time.Minute)
		s.restart(time.Minute)
		s.note("and it is done")
		s.decided(http.StatusOK, "POST", "/api/v1/changes/SR-1/complete", `{}`)
		s.decided(http.StatusConflict, "POST", "/api/v1/changes/SR-1/complete", `{}`)
		s.pass(10 * time.Hour)
		s.golden("change-weekend")
		if v := s.changeOf("SR-1"); v.State != "completed" {
			t.Errorf("%+v", v)
		}
		if _, _, broken := s.promises("SR-1"); broken != 0 {
			t.Errorf("%d promises are broken", broken)
		}
	})
}

// TestACalendarEntryFollowsTheChange: who wants one gets it with the announcement, the
// same one anew when the times change, and its end when the change is called off.
func TestACalendarEntryFollowsTheChange(t *testing.T) {
	t.Parallel()
	tellWith(t, planned, func(t *testing.T, s *story) {
		s.decided(http.StatusOK, "POST", "/api/v1/changes", `{"title": {"nl": "verhuizing", "en": "the move"}, "services": ["mail"], "start": "2000-01-01T12:00:00Z", "end": "2000-01-01T18:00:00Z"}`)
		s.pass(time.Hour)
		s.decided(http.StatusOK, "PATCH", "/api/v1/changes/SR-1", `{"start": "2000-01-01T14:00:00Z", "end": "2000-01-01T20:00:00Z"}`)
		s.pass(time.Hour)
		s.decided(http.StatusOK, "POST", "/api/v1/changes/SR-1/cancel", `{"reason": "not needed"}`)
		s.decided(http.StatusConflict, "POST", "/api/v1/changes/SR-1/start", `{}`)
		s.pass(time.Hour)
		var got []string
		for _, m := range s.smtp.Messages() {
			if m.To != "manager@voorbeeld.example" {
				if m.Calendar != "" {
					t.Errorf("%s gets an entry that he did not want", m.To)
				}
				continue
			}
			entry := ""
			for _, line := range []string{"METHOD:", "UID:", "DTSTART:", "STATUS:"} {
				for l := range strings.Lines(strings.ReplaceAll(m.Calendar, "\r\n ", "")) { // unfolded
					if strings.HasPrefix(l, line) {
						entry += strings.TrimSpace(l) + " "
					}
				}
			}
			got = append(got, entry)
		}
		uid := s.daemon.store.Key().Entry("SR-1")
		want := []string{
			"METHOD:PUBLISH UID:" + uid + " DTSTART:20000101T120000Z STATUS:CONFIRMED ",
			"METHOD:PUBLISH UID:" + uid + " DTSTART:20000101T140000Z STATUS:CONFIRMED ",
			"METHOD:CANCEL UID:" + uid + " DTSTART:20000101T140000Z STATUS:CANCELLED ",
		}
		if uid == (channels.Key{}).Entry("SR-1") || !strings.HasPrefix(uid, "SR-1-") {
			t.Errorf("any store names it %s", uid)
		}
		if !slices.Equal(got, want) {
			t.Errorf("the entries are\n%s", strings.Join(got, "\n"))
		}
	})
}

// TestAChangeIsPlannedOtherwise: who was told hears of another end, and of other services,
// as what it is; what is again as he was told is no news, and neither is a decision time.
func TestAChangeIsPlannedOtherwise(t *testing.T) {
	t.Parallel()
	config := strings.Replace(planned, "teams:\n", `  - name: permits
    title: {nl: "vergunningen", en: "permits"}
    matchers: ['service="permits"']
    threshold: [{firing_for: 5m}]
teams:
`, 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.note("it is planned for noon")
		s.decided(http.StatusOK, "POST", "/api/v1/changes", `{"title": {"nl": "verhuizing", "en": "the move"}, "services": ["mail"], "start": "2000-01-01T12:00:00Z", "end": "2000-01-01T18:00:00Z"}`)
		patch := func(body string, told bool) {
			t.Helper()
			answer := s.decided(http.StatusOK, "PATCH", "/api/v1/changes/SR-1", body)
			if strings.Contains(answer, `"updates":[]`) == told {
				t.Errorf("%s is answered %s", body, answer)
			}
			s.pass(time.Hour)
		}
		s.pass(time.Hour)
		patch(`{"decide": "2000-01-01T17:00:00Z"}`, false)
		s.note("permits are away too")
		patch(`{"services": ["mail", "permits"]}`, true)
		patch(`{"services": ["permits", "mail"]}`, false)
		s.note("it takes longer, and then less")
		patch(`{"end": "2000-01-01T20:00:00Z"}`, true)
		patch(`{"end": "2000-01-01T17:30:00Z"}`, true)
		s.note("and nothing is away after all")
		patch(`{"services": []}`, true)
		s.pass(7 * time.Hour)
		s.note("while it runs, mail is")
		patch(`{"services": ["mail"]}`, true)
		s.golden("change-planned-otherwise")
	})
}

// TestAChangeThatLeavesAnOutage: alerts that fire when somebody says that it is done make
// it an outage under its number; who was told of the change hears so at once, and of the
// end of that; a preview says so before.
func TestAChangeThatLeavesAnOutage(t *testing.T) {
	t.Parallel()
	tellWith(t, planned, func(t *testing.T, s *story) {
		s.decided(http.StatusOK, "POST", "/api/v1/changes", `{"title": {"nl": "nieuwe mailservers", "en": "new mail servers"}, "services": ["mail"], "start": "2000-01-01T01:00:00Z", "end": "2000-01-01T03:00:00Z"}`)
		s.pass(90 * time.Minute)
		fired := time.Now()
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: fired})
		s.pass(time.Hour)
		if preview := s.decided(http.StatusOK, "POST", "/api/v1/changes/SR-1/complete?dry_run=true", `{}`); !strings.Contains(preview, "after the maintenance") {
			t.Errorf("the preview does not say that it is an outage: %s", preview)
		}
		s.note("it is done, and mail still fires")
		s.decided(http.StatusOK, "POST", "/api/v1/changes/SR-1/complete", `{}`)
		if again := s.decided(http.StatusConflict, "POST", "/api/v1/changes/SR-1/complete", `{}`); !strings.Contains(again, "SR-1 was completed at 2000-01-01 02:30:00Z, and is an outage since") {
			t.Errorf("completed twice: %s", again)
		}
		s.restart(0)
		s.pass(40 * time.Minute)
		if v := s.incident("SR-1"); v.State != "open" || v.Service != "mail" || v.Kind != "outage" {
			t.Errorf("%+v", v)
		}
		if v := s.changeOf("SR-1"); v.State != "outage" {
			t.Errorf("%+v", v)
		}
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: fired, ends: time.Now()})
		s.pass(2 * time.Hour)
		s.golden("change-into-an-outage")
		if v := s.incident("SR-1"); v.State != "resolved" {
			t.Errorf("%+v", v)
		}
	})
}
