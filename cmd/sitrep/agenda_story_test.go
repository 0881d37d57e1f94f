package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sitrep/channels/channeltest"
)

// agendaConfig is the organisation of the stories with planned changes.
func agendaConfig(changes string) string {
	config := strings.Replace(withTeams(storyConfig), "  - name: critical-outage\n", `  - name: planned-change
    matchers: ['kind="change"']
    updates:
      - {audience: management, announce: [1d, start, end], cadence: [{from: 0s, every: 1h}]}
  - name: critical-outage
`, 1)
	config = strings.Replace(config, "{name: management, channels: [email],", "{name: management, channels: [email], calendar: true,", 1)
	return config + "changes:\n" + changes
}

// vevent is an entry of a calendar as it stands in the file.
func vevent(uid, title string, start time.Time, d time.Duration, more ...string) string {
	const form = "20060102T150405Z"
	return strings.Join(append([]string{"BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:" + start.Format(form), "SUMMARY:" + title,
		"DTSTART:" + start.UTC().Format(form), "DTEND:" + start.Add(d).UTC().Format(form)}, append(more, "END:VEVENT")...), "\r\n")
}

func calendarOf(events ...string) string {
	return strings.Join(append(append([]string{"BEGIN:VCALENDAR", "VERSION:2.0"}, events...), "END:VCALENDAR", ""), "\r\n")
}

// planned are the changes that the API lists, oldest first.
func (s *story) planned() (all []struct{ ID, State string }) {
	s.t.Helper()
	var list struct{ Changes []struct{ ID, State string } }
	if code, body := s.call("GET", "/api/v1/changes", ""); code != http.StatusOK || json.Unmarshal([]byte(body), &list) != nil {
		s.t.Fatalf("%d %s", code, body)
	}
	return list.Changes
}

func (s *story) states() string {
	s.t.Helper()
	var all []string
	for _, c := range s.planned() {
		all = append(all, c.ID+" "+c.State)
	}
	return strings.Join(all, ", ")
}

// TestACalendarPlansChanges: an entry is announced with an entry of the same name for the
// reader's calendar, moved, extended by a person against the calendar, and called off; what
// the calendar does not change it does not undo, and a restart plans nothing twice.
func TestACalendarPlansChanges(t *testing.T) {
	t.Parallel()
	config := agendaConfig("  calendars: [{name: it, file: changes.ics, services: [mail]}]\n")
	old := vevent("old@voorbeeld.example", "Long ago", time.Date(1999, 12, 1, 20, 0, 0, 0, time.UTC), time.Hour)
	start := time.Date(2000, 1, 2, 4, 0, 0, 0, time.UTC)
	tellFiles(t, config, map[string]string{"changes.ics": calendarOf(old)}, func(t *testing.T, s *story) {
		s.pass(time.Hour)
		s.note("an entry is added")
		s.write("changes.ics", calendarOf(old, vevent("storage@voorbeeld.example", "Opslag", start, 3*time.Hour)))
		s.pass(4 * time.Hour)
		if got := s.states(); got != "SR-1 planned" {
			t.Fatalf("planned: %s", got)
		}
		s.note("it moves by half an hour")
		start = start.Add(30 * time.Minute)
		s.write("changes.ics", calendarOf(old, vevent("storage@voorbeeld.example", "Opslag", start, 3*time.Hour)))
		s.pass(time.Hour)
		s.note("a person says that it takes until later, and the calendar stays as it is")
		if code, body := s.call("POST", "/api/v1/changes/SR-1/extend", fmt.Sprintf(`{"end": %q}`, start.Add(5*time.Hour).Format(time.RFC3339))); code != http.StatusOK {
			t.Fatalf("%d %s", code, body)
		}
		s.pass(time.Hour)
		s.restart(time.Minute)
		s.pass(time.Hour)
		s.note("its title changes, and no more")
		s.write("changes.ics", calendarOf(old, vevent("storage@voorbeeld.example", "Nieuwe opslag", start, 3*time.Hour)))
		s.pass(time.Hour)
		if _, body := s.call("GET", "/api/v1/changes/SR-1", ""); !strings.Contains(body, "2000-01-02T09:30:00Z") || !strings.Contains(body, "Nieuwe opslag") {
			t.Errorf("the person's end, or the calendar's title, is not there: %s", body)
		}
		s.note("it is removed")
		s.write("changes.ics", calendarOf(old))
		s.pass(time.Hour)
		if got := s.states(); got != "SR-1 cancelled" {
			t.Fatalf("planned: %s", got)
		}
		s.note("and put back: what is called off is called off")
		s.write("changes.ics", calendarOf(old, vevent("storage@voorbeeld.example", "Opslag", start, 3*time.Hour)))
		s.restart(time.Minute)
		s.pass(6 * time.Hour)
		if got := s.states(); got != "SR-1 cancelled" {
			t.Fatalf("planned: %s", got)
		}
		s.golden("agenda")
		for _, m := range s.smtp.Messages() {
			if strings.HasPrefix(m.To, "manager") && !strings.Contains(m.Calendar, "UID:storage@voorbeeld.example\n") {
				t.Errorf("%q comes with another entry for the calendar:\n%s", m.Subject, m.Calendar)
			}
		}
	})
}

// TestACalendarThatBegins: a change of a calendar begins by the clock, and what becomes of
// its entry then neither ends it nor takes it back.
func TestACalendarThatBegins(t *testing.T) {
	t.Parallel()
	config := agendaConfig("  calendars: [{name: it, file: changes.ics, services: [mail]}]\n")
	start := time.Date(2000, 1, 1, 2, 0, 0, 0, time.UTC)
	later := vevent("later@voorbeeld.example", "Later", start.Add(20*24*time.Hour), time.Hour)
	tellFiles(t, config, map[string]string{"changes.ics": calendarOf(later, vevent("a@voorbeeld.example", "Opslag", start, time.Hour))}, func(t *testing.T, s *story) {
		s.pass(150 * time.Minute)
		s.note("its entry is removed while it runs")
		s.write("changes.ics", calendarOf(later))
		s.pass(2 * time.Hour)
		if got := s.states(); got != "SR-2 overrunning, SR-1 planned" && got != "SR-2 planned, SR-1 overrunning" {
			t.Errorf("planned: %s", got)
		}
		s.golden("agenda-begun")
	})
}

// TestACalendarThatCannotBeRead: what it said last stays, the team is told once, and told
// when it is well again; the same of an entry that is not understood.
func TestACalendarThatCannotBeRead(t *testing.T) {
	t.Parallel()
	config := agendaConfig("  calendars: [{name: it, file: changes.ics}]\n")
	start := time.Date(2000, 1, 20, 20, 0, 0, 0, time.UTC)
	good := calendarOf(vevent("storage@voorbeeld.example", "Opslag", start, 3*time.Hour, "CATEGORIES:mail"))
	tellFiles(t, config, map[string]string{"changes.ics": good}, func(t *testing.T, s *story) {
		s.coarse = time.Minute // what ails is looked at every ten seconds
		s.pass(time.Hour)
		s.note("half of it is there for five minutes")
		s.write("changes.ics", good[:len(good)/2])
		s.pass(5 * time.Minute)
		s.write("changes.ics", good)
		s.pass(time.Hour)
		s.note("it is away for an hour, and a restart comes")
		s.remove("changes.ics")
		s.pass(30 * time.Minute)
		if _, metrics := s.call("GET", "/metrics", ""); !strings.Contains(metrics, `sitrep_ailing{channel="",what="calendar"} 1`) {
			t.Error("the metrics do not say that it ails")
		}
		s.restart(time.Minute)
		s.pass(29 * time.Minute)
		s.note("it is there again")
		s.write("changes.ics", good)
		s.pass(2 * time.Hour)
		s.note("it is empty")
		s.write("changes.ics", calendarOf())
		s.pass(time.Hour)
		s.note("one of it names a service that there is not")
		s.write("changes.ics", calendarOf(vevent("storage@voorbeeld.example", "Opslag", start, 3*time.Hour, "CATEGORIES:mial")))
		s.pass(2 * time.Hour)
		s.note("all is well")
		s.write("changes.ics", good)
		s.pass(2 * time.Hour)
		if got := s.states(); got != "SR-1 planned" {
			t.Errorf("planned: %s", got)
		}
		s.note("the calendar is taken out while it ails")
		s.remove("changes.ics")
		s.pass(2 * time.Hour)
		s.configure(strings.ReplaceAll(config, "changes.ics", "others.ics"))
		s.write("others.ics", calendarOf())
		s.configure(strings.Replace(config, "changes:\n  calendars: [{name: it, file: changes.ics}]\n", "", 1))
		if code, body := s.call("POST", "/-/reload", ""); code != http.StatusOK {
			t.Fatalf("%d %s", code, body)
		}
		s.pass(2 * time.Hour)
		if got := s.states(); got != "SR-1 planned" {
			t.Errorf("planned: %s", got)
		}
		s.golden("agenda-unread")
	})
}

// TestSilencesPlanChanges: by a stand-in for Alertmanager that asks for a password.
func TestSilencesPlanChanges(t *testing.T) {
	t.Parallel()
	config := agendaConfig("  from_silences: {alertmanager_url: \"http://alertmanager.example/am\", http_config: {basic_auth: {username: sitrep, password: hush}}}\n")
	tellFiles(t, strings.Split(config, "changes:\n")[0], map[string]string{}, func(t *testing.T, s *story) {
		listener := channeltest.NewPipeListener()
		silence := func(id, state, comment string, start, end time.Time) string {
			return fmt.Sprintf(`{"id": %q, "status": {"state": %q}, "updatedAt": "2000-01-01T00:00:00.000Z", "comment": %q, "createdBy": "anna",
				"startsAt": %q, "endsAt": %q, "matchers": [{"isEqual": true, "isRegex": false, "name": "service", "value": "mail"}]}`,
				id, state, comment, start.Format("2006-01-02T15:04:05.000Z"), end.Format("2006-01-02T15:04:05.000Z"))
		}
		start := s.began.Add(30 * time.Hour).UTC()
		s.write("silences", "[]")
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			if r.URL.Path != "/am/api/v2/silences" || user != "sitrep" || password != "hush" {
				http.Error(w, "no", http.StatusUnauthorized)
				return
			}
			text, _ := s.read("silences")
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(text)
		})}
		go server.Serve(listener)
		defer server.Close()
		s.outside = listener.Dial
		s.configure(config)
		s.restart(time.Second)
		s.pass(time.Minute)
		s.note("two silences, of which one is a change")
		a, b := silence("a", "pending", "change: Opslag\nlead: Anna", start, start.Add(2*time.Hour)), silence("b", "active", "see the ticket", s.began, start)
		s.write("silences", "["+a+","+b+"]")
		s.pass(28 * time.Hour)
		s.restart(time.Minute)
		s.note("it is made an hour longer")
		s.write("silences", "["+silence("a", "pending", "change: Opslag\nlead: Anna", start, start.Add(3*time.Hour))+"]")
		s.pass(time.Hour)
		s.note("another is made, and expired before it begins")
		s.write("silences", "["+silence("a", "pending", "change: Opslag\nlead: Anna", start, start.Add(3*time.Hour))+","+silence("c", "pending", "change: Netwerk", start.Add(20*time.Hour), start.Add(21*time.Hour))+"]")
		s.pass(10 * time.Minute)
		s.write("silences", "["+silence("a", "pending", "change: Opslag\nlead: Anna", start, start.Add(3*time.Hour))+","+silence("c", "expired", "change: Netwerk", start.Add(20*time.Hour), start.Add(21*time.Hour))+"]")
		s.pass(2 * time.Hour)
		s.note("the first is expired while the change runs")
		s.write("silences", "[]")
		s.pass(4 * time.Hour)
		if got := s.states(); got != "SR-2 cancelled, SR-1 overrunning" {
			t.Errorf("planned: %s", got)
		}
		s.golden("agenda-silences")
	})
}
