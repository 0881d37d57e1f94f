package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"sitrep/policies"
	"sitrep/router"
	"sitrep/router/incident"
)

func (s *Server) routes(api huma.API) {
	op := func(id, method, path, summary string, needs policies.Role, errs ...int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: path, Summary: summary,
			Errors:   append([]int{http.StatusUnauthorized, http.StatusForbidden}, errs...),
			Security: []map[string][]string{{"token": {string(needs)}}},
			Metadata: map[string]any{role: needs},
		}
	}
	override := []int{400, 404, 409, 413, 415, 503}
	huma.Register(api, op("list-incidents", http.MethodGet, "/api/v1/incidents", "Incidents, newest first", policies.RoleViewer), s.listIncidents)
	huma.Register(api, op("get-incident", http.MethodGet, "/api/v1/incidents/{id}", "One incident, with its timeline and what its audiences were told", policies.RoleViewer, 404), s.getIncident)
	huma.Register(api, op("post-update", http.MethodPost, "/api/v1/incidents/{id}/updates", "Say something now", policies.RoleResponder, override...), s.postUpdate)
	huma.Register(api, op("resolve-incident", http.MethodPost, "/api/v1/incidents/{id}/resolve", "End an incident by hand", policies.RoleResponder, override...), s.resolve)
	huma.Register(api, op("reopen-incident", http.MethodPost, "/api/v1/incidents/{id}/reopen", "It is not over: open an incident again by hand, within a day", policies.RoleResponder, override...), s.reopen)
	huma.Register(api, op("patch-incident", http.MethodPatch, "/api/v1/incidents/{id}", "Change phase, severity, estimate, lead or title; the next updates say so", policies.RoleResponder, override...), s.patchIncident)
	huma.Register(api, op("put-audience", http.MethodPut, "/api/v1/incidents/{id}/audiences/{name}", "Hold or pause an audience, or let it hear more or less often; {} ends that", policies.RoleResponder, override...), s.putAudience)
	huma.Register(api, op("list-alerts", http.MethodGet, "/api/v1/alerts", "Firing alerts that belong to no service, oldest first; a thousand at most", policies.RoleViewer), s.listAlerts)
	huma.Register(api, op("get-schedule", http.MethodGet, "/api/v1/schedule", "What is due next, per incident and audience", policies.RoleViewer, 422), s.getSchedule)
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
		Incidents []incidentBody `json:"incidents"`
		Next      *string        `json:"next" nullable:"true" doc:"Cursor of the next page; null on the last"`
	}
}

func (s *Server) listIncidents(ctx context.Context, in *listInput) (*listOutput, error) {
	out := &listOutput{}
	out.Body.Incidents = []incidentBody{}
	past := in.Cursor == ""
	for _, p := range s.o.Desk.Incidents() {
		if !past {
			past = p.ID == in.Cursor
			continue
		}
		if in.State != "" && in.State != stateOf(p) {
			continue
		}
		if len(out.Body.Incidents) == in.Limit {
			last := out.Body.Incidents[in.Limit-1].ID
			out.Body.Next = &last
			break
		}
		out.Body.Incidents = append(out.Body.Incidents, s.incidentBody(p))
	}
	if !past {
		return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{
			Location: "query.cursor", Message: "no incident has this id", Value: in.Cursor})
	}
	return out, nil
}

type idInput struct {
	ID string `path:"id" example:"SR-12" maxLength:"40"`
}

type incidentOutput struct {
	Body struct {
		incidentBody
		Timeline  []timelineBody `json:"timeline"`
		Audiences []audienceBody `json:"audiences"`
	}
}

func (s *Server) getIncident(ctx context.Context, in *idInput) (*incidentOutput, error) {
	p := s.o.Desk.Incident(in.ID)
	if p == nil {
		return nil, noIncident(in.ID)
	}
	out := &incidentOutput{}
	out.Body.incidentBody = s.incidentBody(p)
	out.Body.Timeline = timeline(p)
	out.Body.Audiences = audiences(p)
	return out, nil
}

func noIncident(id string) error {
	return huma.Error404NotFound(fmt.Sprintf("there is no incident %q", incidentID(id)))
}

// incidentID shows an id that a caller made up, cut to what one looks like.
func incidentID(id string) string { return id[:min(len(id), 40)] }

type updateInput struct {
	ID   string `path:"id" example:"SR-12" maxLength:"40"`
	Body struct {
		Text      string            `json:"text,omitempty" maxLength:"2000" doc:"The words, for readers of every language"`
		Texts     map[string]string `json:"texts,omitempty" maxProperties:"10" doc:"The words by language, instead of text" example:"{\"nl\": \"Er is een monteur onderweg.\"}"`
		Audiences []string          `json:"audiences,omitempty" maxItems:"100" doc:"For whom; without it, everyone who was told so far"`
		Phase     string            `json:"phase,omitempty" enum:"investigating,identified,monitoring" doc:"The phase from now on; without it, as it is"`
	}
}

type decisionOutput struct {
	Status   int
	Location string `header:"Location"`
	Body     struct {
		Incident string       `json:"incident"`
		Decided  bool         `json:"decided" doc:"false: stored, and decided soon; look at the incident"`
		Updates  []updateBody `json:"updates" doc:"What goes out by it"`
		Breaks   *time.Time   `json:"breaks" nullable:"true" doc:"The moment promised to the audience that this goes past; null where it breaks no promise"`
	}
}

func (s *Server) postUpdate(ctx context.Context, in *updateInput) (*decisionOutput, error) {
	texts, problems := s.texts(in.Body.Text, in.Body.Texts)
	if in.Body.Audiences != nil && len(in.Body.Audiences) == 0 {
		problems = append(problems, &huma.ErrorDetail{Location: "body.audiences", Message: "it names nobody; leave it out for everyone who was told"})
	}
	for i, a := range in.Body.Audiences {
		if !slices.Contains(s.o.Audiences, a) {
			problems = append(problems, &huma.ErrorDetail{
				Location: fmt.Sprintf("body.audiences[%d]", i), Value: a,
				Message: "there is no such audience; there are " + strings.Join(s.o.Audiences, ", "),
			})
		}
	}
	if len(problems) > 0 {
		return nil, huma.Error422UnprocessableEntity("validation failed", problems...)
	}
	say := &incident.Say{Incident: in.ID, Texts: texts, Phase: incident.Phase(in.Body.Phase)}
	for _, a := range in.Body.Audiences {
		if !slices.Contains(say.Audiences, a) {
			say.Audiences = append(say.Audiences, a)
		}
	}
	return s.submit(ctx, in.ID, incident.Input{Say: say})
}

// texts takes the words in either of their forms, cleaned.
func (s *Server) texts(text string, texts map[string]string) (map[string]string, []error) {
	var problems []error
	problem := func(where, what string) {
		problems = append(problems, &huma.ErrorDetail{Location: where, Message: what})
	}
	out := map[string]string{}
	text = cleanWords(text)
	switch {
	case text != "" && len(texts) > 0:
		problem("body.texts", "give text or texts, not both")
	case text != "":
		out[""] = text
	case len(texts) == 0:
		problem("body.text", "it is empty: there are no words to send")
	}
	languages := make([]string, 0, len(texts))
	for l := range texts {
		languages = append(languages, l)
	}
	sort.Strings(languages)
	for _, l := range languages {
		where := "body.texts." + l
		words := cleanWords(texts[l])
		switch {
		case l != "nl" && l != "en":
			problem(where, "the language is nl or en")
		case words == "":
			problem(where, "it is empty: there are no words to send")
		case len([]rune(words)) > 2000:
			problem(where, "it is longer than 2000 characters")
		default:
			out[l] = words
		}
	}
	return out, problems
}

// cleanWords removes control and direction characters, which have no meaning in
// a message and may hide one. Lines stay lines.
func cleanWords(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\r', r == '\u0085', unicode.In(r, unicode.Zl, unicode.Zp):
			return '\n'
		case r == '\t', r == '\v', r == '\f':
			return ' '
		case r == utf8.RuneError, r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf):
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n")))
}

type resolveInput struct {
	ID   string `path:"id" example:"SR-12" maxLength:"40"`
	Body *struct {
		Reason string `json:"reason,omitempty" maxLength:"500" doc:"Why, for the timeline"`
	}
}

func (s *Server) resolve(ctx context.Context, in *resolveInput) (*decisionOutput, error) {
	r := &incident.Resolve{Incident: in.ID}
	if in.Body != nil {
		r.Reason = cleanWords(in.Body.Reason)
	}
	return s.submit(ctx, in.ID, incident.Input{Resolve: r})
}

// submit stores an override and answers with what was decided.
func (s *Server) submit(ctx context.Context, id string, in incident.Input) (*decisionOutput, error) {
	if s.o.Desk.Incident(id) == nil {
		return nil, noIncident(id)
	}
	name, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("name the override: %w", err)
	}
	in.ID, in.At = name.String(), time.Now().UTC()
	in.By, _ = ctx.Value(callerKey{}).(string)
	d, err := s.o.Desk.Submit(ctx, in)
	out := &decisionOutput{Status: http.StatusOK}
	out.Body.Incident, out.Body.Updates = id, []updateBody{}
	switch {
	case errors.Is(err, router.ErrUndecided):
		out.Status, out.Location = http.StatusAccepted, "/api/v1/incidents/"+id
		return out, nil
	case err != nil:
		s.o.Log.Error("an override could not be stored", "incident", id, "err", err)
		return nil, huma.ErrorWithHeaders(huma.Error503ServiceUnavailable("the store did not confirm it in time; look at the incident before you send it again"), http.Header{"Retry-After": {"5"}})
	case d.Unknown:
		return nil, noIncident(id)
	case d.Refused != "":
		return nil, huma.Error409Conflict(d.Refused)
	}
	out.Body.Decided = true
	for _, f := range d.Facts {
		// What else fell due in that moment is not of this decision's making.
		if f.Steered != nil {
			out.Body.Breaks = moment(f.Steered.Breaks)
		}
		if p := f.Planned; p != nil && (p.Words > 0 || p.Kind == incident.Closing || p.Kind == incident.Combined || p.Kind == incident.Reopening && d.Reopened()) {
			out.Body.Updates = append(out.Body.Updates, updateBody{Update: p.Update, Audience: p.Audience, Kind: string(p.Kind), Channels: p.Channels, Deliveries: p.Deliveries, NextBefore: moment(p.PromiseAt)})
		}
	}
	return out, nil
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
		for _, d := range p.Next {
			out.Body.Due = append(out.Body.Due, dueBody{At: d.At.UTC(), Incident: p.ID, Audience: d.Audience, Kind: string(d.Kind), Why: d.Why})
		}
	}
	sort.SliceStable(out.Body.Due, func(i, j int) bool { return out.Body.Due[i].At.Before(out.Body.Due[j].At) })
	return out, nil
}
