package casebook

import (
	"strings"
	"testing"
	"time"

	"sitrep/router/incident"
)

// ofCalendar is a change as a calendar says it.
func ofCalendar(uid string, start, end time.Time) incident.Input {
	said := &incident.Entry{Source: "it", Title: "Storage", Services: []string{"mail"}, Start: start, End: end}
	return incident.Input{ID: "i-" + uid, By: "calendar", Schedule: &incident.Schedule{Plan: incident.Plan{
		Title: map[string]string{"": "Storage"}, Services: []string{"mail"}, Start: start, End: end, UID: uid, Entry: said,
	}}}
}

// TestANameInCalendarsIsPlannedOnce: whatever became of the first, and also when only
// its facts are there; and it is remembered for as long as the calendar may say it.
func TestANameInCalendarsIsPlannedOnce(t *testing.T) {
	b, n := New(policy(t)), &notes{}
	take := func(at time.Time, in incident.Input, want bool) {
		t.Helper()
		in.At = at
		if known, _, err := b.Take(in, n); err != nil || known != want {
			t.Fatalf("known %v, %v", known, err)
		}
	}
	start := noon.Add(10 * 24 * time.Hour)
	take(noon, ofCalendar("a@x", start, start.Add(time.Hour)), true)
	take(noon, ofCalendar("a@x", start, start.Add(time.Hour)), false)
	take(noon, ofCalendar("b@x", start, start.Add(time.Hour)), true)
	take(noon.Add(time.Minute), incident.Input{By: "p", Conduct: &incident.Conduct{Incident: "SR-1", Step: incident.StepCallOff}}, true)
	take(noon.Add(2*time.Minute), ofCalendar("a@x", start, start.Add(time.Hour)), false)
	after := New(policy(t))
	for _, f := range n.facts {
		after.Remember(f)
	}
	b = after
	b.Wind(noon.Add(time.Hour))
	take(noon.Add(time.Hour), ofCalendar("a@x", start, start.Add(time.Hour)), false)
	if err := b.Tick(noon.Add(3*24*time.Hour), n); err != nil {
		t.Fatal(err)
	}
	if later := noon.Add(4 * 24 * time.Hour); len(b.Forgettable(later, later)) > 0 {
		t.Error("a change that was called off is forgotten while its calendar may say it yet")
	}
	if later := start.Add(4 * 24 * time.Hour); !b.Forgettable(later, later)["SR-1"] {
		t.Error("it is never forgotten")
	}
}

// TestWhatACalendarSaysIsRemembered: also where the plan stays what a person made it.
func TestWhatACalendarSaysIsRemembered(t *testing.T) {
	b, n := New(policy(t)), &notes{}
	start, end := noon.Add(24*time.Hour), noon.Add(25*time.Hour)
	take := func(in incident.Input) string {
		t.Helper()
		in.At = noon
		was := len(n.facts)
		if known, _, err := b.Take(in, n); err != nil || !known {
			t.Fatalf("known %v, %v", known, err)
		}
		var said []string
		for _, f := range n.facts[was:] {
			said = append(said, f.String())
		}
		return strings.Join(said, "\n")
	}
	take(ofCalendar("a@x", start, end))
	later := end.Add(time.Hour)
	take(incident.Input{By: "person", Reschedule: &incident.Reschedule{Incident: "SR-1", End: &later}})
	said := &incident.Entry{Source: "it", Title: "Storage", Services: []string{"mail"}, Start: start, End: later}
	got := take(incident.Input{By: "calendar", Reschedule: &incident.Reschedule{Incident: "SR-1", End: &later, Entry: said}})
	if !strings.Contains(got, "stays as it is planned") || b.Incident("SR-1").State.Work.Revision != 1 {
		t.Errorf("%q", got)
	}
	if again := take(incident.Input{By: "calendar", Reschedule: &incident.Reschedule{Incident: "SR-1", End: &later, Entry: said}}); again != "" {
		t.Errorf("said twice: %s", again)
	}
	if w := b.Incident("SR-1").State.Work; !w.Entry.Equal(said) || w.UID != "a@x" {
		t.Errorf("%+v", w.Plan)
	}
}
