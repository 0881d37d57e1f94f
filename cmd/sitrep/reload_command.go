package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"sitrep/router/web"
)

// reloadPatience is how long a reload may take: words of one's own are said in every
// way, and a channel may have to end what is on its wire.
const reloadPatience = 2 * time.Minute

func reloadFlags(c *kingpin.CmdClause, o *incidentCommand) {
	c.Flag("force", "Also where an audience would lose all its recipients, or grow tenfold.").BoolVar(&o.force)
	c.Flag("dry-run", "Only read and check it, and say what would change.").BoolVar(&o.dryRun)
}

// reload has a running sitrep read its configuration again.
func (o *incidentCommand) reload(ctx context.Context, c *client, _ io.Reader, w io.Writer) error {
	ask := url.Values{}
	if o.force {
		ask.Set("force", "true")
	}
	if o.dryRun {
		ask.Set("dry_run", "true")
	}
	path := "/-/reload"
	if len(ask) > 0 {
		path += "?" + ask.Encode()
	}
	c.http.Timeout = reloadPatience
	var r web.Reloaded
	raw, err := c.call(ctx, http.MethodPost, path, nil, &r)
	if err != nil {
		return err
	}
	if c.asJSON {
		return printJSON(w, raw)
	}
	now := "in force"
	if !r.InForce {
		now = "right; nothing changed yet"
	}
	fmt.Fprintf(w, "The configuration is %s: %s, %s\n", now, plural(r.Services, "service", "services"), plural(len(r.Audiences), "audience", "audiences"))
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, a := range r.Audiences {
		if a.Before != a.After {
			fmt.Fprintf(t, "%s\t%d, was %d\n", plainly(a.Name), a.After, a.Before)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, text := range r.Warnings {
		fmt.Fprintf(w, "warning: %s\n", plainly(text))
	}
	if len(r.NeedsRestart) > 0 {
		fmt.Fprintf(w, "These need a restart: %s\n", plainly(strings.Join(r.NeedsRestart, ", ")))
	}
	return nil
}
