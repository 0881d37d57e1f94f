package incident

import (
	"fmt"
	"time"

	"sitrep/policies"
)

// Rules are what the operator says about one service.
type Rules struct {
	Service    *policies.Service // nil: it stands in the configuration no more
	Severities policies.Severities
	Next       int // number of the next incident to open

	// Parent is the open incident of a service that this one depends on, and
	// ParentService that service; empty where there is none.
	Parent, ParentService string
	// Heirs are the audiences that the incident which this outage was a
	// consequence of told of it, and who was added to and removed from those; asked
	// for when that is over.
	Heirs func() ([]Heir, Lists)
	// Orphan says that it is over, and not a consequence of another itself.
	Orphan bool
	// Newer is a later incident of the same service, which has its alerts by now;
	// empty where there is none.
	Newer string

	// Due are the audiences to whom something is due sooner or later, by name; asked
	// for when somebody wants it at once.
	Due func(now time.Time) []string

	// Into returns the service of an incident that a person wants to fold this one
	// into, or why that cannot be.
	Into func(id string) (service, why string)

	// Split says why a service that is part of this incident cannot be taken out of
	// it; empty: it can.
	Split func(service string) (why string)

	// Stands reports whether what waits for a yes would go out by one now: the incident
	// may have outrun it. Nil: it would.
	Stands func(update int, now time.Time) bool

	// Crew is of a planned change. Window is the change that runs and touches the
	// service, whose alerts open nothing meanwhile; empty: none does.
	Crew   *Crew
	SLA    *policies.SLA // of a change: the tightest of its services'
	Window string
	// Excused is until when a change ran that touched the service: an outage begins no
	// sooner, since what fired until then was to be expected. Zero: none did.
	Excused time.Time

	// Configured returns the names of the recipient of an audience, as it is configured,
	// who has one of them; none where nobody has.
	Configured func(audience, name string) []string
	// Others reports whether anybody else is in his audience, as things are.
	Others func(who Recipient) bool
	// Erased reports whether who was added is in the chunk of a hash no more.
	Erased func(roster string) bool

	Watchdog *policies.Watchdog // of a watchdog's case
	HeardAt  time.Time          // when its heartbeat came last
	Unheard  bool               // none came since the start; HeardAt is since when it is waited for
}

// number names the next incident to open.
func (r Rules) number() string { return fmt.Sprintf("SR-%d", r.Next) }

func (r Rules) resolvedAfter() time.Duration {
	if r.Service == nil {
		return 5 * time.Minute
	}
	return r.Service.ResolvedAfter
}

// sla is what was agreed; nil: nothing.
func (r Rules) sla() *policies.SLA {
	switch {
	case r.Crew != nil:
		return r.SLA
	case r.Service != nil:
		return r.Service.SLA
	}
	return nil
}

// unconfirmedAfter is how long no webhook may say that an alert fires.
func (r Rules) unconfirmedAfter() time.Duration {
	if r.Service == nil || r.Service.UnconfirmedAfter == 0 {
		return 5 * time.Hour
	}
	return r.Service.UnconfirmedAfter
}
