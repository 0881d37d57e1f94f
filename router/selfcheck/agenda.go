package selfcheck

import (
	"slices"
	"time"

	"sitrep/router/incident"
)

// agenda is how the calendars do that changes are planned by.
type agenda struct {
	known []string // their names; nil: nobody said yet
	// ails is what ails of them; zero where it was found that nothing does.
	ails map[string]incident.Ailment
}

// Calendars is told which calendars there are: of others nothing ails any more.
func (c *Checker) Calendars(names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.agenda.known = append([]string{}, names...)
}

// Calendar is told since when something of a calendar ails, or, by a zero moment, that
// nothing does.
func (c *Checker) Calendar(what, name, code string, since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := incident.Ailment{ID: what + "-" + name, What: what, Name: name, Code: code, Since: since}
	if since.IsZero() {
		a = incident.Ailment{}
	}
	c.agenda.put(what+"-"+name, a)
}

func (g *agenda) put(id string, a incident.Ailment) {
	if g.ails == nil {
		g.ails = map[string]incident.Ailment{}
	}
	g.ails[id] = a
}

// resume takes over what ailed before a start, where nobody has looked since.
func (g *agenda) resume(a incident.Ailment) {
	if _, seen := g.ails[a.ID]; !seen {
		g.put(a.ID, a)
	}
}

func (g *agenda) each(add func(incident.Ailment)) {
	for _, a := range g.ails {
		if a.ID != "" && (g.known == nil || slices.Contains(g.known, a.Name)) {
			add(a)
		}
	}
}
