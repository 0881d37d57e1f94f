package selfcheck

import (
	"testing"
	"time"

	"sitrep/router/incident"
)

// TestWhatAilsOfACalendar: it is over when that is seen, and not since a start has seen
// nothing yet; what there is no more ails no more.
func TestWhatAilsOfACalendar(t *testing.T) {
	before := []incident.Ailment{
		{ID: "calendar-it", What: incident.AilingCalendar, Name: "it", Since: time.Unix(1, 0)},
		{ID: "entries-gone", What: incident.AilingEntries, Name: "gone", Since: time.Unix(2, 0)},
	}
	c := New(Options{Ails: func() []incident.Ailment { return before }})
	count := func(want int) {
		t.Helper()
		if got := c.ails(time.Now()); len(got) != want {
			t.Errorf("%v ail, want %d", got, want)
		}
	}
	c.Calendar(incident.AilingEntries, "it", "", time.Time{}) // before it resumes
	c.resume()
	count(2)
	c.Calendars([]string{"it"})
	count(1)
	c.Calendar(incident.AilingCalendar, "it", "", time.Time{})
	count(0)
	c.resume() // what was seen counts
	count(0)
	c.Calendar(incident.AilingEntries, "it", "mial", time.Unix(3, 0))
	c.Calendar(incident.AilingCalendar, "it", "404", time.Unix(3, 0))
	count(2)
	c.Calendars(nil)
	count(0)
}
