package web

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// descriptionPath is where the description of the API is.
const descriptionPath = "/openapi.json"

// descriptionRoute adds it. It is the last: it says what all the others answer.
func (s *Server) descriptionRoute(api huma.API) {
	text := sync.OnceValue(func() []byte {
		b, err := json.Marshal(api.OpenAPI())
		if err != nil {
			panic(err) // what is described is known when this is compiled
		}
		return b
	})
	s.mux.HandleFunc("GET "+descriptionPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		w.Write(text())
	})
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "get-description", Method: http.MethodGet, Path: descriptionPath, Summary: "This description",
		Security: []map[string][]string{},
		Responses: map[string]*huma.Response{
			"200": {Description: "The description", Content: map[string]*huma.MediaType{"application/openapi+json": {Schema: &huma.Schema{Type: huma.TypeObject}}}},
		},
	})
	now := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[stale](), true, "Stale")
	for _, item := range api.OpenAPI().Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Patch, item.Put, item.Delete} {
			if o != nil {
				describe(o, now)
			}
		}
	}
}

// refusals say when an operation answers so.
var refusals = map[int]string{
	http.StatusBadRequest:            "The body is no JSON",
	http.StatusUnauthorized:          "No token or password, or one that is not known",
	http.StatusForbidden:             "The caller's role may not, or it concerns audiences that he may not tell",
	http.StatusNotFound:              "There is no such incident, or no such audience",
	http.StatusRequestTimeout:        "The body did not come to its end",
	http.StatusConflict:              "It cannot be as things are, and the detail says why; or the Idempotency-Key was given to another request",
	http.StatusPreconditionFailed:    "The incident was changed meanwhile; the answer has it as it is now",
	http.StatusRequestEntityTooLarge: "The body is larger than 1 MiB",
	http.StatusUnsupportedMediaType:  "The body is not sent as JSON",
	http.StatusUnprocessableEntity:   "Fields or parameters that are not known, or cannot be so: errors names all of them",
	http.StatusTooManyRequests:       "Too many requests, or too many wrong tokens or passwords before",
	http.StatusServiceUnavailable:    "Not now: the store does not take it, or too many passwords are being checked",
}

// describe says what an operation of huma's answers as it is here, and of every one
// which headers an answer has. now is an incident as an outdated If-Match finds it.
func describe(o *huma.Operation, now *huma.Schema) {
	if o.Metadata[role] != nil {
		delete(o.Responses, strconv.Itoa(http.StatusInternalServerError)) // of which huma makes one for each
		problem := o.Responses[strconv.Itoa(http.StatusUnauthorized)].Content
		also := func(status int) { o.Responses[strconv.Itoa(status)] = &huma.Response{Content: problem} }
		also(http.StatusUnprocessableEntity) // a query parameter that it does not have
		if o.RequestBody != nil {
			also(http.StatusRequestTimeout)
		}
		for status, text := range refusals {
			if r := o.Responses[strconv.Itoa(status)]; r != nil {
				r.Description = text
			}
		}
		if r := o.Responses[strconv.Itoa(http.StatusPreconditionFailed)]; r != nil {
			r.Content = map[string]*huma.MediaType{"application/problem+json": {Schema: now}}
		}
	}
	if len(o.Security) == 0 {
		return
	}
	for status, headers := range map[int][]string{
		http.StatusUnauthorized: {"WWW-Authenticate"}, http.StatusPreconditionFailed: {"ETag"},
		http.StatusTooManyRequests: {"Retry-After"}, http.StatusServiceUnavailable: {"Retry-After"},
	} {
		r := o.Responses[strconv.Itoa(status)]
		if r == nil {
			continue
		}
		r.Headers = map[string]*huma.Header{}
		for _, h := range headers {
			r.Headers[h] = &huma.Header{Schema: &huma.Schema{Type: huma.TypeString}}
		}
	}
}
