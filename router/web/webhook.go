package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/policies"
	"sitrep/router/incident"
	"sitrep/router/intake"
)

const (
	webhookPath = "/api/v1/alertmanager"
	webhookLost = "a webhook was refused; Alertmanager does not retry it, and comes again with the group's next notification at the earliest"
)

// webhookRoute adds the webhook. It is not one of huma's operations: no time
// limit of a framework may turn a slow network into a 4xx, which Alertmanager
// does not retry.
func (s *Server) webhookRoute(api huma.API) {
	s.mux.HandleFunc("POST "+webhookPath, s.webhook)
	problem := &huma.Response{Description: "What is wrong", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: &huma.Schema{Ref: "#/components/schemas/ErrorModel"}},
	}}
	with := func(text string) *huma.Response {
		r := *problem
		r.Description = text
		return &r
	}
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "post-alertmanager",
		Method:      http.MethodPost,
		Path:        webhookPath,
		Summary:     "Alertmanager's webhook, version 4",
		Description: "Stores what the webhook tells, then answers. Fields that sitrep does not know are ignored.",
		Security:    []map[string][]string{{"token": {string(policies.RoleAlerts)}}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: &huma.Schema{Type: "object", Required: []string{"version", "alerts"}, Properties: map[string]*huma.Schema{
				"version":         {Type: "string", Enum: []any{"4"}},
				"truncatedAlerts": {Type: "integer"},
				"alerts":          {Type: "array", Items: &huma.Schema{Type: "object"}},
			}}},
		}},
		Responses: map[string]*huma.Response{
			"202": {Description: "Stored"},
			"400": with("It will never parse"),
			"401": with("No token, or a wrong one"),
			"403": with("The token's role may not post webhooks"),
			"413": with("Larger than 10 MiB"),
			"415": with("Not sent as JSON"),
			"503": with("Not stored; send it again"),
		},
	})
}

func (s *Server) webhook(w http.ResponseWriter, r *http.Request) {
	status, alerts, stored, truncated := s.takeWebhook(w, r)
	if s.o.Watch.Webhook != nil {
		s.o.Watch.Webhook(status, alerts, stored, truncated)
	}
	if s.o.Watch.Alertmanager != nil && strings.HasPrefix(r.UserAgent(), "Alertmanager/") {
		from, _, _ := net.SplitHostPort(r.RemoteAddr)
		s.o.Watch.Alertmanager(from, status)
	}
}

func (s *Server) takeWebhook(w http.ResponseWriter, r *http.Request) (status, alerts, stored int, truncated uint64) {
	// What Alertmanager does not retry must not go unnoticed here.
	refuse := func(status int, text string) (int, int, int, uint64) {
		s.o.Log.Error(webhookLost, "status", status, "reason", text)
		return s.refuse(w, status, text), 0, 0, 0
	}
	if _, no := s.door.enterWebhook(r); no != nil { // the door logs it
		return s.turnAway(w, no), 0, 0, 0
	}
	if !saysJSON(r) {
		return refuse(http.StatusUnsupportedMediaType, "send it with Content-Type: application/json, as Alertmanager does")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, intake.MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return refuse(http.StatusRequestEntityTooLarge, "the webhook is larger than 10 MiB; group its alerts by more labels")
	case err != nil:
		s.o.Log.Warn("a webhook broke off; Alertmanager sends it again", "err", err)
		return s.refuse(w, http.StatusServiceUnavailable, "the body could not be read to its end"), 0, 0, 0
	}
	hook, err := intake.Parse(body)
	if err != nil {
		return refuse(http.StatusBadRequest, err.Error())
	}
	s.unknowns.tell(s.o.Log, hook.Unknown)
	now := time.Now()
	news := s.memory.News(hook.Alerts, now)
	if len(news) > 0 {
		// A caller that hangs up meanwhile changes nothing: it is stored, whole,
		// and known to be. The store itself bounds the time.
		ctx := context.WithoutCancel(r.Context())
		if err := s.o.Inbox.Put(ctx, intake.Inputs(news, now)...); err != nil {
			s.memory.Doubted(news)
			s.o.Log.Error("a webhook could not be stored; Alertmanager sends it again", "err", err)
			return s.refuse(w, http.StatusServiceUnavailable, "the store does not take it now; send it again"), len(hook.Alerts), 0, hook.Truncated
		}
		s.memory.Stored(news, now)
	}
	w.WriteHeader(http.StatusAccepted)
	return http.StatusAccepted, len(hook.Alerts), len(news), hook.Truncated
}

// Heard is told the alerts that were stored, here or at another router, in their
// order: what this one stored last of an alert may not be what was.
func (s *Server) Heard(alerts []incident.Observation, at time.Time) { s.memory.Heard(alerts, at) }

// saysJSON reports whether a request says that it brings JSON, or nothing. The
// other types are those that a page elsewhere may post without being asked.
func saysJSON(r *http.Request) bool {
	says := r.Header.Get("Content-Type")
	kind, _, err := mime.ParseMediaType(says)
	return says == "" || err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

// refuse answers with a problem as RFC 9457 has it.
func (s *Server) refuse(w http.ResponseWriter, status int, detail string) int {
	w.Header().Set("Content-Type", "application/problem+json")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "10")
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
	return status
}
