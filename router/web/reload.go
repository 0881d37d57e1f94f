package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/policies"
)

const reloadPath = "/-/reload"

// Reload is somebody's wish that the configuration is read again.
type Reload struct {
	By     string // who asks; empty: a signal
	Force  bool   // also where an audience loses everybody, or grows tenfold
	DryRun bool   // only say what would come of it
}

// Reloaded says what came of it, or would.
type Reloaded struct {
	InForce      bool               `json:"in_force" doc:"false: a dry run"`
	Services     int                `json:"services"`
	Audiences    []ReloadedAudience `json:"audiences"`
	NeedsRestart []string           `json:"needs_restart" doc:"Sections that changed, and that only a start reads; the rest is in force"`
	Warnings     []string           `json:"warnings"`
}

// ReloadedAudience is who is told, in number.
type ReloadedAudience struct {
	Name   string `json:"name"`
	Before int    `json:"before" doc:"Recipients who could be reached; 0 where it is new"`
	After  int    `json:"after" doc:"Recipients who can be reached; 0 where it is gone"`
}

// Unloaded says why a configuration was refused. Nothing changed.
type Unloaded struct {
	Text     string
	Conflict bool // it is right in itself; force takes it
	Problems []ReloadProblem
}

// ReloadProblem is one finding: where, what, and what to do about it.
type ReloadProblem struct{ Location, Message, Hint string }

func (u *Unloaded) Error() string { return u.Text }

type reloadInput struct {
	Force  bool `query:"force" doc:"Also where an audience would lose all its recipients, or grow tenfold"`
	DryRun bool `query:"dry_run" doc:"Read and check it, and say what would change; nothing does"`
}

type reloadOutput struct {
	Body Reloaded
}

// reloadRoute adds the reload. It stands beside what machines ask for, and yet needs
// the role admin: it decides who is told.
func (s *Server) reloadRoute(api huma.API) {
	if s.o.Reload == nil {
		return
	}
	huma.Register(api, operation("reload", http.MethodPost, reloadPath, "Read the configuration again, and put it in force whole or not at all", policies.RoleAdmin, 409), s.reload)
}

func (s *Server) reload(ctx context.Context, in *reloadInput) (*reloadOutput, error) {
	out, err := s.o.Reload(context.WithoutCancel(ctx), Reload{By: callerOf(ctx).name, Force: in.Force, DryRun: in.DryRun})
	var no *Unloaded
	switch {
	case errors.As(err, &no) && no.Conflict:
		return nil, huma.Error409Conflict(no.Text)
	case errors.As(err, &no):
		var all []error
		for _, p := range no.Problems {
			text := p.Message
			if p.Hint != "" {
				text += " (hint: " + p.Hint + ")"
			}
			all = append(all, &huma.ErrorDetail{Location: p.Location, Message: text})
		}
		return nil, huma.Error422UnprocessableEntity(no.Text, all...)
	case err != nil:
		return nil, comeAgain("the configuration could not be put in force now; see the log, and send it again")
	}
	out.InForce = !in.DryRun
	return &reloadOutput{Body: out}, nil
}

// Renewed returns a server for another configuration, which knows what this one
// knew of its callers: who has shown too much that was wrong begins no new count. It
// knows no alerts: to which service they belong may be another now. Who follows
// events at this one is let go within a quarter of a minute, since he may be let in
// no more.
func (s *Server) Renewed(o Options) *Server {
	n := New(o)
	n.door.attempts, n.door.pace, n.door.tally, n.door.key = s.door.attempts, s.door.pace, s.door.tally, s.door.key
	n.following = s.following
	s.retired.Store(true)
	return n
}
