package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/policies"
	"sitrep/router"
	"sitrep/router/incident"
)

// ChangeBody is a planned change as lists have it, and as its own answer begins.
type ChangeBody struct {
	ID           string         `json:"id" example:"SR-14"`
	Title        policies.Texts `json:"title" doc:"What messages call it, by language; the empty one is for every reader"`
	Services     []string       `json:"services" doc:"Those that it touches: while it runs their alerts open no incident"`
	State        string         `json:"state" enum:"planned,running,overrunning,completed,rolled_back,cancelled,outage" doc:"outage: alerts of its services still fired when it was completed; it is an incident of one of them since"`
	Start        time.Time      `json:"start"`
	End          time.Time      `json:"end" doc:"When it is to be done. It is not done by that: a person says so"`
	Decide       *time.Time     `json:"decide" nullable:"true" doc:"When it is decided whether to go on or to roll back"`
	Lead         *string        `json:"lead" nullable:"true" doc:"Who leads it"`
	Severity     string         `json:"severity"`
	Course       *string        `json:"course" nullable:"true" example:"later" doc:"How somebody said that it goes: on_course, later or rolling_back"`
	BegunAt      *time.Time     `json:"begun_at" nullable:"true"`
	EndedAt      *time.Time     `json:"ended_at" nullable:"true"`
	Estimate     *time.Time     `json:"estimate" nullable:"true" doc:"When a person thinks that it is done"`
	NextUpdateAt *time.Time     `json:"next_update_at" nullable:"true"`
	Overlaps     []string       `json:"overlaps" doc:"Changes that touch one of its services at the same time"`
	Alerts       []alertBody    `json:"alerts" doc:"Of its services, that fire while it runs; a hundred at most"`
}

// maxBurning is how many alerts a change shows.
const maxBurning = 100

func changeState(p *router.Page) string {
	w := p.Work
	switch {
	case p.Kind != incident.Change:
		return "outage"
	case w.CalledOff:
		return "cancelled"
	case !p.Open && w.RolledBack:
		return "rolled_back"
	case !p.Open:
		return "completed"
	case w.Over:
		return "overrunning"
	case !w.Begun.IsZero():
		return "running"
	}
	return "planned"
}

func (s *Server) changeBody(p *router.Page) ChangeBody {
	w := p.Work
	title := policies.Texts(w.Title)
	if p.Kind == incident.Change && len(p.Title) > 0 {
		title = p.Title
	}
	b := ChangeBody{
		ID: p.ID, Title: title, Services: append([]string{}, w.Services...), State: changeState(p), Start: w.Start.UTC(), End: w.End.UTC(),
		Decide: moment(w.Decide), Lead: orNull(p.Lead), Severity: p.Severity, Course: orNull(string(w.Course)), BegunAt: moment(w.Begun),
		EndedAt: moment(w.Done), Estimate: moment(p.Estimate), NextUpdateAt: moment(p.NextAt()), Overlaps: []string{}, Alerts: []alertBody{},
	}
	for _, a := range p.Burning[:min(len(p.Burning), maxBurning)] {
		b.Alerts = append(b.Alerts, alertBody{Fingerprint: a.Fingerprint, Labels: a.Labels, Summary: a.Summary, StartsAt: a.StartsAt.UTC()})
	}
	if b.State == "planned" || b.State == "running" || b.State == "overrunning" {
		for _, other := range s.o.Desk.Incidents() {
			if o := other.Work; other != p && o != nil && other.Kind == incident.Change && other.Open && other.ID != p.ID && w.Overlaps(o.Plan) {
				b.Overlaps = append(b.Overlaps, other.ID)
			}
		}
		slices.Reverse(b.Overlaps) // oldest first
	}
	return b
}

type listChangesInput struct {
	State  string `query:"state" enum:"planned,running,overrunning,completed,rolled_back,cancelled,outage" doc:"Only changes in this state"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most"`
	Cursor string `query:"cursor" doc:"Go on after this one: the answer's next"`
}

type listChangesOutput struct {
	Body struct {
		Changes []ChangeBody `json:"changes"`
		Next    *string      `json:"next" nullable:"true" doc:"Cursor of the next page; null on the last"`
	}
}

func (s *Server) listChanges(ctx context.Context, in *listChangesInput) (*listChangesOutput, error) {
	out := &listChangesOutput{}
	out.Body.Changes = []ChangeBody{}
	pages, next, err := s.paged(in.Cursor, in.Limit, "no change has this id", func(p *router.Page) bool {
		return p.Work != nil && (in.State == "" || in.State == changeState(p))
	})
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		out.Body.Changes = append(out.Body.Changes, s.changeBody(p))
	}
	out.Body.Next = next
	return out, nil
}

type changeIDInput struct {
	ID string `path:"id" example:"SR-14" maxLength:"40"`
}

type changeOutput struct {
	ETag string `header:"ETag" doc:"Counts what was decided about it: give it as If-Match with what you decide"`
	Body struct {
		ChangeBody
		Account   accountBody    `json:"account" doc:"What is told of it beyond its times"`
		Timeline  []timelineBody `json:"timeline"`
		Audiences []audienceBody `json:"audiences"`
		Awaiting  []awaitingBody `json:"awaiting" doc:"What goes out only after the yes of a second person"`
	}
}

func (s *Server) getChange(ctx context.Context, in *changeIDInput) (*changeOutput, error) {
	p := s.changeOf(in.ID)
	if p == nil {
		return nil, noChange(in.ID)
	}
	out := &changeOutput{ETag: etag(p.ID, p.Version)}
	out.Body.ChangeBody = s.changeBody(p)
	out.Body.Account, out.Body.Timeline, out.Body.Audiences, out.Body.Awaiting = accountOf(p), timeline(p), audiences(p), awaiting(p)
	return out, nil
}

// changeOf returns a change, or what became of it; nil where there is none.
func (s *Server) changeOf(id string) *router.Page {
	if p := s.o.Desk.Incident(id); p != nil && p.Work != nil {
		return p
	}
	return nil
}

func noChange(id string) error {
	return huma.Error404NotFound(fmt.Sprintf("there is no planned change %q", incidentID(id)))
}

type planInput struct {
	Named
	DryRun
	Body struct {
		Why
		Title    map[string]string `json:"title" minProperties:"1" maxProperties:"10" doc:"What is to be done, by language" example:"{\"nl\": \"verhuizing van de opslag\", \"en\": \"moving the storage\"}"`
		Services []string          `json:"services,omitempty" maxItems:"100" doc:"Those that it touches: while it runs their alerts open no incident"`
		Start    time.Time         `json:"start" doc:"It begins then by the clock, if nobody starts it before"`
		End      time.Time         `json:"end" doc:"When it is to be done"`
		Decide   *time.Time        `json:"decide,omitempty" nullable:"true" doc:"When it is decided whether to go on or to roll back: whoever leads is asked before"`
		Lead     string            `json:"lead,omitempty" maxLength:"100" doc:"Who leads it"`
		Severity string            `json:"severity,omitempty" maxLength:"63" doc:"Which policy is in force; without it, the lowest"`
	}
}

// planChange plans a change. Whoever is told of it by the policy hears from now on.
func (s *Server) planChange(ctx context.Context, in *planInput) (*decisionOutput, error) {
	b := in.Body
	p := incident.Plan{Start: b.Start.UTC(), End: b.End.UTC(), Lead: oneLine(b.Lead), Severity: b.Severity}
	if b.Decide != nil {
		p.Decide = b.Decide.UTC()
	}
	var problems []error
	problem := inBody(&problems)
	p.Title = s.work(problem, b.Title)
	p.Services = s.services(problem, b.Services)
	if b.Severity != "" && !slices.Contains(s.o.Severities, b.Severity) {
		problem("severity", b.Severity, "there is no such severity; there are %s", strings.Join(s.o.Severities, ", "))
	}
	window(problem, p)
	if len(problems) > 0 {
		return nil, huma.Error422UnprocessableEntity("validation failed", problems...)
	}
	return s.submit(ctx, "", Asked{Named: in.Named}, in.DryRun, incident.Input{Reason: b.reason(), Schedule: &incident.Schedule{Plan: p}})
}

// services takes the names of services, each once.
func (s *Server) services(problem problemFunc, names []string) (out []string) {
	for n, name := range names {
		if _, known := s.o.Services[name]; !known {
			problem(fmt.Sprintf("services[%d]", n), name, "there is no such service; there are %s", strings.Join(slices.Sorted(maps.Keys(s.o.Services)), ", "))
		} else if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// work cleans what is to be done, which may be in words for every reader.
func (s *Server) work(problem problemFunc, texts map[string]string) map[string]string {
	all, given := texts[""]
	rest := maps.Clone(texts)
	delete(rest, "")
	title := s.title(problem, rest)
	if all = oneLine(all); given {
		if n := len([]rune(all)); n == 0 || n > maxTitle {
			problem("title", nil, "it has %d characters, allowed are 1 to %d", n, maxTitle)
		}
		title[""] = all
	}
	return title
}

// window says what is wrong with times.
func window(problem problemFunc, p incident.Plan) {
	now := time.Now()
	switch {
	case !p.End.After(p.Start):
		problem("end", p.End, "it is not after the start")
	case !p.End.After(now):
		problem("end", p.End, "it is past")
	case p.End.Sub(now) > farAhead:
		problem("end", p.End, "it is more than a year ahead")
	case now.Sub(p.Start) > longAgo:
		problem("start", p.Start, "it is more than 30 days ago")
	}
	if d := p.Decide; !d.IsZero() && (d.Before(p.Start) || d.After(p.End)) {
		problem("decide", d, "it is not between the start and the end")
	}
}

type replanInput struct {
	Asked
	DryRun
	ID   string `path:"id" example:"SR-14" maxLength:"40"`
	Body struct {
		Why
		Title    map[string]string `json:"title,omitempty" maxProperties:"10" doc:"What is to be done, by language"`
		Services *[]string         `json:"services,omitempty" maxItems:"100" doc:"Those that it touches"`
		Start    *time.Time        `json:"start,omitempty" doc:"Who was told of another time is told so at once"`
		End      *time.Time        `json:"end,omitempty" doc:"Likewise"`
		Decide   change[time.Time] `json:"decide,omitempty" doc:"When it is decided whether to go on; null: nobody decides any more. Without it, it moves with the start"`
		Lead     change[string]    `json:"lead,omitempty" maxLength:"100" doc:"Who leads it; null: nobody"`
	}
}

// patchChange plans a change otherwise.
func (s *Server) patchChange(ctx context.Context, in *replanInput) (*decisionOutput, error) {
	p := s.changeOf(in.ID)
	if p == nil {
		return nil, noChange(in.ID)
	}
	b, r := in.Body, &incident.Reschedule{Incident: in.ID, Start: in.Body.Start, End: in.Body.End}
	var problems []error
	problem := inBody(&problems)
	if len(b.Title) > 0 {
		title := s.work(problem, b.Title)
		r.Title = &title
	}
	if b.Services != nil {
		services := append([]string{}, s.services(problem, *b.Services)...) // none is said too
		r.Services = &services
	}
	if b.Decide.sent {
		at := b.Decide.value.UTC()
		if b.Decide.null {
			at = time.Time{}
		}
		r.Decide = &at
	}
	if b.Lead.sent {
		lead := oneLine(b.Lead.value)
		r.Lead = &lead
	}
	if r.Title == nil && r.Services == nil && r.Start == nil && r.End == nil && r.Decide == nil && r.Lead == nil && len(problems) == 0 {
		problem("", nil, "it is empty: there is nothing to change")
	}
	if r.Start != nil || r.End != nil || r.Decide != nil {
		window(problem, p.Work.With(r))
	}
	if len(problems) > 0 {
		return nil, huma.Error422UnprocessableEntity("validation failed", problems...)
	}
	return s.submit(ctx, in.ID, in.Asked, in.DryRun, incident.Input{Reason: b.reason(), Reschedule: r})
}

type extendInput struct {
	Asked
	DryRun
	ID   string `path:"id" example:"SR-14" maxLength:"40"`
	Body struct {
		Why
		End time.Time `json:"end" doc:"When it is to be done now. Who was told of it is told so once, and hears next at the new end"`
	}
}

func (s *Server) extendChange(ctx context.Context, in *extendInput) (*decisionOutput, error) {
	p := s.changeOf(in.ID)
	if p == nil {
		return nil, noChange(in.ID)
	}
	end := in.Body.End.UTC()
	r := &incident.Reschedule{Incident: in.ID, End: &end}
	var problems []error
	if window(inBody(&problems), p.Work.With(r)); len(problems) > 0 {
		return nil, huma.Error422UnprocessableEntity("validation failed", problems...)
	}
	return s.submit(ctx, in.ID, in.Asked, in.DryRun, incident.Input{Reason: in.Body.reason(), Reschedule: r})
}

type conductInput struct {
	Asked
	DryRun
	ID   string `path:"id" example:"SR-14" maxLength:"40"`
	Body *struct{ Why }
}

type courseInput struct {
	Asked
	DryRun
	ID   string `path:"id" example:"SR-14" maxLength:"40"`
	Body struct {
		Why
		Course string `json:"course" enum:"on_course,later,rolling_back" doc:"How it goes: as planned; it will take longer; it is being rolled back, which is not done by that"`
	}
}

// conduct answers what a person says of a change.
func (s *Server) conduct(step incident.Step) func(context.Context, *conductInput) (*decisionOutput, error) {
	return func(ctx context.Context, in *conductInput) (*decisionOutput, error) {
		if s.changeOf(in.ID) == nil {
			return nil, noChange(in.ID)
		}
		c := incident.Input{Conduct: &incident.Conduct{Incident: in.ID, Step: step}}
		if in.Body != nil {
			c.Reason = in.Body.reason()
		}
		return s.submit(ctx, in.ID, in.Asked, in.DryRun, c)
	}
}

func (s *Server) courseOf(ctx context.Context, in *courseInput) (*decisionOutput, error) {
	if s.changeOf(in.ID) == nil {
		return nil, noChange(in.ID)
	}
	c := &incident.Conduct{Incident: in.ID, Step: incident.StepCourse, Course: incident.Course(in.Body.Course)}
	return s.submit(ctx, in.ID, in.Asked, in.DryRun, incident.Input{Reason: in.Body.reason(), Conduct: c})
}

// registerChanges adds what is about planned changes.
func (s *Server) registerChanges(api huma.API, op func(id, method, path, summary string, role policies.Role, errors ...int) huma.Operation, override []int) {
	at := func(path string) string { return "/api/v1/changes" + path }
	huma.Register(api, op("list-changes", http.MethodGet, at(""), "Planned changes, newest first", policies.RoleViewer), s.listChanges)
	huma.Register(api, op("plan-change", http.MethodPost, at(""), "Plan a change: its audiences hear of it by the policy", policies.RoleResponder, 400, 409, 413, 415), s.planChange)
	huma.Register(api, op("get-change", http.MethodGet, at("/{id}"), "One planned change, with its timeline and what its audiences were told", policies.RoleViewer, 404), s.getChange)
	huma.Register(api, op("patch-change", http.MethodPatch, at("/{id}"), "Plan a change otherwise", policies.RoleResponder, override...), s.patchChange)
	huma.Register(api, op("extend-change", http.MethodPost, at("/{id}/extend"), "A change is to be done later, or earlier, than it was", policies.RoleResponder, override...), s.extendChange)
	huma.Register(api, op("decide-change", http.MethodPost, at("/{id}/decide"), "Say how a change goes", policies.RoleResponder, override...), s.courseOf)
	for _, c := range []struct {
		step          incident.Step
		name, summary string
	}{
		{incident.StepStart, "start", "A change begins, before its time"},
		{incident.StepComplete, "complete", "A change is done; where alerts of its services still fire it is an outage from now on"},
		{incident.StepRollBack, "roll-back", "A change was rolled back, and that is done"},
		{incident.StepCallOff, "cancel", "A change that has not begun does not take place"},
	} {
		huma.Register(api, op(c.name+"-change", http.MethodPost, at("/{id}/"+c.name), c.summary, policies.RoleResponder, override...), s.conduct(c.step))
	}
}
