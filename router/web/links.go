package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/policies"
)

// linksRoute adds how links are revoked by which people of the teams answer.
func (s *Server) linksRoute(api huma.API) {
	op := operation("delete-links", http.MethodDelete, "/api/v1/links", "Make all links useless that mails to the teams brought so far; the next mails bring others", policies.RoleResponder)
	op.DefaultStatus = http.StatusNoContent
	huma.Register(api, op, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		if err := s.o.RevokeLinks(ctx, callerOf(ctx).name); err != nil {
			s.o.Log.Error("links could not be revoked", "request", requestOf(ctx).id, "err", err)
			return nil, comeAgain("it could not be stored; the links still work")
		}
		s.o.Log.Info("all links to answer by were revoked", "by", callerOf(ctx).name)
		return nil, nil
	})
}
