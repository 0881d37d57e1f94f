package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/policies"
	"sitrep/router/intake"
)

const webhookPath = "/api/v1/alertmanager"

// webhookRoute adds the webhook. It is not one of huma's operations: no time
// limit of a framework may turn a slow network into a 4xx, which Alertmanager
// takes for final.
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
			"503": with("Not stored; send it again"),
		},
	})
}

func (s *Server) webhook(w http.ResponseWriter, r *http.Request) {
	status, alerts, stored, truncated := s.takeWebhook(w, r)
	if s.o.Watch.Webhook != nil {
		s.o.Watch.Webhook(status, alerts, stored, truncated)
	}
}

func (s *Server) takeWebhook(w http.ResponseWriter, r *http.Request) (status, alerts, stored int, truncated uint64) {
	if _, refusal := s.door.enter(r, policies.RoleAlerts); refusal != nil {
		// Alertmanager takes it for final, so it must not go unnoticed here.
		s.o.Log.Error("a webhook was refused; Alertmanager will not send it again", "status", refusal.status, "reason", refusal.text)
		return s.refuse(w, refusal.status, refusal.text), 0, 0, 0
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, intake.MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		s.o.Log.Error("a webhook was refused; Alertmanager will not send it again", "status", http.StatusRequestEntityTooLarge, "reason", "larger than 10 MiB")
		return s.refuse(w, http.StatusRequestEntityTooLarge, "the webhook is larger than 10 MiB; group its alerts by more labels"), 0, 0, 0
	case err != nil:
		return s.refuse(w, http.StatusServiceUnavailable, "the body could not be read to its end"), 0, 0, 0
	}
	hook, err := intake.Parse(body)
	if err != nil {
		s.o.Log.Error("a webhook was refused; Alertmanager will not send it again", "status", http.StatusBadRequest, "reason", err)
		return s.refuse(w, http.StatusBadRequest, err.Error()), 0, 0, 0
	}
	now := time.Now().UTC()
	news := s.memory.News(hook.Alerts, now)
	if len(news) > 0 {
		if err := s.o.Inbox.Put(r.Context(), intake.Inputs(news, now)...); err != nil {
			s.o.Log.Error("a webhook could not be stored; Alertmanager sends it again", "err", err)
			return s.refuse(w, http.StatusServiceUnavailable, "the store does not take it now; send it again"), len(hook.Alerts), 0, hook.Truncated
		}
		s.memory.Stored(news, now)
	}
	w.WriteHeader(http.StatusAccepted)
	return http.StatusAccepted, len(hook.Alerts), len(news), hook.Truncated
}

// refuse answers with a problem as RFC 9457 has it.
func (s *Server) refuse(w http.ResponseWriter, status int, detail string) int {
	w.Header().Set("Content-Type", "application/problem+json")
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sitrep"`)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "10")
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
	return status
}
