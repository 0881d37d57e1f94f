package schedule

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/timeinterval"

	"sitrep/policies"
	"sitrep/router/incident"
)

// office is Monday to Friday from eight to six, UTC.
var office = policies.NewCalendar("office-hours", []timeinterval.TimeInterval{{
	Times:    []timeinterval.TimeRange{{StartMinute: 8 * 60, EndMinute: 18 * 60}},
	Weekdays: []timeinterval.WeekdayRange{{InclusiveRange: timeinterval.InclusiveRange{Begin: 1, End: 5}}},
}})

// night plays an outage that begins at start for one audience with office
// hours, and returns what it is told.
func night(t *testing.T, start time.Time, audience *policies.Audience, cadence []policies.Row, play func(m *simulation)) []string {
	t.Helper()
	ir, sr := town()
	ir.Service.UnconfirmedAfter = 30 * 24 * time.Hour // the alert is not told again here
	sr.Audiences = map[string]*policies.Audience{audience.Name: audience}
	sr.Policies = []*policies.Policy{{Name: "p", Updates: []policies.Updates{{Audience: audience, Cadence: cadence, Active: office}}}}
	m := &simulation{ir: ir, sr: sr, s: incident.NewState("mail"), now: start, fail: t.Fatalf}
	m.input(incident.Input{At: start, Alerts: []incident.Observation{firing("A", "critical", start, true, time.Time{})}})
	play(m)
	var got []string
	for _, f := range m.sent {
		p := f.Planned()
		line := fmt.Sprintf("%s %s by %v", f.At.Format("Mon 15:04"), p.Kind, p.Channels)
		if !p.PromiseAt.IsZero() {
			line += p.PromiseAt.Format(", next before Mon 15:04")
		}
		if p.Late {
			line += ", late"
		}
		got = append(got, line)
	}
	return got
}

// TestHours: what falls due outside the hours waits, and is told once, at their
// beginning.
func TestHours(t *testing.T) {
	day := func(s string) time.Time { return mustParse(t, s) }
	over := func(m *simulation) {
		m.input(incident.Input{At: m.now, Alerts: []incident.Observation{firing("A", "critical", m.s.StartedAt, false, m.now)}})
	}
	staff := &policies.Audience{Name: "staff", Channels: []string{"email"}}
	board := &policies.Audience{Name: "board", Channels: []string{"sms", "email"}, Critical: true, Recipients: []policies.Recipient{{Phone: "+31612345604", Email: "x@voorbeeld.example"}}}
	phones := &policies.Audience{Name: "phones", Channels: []string{"sms", "email"}, Critical: true, Recipients: []policies.Recipient{{Phone: "+31612345604"}}}
	mailOnly := &policies.Audience{Name: "mail-only", Channels: []string{"sms", "email"}, Critical: true, Recipients: []policies.Recipient{{Email: "x@voorbeeld.example"}}}
	hourly := []policies.Row{age(0, time.Hour)}
	for _, c := range []struct {
		name     string
		start    string
		audience *policies.Audience
		cadence  []policies.Row
		play     func(m *simulation)
		want     []string
	}{
		{"over the night", "2026-03-02T16:10", staff, hourly, func(m *simulation) { m.until(day("2026-03-03T09:30")) }, []string{
			"Mon 16:15 first by [email], next before Mon 17:20",
			"Mon 17:15 overdue by [email], next before Tue 08:05",
			"Tue 08:00 holding by [email], next before Tue 09:05",
			"Tue 09:00 holding by [email], next before Tue 10:05",
		}},
		{"over the weekend", "2026-03-06T17:30", staff, hourly, func(m *simulation) { m.until(day("2026-03-09T08:30")) }, []string{
			"Fri 17:35 first by [email], next before Mon 08:05",
			"Mon 08:00 overdue by [email], next before Mon 09:05",
		}},
		{"begins at night", "2026-03-02T22:00", staff, hourly, func(m *simulation) { m.until(day("2026-03-03T08:30")) }, []string{
			"Tue 08:00 first by [email], next before Tue 09:05",
		}},
		{"begins and ends at night: who was never told hears nothing", "2026-03-02T22:00", staff, hourly, func(m *simulation) {
			m.until(day("2026-03-03T01:00"))
			over(m)
			m.until(day("2026-03-03T12:00"))
		}, nil},
		{"ends at night: the end waits too", "2026-03-02T17:00", staff, hourly, func(m *simulation) {
			m.until(day("2026-03-02T22:00"))
			over(m)
			m.until(day("2026-03-03T12:00"))
		}, []string{
			"Mon 17:05 first by [email], next before Tue 08:05",
			"Tue 08:00 closing by [email]",
		}},
		{"a person's words wait for no hours", "2026-03-02T17:00", staff, hourly, func(m *simulation) {
			m.until(day("2026-03-02T22:00"))
			m.input(incident.Input{At: m.now, ID: "1", By: "oncall", Say: &incident.Say{Incident: "SR-1", Texts: map[string]string{"": "words"}}})
			m.until(day("2026-03-03T08:30"))
		}, []string{
			"Mon 17:05 first by [email], next before Tue 08:05",
			"Mon 22:00 progress by [email], next before Tue 08:05",
			"Tue 08:00 overdue by [email], next before Tue 09:05",
		}},
		{"an SMS to a critical audience never waits; its mail does", "2026-03-02T22:00", board, []policies.Row{age(0, 4*time.Hour)}, func(m *simulation) {
			m.until(day("2026-03-03T10:30"))
		}, []string{
			"Mon 22:05 first by [sms], next before Tue 02:10",
			"Tue 02:05 overdue by [sms], next before Tue 06:10",
			"Tue 06:05 holding by [sms], next before Tue 10:10",
			"Tue 08:00 first by [email], next before Tue 10:10", // the clock stays
			"Tue 10:05 holding by [sms email], next before Tue 14:10",
		}},
		{"its mail waits a minute more where an update by all channels may be planned by then", "2026-03-02T21:56", board, []policies.Row{age(0, 5*time.Hour)}, func(m *simulation) {
			m.until(day("2026-03-03T10:30"))
		}, []string{
			"Mon 22:01 first by [sms], next before Tue 03:05",
			"Tue 03:01 overdue by [sms], next before Tue 08:05",
			"Tue 08:01 holding by [sms email], next before Tue 13:05",
		}},
		{"but no two", "2026-03-02T21:57", board, []policies.Row{age(0, 5*time.Hour)}, func(m *simulation) {
			m.until(day("2026-03-03T10:30"))
		}, []string{
			"Mon 22:02 first by [sms], next before Tue 03:05",
			"Tue 03:02 overdue by [sms], next before Tue 08:05",
			"Tue 08:00 first by [email], next before Tue 08:05",
			"Tue 08:02 holding by [sms email], next before Tue 13:05",
		}},
		{"and so does the mail of the end", "2026-03-02T22:00", board, []policies.Row{age(0, 4*time.Hour)}, func(m *simulation) {
			m.until(day("2026-03-02T23:00"))
			over(m)
			m.until(day("2026-03-03T12:00"))
		}, []string{
			"Mon 22:05 first by [sms], next before Tue 02:10",
			"Mon 23:05 closing by [sms]",
			"Tue 08:00 closing by [email]",
		}},
		{"unless a person wants the mail at once: nobody hears of the end by SMS again", "2026-03-02T22:00", board, []policies.Row{age(0, 4*time.Hour)}, func(m *simulation) {
			m.until(day("2026-03-02T23:00"))
			over(m)
			m.until(day("2026-03-03T01:00"))
			m.ir.Due = func(time.Time) []string { return []string{"board"} }
			m.input(incident.Input{At: m.now, ID: "1", By: "oncall", Send: &incident.Send{}})
			m.until(day("2026-03-03T12:00"))
		}, []string{
			"Mon 22:05 first by [sms], next before Tue 02:10",
			"Mon 23:05 closing by [sms]",
			"Tue 01:00 closing by [email]",
		}},
		{"critical, and nobody has mail: nothing is left to catch up", "2026-03-02T22:00", phones, []policies.Row{age(0, 8*time.Hour)}, func(m *simulation) { m.until(day("2026-03-03T08:30")) }, []string{
			"Mon 22:05 first by [sms], next before Tue 06:10",
			"Tue 06:05 overdue by [sms], next before Tue 14:10",
		}},
		{"critical, but nobody has a phone", "2026-03-02T22:00", mailOnly, hourly, func(m *simulation) { m.until(day("2026-03-03T08:30")) }, []string{
			"Tue 08:00 first by [sms email], next before Tue 09:05",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := night(t, day(c.start), c.audience, c.cadence, c.play)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

// TestTheEndComesAlone: an update that is due within the minute before the end
// is the end.
func TestTheEndComesAlone(t *testing.T) {
	ir, sr := town()
	audience := &policies.Audience{Name: "public"}
	sr.Audiences = map[string]*policies.Audience{"public": audience}
	sr.Policies = []*policies.Policy{{Name: "p", Updates: []policies.Updates{{Audience: audience, Cadence: []policies.Row{age(0, 30*time.Minute)}}}}}
	for _, c := range []struct {
		calm time.Duration // when it calms down; it is over five minutes later
		want []string
	}{
		{30*time.Minute + 30*time.Second, []string{"12:05:00 first", "12:35:30 closing"}},
		{31 * time.Minute, []string{"12:05:00 first", "12:35:00 progress", "12:36:00 closing"}},
		{29 * time.Minute, []string{"12:05:00 first", "12:34:00 closing"}},
	} {
		m := &simulation{ir: ir, sr: sr, s: incident.NewState("mail"), now: noon, fail: t.Fatalf}
		m.input(incident.Input{At: noon, Alerts: []incident.Observation{firing("A", "critical", noon, true, time.Time{})}})
		m.until(noon.Add(c.calm))
		m.input(incident.Input{At: m.now, Alerts: []incident.Observation{firing("A", "critical", noon, false, m.now)}})
		m.until(noon.Add(2 * time.Hour))
		var got []string
		for _, f := range m.sent {
			got = append(got, f.At.Format("15:04:05 ")+string(f.Planned().Kind))
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("calm after %v: got %q, want %q", c.calm, got, c.want)
		}
		for _, f := range m.facts {
			if f.Broken() != nil {
				t.Error(f)
			}
		}
	}
}

// TestPhasesAndSeverities is a table of updates as large providers publish it:
// every 10, 15 or 15 minutes while investigating, by severity, 10, 30 or 30 when
// the cause is known, 30, 60 or 60 while it is being watched.
func TestPhasesAndSeverities(t *testing.T) {
	table := map[string][3]time.Duration{ // critical, warning, info
		"investigating": {10 * time.Minute, 15 * time.Minute, 15 * time.Minute},
		"identified":    {10 * time.Minute, 30 * time.Minute, 30 * time.Minute},
		"monitoring":    {30 * time.Minute, 60 * time.Minute, 60 * time.Minute},
	}
	var cadence []policies.Row
	for phase, every := range table {
		for i, severity := range []string{"critical", "warning", "info"} {
			cadence = append(cadence, policies.Row{Every: every[i], Phase: phase, Severity: severity})
		}
	}
	for phase, every := range table {
		for i, severity := range []string{"critical", "warning", "info"} {
			ir, sr := town()
			audience := &policies.Audience{Name: "public"}
			sr.Audiences = map[string]*policies.Audience{"public": audience}
			sr.Policies = []*policies.Policy{{Name: "p", Updates: []policies.Updates{{Audience: audience, Cadence: cadence}}}}
			m := &simulation{ir: ir, sr: sr, s: incident.NewState("mail"), now: noon, fail: t.Fatalf}
			m.input(incident.Input{At: noon, Alerts: []incident.Observation{firing("A", severity, noon, true, time.Time{})}})
			m.until(noon.Add(5 * time.Minute))
			if phase != "investigating" {
				m.input(incident.Input{At: m.now, ID: "1", By: "oncall", Say: &incident.Say{Incident: "SR-1", Texts: map[string]string{"": "words"}, Phase: incident.Phase(phase)}})
			}
			last := m.now
			m.until(noon.Add(70 * time.Minute))
			for _, f := range m.sent {
				if !f.At.After(last) {
					continue
				}
				if gap := f.At.Sub(last); gap != every[i] {
					t.Errorf("%s, %s: an update after %v, want every %v", phase, severity, gap, every[i])
				}
				last = f.At
			}
		}
	}
}

// TestASlowerPhaseKeepsWhatWasPromised: monitoring is told every hour, and
// begins five minutes after an update that promised the next in ten.
func TestASlowerPhaseKeepsWhatWasPromised(t *testing.T) {
	ir, sr := town()
	audience := &policies.Audience{Name: "public"}
	sr.Audiences = map[string]*policies.Audience{"public": audience}
	sr.Policies = []*policies.Policy{{Name: "p", Updates: []policies.Updates{{Audience: audience, Cadence: []policies.Row{
		{Every: 10 * time.Minute, Phase: "investigating"}, {Every: time.Hour, Phase: "monitoring"},
	}}}}}
	m := &simulation{ir: ir, sr: sr, s: incident.NewState("mail"), now: noon, fail: t.Fatalf}
	m.ir.Service.ResolvedAfter = 3 * time.Hour
	m.input(incident.Input{At: noon, Alerts: []incident.Observation{firing("A", "critical", noon, true, time.Time{})}})
	m.until(noon.Add(20 * time.Minute))
	m.input(incident.Input{At: m.now, Alerts: []incident.Observation{firing("A", "critical", noon, false, m.now)}})
	m.until(noon.Add(2 * time.Hour))
	var got []string
	for _, f := range m.sent {
		got = append(got, f.At.Format("15:04 ")+string(f.Planned().Kind))
	}
	want := []string{"12:05 first", "12:15 holding", "12:25 progress", "13:25 overdue"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, f := range m.facts {
		if f.Broken() != nil {
			t.Error(f)
		}
	}
}

// What waited goes on when the hours begin, but an SMS to a critical audience at
// once.
func TestWithin(t *testing.T) {
	people := []policies.Recipient{{Phone: "+31612345604", Email: "x@voorbeeld.example"}}
	monday := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	night, noon, morning := monday.Add(22*time.Hour), monday.Add(12*time.Hour), monday.Add(32*time.Hour)
	both, mail, sms := []string{"email", "sms"}, []string{"email"}, []string{"sms"}
	for name, c := range map[string]struct {
		critical    bool
		active      *policies.Calendar
		at          time.Time
		ready, rest []string
		want        time.Time
		now, later  []string
	}{
		"no hours":              {active: nil, at: night, ready: both, want: night, now: both},
		"within them":           {active: office, at: noon, ready: both, want: noon, now: both},
		"outside":               {active: office, at: night, ready: both, want: morning, now: both},
		"critical, mail":        {critical: true, active: office, at: night, ready: mail, rest: sms, want: morning, now: mail, later: sms},
		"critical, sms":         {critical: true, active: office, at: night, ready: sms, rest: mail, want: night, now: sms, later: mail},
		"critical, both":        {critical: true, active: office, at: night, ready: both, want: night, now: sms, later: mail},
		"critical, within them": {critical: true, active: office, at: noon, ready: both, want: noon, now: both},
	} {
		p := section{audience: &policies.Audience{Critical: c.critical, Recipients: people}, active: c.active}
		when, now, later, ok := p.within(c.at, c.ready, c.rest)
		if !ok || !when.Equal(c.want) || !reflect.DeepEqual(now, c.now) || !reflect.DeepEqual(later, c.later) {
			t.Errorf("%s: %v: %v, then %v, %v", name, when, now, later, ok)
		}
	}
}
