package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// incidentCommand is one thing to do with a running sitrep.
type incidentCommand struct {
	clientOptions
	id, audience, text, when string
	state                    string
	limit                    int
	texts                    map[string]string
	audiences                []string
	phase, reason            string
	update                   int
	all                      bool
	every                    string
	force, dryRun            bool
	service                  string
	summary, impact          string
	name, email, phone       string
	language, zone           string
	workaround               string
}

// errUsage is about the command line.
type errUsage struct{ error }

// clientCommands adds the commands that call a running sitrep, and returns what
// runs one; false where the command is none of them.
func clientCommands(app *kingpin.Application) func(ctx context.Context, command string, stdin io.Reader, stdout, stderr io.Writer) (int, bool) {
	o := &incidentCommand{texts: map[string]string{}}
	run := map[string]func(context.Context, *client, io.Reader, io.Writer) error{}
	group := app.Command("incident", "See and steer incidents of a running sitrep.")
	add := func(parent commander, name, help string, f func(context.Context, *client, io.Reader, io.Writer) error) *kingpin.CmdClause {
		c := parent.Command(name, help)
		o.flags(c)
		run[c.FullCommand()] = f
		return c
	}
	about := func(name, help string, f func(context.Context, *client, io.Reader, io.Writer) error) *kingpin.CmdClause {
		c := add(group, name, help, f)
		c.Arg("incident", "Its id, such as SR-12.").Required().StringVar(&o.id)
		return c
	}
	why := func(c *kingpin.CmdClause) *kingpin.CmdClause {
		c.Flag("reason", "Why, for the timeline; no message holds it.").StringVar(&o.reason)
		return c
	}
	to := func(name, help string, f func(context.Context, *client, io.Reader, io.Writer) error) *kingpin.CmdClause {
		c := why(about(name, help, f))
		c.Arg("audience", "The audience's name.").Required().StringVar(&o.audience)
		return c
	}

	list := add(group, "list", "Incidents, newest first.", o.list)
	list.Flag("state", "Only those: open, unconfirmed or resolved.").EnumVar(&o.state, "open", "unconfirmed", "resolved")
	list.Flag("limit", "How many at most.").Default("20").IntVar(&o.limit)
	about("show", "One incident: what its audiences were told, and its timeline.", o.show).
		Flag("all", "The whole timeline, not only its end.").BoolVar(&o.all)
	open := why(add(group, "open", "Open an incident by hand: a service is out, whatever fires. Its alerts, when they come, join it.", o.opens))
	open.Arg("service", "The service's name in the configuration.").Required().StringVar(&o.service)
	open.Arg("severity", "One of the configuration's.").Required().StringVar(&o.text)
	open.Flag("since", "Since when it is out: 14:30, \"2026-11-27 09:00\", or for how long: 45m. Without it, since its first alert, or now.").StringVar(&o.when)
	open.Flag("title", "What messages call it, by language: --title=en='sending email'. May be repeated.").PlaceHolder("LANGUAGE=TITLE").StringMapVar(&o.texts)
	open.Flag("summary", "What is wrong, to every reader.").StringVar(&o.summary)
	open.Flag("impact", "What people notice, to every reader.").StringVar(&o.impact)
	open.Flag("workaround", "What they can do meanwhile, to every reader.").StringVar(&o.workaround)
	say := why(about("say", "Say something now, to everyone who was told so far or to some audiences.", o.say))
	say.Arg("words", "What to say, to readers of every language; - reads it from the standard input.").StringVar(&o.text)
	say.Flag("text", "What to say by language, instead: --text=nl='Er is een monteur onderweg.' May be repeated.").PlaceHolder("LANGUAGE=WORDS").StringMapVar(&o.texts)
	say.Flag("audience", "For whom. May be repeated.").StringsVar(&o.audiences)
	say.Flag("phase", "The phase from now on.").EnumVar(&o.phase, "investigating", "identified", "monitoring")
	correct := why(about("correct", "Take back an update that was wrong: the words go to exactly those who got it.", o.say))
	correct.Arg("update", "The update's number, as show prints it.").Required().SetValue((*updateNumber)(&o.update))
	correct.Arg("words", "What to say instead; - reads it from the standard input.").StringVar(&o.text)
	correct.Flag("text", "What to say by language, instead. May be repeated.").PlaceHolder("LANGUAGE=WORDS").StringMapVar(&o.texts)
	send := why(about("send", "Send what is due next at once, to all or to some audiences.", o.send))
	send.Arg("audience", "To whom; all without any.").StringsVar(&o.audiences)
	cancel := why(about("cancel", "Send an update to nobody else, and say how many that stopped.", o.cancel))
	cancel.Arg("update", "The update's number, as show prints it.").Required().SetValue((*updateNumber)(&o.update))
	approve := why(about("approve", "Let an update go out that waits for the yes of somebody else than who wrote it.", o.answer("approve")))
	approve.Arg("update", "The update's number, as show prints it.").Required().SetValue((*updateNumber)(&o.update))
	reject := about("reject", "Keep an update that waits for a yes from going out.", o.answer("reject"))
	reject.Arg("update", "The update's number, as show prints it.").Required().SetValue((*updateNumber)(&o.update))
	reject.Flag("reason", "Why, for the timeline and for who wrote it; no message holds it.").Required().StringVar(&o.reason)
	why(about("merge", "Fold an incident into another, which tells of both from then on.", o.merge)).
		Arg("into", "The other incident.").Required().StringVar(&o.text)
	why(about("split", "Take a service out of an incident that it is part of: it is an incident of its own.", o.split)).
		Arg("service", "The service's name in the configuration.").Required().StringVar(&o.service)
	to("hold", "Nothing goes to an audience by itself until a moment, the end included; words of a person do.", o.hold).
		Arg("until", "15:30, \"2026-11-27 09:00\", or for how long: 45m.").Required().StringVar(&o.when)
	to("pause", "Nothing goes to an audience by itself but the end, until resumed.", o.pause)
	to("resume", "An audience hears as its policy says again: no hold, no pause, no pace of its own.", o.resume)
	to("every", "An audience hears so often, whatever its policy says.", o.pace).
		Arg("duration", "Such as 30m.").Required().StringVar(&o.every)
	o.recipientCommands(group, add, why)
	why(about("phase", "Change the phase; the next updates say so.", o.patch("phase"))).
		Arg("phase", "investigating, identified or monitoring.").Required().StringVar(&o.text)
	why(about("severity", "Change the severity, and with it the policy in force.", o.patch("severity"))).
		Arg("severity", "One of the configuration's.").Required().StringVar(&o.text)
	why(about("estimate", "Say when it may be over, or with \"none\" take that back.", o.estimate)).
		Arg("moment", "15:30, \"2026-11-27 09:00\", 45m, or none.").Required().StringVar(&o.when)
	why(about("lead", "Say who leads the work; \"none\": nobody.", o.patch("lead"))).
		Arg("name", "The name.").Required().StringVar(&o.text)
	why(about("resolve", "End an incident by hand, whatever fires. Everyone who was told hears so.", o.post("resolve")))
	why(about("reopen", "It is not over: open an incident again, within a day.", o.post("reopen")))
	about("watch", "Follow an incident until it is over.", o.watch)
	add(app, "ready", "Ask a running sitrep whether it can do its work; the exit code is 1 where it cannot, or does not answer. For the health checks of containers, which have no other program to ask with.", ready)
	add(app, "schedule", "What a running sitrep will send next, to whom and why.", o.schedule)

	changeCommands(app, o, add)
	reloadFlags(add(app, "reload", "Have a running sitrep read its configuration again: it takes it whole or not at all.", o.reload), o)

	return func(ctx context.Context, command string, stdin io.Reader, stdout, stderr io.Writer) (int, bool) {
		f := run[command]
		if f == nil {
			return 0, false
		}
		c, err := o.open()
		if err != nil {
			err = errUsage{err}
		} else {
			err = f(ctx, c, stdin, stdout)
		}
		switch {
		case err == nil, errors.Is(err, context.Canceled) && ctx.Err() != nil:
			return exitOK, true
		case errors.As(err, new(errUsage)):
			fmt.Fprintln(stderr, "sitrep:", err)
			return exitUsage, true
		}
		fmt.Fprintln(stderr, "sitrep:", err)
		return exitError, true
	}
}

// path is the incident's in the API.
func (o *incidentCommand) path(more ...string) string {
	p := "/api/v1/incidents/" + url.PathEscape(o.id)
	for _, m := range more {
		p += "/" + url.PathEscape(m)
	}
	return p
}

// words are what to say, in the form that the API takes.
func (o *incidentCommand) words(stdin io.Reader) (map[string]any, error) {
	if o.text == "-" || o.text == "" && len(o.texts) == 0 {
		data, err := io.ReadAll(io.LimitReader(stdin, 1<<20))
		if err != nil {
			return nil, fmt.Errorf("read the words: %w", err)
		}
		o.text = string(data)
	}
	body := map[string]any{}
	switch {
	case strings.TrimSpace(o.text) != "" && len(o.texts) > 0:
		return nil, errUsage{errors.New("there are words for all and words by language\nhint: give one or the other")}
	case len(o.texts) > 0:
		body["texts"] = o.texts
	case strings.TrimSpace(o.text) == "":
		return nil, errUsage{errors.New("there are no words to say\nhint: sitrep incident say " + o.id + " 'Er is een monteur onderweg.'")}
	default:
		body["text"] = o.text
	}
	return body, nil
}

func (o *incidentCommand) say(ctx context.Context, c *client, stdin io.Reader, w io.Writer) error {
	body, err := o.words(stdin)
	if err != nil {
		return err
	}
	if o.audiences != nil {
		body["audiences"] = o.audiences
	}
	if o.phase != "" {
		body["phase"] = o.phase
	}
	if o.update != 0 {
		body["corrects"] = o.update
	}
	return o.decide(ctx, c, w, http.MethodPost, o.path("updates"), body)
}

func (o *incidentCommand) send(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	body := map[string]any{}
	if len(o.audiences) > 0 {
		body["audiences"] = o.audiences
	}
	return o.decide(ctx, c, w, http.MethodPost, o.path("send"), body)
}

func (o *incidentCommand) cancel(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	return o.decide(ctx, c, w, http.MethodPost, o.path("updates", strconv.Itoa(o.update), "cancel"), map[string]any{})
}

// answer says yes or no to what waits.
func (o *incidentCommand) answer(what string) func(context.Context, *client, io.Reader, io.Writer) error {
	return func(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
		return o.decide(ctx, c, w, http.MethodPost, o.path("updates", strconv.Itoa(o.update), what), map[string]any{})
	}
}

func (o *incidentCommand) merge(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	return o.decide(ctx, c, w, http.MethodPost, o.path("merge"), map[string]any{"into": o.text})
}

func (o *incidentCommand) split(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	return o.decide(ctx, c, w, http.MethodPost, o.path("split"), map[string]any{"service": o.service})
}

// decide sends an override, and says what was decided.
func (o *incidentCommand) decide(ctx context.Context, c *client, w io.Writer, method, path string, body map[string]any) error {
	if o.reason != "" {
		body["reason"] = o.reason
	}
	var d decision
	raw, err := c.call(ctx, method, path, body, &d)
	if err != nil {
		return err
	}
	if c.asJSON {
		return printJSON(w, raw)
	}
	if !d.Decided {
		fmt.Fprintf(w, "%s: stored, and decided soon; look with: sitrep incident show %s\n", plainly(d.Incident), plainly(d.Incident))
		return nil
	}
	now := time.Now()
	if d.Breaks != nil {
		fmt.Fprintf(w, "%s: this breaks the promise of an update before %s\n", plainly(d.Incident), clockOf(d.Breaks, now))
	}
	if g := d.Cancelled; g != nil {
		fmt.Fprintf(w, "%s: update %d goes to nobody else: %s stopped, %d had gone", plainly(d.Incident), g.Update, plural(g.Stopped, "message was", "messages were"), g.Gone)
		if g.Failed > 0 {
			fmt.Fprintf(w, ", %d failed", g.Failed)
		}
		if g.Unknown > 0 {
			fmt.Fprintf(w, ", of %d it is not known yet", g.Unknown)
		}
		fmt.Fprintln(w)
		return nil
	}
	if d.Split != "" {
		fmt.Fprintf(w, "%s: done; it is %s now\n", plainly(d.Incident), plainly(d.Split))
		return nil
	}
	if len(d.Overlaps) > 0 {
		fmt.Fprintf(w, "%s: at the same time as %s\n", plainly(d.Incident), plainly(strings.Join(d.Overlaps, ", ")))
	}
	for _, a := range d.Awaiting {
		fmt.Fprintf(w, "%s: update %d to %s (%s) waits for the yes of somebody else: sitrep incident approve %s %d\n", plainly(d.Incident), a.Update, plainly(a.Audience), plainly(a.Kind), plainly(d.Incident), a.Update)
	}
	if len(d.Updates) == 0 && len(d.Awaiting) > 0 {
		return nil
	}
	if len(d.Updates) == 0 {
		fmt.Fprintf(w, "%s: done; nothing goes out by it now\n", plainly(d.Incident))
		return nil
	}
	for _, u := range d.Updates {
		fmt.Fprintf(w, "%s: update %d to %s (%s) by %s, %s", plainly(d.Incident), u.Update, plainly(u.Audience), plainly(u.Kind), plainly(strings.Join(u.Channels, " and ")), plural(u.Deliveries, "message", "messages"))
		if u.NextBefore != nil {
			fmt.Fprintf(w, "; it promises the next before %s", clockOf(u.NextBefore, now))
		}
		if u.Cut {
			fmt.Fprint(w, "; the SMS has the beginning of these words only")
		}
		fmt.Fprintln(w)
	}
	return nil
}

// patch sets one thing of an incident to the text that was given.
func (o *incidentCommand) patch(field string) func(context.Context, *client, io.Reader, io.Writer) error {
	return func(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
		var value any = o.text
		if field == "lead" && o.text == "none" {
			value = nil
		}
		return o.decide(ctx, c, w, http.MethodPatch, o.path(), map[string]any{field: value})
	}
}

func (o *incidentCommand) estimate(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	body := map[string]any{"estimate": nil}
	if o.when != "none" {
		at, err := momentIn(o.when, time.Now())
		if err != nil {
			return errUsage{err}
		}
		body["estimate"] = at.Format(time.RFC3339)
		o.dated(c, w, at)
	}
	return o.decide(ctx, c, w, http.MethodPatch, o.path(), body)
}

// post asks for what needs no more than its name.
func (o *incidentCommand) post(what string) func(context.Context, *client, io.Reader, io.Writer) error {
	return func(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
		return o.decide(ctx, c, w, http.MethodPost, o.path(what), map[string]any{})
	}
}

func (o *incidentCommand) opens(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	body := map[string]any{"service": o.service, "severity": o.text}
	if o.when != "" {
		at, err := momentPast(o.when, time.Now())
		if err != nil {
			return errUsage{err}
		}
		body["started_at"] = at.Format(time.RFC3339)
	}
	if len(o.texts) > 0 {
		body["title"] = o.texts
	}
	for name, text := range map[string]string{"summary": o.summary, "impact": o.impact, "workaround": o.workaround} {
		if text != "" {
			body[name] = text
		}
	}
	return o.decide(ctx, c, w, http.MethodPost, "/api/v1/incidents", body)
}

// steer changes one thing about when an audience hears, and keeps the others.
func (o *incidentCommand) steer(ctx context.Context, c *client, w io.Writer, change func(body map[string]any)) error {
	var was incidentView
	if _, err := c.call(ctx, http.MethodGet, o.path(), nil, &was); err != nil {
		return err
	}
	body := map[string]any{}
	i := slices.IndexFunc(was.Audiences, func(a audienceView) bool { return a.Name == o.audience })
	if i >= 0 {
		a := was.Audiences[i]
		if a.HoldUntil != nil {
			body["hold_until"] = a.HoldUntil
		}
		if a.EverySet != nil {
			body["every"] = a.EverySet
		}
		body["paused"] = a.Paused
	}
	change(body)
	return o.decide(ctx, c, w, http.MethodPut, o.path("audiences", o.audience), body)
}

// dated says which day a moment is on, where that is not today.
func (o *incidentCommand) dated(c *client, w io.Writer, at time.Time) {
	if now := time.Now(); !c.asJSON && (at.YearDay() != now.YearDay() || at.Year() != now.Year()) {
		fmt.Fprintf(w, "%s: that is %s\n", plainly(o.id), at.Local().Format("Monday 2 January 15:04"))
	}
}

func (o *incidentCommand) hold(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	at, err := momentIn(o.when, time.Now())
	if err != nil {
		return errUsage{err}
	}
	o.dated(c, w, at)
	return o.steer(ctx, c, w, func(b map[string]any) { b["hold_until"] = at.Format(time.RFC3339) })
}

func (o *incidentCommand) pause(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	return o.steer(ctx, c, w, func(b map[string]any) { b["paused"] = true })
}

func (o *incidentCommand) resume(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	return o.decide(ctx, c, w, http.MethodPut, o.path("audiences", o.audience), map[string]any{})
}

func (o *incidentCommand) pace(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	return o.steer(ctx, c, w, func(b map[string]any) { b["every"] = o.every })
}
