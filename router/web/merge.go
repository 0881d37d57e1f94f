package web

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/router/incident"
)

type mergeInput struct {
	Asked
	ID   string `path:"id" example:"SR-12" maxLength:"40"`
	Body struct {
		Why
		Into string `json:"into" maxLength:"40" example:"SR-11" doc:"The incident that it is part of from now on; an open one that is no part of another"`
	}
}

// merge folds an incident into another.
func (s *Server) merge(ctx context.Context, in *mergeInput) (*decisionOutput, error) {
	into := in.Body.Into
	var problems []error
	switch problem := inBody(&problems); {
	case into == in.ID:
		problem("into", into, "an incident cannot be folded into itself")
	case s.o.Desk.Incident(into) == nil:
		problem("into", into, "there is no such incident")
	}
	if len(problems) > 0 && s.o.Desk.Incident(in.ID) != nil {
		return nil, huma.Error422UnprocessableEntity("validation failed", problems...)
	}
	return s.submit(ctx, in.ID, in.Asked, DryRun{}, incident.Input{Reason: in.Body.reason(), Merge: &incident.Merge{Incident: in.ID, Into: into}})
}

type splitInput struct {
	Asked
	ID   string `path:"id" example:"SR-12" maxLength:"40"`
	Body struct {
		Why
		Service string `json:"service" maxLength:"200" doc:"One of the incident's consequences"`
	}
}

// split takes a service out of an incident.
func (s *Server) split(ctx context.Context, in *splitInput) (*decisionOutput, error) {
	service := in.Body.Service
	if _, known := s.o.Services[service]; !known && s.o.Desk.Incident(in.ID) != nil {
		var problems []error
		inBody(&problems)("service", service, "there is no such service; there are %s", strings.Join(slices.Sorted(maps.Keys(s.o.Services)), ", "))
		return nil, huma.Error422UnprocessableEntity("validation failed", problems...)
	}
	out, err := s.submit(ctx, in.ID, in.Asked, DryRun{}, incident.Input{Reason: in.Body.reason(), Split: &incident.Split{Incident: in.ID, Service: service}})
	if err != nil || !out.Body.Decided {
		return out, err
	}
	for _, p := range s.o.Desk.Incidents() {
		if p.Service == service && p.Open && p.PartOf == "" {
			out.Body.Split, out.Location = &p.ID, "/api/v1/incidents/"+p.ID
			break
		}
	}
	return out, nil
}
