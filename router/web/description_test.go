package web_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"sitrep/router/web"
)

// TestTheDescriptionIsCheckedIn: openapi.json is what GET /openapi.json answers, less
// the version, for who reads it without a sitrep that runs.
func TestTheDescriptionIsCheckedIn(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, []byte(h.must(200, "GET", "/openapi.json", "").body), "", " "); err != nil {
			t.Fatal(err)
		}
		pretty.WriteByte('\n')
		if *update {
			if err := os.WriteFile("openapi.json", pretty.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile("openapi.json")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(pretty.Bytes(), want) {
			t.Error("openapi.json is another: run go test ./router/web -run CheckedIn -update, and read what changed")
		}
	}, whole, func(o *web.Options) { o.Version = "unreleased" })
}

// TestTheDescriptionHoldsEveryField: what an incident is answered with is described,
// field by field.
func TestTheDescriptionHoldsEveryField(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		var d struct {
			Components struct {
				Schemas map[string]struct {
					Properties map[string]json.RawMessage
					Required   []string
				}
			}
			Paths map[string]map[string]struct {
				Responses map[string]struct {
					Content map[string]struct {
						Schema struct {
							Ref string `json:"$ref"`
						}
					}
				}
			}
		}
		h.must(200, "GET", "/openapi.json", "").into(t, &d)
		for path, of := range map[string]string{"/api/v1/incidents/{id}": "/api/v1/incidents/SR-1", "/api/v1/incidents": "/api/v1/incidents", "/api/v1/schedule": "/api/v1/schedule", "/api/v1/audit": "/api/v1/audit"} {
			var got map[string]json.RawMessage
			h.must(200, "GET", of, "").into(t, &got)
			ref := d.Paths[path]["get"].Responses["200"].Content["application/json"].Schema.Ref
			schema := d.Components.Schemas[ref[len("#/components/schemas/"):]]
			for field := range got {
				if schema.Properties[field] == nil {
					t.Errorf("%s: %s is not described", path, field)
				}
			}
			for _, field := range schema.Required {
				if got[field] == nil {
					t.Errorf("%s: %s is described, and not answered", path, field)
				}
			}
		}
	})
}
