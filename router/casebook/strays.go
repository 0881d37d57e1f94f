package casebook

import (
	"slices"
	"strings"
	"time"

	"sitrep/router/incident"
)

// maxStrays bounds the alerts that are remembered though they belong to no
// service.
const maxStrays = 1000

// stray remembers a firing alert that belongs to no service, to be shown. It is
// no fact: nothing follows from it, and Alertmanager tells it again.
func (b *Book) stray(o incident.Observation) {
	_, known := b.strays[o.Fingerprint]
	switch {
	case known && !o.Firing:
		delete(b.strays, o.Fingerprint)
	case !known && o.Firing && len(b.strays) < maxStrays:
		b.strays[o.Fingerprint] = o
	default:
		return
	}
	b.strayed = true
}

// Notice takes in what alerts say that is no fact: which of them belong to no service,
// and that watchdogs are heard. It is for a book whose facts another one decides.
func (b *Book) Notice(alerts []incident.Observation, at time.Time) {
	for _, o := range alerts {
		waits := false
		for _, c := range b.dogs {
			if c.watchdog.Covers(o.Labels) {
				waits = true
				if o.Firing {
					c.beat, c.heard = at, true
				}
			}
		}
		if !waits && b.rules.belongs.of(o.Labels) == "" {
			b.stray(o)
		}
	}
}

// Strays returns the firing alerts that belong to no service, oldest first;
// changed says whether they did since the last call.
func (b *Book) Strays() (all []incident.Observation, changed bool) {
	if !b.strayed {
		return nil, false
	}
	b.strayed = false
	return b.astray(), true
}

func (b *Book) astray() []incident.Observation {
	all := make([]incident.Observation, 0, len(b.strays))
	for _, o := range b.strays {
		all = append(all, o)
	}
	slices.SortFunc(all, func(x, y incident.Observation) int {
		if c := x.StartsAt.Compare(y.StartsAt); c != 0 {
			return c
		}
		return strings.Compare(x.Fingerprint, y.Fingerprint)
	})
	return all
}
