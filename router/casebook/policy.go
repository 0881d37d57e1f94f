package casebook

import (
	"math"
	"slices"
	"strings"
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
	Teams      []*policies.Team
	Watchdogs  []policies.Watchdog
	// Replies says that people of the teams can answer an SMS, and ReplyTo at which
	// number, where that is not the one that it comes from.
	Replies bool
	ReplyTo string
	// Approvers are who can say yes to what goes to an audience, by its name; nobody
	// knows of one that is not there.
	Approvers map[string]policies.Approvers
	// Needs are the services that a channel depends on.
	Needs map[string][]string
	// Rate is how many deliveries a second a channel makes; it decides how much
	// margin a promise to many people needs. 0: no bound.
	Rate map[string]float64
}

// rulebook is the policy with what is looked up often.
type rulebook struct {
	Policy
	services  map[string]*policies.Service
	audiences map[string]*policies.Audience
	teams     map[string]*policies.Team // that somebody can be reached of
	schedule  schedule.Rules
	belongs   belongs

	needs, neededBy map[string][]string // services, also by way of others, nearest first
	depth           map[string]int      // of a service: it is deeper than those it needs
	in              map[string][]string // the audiences that may be told together with one
	at              map[string][]string // and those that an address is in
}

func compile(p Policy) rulebook {
	c := rulebook{
		Policy: p, services: map[string]*policies.Service{}, audiences: map[string]*policies.Audience{}, teams: map[string]*policies.Team{},
		needs: map[string][]string{}, neededBy: map[string][]string{}, depth: map[string]int{}, in: map[string][]string{}, at: map[string][]string{},
	}
	for _, s := range p.Services {
		c.services[s.Name] = s
	}
	for _, a := range p.Audiences {
		c.audiences[a.Name] = a
	}
	for _, t := range p.Teams {
		if slices.ContainsFunc(t.Recipients, func(r policies.Recipient) bool {
			return slices.ContainsFunc(t.Channels, func(channel string) bool { return r.Address(channel) != "" })
		}) {
			c.teams[t.Name] = t
		}
	}
	c.schedule = schedule.Rules{Policies: p.Policies, Audiences: c.audiences, Services: c.services, Severities: p.Severities, Margin: c.margin, Teams: c.teams}
	c.belongs = belonging(p.Services)
	c.kinships()
	c.choirs()
	return c
}

// kinships finds out which service needs which, also by way of others. A circle
// is an error of the configuration; here it only ends.
func (c *rulebook) kinships() {
	var depth func(name string, path []string) int
	depth = func(name string, path []string) int {
		if slices.Contains(path, name) || c.services[name] == nil {
			return 0
		}
		if d, known := c.depth[name]; known {
			return d
		}
		deepest := 0
		for _, need := range c.services[name].DependsOn {
			deepest = max(deepest, 1+depth(need, append(path, name)))
		}
		c.depth[name] = deepest
		return deepest
	}
	for _, s := range c.Services {
		depth(s.Name, nil)
		queue := slices.Clone(s.DependsOn)
		for n := 0; n < len(queue); n++ {
			if need := c.services[queue[n]]; need != nil {
				for _, further := range need.DependsOn {
					if further != s.Name && !slices.Contains(queue, further) {
						queue = append(queue, further)
					}
				}
			}
		}
		c.needs[s.Name] = queue
		for _, need := range queue {
			c.neededBy[need] = append(c.neededBy[need], s.Name)
		}
	}
	for _, names := range c.neededBy {
		slices.SortStableFunc(names, func(x, y string) int { return c.depth[x] - c.depth[y] })
	}
}

// choirs finds out which audiences have a recipient in common.
func (c *rulebook) choirs() {
	of := c.at
	for _, a := range c.Audiences {
		if len(a.Recipients) > chorus {
			continue
		}
		for _, r := range a.Recipients {
			for _, address := range []string{r.Email, r.Phone} {
				if address == "" {
					continue
				}
				key := strings.ToLower(address)
				of[key] = append(of[key], a.Name)
				for _, other := range of[key] {
					if !slices.Contains(c.in[a.Name], other) {
						c.in[a.Name] = append(c.in[a.Name], other)
					}
					if !slices.Contains(c.in[other], a.Name) {
						c.in[other] = append(c.in[other], a.Name)
					}
				}
			}
		}
	}
}

// rules are those of one service.
func (c rulebook) rules(service string, next int) incident.Rules {
	return incident.Rules{Service: c.services[service], Severities: c.Severities, Next: next}
}

// margin is twice the time that the slowest channel needs for everybody of an
// audience of an incident.
func (c rulebook) margin(s *incident.State, audience string) time.Duration {
	a := c.audiences[audience]
	if a == nil {
		return 0
	}
	var slowest float64
	for _, channel := range a.Channels {
		if rate := c.Rate[channel]; rate > 0 {
			slowest = math.Max(slowest, float64(size(s, a))/rate)
		}
	}
	return time.Duration(2 * slowest * float64(time.Second))
}
