package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	"sitrep/router/incident"
)

// MaxBody is how large a webhook may be, in bytes.
const MaxBody = 10 << 20

// Webhook is what one webhook told.
type Webhook struct {
	Alerts []incident.Observation
	// Truncated is how many alerts Alertmanager left out. Nothing follows for
	// those: that they are not named never means that they are over.
	Truncated uint64
	// Unknown are names of annotations, a few at most, that look as if they were
	// for every reader, and are none that sitrep knows.
	Unknown []string
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
	StartsAt    string            `json:"startsAt"`
	EndsAt      string            `json:"endsAt"`
	Fingerprint string            `json:"fingerprint"`
}

// Parse reads a webhook. The error says what is wrong with it, for the one who
// configures Alertmanager; a webhook with an error will never parse.
func Parse(body []byte) (Webhook, error) {
	if w, ok := quick(body); ok {
		return w, nil
	}
	return slowly(body)
}

// slowly reads any webhook, and knows what is wrong with it.
func slowly(body []byte) (Webhook, error) {
	var p payload
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&p); err != nil {
		return Webhook{}, explain(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Webhook{}, errors.New("there is more after the JSON object")
	}
	switch {
	case p.Version == "":
		return Webhook{}, errors.New(`the field "version" is missing; sitrep reads Alertmanager's webhook, version "4"`)
	case p.Version != "4":
		return Webhook{}, fmt.Errorf(`version %q is not known; sitrep reads Alertmanager's webhook, version "4"`, clean(p.Version, 20))
	case p.Alerts == nil:
		return Webhook{}, errors.New(`the field "alerts" is missing; sitrep reads Alertmanager's own payload, not a custom one`)
	}
	w := Webhook{Alerts: make([]incident.Observation, 0, len(p.Alerts)), Truncated: p.TruncatedAlerts}
	for n, a := range p.Alerts {
		o, err := a.observe(&w.Unknown)
		if err != nil {
			return Webhook{}, fmt.Errorf("alerts[%d]: %w", n, err)
		}
		w.Alerts = append(w.Alerts, o)
	}
	return w, nil
}

// explain says where JSON is wrong.
func explain(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the body is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("not JSON: the body ends too early")
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON: %w, at byte %d", err, syntax.Offset)
	case errors.As(err, &kind):
		where := "the body"
		if kind.Field != "" {
			where = clean(kind.Field, 100)
		}
		return fmt.Errorf("%s is a JSON %s where %s is expected, at byte %d", where, clean(kind.Value, 40), inJSON(kind.Type), kind.Offset)
	}
	return fmt.Errorf("not JSON: %w", err)
}

// inJSON says a type as somebody who writes JSON knows it.
func inJSON(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "an array"
	case reflect.Uint64:
		return "a whole number"
	}
	return "an object"
}

func (a alert) observe(unknown *[]string) (o incident.Observation, err error) {
	if err := a.moments(&o); err != nil {
		return o, err
	}
	if o.Labels = labels(a.Labels); len(o.Labels) == 0 {
		return o, errors.New("it has no labels")
	}
	o.Fingerprint = fingerprint(a)
	a.say(&o, unknown)
	return o, nil
}

// moments reads since when it fires, or until when it did.
func (a alert) moments(o *incident.Observation) (err error) {
	switch a.Status {
	case "firing":
		o.Firing = true
	case "resolved":
		if o.EndsAt, err = moment("endsAt", a.EndsAt); err != nil {
			return err
		}
	default:
		return fmt.Errorf(`status is %q; it is "firing" or "resolved"`, clean(a.Status, 20))
	}
	o.StartsAt, err = moment("startsAt", a.StartsAt)
	return err
}

// say keeps what its annotations say.
func (a alert) say(o *incident.Observation, unknown *[]string) {
	for _, k := range []string{"summary", "description", "message"} {
		if o.Summary = clean(a.Annotations[k], maxSummary); o.Summary != "" {
			break
		}
	}
	o.Account = account(a.Annotations, unknown)
}

// moment reads a time; none is the zero time.
func moment(field, s string) (t time.Time, err error) {
	if s == "" {
		return t, nil
	}
	// One that leaves the years that JSON knows when it is turned into UTC could
	// never be stored.
	if t.UnmarshalText([]byte(s)) != nil || t.UTC().Year() < 0 || t.UTC().Year() > 9999 {
		return t, fmt.Errorf("%s is %q, which is not a time as RFC 3339 writes it", field, clean(s, 60))
	}
	return t.UTC(), nil
}
