package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/model"
)

// changeCommand is one thing to do with the planned changes of a running sitrep.
type changeCommand struct {
	*incidentCommand
	title, from, until, by string
	services               []string
	lead, severity, course string
	titles                 map[string]string
	wasState               string
}

// changeView is a planned change as the API answers, as far as it is shown.
type changeView struct {
	ID, State, Severity string
	Title               map[string]string
	Services            []string
	Start, End          time.Time
	Decide              *time.Time
	Lead, Course        *string
	BegunAt             *time.Time `json:"begun_at"`
	EndedAt             *time.Time `json:"ended_at"`
	NextUpdateAt        *time.Time `json:"next_update_at"`
	Overlaps            []string
	Alerts              []struct{ Labels map[string]string }
	Timeline            []factView
	Audiences           []audienceView
	Awaiting            []awaitingView
}

// action is what a command does with a running sitrep.
type action = func(context.Context, *client, io.Reader, io.Writer) error

// changeCommands adds them.
func changeCommands(app *kingpin.Application, of *incidentCommand, add func(parent commander, name, help string, f action) *kingpin.CmdClause) {
	o := &changeCommand{incidentCommand: of, titles: map[string]string{}}
	group := app.Command("change", "Plan changes, and say how they go, at a running sitrep.")
	why := func(c *kingpin.CmdClause) *kingpin.CmdClause {
		c.Flag("reason", "Why, for the timeline; no message holds it.").StringVar(&o.reason)
		return c
	}
	about := func(name, help string, f action) *kingpin.CmdClause {
		c := add(group, name, help, f)
		c.Arg("change", "Its id, such as SR-14.").Required().StringVar(&o.id)
		return c
	}
	list := add(group, "list", "Planned changes, newest first.", o.list)
	list.Flag("state", "Only those: planned, running, overrunning, completed, rolled_back, cancelled or outage.").
		EnumVar(&o.wasState, "planned", "running", "overrunning", "completed", "rolled_back", "cancelled", "outage")
	list.Flag("limit", "How many at most.").Default("20").IntVar(&o.limit)
	about("show", "One change: how it stands, what its audiences were told, and its timeline.", o.show).
		Flag("all", "The whole timeline, not only its end.").BoolVar(&o.all)
	plan := why(add(group, "plan", "Plan a change: its audiences hear of it by the policy for kind=\"change\".", o.plan))
	plan.Arg("title", "What is to be done, to readers of every language; else --title.").StringVar(&o.title)
	plan.Flag("title", "What is to be done, by language: --title=nl='verhuizing van de opslag'. May be repeated.").PlaceHolder("LANGUAGE=TITLE").StringMapVar(&o.titles)
	plan.Flag("service", "A service that it touches; its alerts open no incident meanwhile. May be repeated.").StringsVar(&o.services)
	plan.Flag("from", "When it begins: 14:30, \"2026-11-28 08:00\", in how long: 2d, or how long ago it did: -1h. (default: now)").StringVar(&o.from)
	plan.Flag("until", "When it is to be done: a moment, or how long after the start: 6h.").Required().StringVar(&o.until)
	plan.Flag("decide", "When it is decided whether to go on: a moment, or how long after the start: 5h.").StringVar(&o.by)
	plan.Flag("lead", "Who leads it.").StringVar(&o.lead)
	plan.Flag("severity", "One of the configuration's. (default: the lowest)").StringVar(&o.severity)
	extend := why(about("extend", "It is to be done at another moment. Who was told hears so once, and next then.", o.extend))
	extend.Arg("end", "18:30, \"2026-11-28 18:30\", or so much after its planned end, or before it: +2h, -30m.").Required().StringVar(&o.until)
	move := why(about("move", "It begins at another moment, and takes as long as planned.", o.move))
	move.Arg("start", "\"2026-11-29 08:00\", or so much after its planned start, or before it: +1d, -2h.").Required().StringVar(&o.from)
	why(about("start", "It begins, before its time.", o.post("start")))
	why(about("complete", "It is done.", o.post("complete")))
	why(about("roll-back", "It was rolled back, and that is done.", o.post("roll-back")))
	why(about("cancel", "It does not take place; before it has begun.", o.post("cancel")))
	why(about("decide", "Say how it goes.", o.decides)).
		Arg("course", "on-course, later, or rolling-back.").Required().EnumVar(&o.course, "on-course", "later", "rolling-back")
}

// at is the change's place in the API.
func (o *changeCommand) at(more ...string) string {
	return strings.Join(append([]string{"/api/v1/changes/" + url.PathEscape(o.id)}, more...), "/")
}

func (o *changeCommand) post(step string) action {
	return func(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
		return o.decide(ctx, c, w, http.MethodPost, o.at(step), map[string]any{})
	}
}

func (o *changeCommand) decides(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	return o.decide(ctx, c, w, http.MethodPost, o.at("decide"), map[string]any{"course": strings.ReplaceAll(o.course, "-", "_")})
}

// after reads a moment, or how long it is after another, or before it.
func after(text string, of, now time.Time) (time.Time, error) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "+")
	span, earlier := strings.CutPrefix(text, "-")
	if d, err := model.ParseDuration(span); err == nil && earlier {
		return of.Add(-time.Duration(d)), nil
	} else if err == nil {
		return of.Add(time.Duration(d)), nil
	}
	at, err := momentIn(text, now)
	if err != nil {
		return at, errUsage{err}
	}
	return at, nil
}

// lately is how long ago a time of the clock may have been for it to be that which is
// meant; where that was before midnight, overnight.
const lately, overnight = 12 * time.Hour, 6 * time.Hour

// anew is what after says of a moment that takes the place of another. A time of the clock
// that has only just passed is refused: it hardly means tomorrow, and everybody would be
// told that it does.
func anew(text string, of, now time.Time) (time.Time, error) {
	at, alone := clockAlone(text, now)
	most := lately
	if at.After(now) {
		at, most = at.AddDate(0, 0, -1), overnight
	}
	if alone && now.Sub(at) < most {
		return at, errUsage{fmt.Errorf("%s has passed\nhint: for another day write the day too, such as %q; +2h is so much after what was planned",
			plainly(strings.TrimSpace(text)), at.AddDate(0, 0, 1).Format("2006-01-02 15:04"))}
	}
	return after(text, of, now)
}

// signed writes spans such as -1h so that they are no flags.
func signed(args []string) []string {
	i := slices.Index(args, "change")
	if i < 0 || i+1 >= len(args) || args[i+1] != "extend" && args[i+1] != "move" {
		return args
	}
	args = slices.Clone(args)
	for n, arg := range args[i:] {
		if span, is := strings.CutPrefix(arg, "-"); is {
			if _, err := model.ParseDuration(span); err == nil {
				args[i+n] = "+" + arg
			}
		}
	}
	return args
}

func (o *changeCommand) plan(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	now := time.Now()
	start, err := now, error(nil)
	if o.from != "" {
		if start, err = after(o.from, now, now); err != nil {
			return err
		}
	}
	end, err := after(o.until, start, now)
	if err != nil {
		return err
	}
	if o.title != "" {
		o.titles[""] = o.title
	}
	if len(o.titles) == 0 {
		return errUsage{fmt.Errorf("nothing says what is to be done\nhint: sitrep change plan 'Moving the storage' --from='2026-11-28 08:00' --until=6h")}
	}
	body := map[string]any{"title": o.titles, "start": start.Format(time.RFC3339), "end": end.Format(time.RFC3339)}
	if o.services != nil {
		body["services"] = o.services
	}
	if o.by != "" {
		decide, err := after(o.by, start, now)
		if err != nil {
			return err
		}
		body["decide"] = decide.Format(time.RFC3339)
	}
	for name, value := range map[string]string{"lead": o.lead, "severity": o.severity} {
		if value != "" {
			body[name] = value
		}
	}
	return o.decide(ctx, c, w, http.MethodPost, "/api/v1/changes", body)
}

// planned asks how the change stands.
func (o *changeCommand) planned(ctx context.Context, c *client) (v changeView, err error) {
	_, err = c.call(ctx, http.MethodGet, o.at(), nil, &v)
	return v, err
}

func (o *changeCommand) extend(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	v, err := o.planned(ctx, c)
	if err != nil {
		return err
	}
	end, err := anew(o.until, v.End, time.Now())
	if err != nil {
		return err
	}
	return o.decide(ctx, c, w, http.MethodPost, o.at("extend"), map[string]any{"end": end.Format(time.RFC3339)})
}

func (o *changeCommand) move(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	v, err := o.planned(ctx, c)
	if err != nil {
		return err
	}
	start, err := anew(o.from, v.Start, time.Now())
	if err != nil {
		return err
	}
	return o.decide(ctx, c, w, http.MethodPatch, o.at(), map[string]any{
		"start": start.Format(time.RFC3339), "end": start.Add(v.End.Sub(v.Start)).Format(time.RFC3339),
	})
}

func (o *changeCommand) list(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	var answer struct{ Changes []changeView }
	if done, err := o.listed(ctx, c, w, "changes", o.wasState, &answer); done || err != nil {
		return err
	}
	if len(answer.Changes) == 0 {
		_, err := fmt.Fprintln(w, "There are no planned changes.")
		return err
	}
	now := time.Now()
	t := newColumns(w, "ID", "TITLE", "STATE", "START", "END", "SERVICES", "NEXT UPDATE")
	for _, v := range answer.Changes {
		t.row(v.ID, titled(v.Title, v.ID), v.State, clockOf(&v.Start, now), clockOf(&v.End, now), strings.Join(v.Services, ","), clockOf(v.NextUpdateAt, now))
	}
	return t.end()
}

// titled is a title in one of its languages: the one for every reader, or English.
func titled(title map[string]string, id string) string {
	for _, l := range []string{"", "en", "nl"} {
		if s := title[l]; s != "" {
			return s
		}
	}
	for _, s := range title {
		return s
	}
	return id
}

func (o *changeCommand) show(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	var v changeView
	raw, err := c.call(ctx, http.MethodGet, o.at(), nil, &v)
	if err != nil {
		return err
	}
	if c.asJSON {
		return printJSON(w, raw)
	}
	now := time.Now()
	fmt.Fprintf(w, "%s  %s  %s\n", plainly(v.ID), plainly(titled(v.Title, v.ID)), plainly(v.State))
	fmt.Fprintf(w, "planned %s to %s", clockOf(&v.Start, now), clockOf(&v.End, now))
	if len(v.Services) > 0 {
		fmt.Fprintf(w, ", touches %s", plainly(strings.Join(v.Services, ", ")))
	}
	fmt.Fprintln(w)
	for _, line := range []struct {
		at   *time.Time
		what string
	}{{v.BegunAt, "began"}, {v.Decide, "decided whether to go on at"}, {v.EndedAt, "ended"}} {
		if line.at != nil {
			fmt.Fprintf(w, "%s %s\n", line.what, clockOf(line.at, now))
		}
	}
	if v.Course != nil {
		fmt.Fprintf(w, "said to be %s\n", plainly(strings.ReplaceAll(*v.Course, "_", " ")))
	}
	if v.Lead != nil {
		fmt.Fprintf(w, "led by %s\n", plainly(*v.Lead))
	}
	if len(v.Overlaps) > 0 {
		fmt.Fprintf(w, "at the same time as %s\n", plainly(strings.Join(v.Overlaps, ", ")))
	}
	for _, a := range v.Alerts {
		fmt.Fprintf(w, "fires meanwhile: %s (%s)\n", plainly(a.Labels["alertname"]), plainly(a.Labels["service"]))
	}
	if v.NextUpdateAt != nil {
		fmt.Fprintf(w, "next update %s, in %s\n", clockOf(v.NextUpdateAt, now), ago(v.NextUpdateAt.Sub(now)))
	}
	fmt.Fprintln(w)
	return o.told(w, v.Audiences, v.Awaiting, v.Timeline, now)
}
