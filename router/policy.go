package router

import (
	"math"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// compiled is the policy with what is looked up often.
type compiled struct {
	Policy
	services  map[string]*policies.Service
	audiences map[string]*policies.Audience
	schedule  schedule.Rules
	rosters   map[string]*roster // by audience, once stored
}

func compile(p Policy) compiled {
	c := compiled{
		Policy:    p,
		services:  map[string]*policies.Service{},
		audiences: map[string]*policies.Audience{},
		rosters:   map[string]*roster{},
	}
	for _, s := range p.Services {
		c.services[s.Name] = s
	}
	for _, a := range p.Audiences {
		c.audiences[a.Name] = a
	}
	c.schedule = schedule.Rules{Policies: p.Policies, Audiences: c.audiences, Services: c.services, Margin: c.margin}
	return c
}

// rules are those of one service.
func (c compiled) rules(service string, next int) incident.Rules {
	return incident.Rules{Service: c.services[service], Severities: c.Severities, Next: next}
}

// serviceOf returns the service that an alert belongs to: the first whose
// matchers hold; "" where there is none.
func (c compiled) serviceOf(labels map[string]string) string {
	for _, s := range c.Services {
		if s.Covers(labels) {
			return s.Name
		}
	}
	return ""
}

// margin is twice the time that the slowest channel needs for everybody of an
// audience.
func (c compiled) margin(audience string) time.Duration {
	a := c.audiences[audience]
	if a == nil {
		return 0
	}
	var slowest float64
	for _, channel := range a.Channels {
		if rate := c.Rate[channel]; rate > 0 {
			slowest = math.Max(slowest, float64(len(a.Recipients))/rate)
		}
	}
	return time.Duration(2 * slowest * float64(time.Second))
}
