package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/alecthomas/kingpin/v2"
)

// commander is what commands can be added to.
type commander interface {
	Command(name, help string) *kingpin.CmdClause
}

// recipientCommands add to an audience for one incident, and remove from it.
func (o *incidentCommand) recipientCommands(group *kingpin.CmdClause, add func(commander, string, string, func(context.Context, *client, io.Reader, io.Writer) error) *kingpin.CmdClause, why func(*kingpin.CmdClause) *kingpin.CmdClause) {
	of := group.Command("recipient", "Who is told of this one incident, or is not any more.")
	one := func(name, help string, f func(context.Context, *client, io.Reader, io.Writer) error) *kingpin.CmdClause {
		c := why(add(of, name, help, f))
		c.Arg("incident", "Its id, such as SR-12.").Required().StringVar(&o.id)
		c.Flag("audience", "The audience's name.").Required().StringVar(&o.audience)
		c.Flag("email", "His email address.").StringVar(&o.email)
		c.Flag("phone", "His phone number, with + and the country code.").StringVar(&o.phone)
		return c
	}
	added := one("add", "Have somebody told what an audience is told, from its next update to the end.", o.enlist("recipients"))
	added.Flag("name", "What he is called.").StringVar(&o.name)
	added.Flag("language", "Such as nl; without it, the audience's.").StringVar(&o.language)
	added.Flag("time-zone", "Such as Europe/Amsterdam; without it, the audience's.").StringVar(&o.zone)
	one("remove", "Have somebody of an audience told nothing more but the end. One of his addresses names him.", o.enlist("recipients", "remove"))
}

// enlist adds or removes a recipient.
func (o *incidentCommand) enlist(path ...string) func(context.Context, *client, io.Reader, io.Writer) error {
	return func(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
		body := map[string]any{}
		for name, text := range map[string]string{"name": o.name, "email": o.email, "phone": o.phone, "language": o.language, "time_zone": o.zone} {
			if text != "" {
				body[name] = text
			}
		}
		return o.decide(ctx, c, w, http.MethodPost, o.path(append([]string{"audiences", o.audience}, path...)...), body)
	}
}

// listed says how many a person added to an audience, and removed.
func (a audienceView) listed() string {
	text := ""
	if n := len(a.Added); n > 0 {
		text = fmt.Sprintf("%d added", n)
	}
	if n := len(a.Removed); n > 0 {
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d removed", n)
	}
	return text
}
