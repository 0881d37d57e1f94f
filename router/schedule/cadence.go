package schedule

import (
	"time"

	"sitrep/policies"
)

// begun is a cadence row with the moment it begins.
type begun struct {
	at  time.Time
	row policies.Row
	by  string // who asked for another every; empty: nobody
	// once says that something is told then, and then only; why, by which row. It is
	// needless so soon after another word.
	once     bool
	why      string
	needless time.Duration
}

// rows returns when the rows of a cadence begin for an outage that started at
// start, earliest first; on a tie in file order. Rows that never begin (a share
// of a clock that the service lacks) are left out.
func rows(cadence []policies.Row, sla *policies.SLA, start time.Time) []begun {
	out := make([]begun, 0, len(cadence))
	for _, r := range cadence {
		at := start.Add(r.From.Age)
		if r.From.Clock != "" {
			var ok bool
			if at, ok = sla.Moment(start, r.From.Clock, r.From.Share); !ok {
				continue
			}
		}
		i := len(out)
		for i > 0 && out[i-1].at.After(at) {
			i--
		}
		out = append(out, begun{})
		copy(out[i+1:], out[i:])
		out[i] = begun{at: at, row: r}
	}
	return out
}

// after returns when the next update is due after one at last, and the row that
// makes it so. Rows that time alone will begin are foreseen. Without a row in
// force at last (words came before the cadence began), the first to begin rules.
func after(rows []begun, last time.Time) (due time.Time, by begun, ok bool) {
	for _, b := range rows {
		if b.once && !b.at.After(last.Add(b.needless)) {
			continue
		}
		if !b.at.After(last) { // the last of these is in force
			due, by, ok = last.Add(b.row.Every), b, true
			continue
		}
		if ok && !b.at.Before(due) {
			break
		}
		at := last.Add(b.row.Every)
		if at.Before(b.at) || b.once {
			at = b.at
		}
		if !ok || at.Before(due) {
			due, by, ok = at, b, true
		}
	}
	return due, by, ok
}

// promise turns a due time into what may be said: a margin, rounded up to five
// minutes, or to the full minute where updates come more often than every
// fifteen.
func promise(due time.Time, every, margin time.Duration) time.Time {
	step := 5 * time.Minute
	if every < 15*time.Minute {
		step = time.Minute
	}
	at := due.Add(max(margin, time.Minute))
	if up := at.Truncate(step); up.Before(at) {
		return up.Add(step)
	}
	return at
}
