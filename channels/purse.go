package channels

import (
	"context"
	"log/slog"
	"time"
)

// Budget bounds how many messages a channel may send. At a limit all but critical
// parts wait. Zero is no limit.
type Budget struct {
	PerIncident int
	PerDay      int            // of the calendar
	Zone        *time.Location // of the day
	// Shared says that other workers spend it too. What they spent is read now and
	// then, so together they may go beyond a limit by what they send meanwhile.
	Shared bool
}

// Spending tells what was spent before this worker began.
type Spending interface {
	// Spent returns how many attempts of a channel since a moment were or may have
	// been accepted; for one incident, or for all where it is empty.
	Spent(ctx context.Context, channel, incident string, since time.Time) (int, error)
}

// Spent is how much of a budget is gone.
type Spent struct {
	Incident string // empty: of the day
	Messages int
	Limit    int
}

// purse counts what is spent. What is on the wire counts, until it is certain that
// it was not accepted; what critical parts send counts, although they never wait.
type purse struct {
	budget  Budget
	channel string
	store   Spending
	log     *slog.Logger
	watch   func(Spent) // told at each change; may be nil

	readAt   time.Time // what others spent was
	day      time.Time // its beginning; zero: nothing is known yet
	today    int
	incident map[string]int
	stale    map[string]bool // incidents of which others may have spent more
}

// pursePause is when the ledger is asked again that could not be read.
const pursePause = 5 * time.Second

// on reports whether there is anything to count.
func (p *purse) on() bool { return p.budget.PerIncident > 0 || p.budget.PerDay > 0 }

// room returns how many messages of a part may be sent now, of as many as could
// be, and lowers wake to when that may be more.
func (p *purse) room(ctx context.Context, part Part, free int, now time.Time, wake *time.Duration) int {
	if !p.on() || free == 0 {
		return free
	}
	if err := p.look(ctx, part.Incident, now); err != nil {
		p.log.Error("what was spent of the budget cannot be read; all but critical messages wait", "channel", p.channel, "err", err)
		*wake = min(*wake, pursePause)
		if part.Critical {
			return free
		}
		return 0
	}
	if part.Critical {
		return free
	}
	if limit := p.budget.PerIncident; limit > 0 {
		free = min(free, max(limit-p.incident[part.Incident], 0))
	}
	if limit := p.budget.PerDay; limit > 0 && free > limit-p.today {
		free = max(limit-p.today, 0)
		*wake = min(*wake, max(p.tomorrow().Sub(now), time.Millisecond))
	}
	return free
}

// look reads what was spent before, once an incident and once at the start.
func (p *purse) look(ctx context.Context, incident string, now time.Time) error {
	if p.day.IsZero() {
		spent, err := p.store.Spent(ctx, p.channel, "", p.midnight(now))
		if err != nil {
			return err
		}
		p.day, p.today, p.incident, p.stale, p.readAt = p.midnight(now), spent, map[string]int{}, map[string]bool{}, now
		p.tell("", p.today, p.budget.PerDay)
	}
	if p.budget.Shared && now.Sub(p.readAt) >= sharedLook {
		if err := p.again(ctx, now); err != nil {
			return err
		}
	}
	if !now.Before(p.tomorrow()) {
		p.day, p.today = p.midnight(now), 0
		p.tell("", 0, p.budget.PerDay)
	}
	if was, known := p.incident[incident]; (!known || p.stale[incident]) && p.budget.PerIncident > 0 {
		spent, err := p.store.Spent(ctx, p.channel, incident, time.Time{})
		if err != nil {
			return err
		}
		spent = max(spent, was)
		delete(p.stale, incident)
		p.incident[incident] = spent
		p.tell(incident, spent, p.budget.PerIncident)
	}
	return nil
}

// sharedLook is how often what others spent is read.
const sharedLook = time.Second

// again reads what all spent since. A copy of the ledger that lacks the last records
// says less than this worker knows of itself, so nothing is taken back.
func (p *purse) again(ctx context.Context, now time.Time) error {
	spent, err := p.store.Spent(ctx, p.channel, "", p.midnight(now))
	if err != nil {
		return err
	}
	if spent > p.today && now.Before(p.tomorrow()) {
		p.today = spent
		p.tell("", p.today, p.budget.PerDay)
	}
	clear(p.stale) // each is read when it is needed
	for name := range p.incident {
		p.stale[name] = true
	}
	p.readAt = now
	return nil
}

func (p *purse) midnight(at time.Time) time.Time {
	zone := p.budget.Zone
	if zone == nil {
		zone = time.UTC
	}
	y, m, d := at.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

func (p *purse) tomorrow() time.Time { return p.midnight(p.day.Add(36 * time.Hour)) }

// spend counts messages that are to be sent, or were not (a negative number).
func (p *purse) spend(incident string, messages int) {
	if !p.on() || messages == 0 || p.day.IsZero() {
		return
	}
	p.today += messages
	p.tell("", p.today, p.budget.PerDay)
	if _, known := p.incident[incident]; known {
		p.incident[incident] += messages
		p.tell(incident, p.incident[incident], p.budget.PerIncident)
	}
}

func (p *purse) tell(incident string, messages, limit int) {
	if p.watch != nil && limit > 0 {
		p.watch(Spent{Incident: incident, Messages: messages, Limit: limit})
	}
}
