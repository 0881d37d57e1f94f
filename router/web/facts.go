package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/policies"
)

// factsRoute adds the facts of what goes on, as they are stored: whoever has another
// policy judges by them what would change under it, and need not show it to anybody.
func (s *Server) factsRoute(api huma.API) {
	huma.Register(api, operation("list-facts", http.MethodGet, "/api/v1/facts", "The facts of every incident that is open, or of which something is due, as they are stored", policies.RoleAdmin), s.listFacts)
}

type factsOutput struct {
	Body struct {
		Incidents []incidentFacts `json:"incidents"`
	}
}

type incidentFacts struct {
	ID    string `json:"id"`
	Facts []any  `json:"facts" doc:"In order; their form is sitrep's own, and may change"`
}

func (s *Server) listFacts(_ context.Context, _ *struct{}) (*factsOutput, error) {
	out := &factsOutput{}
	out.Body.Incidents = []incidentFacts{}
	for _, p := range s.o.Desk.Incidents() {
		if !p.Open && len(p.Next) == 0 {
			continue
		}
		one := incidentFacts{ID: p.ID, Facts: []any{}}
		for _, f := range p.Timeline {
			one.Facts = append(one.Facts, f)
		}
		out.Body.Incidents = append(out.Body.Incidents, one)
	}
	return out, nil
}
