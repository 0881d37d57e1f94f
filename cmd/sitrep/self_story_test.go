package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sitrep/channels/channeltest"
)

// withTeams adds the two teams to a configuration, and the mail team's phones.
func withTeams(config string) string {
	return strings.Replace(config, "audiences:\n", `teams:
  communication: {channels: [email], nudge_before: 10m, recipients: [{name: Piket communicatie, email: communicatie@voorbeeld.example}]}
  resolution: {channels: [email], recipients: [{name: Piket beheer, email: beheer@voorbeeld.example, phone: "+31612345602"}]}
audiences:
`, 1)
}

// TestSitrepTellsOfItself: mail stops, and who mends it hears so by SMS, though his
// team is asked by mail; when the budget for SMS is nearly spent, and when it is, he
// hears that too. A restart alarms nobody twice.
func TestSitrepTellsOfItself(t *testing.T) {
	t.Parallel()
	config := withTeams(strings.Replace(storyConfig, "from: GemVoorbld,", "from: GemVoorbld, budget: {per_incident: 5},", 1))
	config = strings.Replace(config, "    critical: true\n", "", 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.outageBegins()
		s.pass(17 * time.Minute)
		s.coarse = 5 * time.Minute
		s.note("no mail server answers")
		s.smtp.Misbehave(func(m channeltest.Moment) channeltest.Act {
			return channeltest.Act{Fate: channeltest.Lost}
		})
		s.pass(3 * time.Hour)
		s.restart(time.Minute)
		s.pass(time.Hour)
		s.note("they answer again")
		s.smtp.Misbehave(nil)
		s.pass(2 * time.Hour)
		s.golden("self")
		if _, metrics := s.call("GET", "/metrics", ""); !strings.Contains(metrics, `sitrep_ailing{channel="sms",what="budget"} 1`) {
			t.Error("the metrics do not say that the budget is spent")
		}
	})
}

// TestAlertmanagerIsRefused: what Alertmanager does not send again, somebody hears of.
func TestAlertmanagerIsRefused(t *testing.T) {
	t.Parallel()
	config := withTeams(storyConfig) + "access: {tokens: [{name: alertmanager, role: alerts, token: right}]}\n"
	tellWith(t, config, func(t *testing.T, s *story) {
		post := func(agent, token string, want int) {
			t.Helper()
			r := httptest.NewRequest("POST", "http://sitrep.example/api/v1/alertmanager", strings.NewReader(`{"version": "4", "alerts": []}`))
			r.Header.Set("User-Agent", agent)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			if s.daemon.handler.ServeHTTP(w, r); w.Code != want {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
		post("Mozilla/5.0", "wrong", http.StatusUnauthorized)
		s.pass(time.Minute)
		s.note("Alertmanager comes with a wrong token")
		for range 5 {
			post("Alertmanager/0.34.0", "wrong", http.StatusUnauthorized)
			s.pass(5 * time.Minute)
		}
		s.note("and with the right one, and with the wrong one again")
		post("Alertmanager/0.34.0", "right", http.StatusAccepted)
		s.pass(5 * time.Minute)
		post("Alertmanager/0.34.0", "wrong", http.StatusUnauthorized)
		s.pass(2 * time.Hour)
		s.golden("refused")
	})
}

func (s *story) outageBegins() {
	s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: s.began})
}
