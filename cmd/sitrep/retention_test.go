package main

import (
	"bytes"
	"context"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/router"
)

const day = 24 * time.Hour

func TestRetentionFlag(t *testing.T) {
	for _, c := range []struct {
		given map[string]string
		want  router.Retention
		says  string // of the error
	}{
		{nil, router.Retention{Deliveries: 30 * day, Incidents: 400 * day, Audit: 1095 * day}, ""},
		{map[string]string{"deliveries": "1w", "incidents": "2y"}, router.Retention{Deliveries: 7 * day, Incidents: 730 * day, Audit: 1095 * day}, ""},
		{map[string]string{"deliveries": "0", "incidents": "0"}, router.Retention{}, ""},
		{map[string]string{"incidents": "4y"}, router.Retention{Deliveries: 30 * day, Incidents: 1460 * day, Audit: 1460 * day}, ""},
		{map[string]string{"audit": "0"}, router.Retention{Deliveries: 30 * day, Incidents: 400 * day}, ""},
		{map[string]string{"audit": "399d"}, router.Retention{}, "shorter than incidents are kept"},
		{map[string]string{"audit": "10y", "incidents": "0"}, router.Retention{}, "shorter than incidents are kept"},
		{map[string]string{"delivery": "30d"}, router.Retention{}, `there is no class "delivery"`},
		{map[string]string{"incidents": "a year"}, router.Retention{}, "not a valid duration"},
		{map[string]string{"deliveries": "1h"}, router.Retention{}, "too short"},
		{map[string]string{"deliveries": "-30d"}, router.Retention{}, "not a valid duration"},
	} {
		got, err := retention(c.given)
		switch {
		case c.says == "" && (err != nil || got != c.want):
			t.Errorf("%v: %v, %v", c.given, got, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "hint:")):
			t.Errorf("%v: %v", c.given, err)
		}
	}
	code, _, errs := sitrepSays("serve", "--data.retention=people=30d", "--config.file="+filepath.Join(t.TempDir(), "none.yml"))
	if code != exitUsage || !strings.Contains(errs, "there is no class") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

// verified stops sitrep, verifies what it stored, and starts it again.
func (s *story) verified() (table string) {
	s.t.Helper()
	s.daemon.Stop()
	synctest.Wait()
	code, out, errs := s.verify()
	if code != exitOK {
		s.t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	s.start()
	return out
}

// verify verifies what is stored, while sitrep is stopped. A command line listens
// for signals, which nothing in a bubble may do.
func (s *story) verify() (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = runStateVerify(context.Background(), storeAt{dir: s.dir}, &out, &err)
	return code, out.String(), err.String()
}

// mailFails lets the mail fail for so long.
func (s *story) mailFails(d time.Duration) {
	s.t.Helper()
	down := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: time.Now()}
	s.webhook(down)
	s.pass(d)
	down.ends = time.Now()
	s.webhook(down)
	s.pass(20 * time.Minute)
}

// Deliveries of long ago go, and with them the addresses of whoever is told
// nothing any more; nobody gets anything twice because of it.
func TestOldDeliveriesGo(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		s.retention.Deliveries = 6 * time.Hour // no flag allows so little
		s.restart(0)
		s.mailFails(40 * time.Minute)
		mails, texts := len(s.smtp.Messages()), len(s.twilio.Messages())
		s.configure(strings.ReplaceAll(storyConfig, "manager@voorbeeld.example", "successor@voorbeeld.example"))
		s.restart(0)
		s.pass(5 * time.Hour)
		if traces(t, s.dir, "manager@voorbeeld.example") == nil {
			t.Error("he is gone early")
		}
		s.verified()
		s.restart(21 * time.Hour) // a day after its end it cannot come back
		s.pass(time.Hour)
		if left := traces(t, s.dir, "manager@voorbeeld.example", "it@voorbeeld.example", "+31612345605"); left != nil {
			t.Errorf("the old addresses are in %v", left)
		}
		s.mailFails(40 * time.Minute)
		s.pass(2 * time.Hour)
		if !strings.Contains(s.verified(), "updates    14, the deliveries of 7 removed by their age") {
			t.Error("not all deliveries of the first outage went")
		}
		if m, x := len(s.smtp.Messages()), len(s.twilio.Messages()); m != 2*mails || x != 2*texts {
			t.Errorf("%d mails and %d SMS; the first outage took %d and %d", m, x, mails, texts)
		}
		if n := len(s.incident("SR-1").Timeline); n == 0 {
			t.Error("the incident is gone with its deliveries")
		}
	})
}

// An incident that is open for longer than that still reaches everybody whom it
// told, at its end.
func TestAnEndReachesWhoWasToldLongAgo(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		s.retention.Deliveries = 6 * time.Hour
		s.restart(0)
		down := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: time.Now()}
		s.webhook(down)
		s.pass(20 * time.Minute)
		s.configure(strings.ReplaceAll(storyConfig, "manager@voorbeeld.example", "successor@voorbeeld.example"))
		s.restart(0)
		for range 3 { // as Alertmanager does
			s.webhook(down)
			s.pass(3 * time.Hour)
		}
		if table := s.verified(); !strings.Contains(table, "removed by their age") || strings.Contains(table, "of 0 removed") {
			t.Errorf("nothing went:\n%s", table)
		}
		down.ends = time.Now()
		s.webhook(down)
		s.pass(20 * time.Minute)
		last := map[string]string{}
		for _, m := range s.smtp.Messages() {
			last[m.To] = m.Subject
		}
		for _, who := range []string{"manager@voorbeeld.example", "successor@voorbeeld.example", "it@voorbeeld.example"} {
			if !strings.Contains(last[who], "voorbij") && !strings.Contains(last[who], "over") {
				t.Errorf("%s heard last: %s", who, last[who])
			}
		}
		s.verified()
	})
}

// Incidents of long ago are forgotten: nobody sees them any more, their facts are
// in no file, and their numbers are never used again. Who decided what of them is
// known for longer, and no start writes that anew.
func TestOldIncidentsAreForgotten(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		s.retention.Incidents, s.retention.Audit = 27*time.Hour, 50*time.Hour // no flag allows that
		decided := func(want ...string) {
			t.Helper()
			if got := s.audit(); !slices.Equal(got, want) {
				t.Errorf("the audit is %q, want %q", got, want)
			}
		}
		s.restart(0)
		s.webhook(alert{name: "MailSlow", instance: "mx9", severity: "critical", starts: time.Now(), summary: "an outage that passes"})
		s.pass(time.Minute)
		s.webhook(alert{name: "MailSlow", instance: "mx9", severity: "critical", starts: time.Now().Add(-time.Minute), ends: time.Now()})
		s.pass(10 * time.Minute)
		s.mailFails(20 * time.Minute)
		s.call("POST", "/api/v1/incidents/SR-1/reopen", `{"reason": "a mistake of somebody"}`)
		s.pass(time.Minute)
		s.call("POST", "/api/v1/incidents/SR-1/resolve", `{"reason": "it was none"}`)
		s.pass(25*time.Hour + 30*time.Minute)
		s.mailFails(20 * time.Minute)
		if s.incident("SR-2").State != "resolved" {
			t.Fatal("there is no second incident")
		}
		s.verified()
		s.pass(4 * time.Hour)
		if code, body := s.call("GET", "/api/v1/incidents/SR-1", ""); code != http.StatusNotFound {
			t.Errorf("SR-1 is still seen: %d %s", code, body)
		}
		if left := traces(t, s.dir, "a mistake of somebody", "an outage that passes"); left != nil {
			t.Errorf("its facts are in %v", left)
		}
		decided("1 reopened", "2 resolved")
		was := s.incident("SR-2")
		if table := s.verified(); !strings.Contains(table, "incidents  1, the last SR-2") {
			t.Errorf("it says\n%s", table)
		}
		if is := s.incident("SR-2"); !reflect.DeepEqual(is, was) {
			t.Errorf("after a restart it is\n%v\nand was\n%v", is, was)
		}
		decided("1 reopened", "2 resolved")
		s.restart(26 * time.Hour)
		s.pass(time.Hour)
		decided("2 resolved") // the last stays, by which it is seen where the lines end
		if table := s.verified(); !strings.Contains(table, "incidents  0, the last SR-2") {
			t.Errorf("it says\n%s", table)
		}
		s.mailFails(20 * time.Minute)
		if s.incident("SR-3").State != "resolved" {
			t.Error("the third incident has another number")
		}
		s.verified()
	})
}
