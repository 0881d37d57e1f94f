package incident

import (
	"slices"
	"strings"
	"time"
)

// A person may have the next update of an audience sent at once, in the words that it
// would have had. It waits for no hours and no hold, since it is asked for; the
// audience's clock starts again from it, and it keeps what was promised.
//
//	Send ──> Hastened ──> due now ──> Planned, to each of the audiences

// Send asks for the next update at once.
type Send struct {
	Incident  string   `json:"incident"`
	Audiences []string `json:"audiences,omitempty"` // none: all to whom something is due
}

// Hastened: a person wants the next update of audiences at once.
type Hastened struct {
	Audiences []string `json:"audiences"`
}

// Haste is who wanted an update at once, and when.
type Haste struct {
	At time.Time
	By string
}

func (d *decision) send() {
	if d.s.Under != "" {
		d.refuse("%s is a consequence of %s, which tells of both; do it there", d.s.ID, d.s.Under)
		return
	}
	var due []string
	if d.r.Due != nil {
		due = d.r.Due(d.in.At)
	}
	soon := func(name string) bool {
		t := d.s.Told[name]
		return t != nil && t.Last > 0 && d.in.At.Sub(t.LastAt) < minEvery
	}
	all := d.in.Send.Audiences
	for _, name := range all {
		switch {
		case !slices.Contains(due, name):
			d.refuse("nothing is due to %s; to say something anyway, give words", name)
			return
		case soon(name):
			d.refuse("%s was told less than a minute ago", name)
			return
		}
	}
	if len(all) == 0 {
		all = slices.DeleteFunc(slices.Clone(due), soon)
	}
	switch {
	case len(due) == 0:
		d.refuse("nothing of %s is due to anybody; to say something anyway, give words and audiences", d.s.ID)
	case len(all) == 0:
		d.refuse("all were told less than a minute ago")
	default:
		d.emit(Fact{Body: &Hastened{Audiences: all}})
	}
}

// String says it.
func (h Hastened) String() string {
	return "- the next update to " + strings.Join(h.Audiences, ", ") + " goes at once"
}

func (s *State) hasten(h *Hastened, by string, at time.Time) {
	for _, name := range h.Audiences {
		mark(&s.Hastened, name, Haste{At: at, By: by})
	}
}

// sent forgets that an update was wanted at once.
func (s *State) sent(audience string) {
	delete(s.Hastened, audience)
	if len(s.Hastened) == 0 {
		s.Hastened = nil
	}
}
