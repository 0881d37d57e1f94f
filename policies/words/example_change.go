package words

import (
	"fmt"
	"time"
)

// work is a planned change that was to be done at a moment.
func work(end time.Time) *Change {
	return &Change{
		Services: []map[string]string{mailTitle, permitsTitle},
		Start:    end.Add(-6 * time.Hour), End: end, Decide: end.Add(-time.Hour),
	}
}

// weekend is when the planned change of the examples begins: Saturday at 8.00.
var weekend = noon.Add(5*24*time.Hour - 5*time.Hour - 5*time.Minute)

// maintenance is a view of a planned change: the storage is moved in a weekend.
func maintenance(kind Kind, number int, now time.Time) View {
	v := outage(kind, number)
	v.Service = map[string]string{"nl": "verhuizing van de opslag", "en": "moving the storage"}
	v.Now, v.Since, v.NextBefore, v.Alerts, v.Severity = now, weekend, now.Add(time.Hour), nil, ""
	v.Change = work(weekend.Add(6 * time.Hour))
	v.Expected = ClockShare{Limit: time.Hour, Used: max(now.Sub(v.Change.End), 0)}
	v.Agreed.Used = v.Expected.Used
	if kind.final() {
		v.Ended, v.NextBefore = now, time.Time{}
	}
	return v
}

// later moves a planned change by a day.
func later(v *View) {
	c := v.Change
	c.StartBefore, c.EndBefore = c.Start, c.End
	c.Start, c.End, c.Decide = c.Start.Add(24*time.Hour), c.End.Add(24*time.Hour), c.Decide.Add(24*time.Hour)
	c.Revision++
}

// changeExamples are a weekend's work, from the announcement to the end.
func (s Scene) changeExamples() []Example {
	var all []Example
	add := func(name string, kind Kind, number int, now time.Time, change func(*View)) {
		v := s.place(maintenance(kind, number, now))
		v.Incident, v.SeverityBefore = "SR-14", ""
		v = s.place(v)
		v.Change.Services = []map[string]string{s.title("mail", mailTitle), s.title("permits", permitsTitle)}
		v.Change.UID = "change-14@example.org"
		v.Firing, v.FiringBefore, v.CameBack = 0, 0, 0
		if !kind.final() {
			v.NextBefore = promised(now)
		}
		if change != nil {
			change(&v)
		}
		all = append(all, Example{Name: name, Views: []View{v}})
	}
	over := weekend.Add(6*time.Hour + 2*time.Minute)
	deciding := func(v *View) { v.Change.Decide = over.Add(time.Hour) }

	add("announced", Announced, 1, noon, func(v *View) { v.NextBefore = weekend })
	add("moved", Moved, 2, noon.Add(time.Hour), func(v *View) {
		later(v)
		v.NextBefore = v.Change.Start
	})
	add("cancelled", Cancelled, 2, noon.Add(time.Hour), nil)
	add("started", Started, 2, weekend.Add(time.Minute), func(v *View) { v.NextBefore = v.Change.End.Add(5 * time.Minute) })
	add("change-first", First, 1, weekend.Add(2*time.Hour), func(v *View) { v.NextBefore = v.Change.End.Add(5 * time.Minute) })
	add("overrunning", Overrunning, 3, over, func(v *View) {
		deciding(v)
		v.Account.Workaround, v.Estimate = plenty.Workaround, over.Add(3*time.Hour)
	})
	add("change-progress", Progress, 4, over.Add(30*time.Minute), func(v *View) {
		deciding(v)
		v.Words = map[string]string{
			"nl": "Het kopiëren duurt langer. Twee van de drie kasten zijn over.", "en": "Copying takes longer. Two of the three arrays are done.",
		}
	})
	for i := range 4 {
		name := "change-holding"
		if i > 0 {
			name = fmt.Sprintf("change-holding-%d", 1+i)
		}
		add(name, Holding, 5+i, over.Add(time.Duration(40+30*i)*time.Minute), nil)
	}
	add("change-overdue", Overdue, 9, over.Add(170*time.Minute), func(v *View) {
		v.Consequences = []map[string]string{s.title("network", networkTitle)}
	})
	add("change-correction", Correction, 4, over.Add(45*time.Minute), func(v *View) {
		v.Corrects, v.CorrectsAt = 4, over.Add(30*time.Minute)
		v.Words = map[string]string{"nl": "Er is pas één kast over, niet twee.", "en": "One array is done so far, not two."}
	})
	add("extended", Moved, 6, over.Add(80*time.Minute), func(v *View) {
		v.Change.EndBefore, v.Change.End, v.Change.Revision = v.Change.End, v.Change.End.Add(5*time.Hour), 1
	})
	add("completed", Completed, 7, over.Add(4*time.Hour), nil)
	add("rolled-back", Completed, 7, over.Add(4*time.Hour), func(v *View) { v.Change.RolledBack = true })
	return all
}
