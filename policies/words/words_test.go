package words

import (
	"os"
	"testing"
	"time"
	_ "time/tzdata"
)

func pack(t testing.TB) *Pack {
	t.Helper()
	p, err := Parse(os.DirFS("../default/words"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

var noon = time.Date(2026, 11, 23, 12, 5, 0, 0, time.UTC) // 13.05 in Amsterdam, a Monday

// outage is an ordinary view: email has been out for an hour and a bit.
func outage(kind Kind, number int) View {
	now := noon.Add(65 * time.Minute)
	v := View{
		Organisation: "Gemeente Voorbeeld", Incident: "SR-12", Kind: kind, Number: number,
		Service:  map[string]string{"nl": "e-mail", "en": "email"},
		Severity: "critical", Phase: "investigating",
		Since: noon, Now: now, NextBefore: now.Add(20 * time.Minute),
		Lead: "Anna de Vries", Firing: 3,
		Expected: ClockShare{Limit: time.Hour, Used: 65 * time.Minute},
		Agreed:   ClockShare{Limit: 24 * time.Hour, Used: 65 * time.Minute},
		Alerts: []Alert{
			{Name: "MailQueueHigh", Severity: "critical", Instance: "mx1:9100", Summary: "queue holds 5000 messages", Since: noon, Firing: true},
			{Name: "ImapDown", Severity: "critical", Instance: "imap2", Since: noon.Add(4 * time.Minute), Firing: true},
			{Name: "SmtpSlow", Severity: "warning", Instance: "mx2:9100", Summary: "5s to answer", Since: noon, Firing: false},
		},
		Link: "https://sitrep.example/incidents/SR-12",
	}
	if kind != First {
		v.LastAt = now.Add(-20 * time.Minute)
		v.PhaseBefore, v.SeverityBefore = v.Phase, v.Severity
		v.FiringBefore, v.CameBack = 5, 2
	}
	if kind == Closing {
		v.Ended, v.NextBefore, v.Firing = now.Add(-5*time.Minute), time.Time{}, 0
	}
	return v
}
