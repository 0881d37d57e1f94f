package web

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/router/incident"
)

type sendInput struct {
	Asked
	DryRun
	ID   string `path:"id" example:"SR-12" maxLength:"40"`
	Body *struct {
		Why
		Audiences []string `json:"audiences,omitempty" maxItems:"100" doc:"To whom; without it, to all to whom something is due"`
	}
}

// sendNext sends what is due next at once.
func (s *Server) sendNext(ctx context.Context, in *sendInput) (*decisionOutput, error) {
	c := incident.Input{Send: &incident.Send{Incident: in.ID}}
	var named []string
	if in.Body != nil {
		c.Reason, named = in.Body.reason(), in.Body.Audiences
	}
	if err := s.door.some(ctx, named); err != nil {
		return nil, err
	}
	var problems []error
	c.Send.Audiences = s.named(inBody(&problems), named)
	if len(problems) > 0 {
		return nil, huma.Error422UnprocessableEntity("validation failed", problems...)
	}
	return s.submit(ctx, in.ID, in.Asked, in.DryRun, c)
}

// named takes the audiences that a body names, each once.
func (s *Server) named(problem problemFunc, audiences []string) (out []string) {
	if audiences != nil && len(audiences) == 0 {
		problem("audiences", nil, "it names nobody; leave it out for everyone")
	}
	for i, a := range audiences {
		if !slices.Contains(s.o.Audiences, a) {
			problem(fmt.Sprintf("audiences[%d]", i), a, "there is no such audience; there are %s", strings.Join(s.o.Audiences, ", "))
		}
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}
