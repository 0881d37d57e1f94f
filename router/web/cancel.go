package web

import (
	"context"
	"time"

	"sitrep/router/incident"
)

type cancelInput struct {
	Asked
	ID     string `path:"id" example:"SR-12" maxLength:"40"`
	Update int    `path:"update" minimum:"1" example:"4" doc:"Its number, as the answer to what caused it and the timeline have it"`
	Body   *struct{ Why }
}

type cancelledBody struct {
	Update  int  `json:"update"`
	Stopped int  `json:"stopped" doc:"Messages that do not go out any more"`
	Gone    int  `json:"gone" doc:"Messages that had gone by then; a correction takes them back"`
	Failed  int  `json:"failed" doc:"Messages that could not be brought"`
	Unknown int  `json:"unknown" doc:"Messages of which it is not known: they are on the wire, go together with others, or their server did not say"`
	Settled bool `json:"settled" doc:"Nothing more becomes of it"`
}

// settling is how long somebody waits for what became of what he cancelled.
const settling = 12 * time.Second

// cancel sends an update to nobody else, and says how many were stopped.
func (s *Server) cancel(ctx context.Context, in *cancelInput) (*decisionOutput, error) {
	c := incident.Input{Cancel: &incident.Cancel{Incident: in.ID, Update: in.Update}}
	if in.Body != nil {
		c.Reason = in.Body.reason()
	}
	out, err := s.submit(ctx, in.ID, in.Asked, DryRun{}, c)
	if err != nil || !out.Body.Decided {
		return out, err
	}
	ctx, stop := context.WithTimeout(ctx, settling)
	defer stop()
	for {
		p := s.o.Desk.Incident(in.ID)
		if p == nil {
			return out, nil
		}
		w := p.Cancelled[in.Update]
		b := cancelledBody{Update: in.Update, Stopped: w.Sum.Superseded, Gone: w.Sum.Accepted, Failed: w.Sum.Failed, Settled: w.Done}
		b.Unknown = max(w.Deliveries-b.Stopped-b.Gone-b.Failed, 0)
		out.Body.Cancelled = &b
		if w.Done {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return out, nil
		case <-time.After(50 * time.Millisecond):
		}
	}
}
