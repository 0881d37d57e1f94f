package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/prometheus/common/model"

	"sitrep/router/incident"
)

// MaxBody is how large a webhook may be, in bytes.
const MaxBody = 10 << 20

// What is kept of an alert at most; the rest is cut.
const (
	maxLabels  = 64
	maxName    = 128  // bytes of a label's name
	maxValue   = 1024 // bytes of a label's value
	maxSummary = 600  // bytes of the summary
)

// Webhook is what one webhook told.
type Webhook struct {
	Alerts []incident.Observation
	// Truncated is how many alerts Alertmanager left out. Nothing follows for
	// those: that they are not named never means that they are over.
	Truncated uint64
}

// payload is Alertmanager's webhook version 4, as far as sitrep reads it (since
// 0.6; https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).
// Other fields are ignored: later versions add some.
type payload struct {
	Version         string  `json:"version"`
	TruncatedAlerts uint64  `json:"truncatedAlerts"`
	Alerts          []alert `json:"alerts"`
}

type alert struct {
	Status      string            `json:"status"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
	Fingerprint string            `json:"fingerprint"`
}

// Parse reads a webhook. The error says what is wrong with it, for the one who
// configures Alertmanager; a webhook with an error will never parse.
func Parse(body []byte) (Webhook, error) {
	var p payload
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&p); err != nil {
		return Webhook{}, explain(err, len(body))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Webhook{}, errors.New("there is more after the JSON object")
	}
	switch {
	case p.Version == "":
		return Webhook{}, errors.New(`the field "version" is missing; sitrep reads Alertmanager's webhook, version "4"`)
	case p.Version != "4":
		return Webhook{}, fmt.Errorf(`version %q is not known; sitrep reads Alertmanager's webhook, version "4"`, clean(p.Version, 20))
	}
	w := Webhook{Truncated: p.TruncatedAlerts}
	for n, a := range p.Alerts {
		o, err := a.observe()
		if err != nil {
			return Webhook{}, fmt.Errorf("alerts[%d]: %w", n, err)
		}
		w.Alerts = append(w.Alerts, o)
	}
	return w, nil
}

// explain says where JSON is wrong.
func explain(err error, size int) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var moment *time.ParseError
	switch {
	case size == 0:
		return errors.New("the body is empty")
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON: %w, at byte %d", err, syntax.Offset)
	case errors.As(err, &kind):
		where := kind.Field
		if where == "" {
			where = "the body"
		}
		return fmt.Errorf("%s is a %s where a %s is expected, at byte %d", where, kind.Value, kind.Type, kind.Offset)
	case errors.As(err, &moment):
		return fmt.Errorf("%s is not a time as RFC 3339 writes it", clean(moment.Value, 60))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("not JSON: the body ends too early")
	}
	return fmt.Errorf("not JSON: %w", err)
}

func (a alert) observe() (incident.Observation, error) {
	o := incident.Observation{Fingerprint: clean(a.Fingerprint, 64), StartsAt: a.StartsAt.UTC()}
	switch a.Status {
	case "firing":
		o.Firing = true
	case "resolved":
		o.EndsAt = a.EndsAt.UTC()
	default:
		return o, fmt.Errorf(`status is %q; it is "firing" or "resolved"`, clean(a.Status, 20))
	}
	if len(a.Labels) == 0 {
		return o, errors.New("it has no labels")
	}
	o.Labels = make(map[string]string, len(a.Labels))
	set := model.LabelSet{}
	for k, v := range a.Labels {
		set[model.LabelName(k)] = model.LabelValue(v)
		if len(o.Labels) < maxLabels || k == "alertname" || k == "service" || k == "severity" {
			o.Labels[clean(k, maxName)] = clean(v, maxValue)
		}
	}
	if o.Fingerprint == "" { // as Alertmanager itself makes it
		o.Fingerprint = set.Fingerprint().String()
	}
	for _, k := range []string{"summary", "description", "message"} {
		if s := clean(a.Annotations[k], maxSummary); s != "" {
			o.Summary = s
			break
		}
	}
	return o, nil
}

// clean removes what could do harm where the text is shown, and cuts it.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
	if len(s) > limit {
		s = s[:limit]
		for len(s) > 0 && !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return strings.TrimSpace(s)
}

// maxInput is how large, roughly, one input may grow, encoded.
const maxInput = 96 << 10

// Inputs puts observations into as many inputs as it takes to keep each small
// enough to be stored.
func Inputs(alerts []incident.Observation, at time.Time) []incident.Input {
	var inputs []incident.Input
	size := 0
	for _, o := range alerts {
		n := 200 + 2*len(o.Summary)
		for k, v := range o.Labels {
			n += 2*(len(k)+len(v)) + 6
		}
		if last := len(inputs) - 1; last >= 0 && size+n <= maxInput {
			inputs[last].Alerts = append(inputs[last].Alerts, o)
			size += n
			continue
		}
		inputs = append(inputs, incident.Input{At: at.UTC(), Alerts: []incident.Observation{o}})
		size = n
	}
	return inputs
}
