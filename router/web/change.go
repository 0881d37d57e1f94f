package web

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/common/model"

	"sitrep/router/incident"
)

// change is a field of a PATCH: left out, null, or a value.
type change[T any] struct {
	sent, null bool
	value      T
}

// UnmarshalJSON is only called where the field is there.
func (c *change[T]) UnmarshalJSON(b []byte) error {
	c.sent = true
	if bytes.Equal(b, []byte("null")) {
		c.null = true
		return nil
	}
	return json.Unmarshal(b, &c.value)
}

// Schema is that of a value, or null.
func (c change[T]) Schema(r huma.Registry) *huma.Schema {
	s := huma.SchemaFromType(r, reflect.TypeFor[T]())
	s.Nullable = true
	return s
}

type patchInput struct {
	Asked
	ID   string `path:"id" example:"SR-12" maxLength:"40"`
	Body struct {
		Why
		Phase    string                    `json:"phase,omitempty" enum:"investigating,identified,monitoring"`
		Severity string                    `json:"severity,omitempty" maxLength:"63" doc:"It changes which policy is in force; what was said is not said again"`
		Estimate change[time.Time]         `json:"estimate,omitempty" doc:"When it may be over; null takes it back. People are told, and told that it is not certain"`
		Lead     change[string]            `json:"lead,omitempty" maxLength:"100" doc:"Who leads the work; null: nobody"`
		Title    change[map[string]string] `json:"title,omitempty" doc:"What messages call it, by language, instead of the service's title; null: the service's" example:"{\"nl\": \"het versturen van e-mail\", \"en\": \"sending email\"}"`
		Telling
	}
}

// patchIncident changes what is said of an incident, with its next updates.
func (s *Server) patchIncident(ctx context.Context, in *patchInput) (*decisionOutput, error) {
	b := in.Body
	set := &incident.Set{Incident: in.ID}
	var problems []error
	problem := inBody(&problems)
	if b.Phase != "" {
		phase := incident.Phase(b.Phase)
		set.Phase = &phase
	}
	if b.Severity != "" {
		if !slices.Contains(s.o.Severities, b.Severity) {
			problem("severity", b.Severity, "there is no such severity; there are %s", strings.Join(s.o.Severities, ", "))
		}
		set.Severity = &b.Severity
	}
	if b.Estimate.sent {
		at := b.Estimate.value.UTC()
		if wrong := notAhead(at); wrong != "" && !b.Estimate.null {
			problem("estimate", b.Estimate.value, "%s", wrong)
		}
		if b.Estimate.null {
			at = time.Time{}
		}
		set.Estimate = &at
	}
	if b.Lead.sent {
		lead := oneLine(b.Lead.value)
		set.Lead = &lead
	}
	if b.Title.sent {
		title := s.title(problem, b.Title.value)
		set.Title = &title
	}
	set.Account = s.account(problem, b.Telling)
	if set.Phase == nil && set.Severity == nil && !b.Estimate.sent && !b.Lead.sent && !b.Title.sent && set.Account == nil {
		problem("", nil, "it is empty: there is nothing to change")
	}
	if len(problems) > 0 {
		return nil, huma.Error422UnprocessableEntity("validation failed", problems...)
	}
	return s.submit(ctx, in.ID, in.Asked, DryRun{}, incident.Input{Reason: b.reason(), Set: set})
}

// farAhead is more than anybody means who writes a year wrong.
const farAhead = 366 * 24 * time.Hour

// notAhead says why somebody cannot mean a moment to come; empty where he can.
func notAhead(at time.Time) string {
	switch ahead := time.Until(at); {
	case ahead <= 0:
		return "it is not in the future"
	case ahead > farAhead:
		return "it is more than a year ahead"
	}
	return ""
}

// title cleans what messages are to call an incident.
func (s *Server) title(problem problemFunc, texts map[string]string) map[string]string {
	title := map[string]string{}
	for l, text := range texts {
		text = oneLine(text)
		switch {
		case !slices.Contains(s.o.Languages, l):
			problem("title."+l, nil, "%s", s.noLanguage())
		case text == "":
			problem("title."+l, nil, "it is empty")
		case len([]rune(text)) > maxTitle:
			problem("title."+l, nil, "it is longer than %d characters", maxTitle)
		}
		title[l] = text
	}
	return title
}

// maxTitle is how many characters messages have room for.
const maxTitle = 80

// oneLine is a person's text where there is room for a name.
func oneLine(text string) string { return strings.Join(strings.Fields(cleanWords(text)), " ") }

type steerInput struct {
	Asked
	ID   string `path:"id" example:"SR-12" maxLength:"40"`
	Name string `path:"name" example:"board" maxLength:"63"`
	Body struct {
		Why
		HoldUntil *time.Time `json:"hold_until,omitempty" nullable:"true" doc:"Nothing goes out by itself before, the end included; a person's words do"`
		Every     *string    `json:"every,omitempty" nullable:"true" example:"30m" doc:"An update so often, instead of what the policy says"`
		Paused    bool       `json:"paused,omitempty" doc:"Nothing goes out by itself, but for the end; a person's words do"`
	}
}

// putAudience changes when an audience hears. What is left out is as the policy
// says.
func (s *Server) putAudience(ctx context.Context, in *steerInput) (*decisionOutput, error) {
	if err := s.audience(in.Name); err != nil {
		return nil, err
	}
	c := &incident.Steer{Incident: in.ID, Audience: in.Name, Paused: in.Body.Paused}
	var problems []error
	if at := in.Body.HoldUntil; at != nil {
		c.HoldUntil = at.UTC()
		if wrong := notAhead(*at); wrong != "" {
			problems = append(problems, &huma.ErrorDetail{Location: "body.hold_until", Value: at, Message: wrong})
		}
	}
	if every := in.Body.Every; every != nil {
		d, err := model.ParseDuration(*every)
		if err != nil || time.Duration(d) < time.Minute {
			problems = append(problems, &huma.ErrorDetail{Location: "body.every", Value: *every, Message: "write a duration of a minute or more, such as 30m or 1h30m"})
		}
		c.Every = time.Duration(d)
	}
	if len(problems) > 0 {
		return nil, huma.Error422UnprocessableEntity("validation failed", problems...)
	}
	return s.submit(ctx, in.ID, in.Asked, DryRun{}, incident.Input{Reason: in.Body.reason(), Steer: c})
}

func (s *Server) reopen(ctx context.Context, in *resolveInput) (*decisionOutput, error) {
	c := incident.Input{Reopen: &incident.Reopen{Incident: in.ID}}
	if in.Body != nil {
		c.Reason = in.Body.reason()
	}
	return s.submit(ctx, in.ID, in.Asked, in.DryRun, c)
}
