package web

import (
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/policies"
)

const (
	bouncePath = "/api/v1/bounces"
	// maxBounce is how large a returned mail may be, in bytes.
	maxBounce = 10 << 20
)

// ErrNoBounce says that a mail is no report of a mail server, or about nothing that
// is known here.
var ErrNoBounce = errors.New("it is no report about a mail of sitrep")

// bounceRoute adds where a mail server hands over what came back, as it came: a
// program that it pipes mail to is one line of curl.
func (s *Server) bounceRoute(api huma.API) {
	s.mux.HandleFunc("POST "+bouncePath, func(w http.ResponseWriter, r *http.Request) { s.bounce(w, r) })
	problem := func(text string) *huma.Response {
		return &huma.Response{Description: text, Content: map[string]*huma.MediaType{
			"application/problem+json": {Schema: &huma.Schema{Ref: "#/components/schemas/ErrorModel"}},
		}}
	}
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "post-bounces", Method: http.MethodPost, Path: bouncePath,
		Summary:     "A mail that came back",
		Description: "The whole message as the mail server got it: a delivery status notification (RFC 3464). What is forged or about something else is answered with 422 and changes nothing.",
		Security:    []map[string][]string{{"token": {string(policies.RoleAlerts)}}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"message/rfc822": {Schema: &huma.Schema{Type: "string"}}}},
		Responses: map[string]*huma.Response{
			"202": {Description: "Noted"},
			"401": problem("No token, or a wrong one"),
			"403": problem("The token's role may not post them"),
			"413": problem("Larger than 10 MiB"),
			"422": problem("It is no report about a mail of sitrep"),
			"429": problem("Too many wrong tokens, or too many at once; Retry-After says when to send it again"),
			"503": problem("Not stored; send it again"),
		},
	})
}

func (s *Server) bounce(w http.ResponseWriter, r *http.Request) int {
	if _, no := s.door.enter(r, policies.RoleAlerts); no != nil {
		return s.turnAway(w, no)
	}
	if r.ContentLength > maxBounce {
		return s.refuse(w, http.StatusRequestEntityTooLarge, "the mail is larger than 10 MiB")
	}
	if s.o.Bounce == nil {
		return s.refuse(w, http.StatusUnprocessableEntity, "channels.email.bounces is not configured, so nothing comes back here")
	}
	err := s.o.Bounce(r.Context(), http.MaxBytesReader(w, r.Body, maxBounce))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return s.refuse(w, http.StatusRequestEntityTooLarge, "the mail is larger than 10 MiB")
	case errors.Is(err, ErrNoBounce):
		return s.refuse(w, http.StatusUnprocessableEntity, ErrNoBounce.Error())
	case err != nil:
		s.o.Log.Error("a bounce could not be noted", "err", err)
		return s.refuse(w, http.StatusServiceUnavailable, "it could not be stored now; send it again")
	}
	w.WriteHeader(http.StatusAccepted)
	return http.StatusAccepted
}
