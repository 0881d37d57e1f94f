package casebook

import (
	"math"
	"time"

	"sitrep/policies"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// Policy is what the operator says, as far as judging and planning go.
type Policy struct {
	Severities policies.Severities
	Services   []*policies.Service
	Audiences  []*policies.Audience
	Policies   []*policies.Policy
	// Rate is how many deliveries a second a channel makes; it decides how much
	// margin a promise to many people needs. 0: no bound.
	Rate map[string]float64
}

// rulebook is the policy with what is looked up often.
type rulebook struct {
	Policy
	services  map[string]*policies.Service
	audiences map[string]*policies.Audience
	schedule  schedule.Rules
}

func compile(p Policy) rulebook {
	c := rulebook{Policy: p, services: map[string]*policies.Service{}, audiences: map[string]*policies.Audience{}}
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
func (c rulebook) rules(service string, next int) incident.Rules {
	return incident.Rules{Service: c.services[service], Severities: c.Severities, Next: next}
}

// serviceOf returns the service that an alert belongs to: the first whose
// matchers hold; "" where there is none.
func (c rulebook) serviceOf(labels map[string]string) string {
	for _, s := range c.Services {
		if s.Covers(labels) {
			return s.Name
		}
	}
	return ""
}

// margin is twice the time that the slowest channel needs for everybody of an
// audience.
func (c rulebook) margin(audience string) time.Duration {
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
