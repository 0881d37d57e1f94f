package router

import (
	"context"
	"slices"
	"time"

	"sitrep/channels"
	"sitrep/policies/words"
	"sitrep/router/casebook"
)

// Draft is an update that waits for a yes, as its audience would read it now.
type Draft struct {
	Awaiting
	Texts []DraftText
}

// DraftText is what those read who share a language. What goes by no mail has no
// subject and no text, and what goes by no SMS has none.
type DraftText struct{ Language, Subject, Text, SMS string }

// Drafts returns what of an incident waits for a yes, by number: what a person is to
// read before he answers. It waits for the loop to be between two turns.
func (r *Router) Drafts(ctx context.Context, id string) ([]Draft, error) {
	var waiting []casebook.Draft
	rules := r.rules.Load()
	now := time.Now().UTC()
	if !r.between(ctx, func() {
		if c := r.cases.Incident(id); c != nil {
			rules = r.rules.Load()
			waiting = r.cases.Drafts(rules.Global, rules.Writer, c, now)
		}
	}) {
		return nil, ctx.Err()
	}
	var all []Draft
	for _, w := range waiting {
		d := Draft{Awaiting: Awaiting{w.Awaited, w.Instead}}
		for _, who := range w.Readers {
			t, err := rules.Writer.Render(w.View, who)
			if err != nil { // as it would go out
				t = rules.Writer.Bare(w.View, who)
			}
			one := DraftText{Language: t.Language}
			if slices.Contains(w.Channels, channels.Email) {
				one.Subject, one.Text = words.Fill(t.Subject, nil), words.Body(t.Text)
			}
			if slices.Contains(w.Channels, channels.SMS) {
				one.SMS = words.Fill(t.SMS, nil)
			}
			d.Texts = append(d.Texts, one)
		}
		all = append(all, d)
	}
	return all, nil
}
