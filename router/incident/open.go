package incident

import "time"

// A person may say that a service is out before any alert does, or of what no alert
// watches:
//
//	Open ──> Opened by hand ──> told by the policy of its labels, as any incident
//	             │
//	             ├── no alert ever fires: it ends by hand alone. Nothing is quiet
//	             │   that never was loud, and nothing is missed that never came
//	             └── an alert of the service fires: it is one of its alerts, and
//	                 recovery, silence and relapse are as ever
//
// The outage of a service that is out already is another matter: what fires and
// has held no threshold yet becomes the incident at once, and where there is one
// the person is told which.

// Open asks to open an incident by hand.
type Open struct {
	Service   string            `json:"service"`
	Severity  string            `json:"severity"`
	StartedAt time.Time         `json:"started_at,omitzero"` // zero: with its first alert, or now
	Title     map[string]string `json:"title,omitempty"`     // by language; none: the service's
	Account   Account           `json:"account,omitempty"`   // what is told of it from the beginning
}

func (d *decision) open() {
	o := d.in.Open
	severity, known := d.r.Severities.Rank(o.Severity)
	switch {
	case d.s.Open() && d.s.Under != "":
		d.refuse("%s is out already: %s, a consequence of %s, which tells of both", d.s.Service, d.s.ID, d.s.Under)
		return
	case d.s.Open():
		d.refuse("%s is out already: %s", d.s.Service, d.s.ID)
		return
	case d.s.ID != "": // the next is another case
		d.refuse("%s is over", d.s.ID)
		return
	case d.s.Under != "":
		d.refuse("%s is out already, as a consequence of %s, which tells of both", d.s.Service, d.s.Under)
		return
	case !known:
		d.refuse("severity %q is none of %v", o.Severity, d.r.Severities)
		return
	case o.StartedAt.After(d.in.At):
		d.refuse("the beginning %s is in the future", stamp(o.StartedAt))
		return
	}
	name, starts := d.r.Severities.Name(severity), o.StartedAt
	if d.s.firing > 0 {
		fires, since := d.outage()
		if d.rank(fires) > severity {
			name = fires
		}
		if starts.IsZero() || since.Before(starts) {
			starts = since
		}
	}
	if starts.IsZero() {
		starts = d.in.At
	}
	d.emit(Fact{Body: &Opened{Kind: Outage, Severity: name, StartedAt: starts, Alerts: d.s.firing, Row: "by hand"}})
	if len(o.Title) > 0 {
		d.emit(Fact{Body: &Titled{Title: o.Title}})
	}
	for _, t := range Things {
		if texts := o.Account[t]; len(texts) > 0 {
			d.emit(Fact{Body: &Accounted{Thing: t, Texts: texts}})
		}
	}
	for n := range d.facts {
		d.facts[n].Incident = d.r.number()
	}
}

// byHand reports whether an open incident is one since a person says so, and not
// by any alert that fires or did.
func (s *State) byHand() bool { return s.Open() && s.firing == 0 && s.QuietSince.IsZero() }
