package channels

import "time"

// slack is how long after it was planned what nobody was promised is to be tried.
const slack = 10 * time.Minute

// backlog sums up what is to be sent yet. While the channel is down, or a budget is
// spent, nothing is late for being slow.
func (w *Worker) backlog(now time.Time) Backlog {
	var b Backlog
	for j := range w.jobs {
		b.Waiting += j.open
		if j.open > 0 && (b.Oldest.IsZero() || j.part.PlannedAt.Before(b.Oldest)) {
			b.Oldest = j.part.PlannedAt
		}
		due := j.part.PlannedAt.Add(slack)
		if !j.part.Promised.IsZero() {
			due = j.part.Promised
		}
		if j.fresh < len(j.rows) && now.After(due) && !w.line.down && !w.purse.short(j.part) && (b.Late.IsZero() || due.Before(b.Late)) {
			b.Late = due
		}
	}
	return b
}

// short reports whether a part waits for a budget.
func (p *purse) short(part Part) bool {
	if !p.on() || part.Critical || p.day.IsZero() {
		return false
	}
	of, day := p.budget.PerIncident, p.budget.PerDay
	return of > 0 && p.incident[part.Incident] >= of || day > 0 && p.today >= day
}
