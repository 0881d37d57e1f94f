package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/policies"
	"sitrep/router/incident"
)

type addInput struct {
	Asked
	DryRun
	ID   string `path:"id" example:"SR-12" maxLength:"40"`
	Name string `path:"name" example:"board" maxLength:"63"`
	Body struct {
		Why
		Called   string `json:"name,omitempty" maxLength:"200" doc:"What he is called"`
		Email    string `json:"email,omitempty" maxLength:"320" example:"deputy@example.org" doc:"At least one address by which the audience is told; no answer, log or timeline holds it"`
		Phone    string `json:"phone,omitempty" maxLength:"40" example:"+31612345678" doc:"With + and the country code"`
		Language string `json:"language,omitempty" maxLength:"35" doc:"Without it, the audience's"`
		TimeZone string `json:"time_zone,omitempty" maxLength:"64" example:"Europe/Amsterdam" doc:"Without it, the audience's"`
	}
}

type removeInput struct {
	Asked
	DryRun
	ID   string `path:"id" example:"SR-12" maxLength:"40"`
	Name string `path:"name" example:"staff" maxLength:"63"`
	Body struct {
		Why
		Email string `json:"email,omitempty" maxLength:"320" example:"clerk@example.org" doc:"One of his addresses; he gets nothing more by any other either"`
		Phone string `json:"phone,omitempty" maxLength:"40" doc:"One of his addresses, instead"`
	}
}

// listedBody is a recipient who was added or removed.
type listedBody struct {
	Recipient string    `json:"recipient" doc:"Names him, and holds no address"`
	By        string    `json:"by" doc:"Who decided it"`
	At        time.Time `json:"at"`
}

func (s *Server) recipientRoutes(api huma.API, errs ...int) {
	huma.Register(api, operation(addsOne, http.MethodPost, "/api/v1/incidents/{id}/audiences/{name}/recipients", "Have somebody told what an audience is told of an incident, from its next update to the end", policies.RoleResponder, errs...), s.addRecipient)
	huma.Register(api, operation(removesOne, http.MethodPost, "/api/v1/incidents/{id}/audiences/{name}/recipients/remove", "Have somebody of an audience told nothing more of an incident but its end", policies.RoleResponder, errs...), s.removeRecipient)
}

// addRecipient has somebody told what an audience is told of an incident.
func (s *Server) addRecipient(ctx context.Context, in *addInput) (*decisionOutput, error) {
	if err := s.audience(in.Name); err != nil {
		return nil, err
	}
	b := in.Body
	given := policies.Given{Name: oneLine(b.Called), Email: b.Email, Phone: b.Phone, Language: b.Language, TimeZone: b.TimeZone}
	who, wrong := s.o.Recipient(in.Name, given)
	if err := misgiven(wrong); err != nil {
		return nil, err
	}
	return s.enlist(ctx, in.ID, in.Asked, in.DryRun, b.reason(), in.Name, who, false)
}

// removeRecipient has somebody told nothing more. He is named by his address, since
// that is what a person knows of him who was in the audience all along: an id he would
// have to look up first. A DELETE could not say it, as its body is dropped on the way
// by proxies and libraries, and an address in a path ends in everybody's access log.
func (s *Server) removeRecipient(ctx context.Context, in *removeInput) (*decisionOutput, error) {
	if err := s.audience(in.Name); err != nil {
		return nil, err
	}
	given := [2]string{strings.TrimSpace(in.Body.Email), strings.TrimSpace(in.Body.Phone)}
	var who policies.Recipient
	var wrong []policies.Wrong
	who.Email, _ = policies.Reach(given[0])
	_, who.Phone = policies.Reach(given[1])
	switch {
	case (given[0] == "") == (given[1] == ""):
		wrong = append(wrong, policies.Wrong{Text: "name him by one address", Hint: "give email or phone"})
	case given[0] != "" && who.Email == "":
		wrong = append(wrong, policies.Wrong{Field: "email", Text: "this is no email address", Hint: "write name@example.org"})
	case given[1] != "" && who.Phone == "":
		wrong = append(wrong, policies.Wrong{Field: "phone", Text: "this is no international phone number", Hint: "write the number with + and the country code, such as +31612345678"})
	}
	if err := misgiven(wrong); err != nil {
		return nil, err
	}
	return s.enlist(ctx, in.ID, in.Asked, in.DryRun, in.Body.reason(), in.Name, who, true)
}

// audience says that there is no audience of a name; nil where there is.
func (s *Server) audience(name string) error {
	if slices.Contains(s.o.Audiences, name) {
		return nil
	}
	return huma.Error404NotFound(fmt.Sprintf("there is no audience %q; there are %s", name, strings.Join(s.o.Audiences, ", ")))
}

// misgiven says what is wrong with a recipient, field by field, and never the field.
func misgiven(wrong []policies.Wrong) error {
	var problems []error
	problem := inBody(&problems)
	for _, w := range wrong {
		problem(w.Field, nil, "%s: %s", w.Text, w.Hint)
	}
	if len(problems) == 0 {
		return nil
	}
	return huma.Error422UnprocessableEntity("validation failed", problems...)
}

// enlist stores who it is where addresses stand, and then the override, which names him.
func (s *Server) enlist(ctx context.Context, id string, a Asked, dry DryRun, reason, audience string, who policies.Recipient, remove bool) (*decisionOutput, error) {
	if s.o.Desk.Incident(id) == nil {
		return nil, noIncident(id)
	}
	named, err := s.o.Desk.Recipient(ctx, audience, who, !remove && !dry.DryRun)
	if err != nil {
		s.o.Log.Error("a recipient could not be stored", "incident", id, "request", requestOf(ctx).id, "err", err)
		return nil, unstored()
	}
	return s.submit(ctx, id, a, dry, incident.Input{Reason: reason, Enlist: &incident.Enlist{Incident: id, Recipient: named, Remove: remove}})
}

func listed(name string, all []incident.Listing) []listedBody {
	out := []listedBody{}
	for _, l := range all {
		if l.Audience == name {
			out = append(out, listedBody{Recipient: l.Person, By: l.By, At: l.At.UTC()})
		}
	}
	return out
}
