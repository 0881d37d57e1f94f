package casebook

import (
	"slices"
	"strings"

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

// Strays returns the firing alerts that belong to no service, oldest first;
// changed says whether they did since the last call.
func (b *Book) Strays() (all []incident.Observation, changed bool) {
	if !b.strayed {
		return nil, false
	}
	b.strayed = false
	all = make([]incident.Observation, 0, len(b.strays))
	for _, o := range b.strays {
		all = append(all, o)
	}
	slices.SortFunc(all, func(x, y incident.Observation) int {
		if c := x.StartsAt.Compare(y.StartsAt); c != 0 {
			return c
		}
		return strings.Compare(x.Fingerprint, y.Fingerprint)
	})
	return all, true
}
