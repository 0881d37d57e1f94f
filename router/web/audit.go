package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/policies"
	"sitrep/router/audit"
)

// auditRoute adds who did what. It is for admins: it says from where people tried to
// come in.
func (s *Server) auditRoute(api huma.API) {
	huma.Register(api, operation("list-audit", http.MethodGet, "/api/v1/audit", "Who did what, newest first: overrides, reloads, erasures, and who was refused", policies.RoleAdmin), s.listAudit)
}

type auditInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most"`
	Cursor string `query:"cursor" maxLength:"20" doc:"Go on after this one: the answer's next"`
}

type auditOutput struct {
	Body struct {
		Lines []auditBody `json:"lines"`
		Next  *string     `json:"next" nullable:"true" doc:"Cursor of the next page; null on the last"`
	}
}

type auditBody struct {
	Number   uint64    `json:"number" doc:"Its place, from 1"`
	Prev     string    `json:"prev" doc:"SHA-256 of the line before it, as it is stored"`
	At       time.Time `json:"at"`
	Kind     string    `json:"kind" enum:"override,erasure,login,refusal,reload,links,broken"`
	By       *string   `json:"by" nullable:"true" doc:"The token or person; null: nobody known, or sitrep itself"`
	Role     *string   `json:"role" nullable:"true" doc:"What he came in as"`
	From     *string   `json:"from" nullable:"true" doc:"Where a login that failed came from"`
	Incident *string   `json:"incident" nullable:"true"`
	Refused  bool      `json:"refused"`
	Count    int       `json:"count" doc:"How often, from then on within a minute"`
	Text     string    `json:"text"`
}

func (s *Server) listAudit(ctx context.Context, in *auditInput) (*auditOutput, error) {
	out := &auditOutput{}
	out.Body.Lines = []auditBody{}
	if s.o.Audit == nil {
		return out, nil
	}
	var before uint64
	if in.Cursor != "" {
		var err error
		if before, err = strconv.ParseUint(in.Cursor, 10, 64); err != nil || before == 0 {
			return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{
				Location: "query.cursor", Message: "it is no line's number", Value: in.Cursor})
		}
	}
	lines, err := s.o.Audit(ctx, before, in.Limit+1)
	if err != nil {
		s.o.Log.Error("the audit could not be read", "err", err)
		return nil, comeAgain("the store cannot be read now; try again")
	}
	if len(lines) > in.Limit {
		lines = lines[:in.Limit]
		next := strconv.FormatUint(lines[in.Limit-1].Number, 10)
		out.Body.Next = &next
	}
	for _, l := range lines {
		out.Body.Lines = append(out.Body.Lines, auditOf(l))
	}
	return out, nil
}

func auditOf(l audit.Line) auditBody {
	return auditBody{
		Number: l.Number, Prev: l.Prev, At: l.At.UTC(), Kind: string(l.Kind), By: orNull(l.By), Role: orNull(l.Role), From: orNull(l.From), Incident: orNull(l.Incident),
		Refused: l.Refused, Count: max(l.Count, 1), Text: l.Text,
	}
}
