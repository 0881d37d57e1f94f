package web

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/router"
	"sitrep/router/incident"
)

type approveInput struct {
	Asked
	DryRun
	ID     string `path:"id" example:"SR-12" maxLength:"40"`
	Update int    `path:"update" minimum:"1" example:"4" doc:"Its number, as awaiting has it"`
	Body   *struct{ Why }
}

type rejectInput struct {
	Asked
	ID     string `path:"id" example:"SR-12" maxLength:"40"`
	Update int    `path:"update" minimum:"1" example:"4" doc:"Its number, as awaiting has it"`
	Body   struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Why, for the timeline and for who wrote it; no message holds it"`
	}
}

type awaitingBody struct {
	Update   int        `json:"update" doc:"The number to approve or reject; it goes out under another"`
	Audience string     `json:"audience"`
	Kind     string     `json:"kind"`
	By       []string   `json:"by" doc:"Who wrote what is new in it, and so may not approve it; empty: nobody"`
	DueAt    *time.Time `json:"due_at" nullable:"true" doc:"When the audience is to hear; null where nothing is due"`
	Held     *bool      `json:"held,omitempty" doc:"Whether nothing goes out at due_at without a yes; else something neutral does"`
	Corrects *int       `json:"corrects,omitempty" doc:"The update that it takes back"`
}

// approve lets what waits go out.
func (s *Server) approve(ctx context.Context, in *approveInput) (*decisionOutput, error) {
	c := incident.Input{Approve: &incident.Approve{Incident: in.ID, Update: in.Update}}
	if in.Body != nil {
		c.Reason = in.Body.reason()
	}
	if err := s.door.answers(ctx, s.waitsFor(in.ID, in.Update)); err != nil {
		return nil, err
	}
	return s.submit(ctx, in.ID, in.Asked, in.DryRun, c)
}

// reject keeps what waits from going out.
func (s *Server) reject(ctx context.Context, in *rejectInput) (*decisionOutput, error) {
	if err := s.door.answers(ctx, s.waitsFor(in.ID, in.Update)); err != nil {
		return nil, err
	}
	why := Why{Reason: in.Body.Reason}.reason()
	if why == "" { // of what cannot be seen, nobody learns what to mend
		return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "body.reason", Message: "it is empty: say what is wrong with it"})
	}
	return s.submit(ctx, in.ID, in.Asked, DryRun{}, incident.Input{Reason: why, Approve: &incident.Approve{Incident: in.ID, Update: in.Update, No: true}})
}

// waitsFor is for whom an update waits; nobody where it does not.
func (s *Server) waitsFor(id string, update int) []string {
	if p := s.o.Desk.Incident(id); p != nil {
		for _, a := range p.Awaiting {
			if a.Update == update {
				return []string{a.Audience}
			}
		}
	}
	return nil
}

// awaiting is what waits for a yes.
func awaiting(p *router.Page) []awaitingBody {
	out := []awaitingBody{}
	for _, a := range p.Awaiting {
		b := awaits(a.Awaited)
		held := !a.Instead
		b.Held = &held
		out = append(out, b)
	}
	return out
}

func awaits(a incident.Awaited) awaitingBody {
	b := awaitingBody{Update: a.Update, Audience: a.Audience, Kind: string(a.Kind), By: append([]string{}, a.Authors...), DueAt: moment(a.DueAt)}
	if a.Corrects > 0 {
		b.Corrects = &a.Corrects
	}
	return b
}
