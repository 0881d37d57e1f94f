package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"sitrep/policies"
	"sitrep/router"
	"sitrep/router/incident"
)

// operation is one of the API: what it needs, and which errors it may answer beside
// those that all do.
func operation(id, method, path, summary string, needs policies.Role, errs ...int) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary,
		Errors:   append([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable}, errs...),
		Security: []map[string][]string{{"token": {string(needs)}}},
		Metadata: map[string]any{role: needs},
	}
}

func (s *Server) routes(api huma.API) {
	op := operation
	override := []int{400, 404, 409, 412, 413, 415}
	huma.Register(api, op("list-incidents", http.MethodGet, "/api/v1/incidents", "Incidents, newest first", policies.RoleViewer), s.listIncidents)
	huma.Register(api, op("open-incident", http.MethodPost, "/api/v1/incidents", "Open an incident by hand: a service is out, whatever fires", policies.RoleResponder, 400, 409, 413, 415), s.openIncident)
	huma.Register(api, op("get-incident", http.MethodGet, "/api/v1/incidents/{id}", "One incident, with its timeline and what its audiences were told", policies.RoleViewer, 404), s.getIncident)
	huma.Register(api, op("post-update", http.MethodPost, "/api/v1/incidents/{id}/updates", "Say something now", policies.RoleResponder, override...), s.postUpdate)
	huma.Register(api, op("send-next", http.MethodPost, "/api/v1/incidents/{id}/send", "Send what is due next at once, in the words that it would have had", policies.RoleResponder, override...), s.sendNext)
	huma.Register(api, op("cancel-update", http.MethodPost, "/api/v1/incidents/{id}/updates/{update}/cancel", "Send an update to nobody else; the answer says how many that stopped", policies.RoleResponder, override...), s.cancel)
	huma.Register(api, op("approve-update", http.MethodPost, "/api/v1/incidents/{id}/updates/{update}/approve", "Let an update go out that waits for the yes of somebody else than who wrote it", policies.RoleResponder, override...), s.approve)
	huma.Register(api, op("reject-update", http.MethodPost, "/api/v1/incidents/{id}/updates/{update}/reject", "Keep an update that waits for a yes from going out", policies.RoleResponder, override...), s.reject)
	huma.Register(api, op("merge-incident", http.MethodPost, "/api/v1/incidents/{id}/merge", "Fold an incident into another, which tells of both", policies.RoleResponder, override...), s.merge)
	huma.Register(api, op("split-incident", http.MethodPost, "/api/v1/incidents/{id}/split", "Take a service out of an incident that it is part of: it is an incident of its own", policies.RoleResponder, override...), s.split)
	huma.Register(api, op("resolve-incident", http.MethodPost, "/api/v1/incidents/{id}/resolve", "End an incident by hand", policies.RoleResponder, override...), s.resolve)
	huma.Register(api, op("reopen-incident", http.MethodPost, "/api/v1/incidents/{id}/reopen", "It is not over: open an incident again by hand, within a day", policies.RoleResponder, override...), s.reopen)
	huma.Register(api, op("patch-incident", http.MethodPatch, "/api/v1/incidents/{id}", "Change phase, severity, estimate, lead or title, or what is told of it; the next updates say so", policies.RoleResponder, override...), s.patchIncident)
	huma.Register(api, op("put-audience", http.MethodPut, "/api/v1/incidents/{id}/audiences/{name}", "Hold or pause an audience, or let it hear more or less often; {} ends that", policies.RoleResponder, override...), s.putAudience)
	s.recipientRoutes(api, override...)
	huma.Register(api, op("list-alerts", http.MethodGet, "/api/v1/alerts", "Firing alerts that belong to no service, oldest first; a thousand at most", policies.RoleViewer), s.listAlerts)
	huma.Register(api, op("get-schedule", http.MethodGet, "/api/v1/schedule", "What is due next, per incident and audience", policies.RoleViewer), s.getSchedule)
	s.registerChanges(api, op, override)
	for _, item := range api.OpenAPI().Paths {
		for _, o := range []*huma.Operation{item.Post, item.Patch, item.Put} {
			if o != nil { // an override that is not decided in time
				undecided := *o.Responses["200"]
				undecided.Description = "Stored, and decided soon"
				o.Responses["200"].Description = "Decided"
				o.Responses["202"] = &undecided
			}
		}
	}
}

type listInput struct {
	State  string `query:"state" enum:"open,unconfirmed,resolved" doc:"Only incidents in this state"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most"`
	Cursor string `query:"cursor" doc:"Go on after this one: the answer's next"`
}

type listOutput struct {
	Body struct {
		Incidents []IncidentBody `json:"incidents"`
		Next      *string        `json:"next" nullable:"true" doc:"Cursor of the next page; null on the last"`
	}
}

func (s *Server) listIncidents(ctx context.Context, in *listInput) (*listOutput, error) {
	out := &listOutput{}
	out.Body.Incidents = []IncidentBody{}
	pages, next, err := s.paged(in.Cursor, in.Limit, "no incident has this id", func(p *router.Page) bool {
		asPlanned := p.Kind == incident.Change && !p.Work.Overran // which is no incident
		return !asPlanned && (in.State == "" || in.State == stateOf(p))
	})
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		out.Body.Incidents = append(out.Body.Incidents, s.incidentBody(p))
	}
	out.Body.Next = next
	return out, nil
}

// paged returns those that a list wants, newest first, up to so many after the cursor, and
// the cursor of what follows; where the cursor is none, the error says unknown of it.
func (s *Server) paged(cursor string, limit int, unknown string, wants func(*router.Page) bool) (pages []*router.Page, next *string, err error) {
	past := cursor == ""
	for _, p := range s.o.Desk.Incidents() {
		switch {
		case !past:
			past = p.ID == cursor
		case !wants(p):
		case len(pages) == limit:
			return pages, &pages[limit-1].ID, nil
		default:
			pages = append(pages, p)
		}
	}
	if !past {
		return nil, nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "query.cursor", Message: unknown, Value: cursor})
	}
	return pages, nil, nil
}

type idInput struct {
	ID string `path:"id" example:"SR-12" maxLength:"40"`
}

type incidentOutput struct {
	ETag string `header:"ETag" doc:"Counts what was decided about it: give it as If-Match with what you decide"`
	Body struct {
		IncidentBody
		Account   accountBody    `json:"account" doc:"What is told of it beyond its state: of each thing what is in force, and nothing where nobody said any"`
		Timeline  []timelineBody `json:"timeline"`
		Audiences []audienceBody `json:"audiences"`
		Awaiting  []awaitingBody `json:"awaiting" doc:"What goes out only after the yes of a second person"`
	}
}

func (s *Server) getIncident(ctx context.Context, in *idInput) (*incidentOutput, error) {
	p := s.o.Desk.Incident(in.ID)
	if p == nil {
		return nil, noIncident(in.ID)
	}
	out := &incidentOutput{ETag: etag(p.ID, p.Version)}
	out.Body.IncidentBody = s.incidentBody(p)
	out.Body.Account = accountOf(p)
	out.Body.Timeline = timeline(p)
	out.Body.Audiences = audiences(p)
	out.Body.Awaiting = awaiting(p)
	return out, nil
}

// abreast looks twice before anybody is told that there is no such incident.
func (s *Server) abreast(ctx huma.Context, next func(huma.Context)) {
	if id := ctx.Param("id"); id != "" && s.o.Desk.Incident(id) == nil {
		s.o.Desk.Abreast(ctx.Context())
	}
	next(ctx)
}

func noIncident(id string) error {
	return huma.Error404NotFound(fmt.Sprintf("there is no incident %q", incidentID(id)))
}

// incidentID shows an id that a caller made up, cut to what one looks like.
func incidentID(id string) string { return id[:min(len(id), 40)] }

type decisionOutput struct {
	Status   int
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     struct {
		Incident  string         `json:"incident"`
		Decided   bool           `json:"decided" doc:"false: stored, and decided soon; look at the incident"`
		Updates   []updateBody   `json:"updates" doc:"What goes out by it"`
		Breaks    *time.Time     `json:"breaks" nullable:"true" doc:"The moment promised to the audience that this goes past; null where it breaks no promise"`
		Cancelled *cancelledBody `json:"cancelled,omitempty" doc:"What became of the update that was cancelled"`
		Awaiting  []awaitingBody `json:"awaiting,omitempty" doc:"What waits for a second person's yes by it"`
		Overlaps  []string       `json:"overlaps,omitempty" doc:"Changes that touch one of its services at the same time"`
		Split     *string        `json:"split,omitempty" doc:"The incident that what was taken out is now"`
		Preview   *previewBody   `json:"preview,omitempty" doc:"Of a dry run: what would go out"`
	}
}

type resolveInput struct {
	Asked
	DryRun
	ID   string `path:"id" example:"SR-12" maxLength:"40"`
	Body *struct{ Why }
}

func (s *Server) resolve(ctx context.Context, in *resolveInput) (*decisionOutput, error) {
	c := incident.Input{Resolve: &incident.Resolve{Incident: in.ID}}
	if in.Body != nil {
		c.Reason = in.Body.reason()
	}
	return s.submit(ctx, in.ID, in.Asked, in.DryRun, c)
}

// submit stores an override and answers with what was decided.
func (s *Server) submit(ctx context.Context, id string, a Asked, dry DryRun, in incident.Input) (*decisionOutput, error) {
	if id != "" && s.o.Desk.Incident(id) == nil {
		return nil, noIncident(id)
	}
	name, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("name the override: %w", err)
	}
	in.ID, in.At = name.String(), time.Now().UTC()
	who := callerOf(ctx)
	in.By, in.Role = who.name, string(who.role)
	if err := a.address(ctx, id, &in); err != nil {
		return nil, err
	}
	if dry.DryRun {
		return s.preview(ctx, id, in)
	}
	d, err := s.o.Desk.Submit(ctx, in)
	out := &decisionOutput{Status: http.StatusOK}
	out.Body.Incident, out.Body.Updates = id, []updateBody{}
	switch {
	case errors.Is(err, router.ErrUndecided):
		out.Status, out.Location = http.StatusAccepted, placeOf(in)
		if id != "" {
			out.Location += "/" + id
		}
		return out, nil
	case err != nil:
		s.o.Log.Error("an override could not be stored", "incident", id, "request", requestOf(ctx).id, "err", err)
		return nil, unstored()
	case d.Unknown && id == "":
		return nil, huma.Error409Conflict(notKnown)
	case d.Unknown:
		return nil, noIncident(id)
	case d.Reused:
		return nil, huma.Error409Conflict("this Idempotency-Key was given to another request; give each request its own")
	case d.Stale:
		return nil, s.stale(id, d.Refused)
	case d.Refused != "":
		return nil, huma.Error409Conflict(d.Refused)
	}
	out.Body.Decided = true
	if id == "" {
		id = d.Incident
		out.Body.Incident, out.Location = id, placeOf(in)+"/"+id
	}
	if p := s.o.Desk.Incident(id); p != nil {
		out.ETag = etag(p.ID, p.Version)
	}
	for _, f := range d.Facts {
		if f.Steered() != nil {
			out.Body.Breaks = moment(f.Steered().Breaks)
		}
		if f.Removed() != nil {
			out.Body.Breaks = moment(f.Removed().Breaks)
		}
		if f.Cancelled() != nil {
			out.Body.Breaks = moment(f.Cancelled().Late)
		}
		if f.Scheduled() != nil {
			out.Body.Overlaps = f.Scheduled().Overlaps
		}
		if f.Rescheduled() != nil {
			out.Body.Overlaps = f.Rescheduled().Overlaps
		}
		if f.Awaited() != nil {
			out.Body.Awaiting = append(out.Body.Awaiting, awaits(*f.Awaited()))
		}
	}
	out.Body.Updates = updates(d)
	return out, nil
}

// placeOf is where to look for what an override is about.
func placeOf(in incident.Input) string {
	if in.Schedule != nil || in.Reschedule != nil || in.Conduct != nil {
		return "/api/v1/changes"
	}
	return "/api/v1/incidents"
}

// unstored is the answer where the store did not take something.
func unstored() error {
	return comeAgain("the store did not confirm it in time; look at the incident before you send it again")
}

// updates are what goes out by a decision. What else fell due in that moment is
// not of its making.
func updates(d router.Decision) []updateBody {
	out := []updateBody{}
	for _, f := range d.Facts {
		if p := f.Planned(); p != nil && (p.Words > 0 || p.Draft > 0 || p.Kind == incident.Closing || p.Kind == incident.Combined || p.Kind == incident.Reopening && d.Reopened() || d.Tells() && !p.Team) {
			out = append(out, updateBody{Update: p.Update, Audience: p.Audience, Kind: string(p.Kind), Channels: p.Channels, Deliveries: p.Deliveries, NextBefore: moment(p.PromiseAt)})
		}
	}
	return out
}

type alertsInput struct {
	Service string `query:"service" required:"true" enum:"none" doc:"none: those that belong to no service"`
}

type alertsOutput struct {
	Body struct {
		Alerts []alertBody `json:"alerts"`
	}
}

func (s *Server) listAlerts(ctx context.Context, _ *alertsInput) (*alertsOutput, error) {
	out := &alertsOutput{}
	out.Body.Alerts = []alertBody{}
	for _, o := range s.o.Desk.Strays() {
		out.Body.Alerts = append(out.Body.Alerts, alertBody{Fingerprint: o.Fingerprint, Labels: o.Labels, Summary: o.Summary, StartsAt: o.StartsAt.UTC()})
	}
	return out, nil
}

type scheduleOutput struct {
	Body struct {
		Due []dueBody `json:"due"`
	}
}

func (s *Server) getSchedule(ctx context.Context, _ *struct{}) (*scheduleOutput, error) {
	out := &scheduleOutput{}
	out.Body.Due = []dueBody{}
	for _, p := range s.o.Desk.Incidents() {
		for _, d := range append(slices.Clone(p.Next), p.Barred...) {
			out.Body.Due = append(out.Body.Due, dueBody{At: d.At.UTC(), Incident: p.ID, Audience: d.Audience, Kind: string(d.Kind), Why: d.Why})
		}
	}
	sort.SliceStable(out.Body.Due, func(i, j int) bool { return out.Body.Due[i].At.Before(out.Body.Due[j].At) })
	return out, nil
}
