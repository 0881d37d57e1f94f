package web_test

import (
	"testing"
	"time"
)

// TestAChangeBeganWhenItDid: its clocks run from its planned end, but that is not when it
// began; before it has, it is when it is to.
func TestAChangeBeganWhenItDid(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		start := time.Now().Add(3 * time.Hour).UTC()
		h.must(200, "POST", "/api/v1/changes", `{"title":{"en":"moving"},"services":["mail"],"start":"`+start.Format(time.RFC3339)+`","end":"`+start.Add(6*time.Hour).Format(time.RFC3339)+`"}`)
		began := func() (v struct {
			StartedAt time.Time `json:"started_at"`
		}) {
			h.must(200, "GET", "/api/v1/incidents/SR-1", "").into(t, &v)
			return v
		}
		if v := began(); !v.StartedAt.Equal(start) {
			t.Errorf("before it begins, it is said to begin %s, not %s", v.StartedAt, start)
		}
		time.Sleep(time.Hour)
		early := time.Now()
		h.must(200, "POST", "/api/v1/changes/SR-1/start", "")
		if v := began(); !v.StartedAt.Equal(early) {
			t.Errorf("it began %s, not %s", v.StartedAt, early)
		}
		time.Sleep(9 * time.Hour) // over time
		if v := began(); !v.StartedAt.Equal(early) {
			t.Errorf("over time, it began %s, not %s", v.StartedAt, early)
		}
	})
}
