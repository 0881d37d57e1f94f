package web

import (
	"log/slog"
	"sync"
)

// unknowns are the names of annotations that nothing is done with. Whoever
// misspelt one in a rule hears of it once: each of its webhooks brings it again.
type unknowns struct {
	mu   sync.Mutex
	told map[string]bool
}

// maxUnknowns bounds the names: anybody who can fire alerts makes up more.
const maxUnknowns = 100

func (u *unknowns) tell(log *slog.Logger, names []string) {
	if len(names) == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, name := range names {
		if u.told[name] || len(u.told) == maxUnknowns {
			continue
		}
		if u.told == nil {
			u.told = map[string]bool{}
		}
		u.told[name] = true
		log.Warn("an alert has an annotation that sitrep does not know, and ignores", "annotation", name,
			"hint", "there are sitrep_summary, sitrep_impact and sitrep_workaround, each also with a language: sitrep_impact_nl")
	}
}
