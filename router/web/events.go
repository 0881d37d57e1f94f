package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/policies"
	"sitrep/router"
)

// eventsPath is where facts are told as they happen, as server-sent events.
const eventsPath = "/api/v1/events"

const (
	// stillThere is how often somebody who follows is told that nothing happened,
	// so that a proxy on the way does not think that he is gone.
	stillThere = 15 * time.Second
	// follows is how many may follow at once.
	follows = 1000
)

type eventBody struct {
	timelineBody
	Incident string `json:"incident"`
	Service  string `json:"service"`
}

func (s *Server) eventsRoute(api huma.API) {
	s.mux.HandleFunc("GET "+eventsPath, s.events)
	problem := func(text string) *huma.Response {
		return &huma.Response{Description: text, Content: map[string]*huma.MediaType{"application/problem+json": {Schema: &huma.Schema{Ref: "#/components/schemas/ErrorModel"}}}}
	}
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "get-events", Method: http.MethodGet, Path: eventsPath, Summary: "Facts as they happen, as server-sent events",
		Description: "Each event \"fact\" has the fact as JSON, and an id: Last-Event-ID goes on after it. The event \"missed\" says that there were others which are known no more: look again at all that you show. A comment comes every fifteen seconds.",
		Security:    []map[string][]string{{"token": {string(policies.RoleViewer)}}},
		Parameters: []*huma.Param{
			{Name: "incident", In: "query", Description: "Only facts of this one", Schema: &huma.Schema{Type: "string"}},
			{Name: "Last-Event-ID", In: "header", Description: "Go on after this event", Schema: &huma.Schema{Type: "string"}},
		},
		Responses: map[string]*huma.Response{
			"200": {Description: "The events", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}}},
			"401": problem("No token, or not a known one"), "403": problem("The token's role may not look"), "429": problem("Too many requests"), "503": problem("Too many follow already"),
		},
	})
}

// events tells facts as they happen, until the caller goes.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if _, no := s.door.enter(r, policies.RoleViewer); no != nil {
		s.turnAway(w, no)
		return
	}
	select {
	case s.following <- struct{}{}:
		defer func() { <-s.following }()
	default:
		s.refuse(w, http.StatusServiceUnavailable, "too many follow already; look now and then instead")
		return
	}
	only := r.URL.Query().Get("incident")
	follower := s.o.Desk.Follow(r.Header.Get("Last-Event-ID"))
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy is not to save them up
	out := http.NewResponseController(w)
	if out.Flush() != nil { // from now on nothing is missed, and he may know it
		return
	}
	for !s.retired.Load() {
		ctx, done := context.WithTimeout(r.Context(), stillThere)
		events, missed, err := follower.Next(ctx)
		done()
		if r.Context().Err() != nil {
			return
		}
		if errors.Is(err, context.DeadlineExceeded) {
			_, err = fmt.Fprint(w, ":\n\n")
		}
		if err == nil && missed {
			_, err = fmt.Fprint(w, "event: missed\ndata: {}\n\n")
		}
		for _, e := range events {
			if err == nil && (only == "" || only == e.Fact.Incident) {
				err = tell(w, e)
			}
		}
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			return // he is gone
		}
	}
}

func tell(w http.ResponseWriter, e router.Event) error {
	f := e.Fact
	data, err := json.Marshal(eventBody{
		timelineBody: rowOf(f),
		Incident:     f.Incident, Service: f.Service,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "id: %s\nevent: fact\ndata: %s\n\n", e.ID, data)
	return err
}
