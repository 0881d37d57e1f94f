package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/common/model"

	"sitrep/router"
)

// play tells the outage: as Alertmanager and a person on call would, over HTTP.
func (w *demoWorld) play(ctx context.Context, d *daemon) error {
	began := time.Now().UTC()
	steps := []struct {
		after float64 // seconds of the story
		do    func() error
	}{
		{1, func() error {
			w.out.scene("The mail servers stop answering. Prometheus sees it; Alertmanager posts its webhook:")
			w.out.note("3 alerts, MailDown on mx1, mx2 and mx3, critical")
			return w.webhook(ctx, began, time.Time{})
		}},
		{44, func() error {
			w.out.scene("Everybody is busy mending, and nobody has written a word. What was promised is due:")
			return nil
		}},
		{25, func() error {
			w.out.scene("The person on call has a minute, and says something to everyone who was told:")
			w.out.note("POST /api/v1/incidents/SR-1/updates")
			return w.say(ctx)
		}},
		{20, func() error {
			w.out.scene("The mail servers answer again. Alertmanager posts that the alerts are resolved; sitrep waits whether it stays so:")
			return w.webhook(ctx, began, time.Now().UTC())
		}},
	}
	for _, s := range steps {
		if err := w.wait(ctx, s.after); err != nil {
			return err
		}
		if err := s.do(); err != nil {
			return err
		}
	}
	page, err := w.end(ctx, d)
	if err != nil {
		return err
	}
	return w.out.summary(page, w.smtp.Messages(), w.twilio.Messages())
}

// end waits until the incident is over and everything that was planned has
// arrived.
func (w *demoWorld) end(ctx context.Context, d *daemon) (*router.Page, error) {
	limit := time.NewTimer(time.Duration(30/w.speed*float64(time.Second)) + 10*time.Second)
	defer limit.Stop()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		p := d.router.Incident("SR-1")
		if p != nil && !p.Open && settled(p) {
			return p, nil
		}
		select {
		case <-look.C:
		case <-limit.C:
			return p, nil // the summary says what is missing
		case <-ctx.Done():
			return nil, ctx.Err()
		case err := <-d.failed:
			return nil, err
		}
	}
}

// settled reports whether every delivery arrived and every promise is judged.
func settled(p *router.Page) bool {
	for _, a := range p.Audiences {
		n := a.Deliveries
		if n.Accepted+n.Failed+n.Unreached+n.Superseded < n.Planned || a.Kept+a.Broken < a.Made {
			return false
		}
	}
	return len(p.Audiences) > 0
}

// webhook posts the three alerts as Alertmanager does: firing, or resolved at
// ends.
func (w *demoWorld) webhook(ctx context.Context, starts, ends time.Time) error {
	status := "firing"
	if !ends.IsZero() {
		status = "resolved"
	}
	type m = map[string]any
	var alerts []m
	for _, instance := range []string{"mx1", "mx2", "mx3"} {
		labels := model.LabelSet{"alertname": "MailDown", "service": "mail", "severity": "critical", "instance": model.LabelValue(instance)}
		alerts = append(alerts, m{
			"status": status, "labels": labels, "fingerprint": labels.Fingerprint().String(),
			"annotations": m{"summary": "SMTP on " + instance + " does not answer"},
			"startsAt":    starts, "endsAt": ends,
		})
	}
	return w.post(ctx, "/api/v1/alertmanager", m{
		"version": "4", "groupKey": `{}:{service="mail"}`, "status": status, "receiver": "sitrep",
		"groupLabels": m{"service": "mail"}, "truncatedAlerts": 0, "alerts": alerts,
	})
}

func (w *demoWorld) say(ctx context.Context) error {
	texts := map[string]string{
		"nl": "Een opslagsysteem is uitgevallen. De leverancier is ter plaatse en vervangt het.",
		"en": "A storage array failed. The supplier is on site and replaces it.",
	}
	return w.post(ctx, "/api/v1/incidents/SR-1/updates", map[string]any{"texts": texts, "phase": "identified"})
}

func (w *demoWorld) post(ctx context.Context, path string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.site+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("post to %s: %w", path, err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if answer.StatusCode >= 300 {
		return fmt.Errorf("post to %s: %s: %s", path, answer.Status, text)
	}
	return nil
}
