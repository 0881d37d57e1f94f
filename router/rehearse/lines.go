package rehearse

import (
	"encoding/json"
	"io"
	"time"
)

// row is an update as a program reads it.
type row struct {
	Script     string     `json:"script,omitempty"` // only where more than one is played
	At         time.Time  `json:"at"`
	Kind       string     `json:"kind"`
	Incident   string     `json:"incident"`
	Audience   string     `json:"audience"`
	Recipients int        `json:"recipients"`
	Channels   []string   `json:"channels"`
	Promise    *time.Time `json:"promise"` // when the next comes at the latest; null: none does
	Kept       *bool      `json:"kept"`    // whether it kept the promise before it; null: there was none
	Why        string     `json:"why"`
	Text       string     `json:"text"`
}

// Lines writes each update as one JSON object on a line, with times in UTC.
// Script names the transcript among others; it may be empty.
func (t *Transcript) Lines(w io.Writer, script string) error {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	for _, u := range t.Shown() {
		r := row{
			Script: script, At: u.At.UTC(), Kind: string(u.Kind), Incident: u.Incident, Audience: u.Audience,
			Recipients: u.Recipients, Channels: u.Channels, Kept: u.Kept, Why: u.Why, Text: u.Text,
		}
		if !u.Promise.IsZero() {
			at := u.Promise.UTC()
			r.Promise = &at
		}
		if err := lines.Encode(r); err != nil {
			return err
		}
	}
	return nil
}
