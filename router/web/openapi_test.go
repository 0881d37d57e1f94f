package web_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestTheDescriptionListsEveryRouteWithItsAnswers(t *testing.T) {
	want := map[string]string{
		"POST /api/v1/alertmanager":                                      "202 400 401 403 413 415 503",
		"POST /api/v1/bounces":                                           "202 401 403 413 422 429 503",
		"GET /api/v1/incidents":                                          "200 401 403 422 429 503",
		"POST /api/v1/incidents":                                         "200 202 400 401 403 408 409 413 415 422 429 503",
		"GET /api/v1/incidents/{id}":                                     "200 401 403 404 422 429 503",
		"POST /api/v1/incidents/{id}/updates":                            "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/incidents/{id}/send":                               "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/incidents/{id}/updates/{update}/cancel":            "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/incidents/{id}/updates/{update}/approve":           "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/incidents/{id}/updates/{update}/reject":            "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/incidents/{id}/merge":                              "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/incidents/{id}/split":                              "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/incidents/{id}/resolve":                            "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/incidents/{id}/reopen":                             "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"PATCH /api/v1/incidents/{id}":                                   "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"PUT /api/v1/incidents/{id}/audiences/{name}":                    "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"GET /api/v1/changes":                                            "200 401 403 422 429 503",
		"POST /api/v1/changes":                                           "200 202 400 401 403 408 409 413 415 422 429 503",
		"GET /api/v1/changes/{id}":                                       "200 401 403 404 422 429 503",
		"PATCH /api/v1/changes/{id}":                                     "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/changes/{id}/extend":                               "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/changes/{id}/decide":                               "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/changes/{id}/start":                                "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/changes/{id}/complete":                             "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/changes/{id}/roll-back":                            "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/changes/{id}/cancel":                               "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/incidents/{id}/audiences/{name}/recipients":        "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"POST /api/v1/incidents/{id}/audiences/{name}/recipients/remove": "200 202 400 401 403 404 408 409 412 413 415 422 429 503",
		"GET /api/v1/events":                                             "200 401 403 429 503",
		"GET /api/v1/schedule":                                           "200 401 403 422 429 503",
		"GET /api/v1/alerts":                                             "200 401 403 422 429 503",
		"DELETE /api/v1/links":                                           "204 401 403 422 429 503",
		"GET /api/v1/audit":                                              "200 401 403 422 429 503",
		"GET /api/v1/facts":                                              "200 401 403 422 429 503",
		"POST /-/reload":                                                 "200 401 403 409 422 429 503",
		"GET /-/healthy":                                                 "200",
		"GET /-/ready":                                                   "200 503",
		"GET /metrics":                                                   "200",
		"GET /openapi.json":                                              "200",
	}
	inside(t, func(t *testing.T, h *house) {
		a := h.must(200, "GET", "/openapi.json", "")
		if strings.Contains(a.body, "$schema") {
			t.Error("it is full of $schema")
		}
		var d struct {
			OpenAPI string
			Info    struct{ Title, Version string }
			Paths   map[string]map[string]struct {
				OperationID string
				Summary     string
				Security    []map[string][]string
				Responses   map[string]struct {
					Description string
					Content     map[string]struct{ Schema json.RawMessage }
				}
			}
			Components struct {
				Schemas         map[string]json.RawMessage
				SecuritySchemes map[string]any
			}
		}
		a.into(t, &d)
		if d.OpenAPI != "3.1.0" || d.Info.Title != "sitrep" || d.Info.Version != "1.2.3" || d.Components.SecuritySchemes["token"] == nil {
			t.Errorf("it is %s of %+v, %v", d.OpenAPI, d.Info, d.Components.SecuritySchemes)
		}
		got := map[string]string{}
		for path, methods := range d.Paths {
			for method, op := range methods {
				route := strings.ToUpper(method) + " " + path
				got[route] = strings.Join(slices.Sorted(maps.Keys(op.Responses)), " ")
				if op.OperationID == "" || op.Summary == "" {
					t.Errorf("%s has no name or summary", route)
				}
				if open := !strings.HasPrefix(path, "/api/") && path != "/-/reload"; open != (len(op.Security) == 0) {
					t.Errorf("%s says of tokens %v", route, op.Security)
				}
				for status, r := range op.Responses {
					if r.Description == "" {
						t.Errorf("%s: %s is not described", route, status)
					}
					if status >= "400" && len(op.Security) > 0 && r.Content["application/problem+json"].Schema == nil {
						t.Errorf("%s: %s is no problem", route, status)
					}
				}
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		for ref := range strings.SplitSeq(a.body, `"$ref":"#/components/schemas/`) {
			name, _, _ := strings.Cut(ref, `"`)
			if d.Components.Schemas[name] == nil && !strings.HasPrefix(ref, "{") {
				t.Errorf("%s is not described", name)
			}
		}
	}, whole)
	inside(t, func(t *testing.T, h *house) {
		if a := h.must(200, "GET", "/openapi.json", ""); strings.Contains(a.body, "/metrics") {
			t.Error("it lists metrics that are not there")
		}
	})
}

// TestNoAnswerHoldsSchemaNoise: neither a field nor a link that leads nowhere.
func TestNoAnswerHoldsSchemaNoise(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		for _, e := range endpoints {
			if a := h.call(e.method, e.path, e.body); strings.Contains(a.body, "$schema") || a.header.Get("Link") != "" {
				t.Errorf("%s %s: %s %v", e.method, e.path, a.body, a.header)
			}
		}
	}, whole)
}
