package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/router"
	"sitrep/router/incident"
)

// DryRun is for what sends.
type DryRun struct {
	DryRun bool `query:"dry_run" doc:"Only say what would go out, to how many and in which words; nothing is stored or sent"`
}

type previewBody struct {
	Updates []previewedUpdate `json:"updates"`
	Cost    costBody          `json:"cost"`
}

type costBody struct {
	Segments int      `json:"sms_segments" doc:"Of all SMS together"`
	Amount   *float64 `json:"amount" nullable:"true" doc:"By the price of a segment in the configuration; null where there is none"`
	Currency *string  `json:"currency" nullable:"true"`
}

type previewedUpdate struct {
	Audience string          `json:"audience"`
	Kind     string          `json:"kind"`
	Emails   int             `json:"emails"`
	SMS      int             `json:"sms"`
	Texts    []previewedText `json:"texts"`
}

type previewedText struct {
	Language string `json:"language"`
	TimeZone string `json:"time_zone"`
	Emails   int    `json:"emails" doc:"How many get it so"`
	SMSes    int    `json:"smses"`
	Subject  string `json:"subject"`
	Text     string `json:"text"`
	HTML     string `json:"html"`
	SMS      string `json:"sms"`
	Segments int    `json:"segments" doc:"Of one such SMS"`
}

// preview answers an override with what would follow from it.
func (s *Server) preview(ctx context.Context, id string, in incident.Input) (*decisionOutput, error) {
	p, err := s.o.Desk.Preview(ctx, in)
	switch {
	case err != nil:
		s.o.Log.Error("an override could not be previewed", "incident", id, "request", requestOf(ctx).id, "err", err)
		return nil, comeAgain("it could not be worked out now; nothing was done")
	case p.Unknown && id == "":
		return nil, huma.Error409Conflict(notKnown)
	case p.Unknown:
		return nil, noIncident(id)
	case p.Stale:
		return nil, s.stale(id, p.Refused)
	case p.Refused != "":
		return nil, huma.Error409Conflict(p.Refused)
	}
	out := &decisionOutput{Status: http.StatusOK}
	out.Body.Incident = p.Incident
	out.Body.Updates = updates(p.Decision)
	out.Body.Preview = &previewBody{Updates: []previewedUpdate{}}
	cost := &out.Body.Preview.Cost
	for _, u := range p.Updates {
		if !slices.ContainsFunc(out.Body.Updates, func(b updateBody) bool { return b.Update == u.Planned.Update }) {
			continue
		}
		b, segments := previewed(u)
		out.Body.Preview.Updates = append(out.Body.Preview.Updates, b)
		cost.Segments += segments
	}
	if price := s.o.SMSPrice; price.Currency != "" {
		amount := float64(cost.Segments) * price.PerSegment
		cost.Amount, cost.Currency = &amount, &price.Currency
	}
	return out, nil
}

func previewed(u router.PreviewedUpdate) (b previewedUpdate, segments int) {
	b = previewedUpdate{Audience: u.Planned.Audience, Kind: string(u.Planned.Kind), Emails: u.Messages["email"], SMS: u.Messages["sms"], Texts: []previewedText{}}
	for _, t := range u.Texts {
		segments += t.SMSSegments
		b.Texts = append(b.Texts, previewedText{
			Language: t.Language, TimeZone: t.Zone, Emails: t.Mails, SMSes: t.SMSes,
			Subject: t.Subject, Text: t.Text.Text, HTML: t.HTML, SMS: t.SMS, Segments: t.Segments,
		})
	}
	return b, segments
}
