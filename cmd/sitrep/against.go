package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"sitrep/policies"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// againstFlags adds what check-config needs to compare with a running sitrep.
func againstFlags(c *kingpin.CmdClause) *clientOptions {
	o := &clientOptions{output: outputTable}
	c.Flag("against", "Say too what would change, under this configuration, for the incidents that are open at a running sitrep; nothing of the configuration leaves this machine.").PlaceHolder("URL").StringVar(&o.url)
	c.Flag("client.config", "For --against: where token_file and http_config_file stand.").PlaceHolder("FILE").StringVar(&o.file)
	c.Flag("token-file", "For --against: the file that holds your token, of the role admin.").PlaceHolder("FILE").StringVar(&o.tokenFile)
	c.Flag("http.config.file", "For --against: Prometheus' HTTP client configuration.").PlaceHolder("FILE").StringVar(&o.httpFile)
	return o
}

// runAgainst says what a configuration, which is right in itself, would change for
// what goes on.
func runAgainst(ctx context.Context, file string, o clientOptions, stdout, stderr io.Writer) int {
	c, err := o.open()
	if err != nil {
		fmt.Fprintln(stderr, "sitrep:", err)
		return exitUsage
	}
	return told(stderr, func() error {
		cfg, err := loadConfig(file)
		if err != nil {
			return err
		}
		var facts struct {
			Incidents []struct {
				ID    string
				Facts []incident.Fact
			}
		}
		var now struct {
			Due []due
		}
		if _, err := c.call(ctx, http.MethodGet, "/api/v1/facts", nil, &facts); err != nil {
			return err
		}
		if _, err := c.call(ctx, http.MethodGet, "/api/v1/schedule", nil, &now); err != nil {
			return err
		}
		goesOn := map[string][]incident.Fact{}
		for _, i := range facts.Incidents {
			goesOn[i.ID] = i.Facts
		}
		return tellChanges(stdout, changes(cfg, goesOn, now.Due, time.Now().UTC()), time.Now())
	})
}

// due is what comes next for one audience of one incident.
type due struct {
	Incident, Audience, Kind string
	At                       time.Time
}

// change is what another configuration makes of it. A nil one does not come.
type change struct {
	incident, audience string
	before, after      *due
}

// none reports whether nothing changes.
func (c change) none() bool {
	return c.before != nil && c.after != nil && c.before.At.Equal(c.after.At) && c.before.Kind == c.after.Kind
}

// changes judges what goes on anew, under another configuration.
func changes(cfg *policies.Config, goesOn map[string][]incident.Fact, before []due, now time.Time) []change {
	book := casebook.New(judgement(cfg))
	for _, facts := range goesOn {
		for _, f := range facts {
			book.Remember(f)
		}
	}
	book.Wind(now)
	all := map[[2]string]*change{}
	at := func(id, audience string) *change {
		key := [2]string{id, audience}
		if all[key] == nil {
			all[key] = &change{incident: id, audience: audience}
		}
		return all[key]
	}
	for _, d := range before {
		if c := at(d.Incident, d.Audience); c.before == nil || d.At.Before(c.before.At) {
			c.before = &d
		}
	}
	for id := range goesOn {
		one := book.Incident(id)
		if one == nil {
			continue
		}
		for _, d := range slices.Concat(book.Owed(one, now), book.Coming(one, now), book.Barred(one, now)) {
			next := &due{Incident: id, Audience: d.Audience, Kind: string(d.Kind), At: d.At}
			if c := at(id, d.Audience); c.after == nil || next.At.Before(c.after.At) {
				c.after = next
			}
		}
	}
	var out []change
	for _, c := range all {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b change) int {
		if n := casebook.Number(a.incident) - casebook.Number(b.incident); n != 0 {
			return n
		}
		return strings.Compare(a.audience, b.audience)
	})
	return out
}

// tellChanges prints them.
func tellChanges(w io.Writer, all []change, now time.Time) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "Nothing is going on that it could change.")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "INCIDENT\tAUDIENCE\tNEXT AS IT IS\tNEXT UNDER THIS CONFIGURATION\tWHAT CHANGES")
	for _, c := range all {
		what := ""
		switch {
		case c.none():
			what = "as now"
		case c.before == nil:
			what = "new: it hears of this from then on"
		case c.after == nil:
			what = "gone: it hears the end, if it was told, and nothing before; a reload needs --force for that"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", plainly(c.incident), plainly(c.audience), next(c.before, now), next(c.after, now), what)
	}
	return t.Flush()
}

// next says when something comes.
func next(d *due, now time.Time) string {
	switch {
	case d == nil:
		return "-"
	case !d.At.After(now):
		return "at once " + plainly(d.Kind)
	}
	return clockOf(&d.At, now) + " " + plainly(d.Kind)
}
