package policies

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// written is a policy and where its parts stand. cadences go with its updates.
type written struct {
	*Policy
	at, matchers place
	cadences     []cadence
}

type cadence struct {
	at    place
	rows  []rowPlace
	sound bool // no row is missing for a mistake in it
}

type rowPlace struct{ from, every place }

var kinds = []string{"outage", "change", "drill"}

// reach reports what the policies can never do: rows that never begin,
// policies that never apply, audiences that never hear.
func (l *loader) reach(all []written) {
	heard := map[*Audience]bool{}
	last := "" // the first policy that takes every incident
	for _, p := range all {
		if last != "" {
			l.warn(p.at, "move it up", "policy %q is never reached: %q before it takes every incident", p.Name, last)
		}
		if len(p.Matchers) == 0 && last == "" {
			last = p.Name
		}
		services := l.applies(p)
		l.graded(p)
		for i, u := range p.Updates {
			heard[u.Audience] = true
			l.begins(u, p.cadences[i], services)
			l.pace(u, p.cadences[i], services)
		}
	}
	for _, a := range l.cfg.Audiences {
		if !heard[a] {
			l.warn(l.places[a], "name it under updates, or remove it", "no policy mentions audience %q", a.Name)
		}
	}
}

// applies returns the services whose incidents a policy can take, and warns
// where its matchers ask for what no incident can be.
func (l *loader) applies(p written) []*Service {
	var names []string
	for _, s := range l.cfg.Services {
		names = append(names, s.Name)
	}
	for _, of := range []struct {
		label string
		known []string
	}{{"service", names}, {"severity", l.cfg.Severities}, {"kind", kinds}} {
		if len(of.known) > 0 && !slices.ContainsFunc(of.known, func(v string) bool { return p.takes(of.label, v) }) {
			l.warn(p.matchers, "known here: "+strings.Join(of.known, ", "), "policy %q never applies: no incident has such a %s", p.Name, of.label)
		}
	}
	var services []*Service
	for _, s := range l.cfg.Services {
		if p.takes("service", s.Name) {
			services = append(services, s)
		}
	}
	return services
}

// graded warns of rows for a severity that no incident of the policy has.
func (l *loader) graded(p written) {
	for i, u := range p.Updates {
		for n, r := range u.Cadence {
			if r.Severity != "" && p.cadences[i].sound && !p.takes("severity", r.Severity) {
				l.warn(p.cadences[i].rows[n].from, "remove the row, or change the policy's matchers", "the row is never in force: the policy takes no incident with severity %q", r.Severity)
			}
		}
	}
}

// takes reports whether all matchers of one label hold for a value.
func (p written) takes(label, value string) bool {
	for _, m := range p.Matchers {
		if m.Name == label && !m.Matches(value) {
			return false
		}
	}
	return true
}

// begins reports a cadence that begins for no service, and warns of one that
// leaves some services, or some of its rows, out.
func (l *loader) begins(u Updates, c cadence, services []*Service) {
	begins := func(r Row, s *Service) bool { return r.From.Clock == "" || s.SLA.Limit(r.From.Clock) > 0 }
	if !c.sound || len(u.Cadence) == 0 || len(services) == 0 {
		return
	}
	var silent, told []string
	for _, s := range services {
		if slices.ContainsFunc(u.Cadence, func(r Row) bool { return begins(r, s) }) {
			told = append(told, s.Name)
		} else {
			silent = append(silent, s.Name)
		}
	}
	const hint = "begin with an age such as 15m, or give the service an SLA with that clock"
	if len(told) == 0 {
		l.fail(c.at, hint, "the cadence never begins: no service here has an SLA with these clocks")
		return
	}
	if len(silent) > 0 {
		l.warn(c.at, hint, "the audience never hears of %s: the SLA has no such clock", strings.Join(silent, ", "))
	}
	for i, r := range u.Cadence {
		if !slices.ContainsFunc(services, func(s *Service) bool { return begins(r, s) }) {
			l.warn(c.rows[i].from, hint, "the row never begins: no service here has an SLA with %q", r.From.Clock)
		}
	}
}

// pace warns of updates that come too often to be read, or so seldom that the
// contract's time of a service is over before the second one.
func (l *loader) pace(u Updates, c cadence, services []*Service) {
	var tightest *Service
	for _, s := range services {
		if limit := s.SLA.Limit(Agreed); limit > 0 && (tightest == nil || limit < tightest.SLA.Limit(Agreed)) {
			tightest = s
		}
	}
	for i, r := range u.Cadence {
		if r.Every < time.Minute {
			l.warn(c.rows[i].every, "a minute or more", "an update every %s is more than anyone reads", model.Duration(r.Every))
		}
		if tightest != nil && r.Every > tightest.SLA.Limit(Agreed) {
			agreed := model.Duration(tightest.SLA.Limit(Agreed))
			l.warn(c.rows[i].every, fmt.Sprintf("at most %s, or a policy of its own for the others", agreed), "an update every %s is longer than the %s that is agreed for %s", model.Duration(r.Every), agreed, tightest.Name)
		}
	}
}
