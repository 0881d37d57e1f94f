package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// What a running sitrep answers, as far as the command line shows it. The API's
// description says what each means.
type (
	incidentView struct {
		ID, Kind, Service, Severity, State, Phase string
		Title                                     map[string]string
		Lead                                      *string
		Estimate                                  *time.Time
		Firing                                    int
		StartedAt                                 time.Time  `json:"started_at"`
		ResolvedAt                                *time.Time `json:"resolved_at"`
		NextUpdateAt                              *time.Time `json:"next_update_at"`
		PartOf                                    *string    `json:"part_of"`
		Consequences                              []string
		Timeline                                  []factView
		Audiences                                 []audienceView
		Awaiting                                  []awaitingView
	}
	factView struct {
		At   time.Time `json:"at"`
		Fact string    `json:"fact"`
		Text string    `json:"text"`
		By   *string   `json:"by"`
	}
	awaitingView struct {
		Update         int
		Audience, Kind string
		By             []string
		DueAt          *time.Time `json:"due_at"`
		Held           bool
	}
	audienceView struct {
		Name         string
		Told, Paused bool
		Updates      int
		LastUpdateAt *time.Time `json:"last_update_at"`
		PromiseAt    *time.Time `json:"promise_at"`
		HoldUntil    *time.Time `json:"hold_until"`
		Every        *string
		EverySet     *string `json:"every_set"`
		Promises     struct{ Made, Kept, Broken int }
		Added        []struct{ By string }
		Removed      []struct{ By string }
		Deliveries   struct{ Planned, Accepted, Failed int }
	}
	decision struct {
		Incident string
		Decided  bool
		Breaks   *time.Time

		Awaiting  []awaitingView
		Overlaps  []string
		Split     string
		Cancelled *struct{ Update, Stopped, Gone, Failed, Unknown int }

		Updates []struct {
			Update, Deliveries int
			Audience, Kind     string
			Channels           []string
			NextBefore         *time.Time `json:"next_before"`
			Cut                bool       `json:"sms_cut"`
		}
	}
)

func (o *incidentCommand) list(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	var answer struct{ Incidents []incidentView }
	if done, err := o.listed(ctx, c, w, "incidents", o.state, &answer); done || err != nil {
		return err
	}
	if len(answer.Incidents) == 0 {
		_, err := fmt.Fprintln(w, "There are no incidents.")
		return err
	}
	now := time.Now()
	t := newColumns(w, "ID", "SERVICE", "SEVERITY", "STATE", "PHASE", "BEGAN", "LASTS", "NEXT UPDATE")
	for _, i := range answer.Incidents {
		t.row(i.ID, i.about(), i.Severity, i.State, i.Phase, clockOf(&i.StartedAt, now), i.lasts(now), clockOf(i.NextUpdateAt, now))
	}
	return t.end()
}

// listed asks for what is listed, and prints it where it is wanted as JSON: done then.
func (o *incidentCommand) listed(ctx context.Context, c *client, w io.Writer, what, state string, answer any) (done bool, err error) {
	query := url.Values{"limit": {strconv.Itoa(o.limit)}}
	if state != "" {
		query.Set("state", state)
	}
	raw, err := c.call(ctx, http.MethodGet, "/api/v1/"+what+"?"+query.Encode(), nil, answer)
	if err != nil || !c.asJSON {
		return false, err
	}
	return true, printJSON(w, raw)
}

func (i incidentView) lasts(now time.Time) string {
	if i.ResolvedAt != nil {
		now = *i.ResolvedAt
	}
	if i.StartedAt.After(now) { // a change that is to come
		return ""
	}
	return ago(now.Sub(i.StartedAt))
}

// about is what it is about: a service, or of a planned change what is done.
func (i incidentView) about() string {
	if i.Kind == "change" {
		return "change: " + titled(i.Title, i.ID)
	}
	return i.Service
}

// lastFacts is how much of a timeline is shown where not all of it is asked for.
const lastFacts = 15

func (o *incidentCommand) show(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	var i incidentView
	raw, err := c.call(ctx, http.MethodGet, o.path(), nil, &i)
	if err != nil {
		return err
	}
	if c.asJSON {
		return printJSON(w, raw)
	}
	now := time.Now()
	i.head(w, now)
	fmt.Fprintln(w)
	return o.told(w, i.Audiences, i.Awaiting, i.Timeline, now)
}

// told shows what audiences were told, what waits, and the end of the timeline.
func (o *incidentCommand) told(w io.Writer, audiences []audienceView, awaiting []awaitingView, facts []factView, now time.Time) error {
	t := newColumns(w, "AUDIENCE", "TOLD", "LAST", "NEXT BEFORE", "EVERY", "PROMISES", "MESSAGES", "BY HAND")
	for _, a := range audiences {
		told := "not yet"
		if a.Told {
			told = strconv.Itoa(a.Updates) + "×"
		}
		t.row(a.Name, told, clockOf(a.LastUpdateAt, now), clockOf(a.PromiseAt, now), text(a.Every),
			fmt.Sprintf("%d kept, %d broken", a.Promises.Kept, a.Promises.Broken),
			fmt.Sprintf("%d of %d accepted", a.Deliveries.Accepted, a.Deliveries.Planned), a.steered(now))
	}
	if err := t.end(); err != nil {
		return err
	}
	for _, a := range awaiting {
		fmt.Fprintf(w, "update %d to %s (%s) waits for a yes", a.Update, plainly(a.Audience), plainly(a.Kind))
		if len(a.By) > 0 {
			fmt.Fprintf(w, " of somebody else than %s", plainly(strings.Join(a.By, ", ")))
		}
		if a.DueAt != nil {
			fmt.Fprintf(w, "; due %s", clockOf(a.DueAt, now))
		}
		if a.Held {
			fmt.Fprint(w, "; nothing goes out without it")
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
	if left := len(facts) - lastFacts; left > 0 && !o.all {
		fmt.Fprintf(w, "… %d earlier facts; --all shows them\n", left)
		facts = facts[left:]
	}
	for _, f := range facts {
		f.print(w, now)
	}
	return nil
}

// head says in a few lines how an incident stands.
func (i incidentView) head(w io.Writer, now time.Time) {
	fmt.Fprintf(w, "%s  %s  %s  %s", plainly(i.ID), plainly(i.about()), plainly(i.Severity), plainly(i.State))
	if i.Phase != "" {
		fmt.Fprintf(w, ", %s", plainly(i.Phase))
	}
	fmt.Fprintln(w)
	if i.StartedAt.After(now) {
		fmt.Fprintf(w, "begins %s\n", clockOf(&i.StartedAt, now))
	} else {
		fmt.Fprintf(w, "began %s, lasted %s, %s\n", clockOf(&i.StartedAt, now), i.lasts(now), plural(i.Firing, "alert fires", "alerts fire"))
	}
	if i.PartOf != nil {
		fmt.Fprintf(w, "a consequence of %s, which tells of both\n", plainly(*i.PartOf))
	}
	for _, s := range i.Consequences {
		fmt.Fprintf(w, "also out because of it: %s\n", plainly(s))
	}
	if i.Lead != nil {
		fmt.Fprintf(w, "led by %s\n", plainly(*i.Lead))
	}
	if i.Estimate != nil {
		fmt.Fprintf(w, "estimated to be over %s\n", clockOf(i.Estimate, now))
	}
	if i.NextUpdateAt != nil {
		fmt.Fprintf(w, "next update %s, in %s\n", clockOf(i.NextUpdateAt, now), ago(i.NextUpdateAt.Sub(now)))
	}
}

// steered says what a person decided for an audience.
func (a audienceView) steered(now time.Time) string {
	var all []string
	switch {
	case a.Paused:
		all = append(all, "paused")
	case a.HoldUntil != nil:
		all = append(all, "held until "+clockOf(a.HoldUntil, now))
	case a.EverySet != nil:
		all = append(all, "pace set by hand")
	}
	if text := a.listed(); text != "" {
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func (f factView) print(w io.Writer, now time.Time) {
	by := ""
	if f.By != nil && !strings.Contains(f.Text, "(by "+*f.By) { // most facts say it
		by = " (" + plainly(*f.By) + ")"
	}
	fmt.Fprintf(w, "%-12s  %s%s\n", clockOf(&f.At, now), plainly(f.Text), by)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (o *incidentCommand) schedule(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	var answer struct {
		Due []struct {
			At                            time.Time
			Incident, Audience, Kind, Why string
		}
	}
	raw, err := c.call(ctx, http.MethodGet, "/api/v1/schedule", nil, &answer)
	if err != nil {
		return err
	}
	if c.asJSON {
		return printJSON(w, raw)
	}
	if len(answer.Due) == 0 {
		_, err := fmt.Fprintln(w, "Nothing is due.")
		return err
	}
	now := time.Now()
	t := newColumns(w, "AT", "IN", "INCIDENT", "AUDIENCE", "KIND", "WHY")
	for _, d := range answer.Due {
		t.row(clockOf(&d.At, now), ago(d.At.Sub(now)), d.Incident, d.Audience, d.Kind, d.Why)
	}
	return t.end()
}
