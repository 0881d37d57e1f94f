package web

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/router/incident"
)

type openInput struct {
	Named
	DryRun
	Body struct {
		Why
		Service   string            `json:"service" maxLength:"200" doc:"One of the configuration's"`
		Severity  string            `json:"severity" maxLength:"63" doc:"Which policy is in force; alerts of the service may raise it"`
		StartedAt *time.Time        `json:"started_at,omitempty" nullable:"true" doc:"Since when it is out, for the clocks of the SLA; without it, since its first alert that fires, or now"`
		Title     map[string]string `json:"title,omitempty" maxProperties:"10" doc:"What messages call it, by language, instead of the service's title"`
		Telling
	}
}

// longAgo is more than anybody means who writes a year wrong.
const longAgo = 30 * 24 * time.Hour

// notKnown is said of what was there a moment ago.
const notKnown = "the configuration was changed meanwhile; look at it, and open the incident again"

// openIncident opens an incident that no alert did. Its alerts, where there are any
// later, join it.
func (s *Server) openIncident(ctx context.Context, in *openInput) (*decisionOutput, error) {
	b := in.Body
	open := &incident.Open{Service: b.Service, Severity: b.Severity}
	var problems []error
	problem := inBody(&problems)
	if _, known := s.o.Services[b.Service]; !known {
		problem("service", b.Service, "there is no such service; there are %s", strings.Join(slices.Sorted(maps.Keys(s.o.Services)), ", "))
	}
	if !slices.Contains(s.o.Severities, b.Severity) {
		problem("severity", b.Severity, "there is no such severity; there are %s", strings.Join(s.o.Severities, ", "))
	}
	if at := b.StartedAt; at != nil {
		if open.StartedAt = at.UTC(); at.After(time.Now()) {
			problem("started_at", at, "it is in the future")
		} else if time.Since(*at) > longAgo {
			problem("started_at", at, "it is more than 30 days ago")
		}
	}
	if len(b.Title) > 0 {
		open.Title = s.title(problem, b.Title)
	}
	open.Account = s.account(problem, b.Telling)
	for _, t := range incident.Things {
		if b.of(t).null {
			problem(string(t), nil, "there is nothing to take back")
		}
	}
	if len(problems) > 0 {
		return nil, huma.Error422UnprocessableEntity("validation failed", problems...)
	}
	return s.submit(ctx, "", Asked{Named: in.Named}, in.DryRun, incident.Input{Reason: b.reason(), Open: open})
}
