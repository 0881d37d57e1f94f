package casebook

import (
	"testing"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
)

// site is a book in which changes happen, at moments that only go on.
type site struct {
	*testing.T
	book  *Book
	notes *notes
}

func newSite(t *testing.T, p Policy) *site { return &site{t, New(p), &notes{}} }

// take lets all inputs happen at one moment after noon, after what was due before it.
func (w *site) take(after time.Duration, all ...incident.Input) {
	w.Helper()
	at := noon.Add(after)
	for next := w.book.Next(at); next.Before(at); next = w.book.Next(at) {
		w.tick(next)
	}
	for _, in := range all {
		in.At, in.By = at, "p"
		if known, _, err := w.book.Take(in, w.notes); err != nil || !known {
			w.Fatalf("known %v, %v", known, err)
		}
	}
	w.tick(at)
}

func (w *site) tick(at time.Time) {
	w.Helper()
	if err := w.book.Tick(at, w.notes); err != nil {
		w.Fatal(err)
	}
}

func change(from, to time.Duration, services ...string) incident.Input {
	return incident.Input{Schedule: &incident.Schedule{Plan: incident.Plan{
		Title: map[string]string{"": "Move"}, Services: services, Start: noon.Add(from), End: noon.Add(to), Severity: "critical",
	}}}
}

func says(step incident.Step) incident.Input {
	return incident.Input{Conduct: &incident.Conduct{Incident: "SR-1", Step: step}}
}

// A service that a running change touches no more is judged as any other, and what fired
// of it within the window was to be expected until then.
func TestAServiceThatIsTakenOut(t *testing.T) {
	w := newSite(t, policy(t))
	w.take(0, change(time.Minute, 8*time.Hour, "mail"))
	w.take(2*time.Minute, incident.Input{Alerts: []incident.Observation{alert("mail", "MailDown", true, noon.Add(2*time.Minute), time.Time{})}})
	w.take(3 * time.Hour)
	if c := w.book.services["mail"]; c.State.Open() {
		t.Fatal("it opened within the window")
	}
	none := []string{}
	w.take(3*time.Hour, incident.Input{Reschedule: &incident.Reschedule{Incident: "SR-1", Services: &none}})
	c := w.book.services["mail"]
	if !c.State.Open() || !c.State.StartedAt.Equal(noon.Add(3*time.Hour)) {
		t.Errorf("open: %v, from %s", c.State.Open(), c.State.StartedAt)
	}
}

// Where the window counts, the clocks run from the start, also after it was moved; and of
// what takes longer it can yet be said when it is decided on.
func TestTheWindowCounts(t *testing.T) {
	for _, counts := range []bool{false, true} {
		p := policy(t)
		p.Policies = append([]*policies.Policy{{Name: "changes", Matchers: matcher(t, "kind", "change"), WindowCounts: counts}}, p.Policies...)
		w := newSite(t, p)
		w.take(0, change(time.Hour, 4*time.Hour, "mail"))
		later, decide := noon.Add(5*time.Hour), noon.Add(7*time.Hour)
		for _, move := range []bool{false, true} {
			if move {
				w.take(time.Minute, incident.Input{Reschedule: &incident.Reschedule{Incident: "SR-1", End: &later}})
			}
			want := w.book.ids["SR-1"].State.Work.End
			if counts {
				want = noon.Add(time.Hour)
			}
			if got := w.book.ids["SR-1"].State.StartedAt; !got.Equal(want) {
				t.Errorf("counts %v, moved %v: from %s, want %s", counts, move, got, want)
			}
		}
		w.take(6*time.Hour, incident.Input{Reschedule: &incident.Reschedule{Incident: "SR-1", Decide: &decide}})
		if got := w.book.ids["SR-1"].State.Work; !got.Over || !got.Decide.Equal(decide) {
			t.Errorf("over %v, decided on at %s", got.Over, got.Decide)
		}
	}
}

// How it goes is not said of what has not begun.
func TestACourseBeforeTheStart(t *testing.T) {
	w := newSite(t, policy(t))
	in := says(incident.StepCourse)
	in.Conduct.Course = incident.Later
	w.take(0, change(time.Hour, 4*time.Hour, "mail"), in)
	if last := w.notes.facts[len(w.notes.facts)-1]; last.Refused() == nil {
		t.Error(last.String())
	}
}
