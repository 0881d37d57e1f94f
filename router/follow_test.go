package router

import (
	"context"
	"fmt"
	"testing"

	"sitrep/router/incident"
)

// TestWhoIsTooFarBehindIsTold: the loop waits for nobody who follows.
func TestWhoIsTooFarBehindIsTold(t *testing.T) {
	r := &Router{feed: newFeed("start")}
	lead := func(n int) incident.Fact { return incident.Fact{Body: &incident.Led{Lead: fmt.Sprint(n)}} }
	w, slow := r.Follow(""), r.Follow("")
	for n := range remembered + 1000 {
		r.feed.add([]incident.Fact{lead(n)})
		if n == 10 {
			if events, missed, err := w.Next(t.Context()); err != nil || missed || len(events) != 11 || events[10].ID != "start-10" {
				t.Fatalf("%d events, missed %v, %v", len(events), missed, err)
			}
			w = r.Follow("start-10")
		}
	}
	for name, w := range map[string]*Follower{"from the beginning": slow, "from the eleventh": w} {
		events, missed, err := w.Next(t.Context())
		if err != nil || !missed || len(events) != remembered || events[0].Fact.Led().Lead != "1000" {
			t.Errorf("%s: %d events, missed %v, %v", name, len(events), missed, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if events, missed, err := r.Follow("").Next(ctx); err == nil || missed || len(events) > 0 {
		t.Errorf("%d events, missed %v, %v", len(events), missed, err)
	}
}
