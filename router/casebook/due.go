package casebook

import (
	"slices"
	"time"

	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// due are the audiences to whom something of a case is due by its policy sooner or
// later, also those whom a person holds or paused.
func (b *Book) due(c *Case, now time.Time) (names []string) {
	s := *c.State
	s.Steers = map[string]*incident.Steering{}
	already, next, _ := schedule.Plan(b.rules.schedule, &s, now)
	for _, d := range append(already, next...) {
		if !d.Team && d.Falls == nil && d.Corrects == nil && !slices.Contains(names, d.Audience) {
			names = append(names, d.Audience)
		}
	}
	slices.Sort(names)
	return names
}
